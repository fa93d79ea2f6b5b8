//! The survey: the first of two passes. It determines everything that needs the whole file, and accepts or refuses
//! it.
//!
//! Delimiter and columns come from the beginning. Then the survey reads record by record and finds the borders of
//! chunks, the last filled row, identities that occur several times, and irregular rows. It needs 20 bytes of memory
//! for each distinct identity and a little for each chunk, whatever the file's size.

use std::collections::BTreeMap;

use crate::clean::DayOrder;
use crate::clean::date::OrderSeen;
use crate::file::decode::DetectedEncoding;
use crate::file::dialect::Dialect;
use crate::file::packed::Packing;
use crate::file::split::{RecordEnd, Splitter, Tail};
use crate::file::workbook::Sheet;
use crate::plan::import_plan::{ChunkPlan, ChunkSize};
use crate::plan::mapping::Mapping;
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::options::{FirstLine, Options};
use crate::profile::settings::Settings;
use crate::survey::look::{RecordScanner, Seen};
use crate::survey::opening::Opening;
use crate::survey::repeats::{Key, Repeats};
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::limits;

/// The result of the survey: whether the file is accepted, and all facts that a plan needs.
#[derive(Debug, Clone, Default)]
pub struct Surveyed {
    /// Findings that refuse the file; empty if it is accepted.
    pub errors: Vec<Finding>,
    /// Warnings about the file as a whole.
    pub warnings: Vec<Finding>,
    /// The order of day and month in numeric dates, by field.
    pub day_orders: BTreeMap<String, DayOrder>,
    /// The encoding of the object, and its certainty; the decoding caller sets it.
    pub encoding: Option<DetectedEncoding>,
    /// The packing of the object; the unpacking caller sets it.
    pub packing: Option<Packing>,
    /// The sheet of a workbook; the decoding caller sets it.
    pub sheet: Option<Sheet>,
    /// The delimiter.
    pub delimiter: Option<u8>,
    /// The quoting dialect.
    pub dialect: Dialect,
    /// The role of the first record.
    pub first_line: FirstLine,
    /// The role of each column.
    pub mapping: Mapping,
    /// The options including those saved for the header of the file, if there are any; the caller that reads them
    /// sets it.
    pub options: Option<Options>,
    /// Whether a mapping was saved for files with this header; the caller that reads it sets it.
    pub mapping_saved: bool,
    /// Physical lines above the header.
    pub preamble: u64,
    /// Data records, blank ones included, up to the last filled one.
    pub rows: u64,
    /// Runs of rows that cover the file without gaps.
    pub chunks: Vec<ChunkPlan>,
    /// Whether some row has more cells than the file has columns.
    pub surplus: bool,
    /// Whether some record contains bytes that are not UTF-8.
    pub no_text: bool,
    /// Whether some record contains an ESC, with which ISO-2022-JP switches to Japanese characters.
    pub escapes: bool,
}

impl Surveyed {
    /// The survey of a file that is refused for its opening: the rest of it is not read.
    pub fn refused_by(opening: Opening) -> Self {
        Self {
            errors: opening.errors,
            delimiter: Some(opening.delimiter),
            mapping: opening.mapping,
            preamble: opening.preamble,
            ..Self::default()
        }
    }

    /// The delimiter as documents show it; a workbook has none.
    pub fn sign(&self) -> Option<String> {
        let delimiter = self.delimiter.filter(|_| self.sheet.is_none());
        delimiter.map(|delimiter| char::from(delimiter).to_string())
    }
}

/// A survey in progress.
pub struct Survey<'p> {
    profile: &'p Profile,
    options: &'p Options,
    size: ChunkSize,
    opening: Opening,
    lookers: [RecordScanner<'p>; 2],
    splitter: Splitter,
    ends: Vec<RecordEnd>,
    seen: [Vec<Seen>; 2],
    /// The beginning of the current record, from earlier pieces, up to the limit.
    carry: Vec<u8>,
    /// Length of the current record in earlier pieces.
    carried: u64,
    /// Offset of the current record in the decoded text.
    at: u64,
    line: u64,
    no_row_yet: bool,
    row: u64,
    last_filled: u64,
    chunk: ChunkPlan,
    weight: u64,
    /// The end of the open chunk if its last filled row were the last of the file.
    filled: (u32, u64),
    chunks: Vec<ChunkPlan>,
    repeats: Repeats,
    surplus: bool,
    no_text: bool,
    escapes: bool,
    /// Cells of the longest filled record.
    widest: usize,
    usual_order: DayOrder,
    /// Lines with irregular quotes.
    quotes: LineList,
    /// Lines that repeat the header.
    headers: LineList,
}

impl<'p> Survey<'p> {
    /// Starts the survey of a file with a known opening.
    pub fn new(
        opening: Opening,
        profile: &'p Profile,
        options: &'p Options,
        settings: &Settings,
        size: ChunkSize,
    ) -> Self {
        let looker = || RecordScanner::new(&opening, profile, options, settings);
        let lookers = [looker(), looker()];
        let at = opening.skip as u64;
        let first_line = 1 + opening.lines;
        Self {
            profile,
            options,
            size,
            lookers,
            splitter: Splitter::new(opening.delimiter),
            no_row_yet: opening.first_is_no_row,
            opening,
            ends: Vec::new(),
            seen: [Vec::new(), Vec::new()],
            carry: Vec::new(),
            carried: 0,
            at,
            line: first_line,
            row: 0,
            last_filled: 0,
            chunk: ChunkPlan::beginning(at, 1, first_line),
            weight: 0,
            filled: (0, at),
            chunks: Vec::new(),
            repeats: Repeats::within(size.memory),
            surplus: false,
            no_text: false,
            escapes: false,
            widest: 0,
            usual_order: settings.day_order(),
            quotes: LineList::default(),
            headers: LineList::default(),
        }
    }

    /// Reserves memory for a text of `bytes` bytes that begins with the piece, so that tables do not grow step by
    /// step.
    pub fn expect(&mut self, bytes: u64, piece: &[u8]) {
        let delimiter = self.opening.delimiter;
        let sample = &piece[..piece.len().min(SAMPLE)];
        let rows =
            crate::file::split::records(sample, delimiter).len() as u64 * bytes / sample.len().max(1) as u64;
        self.repeats.expect(rows.min(EXPECTED_AT_MOST));
    }

    /// Reads a piece of the decoded text; the first one starts after the bytes that the opening skips.
    pub fn feed(&mut self, piece: &[u8]) {
        piece.chunks(SEEN_AT_ONCE).for_each(|part| self.feed_part(part));
    }

    fn feed_part(&mut self, piece: &[u8]) {
        let mut ends = std::mem::take(&mut self.ends);
        ends.clear();
        self.splitter.feed(piece, &mut ends);
        let mut start = 0;
        let mut rest = ends.as_slice();
        while let Some((end, behind)) = rest.split_first().filter(|_| self.carried > 0 || self.no_row_yet) {
            self.close_record(&piece[start..end.end], end.terminator, end.lines);
            start = end.end;
            rest = behind;
        }
        self.see_records(piece, start, rest);
        start = rest.last().map_or(start, |end| end.end);
        self.carry_on(&piece[start..]);
        self.ends = ends;
    }

    fn carry_on(&mut self, rest: &[u8]) {
        let room = (limits::ROW_SEEN + 3).saturating_sub(self.carry.len());
        self.carry.extend_from_slice(&rest[..rest.len().min(room)]);
        self.carried += rest.len() as u64;
    }

    fn close_record(&mut self, rest: &[u8], terminator: u8, lines: u32) {
        let len = self.carried + rest.len() as u64;
        let whole = len - u64::from(terminator);
        if self.carried == 0 {
            self.see_record(&rest[..whole as usize], len, whole, lines);
            return;
        }
        self.carry_on(rest);
        let carry = std::mem::take(&mut self.carry);
        let end = carry.len().min(usize::try_from(whole).unwrap_or(usize::MAX));
        self.see_record(&carry[..end], len, whole, lines);
        self.carry = carry;
        self.carry.clear();
        self.carried = 0;
    }

    /// Reads one record; `bytes` is only its beginning if it is too large.
    fn see_record(&mut self, bytes: &[u8], len: u64, whole: u64, lines: u32) {
        if self.no_row_yet {
            let (filled, bad_bytes) = self.lookers[0].glance(bytes);
            self.no_text |= bad_bytes;
            self.escapes |= memchr::memchr(0x1b, bytes).is_some();
            self.no_row_yet = self.opening.mapping.has_header && !filled;
            return self.pass(len, lines);
        }
        let seen = self.lookers[0].look(bytes, whole, lines);
        let keys = std::mem::take(&mut self.lookers[0].keys);
        self.note(&seen, &keys, len, lines);
    }

    /// Reads many complete records of a piece: two threads scan one half each, then the results are noted in order.
    fn see_records(&mut self, piece: &[u8], start: usize, ends: &[RecordEnd]) {
        let (first, second) = ends.split_at(ends.len() / 2);
        let middle = first.last().map_or(start, |end| end.end);
        let (one, other) = self.lookers.split_at_mut(1);
        let [seen, seen_beside] = &mut self.seen;
        if ends.len() < WORTH_A_THREAD {
            look_at(&mut one[0], piece, start, first, seen);
            look_at(&mut other[0], piece, middle, second, seen_beside);
        } else {
            std::thread::scope(|scope| {
                scope.spawn(|| look_at(&mut other[0], piece, middle, second, seen_beside));
                look_at(&mut one[0], piece, start, first, seen);
            });
        }
        for (half, ends) in [first, second].into_iter().enumerate() {
            let (seen, keys) =
                (std::mem::take(&mut self.seen[half]), std::mem::take(&mut self.lookers[half].keys));
            let mut start = if half == 0 { start } else { middle };
            let mut keys_left = keys.as_slice();
            for (seen, end) in seen.iter().zip(ends) {
                let (keys, left) = keys_left.split_at(seen.keys);
                self.note(seen, keys, (end.end - start) as u64, end.lines);
                (start, keys_left) = (end.end, left);
            }
            (self.seen[half], self.lookers[half].keys) = (seen, keys);
        }
    }

    /// Updates the survey with a row.
    fn note(&mut self, seen: &Seen, keys: &[Key], len: u64, lines: u32) {
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
        self.line += u64::from(if self.opening.of_sheet { 1 } else { lines });
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

    /// Skips a record that is not a row.
    fn pass(&mut self, len: u64, lines: u32) {
        self.at += len;
        self.line += u64::from(if self.opening.of_sheet { 1 } else { lines });
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

    /// Ends the survey at the end of the file, and accepts or refuses it.
    pub fn finish(mut self) -> Surveyed {
        let mut errors = std::mem::take(&mut self.opening.errors);
        match self.splitter.finish() {
            Tail::Nothing => {}
            Tail::Record { terminator, lines } => self.close_record(&[], terminator, lines),
            Tail::QuoteUnclosed { line, .. } => {
                let line = line + self.opening.lines;
                errors.push(Finding::new(Code::QuoteUnclosed).arg("line", line));
            }
        }
        // The limit of every installation, or that of the memory of this one.
        let memory = self.repeats.full_from().map(|row| u64::from(row) - 1);
        let limit = memory.unwrap_or(limits::ROWS).min(limits::ROWS);
        if self.last_filled > limit {
            errors.push(Finding::new(Code::TooManyRows).arg("limit", limit).arg("rows", self.last_filled));
        }
        let unclosed = errors.iter().any(|finding| finding.code == Code::QuoteUnclosed);
        if self.no_row_yet && self.opening.mapping.has_header && !unclosed {
            // Blank records after the last filled one do not count: here none is filled.
            errors = vec![Finding::new(Code::FileEmpty)];
        }
        if errors.is_empty() && self.last_filled == 0 {
            errors.push(Finding::new(Code::NoRows));
        }
        if errors.is_empty() {
            errors = self.opening.mapping.fit(self.widest, self.profile);
        }
        self.end_at_last_filled();
        self.tell_repeats();
        let (day_orders, mut warnings) = self.decide_orders();
        // A refused file imports nothing, and its first record may be a person's data rather than a header.
        if errors.is_empty() {
            warnings.extend(self.unmapped_with_data());
        }
        warnings.extend(self.headers.finding(Code::HeaderRepeated));
        warnings.extend(self.quotes.finding(Code::QuotesIrregular));
        warnings.extend(self.none_chosen());
        Surveyed {
            errors,
            warnings,
            day_orders,
            encoding: None,
            packing: None,
            sheet: None,
            delimiter: Some(self.opening.delimiter),
            dialect: self.opening.dialect,
            first_line: self.opening.first_line,
            preamble: self.opening.preamble,
            mapping: self.opening.mapping,
            options: None,
            mapping_saved: false,
            rows: self.last_filled,
            chunks: self.chunks,
            surplus: self.surplus,
            no_text: self.no_text,
            escapes: self.escapes,
        }
    }

    /// The finding if the option `rows` selects no row of the file: nothing is imported, although no row has an
    /// error.
    fn none_chosen(&self) -> Option<Finding> {
        let rows = self.options.rows.as_ref().filter(|rows| rows.first() > self.last_filled)?;
        let finding = Finding::new(Code::RowsNotChosen).value(rows.to_string());
        Some(finding.arg("found", self.last_filled))
    }

    /// Determines how each column of dates is read, and warns if that is an assumption (DIG-14).
    fn decide_orders(&self) -> (BTreeMap<String, DayOrder>, Vec<Finding>) {
        let (mut orders, mut warnings) = (BTreeMap::new(), Vec::new());
        let [one, other] = &self.lookers;
        let mut seen: BTreeMap<FieldIndex, OrderSeen> = BTreeMap::new();
        for (field, _, order) in one.dates.iter().chain(&other.dates) {
            let all = seen.entry(*field).or_default();
            *all = all.and(*order);
        }
        for (field, seen) in seen {
            let (order, assumed) = seen.decide(self.usual_order);
            orders.insert(self.profile.fields[field].name.to_string(), order);
            if assumed {
                let finding = Finding::on(Code::DateOrderAssumed, one.column(field));
                warnings.push(finding.arg("order", order.as_str()));
            }
        }
        (orders, warnings)
    }

    /// Columns with data but no field, unless the sender left them out.
    fn unmapped_with_data(&self) -> Option<Finding> {
        let [one, other] = &self.lookers;
        let empty = |at: &usize| one.not_yet_filled.contains(at) && other.not_yet_filled.contains(at);
        let sender = self.opening.mapping.sender();
        let unmapped = sender.left_over(self.profile, self.options);
        let filled: Vec<usize> = unmapped.into_iter().filter(|at| !empty(at)).collect();
        sender.tell_left_over(&filled, self.profile, self.options)
    }

    /// Drops blank records after the last filled one.
    fn end_at_last_filled(&mut self) {
        self.close_chunk();
        let last = self.last_filled;
        self.chunks.retain(|chunk| chunk.rows > 0 && chunk.first_row <= last);
        if let Some(chunk) = self.chunks.last_mut() {
            (chunk.rows, chunk.end) = self.filled;
        }
    }

    fn tell_repeats(&mut self) {
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

/// Bytes that are examined to estimate the length of records.
const SAMPLE: usize = 64 * 1024;

/// The records of this many bytes are held at once: there may be one per byte, and each needs a hundred bytes.
const SEEN_AT_ONCE: usize = 512 * 1024;

/// The most keys for which memory is reserved, so that a wrong estimate costs no more.
const EXPECTED_AT_MOST: u64 = 4_000_000;

/// From this number of records in a piece, a second thread pays off.
const WORTH_A_THREAD: usize = 512;

/// Scans records one after the other.
fn look_at(
    looker: &mut RecordScanner<'_>,
    piece: &[u8],
    mut start: usize,
    ends: &[RecordEnd],
    seen: &mut Vec<Seen>,
) {
    looker.keys.clear();
    seen.clear();
    for end in ends {
        let whole = end.end - usize::from(end.terminator);
        seen.push(looker.look(&piece[start..whole], (whole - start) as u64, end.lines));
        start = end.end;
    }
}

/// Lines with the same finding: the first ten are named.
#[derive(Debug, Clone, Default)]
struct LineList {
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

    fn finding(&self, code: Code) -> Option<Finding> {
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
