//! Splits a record into cells.
//!
//! Reads as csv-core does by default; [`split`](crate::file::split) states the rules. A plain cell is a range of the
//! record's text. A cell with doubled quotes is unescaped into a buffer after that text. A cell with text after its
//! closing quote is irregular: it keeps all its characters, including the quotes, so that nothing is lost.

use crate::clean::{Holds, repair};
use crate::file::split::QUOTE;
use crate::types::bytes;

/// The cells of one record; the next record reuses the memory.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    /// The record, then the unescaped cells.
    text: String,
    ranges: Vec<(usize, usize)>,
    /// Cells with text after their closing quote.
    irregular: usize,
}

impl Cells {
    /// Splits a record, passed without its terminator, into cells. An empty record is one empty cell.
    ///
    /// The delimiter is an ASCII byte, so no cell begins or ends within a character.
    pub fn parse(&mut self, record: &str, delimiter: u8) {
        debug_assert!(delimiter.is_ascii(), "not a delimiter: {delimiter}");
        self.text.clear();
        self.text.push_str(record);
        self.ranges.clear();
        self.irregular = 0;
        let mut start = 0;
        loop {
            let quoted = record.as_bytes().get(start) == Some(&QUOTE);
            let (range, end) = if quoted {
                self.quoted(record, start + 1, delimiter)
            } else {
                plain(record, start, delimiter, start)
            };
            self.ranges.push(range);
            if end == record.len() {
                return;
            }
            start = end + 1;
        }
    }

    /// Counts the cells.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Counts the irregular cells: those with text after their closing quote.
    pub fn irregular(&self) -> usize {
        self.irregular
    }

    /// Removes the last cell.
    pub fn pop(&mut self) {
        self.ranges.pop();
    }

    /// Whether no record has been parsed yet.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the record is blank: no cell holds a visible character.
    pub fn is_blank(&self) -> bool {
        !self.iter().any(shows_something)
    }

    /// Whether the record has cells beyond its columns: empty ones at the end do not count.
    pub fn has_surplus(&self, columns: usize) -> bool {
        self.len() > columns && !self.iter().skip(columns).all(str::is_empty)
    }

    /// Returns the cell at an index; empty if the record is shorter.
    pub fn get(&self, index: usize) -> &str {
        self.ranges.get(index).map_or("", |&(start, end)| &self.text[start..end])
    }

    /// Iterates over all cells in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.ranges.iter().map(|&(start, end)| &self.text[start..end])
    }

    /// Reads a quoted cell, from the byte after its opening quote; returns the range of its text and its end in the
    /// record.
    fn quoted(&mut self, record: &str, start: usize, delimiter: u8) -> ((usize, usize), usize) {
        let Some(closing) = find(record, start, QUOTE) else { return ((start, record.len()), record.len()) };
        match record.as_bytes().get(closing + 1) {
            None => ((start, closing), closing + 1),
            Some(&next) if next == delimiter => ((start, closing), closing + 1),
            Some(_) => self.put_together(record, start, closing, delimiter),
        }
    }

    /// Unescapes a cell whose first inner quote is doubled or followed by text.
    #[cold]
    fn put_together(
        &mut self,
        record: &str,
        start: usize,
        quote: usize,
        delimiter: u8,
    ) -> ((usize, usize), usize) {
        let scratch = self.text.len();
        let opened = start - 1;
        let (mut start, mut quote) = (start, Some(quote));
        while let Some(at) = quote {
            self.text.push_str(&record[start..at]);
            start = at + 1;
            if record.as_bytes().get(start) != Some(&QUOTE) {
                break;
            }
            self.text.push('"');
            start += 1;
            quote = find(record, start, QUOTE);
        }
        let bytes = record.as_bytes();
        if quote.is_some() && bytes.get(start).is_some_and(|next| *next != delimiter) {
            self.irregular += 1;
            self.text.truncate(scratch);
            return plain(record, opened, delimiter, start);
        }
        let end = if quote.is_some() { start } else { record.len() };
        self.text.push_str(&record[start..end]);
        ((scratch, self.text.len()), end)
    }
}

/// An unquoted cell: from its start to the first delimiter at or after `from`.
fn plain(record: &str, start: usize, delimiter: u8, from: usize) -> ((usize, usize), usize) {
    let end = find(record, from, delimiter).unwrap_or(record.len());
    ((start, end), end)
}

fn find(record: &str, start: usize, byte: u8) -> Option<usize> {
    bytes::position(&record.as_bytes()[start..], byte).map(|at| start + at)
}

/// Whether a cell holds a visible character; nearly every filled cell begins with one.
fn shows_something(cell: &str) -> bool {
    cell.bytes().any(|byte| byte.is_ascii_graphic()) || !repair(cell, Holds::Value).trim().is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::file::split::{Splitter, Tail};

    fn cells(record: &str, delimiter: u8) -> Vec<String> {
        let mut cells = Cells::default();
        cells.parse("left,\"over \"\"\"", b',');
        cells.parse(record, delimiter);
        cells.iter().map(String::from).collect()
    }

    #[test]
    fn takes_records_apart() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[""]),
            (",", &["", ""]),
            ("a,b", &["a", "b"]),
            ("\"\"", &[""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"a\r\nb\",c", &["a\r\nb", "c"]),
            ("\"say \"\"yes\"\"\",c", &["say \"yes\"", "c"]),
            ("\"a\"b\"c,d", &["\"a\"b\"c", "d"]),
            ("\"Orion\" and \"Sons\",c", &["\"Orion\" and \"Sons\"", "c"]),
            ("\"a,b\" c,d", &["\"a,b\" c", "d"]),
            ("a\"b\",c", &["a\"b\"", "c"]),
            (" \"a\",c", &[" \"a\"", "c"]),
            ("\"\"\"\"", &["\""]),
            ("\"a\"\"b\"c\"d\"", &["\"a\"\"b\"c\"d\""]),
            ("\"never, closed", &["never, closed"]),
            ("\"never \"\"closed", &["never \"closed"]),
            ("é,ü,", &["é", "ü", ""]),
        ];
        for (record, expected) in cases {
            assert_eq!(cells(record, b','), *expected, "{record:?}");
            let semicolons = record.replace(',', ";");
            assert_eq!(
                cells(&semicolons, b';').join("|").replace(';', ","),
                expected.join("|"),
                "{semicolons:?}"
            );
        }
    }

    #[test]
    fn a_record_of_white_space_is_blank() {
        let cases = [
            ("", true),
            (";;;", true),
            (" ;\t; \u{a0}", true),
            ("\"\";\" \"", true),
            ("\u{200b};\u{feff} ", true),
            ("\u{1a}", true),
            (";;.", false),
            ("0", false),
        ];
        for (record, blank) in cases {
            let mut cells = Cells::default();
            cells.parse(record, b';');
            assert_eq!(cells.is_blank(), blank, "{record:?}");
        }
    }

    #[test]
    fn a_cell_that_is_missing_reads_as_empty() {
        let mut cells = Cells::default();
        cells.parse("a,b", b',');
        assert_eq!((cells.len(), cells.get(1), cells.get(2)), (2, "b", ""));
    }

    /// Splits a text into records, and each record that is not an empty line into cells.
    fn records(text: &str) -> Vec<Vec<String>> {
        let (mut splitter, mut ends, mut start) = (Splitter::new(b','), Vec::new(), 0);
        splitter.feed(text.as_bytes(), &mut ends);
        let mut bodies: Vec<&str> = Vec::new();
        for end in &ends {
            bodies.push(&text[start..end.end - usize::from(end.terminator)]);
            start = end.end;
        }
        match splitter.finish() {
            Tail::Nothing => {}
            Tail::Record { terminator, .. } => {
                bodies.push(&text[start..text.len() - usize::from(terminator)])
            }
            Tail::QuoteUnclosed { .. } => bodies.push(&text[start..]),
        }
        bodies.into_iter().filter(|body| !body.is_empty()).map(|body| cells(body, b',')).collect()
    }

    fn records_by_csv(text: &str) -> Vec<Vec<String>> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        reader.records().map(|record| record.expect("UTF-8").iter().map(String::from).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn reads_as_csv_does(text in vec(prop_oneof![
            3 => Just("a"), 3 => Just("\""), 2 => Just(","), 1 => Just("\r"), 1 => Just("\n"), 1 => Just("é"),
            1 => Just(" "), 1 => Just("\"\""), 2 => Just(",\""), 2 => Just("\",")
        ], 0..60).prop_map(|parts| parts.concat())) {
            // Irregular cells keep their quotes here, and lose them in `csv`; the columns are the same.
            let (ours, theirs) = (records(&text), records_by_csv(&text));
            let widths = |rows: &[Vec<String>]| rows.iter().map(Vec::len).collect::<Vec<_>>();
            prop_assert_eq!(widths(&ours), widths(&theirs));
            for (cell, other) in ours.iter().flatten().zip(theirs.iter().flatten()) {
                let kept = cell.starts_with('"') && cell.len() > other.len();
                prop_assert!(cell == other || kept, "{:?} and {:?}", cell, other);
            }
        }
    }
}
