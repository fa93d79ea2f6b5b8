//! Domain names: UTS 46, non-transitional, STD3, DNS lengths, at least two labels.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::types::bytes;

/// The reason why a domain name is invalid.
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

/// Returns the ASCII form from the reference implementation, the crate `idna`.
pub(super) fn judge_domain(name: &str) -> Result<Cow<'_, str>, DomainFault> {
    let ascii = Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .map_err(|_| DomainFault::Invalid)?;
    if ascii.contains('.') { Ok(ascii) } else { Err(DomainFault::SingleLabel) }
}

/// Returns the length in UTF-8 of the Unicode form of a valid domain name.
pub(super) fn unicode_octets(ascii: &str) -> usize {
    let (unicode, _) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    unicode.len()
}

/// Whether a byte is RFC 5322 `atext`.
pub(super) fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || is_other(byte)
}

/// Whether an atom can contain a byte, and a label cannot.
fn is_other(byte: u8) -> bool {
    b"!#$%&'*+/=?^_`{|}~".contains(&byte)
}

/// The positions of characters in a short text by role: a bit for each byte, the first the lowest.
///
/// Computed without branches, because the positions of dots are unpredictable.
pub(super) struct Signs {
    pub(super) dots: u64,
    pub(super) at: u64,
    /// Characters that an atom can contain and a label cannot.
    pub(super) others: u64,
    hyphens: u64,
    last: u64,
}

impl Signs {
    /// Scans a text of 1 to 64 bytes; `None` if a plain address cannot contain one of them.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > 64 {
            return None;
        }
        let [dots, at, hyphens, plain] = bytes::places(text, |all| {
            let plain = all.lower().is_within(b'a', b'z') | all.is_within(b'0', b'9');
            [all.is(b'.'), all.is(b'@'), all.is(b'-'), plain]
        });
        let others = u64::MAX >> (64 - text.len()) & !(dots | at | hyphens | plain);
        let mut unknown = others;
        while unknown != 0 {
            if !is_other(text[unknown.trailing_zeros() as usize]) {
                return None;
            }
            unknown &= unknown - 1;
        }
        Some(Self { dots, at, others, hyphens, last: 1 << (text.len() - 1) })
    }

    /// Returns the positions at either end of the text, or next to a dot or an `@`.
    pub(super) fn edges(&self) -> u64 {
        let borders = self.dots | self.at;
        borders << 1 | borders >> 1 | 1 | self.last
    }

    /// Whether the positions up to the end of the text hold a plain domain name.
    pub(super) fn is_domain(&self, places: u64) -> bool {
        let (dots, hyphens) = (self.dots & places, self.hyphens & places);
        let misplaced = self.edges() & (dots | hyphens) | hyphens & hyphens << 1;
        dots != 0 && misplaced == 0 && self.last & self.at == 0
    }
}

/// Whether a name is certainly valid and differs from its cleaned form in letter case at most.
///
/// `false` decides nothing: the reference implementation handles long names, names with two hyphens in a row (`xn--`,
/// UTS 46 `CheckHyphens`), names that are not plain ASCII, and every refusal.
pub(super) fn is_plain_domain(name: &[u8]) -> bool {
    name.len() <= 63
        && Signs::read(name).is_some_and(|signs| signs.others | signs.at == 0 && signs.is_domain(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Checks that the fast path agrees with the reference implementation.
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
