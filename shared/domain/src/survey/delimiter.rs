//! Finds the delimiter of a file from its beginning.
//!
//! Each candidate splits the sample as the import would, with quotes. Among the candidates with two or more columns
//! the best one wins: by the number of known headers, then by records as wide as the header (or as most records,
//! without a header), then by width. Punctuation in another candidate's cells (`12,5`, `Lisboa, Portugal`) does not
//! count as a delimiter.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::file::cells::Cells;
use crate::file::split::{CR, LF, QUOTE, Splitter, Tail};
use crate::profile::options::FirstLine;
use crate::types::limits;

/// The candidate delimiters; the earlier one wins a tie.
pub const CANDIDATES: [u8; 5] = *b",;|\t^";

/// Records examined for each candidate: more would not change the result.
const RECORDS: usize = 1_000;

/// The delimiter found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The delimiter; a comma if the sample shows none.
    pub delimiter: u8,
    /// Whether the sample shows a delimiter: it does not if there is a single column.
    pub found: bool,
}

/// Facts that are known about a file before its delimiter.
pub struct DetectionContext<'k> {
    /// Whether the sample is the whole file: otherwise its last record may be incomplete and is dropped.
    pub complete: bool,
    /// The role of the first record.
    pub first_line: FirstLine,
    /// Delimiters allowed for the profile, which win ties; empty if all are allowed.
    pub allowed: &'k [u8],
    /// Returns whether a text is a known header of the profile.
    pub header: &'k dyn Fn(&str) -> bool,
}

/// Detects the delimiter of a file from its first bytes, without a byte order mark.
pub fn detect_delimiter(sample: &[u8], knowing: &DetectionContext<'_>) -> Detected {
    let mut best: Vec<Shape> = CANDIDATES
        .iter()
        .map(|&delimiter| Shape::of(Records::read(sample, knowing.complete, delimiter), knowing))
        .filter(Shape::is_table)
        .collect();
    keep_highest(&mut best, |shape| shape.known);
    drop_punctuation(&mut best);
    keep_highest(&mut best, Shape::consistency);
    keep_highest(&mut best, |shape| shape.width);
    keep_highest(&mut best, |shape| usize::from(knowing.allowed.contains(&shape.records.delimiter)));
    let found = best.first().map(|shape| shape.records.delimiter).or_else(|| blank(sample));
    Detected { delimiter: found.unwrap_or(b','), found: found.is_some() }
}

/// The delimiter of a sample that contains nothing else: `;;;;` is a blank record.
fn blank(sample: &[u8]) -> Option<u8> {
    let mut signs = sample.iter().filter(|byte| !byte.is_ascii_whitespace());
    let first = signs.next().filter(|byte| CANDIDATES.contains(byte))?;
    signs.all(|byte| byte == first).then_some(*first)
}

/// Parses a first line that names the delimiter for Excel (`sep=;`): returns the delimiter, and the bytes of the
/// line.
pub fn sep_line(sample: &[u8]) -> Option<(u8, usize)> {
    let quoted = usize::from(sample.first() == Some(&QUOTE));
    let (word, rest) = sample[quoted..].split_at_checked(4)?;
    let (&delimiter, rest) = rest.split_first()?;
    let named = word.eq_ignore_ascii_case(b"sep=") && is_delimiter(delimiter);
    let rest = if quoted == 1 { rest.strip_prefix(&[QUOTE])? } else { rest };
    let terminator = match rest {
        [] => 0,
        [CR, LF, ..] => 2,
        [CR | LF, ..] => 1,
        _ => return None,
    };
    named.then_some((delimiter, sample.len() - rest.len() + terminator))
}

fn is_delimiter(byte: u8) -> bool {
    byte == b'\t' || byte == b' ' || (byte.is_ascii_punctuation() && byte != QUOTE)
}

fn keep_highest<'a>(shapes: &mut Vec<Shape<'a>>, measure: impl Fn(&Shape<'a>) -> usize) {
    let highest = shapes.iter().map(&measure).max();
    shapes.retain(|shape| Some(measure(shape)) == highest);
}

/// Drops candidates that are only punctuation in the cells of another one, unless each is punctuation in the other's.
fn drop_punctuation(shapes: &mut Vec<Shape>) {
    let explains = |cells: &Shape, mark: &Shape| cells.records.explain(mark.records.delimiter);
    let is_punctuation = |mark: &Shape| {
        shapes.iter().any(|other| {
            other.records.delimiter != mark.records.delimiter
                && explains(other, mark)
                && !explains(mark, other)
        })
    };
    let punctuation: Vec<bool> = shapes.iter().map(is_punctuation).collect();
    let mut punctuation = punctuation.into_iter();
    shapes.retain(|_| punctuation.next() != Some(true));
}

/// The records of the sample as one candidate splits it.
struct Records<'a> {
    delimiter: u8,
    texts: Vec<Cow<'a, str>>,
    /// Lines within an unclosed quote: they are not records, but they count as records that do not fit.
    swallowed: usize,
}

impl<'a> Records<'a> {
    fn read(sample: &'a [u8], complete: bool, delimiter: u8) -> Self {
        let (mut splitter, mut ends, mut start) = (Splitter::new(delimiter), Vec::new(), 0);
        splitter.feed(sample, &mut ends);
        let mut records = Self { delimiter, texts: Vec::new(), swallowed: 0 };
        for end in &ends {
            records.push(&sample[start..end.end - usize::from(end.terminator)]);
            start = end.end;
        }
        let rest = &sample[start..];
        match splitter.finish() {
            Tail::Nothing => {}
            Tail::QuoteUnclosed { .. } => records.swallowed = memchr::memchr_iter(LF, rest).count(),
            // A sample without any record end counts as one record.
            Tail::Record { terminator, .. } if complete || ends.is_empty() => {
                records.push(&rest[..rest.len() - usize::from(terminator)]);
            }
            Tail::Record { .. } => {}
        }
        records
    }

    fn push(&mut self, record: &'a [u8]) {
        if self.texts.len() < RECORDS {
            self.texts.push(String::from_utf8_lossy(record));
        }
    }

    /// Parses each record that is not blank.
    fn each(&self, mut see: impl FnMut(&Cells)) {
        let mut cells = Cells::default();
        for text in &self.texts {
            cells.parse(text, self.delimiter);
            if !cells.is_blank() {
                see(&cells);
            }
        }
    }

    /// Whether a character occurs in the cells as punctuation only.
    fn explain(&self, mark: u8) -> bool {
        let mut explained = true;
        self.each(|cells| explained &= cells.iter().all(|cell| is_punctuation(cell.as_bytes(), mark)));
        explained
    }
}

/// Whether a character always precedes a blank or, if it is a comma, is between digits.
fn is_punctuation(cell: &[u8], mark: u8) -> bool {
    memchr::memchr_iter(mark, cell).all(|at| match (&cell[..at], &cell[at + 1..]) {
        (_, [b' ', ..]) => true,
        ([.., before], [after, ..]) => mark == b',' && before.is_ascii_digit() && after.is_ascii_digit(),
        _ => false,
    })
}

/// Properties of a candidate's records.
struct Shape<'a> {
    records: Records<'a>,
    /// Records that are not blank, plus lines lost to an unclosed quote.
    count: usize,
    /// Cells of the header; without a header, of most records.
    width: usize,
    /// Known headers among the cells of the first record.
    known: usize,
    /// Records of that width.
    as_wide: usize,
    /// Records of more than one cell, if there is no header.
    many: usize,
}

impl<'a> Shape<'a> {
    fn of(records: Records<'a>, knowing: &DetectionContext<'_>) -> Self {
        let (mut widths, mut known) = (Vec::new(), 0);
        records.each(|cells| {
            if widths.is_empty() {
                let header = cells.iter().take(limits::HEADER_COLUMNS);
                known = header
                    .filter(|cell| cell.len() <= limits::HEADER_BYTES && (knowing.header)(cell))
                    .count();
            }
            widths.push(cells.len());
        });
        let has_header = knowing.first_line.may_be_header();
        if knowing.first_line == FirstLine::Ignore && known == 0 && widths.len() > 1 {
            widths.remove(0);
        }
        let count = widths.len() + records.swallowed;
        let many = if has_header { 0 } else { widths.iter().filter(|width| **width > 1).count() };
        let width = if has_header { widths.first().copied().unwrap_or_default() } else { most(&widths) };
        let as_wide = widths.iter().filter(|other| **other == width).count();
        Self { records, count, width, known, as_wide, many }
    }

    /// Whether there are several columns, judging by the headers or the width of the records.
    fn is_table(&self) -> bool {
        let even = self.as_wide * 2 >= self.count || self.many == self.count;
        self.width > 1 && (self.known > 0 || even)
    }

    /// Returns the share of records with that width, to the nearest tenth, so that a few ragged rows do not matter.
    fn consistency(&self) -> usize {
        (self.as_wide * 10 + self.count / 2) / self.count.max(1)
    }
}

/// The most frequent number of a list, the highest of a tie; 0 if the list is empty.
fn most(numbers: &[usize]) -> usize {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|one, other| one == other).max_by_key(|equal| equal.len()).map_or(0, |equal| equal[0])
}
