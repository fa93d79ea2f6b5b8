//! Finds where each record of a delimited file ends.
//!
//! The splitter does no I/O and stores no bytes: it gets the file in pieces, cut anywhere, and returns the ends of
//! records. It reads as csv-core does by default, with one exception: an empty line is a record (a blank one).
//!
//! - A quote opens only as the first byte of a cell (a blank before it makes it an ordinary character).
//! - A doubled quote within quotes is a quote; after the closing quote the cell goes on unquoted.
//! - LF, CR and CRLF each end a record outside quotes, and a physical line everywhere, in any mixture.

#[cfg(target_arch = "x86_64")]
mod blocks;
#[cfg(not(target_arch = "x86_64"))]
mod blocks {
    //! Without vector instructions: the state machine handles every byte.

    pub(super) fn supported() -> bool {
        false
    }

    pub(super) fn scan(_: &mut super::Splitter, _: &[u8], _: &mut Vec<super::RecordEnd>) -> usize {
        0
    }
}
/// One record of a whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The range of its cells, without the terminator.
    pub body: Range<usize>,
    /// The start of the next record.
    pub end: usize,
    /// Physical lines the record spans, at least 1.
    pub lines: u32,
}

/// The records of a whole text, in order.
#[derive(Debug, Clone)]
pub struct Records {
    ends: std::vec::IntoIter<RecordEnd>,
    start: usize,
}

impl Records {
    /// Drops the last record, which may continue in text that was not read.
    pub fn without_last(mut self) -> Self {
        self.ends.next_back();
        self
    }
}

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let RecordEnd { end, lines, terminator } = self.ends.next()?;
        let body = self.start..end - usize::from(terminator);
        self.start = end;
        Some(Record { body, end, lines })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ends.size_hint()
    }
}

impl ExactSizeIterator for Records {}

/// The records of a whole text; the last one may have no terminator.
pub fn records(bytes: &[u8], delimiter: u8) -> Records {
    let mut splitter = Splitter::new(delimiter);
    let mut ends = Vec::new();
    splitter.feed(bytes, &mut ends);
    match splitter.finish() {
        Tail::Nothing => {}
        Tail::Record { terminator, lines } => ends.push(RecordEnd { end: bytes.len(), lines, terminator }),
        Tail::QuoteUnclosed { .. } => ends.push(RecordEnd { end: bytes.len(), lines: 1, terminator: 0 }),
    }
    Records { ends: ends.into_iter(), start: 0 }
}

#[cfg(test)]
mod tests;

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter, memrchr};

pub(crate) const QUOTE: u8 = b'"';
pub(crate) const LF: u8 = b'\n';
pub(crate) const CR: u8 = b'\r';

/// Finds the ends of records in a file that arrives in pieces.
#[derive(Debug, Clone)]
pub struct Splitter {
    delimiter: u8,
    /// Whether this machine has the instructions that `blocks` needs.
    vectors: bool,
    state: State,
    /// Whether the last byte was a CR: the next byte determines whether it ends the line alone.
    held_cr: bool,
    /// Bytes of the file before the next input.
    offset: u64,
    /// Physical lines that have ended.
    lines: u64,
    /// The start of the current record, and the number of physical lines that had ended before it.
    record_offset: u64,
    record_lines: u64,
    /// The place of the open quote; undefined if no quote is open.
    opened: OpenQuote,
}

/// The end of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordEnd {
    /// Offset in the input just after the record's terminator; 0 if the previous input held the whole record.
    pub end: usize,
    /// Physical lines the record spans, at least 1. Added to this record's line they give the next record's.
    pub lines: u32,
    /// Bytes of the terminator, 1 or 2, which the record's text excludes. It may begin in an earlier input.
    pub terminator: u8,
}

/// The part of a file after its last record end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing: the file is empty or its last record has been reported.
    Nothing,
    /// A last record, not reported yet, that ends with a single CR or without a terminator.
    Record {
        /// Bytes of the terminator, 0 or 1.
        terminator: u8,
        /// Physical lines the record spans, at least 1.
        lines: u32,
    },
    /// A quote that was never closed: the rest of the file is one cell.
    QuoteUnclosed {
        /// Physical line of the quote, from 1.
        line: u64,
        /// Byte offset of the quote in the whole file.
        offset: u64,
    },
}

/// The position of the last byte in its cell, as far as it matters for the next quote or line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a cell's first byte: a quote opens.
    CellStart,
    /// Within an unquoted cell, or after a closing quote and more text: a quote is an ordinary character.
    Plain,
    /// Within quotes.
    Quoted,
    /// Just after a quote within quotes: it closes the cell, unless another quote follows.
    Closed,
}

#[derive(Debug, Clone, Copy)]
struct OpenQuote {
    line: u64,
    offset: u64,
}

impl Splitter {
    /// Creates a splitter at the start of a file. The delimiter is any byte but a quote, CR or LF.
    pub fn new(delimiter: u8) -> Self {
        debug_assert!(![QUOTE, CR, LF].contains(&delimiter), "not a delimiter: {delimiter}");
        Self {
            delimiter,
            vectors: blocks::supported(),
            state: State::CellStart,
            held_cr: false,
            offset: 0,
            lines: 0,
            record_offset: 0,
            record_lines: 0,
            opened: OpenQuote { line: 1, offset: 0 },
        }
    }

    /// Consumes the whole input and appends the ends of the records in it to `ends`.
    ///
    /// The result does not depend on how the file is cut: a CR at the very end of an input is held back until the
    /// next byte or the end of the file shows whether it is half of a CRLF. The record is then reported with the next
    /// input, with `end` 1 (the LF follows) or 0, so the ends always cover the file without gaps.
    pub fn feed(&mut self, input: &[u8], ends: &mut Vec<RecordEnd>) {
        let (before, known) = (self.state, ends.len());
        let done = if self.vectors { blocks::scan(self, input, ends) } else { 0 };
        self.scan(&input[done..], done, ends);
        self.note_open_quote(before, input);
        if let Some(last) = ends[known..].last() {
            self.record_offset = self.offset + last.end as u64;
        }
        self.offset += input.len() as u64;
    }

    /// Returns the part of the file after the last record end, if the file ended here.
    pub fn finish(&self) -> Tail {
        if self.state == State::Quoted {
            Tail::QuoteUnclosed { line: self.opened.line, offset: self.opened.offset }
        } else if self.offset == self.record_offset {
            Tail::Nothing
        } else {
            Tail::Record { terminator: self.held_cr.into(), lines: self.record_span() + 1 }
        }
    }

    /// Scans a stretch that begins `base` bytes into the input, from one quote or line end to the next.
    fn scan(&mut self, stretch: &[u8], base: usize, ends: &mut Vec<RecordEnd>) {
        let Some(&first) = stretch.first() else { return };
        self.settle_cr(first, base, ends);
        let mut next = 0;
        for at in memchr3_iter(QUOTE, LF, CR, stretch) {
            self.pass_ordinary(&stretch[next..at]);
            next = at + 1;
            match stretch[at] {
                QUOTE => self.quote(),
                LF => {
                    let pair = if at > 0 { stretch[at - 1] == CR } else { self.held_cr };
                    self.held_cr = false;
                    self.end_line(base + next, 1 + u8::from(pair), ends);
                }
                _ => self.carriage_return(stretch.get(next), base + next, ends),
            }
        }
        self.pass_ordinary(&stretch[next..]);
    }

    /// Ends the line of a held-back CR, unless the LF of a CRLF follows.
    fn settle_cr(&mut self, next: u8, base: usize, ends: &mut Vec<RecordEnd>) {
        if self.held_cr && next != LF {
            self.held_cr = false;
            self.end_line(base, 1, ends);
        }
    }

    /// Advances over bytes that are neither quotes nor line ends.
    fn pass_ordinary(&mut self, bytes: &[u8]) {
        if let (Some(&last), true) = (bytes.last(), self.state != State::Quoted) {
            self.state = if last == self.delimiter { State::CellStart } else { State::Plain };
        }
    }

    fn quote(&mut self) {
        self.state = match self.state {
            State::CellStart | State::Closed => State::Quoted,
            State::Quoted => State::Closed,
            State::Plain => State::Plain,
        }
    }

    fn carriage_return(&mut self, next: Option<&u8>, end: usize, ends: &mut Vec<RecordEnd>) {
        match next {
            Some(&LF) => {}
            Some(_) => self.end_line(end, 1, ends),
            None => {
                self.held_cr = true;
                if self.state != State::Quoted {
                    self.state = State::CellStart;
                }
            }
        }
    }

    fn end_line(&mut self, end: usize, terminator: u8, ends: &mut Vec<RecordEnd>) {
        self.lines += 1;
        if self.state == State::Quoted {
            return;
        }
        self.state = State::CellStart;
        ends.push(RecordEnd { end, lines: self.record_span(), terminator });
        self.record_lines = self.lines;
    }

    /// Physical lines that have ended since the current record began.
    fn record_span(&self) -> u32 {
        (self.lines - self.record_lines) as u32
    }

    /// Records the place of the quote that is open at the end of the input, if it was opened in this input.
    ///
    /// One backward search per input costs less than recording every opening quote.
    fn note_open_quote(&mut self, before: State, input: &[u8]) {
        if let Some(at) = opening_quote(input, before, self.state) {
            let line = self.lines + 1 - lines_ended(&input[at..]);
            self.opened = OpenQuote { line, offset: self.offset + at as u64 };
        }
    }
}

/// Finds the quote that opened the cell in which the input ends; `None` if it is in an earlier input.
///
/// Within quotes, the previous quote is either the opening one or the second of a doubled quote.
fn opening_quote(input: &[u8], before: State, after: State) -> Option<usize> {
    let mut end = match after {
        State::Quoted => input.len(),
        State::Closed => input.len().checked_sub(1)?,
        State::CellStart | State::Plain => return None,
    };
    loop {
        let at = memrchr(QUOTE, &input[..end])?;
        let doubled = if at > 0 { input[at - 1] == QUOTE } else { before == State::Closed };
        if !doubled {
            return Some(at);
        }
        end = at.checked_sub(1)?;
    }
}

/// Counts the physical lines that end in some bytes, except for a CR at the very end, which is held back.
fn lines_ended(bytes: &[u8]) -> u64 {
    let alone = |at: &usize| bytes.get(at + 1).is_some_and(|&next| next != LF);
    (memchr_iter(LF, bytes).count() + memchr_iter(CR, bytes).filter(alone).count()) as u64
}
