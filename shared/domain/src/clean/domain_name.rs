//! Domain names: UTS 46, non-transitional, STD3, DNS lengths, at least two labels.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Why a domain name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DomainFault {
    /// A name without a dot.
    SingleLabel,
    /// UTS 46 refuses it.
    Invalid,
}

/// Appends the lower-case ASCII form of a domain name to `out`.
pub(super) fn push_domain(name: &str, out: &mut String) -> Result<(), DomainFault> {
    if is_plain_domain(name.as_bytes()) {
        let start = out.len();
        out.push_str(name);
        out[start..].make_ascii_lowercase();
        return Ok(());
    }
    out.push_str(&judge_domain(name)?);
    Ok(())
}

/// Asks the judge, crate `idna`, for the ASCII form.
pub(super) fn judge_domain(name: &str) -> Result<Cow<'_, str>, DomainFault> {
    let ascii = Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .map_err(|_| DomainFault::Invalid)?;
    if ascii.contains('.') { Ok(ascii) } else { Err(DomainFault::SingleLabel) }
}

/// Tells how many octets the Unicode form of a valid domain name takes in UTF-8.
pub(super) fn unicode_octets(ascii: &str) -> usize {
    let (unicode, _) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    unicode.len()
}

const OTHER: u8 = 0;
const LETTER_OR_DIGIT: u8 = 1;
const HYPHEN: u8 = 2;
const DOT: u8 = 3;

/// What a byte is in a plain domain name.
static CLASS: [u8; 256] = {
    let mut class = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() {
            class[byte] = LETTER_OR_DIGIT;
        }
        byte += 1;
    }
    class[b'-' as usize] = HYPHEN;
    class[b'.' as usize] = DOT;
    class
};

/// Tells whether a name is valid beyond doubt and differs from its cleaned form in letter case at most.
///
/// A `false` says nothing: two hyphens in a row (`xn--`, UTS 46 `CheckHyphens`) and all that is not plain ASCII are
/// left to the judge, and so is every refusal.
pub(super) fn is_plain_domain(name: &[u8]) -> bool {
    if name.len() > 253 {
        return false;
    }
    let (mut label, mut dots, mut last) = (0usize, 0usize, DOT);
    for &byte in name {
        let class = CLASS[byte as usize];
        let refused = match class {
            LETTER_OR_DIGIT => false,
            DOT => last != LETTER_OR_DIGIT || label > 63,
            HYPHEN => last != LETTER_OR_DIGIT,
            _ => true,
        };
        if refused {
            return false;
        }
        if class == DOT {
            dots += 1;
            label = 0;
        } else {
            label += 1;
        }
        last = class;
    }
    last == LETTER_OR_DIGIT && dots > 0 && label <= 63
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Holds the short path equal to the judge.
    fn agrees(name: &str) {
        if is_plain_domain(name.as_bytes()) {
            assert_eq!(judge_domain(name).as_deref(), Ok(name.to_ascii_lowercase().as_str()), "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn plain_names_are_what_the_judge_says(name in "([a-zA-Z0-9-]{0,5}(\\.|xn--|-)?){1,6}") {
            agrees(&name);
        }

        #[test]
        fn long_names_are_what_the_judge_says(name in "([a-z0-9]{60,64}\\.){1,5}[a-z]{1,66}") {
            agrees(&name);
        }

        #[test]
        fn any_text_is_what_the_judge_says(name in "\\PC{0,12}\\.\\PC{0,12}") {
            agrees(&name);
        }
    }
}
