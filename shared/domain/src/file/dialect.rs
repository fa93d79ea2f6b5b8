//! Detects the quoting dialect of a file, and rewrites its text in the ordinary one.
//!
//! Everything after the decoder reads the ordinary dialect (RFC 4180). A file in another dialect is rewritten piece
//! by piece while it is decoded, so the splitter, the workers and the result files need only one dialect, and a file
//! in the ordinary one costs nothing. Rewriting keeps every line end, so line numbers do not change.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::file::cells::Cells;
use crate::file::record_text;
use crate::file::split::{CR, LF, QUOTE, RecordEnd, Splitter, Tail};

const BACKSLASH: u8 = b'\\';

/// The most blanks before a quoted cell that count as padding.
const PADDING: usize = 64;

/// One fault in another dialect must save this number of faults in the ordinary one.
const OUTWEIGH: usize = 4;

/// The differences between a file's dialect and the ordinary one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// A backslash within quotes makes the quote or backslash after it an ordinary character.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backslash: bool,
    /// Blanks around a quoted cell do not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub padded: bool,
}

impl Dialect {
    /// Whether the text needs no rewriting.
    pub fn is_ordinary(&self) -> bool {
        *self == Self::default()
    }

    /// Finds the dialect of a file from its beginning.
    ///
    /// Another dialect is chosen only if the sample read in it has a quarter of the faults at most. A quoted path
    /// that ends in a backslash therefore stays as it is.
    pub fn detect(sample: &[u8], delimiter: u8, complete: bool) -> Self {
        let backslash = memchr::memmem::find(sample, b"\\\"").is_some();
        let padded = memchr::memmem::find(sample, b" \"").is_some()
            || memchr::memmem::find(sample, b"\" ").is_some()
            || memchr::memmem::find(sample, b"\t\"").is_some();
        if !backslash && !padded {
            return Self::default();
        }
        let ordinary = faults(sample, delimiter, complete);
        let faults_in = |dialect: &Self| faults(&dialect.rewrite(sample, delimiter), delimiter, complete);
        let others =
            [(true, false), (false, true), (true, true)].map(|(b, p)| Self { backslash: b, padded: p });
        let possible = others.into_iter().filter(|it| (!it.backslash || backslash) && (!it.padded || padded));
        let best = possible.map(|dialect| (faults_in(&dialect), dialect)).min_by_key(|(faults, _)| *faults);
        let clear = best.filter(|(faults, _)| ordinary > 0 && faults * OUTWEIGH <= ordinary);
        clear.map_or(Self::default(), |(_, dialect)| dialect)
    }

    /// The text in the ordinary dialect, copied only if it changes.
    pub fn rewritten(self, text: &[u8], delimiter: u8) -> Cow<'_, [u8]> {
        if self.is_ordinary() { Cow::Borrowed(text) } else { Cow::Owned(self.rewrite(text, delimiter)) }
    }

    /// Rewrites a whole text in the ordinary dialect.
    pub fn rewrite(self, text: &[u8], delimiter: u8) -> Vec<u8> {
        let mut rewriter = Rewriter::new(self, delimiter);
        let mut out = Vec::with_capacity(text.len());
        rewriter.feed(text, &mut out);
        rewriter.finish(&mut out);
        out
    }
}

/// Counts the oddities in the quoting of a text that is read in the ordinary dialect.
fn faults(text: &[u8], delimiter: u8, complete: bool) -> usize {
    let (mut splitter, mut ends) = (Splitter::new(delimiter), Vec::new());
    splitter.feed(text, &mut ends);
    let start = ends.last().map_or(0, |end: &RecordEnd| end.end);
    let mut faults = 0;
    match splitter.finish() {
        Tail::QuoteUnclosed { .. } => faults += 1 + memchr::memchr_iter(LF, &text[start..]).count(),
        Tail::Record { lines, terminator } if complete => {
            ends.push(RecordEnd { end: text.len(), lines, terminator });
        }
        _ => {}
    }
    let (mut cells, mut widths, mut start) = (Cells::default(), Vec::new(), 0);
    for end in &ends {
        let record = &text[start..end.end - usize::from(end.terminator)];
        start = end.end;
        let quoted = memchr::memchr(QUOTE, record).is_some();
        cells.parse(&record_text::text(record, delimiter).0, delimiter);
        widths.push((cells.len(), quoted));
        if quoted {
            faults += cells.irregular() + cells.iter().filter(|cell| is_padded(cell)).count();
        }
    }
    let usual = usual_width(&widths);
    faults + widths.iter().filter(|(width, quoted)| *quoted && *width != usual).count()
}

/// Whether a cell is quoted, apart from blanks before the quote.
fn is_padded(cell: &str) -> bool {
    cell.starts_with([' ', '\t']) && cell.trim_start_matches([' ', '\t']).starts_with('"')
}

/// The number of cells that most records have; only unquoted records count if there are any besides the header.
fn usual_width(widths: &[(usize, bool)]) -> usize {
    let plain = widths.iter().filter(|(_, quoted)| !quoted).map(|(width, _)| *width);
    let mut sorted: Vec<usize> = plain.collect();
    if sorted.is_empty() {
        sorted = widths.iter().map(|(width, _)| *width).collect();
    }
    sorted.sort_unstable();
    sorted.chunk_by(|one, other| one == other).max_by_key(|equal| equal.len()).map_or(0, |equal| equal[0])
}

/// The position of the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// Within quotes, after a backslash that has not been written yet.
    Escape,
    /// After a quote within quotes.
    Closed,
}

/// Rewrites a text in the ordinary dialect; pieces may be cut anywhere.
#[derive(Debug, Clone)]
pub struct Rewriter {
    dialect: Dialect,
    delimiter: u8,
    state: State,
    /// Blanks at the start of a cell, or after its closing quote: the next byte determines whether they are padding.
    held: Vec<u8>,
}

impl Rewriter {
    /// Creates a rewriter at the start of a file.
    pub fn new(dialect: Dialect, delimiter: u8) -> Self {
        Self { dialect, delimiter, state: State::CellStart, held: Vec::new() }
    }

    /// Appends the rewritten piece.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        piece.iter().for_each(|byte| self.state = self.step(*byte, out));
    }

    /// Appends the bytes held back at the end of the file.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match self.state {
            State::Escape => out.push(BACKSLASH),
            State::Closed => self.held.clear(),
            _ => out.append(&mut self.held),
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> State {
        match self.state {
            State::Quoted => self.quoted(byte, out),
            State::Escape => escaped(byte, out),
            State::Plain => self.plain(byte, out),
            State::CellStart if byte == QUOTE => {
                self.held.clear();
                out.push(byte);
                State::Quoted
            }
            State::Closed if byte == QUOTE && self.held.is_empty() => {
                out.push(byte);
                State::Quoted
            }
            state if self.is_padding(byte) => {
                self.held.push(byte);
                state
            }
            state => {
                if state == State::Closed && self.ends_cell(byte) {
                    self.held.clear();
                }
                out.append(&mut self.held);
                self.plain(byte, out)
            }
        }
    }

    fn quoted(&self, byte: u8, out: &mut Vec<u8>) -> State {
        if byte == BACKSLASH && self.dialect.backslash {
            return State::Escape;
        }
        out.push(byte);
        if byte == QUOTE { State::Closed } else { State::Quoted }
    }

    fn plain(&self, byte: u8, out: &mut Vec<u8>) -> State {
        out.push(byte);
        if self.ends_cell(byte) { State::CellStart } else { State::Plain }
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == LF || byte == CR
    }

    fn is_padding(&self, byte: u8) -> bool {
        let blank = byte == b' ' || (byte == b'\t' && self.delimiter != b'\t');
        blank && self.dialect.padded && self.held.len() < PADDING
    }
}

/// Handles a byte after a backslash within quotes: both stay unless the byte is a quote, a backslash or a line end.
fn escaped(byte: u8, out: &mut Vec<u8>) -> State {
    match byte {
        QUOTE => out.extend_from_slice(b"\"\""),
        BACKSLASH | LF | CR => out.push(byte),
        _ => out.extend_from_slice(&[BACKSLASH, byte]),
    }
    State::Quoted
}

#[cfg(test)]
mod tests;
