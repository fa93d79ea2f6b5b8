//! Converts one record's bytes to text, finds bytes that are not UTF-8, and shortens a record that is too large.

use std::borrow::Cow;

use crate::file::cells::Cells;
use crate::file::decode::windows_1252;
use crate::file::write::write_record;
use crate::types::limits;
use serde::{Deserialize, Serialize};

/// The text of a record, without its terminator. Bytes that are not UTF-8 appear as their Windows-1252 characters;
/// they are also returned as a list.
pub fn text<'a>(bytes: &'a [u8], delimiter: u8) -> (Cow<'a, str>, Vec<BadBytes>) {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), Vec::new()),
        Err(_) => repaired(bytes, delimiter),
    }
}

/// Parses the cells of a record that is too large, from the part of it that is examined; drops the last cell, which
/// that part may cut.
pub fn seen(beginning: &[u8], delimiter: u8, cells: &mut Cells) {
    let within = &beginning[..beginning.len().min(limits::ROW_SEEN)];
    let (text, _) = text(whole_characters(within), delimiter);
    cells.parse(&text, delimiter);
    if within.len() < beginning.len() {
        cells.pop();
    }
}

/// Shortens a record that is too large for a message. Each cell is cut one character after the limit; then the
/// longest cells are cut until the row is only just too large. If such a row is imported again unchanged, it is
/// refused again, so nobody mistakes it for the complete row.
pub fn cut(beginning: &[u8], delimiter: u8) -> String {
    let mut cells = Cells::default();
    seen(beginning, delimiter, &mut cells);
    let mut short: Vec<&str> = cells.iter().map(hardly_too_long).collect();
    let is_large =
        |share: usize| short.iter().map(|cell| within(cell, share).len()).sum::<usize>() > limits::ROW_BYTES;
    let (mut low, mut high) = (0, limits::ROW_BYTES + 4);
    if is_large(high) {
        while low < high {
            let share = (low + high) / 2;
            if is_large(share) { high = share } else { low = share + 1 }
        }
        short.iter_mut().for_each(|cell| *cell = within(cell, high));
    }
    let mut out = Vec::new();
    write_record(&mut out, short, delimiter);
    String::from_utf8(out).expect("cells are text, so is their record")
}

/// The longest prefix of whole characters within `bytes` bytes.
fn within(cell: &str, bytes: usize) -> &str {
    let mut end = bytes.min(cell.len());
    while !cell.is_char_boundary(end) {
        end -= 1;
    }
    &cell[..end]
}

fn hardly_too_long(cell: &str) -> &str {
    match cell.char_indices().nth(limits::CELL_CHARACTERS + 1) {
        Some((end, _)) => &cell[..end],
        None => cell,
    }
}

/// Removes an incomplete character from the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// Marks each invalid byte with a character that the record does not contain, to find the cell that it belongs to.
fn repaired(bytes: &[u8], delimiter: u8) -> (Cow<'static, str>, Vec<BadBytes>) {
    let mark = ('\u{fdd0}'..='\u{fdef}')
        .find(|mark| memchr::memmem::find(bytes, mark.encode_utf8(&mut [0; 4]).as_bytes()).is_none())
        .unwrap_or('\u{fdd0}');
    let mut marked = String::with_capacity(bytes.len() + 16);
    let mut shown = String::with_capacity(bytes.len() + 16);
    let mut bad: Vec<(u64, u8)> = Vec::new();
    for part in bytes.utf8_chunks() {
        marked.push_str(part.valid());
        shown.push_str(part.valid());
        for byte in part.invalid() {
            let at = part.invalid().as_ptr().addr() - bytes.as_ptr().addr();
            bad.push((at as u64, *byte));
            marked.push(mark);
            shown.push(windows_1252(*byte));
        }
    }
    let mut cells = Cells::default();
    cells.parse(&marked, delimiter);
    let mut told = Vec::new();
    let mut seen = 0;
    for (number, cell) in cells.iter().enumerate() {
        let here = cell.matches(mark).count();
        if here > 0
            && let Some((at, byte)) = bad.get(seen)
        {
            told.push(BadBytes { cell: number as u32, at: *at, byte: *byte });
        }
        seen += here;
    }
    (Cow::Owned(shown), told)
}

/// Bytes that are invalid in the encoding; the cell shows them as Windows-1252 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadBytes {
    /// The cell's position, from 0.
    pub cell: u32,
    /// The position of the first such byte in the record, from 0.
    pub at: u64,
    /// The first such byte.
    pub byte: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_text_are_shown_and_placed() {
        for (bytes, shown, told) in [
            (&b"a,Jos\xe9,b"[..], "a,José,b", vec![(1, 5, 0xe9)]),
            (b"\"x,\xe9\"\"\xe9\",\x80", "\"x,é\"\"é\",€", vec![(0, 3, 0xe9), (1, 9, 0x80)]),
            (b"a,b", "a,b", vec![]),
            ("é,\u{fdd0}".as_bytes(), "é,\u{fdd0}", vec![]),
            (b"a,\xc3", "a,Ã", vec![(1, 2, 0xc3)]),
        ] {
            let (text, bad) = text(bytes, b',');
            assert_eq!(text, shown);
            assert_eq!(
                bad.iter().map(|bad| (bad.cell, bad.at, bad.byte)).collect::<Vec<_>>(),
                told,
                "{shown}"
            );
        }
    }

    #[test]
    fn a_large_record_is_cut_cell_by_cell() {
        let large = format!("a,{},\"b\"\"c\",{}", "é".repeat(40_000), "x".repeat(300_000));
        let text = cut(large.as_bytes(), b',');
        let mut cells = Cells::default();
        cells.parse(&text, b',');
        assert_eq!(cells.iter().map(|cell| cell.chars().count()).collect::<Vec<_>>(), [1, 32_768, 3, 32_768]);
    }

    #[test]
    fn what_stands_behind_a_large_cell_is_there() {
        let large = format!("{},ann@one.example", "x".repeat(1_000_000));
        assert!(cut(large.as_bytes(), b',').ends_with(",ann@one.example"));
        let many = format!("{}b@c.example", "é".repeat(5_000).as_str().to_owned() + ",").repeat(60);
        let text = cut(many.as_bytes(), b',');
        assert!((limits::ROW_BYTES..limits::ROW_BYTES + 1_000).contains(&text.len()));
    }

    #[test]
    fn a_cell_that_is_cut_in_the_middle_says_nothing() {
        let mut cells = Cells::default();
        let large = format!("a,{},ann@one.example", "x".repeat(limits::ROW_SEEN - 6));
        seen(large.as_bytes(), b',', &mut cells);
        assert_eq!((cells.len(), cells.get(0)), (2, "a"));
        seen("x".repeat(limits::ROW_SEEN + 1).as_bytes(), b',', &mut cells);
        assert_eq!(cells.len(), 0);
    }
}
