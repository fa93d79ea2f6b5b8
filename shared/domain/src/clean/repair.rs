//! Removes invisible characters that nobody entered on purpose: direction marks, zero-width blanks, smart quotes
//! around an address. Repairs letters that another program misread. All of these come with cells copied from mails,
//! web pages and spreadsheets.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::clean::undo_misreading;
use crate::types::bytes;

/// The content of a cell, as far as its repair depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any other content.
    Value,
    /// A phone number: its blanks are punctuation without meaning.
    Phone,
    /// A mail or web address.
    Address,
}

/// Removes invisible characters from a cell; borrows the cell if there are none.
pub fn repair(cell: &str, holds: Holds) -> Cow<'_, str> {
    if is_plain(cell) {
        return Cow::Borrowed(cell);
    }
    if let Some(meant) = undo_misreading(cell) {
        return Cow::Owned(repair(meant.trim(), holds).into_owned());
    }
    if holds == Holds::Address {
        return repair_address(cell);
    }
    if cell.chars().all(|notification| repaired(notification, holds) == Some(notification)) {
        return Cow::Borrowed(cell);
    }
    let seen: String = cell.chars().filter_map(|notification| repaired(notification, holds)).collect();
    Cow::Owned(seen.trim().to_owned())
}

fn repair_address(cell: &str) -> Cow<'_, str> {
    let seen: String =
        cell.chars().filter_map(|notification| repaired(notification, Holds::Address)).collect();
    let mut seen = without_quotes(seen.trim()).replace(['‘', '’'], "'");
    if seen.contains('＠') {
        // The full-width letters of an East Asian keyboard.
        seen = seen.nfkc().collect();
    }
    if seen == cell { Cow::Borrowed(cell) } else { Cow::Owned(seen) }
}

/// Whether a cell is printable ASCII, as nearly all cells are; checked without a branch for each byte.
fn is_plain(cell: &str) -> bool {
    !bytes::any(cell.as_bytes(), |all| all.is_within(0, 0x1f) | all.is_within(0x7f, 0xff))
}

/// Returns the character to keep; `None` to remove it.
fn repaired(notification: char, holds: Holds) -> Option<char> {
    match notification {
        '\t' | '\n' | '\r' => Some(notification),
        '\u{200b}' | '\u{2060}' | '\u{feff}' => None,
        _ if notification.is_ascii_control() => None,
        // Soft hyphens, and directional marks and embeddings.
        '\u{ad}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => None,
        // Joiners shape the letters of names in Persian and Hindi; in an address they are invisible.
        '\u{200c}' | '\u{200d}' if holds == Holds::Address => None,
        _ if notification.is_whitespace() && notification != ' ' && holds != Holds::Phone => Some(' '),
        _ => Some(notification),
    }
}

/// Quotes that a word processor puts around a word.
const PAIRS: [(char, char); 10] = [
    ('“', '”'),
    ('„', '“'),
    ('„', '”'),
    ('”', '”'),
    ('‘', '’'),
    ('‚', '‘'),
    ('’', '’'),
    ('«', '»'),
    ('»', '«'),
    ('‹', '›'),
];

fn without_quotes(address: &str) -> &str {
    let inner = |&(open, close): &(char, char)| address.strip_prefix(open)?.strip_suffix(close);
    PAIRS.iter().find_map(inner).map_or(address, str::trim)
}

/// Removes outer blanks from a cell.
pub fn trim(cell: &str) -> &str {
    // The first and last byte are enough for an ordinary cell.
    match cell.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => trim_any(cell),
    }
}

/// Keeps a no-break blank at the end that may be half of a misread letter: `voilÃ\u{a0}`.
fn trim_any(cell: &str) -> &str {
    let trimmed = cell.trim();
    let is_half = trimmed.ends_with(['Ã', 'Â']) && cell.trim_start()[trimmed.len()..].starts_with('\u{a0}');
    if is_half { &cell.trim_start()[..trimmed.len() + '\u{a0}'.len_utf8()] } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        for (cell, holds, seen) in [
            ("Ann Lee", Holds::Value, "Ann Lee"),
            ("José", Holds::Value, "José"),
            ("Ann\u{a0}Lee\u{200b}", Holds::Value, "Ann Lee"),
            ("\u{200e}31/01/2026", Holds::Value, "31/01/2026"),
            ("\u{200f} Ann \u{200e}", Holds::Value, "Ann"),
            ("A\u{7}\0nn", Holds::Value, "Ann"),
            ("نامه\u{200c}ای", Holds::Value, "نامه\u{200c}ای"),
            ("two\nlines\tand more", Holds::Value, "two\nlines\tand more"),
            ("prix\u{a0}: 5\u{202f}€", Holds::Value, "prix : 5 €"),
            ("\u{feff}x\u{200b}y", Holds::Value, "xy"),
            ("+55\u{a0}11\u{a0}91234", Holds::Phone, "+55\u{a0}11\u{a0}91234"),
            ("\u{202a}+5511\u{202c}", Holds::Phone, "+5511"),
            ("“a@one.example”", Holds::Address, "a@one.example"),
            ("„a@one.example“", Holds::Address, "a@one.example"),
            ("« a@one.example »", Holds::Address, "a@one.example"),
            ("‘a@one.example’", Holds::Address, "a@one.example"),
            ("o’brien@one.example", Holds::Address, "o'brien@one.example"),
            ("a\u{200d}@one.example", Holds::Address, "a@one.example"),
            ("josé@bücher.example", Holds::Address, "josé@bücher.example"),
            ("JosÃ© MÃ¼ller", Holds::Value, "José Müller"),
            ("voilÃ\u{a0}", Holds::Value, "voilà"),
            ("josÃ©@one.example", Holds::Address, "josé@one.example"),
            ("\"a@one.example\"", Holds::Address, "\"a@one.example\""),
        ] {
            assert_eq!(repair(cell, holds), seen, "{cell:?}");
        }
    }

    #[test]
    fn wide_letters_of_an_address_are_narrowed() {
        assert_eq!(repair("ａ＠ｏｎｅ．ｅｘａｍｐｌｅ", Holds::Address), "a@one.example");
        assert_eq!(repair("Ａｎｎ", Holds::Value), "Ａｎｎ");
    }
}
