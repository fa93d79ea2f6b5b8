//! Reads one record for the survey, independently of earlier records, so that records can be read in parallel.

use memchr::{memchr, memchr_iter};

use crate::clean::date::OrderSeen;
use crate::clean::email::is_address;
use crate::clean::repair::trim;
use crate::clean::{Holds, repair};
use crate::file::cells::Cells;
use crate::file::record_text;
use crate::plan::mapping::Mapping;
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::options::Options;
use crate::profile::settings::Settings;
use crate::row::cleaner::Cleaner;
use crate::row::fold::identity_part;
use crate::row::values::Values;
use crate::survey::repeats::Key;
use crate::types::bytes;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Column;
use crate::types::limits;

use crate::survey::opening::Opening;

/// The survey's view of one record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) too_large: bool,
    pub(super) bad_bytes: bool,
    pub(super) escapes: bool,
    pub(super) filled: bool,
    pub(super) cells: usize,
    /// It has more cells than the file has columns.
    pub(super) surplus: bool,
    /// It has irregular quotes.
    pub(super) irregular: bool,
    /// It repeats the header.
    pub(super) repeats_header: bool,
    /// The most bytes that it uses in a message.
    pub(super) weight: u64,
    pub(super) identity: Option<Key>,
    /// The value that it adds to its identity.
    pub(super) adds: Option<Key>,
    /// The number of its keys in [`RecordScanner::keys`].
    pub(super) keys: usize,
}

/// Scans records for the survey.
pub(super) struct RecordScanner<'p> {
    cleaner: Cleaner<'p>,
    allow_duplicates: bool,
    delimiter: u8,
    /// The text comes from a sheet, so Rollcall wrote its quotes.
    of_sheet: bool,
    /// The sender's columns.
    sender: Mapping,
    /// The columns of the whole file, if it is a result file with result columns.
    is_result_file: Option<Mapping>,
    told_apart_by: Vec<FieldIndex>,
    /// The columns of dates, and the evidence in their cells for the order of day and month.
    pub(super) dates: Vec<(FieldIndex, usize, OrderSeen)>,
    /// Keys of the scanned records, in order, if a row has several.
    pub(super) keys: Vec<Key>,
    /// Columns without a field that were empty in every scanned record; a column leaves the list once it is filled.
    pub(super) not_yet_filled: Vec<usize>,
    cells: Cells,
    values: Values,
    text: String,
}

impl<'p> RecordScanner<'p> {
    pub(super) fn new(
        opening: &Opening,
        profile: &'p Profile,
        options: &'p Options,
        settings: &Settings,
    ) -> Self {
        let sender = opening.mapping.sender();
        let cleaner = Cleaner::new(profile, &sender, settings.phone_region(), options.allow_duplicates)
            .with_values(&options.value)
            .with_drop_invalid(options.drop_invalid)
            .with_clear_word(options.changes.clear_word.as_deref());
        let mut told_apart_by: Vec<FieldIndex> = profile.identity.iter().flatten().copied().collect();
        told_apart_by.extend(&profile.repeat.keys);
        told_apart_by.extend(profile.repeat.adds);
        // A cell with several values passes some on to fields of the same kind.
        let groups = told_apart_by.iter().filter_map(|field| profile.fields[*field].repeats);
        let beside: Vec<FieldIndex> = groups.flat_map(|group| &profile.repeated[group]).copied().collect();
        told_apart_by.extend(beside);
        told_apart_by.sort_unstable();
        told_apart_by.dedup();
        let places = |field: FieldIndex| {
            let ways = sender.alternatives(&profile.fields[field].name);
            ways.into_iter().map(move |way| (field, way.columns[0], OrderSeen::default()))
        };
        let dates = profile.fields_of(FieldKind::Date).chain(profile.fields_of(FieldKind::Timestamp));
        let dates = dates.flat_map(places).collect();
        let not_yet_filled = sender.left_over(profile, options);
        Self {
            cleaner,
            allow_duplicates: options.allow_duplicates,
            delimiter: opening.delimiter,
            is_result_file: opening.mapping.is_result_file.then(|| opening.mapping.clone()),
            of_sheet: opening.of_sheet,
            sender,
            told_apart_by,
            dates,
            keys: Vec::new(),
            not_yet_filled,
            cells: Cells::default(),
            values: Values::default(),
            text: String::new(),
        }
    }

    /// The column of a field.
    pub(super) fn column(&self, field: FieldIndex) -> &Column {
        self.cleaner.column(field)
    }

    /// Scans a record that is not a row: returns whether it is filled, and whether it contains bytes that are not
    /// text.
    pub(super) fn glance(&mut self, bytes: &[u8]) -> (bool, bool) {
        let (text, bad) = record_text::text(bytes, self.delimiter);
        self.cells.parse(&text, self.delimiter);
        (!self.cells.is_blank(), !bad.is_empty())
    }

    /// Scans a record of `whole` bytes; `bytes` is only its beginning if it is too large.
    pub(super) fn look(&mut self, bytes: &[u8], whole: u64, lines: u32) -> Seen {
        let mut seen = self.take_apart(bytes, whole);
        seen.cells = self.cells.len();
        seen.surplus = self.cells.has_surplus(self.sender.columns.len());
        seen.repeats_header = self.sender.is_repeated_by(&self.cells);
        seen.irregular |= lines > 1 && !self.of_sheet && !seen.too_large && self.swallows_rows();
        if seen.filled {
            let cells = &self.cells;
            let date = |cell: usize| repair(trim(cells.get(cell)), Holds::Value);
            self.dates.iter_mut().for_each(|(_, cell, order)| order.see(&date(*cell)));
            if !self.not_yet_filled.is_empty() {
                self.not_yet_filled.retain(|at| trim(cells.get(*at)).is_empty());
            }
            self.tell_apart(&mut seen);
        }
        seen
    }

    /// Parses a record as the worker will.
    fn take_apart(&mut self, bytes: &[u8], whole: u64) -> Seen {
        let mut seen = Seen { too_large: whole > limits::ROW_BYTES as u64, ..Seen::default() };
        if seen.too_large {
            record_text::seen(bytes, self.delimiter, &mut self.cells);
            seen.weight = limits::ROW_BYTES as u64;
        } else {
            let (text, bad) = record_text::text(bytes, self.delimiter);
            seen.bad_bytes = !bad.is_empty();
            self.cells.parse(&text, self.delimiter);
            (seen.weight, seen.escapes) = weight(bytes);
        }
        seen.irregular = self.cells.irregular() > 0;
        if let Some(mapping) = &self.is_result_file {
            let record = mapping.sender_record(&self.cells, self.delimiter);
            self.cells.parse(&record, self.delimiter);
        }
        seen.filled = seen.too_large || !self.cells.is_blank();
        seen
    }

    /// Whether a cell contains lines that look like records: with as many cells as the file has columns, one of them
    /// an address.
    #[cold]
    fn swallows_rows(&self) -> bool {
        let width = self.sender.columns.len();
        let lines = self.cells.iter().filter(|cell| cell.contains(['\n', '\r'])).flat_map(str::lines).skip(1);
        width > 1 && lines.take(LINES_READ).any(|line| is_shaped_like_a_record(line, width, self.delimiter))
    }

    /// Cleans the values that identify the row.
    fn tell_apart(&mut self, seen: &mut Seen) {
        self.values.clear();
        self.cleaner.clean_some(&self.cells, &self.told_apart_by, &mut self.values);
        let values = self.cleaner.last(&self.values);
        let has_identity = self.cleaner.identity(values, None, &mut self.text);
        seen.identity = has_identity.then(|| Key::of(&self.text));
        let profile = self.cleaner.profile;
        let mut part = |field: FieldIndex| {
            self.text.clear();
            identity_part(&profile.fields[field], values.get(field), &mut self.text);
            (!self.text.is_empty()).then(|| Key::of(&self.text))
        };
        if self.allow_duplicates {
            return;
        }
        if profile.repeat.keys.is_empty() {
            seen.adds = profile.repeat.adds.and_then(part);
        } else {
            let before = self.keys.len();
            self.keys.extend(profile.repeat.keys.iter().filter_map(|field| part(*field)));
            seen.keys = self.keys.len() - before;
        }
    }
}

/// The most lines of a cell that are examined.
const LINES_READ: usize = 1_000;

fn is_shaped_like_a_record(line: &str, width: usize, delimiter: u8) -> bool {
    let mut cells = Cells::default();
    cells.parse(line, delimiter);
    cells.len() == width && cells.iter().any(|cell| is_address(cell.trim()))
}

/// The most bytes that a record uses in a JSON message: escaping a quote adds one byte, a control character up to
/// five. Also returns whether it contains an ESC, which is only searched if there is a control character.
fn weight(bytes: &[u8]) -> (u64, bool) {
    let quotes = memchr_iter(b'"', bytes).count() + memchr_iter(b'\\', bytes).count();
    let has_controls = bytes::any(bytes, |all| all.is_within(0, 0x1f));
    let controls = if has_controls { bytes.iter().filter(|byte| **byte < 0x20).count() } else { 0 };
    let escapes = has_controls && memchr(0x1b, bytes).is_some();
    ((bytes.len() + quotes + 5 * controls) as u64, escapes)
}
