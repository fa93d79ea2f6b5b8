//! Maps columns to fields: by header, by position, or by the sender's options. One model covers all three.

use crate::plan::by_header;
use crate::plan::columns::RESULT_ROW;
pub use crate::plan::mapped_column::{Alternative, MappedColumn, Role};
use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::clean::email::is_address;
use crate::clean::repair::trim;
use crate::file::cells::Cells;
use crate::file::write::{unguard, write_record};
use crate::profile::aliases::is_named;
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::options::Options;
use crate::profile::raw::UnknownColumns;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::{Column, Finding};
use crate::types::limits;

/// The most headers that a finding names for columns that were not imported; it counts the others.
const COLUMNS_TOLD: usize = 20;

/// Quotes an argument for a shell.
fn quoted(argument: &str) -> String {
    if argument.contains(['"', '$', '`', '\\', '!']) {
        format!("'{}'", argument.replace('\'', "'\\''"))
    } else {
        format!("\"{argument}\"")
    }
}

/// Whether a cell contains an address.
pub fn holds_address(cell: &str) -> bool {
    is_address(trim(cell))
}

/// Whether a cell looks like a phone: seven to fifteen digits, and only characters that occur in phones.
pub fn holds_phone(cell: &str) -> bool {
    let cell = trim(cell);
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let is_usual = |letter: char| letter.is_ascii_digit() || " +-()./".contains(letter);
    (7..=15).contains(&digits) && cell.len() <= 30 && cell.chars().all(is_usual)
}

/// The first byte of a byte order mark.
const MARK: u8 = 0xef;

/// A cell without the byte order mark of a file that was appended to another, and without the quotes after the mark.
fn without_mark(cell: &str) -> &str {
    let Some(rest) = cell.strip_prefix('\u{feff}') else { return cell };
    rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(rest)
}

/// The role of each column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Every column, in the file's order.
    pub columns: Vec<MappedColumn>,
    /// Fields that are not filled from exactly one whole column, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, Vec<Alternative>>,
    /// Whether the file has a header record.
    pub has_header: bool,
    /// Whether an earlier import wrote the file: guards are removed from its cells.
    #[serde(rename = "comes_back")]
    pub is_result_file: bool,
    /// Whether cells at the end of a row may be missing, because no header or option states their number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open_ended: bool,
    /// Whether the sender's options name every column: all of these must be in the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[serde(rename = "told")]
    pub explicit: bool,
}

impl Mapping {
    /// Maps the columns of a file whose first record is a header; the option `columns` takes precedence over it.
    pub fn with_header(header: &[&str], profile: &Profile, options: &Options) -> Self {
        let is_result_file = header.iter().any(|cell| cell.trim() == RESULT_ROW);
        match &options.columns {
            Some(names) if !is_result_file => {
                let mut mapping = Self::by_position(header.len(), names);
                mapping.has_header = true;
                mapping.explicit = mapping.columns.len() > header.len();
                for (column, cell) in mapping.columns.iter_mut().zip(header) {
                    column.header = (*cell).to_owned();
                }
                mapping
            }
            _ => Self::by_header(header, profile, options),
        }
    }

    /// Maps the columns of a file whose first row has `width` cells: by the option `columns`, otherwise in the
    /// profile's order.
    pub fn without_header(width: usize, profile: &Profile, options: &Options) -> Self {
        if let Some(names) = &options.columns {
            return Self::by_position(width, names);
        }
        let names: Vec<String> = profile.fields.iter().map(|field| field.name.to_string()).collect();
        Self { open_ended: true, explicit: false, ..Self::by_position(width, &names) }
    }

    /// Maps the columns of a list without a header by their content: most of a column's filled cells decide.
    ///
    /// The first column of addresses is the profile's first field of that kind, the next one its second, and so on;
    /// phones likewise. The first column with neither is the profile's first field of names or text.
    pub fn by_content(rows: &[Vec<String>], profile: &Profile) -> Self {
        let width = rows.iter().map(Vec::len).max().unwrap_or_default().min(limits::COLUMNS);
        let mut addresses = profile.fields_of(FieldKind::Email);
        let mut phones = profile.fields_of(FieldKind::Phone);
        let is_name = |field: &FieldIndex| &*profile.fields[*field].name == "name";
        let mut names = (0..profile.fields.len()).filter(is_name);
        let mut name = |at: usize| {
            let cells = || rows.iter().filter_map(|row| row.get(at)).filter(|cell| !trim(cell).is_empty());
            let most =
                |holds: fn(&str) -> bool| cells().filter(|cell| holds(cell)).count() * 2 > cells().count();
            let field = if most(holds_address) {
                addresses.next()
            } else if most(holds_phone) {
                phones.next()
            } else if cells().next().is_some() {
                names.next()
            } else {
                None
            };
            field.map(|field| profile.fields[field].name.to_string()).unwrap_or_default()
        };
        let fields: Vec<String> = (0..width).map(&mut name).collect();
        Self { open_ended: true, explicit: false, ..Self::by_position(width, &fields) }
    }

    /// Maps columns by their headers.
    ///
    /// The sender's options take precedence: another column for the same field is left out.
    fn by_header(header: &[&str], profile: &Profile, options: &Options) -> Self {
        let is_result_file = header.iter().any(|cell| cell.trim() == RESULT_ROW);
        let (columns, sources) = by_header::map_columns(header, is_result_file, profile, options);
        Self { columns, sources, has_header: true, is_result_file, ..Self::default() }
    }

    /// Maps columns by position: the field's name replaces the missing header.
    fn by_position(width: usize, names: &[String]) -> Self {
        let column = |at: usize| match names.get(at).filter(|name| !name.is_empty()) {
            Some(name) => MappedColumn { header: name.clone(), role: Role::Field(name.clone()) },
            None => MappedColumn { header: format!("column_{}", at + 1), role: Role::Unmapped },
        };
        let named = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        Self { columns: (0..width.max(named)).map(column).collect(), explicit: true, ..Self::default() }
    }

    /// Adjusts columns that were mapped by position to the longest record of the file.
    ///
    /// If no record has a column that the sender named, or a mandatory field, the file is refused.
    pub fn fit(&mut self, longest: usize, profile: &Profile) -> Vec<Finding> {
        if !self.open_ended && !self.explicit {
            return Vec::new();
        }
        let beyond = self.columns.get(longest..).unwrap_or_default();
        let last = beyond.iter().rposition(|column| column.role != Role::Unmapped);
        let mut findings = Vec::new();
        if let Some(last) = last.filter(|_| self.explicit) {
            let detail = format!(
                "{} is at position {}, the longest record has {longest}",
                beyond[last].header,
                longest + last + 1
            );
            findings.push(Finding::new(Code::OptionsInvalid).arg("option", "columns").arg("detail", detail));
        }
        for field in profile.fields.iter().filter(|field| field.required) {
            if beyond.iter().any(|column| column.role == Role::Field(field.name.to_string())) {
                findings.push(Finding::on(Code::ColumnMissing, &Column::new(field.name.clone(), None)));
            }
        }
        if self.open_ended {
            self.columns.truncate(longest);
        }
        findings
    }

    /// Mandatory fields, and `one_of` sets, that no column fills.
    pub fn missing(&self, profile: &Profile) -> Vec<String> {
        let required = profile.fields.iter().filter(|field| field.required && !self.has(&field.name));
        let mut missing: Vec<String> = required.map(|field| field.name.to_string()).collect();
        for set in &profile.one_of {
            let names: Vec<&str> = set.iter().map(|field| &*profile.fields[*field].name).collect();
            if !names.iter().any(|name| self.has(name)) {
                missing.push(names.join(", "));
            }
        }
        missing
    }

    /// Findings that refuse the file with this mapping.
    pub fn findings(&self, profile: &Profile) -> Vec<Finding> {
        let mut findings = Vec::new();
        // Only the sender's columns count: a result file of the widest allowed file has result columns as well.
        let own = self.echoed().count();
        if own > limits::COLUMNS {
            findings
                .push(Finding::new(Code::TooManyColumns).arg("limit", limits::COLUMNS).arg("columns", own));
        }
        let missing = self.missing(profile).into_iter();
        findings.extend(missing.map(|name| Finding::on(Code::ColumnMissing, &Column::new(name, None))));
        if profile.unknown_columns() == UnknownColumns::Refuse
            && let Some(at) = self.columns.iter().position(|column| column.role == Role::Unmapped)
        {
            let header = &self.columns[at].header;
            findings.push(
                Finding::new(Code::OptionsInvalid)
                    .arg("option", format!("map.{header}"))
                    .arg("detail", format!("column {} is not known to the profile", at + 1)),
            );
        }
        findings
    }

    /// Columns without a field, unless the sender left them out or the profile keeps or refuses them.
    pub fn left_over(&self, profile: &Profile, options: &Options) -> Vec<usize> {
        if profile.unknown_columns() != UnknownColumns::Ignore {
            return Vec::new();
        }
        // Up to there the sender or the profile's order says what each column is, also that it is left out.
        let named = match &options.columns {
            Some(names) => names.len(),
            None if self.open_ended => profile.fields.len(),
            None => 0,
        };
        let left_out = by_header::left_out(&self.columns, options);
        let unmapped = self.columns.iter().enumerate().take(limits::COLUMNS);
        let unmapped = unmapped.filter(|(_, column)| column.role == Role::Unmapped).map(|(at, _)| at);
        unmapped.filter(|at| *at >= named && !left_out.contains(at)).collect()
    }

    /// The finding that names columns with data that were not imported, and the options that map them.
    pub fn tell_left_over(&self, columns: &[usize], profile: &Profile, options: &Options) -> Option<Finding> {
        let names: Vec<String> = columns.iter().map(|at| self.columns[*at].name(*at)).collect();
        let shown = names.get(..COLUMNS_TOLD).unwrap_or(&names).join(", ");
        let more = names.len().saturating_sub(COLUMNS_TOLD);
        let fields = if more > 0 { format!("{shown}, … (+{more})") } else { shown };
        let by_position = !self.has_header || options.columns.is_some();
        let option =
            if by_position { self.by_position_with(columns) } else { self.by_header_with(columns, profile) };
        let finding = Finding::new(Code::ColumnsUnmapped).arg("fields", fields);
        let finding = option.into_iter().fold(finding, |finding, option| finding.arg("option", option));
        (!columns.is_empty()).then_some(finding)
    }

    /// The options that map these columns by their headers.
    fn by_header_with(&self, columns: &[usize], profile: &Profile) -> Option<String> {
        let headers = columns.iter().map(|at| trim(&self.columns[*at].header));
        let option = |header: &str| {
            let near = profile.nearest_field(header).filter(|field| !self.has(field));
            format!("--set {}", quoted(&format!("map.{header}={}", near.unwrap_or("<field>"))))
        };
        let options: Vec<String> =
            headers.filter(|header| !header.is_empty()).take(COLUMNS_TOLD).map(option).collect();
        Some(options.join(" ")).filter(|options| !options.is_empty())
    }

    /// The option that names the columns up to the last of these.
    fn by_position_with(&self, columns: &[usize]) -> Option<String> {
        let last = columns.iter().take(COLUMNS_TOLD).max()?;
        let name = |(at, column): (usize, &MappedColumn)| match &column.role {
            Role::Field(field) => field.clone(),
            _ if columns.contains(&at) => "<field>".to_owned(),
            _ => String::new(),
        };
        let names: Vec<String> = self.columns[..=*last].iter().enumerate().map(name).collect();
        Some(format!("--set {}", quoted(&format!("columns={}", names.join(",")))))
    }

    /// Findings for headers in the sender's mapping that the file does not have.
    ///
    /// The program's default mapping is for files of every kind, so it may name other headers.
    pub fn unmet(&self, options: &Options) -> Vec<Finding> {
        let own = |header: &&String| !options.usual_map.contains(header);
        let known = |header: &str| {
            self.has_header && self.columns.iter().any(|column| is_named(&column.header, header))
        };
        let missing =
            options.map.iter().map(|(header, _)| header).filter(own).filter(|header| !known(header));
        let finding = |header: &String| {
            Finding::new(Code::OptionsInvalid)
                .arg("option", format!("map.{header}"))
                .arg("detail", "the file has no such header")
        };
        missing.map(finding).collect()
    }

    /// Whether a record repeats the header, as in files that were concatenated.
    ///
    /// A header of one column never counts as repeated: a row may contain that word.
    pub fn is_repeated_by(&self, cells: &Cells) -> bool {
        let same = |column: &MappedColumn, cell: &str| trim(&column.header) == trim(cell);
        let [first, rest @ ..] = self.columns.as_slice() else { return false };
        let begins = |text: &str| text.trim_ascii_start().bytes().next();
        // The first byte is enough to distinguish nearly every row from a header.
        if !matches!(begins(cells.get(0)), begin if begin == begins(&first.header) || begin == Some(MARK)) {
            return false;
        }
        if !self.has_header || !same(first, without_mark(cells.get(0))) {
            return false;
        }
        let named = rest.iter().filter(|column| !trim(&column.header).is_empty()).count();
        let equal = rest.iter().enumerate().all(|(at, column)| same(column, cells.get(at + 1)));
        named > 0 && equal && cells.iter().skip(self.columns.len()).all(str::is_empty)
    }

    /// The least number of cells in a record: empty headers at the end do not count.
    pub fn least_width(&self) -> usize {
        let filled =
            |column: &MappedColumn| column.role != Role::Unmapped || !trim(&column.header).is_empty();
        self.columns.iter().rposition(filled).map_or(0, |last| last + 1)
    }

    /// Whether some column has the field's role.
    pub fn has(&self, field: &str) -> bool {
        self.sources.contains_key(field) || self.positions_of(field).next().is_some()
    }

    /// The alternatives to fill a field, in order; empty if no column does.
    pub fn alternatives(&self, field: &str) -> Vec<Alternative> {
        match self.sources.get(field) {
            Some(alternatives) => alternatives.clone(),
            None => self.positions_of(field).take(1).map(Alternative::whole).collect(),
        }
    }

    /// The fields that a column contributes to, in the profile's order.
    pub fn fields_of(&self, column: usize, profile: &Profile) -> Vec<String> {
        let names = profile.fields.iter().map(|field| &*field.name);
        let fills = |name: &&str| {
            self.alternatives(name).iter().any(|alternative| alternative.columns.contains(&column))
        };
        names.filter(fills).map(str::to_owned).collect()
    }

    fn positions_of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = usize> + 'a {
        let named = move |column: &MappedColumn| matches!(&column.role, Role::Field(name) if name == field);
        self.columns.iter().enumerate().filter(move |(_, column)| named(column)).map(|(at, _)| at)
    }

    /// The positions of the sender's columns, which result files echo.
    pub fn echoed(&self) -> impl Iterator<Item = usize> + '_ {
        let own = |column: &MappedColumn| matches!(column.role, Role::Field(_) | Role::Unmapped);
        self.columns.iter().enumerate().filter(move |(_, column)| own(column)).map(|(at, _)| at)
    }

    /// The columns without a field: the name under which the values of each are kept, and its index.
    ///
    /// The name is the header for the first column with that header, header and position for a later one, and the
    /// position alone for a column without a header. All names are different.
    pub fn unmapped(&self) -> Vec<(String, usize)> {
        let unmapped = || self.columns.iter().enumerate().filter(|(_, column)| column.role == Role::Unmapped);
        let mut taken = HashSet::new();
        let is_first = |(at, column): (usize, &MappedColumn)| {
            let header = trim(&column.header);
            (!header.is_empty() && taken.insert(header.to_owned())).then_some(at)
        };
        let first: HashSet<usize> = unmapped().filter_map(is_first).collect();
        let name = |(at, column): (usize, &MappedColumn)| {
            if first.contains(&at) {
                return (trim(&column.header).to_owned(), at);
            }
            let place = format!(" (column {})", at + 1);
            let mut name = column.name(at);
            if !trim(&column.header).is_empty() {
                name.push_str(&place);
            }
            while !taken.insert(name.clone()) {
                name.push_str(&place);
            }
            (name, at)
        };
        unmapped().map(name).collect()
    }

    /// The mapping of the sender's columns only, without the columns of an earlier import.
    pub fn sender(&self) -> Mapping {
        let echoed: Vec<usize> = self.echoed().collect();
        let columns = echoed.iter().map(|at| self.columns[*at].clone()).collect();
        let mut sender = Mapping { columns, ..self.clone() };
        let places = sender.sources.values_mut().flatten().flat_map(|alternative| &mut alternative.columns);
        places.for_each(|place| *place = echoed.partition_point(|at| at < place));
        sender
    }

    /// Restores the sender's record from a result file: removes guards, restores surplus cells.
    pub fn sender_record(&self, cells: &Cells, delimiter: u8) -> String {
        let own = self.echoed().filter(|at| *at < cells.len()).map(|at| unguard(cells.get(at)).to_owned());
        let mut all: Vec<String> = own.collect();
        let mut surplus = Cells::default();
        // A surplus cell of blanks counts too; only an empty column means that there was none.
        if let Some(record) = self.surplus().map(|at| cells.get(at)).filter(|record| !record.is_empty()) {
            surplus.parse(unguard(record), b',');
            all.extend(surplus.iter().map(str::to_owned));
        }
        all.extend((self.columns.len()..cells.len()).map(|at| cells.get(at).to_owned()));
        let mut record = Vec::new();
        write_record(&mut record, all.iter().map(String::as_str), delimiter);
        String::from_utf8(record).expect("cells are text, so is their record")
    }

    /// The index of the column with surplus cells from an earlier import.
    pub fn surplus(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.role == Role::Surplus)
    }
}
