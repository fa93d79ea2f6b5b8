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
use crate::survey::look::RecordScanner;
use crate::survey::notes::Notes;
use crate::survey::opening::Opening;
use crate::survey::parts::{Part, Rest, look_at_all};
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
    opening: Opening,
    lookers: [RecordScanner<'p>; 2],
    parts: [Part; 2],
    splitter: Splitter,
    ends: Vec<RecordEnd>,
    /// The beginning of the current record, from earlier pieces, up to the limit.
    carry: Vec<u8>,
    /// Length of the current record in earlier pieces.
    carried: u64,
    no_row_yet: bool,
    notes: Notes<'p>,
    usual_order: DayOrder,
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
        Self {
            lookers,
            parts: [Part::default(), Part::default()],
            splitter: Splitter::new(opening.delimiter),
            ends: Vec::new(),
            carry: Vec::new(),
            carried: 0,
            no_row_yet: opening.first_is_no_row,
            notes: Notes::new(&opening, profile, options, size),
            opening,
            usual_order: settings.day_order(),
        }
    }

    /// Reserves memory for a text of `bytes` bytes that begins with the piece, so that tables do not grow step by
    /// step.
    pub fn expect(&mut self, bytes: u64, piece: &[u8]) {
        let delimiter = self.opening.delimiter;
        let sample = &piece[..piece.len().min(SAMPLE)];
        let rows =
            crate::file::split::records(sample, delimiter).len() as u64 * bytes / sample.len().max(1) as u64;
        self.notes.repeats.expect(rows.min(EXPECTED_AT_MOST));
    }

    /// Reads a piece of the decoded text; the first one starts after the bytes that the opening skips.
    pub fn feed(&mut self, piece: &[u8]) {
        // A record that began in an earlier piece, and those above the first row, come one after the other.
        let (mut cut_to, mut seen_to) = (0, 0);
        while cut_to < piece.len() && (self.carried > 0 || self.no_row_yet) {
            let here = cut_to..piece.len().min(cut_to + ONE_BY_ONE);
            let mut ends = std::mem::take(&mut self.ends);
            ends.clear();
            self.splitter.feed(&piece[here.clone()], &mut ends);
            for end in &ends {
                let upto = here.start + end.end;
                self.close_record(&piece[seen_to..upto], end.terminator, end.lines);
                seen_to = upto;
            }
            (self.ends, cut_to) = (ends, here.end);
        }
        let rest = Rest { piece, cut_to, seen_to: &mut seen_to, splitter: &mut self.splitter };
        look_at_all(rest, &mut self.lookers, &mut self.parts, &mut self.notes);
        self.carry_on(&piece[seen_to..]);
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
            let escapes = memchr::memchr(0x1b, bytes).is_some();
            self.no_row_yet = self.opening.mapping.has_header && !filled;
            return self.notes.pass((bad_bytes, escapes), len, lines);
        }
        self.lookers[0].keys.clear();
        let seen = self.lookers[0].look(bytes, whole, lines);
        self.notes.note(&seen, &self.lookers[0].keys, len, lines);
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
        let memory = self.notes.repeats.full_from().map(|row| u64::from(row) - 1);
        let limit = memory.unwrap_or(limits::ROWS).min(limits::ROWS);
        if self.notes.last_filled > limit {
            errors.push(
                Finding::new(Code::TooManyRows).arg("limit", limit).arg("rows", self.notes.last_filled),
            );
        }
        let unclosed = errors.iter().any(|finding| finding.code == Code::QuoteUnclosed);
        if self.no_row_yet && self.opening.mapping.has_header && !unclosed {
            // Blank records after the last filled one do not count: here none is filled.
            errors = vec![Finding::new(Code::FileEmpty)];
        }
        if errors.is_empty() && self.notes.last_filled == 0 {
            errors.push(Finding::new(Code::NoRows));
        }
        if errors.is_empty() {
            errors = self.opening.mapping.fit(self.notes.widest, self.notes.profile);
        }
        self.notes.end_at_last_filled();
        self.notes.tell_repeats();
        let (day_orders, mut warnings) = self.decide_orders();
        // A refused file imports nothing, and its first record may be a person's data rather than a header.
        if errors.is_empty() {
            warnings.extend(self.unmapped_with_data());
        }
        warnings.extend(self.notes.headers.finding(Code::HeaderRepeated));
        warnings.extend(self.notes.quotes.finding(Code::QuotesIrregular));
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
            rows: self.notes.last_filled,
            chunks: self.notes.chunks,
            surplus: self.notes.surplus,
            no_text: self.notes.no_text,
            escapes: self.notes.escapes,
        }
    }

    /// The finding if the option `rows` selects no row of the file: nothing is imported, although no row has an
    /// error.
    fn none_chosen(&self) -> Option<Finding> {
        let rows = self.notes.options.rows.as_ref().filter(|rows| rows.first() > self.notes.last_filled)?;
        let finding = Finding::new(Code::RowsNotChosen).value(rows.to_string());
        Some(finding.arg("found", self.notes.last_filled))
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
            orders.insert(self.notes.profile.fields[field].name.to_string(), order);
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
        let unmapped = sender.left_over(self.notes.profile, self.notes.options);
        let filled: Vec<usize> = unmapped.into_iter().filter(|at| !empty(at)).collect();
        sender.tell_left_over(&filled, self.notes.profile, self.notes.options)
    }
}

/// Bytes that are examined to estimate the length of records.
const SAMPLE: usize = 64 * 1024;

/// The most keys for which memory is reserved, so that a wrong estimate costs no more.
const EXPECTED_AT_MOST: u64 = 4_000_000;

/// Bytes that are read one record after the other, where a record began in an earlier piece.
const ONE_BY_ONE: usize = 16 * 1024;
