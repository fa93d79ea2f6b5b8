//! The opening of a file: determines delimiter, first record and mapping from its beginning.

use crate::file::cells::Cells;
use crate::file::dialect::Dialect;
use crate::file::record_text;
use crate::file::split::{Splitter, Tail, records};
use crate::file::workbook;
use crate::file::write::parse_delimiter;
use crate::plan::columns::RESULT_ROW;
use crate::plan::mapping::{MappedColumn, Mapping, Role, holds_address, holds_phone};
use crate::profile::aliases::is_named;
use crate::profile::compiled::Profile;
use crate::profile::options::{FirstLine, Options};
use crate::survey::delimiter::{CANDIDATES, DetectionContext, detect_delimiter, sep_line};
use crate::survey::preamble::{Headers, Located, Preamble};
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Finding;
use crate::types::limits;

/// Everything that the beginning of a file determines.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The delimiter.
    pub delimiter: u8,
    /// The quoting dialect; all other members refer to the text in the ordinary dialect.
    pub dialect: Dialect,
    /// The role of the first record if it is not a header.
    pub first_line: FirstLine,
    /// Bytes before the first record: a `sep=` line, and lines above the header.
    pub skip: usize,
    /// Physical lines in these bytes.
    pub lines: u64,
    /// Physical lines above the header.
    pub preamble: u64,
    /// The role of each column.
    pub mapping: Mapping,
    /// Whether the first record is not a row.
    pub first_is_no_row: bool,
    /// Whether the text comes from a sheet: then a record is one row and one line, whatever its cells contain.
    pub of_sheet: bool,
    /// Findings that refuse the file already.
    pub errors: Vec<Finding>,
}

impl Opening {
    /// Determines dialect, delimiter and columns from the beginning of the decoded text; `complete` if that is the
    /// whole text.
    pub fn of(sample: &[u8], complete: bool, profile: &Profile, options: &Options) -> Self {
        let opening = Self::ordinary(sample, complete, profile, options);
        let looked_at = &sample[..sample.len().min(QUOTES_LOOKED_AT)];
        let whole = complete && looked_at.len() == sample.len();
        let dialect = Dialect::detect(looked_at, opening.delimiter, whole);
        // Rollcall writes result files in the ordinary dialect.
        if dialect.is_ordinary() || opening.mapping.is_result_file {
            return opening;
        }
        let rewritten = dialect.rewrite(sample, opening.delimiter);
        let again = Self::ordinary(&rewritten, complete, profile, options);
        if again.delimiter == opening.delimiter { Self { dialect, ..again } } else { opening }
    }

    /// The same for a text in the ordinary dialect.
    fn ordinary(sample: &[u8], complete: bool, profile: &Profile, options: &Options) -> Self {
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
        let above = headers.and_then(|headers| header_below(headers, sample, delimiter, told));
        let mut preamble = Preamble::default();
        if let Some((found, located)) = above {
            (delimiter, preamble) = (found, located.above);
        }
        let (skip, sample) = (skip + preamble.bytes, &sample[preamble.bytes..]);
        let mut errors = Vec::new();
        let Columns { mapping, first_line, refused } = map_columns(sample, delimiter, profile, options);
        errors.extend(not_allowed(delimiter, &allowed).filter(|_| !mapping.is_result_file));
        let first_is_no_row = mapping.has_header || options.first_line == FirstLine::Ignore;
        let is_unclosed = refused.is_some() && complete && ends_within_quotes(sample, delimiter);
        let is_refused = refused.is_some() && !is_unclosed;
        if let Some(finding) = refused {
            // A quote that is never closed makes a header too long: the survey reports where the quote is.
            errors = if is_unclosed { Vec::new() } else { vec![finding] };
        } else if errors.is_empty() {
            errors = mapping.findings(profile);
            errors.extend(mapping.unmet(options));
        }
        if !is_refused && !complete && records(sample, delimiter).len() < 2 {
            // Its columns are unknown.
            let finding = Finding::new(Code::FormatUnsupported).value("a first record of more than 4 MiB");
            errors = vec![finding];
        }
        Self {
            delimiter,
            dialect: Dialect::default(),
            first_line,
            skip,
            lines: lines + preamble.lines,
            preamble: preamble.lines,
            mapping,
            first_is_no_row,
            of_sheet: false,
            errors,
        }
    }

    /// Determines the columns from the beginning of a sheet's text; a sheet has no delimiter to detect or allow.
    pub fn of_sheet(sample: &[u8], profile: &Profile, options: &Options) -> Self {
        let headers = Headers::of(profile, options);
        let found = headers.and_then(|headers| headers.locate(sample, workbook::DELIMITER));
        let Preamble { bytes: skip, .. } = found.map(|found| found.above).unwrap_or_default();
        // A row of the sheet is one record and one line, whatever its cells contain.
        let lines = records(&sample[..skip], workbook::DELIMITER).len() as u64;
        let columns = map_columns(&sample[skip..], workbook::DELIMITER, profile, options);
        let Columns { mapping, first_line, refused } = columns;
        let errors = match refused {
            Some(finding) => vec![finding],
            None => [mapping.findings(profile), mapping.unmet(options)].concat(),
        };
        Self {
            delimiter: workbook::DELIMITER,
            dialect: Dialect::default(),
            first_line,
            skip,
            lines,
            preamble: lines,
            first_is_no_row: mapping.has_header || options.first_line == FirstLine::Ignore,
            of_sheet: true,
            mapping,
            errors,
        }
    }

    /// Whether the header exceeds a limit: then the rest of the file is not read.
    pub fn is_refused_at_once(&self) -> bool {
        let codes = [Code::TooManyColumns, Code::HeaderTooLong];
        self.errors.iter().any(|finding| codes.contains(&finding.code))
    }
}

/// The header below the first record, with its delimiter.
fn header_below(
    headers: Headers<'_>,
    sample: &[u8],
    delimiter: u8,
    told: Option<u8>,
) -> Option<(u8, Located)> {
    // The best reading of the first record determines whether to look for lines above the header.
    let first = nth_record(sample, delimiter, 0, true);
    let names: Vec<&str> = first.iter().collect();
    if beyond_limits(&first, false).is_some() || !headers.leaves_open(&names) {
        return None;
    }
    let tried = told.map_or(CANDIDATES.to_vec(), |told| vec![told]);
    let found = |delimiter: u8| Some((delimiter, headers.locate(sample, delimiter)?));
    let all: Vec<_> = tried.into_iter().filter_map(found).collect();
    let complete = all.iter().find(|(_, found)| found.complete);
    // Of equal ones, the delimiter that comes first.
    complete.or_else(|| all.iter().rev().max_by_key(|(_, found)| found.fields)).copied()
}

fn is_result_column(header: &str) -> bool {
    header.trim().starts_with("rollcall_")
}

/// Bytes of a file that are examined for the quoting dialect.
const QUOTES_LOOKED_AT: usize = 1024 * 1024;

/// Records of a list without a header that determine its columns.
const RECORDS_LOOKED_AT: usize = 200;

/// The result of reading the first record.
struct Columns {
    mapping: Mapping,
    first_line: FirstLine,
    /// The reason to refuse the file before its columns are mapped.
    refused: Option<Finding>,
}

/// Maps the columns: by the header, or by the number of cells of the first row.
///
/// Limits are checked first: a header that exceeds one is not mapped.
fn map_columns(sample: &[u8], delimiter: u8, profile: &Profile, options: &Options) -> Columns {
    let may_be_header = options.first_line.may_be_header();
    let first = nth_record(sample, delimiter, 0, may_be_header);
    let is_result_file = first.iter().any(|cell| cell.trim() == RESULT_ROW);
    if is_result_file || may_be_header {
        if let Some(columns) = beyond_limits(&first, is_result_file) {
            return columns;
        }
        let header: Vec<&str> = first.iter().collect();
        if is_result_file || !is_row(&header, profile, options) {
            let mapping = Mapping::with_header(&header, profile, options);
            return Columns { mapping, first_line: FirstLine::Header, refused: None };
        }
        let mapping = match &options.columns {
            Some(_) => Mapping::without_header(first.len(), profile, options),
            None => Mapping::by_content(&sample_of(sample, delimiter), profile),
        };
        return Columns { mapping, first_line: FirstLine::Data, refused: None };
    }
    let passed = usize::from(options.first_line == FirstLine::Ignore);
    let width = nth_record(sample, delimiter, passed, true).len().min(limits::SHEET_COLUMNS);
    let mapping = Mapping::without_header(width, profile, options);
    Columns { mapping, first_line: options.first_line, refused: None }
}

/// Whether the first record of a file is a row (`first_line = auto`): it contains an address or a phone, and no known
/// header.
pub(super) fn is_row(first: &[&str], profile: &Profile, options: &Options) -> bool {
    let has = |kind: FieldKind| profile.fields_of(kind).next().is_some();
    let holds = |cell: &&str| {
        (has(FieldKind::Email) && holds_address(cell)) || (has(FieldKind::Phone) && holds_phone(cell))
    };
    let named = |cell: &&str| {
        let given = options.map.iter().any(|(header, _)| is_named(cell, header));
        given || profile.field_of_header(cell).is_some() || is_result_column(cell)
    };
    options.first_line == FirstLine::Auto && first.iter().any(holds) && !first.iter().any(named)
}

/// The first records of a list, cell by cell.
fn sample_of(sample: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let (mut cells, mut rows) = (Cells::default(), Vec::new());
    for record in records(sample, delimiter).take(RECORDS_LOOKED_AT) {
        let (text, _) = record_text::text(&sample[record.body], delimiter);
        cells.parse(&text, delimiter);
        if !cells.is_blank() {
            rows.push(cells.iter().map(str::to_owned).collect());
        }
    }
    rows
}

/// The finding for a delimiter that the profile does not allow.
///
/// Result files are exempt: Rollcall chose their delimiter, and a comma for a workbook.
fn not_allowed(delimiter: u8, allowed: &[u8]) -> Option<Finding> {
    let named = |byte: u8| char::from(byte).to_string();
    let list: Vec<String> = allowed.iter().copied().map(named).collect();
    let is_allowed = allowed.is_empty() || allowed.contains(&delimiter);
    let finding =
        || Finding::new(Code::DelimiterNotAllowed).value(named(delimiter)).arg("allowed", list.join(" "));
    (!is_allowed).then(finding)
}

fn ends_within_quotes(sample: &[u8], delimiter: u8) -> bool {
    let mut splitter = Splitter::new(delimiter);
    splitter.feed(sample, &mut Vec::new());
    matches!(splitter.finish(), Tail::QuoteUnclosed { .. })
}

/// The columns of a header that is too wide, or has a header that is too long: none of them is mapped.
fn beyond_limits(header: &Cells, is_result_file: bool) -> Option<Columns> {
    let is_long = |cell: &str| {
        cell.len() > limits::HEADER_CHARACTERS && cell.chars().nth(limits::HEADER_CHARACTERS).is_some()
    };
    let most = if is_result_file { limits::HEADER_COLUMNS } else { limits::COLUMNS };
    let refused = if header.len() > most {
        Finding::new(Code::TooManyColumns).arg("limit", limits::COLUMNS).arg("columns", header.len())
    } else {
        let at = header.iter().position(is_long)?;
        let finding = Finding::new(Code::HeaderTooLong).arg("limit", limits::HEADER_CHARACTERS);
        finding.arg("position", at + 1)
    };
    let shown = |cell: &str| match cell.char_indices().nth(limits::HEADER_SHOWN) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    };
    let unmapped = |cell: &str| MappedColumn { header: shown(cell), role: Role::Unmapped };
    let columns = header.iter().take(limits::SHEET_COLUMNS).map(unmapped).collect();
    let mapping = Mapping { columns, has_header: true, ..Mapping::default() };
    Some(Columns { mapping, first_line: FirstLine::Header, refused: Some(refused) })
}

/// A record by its number; if blank records do not count, the first filled one from there on.
fn nth_record(sample: &[u8], delimiter: u8, number: usize, pass_blank: bool) -> Cells {
    let mut cells = Cells::default();
    for record in records(sample, delimiter).skip(number) {
        let (text, _) = record_text::text(&sample[record.body], delimiter);
        cells.parse(&text, delimiter);
        if !pass_blank || !cells.is_blank() {
            return cells;
        }
    }
    cells
}
