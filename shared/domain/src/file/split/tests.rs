use csv_core::{ReadRecordResult, ReaderBuilder};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One record as text offsets: body start, body end, end; then its lines.
type DetectedEncoding = (usize, usize, usize, u32);

fn splitter(delimiter: u8, vectors: bool) -> Splitter {
    let mut splitter = Splitter::new(delimiter);
    splitter.vectors &= vectors;
    splitter
}

/// Splits a text that is fed in pieces; returns the ends as offsets in the whole text.
fn split<'a>(
    mut splitter: Splitter,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<DetectedEncoding>, Tail) {
    let (mut found, mut ends, mut base, mut start) = (Vec::new(), Vec::new(), 0, 0);
    for piece in pieces {
        ends.clear();
        splitter.feed(piece, &mut ends);
        for end in &ends {
            let whole = base + end.end;
            found.push((start, whole - usize::from(end.terminator), whole, end.lines));
            start = whole;
        }
        base += piece.len();
    }
    (found, splitter.finish())
}

fn bodies(text: &str, delimiter: u8) -> (Vec<&str>, Tail) {
    let (found, tail) = split(splitter(delimiter, true), [text.as_bytes()]);
    (found.iter().map(|f| &text[f.0..f.1]).collect(), tail)
}

/// The cells of a text's records as csv-core reads them.
fn cells_by_csv_core(text: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let (mut out, mut ends) = (vec![0; text.len() + 64], vec![0; text.len() + 64]);
    let (mut input, mut written, mut cells, mut records) = (text, 0, 0, Vec::new());
    loop {
        let (result, read, wrote, ended) = reader.read_record(input, &mut out[written..], &mut ends[cells..]);
        input = &input[read..];
        (written, cells) = (written + wrote, cells + ended);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends[..cells].iter().copied());
                records.push(starts.zip(&ends[..cells]).map(|(a, &b)| out[a..b].to_vec()).collect());
                (written, cells) = (0, 0);
            }
            ReadRecordResult::End => return records,
            full => panic!("{full:?}"),
        }
    }
}

/// The cells of each record as csv-core reads it on its own; csv-core skips blank records.
fn cells_by_split(text: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    let (found, tail) = split(splitter(delimiter, true), [text]);
    let rest = &text[found.last().map_or(0, |f| f.2)..];
    let last = match tail {
        Tail::Nothing => None,
        Tail::Record { terminator, .. } => Some(&rest[..rest.len() - usize::from(terminator)]),
        Tail::QuoteUnclosed { .. } => Some(rest),
    };
    let records = found.iter().map(|f| &text[f.0..f.1]).chain(last);
    records
        .filter(|record| !record.is_empty())
        .map(|record| only(cells_by_csv_core(record, delimiter)))
        .collect()
}

fn only<T>(mut records: Vec<T>) -> T {
    assert_eq!(records.len(), 1, "a record is one record");
    records.remove(0)
}

/// Counts physical lines as the contract does.
fn lines_of(text: &[u8]) -> u32 {
    let crlf = text.windows(2).filter(|w| w == b"\r\n").count();
    (memchr_iter(LF, text).count() + memchr_iter(CR, text).count() - crlf) as u32
}

#[test]
fn splits_as_csv_core_but_keeps_blank_lines() {
    let nothing = Tail::Nothing;
    let last = |terminator, lines| Tail::Record { terminator, lines };
    let cases: &[(&str, &[&str], Tail)] = &[
        ("", &[], nothing),
        ("a,b", &[], last(0, 1)),
        ("a,b\n", &["a,b"], nothing),
        ("a\r\nb\nc\rd", &["a", "b", "c"], last(0, 1)),
        ("a\r", &[], last(1, 1)),
        ("\n\r\n\r\n", &["", "", ""], nothing),
        ("\n\r\r\n", &["", "", ""], nothing),
        ("a\n\nb\n", &["a", "", "b"], nothing),
        ("\"a\nb\",c\n", &["\"a\nb\",c"], nothing),
        ("\"a\"\"\nb\"\n", &["\"a\"\"\nb\""], nothing),
        ("\"a\"x\nb\n", &["\"a\"x", "b"], nothing),
        ("\"a\"x\"\nb\n", &["\"a\"x\"", "b"], nothing),
        ("5\" pipe\n6\n", &["5\" pipe", "6"], nothing),
        (" \"a\nb\n", &[" \"a", "b"], nothing),
        ("a,\"\",\"b\"\n", &["a,\"\",\"b\""], nothing),
        ("\"\"\"\n\"\n", &["\"\"\"\n\""], nothing),
        ("a,\"b\r\nc", &[], Tail::QuoteUnclosed { line: 1, offset: 2 }),
        ("a\r\nb\rc,\"d\n\n", &["a", "b"], Tail::QuoteUnclosed { line: 3, offset: 7 }),
        ("\"a\n\"\"\n\"\"b", &[], Tail::QuoteUnclosed { line: 1, offset: 0 }),
        ("\"a\n\",\"\r\n\"\"", &[], Tail::QuoteUnclosed { line: 2, offset: 5 }),
        ("\"a\nb\"", &[], last(0, 2)),
        ("\"a\nb\"\r", &[], last(1, 2)),
    ];
    for (text, expected, tail) in cases {
        assert_eq!(bodies(text, b','), (expected.to_vec(), *tail), "{text:?}");
    }
}

#[test]
fn a_crlf_cut_in_two_ends_one_record() {
    let mut splitter = Splitter::new(b',');
    let mut ends = Vec::new();
    splitter.feed(b"a\r", &mut ends);
    assert_eq!(ends, []);
    splitter.feed(b"\nb\r", &mut ends);
    assert_eq!(ends, [RecordEnd { end: 1, lines: 1, terminator: 2 }]);
    ends.clear();
    splitter.feed(b"c\r", &mut ends);
    assert_eq!(ends, [RecordEnd { end: 0, lines: 1, terminator: 1 }]);
    assert_eq!(splitter.finish(), Tail::Record { terminator: 1, lines: 1 });
}

#[test]
fn a_doubled_quote_cut_in_two_opens_nothing() {
    for plain in 0..200 {
        let (first, second) = (format!("\"{}\"", "a".repeat(plain)), format!("\"{}\"", "b".repeat(plain)));
        let (found, tail) = split(splitter(b',', true), [first.as_bytes(), second.as_bytes(), b"\""]);
        assert_eq!((found, tail), (vec![], Tail::QuoteUnclosed { line: 1, offset: 0 }), "{plain}");
    }
}

/// Text with any character in any place.
fn wild() -> impl Strategy<Value = String> {
    let notification = prop_oneof![
        8 => Just('a'), 2 => Just('"'), 2 => Just(','), 1 => Just('\r'), 1 => Just('\n'), 1 => Just('é'), 1 => Just(' ')
    ];
    vec(notification, 0..400).prop_map(String::from_iter)
}

/// Text as programs write it, with a stray quote here and there: most blocks are regular.
fn tame() -> impl Strategy<Value = String> {
    let plain = "[aé ]{0,30}";
    let quoted = "\"([aé, \r\n]|\"\"|\r\n){0,30}\"";
    let stray = "[a ]{1,3}\"[a,]{0,3}|\"a\"[a\"]{1,3}";
    let cell = prop_oneof![12 => plain, 6 => quoted, 1 => stray];
    let mark =
        prop_oneof![6 => Just(","), 1 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r"), 1 => Just("\n\r\n")];
    vec((cell, mark), 0..60).prop_map(|cells| cells.into_iter().flat_map(|(c, m)| [c, m.into()]).collect())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![wild(), tame()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn finds_what_csv_core_finds(text in text()) {
        prop_assert_eq!(cells_by_split(text.as_bytes(), b','), cells_by_csv_core(text.as_bytes(), b','));
    }

    #[test]
    fn cuts_and_vectors_make_no_difference(text in text(), cuts in vec(0usize..200, 1..40)) {
        let bytes = text.as_bytes();
        let whole = split(splitter(b',', true), [bytes]);
        prop_assert_eq!(&whole, &split(splitter(b',', false), [bytes]), "without vectors");
        prop_assert_eq!(&whole, &split(splitter(b',', true), bytes.chunks(1)), "byte by byte");
        let mut rest = bytes;
        let pieces: Vec<&[u8]> = cuts.iter().map(|&cut| {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            rest = after;
            piece
        }).collect();
        let pieces = || pieces.iter().copied().chain([rest]);
        prop_assert_eq!(&whole, &split(splitter(b',', true), pieces()), "cut");
        prop_assert_eq!(&whole, &split(splitter(b',', false), pieces()), "cut, without vectors");
    }

    #[test]
    fn counts_every_physical_line_once(text in text()) {
        let bytes = text.as_bytes();
        let (found, tail) = split(splitter(b',', true), [bytes]);
        for &(start, body, end, lines) in &found {
            prop_assert_eq!(lines, 1 + lines_of(&bytes[start..body]));
            prop_assert_eq!(1, lines_of(&bytes[body..end]));
        }
        let rest = found.last().map_or(0, |f| f.2);
        match tail {
            Tail::Nothing => prop_assert_eq!(rest, bytes.len()),
            Tail::Record { terminator, lines } => {
                let body = &bytes[rest..bytes.len() - usize::from(terminator)];
                prop_assert_eq!(lines, 1 + lines_of(body));
            }
            Tail::QuoteUnclosed { line, offset } => {
                let offset = offset as usize;
                prop_assert_eq!(bytes[offset], QUOTE);
                prop_assert_eq!(line, 1 + u64::from(lines_of(&bytes[..offset])));
                prop_assert!(offset == rest || bytes[offset - 1] == b',');
                let closed = [bytes, b"\""].concat();
                prop_assert_ne!(split(splitter(b',', true), [&closed[..]]).1, tail);
            }
        }
    }
}
