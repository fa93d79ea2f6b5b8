//! What makes the reader stop at a sheet that spreadsheets open: a range that is none, a cell whose type says nothing.

use super::xml::{attribute, tags};

/// Bytes of a sheet within which its range is looked for.
pub(super) const BEGINNING: usize = 16 * 1024;

/// Whether the beginning of a sheet names a range that is none.
pub(super) fn has_odd_range(beginning: &[u8]) -> bool {
    range_tag(beginning).is_some_and(|tag| !is_range(attribute(tag, "ref").unwrap_or_default()))
}

pub(super) fn range_tag(beginning: &[u8]) -> Option<&str> {
    tags(beginning, "dimension").next()
}

/// Whether a text is a cell such as `A1`, or a range whose last cell is not before its first.
fn is_range(text: &str) -> bool {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let cells = cell(first).zip(cell(last));
    cells.is_some_and(|(first, last)| first.0 <= last.0 && first.1 <= last.1)
}

/// Column and row of a cell's name.
fn cell(name: &str) -> Option<(u32, u32)> {
    let digits = name.find(|sign: char| sign.is_ascii_digit())?;
    let (letters, digits) = name.split_at(digits);
    let is_plain = (1..=3).contains(&letters.len()) && letters.bytes().all(|sign| sign.is_ascii_alphabetic());
    let column = letters.bytes().fold(0, |column, letter| {
        column * 26 + u32::from(letter.to_ascii_uppercase().saturating_sub(b'A')) + 1
    });
    let row: u32 = digits.parse().ok()?;
    (is_plain && row > 0).then_some((column, row))
}

/// A cell's type that says nothing.
pub(super) const BLANK_TYPE: &[u8] = b" t=\"\"";

/// Whether the type that says nothing stands in a cell's tag.
pub(super) fn is_of_cell(bytes: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'<', &bytes[..at]);
    start.is_some_and(|start| {
        let tag = &bytes[start..at];
        (tag.starts_with(b"<c ") || tag.starts_with(b"<x:c ")) && !tag.contains(&b'>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_what_is_none() {
        for range in ["A1", "A1:C3", "a1:c3", "XFD1048576"] {
            assert!(is_range(range), "{range}");
        }
        for none in ["", "A", "A:C", "1:3", "C3:A1", "A0", "$A$1:", "A1:C3:D4", "#REF!"] {
            assert!(!is_range(none), "{none}");
        }
    }
}
