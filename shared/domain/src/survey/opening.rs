//! The opening of a file: delimiter, first record and mapping, decided from its beginning.

use crate::file::cells::Cells;
use crate::file::record_text;
use crate::file::split::records;
use crate::file::workbook;
use crate::file::write::parse_delimiter;
use crate::plan::columns::RESULT_ROW;
use crate::plan::mapping::Mapping;
use crate::profile::compiled::Profile;
use crate::profile::options::{FirstLine, Options};
use crate::survey::delimiter::{CANDIDATES, DetectionContext, detect_delimiter, sep_line};
use crate::survey::preamble::{Headers, Preamble};
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::limits;

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
        let allowed: Vec<u8> = profile.delimiters().iter().filter_map(|name| parse_delimiter(name)).collect();
        let told = options.delimiter.or(sep.map(|(delimiter, _)| delimiter));
        let first_line = options.first_line;
        let knowing = DetectionContext { complete, first_line, allowed: &allowed, header: &known };
        let detected = detect_delimiter(sample, &knowing);
        let usual = allowed.first().copied().filter(|_| !detected.found);
        let mut delimiter = told.or(usual).unwrap_or(detected.delimiter);
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
        let mapping = map_columns(sample, delimiter, profile, options);
        // What comes back has the delimiter that we gave it: a workbook's is a comma.
        if !allowed.is_empty() && !allowed.contains(&delimiter) && !mapping.is_result_file {
            let named = |byte: u8| char::from(byte).to_string();
            let list: Vec<String> = allowed.iter().copied().map(named).collect();
            let finding = Finding::new(Code::DelimiterNotAllowed).value(named(delimiter));
            errors.push(finding.arg("allowed", list.join(" ")));
        }
        let first_is_no_row = mapping.has_header || options.first_line == FirstLine::Ignore;
        if errors.is_empty() {
            errors = mapping.findings(profile);
            errors.extend(mapping.unmet(options));
        }
        if !complete && records(sample, delimiter).len() < 2 {
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
        let lines = records(&sample[..skip], workbook::DELIMITER).len() as u64;
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
    let is_result_file = first.iter().any(|cell| cell.trim() == RESULT_ROW);
    if is_result_file || options.first_line == FirstLine::Header {
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
    for (at, end) in records(sample, delimiter).into_iter().enumerate() {
        let (text, _) = record_text::text(&sample[start..end.end - usize::from(end.terminator)], delimiter);
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
