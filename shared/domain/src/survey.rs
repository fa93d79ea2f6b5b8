//! The survey: the first of two readings. It decides all that needs the whole file, and gives the verdict.
//!
//! Delimiter and columns from the beginning; then record by record the chunks' borders, the last filled row,
//! which identities stand several times, what is irregular. Memory is 20 bytes for each distinct identity and a
//! little for each chunk, whatever the file's size.

use std::collections::BTreeMap;

use crate::cells::Cells;
use crate::clean::date::OrderSeen;
use crate::clean::{DayOrder, Holds, mend};
use crate::decode::Found;
use crate::delimiter::{CANDIDATES, detect_delimiter, sep_line};
use crate::finding::{Code, Finding};
use crate::limits;
use crate::mapping::{Mapping, RESULT_ROW};
use crate::options::{FirstLine, Options, parse_delimiter};
use crate::packed::Packing;
use crate::plan::{ChunkPlan, ChunkSize};
use crate::preamble::{Headers, Preamble};
use crate::profile::{FieldIndex, FieldKind, Profile};
use crate::record;
use crate::repeats::Repeats;
use crate::row::{Cleaner, Values, identity_part, trim};
use crate::settings::Settings;
use crate::split::{RecordEnd, Splitter, Tail};
use crate::workbook::{self, Sheet};

/// What the survey found: the file's verdict, and all that a plan needs.
#[derive(Debug, Clone, Default)]
pub struct Surveyed {
    /// What speaks against the file; accepted where nothing does.
    pub errors: Vec<Finding>,
    /// What is to be said of the file as a whole.
    pub warnings: Vec<Finding>,
    /// How dates with numbers only are read, by field.
    pub day_orders: BTreeMap<String, DayOrder>,
    /// How the object's bytes become text, and how sure that is; whoever decodes fills it in.
    pub encoding: Option<Found>,
    /// How the object is packed; whoever unpacks fills it in.
    pub packing: Option<Packing>,
    /// The sheet of a workbook; whoever decodes fills it in.
    pub sheet: Option<Sheet>,
    /// What separates cells.
    pub delimiter: Option<u8>,
    /// Which column holds what.
    pub mapping: Mapping,
    /// Physical lines above the header.
    pub preamble: u64,
    /// Data records, blank ones included, up to the last filled one.
    pub rows: u64,
    /// Runs of rows that tile the file.
    pub chunks: Vec<ChunkPlan>,
    /// Some row has more cells than the file has columns.
    pub surplus: bool,
    /// Some record holds bytes that are not UTF-8.
    pub no_text: bool,
}

impl Surveyed {
    /// The sign between cells, as documents say it; a workbook has none.
    pub fn sign(&self) -> Option<String> {
        let delimiter = self.delimiter.filter(|_| self.sheet.is_none());
        delimiter.map(|delimiter| char::from(delimiter).to_string())
    }
}

/// What is decided from the beginning of a file.
#[derive(Debug, Clone)]
pub struct Opening {
    /// What separates cells.
    pub delimiter: u8,
    /// Bytes in front of the first record: a `sep=` line, and what stands above the header.
    pub skip: usize,
    /// Physical lines of them.
    pub lines: u64,
    /// Physical lines above the header.
    pub preamble: u64,
    /// Which column holds what.
    pub mapping: Mapping,
    /// The first record is no row.
    pub first_is_no_row: bool,
    /// The text is a sheet's: a record is a row of it, and one line, whatever its cells hold.
    pub of_sheet: bool,
    /// What speaks against the file already.
    pub errors: Vec<Finding>,
}

impl Opening {
    /// Decides delimiter and columns from the beginning of the decoded text; `complete` where that is all of it.
    pub fn of(sample: &[u8], complete: bool, profile: &Profile, options: &Options) -> Self {
        let known = |header: &str| profile.field_of_header(header).is_some() || is_result_column(header);
        let sep = sep_line(sample);
        let skip = sep.map_or(0, |(_, len)| len);
        let sample = &sample[skip..];
        let detected = detect_delimiter(sample, complete, &known);
        let allowed: Vec<u8> = profile.delimiters().iter().filter_map(|name| parse_delimiter(name)).collect();
        let told = options.delimiter.or(sep.map(|(delimiter, _)| delimiter));
        let unsure = if detected.sure { None } else { allowed.first().copied() };
        let mut delimiter = told.or(unsure).unwrap_or(detected.delimiter);
        let lines = u64::from(skip > 0);
        let headers = Headers::of(profile, options);
        let above = headers.and_then(|headers| {
            let tried = told.map_or(CANDIDATES.to_vec(), |told| vec![told]);
            let found = |delimiter: u8| Some((delimiter, headers.preamble(sample, delimiter)?));
            // The best reading of the first record decides whether there is anything to look for.
            let first = nth_record(sample, delimiter, 0, true);
            let open = headers.names_none(&first.iter().take(limits::SHEET_COLUMNS).collect::<Vec<_>>());
            tried.into_iter().filter(|_| open).find_map(found)
        });
        let mut preamble = Preamble::default();
        if let Some((found, above)) = above {
            (delimiter, preamble) = (found, above);
        }
        let (skip, sample) = (skip + preamble.bytes, &sample[preamble.bytes..]);
        let mut errors = Vec::new();
        if !allowed.is_empty() && !allowed.contains(&delimiter) {
            let named = |byte: u8| char::from(byte).to_string();
            let list: Vec<String> = allowed.iter().copied().map(named).collect();
            let finding = Finding::new(Code::DelimiterNotAllowed).value(named(delimiter));
            errors.push(finding.arg("allowed", list.join(" ")));
        }
        let mapping = map_columns(sample, delimiter, profile, options);
        let first_is_no_row = mapping.has_header || options.first_line == FirstLine::Ignore;
        if errors.is_empty() {
            errors = mapping.findings(profile);
            errors.extend(mapping.unmet(options));
        }
        if !complete && crate::cut::records(sample, delimiter).len() < 2 {
            // Its columns cannot be known.
            let finding = Finding::new(Code::FormatUnsupported).value("a first record of more than 4 MiB");
            errors = vec![finding];
        }
        Self {
            delimiter,
            skip,
            lines: lines + preamble.lines,
            preamble: preamble.lines,
            mapping,
            first_is_no_row,
            of_sheet: false,
            errors,
        }
    }

    /// Decides the columns from the beginning of a sheet's text: there is no delimiter to be found or allowed.
    pub fn of_sheet(sample: &[u8], profile: &Profile, options: &Options) -> Self {
        let headers = Headers::of(profile, options);
        let above = headers.and_then(|headers| headers.preamble(sample, workbook::DELIMITER));
        let Preamble { bytes: skip, .. } = above.unwrap_or_default();
        // A row of the sheet is a record, and a line, whatever its cells hold.
        let lines = crate::cut::records(&sample[..skip], workbook::DELIMITER).len() as u64;
        let mapping = map_columns(&sample[skip..], workbook::DELIMITER, profile, options);
        let mut errors = mapping.findings(profile);
        errors.extend(mapping.unmet(options));
        Self {
            delimiter: workbook::DELIMITER,
            skip,
            lines,
            preamble: lines,
            first_is_no_row: mapping.has_header || options.first_line == FirstLine::Ignore,
            of_sheet: true,
            mapping,
            errors,
        }
    }
}

fn is_result_column(header: &str) -> bool {
    header.trim().starts_with("rollcall_")
}

/// Maps the columns: the header names them, or the first record that is a row shows how many there are.
fn map_columns(sample: &[u8], delimiter: u8, profile: &Profile, options: &Options) -> Mapping {
    let first = nth_record(sample, delimiter, 0, options.first_line == FirstLine::Header);
    let comes_back = first.iter().any(|cell| cell.trim() == RESULT_ROW);
    if comes_back || options.first_line == FirstLine::Header {
        let header: Vec<&str> = first.iter().take(limits::SHEET_COLUMNS).collect();
        return Mapping::with_header(&header, profile, options);
    }
    let passed = usize::from(options.first_line == FirstLine::Ignore);
    let width = nth_record(sample, delimiter, passed, true).len().min(limits::SHEET_COLUMNS);
    Mapping::without_header(width, profile, options)
}

/// A record by its number; where blank ones do not count, the first filled one from there on.
fn nth_record(sample: &[u8], delimiter: u8, number: usize, pass_blank: bool) -> Cells {
    let mut cells = Cells::default();
    let mut start = 0;
    for (at, end) in crate::cut::records(sample, delimiter).into_iter().enumerate() {
        let (text, _) = record::text(&sample[start..end.end - usize::from(end.terminator)], delimiter);
        start = end.end;
        if at < number {
            continue;
        }
        cells.parse(&text, delimiter);
        if !pass_blank || !cells.is_blank() {
            return cells;
        }
    }
    cells
}

/// The survey under way.
pub struct Survey<'p> {
    cleaner: Cleaner<'p>,
    options: &'p Options,
    size: ChunkSize,
    opening: Opening,
    sender: Option<Mapping>,
    splitter: Splitter,
    ends: Vec<RecordEnd>,
    /// The beginning of the record under way, from earlier pieces; at most what is looked at of it.
    carry: Vec<u8>,
    /// Length of the record under way in earlier pieces.
    carried: u64,
    /// Offset in the decoded text of the record under way.
    at: u64,
    line: u64,
    no_row_yet: bool,
    row: u64,
    last_filled: u64,
    chunk: ChunkPlan,
    weight: u64,
    /// Where the open chunk would end, were its last filled row the last of the file.
    filled: (u32, u64),
    chunks: Vec<ChunkPlan>,
    cells: Cells,
    /// The record taken apart last holds bytes that are not text.
    bad_bytes: bool,
    values: Values,
    key: String,
    told_apart_by: Vec<FieldIndex>,
    repeats: Repeats,
    surplus: bool,
    no_text: bool,
    /// Cells of the longest filled record.
    widest: usize,
    /// Where dates are, and what their cells say about the order of day and month.
    dates: Vec<(FieldIndex, usize, OrderSeen)>,
    usual_order: DayOrder,
}

impl<'p> Survey<'p> {
    /// Begins a survey of a file whose opening is known.
    pub fn new(
        opening: Opening,
        profile: &'p Profile,
        options: &'p Options,
        settings: &Settings,
        size: ChunkSize,
    ) -> Self {
        let sender = opening.mapping.sender();
        let cleaner = Cleaner::new(profile, &sender, settings.phone_region(), options.allow_duplicates);
        let mut told_apart_by: Vec<FieldIndex> = profile.identity.iter().flatten().copied().collect();
        told_apart_by.extend(&profile.repeat.keys);
        told_apart_by.extend(profile.repeat.adds);
        let place = |field: FieldIndex| cleaner.column(field).position.map(|place| place as usize - 1);
        let dates = (profile.fields_of(FieldKind::Date))
            .filter_map(|field| Some((field, place(field)?, OrderSeen::default())))
            .collect();
        let at = opening.skip as u64;
        let first_line = 1 + opening.lines;
        Self {
            cleaner,
            options,
            size,
            sender: opening.mapping.comes_back.then_some(sender),
            splitter: Splitter::new(opening.delimiter),
            no_row_yet: opening.first_is_no_row,
            opening,
            ends: Vec::new(),
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
            cells: Cells::default(),
            bad_bytes: false,
            values: Values::default(),
            key: String::new(),
            told_apart_by,
            repeats: Repeats::default(),
            surplus: false,
            no_text: false,
            widest: 0,
            dates,
            usual_order: settings.day_order(),
        }
    }

    /// Reads a piece of the decoded text; the first one without what the opening skips.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut ends = std::mem::take(&mut self.ends);
        ends.clear();
        self.splitter.feed(piece, &mut ends);
        let mut start = 0;
        for end in &ends {
            self.close_record(&piece[start..end.end], end.terminator, end.lines);
            start = end.end;
        }
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
            let end = whole as usize;
            self.see_record(&rest[..end], len, whole, lines);
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

    /// One record: `bytes` may be only its beginning where it is too large.
    fn see_record(&mut self, bytes: &[u8], len: u64, whole: u64, lines: u32) {
        let lines = if self.opening.of_sheet { 1 } else { lines };
        let too_large = whole > limits::ROW_BYTES as u64;
        if self.no_row_yet {
            let blank = self.opening.mapping.has_header && !self.take_apart(bytes, too_large);
            self.pass(len, lines);
            self.no_row_yet = blank;
            return;
        }
        let filled = self.take_apart(bytes, too_large);
        if self.row >= u64::from(u32::MAX) {
            return;
        }
        let weight = if too_large { limits::ROW_BYTES as u64 } else { weight(bytes) } + ROW_WEIGHT;
        let full = self.chunk.rows >= self.size.rows || self.weight + weight > self.size.bytes;
        if full && self.chunk.rows > 0 {
            self.close_chunk();
        }
        self.row += 1;
        self.weight += weight;
        self.chunk.rows += 1;
        self.chunk.irregular |= too_large || self.bad_bytes;
        self.at += len;
        self.line += u64::from(lines);
        if filled {
            self.last_filled = self.row;
            self.filled = (self.chunk.rows, self.at);
            self.widest = self.widest.max(self.cells.len());
            let cells = &self.cells;
            let date = |cell: usize| mend(trim(cells.get(cell)), Holds::Value);
            self.dates.iter_mut().for_each(|(_, cell, seen)| seen.see(&date(*cell)));
            if self.options.rows.as_ref().is_none_or(|rows| rows.contains(self.row)) {
                self.surplus |= self.cells.len() > self.cleaner.width();
                self.register();
            }
        }
    }

    /// Passes over a record that is no row.
    fn pass(&mut self, len: u64, lines: u32) {
        self.at += len;
        self.line += u64::from(lines);
        self.chunk = ChunkPlan::beginning(self.at, 1, self.line);
        self.filled = (0, self.at);
    }

    /// Takes a record apart as the worker will; `false` where it is blank.
    fn take_apart(&mut self, bytes: &[u8], too_large: bool) -> bool {
        let delimiter = self.opening.delimiter;
        if too_large {
            record::seen(bytes, delimiter, &mut self.cells);
        } else {
            let (text, bad) = record::text(bytes, delimiter);
            self.bad_bytes = !bad.is_empty();
            self.no_text |= self.bad_bytes;
            self.cells.parse(&text, delimiter);
        }
        if self.sender.is_some() && !self.no_row_yet {
            let record = self.opening.mapping.sender_record(&self.cells, delimiter);
            self.cells.parse(&record, delimiter);
        }
        too_large || !self.cells.is_blank()
    }

    /// Notes what the row is told apart by.
    fn register(&mut self) {
        self.values.clear();
        self.cleaner.clean_some(&self.cells, &self.told_apart_by, &mut self.values);
        let values = self.cleaner.last(&self.values);
        if !self.cleaner.identity(values, None, &mut self.key) {
            return;
        }
        let row = self.row as u32;
        let repeat = &self.cleaner.profile.repeat;
        let part = |field: FieldIndex| {
            let mut part = String::new();
            identity_part(self.cleaner.profile.fields[field].kind, values.get(field), &mut part);
            Some(part).filter(|part| !part.is_empty())
        };
        if self.options.allow_duplicates {
            self.repeats.count(row, &self.key);
        } else if repeat.keys.is_empty() {
            let adds = repeat.adds.and_then(part);
            self.repeats.see(row, &self.key, adds.as_deref());
        } else {
            let keys: Vec<String> = repeat.keys.iter().copied().filter_map(part).collect();
            self.repeats.see_any(row, &keys);
        }
    }

    fn close_chunk(&mut self) {
        let next = ChunkPlan::beginning(self.at, self.row + 1, self.line);
        let mut chunk = std::mem::replace(&mut self.chunk, next);
        chunk.end = self.at;
        self.chunks.push(chunk);
        self.weight = 0;
    }

    /// Ends the survey where the file ends, and gives the verdict.
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
        if self.last_filled > limits::ROWS {
            errors.push(
                Finding::new(Code::TooManyRows).arg("limit", limits::ROWS).arg("rows", self.last_filled),
            );
        }
        let unclosed = errors.iter().any(|finding| finding.code == Code::QuoteUnclosed);
        if self.no_row_yet && self.opening.mapping.has_header && !unclosed {
            // Blank records behind the last filled one do not exist: here none is filled.
            errors = vec![Finding::new(Code::FileEmpty)];
        }
        if errors.is_empty() && self.last_filled == 0 {
            errors.push(Finding::new(Code::NoRows));
        }
        if errors.is_empty() {
            errors = self.opening.mapping.fit(self.widest, self.cleaner.profile);
        }
        self.end_at_last_filled();
        self.tell_repeats();
        let (day_orders, warnings) = self.decide_orders();
        Surveyed {
            errors,
            warnings,
            day_orders,
            encoding: None,
            packing: None,
            sheet: None,
            delimiter: Some(self.opening.delimiter),
            preamble: self.opening.preamble,
            mapping: self.opening.mapping,
            rows: self.last_filled,
            chunks: self.chunks,
            surplus: self.surplus,
            no_text: self.no_text,
        }
    }

    /// Decides how each column of dates is read, and says where that had to be assumed (DIG-14).
    fn decide_orders(&self) -> (BTreeMap<String, DayOrder>, Vec<Finding>) {
        let (mut orders, mut warnings) = (BTreeMap::new(), Vec::new());
        for (field, _, seen) in &self.dates {
            let (order, assumed) = seen.decide(self.usual_order);
            orders.insert(self.cleaner.profile.fields[*field].name.to_string(), order);
            if assumed {
                let finding = Finding::on(Code::DateOrderAssumed, self.cleaner.column(*field));
                warnings.push(finding.arg("order", order.as_str()));
            }
        }
        (orders, warnings)
    }

    /// Blank records behind the last filled one do not exist.
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

/// What a row's mark may take in a message.
const ROW_WEIGHT: u64 = 64;

/// Bytes that a record takes in a JSON message at most: quotes are escaped by one byte, controls by up to five.
fn weight(bytes: &[u8]) -> u64 {
    let quotes = bytes.iter().filter(|byte| **byte == b'"' || **byte == b'\\').count();
    let controls = bytes.iter().filter(|byte| **byte < 0x20).count();
    (bytes.len() + quotes + 5 * controls) as u64
}

impl ChunkPlan {
    fn beginning(start: u64, first_row: u64, first_line: u64) -> Self {
        Self { start, end: start, first_row, rows: 0, first_line, irregular: false, repeats: Vec::new() }
    }
}
