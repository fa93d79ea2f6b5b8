//! What the survey has noted of the rows so far: borders of chunks, repeats, irregular rows. Rows come in file order.

use crate::plan::import_plan::{ChunkPlan, ChunkSize};
use crate::profile::compiled::Profile;
use crate::profile::options::Options;
use crate::survey::look::Seen;
use crate::survey::opening::Opening;
use crate::survey::repeats::{Key, Repeats};
use crate::types::code::Code;
use crate::types::finding::Finding;

/// The notes on the rows so far.
pub(super) struct Notes<'p> {
    pub(super) profile: &'p Profile,
    pub(super) options: &'p Options,
    size: ChunkSize,
    of_sheet: bool,
    /// Offset of the current record in the decoded text.
    at: u64,
    line: u64,
    row: u64,
    pub(super) last_filled: u64,
    chunk: ChunkPlan,
    weight: u64,
    /// The end of the open chunk if its last filled row were the last of the file.
    filled: (u32, u64),
    pub(super) chunks: Vec<ChunkPlan>,
    pub(super) repeats: Repeats,
    pub(super) surplus: bool,
    pub(super) no_text: bool,
    pub(super) escapes: bool,
    /// Cells of the longest filled record.
    pub(super) widest: usize,
    /// Lines with irregular quotes.
    pub(super) quotes: LineList,
    /// Lines that repeat the header.
    pub(super) headers: LineList,
}

impl<'p> Notes<'p> {
    /// No notes yet: the first row begins where the opening ends.
    pub(super) fn new(
        opening: &Opening,
        profile: &'p Profile,
        options: &'p Options,
        size: ChunkSize,
    ) -> Self {
        let (at, line) = (opening.skip as u64, 1 + opening.lines);
        Self {
            profile,
            options,
            size,
            of_sheet: opening.of_sheet,
            at,
            line,
            row: 0,
            last_filled: 0,
            chunk: ChunkPlan::beginning(at, 1, line),
            weight: 0,
            filled: (0, at),
            chunks: Vec::new(),
            repeats: Repeats::within(size.memory),
            surplus: false,
            no_text: false,
            escapes: false,
            widest: 0,
            quotes: LineList::default(),
            headers: LineList::default(),
        }
    }

    /// Updates the survey with a row.
    pub(super) fn note(&mut self, seen: &Seen, keys: &[Key], len: u64, lines: u32) {
        if self.row >= u64::from(u32::MAX) {
            return;
        }
        let weight = seen.weight + ROW_WEIGHT;
        let full = self.chunk.rows >= self.size.rows || self.weight + weight > self.size.bytes;
        if full && self.chunk.rows > 0 {
            self.close_chunk();
        }
        self.row += 1;
        self.weight += weight;
        self.chunk.rows += 1;
        self.chunk.irregular |= seen.too_large || seen.bad_bytes;
        self.no_text |= seen.bad_bytes;
        if seen.irregular {
            self.quotes.note(self.line);
        }
        if seen.repeats_header {
            self.headers.note(self.line);
        }
        self.escapes |= seen.escapes;
        self.at += len;
        self.line += u64::from(if self.of_sheet { 1 } else { lines });
        if seen.filled {
            self.last_filled = self.row;
            self.filled = (self.chunk.rows, self.at);
            self.widest = self.widest.max(seen.cells);
            if self.options.rows.as_ref().is_none_or(|rows| rows.contains(self.row)) {
                self.surplus |= seen.surplus;
                if !seen.repeats_header {
                    self.register(seen, keys);
                }
            }
        }
    }

    /// Skips a record that is not a row; it may contain bytes that are not text, or an ESC.
    pub(super) fn pass(&mut self, (bad_bytes, escapes): (bool, bool), len: u64, lines: u32) {
        self.no_text |= bad_bytes;
        self.escapes |= escapes;
        self.at += len;
        self.line += u64::from(if self.of_sheet { 1 } else { lines });
        self.chunk = ChunkPlan::beginning(self.at, 1, self.line);
        self.filled = (0, self.at);
    }

    /// Registers the keys of the row.
    fn register(&mut self, seen: &Seen, keys: &[Key]) {
        let row = self.row as u32;
        match seen.identity {
            Some(identity) if self.options.allow_duplicates => self.repeats.count(row, identity),
            Some(identity) if self.profile.repeat.keys.is_empty() => {
                self.repeats.see(row, identity, seen.adds);
            }
            Some(_) => self.repeats.see_any(row, keys),
            None => self.repeats.find_any(row, keys),
        }
    }

    fn close_chunk(&mut self) {
        let next = ChunkPlan::beginning(self.at, self.row + 1, self.line);
        let mut chunk = std::mem::replace(&mut self.chunk, next);
        chunk.end = self.at;
        self.chunks.push(chunk);
        self.weight = 0;
    }

    /// Drops blank records after the last filled one.
    pub(super) fn end_at_last_filled(&mut self) {
        self.close_chunk();
        let last = self.last_filled;
        self.chunks.retain(|chunk| chunk.rows > 0 && chunk.first_row <= last);
        if let Some(chunk) = self.chunks.last_mut() {
            (chunk.rows, chunk.end) = self.filled;
        }
    }

    /// Gives each chunk the marks of its repeated rows.
    pub(super) fn tell_repeats(&mut self) {
        let marks = std::mem::take(&mut self.repeats).into_marks();
        let mut rest = marks.as_slice();
        for chunk in &mut self.chunks {
            let end = chunk.first_row + u64::from(chunk.rows);
            let here = rest.partition_point(|mark| u64::from(mark.row) < end);
            chunk.repeats = rest[..here].to_vec();
            rest = &rest[here..];
        }
    }
}

/// The most bytes of a row's mark in a message.
const ROW_WEIGHT: u64 = 64;

/// Lines with the same finding: the first ten are named.
#[derive(Debug, Clone, Default)]
pub(super) struct LineList {
    first: Vec<String>,
    count: u64,
}

impl LineList {
    fn note(&mut self, line: u64) {
        self.count += 1;
        if self.first.len() < LINES_NAMED {
            self.first.push(line.to_string());
        }
    }

    pub(super) fn finding(&self, code: Code) -> Option<Finding> {
        let more = if self.count > self.first.len() as u64 { ", …" } else { "" };
        let lines = self.first.join(", ") + more;
        (self.count > 0).then(|| Finding::new(code).arg("line", lines).arg("found", self.count))
    }
}

/// The most lines that a finding names.
const LINES_NAMED: usize = 10;

impl ChunkPlan {
    fn beginning(start: u64, first_row: u64, first_line: u64) -> Self {
        Self { start, end: start, first_row, rows: 0, first_line, irregular: false, repeats: Vec::new() }
    }
}
