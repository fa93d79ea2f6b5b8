//! Mail addresses: dot-atom local part (RFC 5322, RFC 6531), domain by UTS 46.

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::domain_name::{DomainFault, is_plain_domain, judge_domain, unicode_octets};

/// The longest local part, in octets (RFC 5321, 4.5.3.1.1).
pub const LOCAL_OCTETS: usize = 64;
/// The longest address, in octets (RFC 5321, 4.5.3.1.3, erratum 1690).
pub const ADDRESS_OCTETS: usize = 254;

/// What is worth saying of an accepted address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmailNotes {
    /// The provider's domain that the sender probably meant (`email_typo_suspected`).
    pub typo: Option<&'static str>,
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum EmailFault {
    /// A name stands around the address: `Ann <a@b.c>`.
    DisplayName,
    /// No `@`.
    NoAt,
    /// More than one `@`.
    SeveralAt,
    /// Nothing before the `@`.
    LocalEmpty,
    /// More than [`LOCAL_OCTETS`] before the `@`.
    LocalTooLong,
    /// A character that a dot-atom cannot hold.
    LocalCharacter,
    /// A dot at either end of the local part, or two in a row.
    DotMisplaced,
    /// Nothing after the `@`.
    DomainEmpty,
    /// A domain without a dot.
    DomainSingleLabel,
    /// A domain that UTS 46 refuses.
    DomainInvalid,
    /// More than [`ADDRESS_OCTETS`] in all.
    TooLong,
}

impl EmailFault {
    /// Returns the reason's name, stable across versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::NoAt => "no_at",
            Self::SeveralAt => "several_at",
            Self::LocalEmpty => "local_empty",
            Self::LocalTooLong => "local_too_long",
            Self::LocalCharacter => "local_character",
            Self::DotMisplaced => "dot_misplaced",
            Self::DomainEmpty => "domain_empty",
            Self::DomainSingleLabel => "domain_single_label",
            Self::DomainInvalid => "domain_invalid",
            Self::TooLong => "too_long",
        }
    }
}

/// Writes the cleaned form of a mail address to `out`: local part NFC and lower case, domain in lower-case ASCII.
///
/// # Errors
/// The first reason why the cell is no address that mail can be sent to; `out` then holds nothing of use.
pub fn clean_email(cell: &str, out: &mut String) -> Result<EmailNotes, EmailFault> {
    out.clear();
    let at = match plain_at(cell.as_bytes()) {
        Some(at) => {
            out.push_str(cell);
            out.make_ascii_lowercase();
            at
        }
        None => judge_email(cell, out)?,
    };
    Ok(EmailNotes { typo: suspected_typo(&out[at + 1..]) })
}

/// Returns the domain of a cleaned address.
pub fn email_domain(clean: &str) -> &str {
    clean.rfind('@').map_or("", |at| &clean[at + 1..])
}

/// Which bytes are RFC 5322 `atext`.
static ATEXT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let signs = b"!#$%&'*+-/=?^_`{|}~";
    let mut index = 0;
    while index < signs.len() {
        table[signs[index] as usize] = true;
        index += 1;
    }
    table
};

/// Returns the place of the `@` in an address that is plain ASCII and valid beyond doubt.
fn plain_at(cell: &[u8]) -> Option<usize> {
    let at = cell.iter().take(LOCAL_OCTETS + 1).position(|&byte| byte == b'@')?;
    let valid = cell.len() <= ADDRESS_OCTETS && is_dot_atom(&cell[..at]) && is_plain_domain(&cell[at + 1..]);
    valid.then_some(at)
}

fn is_dot_atom(local: &[u8]) -> bool {
    let mut after_dot = true;
    for &byte in local {
        let dot = byte == b'.';
        if !ATEXT[byte as usize] && (!dot || after_dot) {
            return false;
        }
        after_dot = dot;
    }
    !after_dot
}

/// Judges what is not plain, and says why not; returns the place of the `@` in `out`.
fn judge_email(cell: &str, out: &mut String) -> Result<usize, EmailFault> {
    out.clear();
    if cell.contains(['<', '>']) {
        return Err(EmailFault::DisplayName);
    }
    let (local, domain) = cell.split_once('@').ok_or(EmailFault::NoAt)?;
    if domain.contains('@') {
        return Err(EmailFault::SeveralAt);
    }
    push_local(local, out)?;
    let at = out.len();
    let ascii = judge_email_domain(domain)?;
    if at + 1 + ascii.len().max(unicode_octets(&ascii)) > ADDRESS_OCTETS {
        return Err(EmailFault::TooLong);
    }
    out.push('@');
    out.push_str(&ascii);
    Ok(at)
}

fn judge_email_domain(domain: &str) -> Result<std::borrow::Cow<'_, str>, EmailFault> {
    if domain.is_empty() {
        return Err(EmailFault::DomainEmpty);
    }
    judge_domain(domain).map_err(|fault| match fault {
        DomainFault::SingleLabel => EmailFault::DomainSingleLabel,
        DomainFault::Invalid => EmailFault::DomainInvalid,
    })
}

/// Appends the local part in its cleaned form, and judges that form: normalisation can bring forth other characters.
fn push_local(local: &str, out: &mut String) -> Result<(), EmailFault> {
    if local.is_empty() {
        return Err(EmailFault::LocalEmpty);
    }
    if local.starts_with(is_combining_mark) {
        return Err(EmailFault::LocalCharacter);
    }
    out.extend(local.nfc().flat_map(char::to_lowercase).nfc());
    if !out.chars().all(|c| c == '.' || is_local_character(c)) {
        return Err(EmailFault::LocalCharacter);
    }
    if out.starts_with('.') || out.ends_with('.') || out.contains("..") {
        return Err(EmailFault::DotMisplaced);
    }
    if out.len() > LOCAL_OCTETS { Err(EmailFault::LocalTooLong) } else { Ok(()) }
}

/// Tells whether a character can stand in an atom (RFC 6531, 3.3), leaving out what nobody can see or type: blanks,
/// controls, format characters, private use, noncharacters.
fn is_local_character(c: char) -> bool {
    if c.is_ascii() {
        return ATEXT[c as usize];
    }
    let unseen = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e000}'..='\u{f8ff}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..);
    let noncharacter = (c as u32) & 0xfffe == 0xfffe;
    !(unseen || noncharacter || c.is_control() || c.is_whitespace())
}

/// Misspellings of providers' domains, one a line with the domain meant, sorted.
///
/// An explicit list: whatever it does not name is never suspected, so no real domain can be by resembling one.
static TYPOS: &str = include_str!("../../data/email_typos.txt");

struct Typos {
    /// Bloom filter over the misspellings, one bit each.
    filter: [u64; 128],
    sorted: Vec<(&'static str, &'static str)>,
}

/// Returns the domain that was probably meant.
fn suspected_typo(domain: &str) -> Option<&'static str> {
    static INDEX: OnceLock<Typos> = OnceLock::new();
    let index = INDEX.get_or_init(read_typos);
    let bit = filter_bit(domain);
    if index.filter[bit / 64] >> (bit % 64) & 1 == 0 {
        return None;
    }
    let found = index.sorted.binary_search_by_key(&domain, |&(misspelt, _)| misspelt).ok()?;
    Some(index.sorted[found].1)
}

fn read_typos() -> Typos {
    let mut index = Typos { filter: [0; 128], sorted: Vec::new() };
    let lines = TYPOS.lines().filter(|line| !line.starts_with('#'));
    for (misspelt, meant) in lines.filter_map(|line| line.split_once(' ')) {
        let bit = filter_bit(misspelt);
        index.filter[bit / 64] |= 1 << (bit % 64);
        index.sorted.push((misspelt, meant));
    }
    index.sorted.sort_unstable();
    index
}

/// Hashes the length and the first eight bytes, which is enough to part the list from ordinary domains.
fn filter_bit(domain: &str) -> usize {
    let bytes = domain.as_bytes();
    let head = match bytes.first_chunk::<8>() {
        Some(head) => u64::from_le_bytes(*head),
        None => bytes.iter().fold(0, |head, &byte| head << 8 | u64::from(byte)),
    };
    ((head ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 51) as usize
}

#[cfg(test)]
mod tests;
