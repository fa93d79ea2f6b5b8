//! Writes cells to a result file: quotes them if needed, and guards cells that a spreadsheet would run as a formula.
//!
//! A guarded cell begins with an apostrophe, which the import of a result file removes: [`unguard`] undoes [`guard`]
//! for every possible cell.

use crate::file::split::{CR, LF, QUOTE};
use crate::types::bytes::{self, Sixteen};

/// Appends a cell, quoted if it needs quotes (RFC 4180, section 2; also for blanks at either end).
///
/// A record of one empty cell would be an empty line: [`write_record`] handles that.
pub fn write_cell(out: &mut Vec<u8>, cell: &str, delimiter: u8) {
    write_prefixed(out, "", cell, delimiter);
}

/// Appends a cell with the sender's content, guarded so that no spreadsheet runs it; other cells as [`write_cell`]
/// does.
pub fn write_guarded_cell(out: &mut Vec<u8>, cell: &str, delimiter: u8) {
    let prefix = if guard(cell) { "'" } else { "" };
    write_prefixed(out, prefix, cell, delimiter);
}

/// Appends cells as one record, unguarded and without a terminator; one empty cell alone becomes `""`.
pub fn write_record<'a>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'a str>, delimiter: u8) {
    let start = out.len();
    let mut count = 0;
    for cell in cells {
        if count > 0 {
            out.push(delimiter);
        }
        write_cell(out, cell, delimiter);
        count += 1;
    }
    if count == 1 && out.len() == start {
        out.extend([QUOTE, QUOTE]);
    }
}

/// Whether a spreadsheet would run a cell, so that it needs an apostrophe in front.
///
/// The pattern is `^'*[=+\-@\t\r]`, except for a number, `^[+-]?\d+([.,]\d+)*$`, or a phone, `^\+[0-9 ()-]+$`.
pub fn guard(cell: &str) -> bool {
    match cell.as_bytes() {
        [b'=' | b'@' | b'\t' | CR, ..] => true,
        [b'\'', ..] => runs_behind_apostrophes(cell),
        signed @ [b'+' | b'-', ..] => !is_signed_number(signed) && !is_phone(signed),
        _ => false,
    }
}

/// Removes the apostrophe that [`write_guarded_cell`] added, if the rest would run.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(bare) if runs_behind_apostrophes(bare) => bare,
        _ => cell,
    }
}

fn runs_behind_apostrophes(cell: &str) -> bool {
    matches!(cell.trim_start_matches('\'').as_bytes(), [b'=' | b'+' | b'-' | b'@' | b'\t' | CR, ..])
}

/// Matches `^[+-]\d+([.,]\d+)*$`: groups of digits, none empty.
fn is_signed_number(cell: &[u8]) -> bool {
    let mut groups = cell[1..].split(|&byte| matches!(byte, b'.' | b','));
    groups.all(|group| !group.is_empty() && group.iter().all(u8::is_ascii_digit))
}

/// Matches `^\+[0-9 ()-]+$`.
fn is_phone(cell: &[u8]) -> bool {
    let allowed = |&byte: &u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'(' | b')' | b'-');
    cell[0] == b'+' && cell.len() > 1 && cell[1..].iter().all(allowed)
}

/// Writes a cell after a prefix that itself needs no quotes.
fn write_prefixed(out: &mut Vec<u8>, prefix: &str, cell: &str, delimiter: u8) {
    let quoted = needs_quotes(cell.as_bytes(), delimiter);
    if quoted {
        out.push(QUOTE);
    }
    out.extend_from_slice(prefix.as_bytes());
    if quoted {
        write_doubling_quotes(out, cell.as_bytes());
        out.push(QUOTE);
    } else {
        out.extend_from_slice(cell.as_bytes());
    }
}

fn needs_quotes(cell: &[u8], delimiter: u8) -> bool {
    let (Some(first), Some(last)) = (cell.first(), cell.last()) else { return false };
    let special = |all: Sixteen| all.is(delimiter) | all.is(QUOTE) | all.is(CR) | all.is(LF);
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    blank(first) || blank(last) || bytes::any(cell, special)
}

fn write_doubling_quotes(out: &mut Vec<u8>, mut cell: &[u8]) {
    while let Some(at) = memchr::memchr(QUOTE, cell) {
        out.extend_from_slice(&cell[..=at]);
        out.push(QUOTE);
        cell = &cell[at + 1..];
    }
    out.extend_from_slice(cell);
}

/// Reads a delimiter: the character itself or its name.
pub fn parse_delimiter(value: &str) -> Option<u8> {
    match value {
        "," | "comma" => Some(b','),
        ";" | "semicolon" => Some(b';'),
        "|" | "pipe" => Some(b'|'),
        "\t" | "\\t" | "tab" => Some(b'\t'),
        "^" | "caret" => Some(b'^'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::file::cells::Cells;

    fn written(cell: &str) -> String {
        let mut out = Vec::new();
        write_cell(&mut out, cell, b';');
        String::from_utf8(out).expect("cells are UTF-8")
    }

    #[test]
    fn quotes_only_where_needed() {
        let cases = [
            ("", ""),
            ("a b", "a b"),
            ("a,b", "a,b"),
            ("a;b", "\"a;b\""),
            ("say \"yes\"", "\"say \"\"yes\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""),
            (" a", "\" a\""),
            ("a\t", "\"a\t\""),
            ("'a", "'a"),
        ];
        for (cell, expected) in cases {
            assert_eq!(written(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn a_record_is_never_an_empty_line() {
        let cases: &[(&[&str], &str)] =
            &[(&[], ""), (&[""], "\"\""), (&["", ""], ","), (&["a"], "a"), (&["a,b", "c"], "\"a,b\",c")];
        for (cells, expected) in cases {
            let mut out = b"before".to_vec();
            write_record(&mut out, cells.iter().copied(), b',');
            assert_eq!(&out[6..], expected.as_bytes(), "{cells:?}");
        }
    }

    #[test]
    fn guards_what_a_spreadsheet_would_run() {
        let cases = [
            ("=1+1", true),
            ("@SUM(A1)", true),
            ("\t=1", true),
            ("\r=1", true),
            ("-2+3", true),
            ("+cmd|' /C calc'!A0", true),
            ("'=1", true),
            ("''-5", true),
            ("'+1", true),
            ("-", true),
            ("+", true),
            ("-5.", true),
            ("+1,,5", true),
            ("-5\n", true),
            ("-\u{0661}", true),
            ("", false),
            ("'", false),
            ("'a", false),
            ("a=1", false),
            (" =1", false),
            ("-5", false),
            ("+1.234,56", false),
            ("+55 (11) 99999-0000", false),
            ("- item", true),
        ];
        for (cell, expected) in cases {
            assert_eq!(guard(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn takes_off_one_apostrophe_before_what_would_run() {
        let cases = [
            ("'=1", "=1"),
            ("''=1", "'=1"),
            ("'+55 11", "+55 11"),
            ("'a", "'a"),
            ("'", "'"),
            ("''", "''"),
            ("=1", "=1"),
        ];
        for (cell, expected) in cases {
            assert_eq!(unguard(cell), expected, "{cell:?}");
        }
    }

    /// The regular expressions of the contract.
    fn guard_by_regex(cell: &str) -> bool {
        let is = |pattern| Regex::new(pattern).expect("a fixed pattern").is_match(cell);
        is(r"^'*[=+\-@\t\r]") && !is(r"^[+-]?[0-9]+([.,][0-9]+)*$") && !is(r"^\+[0-9 ()-]+$")
    }

    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![
            "['=+@\t\r-]{0,3}[0-9 ().,+=\n\"';a\u{661}-]{0,6}",
            "[+-][0-9]{1,3}([.,][0-9]{1,2}){0,2}",
            ".{0,8}"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn guards_as_the_contract_says(cell in cell()) {
            prop_assert_eq!(guard(&cell), guard_by_regex(&cell));
        }

        #[test]
        fn nothing_is_lost_on_the_way_there_and_back(row in vec(cell(), 1..5)) {
            let mut plain = Vec::new();
            write_record(&mut plain, row.iter().map(String::as_str), b';');
            let mut guarded = Vec::new();
            for cell in &row {
                write_guarded_cell(&mut guarded, cell, b';');
                guarded.push(b';');
            }
            let mut cells = Cells::default();
            cells.parse(std::str::from_utf8(&plain).expect("UTF-8"), b';');
            prop_assert!(cells.iter().eq(row.iter()));
            prop_assert!(!plain.is_empty());
            cells.parse(std::str::from_utf8(&guarded).expect("UTF-8"), b';');
            prop_assert!(cells.iter().take(row.len()).map(unguard).eq(row.iter()));
            prop_assert!(cells.iter().all(|cell| !guard(cell) || cell.starts_with('\'')));
        }
    }
}
