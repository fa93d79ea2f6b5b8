//! Mail addresses: dot-atom local part (RFC 5322, RFC 6531), domain by UTS 46.

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::clean::domain_name::{DomainFault, Signs, is_atext, judge_domain, unicode_octets};
use crate::clean::names::Names;

/// The longest local part, in octets (RFC 5321, 4.5.3.1.1).
pub const LOCAL_OCTETS: usize = 64;
/// The longest address, in octets (RFC 5321, 4.5.3.1.3, erratum 1690).
pub const ADDRESS_OCTETS: usize = 254;

/// Notes about an accepted address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmailNotes {
    /// The provider's domain that the sender probably meant (`email_typo_suspected`).
    pub typo: Option<&'static str>,
}

/// The reason why an address is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum EmailFault {
    /// The address has a display name: `Ann <a@b.c>`.
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
/// The first reason why the cell is not a valid address; the content of `out` is then undefined.
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

/// Returns the position of the `@` in an address that is plain ASCII and certainly valid.
fn plain_at(cell: &[u8]) -> Option<usize> {
    let signs = Signs::read(cell)?;
    let at = signs.at.trailing_zeros();
    let local = signs.at.wrapping_sub(1);
    let once = signs.at.is_power_of_two() && at > 0;
    let atoms = signs.others & !local == 0 && signs.edges() & signs.dots & local == 0;
    (once && atoms && signs.is_domain(!local & !signs.at)).then_some(at as usize)
}

/// Checks an address that is not plain and returns the reason if it is invalid; returns the position of the `@` in
/// `out`.
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

/// Appends the cleaned local part after checking it in that form: normalisation may produce other characters.
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

/// Whether an atom can contain a character (RFC 6531, 3.3), except for characters that are invisible or cannot be
/// typed: blanks, control and format characters, private use, noncharacters.
fn is_local_character(c: char) -> bool {
    if c.is_ascii() {
        return is_atext(c as u8);
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
/// This is an explicit list: a domain that is not in it is never suspected, however similar it is to a provider's.
static TYPO_LINES: &str = include_str!("../../data/email_typos.txt");

/// Returns the domain that was probably meant.
fn suspected_typo(domain: &str) -> Option<&'static str> {
    static TYPOS: OnceLock<Names<&'static str>> = OnceLock::new();
    TYPOS.get_or_init(read_typos).get(domain).copied()
}

fn read_typos() -> Names<&'static str> {
    let lines = TYPO_LINES.lines().filter(|line| !line.starts_with('#'));
    Names::new(lines.filter_map(|line| line.split_once(' ')))
}

/// Whether an address can receive or send mail; local users of a machine count too.
pub fn is_address(address: &str) -> bool {
    let local = address.strip_suffix("@localhost").is_some_and(|local| !local.is_empty());
    local || clean_email(address, &mut String::new()).is_ok()
}

#[cfg(test)]
mod tests;
