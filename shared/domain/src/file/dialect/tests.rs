use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::file::split::records;

const ORDINARY: Dialect = Dialect { backslash: false, padded: false };
const BACKSLASHES: Dialect = Dialect { backslash: true, padded: false };
const PADDED: Dialect = Dialect { backslash: false, padded: true };
const BOTH: Dialect = Dialect { backslash: true, padded: true };

fn rows(text: &[u8]) -> Vec<Vec<String>> {
    let (mut cells, mut rows) = (Cells::default(), Vec::new());
    for record in records(text, b',') {
        cells.parse(std::str::from_utf8(&text[record.body]).unwrap(), b',');
        rows.push(cells.iter().map(str::to_owned).collect());
    }
    rows
}

#[test]
fn the_dialect_is_found_and_read() {
    let cases: &[(&str, Dialect, &[&str])] = &[
        ("Name,Email\n\"Ann \"\"The\"\" Bee\",a@b.example\n", ORDINARY, &["Ann \"The\" Bee", "a@b.example"]),
        (
            "Name,Email\n\"Ann \\\"The\\\" Bee\",a@b.example\n",
            BACKSLASHES,
            &["Ann \"The\" Bee", "a@b.example"],
        ),
        (
            "Name,Email\n\"Ann \\\"The, Bee\\\"\",a@b.example\n",
            BACKSLASHES,
            &["Ann \"The, Bee\"", "a@b.example"],
        ),
        ("Name,Email\n\"Ann \\\"\",a@b.example\nBo,b@b.example\n", BACKSLASHES, &["Ann \"", "a@b.example"]),
        ("Name,Note\n\"Ann \\\"A\\\"\",\"C:\\\\dir\\\\\"\n", BACKSLASHES, &["Ann \"A\"", "C:\\dir\\"]),
        ("Name,Note\nAnn,\"C:\\dir\\\"\n", ORDINARY, &["Ann", "C:\\dir\\"]),
        ("Note,Name\n\"C:\\dir\\\",Ann\n\"C:\\\",Bo\n", ORDINARY, &["C:\\dir\\", "Ann"]),
        ("Name,Email,Note\nAnn, a@b.example, \"one, two\"\n", PADDED, &["Ann", " a@b.example", "one, two"]),
        ("Name,Email\n\"Ann\" , \"a@b.example\"  \n", PADDED, &["Ann", "a@b.example"]),
        ("Name,Email\nAnn, \"Bee\" and more\n", ORDINARY, &["Ann", " \"Bee\" and more"]),
        ("Name,Size\nAnn,6\" by 7\"\n", ORDINARY, &["Ann", "6\" by 7\""]),
        ("Name,Email\n\"Ann \\\"A\\\"\", \"a, b\"\n", BOTH, &["Ann \"A\"", "a, b"]),
    ];
    for (file, dialect, row) in cases {
        let found = Dialect::detect(file.as_bytes(), b',', true);
        assert_eq!(found, *dialect, "{file}");
        assert_eq!(rows(&found.rewrite(file.as_bytes(), b','))[1], *row, "{file}");
    }
}

/// A slow reader of one dialect, which examines one character after the other.
fn slowly(text: &str, dialect: Dialect) -> Vec<Vec<String>> {
    let signs: Vec<char> = text.chars().collect();
    let blank = |at: usize| dialect.padded && signs.get(at) == Some(&' ');
    let (mut rows, mut row, mut at) = (Vec::new(), Vec::new(), 0);
    while at < signs.len() {
        let begin = at;
        let ahead = (at..signs.len()).find(|at| !blank(*at)).unwrap_or(signs.len());
        let mut cell = String::new();
        if signs.get(ahead) == Some(&'"') {
            let (text, closed) = quoted(&signs, ahead, dialect);
            let end = (closed..signs.len()).find(|at| !blank(*at)).unwrap_or(signs.len());
            if matches!(signs.get(end), None | Some(',' | '\n')) {
                (cell, at) = (text, end);
            } else {
                // An irregular cell loses nothing: it stays as the ordinary dialect has it.
                cell.push_str(&as_ordinary(&signs[ahead..closed], dialect));
                at = closed;
            }
        }
        if at == begin || !matches!(signs.get(at), None | Some(',' | '\n')) {
            while at < signs.len() && !matches!(signs[at], ',' | '\n') {
                cell.push(signs[at]);
                at += 1;
            }
        }
        row.push(cell);
        match signs.get(at) {
            Some('\n') => rows.push(std::mem::take(&mut row)),
            Some(_) if at + 1 == signs.len() => row.push(String::new()),
            _ => {}
        }
        at += 1;
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

/// The text of a quoted cell that begins here, and the place of its closing quote.
fn quoted(signs: &[char], open: usize, dialect: Dialect) -> (String, usize) {
    let (mut text, mut at) = (String::new(), open + 1);
    while at < signs.len() {
        match (signs[at], signs.get(at + 1)) {
            ('\\', Some(next @ ('"' | '\\' | '\n'))) if dialect.backslash => {
                text.push(*next);
                at += 2;
            }
            ('"', Some('"')) => {
                text.push('"');
                at += 2;
            }
            ('"', _) => return (text, at + 1),
            (sign, _) => {
                text.push(sign);
                at += 1;
            }
        }
    }
    (text, signs.len())
}

fn as_ordinary(cell: &[char], dialect: Dialect) -> String {
    let (text, _) = quoted(cell, 0, dialect);
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_dialect_reads_as_a_slow_reader_does_wherever_it_is_cut(
        text in vec(prop_oneof![
            3 => Just("a"), 3 => Just("\""), 2 => Just(","), 1 => Just("\n"), 1 => Just("é"), 2 => Just(" "),
            1 => Just("\"\""), 2 => Just(",\""), 2 => Just("\","), 2 => Just("\\"), 2 => Just("\\\"")
        ], 0..40).prop_map(|parts| parts.concat()),
        backslash: bool,
        padded: bool,
    ) {
        let dialect = Dialect { backslash, padded };
        let whole = dialect.rewrite(text.as_bytes(), b',');
        for cut in 0..=text.len() {
            let (mut rewriter, mut out) = (Rewriter::new(dialect, b','), Vec::new());
            rewriter.feed(&text.as_bytes()[..cut], &mut out);
            rewriter.feed(&text.as_bytes()[cut..], &mut out);
            rewriter.finish(&mut out);
            prop_assert_eq!(&out, &whole, "cut at {}", cut);
        }
        prop_assert_eq!(rows(&whole), slowly(&text, dialect));
        let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(lines(&whole), lines(text.as_bytes()));
        prop_assert!(whole.len() <= text.len());
    }
}
