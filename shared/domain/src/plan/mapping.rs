//! Columns to fields: by header, by position, or as the sender's options say. One model for all of them.

use crate::plan::columns::{RESULT_ROW, SURPLUS};
use crate::profile::header::{fold, header_key};
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::clean::email::is_address;
use crate::clean::repair::trim;
use crate::file::cells::Cells;
use crate::file::write::{unguard, write_record};
use crate::plan::columns::{FAILED, SUCCEEDED};
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::options::Options;
use crate::profile::raw::UnknownColumns;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::{Column, Finding};
use crate::types::limits;

/// A header as the sender wrote it: without the guard that an earlier import put before it.
fn own(cell: &str, is_result_file: bool) -> &str {
    if is_result_file { unguard(cell) } else { cell }
}

/// Tells whether a cell is an address.
pub fn holds_address(cell: &str) -> bool {
    is_address(trim(cell))
}

/// Tells whether a cell is shaped like a phone: seven to fifteen digits, and nothing else but what stands in phones.
pub fn holds_phone(cell: &str) -> bool {
    let cell = trim(cell);
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let is_usual = |letter: char| letter.is_ascii_digit() || " +-()./".contains(letter);
    (7..=15).contains(&digits) && cell.len() <= 30 && cell.chars().all(is_usual)
}

/// The first byte of a byte order mark.
const MARK: u8 = 0xef;

/// A cell without the byte order mark of a file that was put behind another, and without the quotes behind the mark.
fn without_mark(cell: &str) -> &str {
    let Some(rest) = cell.strip_prefix('\u{feff}') else { return cell };
    rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(rest)
}

/// What a column is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A field of the profile.
    Field(String),
    /// The sender's own, not understood: echoed, and kept where the profile says so.
    Unmapped,
    /// Written by an earlier import: passed over.
    Result,
    /// Cells of a row that was too long, written by an earlier import: put back.
    Surplus,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedColumn {
    /// The header as the result files show it.
    pub header: String,
    /// What the column is for.
    pub role: Role,
}

impl MappedColumn {
    /// What a column that is no field's is called: by its header, by its place where it has none.
    pub fn name(&self, at: usize) -> String {
        match trim(&self.header) {
            "" => format!("column_{}", at + 1),
            header => header.to_owned(),
        }
    }
}

/// Which column holds what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Every column, in the file's order.
    pub columns: Vec<MappedColumn>,
    /// The file has a header record.
    pub has_header: bool,
    /// The file came out of an earlier import: guards are taken off its cells.
    #[serde(rename = "comes_back")]
    pub is_result_file: bool,
    /// Cells at the end of a row may be left out: nobody said how many there are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open_ended: bool,
    /// The sender said what each column is: all of these must be in the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[serde(rename = "told")]
    pub explicit: bool,
}

impl Mapping {
    /// Maps the columns of a file whose first record names them; `columns` goes before the names.
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

    /// Maps the columns of a file whose first row has that many cells: by `columns`, else in the profile's order.
    pub fn without_header(width: usize, profile: &Profile, options: &Options) -> Self {
        if let Some(names) = &options.columns {
            return Self::by_position(width, names);
        }
        let names: Vec<String> = profile.fields.iter().map(|field| field.name.to_string()).collect();
        Self { open_ended: true, explicit: false, ..Self::by_position(width, &names) }
    }

    /// Maps the columns of a list without a header by what they hold: most of a column's filled cells decide.
    ///
    /// The first column of addresses is the profile's first field of that kind, the next one its second, and so on;
    /// phones alike. The first column that holds neither is its first field of names or text.
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
    /// What the sender maps goes before what is understood: another column that would be the same field is left out.
    fn by_header(header: &[&str], profile: &Profile, options: &Options) -> Self {
        let is_result_file = header.iter().any(|cell| cell.trim() == RESULT_ROW);
        let written: HashSet<&str> = header.iter().map(|cell| own(cell, is_result_file).trim()).collect();
        // A header that is there letter by letter is meant, and none that is only like it.
        let mut chosen: HashMap<String, &str> = HashMap::new();
        let mut exactly: HashMap<&str, &str> = HashMap::new();
        for (header, field) in &options.map {
            match written.get(header.trim()) {
                Some(header) => _ = exactly.insert(header, field),
                None => _ = chosen.insert(header_key(header), field),
            }
        }
        let chosen_for = |cell: &str| {
            let exact = exactly.get(cell.trim()).copied();
            exact.or_else(|| chosen.get(&header_key(cell)).copied())
        };
        let chosen_fields: HashSet<&str> =
            header.iter().filter_map(|cell| chosen_for(own(cell, is_result_file))).collect();
        // Ours stand behind the sender's: of columns that bear one name the last is.
        let is_last = |at: usize| !header[at + 1..].iter().any(|later| later.trim() == header[at].trim());
        let role = |at: usize, cell: &str| {
            let name = cell.trim();
            if is_result_file && name == SURPLUS && is_last(at) {
                return Role::Surplus;
            }
            if is_result_file && (SUCCEEDED.contains(&name) || FAILED.contains(&name)) && is_last(at) {
                return Role::Result;
            }
            let field = match chosen_for(cell) {
                Some(field) => Some(field).filter(|field| !field.is_empty()),
                None => profile
                    .field_of_header(cell)
                    .map(|field| &*profile.fields[field].name)
                    .filter(|field| !chosen_fields.contains(field)),
            };
            field.map_or(Role::Unmapped, |field| Role::Field(field.to_owned()))
        };
        let columns = header
            .iter()
            .map(|cell| own(cell, is_result_file))
            .enumerate()
            .map(|(at, cell)| MappedColumn { header: cell.to_owned(), role: role(at, cell) })
            .collect();
        let mut mapping = Self { columns, has_header: true, is_result_file, ..Self::default() };
        mapping.fall_back(profile, |header| chosen_for(header).is_none());
        mapping
    }

    /// Fields that no column names go to the best column that may stand for them.
    fn fall_back(&mut self, profile: &Profile, free: impl Fn(&str) -> bool) {
        for (header, field) in profile.fallback_headers() {
            let name = &*profile.fields[*field].name;
            if self.positions_of(name).next().is_some() {
                continue;
            }
            let fits = |column: &&mut MappedColumn| {
                column.role == Role::Unmapped && fold(&column.header) == *header && free(&column.header)
            };
            if let Some(column) = self.columns.iter_mut().find(fits) {
                column.role = Role::Field(name.to_owned());
            }
        }
    }

    /// Maps columns by position: the field's name stands for the header that is not there.
    fn by_position(width: usize, names: &[String]) -> Self {
        let column = |at: usize| match names.get(at).filter(|name| !name.is_empty()) {
            Some(name) => MappedColumn { header: name.clone(), role: Role::Field(name.clone()) },
            None => MappedColumn { header: format!("column_{}", at + 1), role: Role::Unmapped },
        };
        let named = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        Self { columns: (0..width.max(named)).map(column).collect(), explicit: true, ..Self::default() }
    }

    /// Fits columns that were mapped by position to the longest record of the file.
    ///
    /// A place that the sender named and no record has speaks against the file, and so does a mandatory field that no
    /// record has.
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

    /// What speaks against the file as it is mapped.
    pub fn findings(&self, profile: &Profile) -> Vec<Finding> {
        let mut findings = Vec::new();
        // The sender's own: a file as wide as may be comes back with our columns beside them.
        let own = self.echoed().count();
        if own > limits::COLUMNS {
            findings
                .push(Finding::new(Code::TooManyColumns).arg("limit", limits::COLUMNS).arg("columns", own));
        }
        for field in &profile.fields {
            let positions: Vec<usize> = self.positions_of(&field.name).collect();
            if let [_, second, ..] = positions.as_slice() {
                let column = Column::new(field.name.clone(), *second as u32 + 1);
                findings
                    .push(Finding::on(Code::ColumnRepeated, &column).value(&self.columns[*second].header));
            }
            if field.required && positions.is_empty() {
                findings.push(Finding::on(Code::ColumnMissing, &Column::new(field.name.clone(), None)));
            }
        }
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

    /// What speaks against the sender's own mapping: headers that the file does not have.
    ///
    /// The program's usual mapping is for files of every kind, and says nothing of this one.
    pub fn unmet(&self, options: &Options) -> Vec<Finding> {
        let own = |header: &&String| !options.usual_map.contains(header);
        let known = |header: &str| {
            self.has_header
                && self.columns.iter().any(|column| header_key(&column.header) == header_key(header))
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

    /// Tells whether a record is the header once more, as in files that were put together.
    ///
    /// A header of one column is never taken for repeated: a row may hold that word.
    pub fn is_repeated_by(&self, cells: &Cells) -> bool {
        let same = |column: &MappedColumn, cell: &str| trim(&column.header) == trim(cell);
        let [first, rest @ ..] = self.columns.as_slice() else { return false };
        let begins = |text: &str| text.trim_ascii_start().bytes().next();
        // Nearly every row is told from a header by its first byte.
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

    /// How many cells a record has at least: empty headers at the end do not count.
    pub fn least_width(&self) -> usize {
        let filled =
            |column: &MappedColumn| column.role != Role::Unmapped || !trim(&column.header).is_empty();
        self.columns.iter().rposition(filled).map_or(0, |last| last + 1)
    }

    /// Whether some column is the field.
    pub fn has(&self, field: &str) -> bool {
        self.positions_of(field).next().is_some()
    }

    fn positions_of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = usize> + 'a {
        let named = move |column: &MappedColumn| matches!(&column.role, Role::Field(name) if name == field);
        self.columns.iter().enumerate().filter(move |(_, column)| named(column)).map(|(at, _)| at)
    }

    /// Where each field's cell is in a record.
    pub fn cells_of_fields(&self, profile: &Profile) -> Vec<Option<usize>> {
        profile.fields.iter().map(|field| self.positions_of(&field.name).next()).collect()
    }

    /// The positions of the sender's own columns, which result files echo.
    pub fn echoed(&self) -> impl Iterator<Item = usize> + '_ {
        let own = |column: &MappedColumn| matches!(column.role, Role::Field(_) | Role::Unmapped);
        self.columns.iter().enumerate().filter(move |(_, column)| own(column)).map(|(at, _)| at)
    }

    /// The columns that are no field's: the name that each one's values are kept under, and its place.
    ///
    /// The first column of a header has it as its name; a later one says its position too, one without a header only
    /// that. No two names are the same.
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

    /// The mapping of the sender's own columns: what is left when an earlier import's columns are taken off.
    pub fn sender(&self) -> Mapping {
        let columns = self.echoed().map(|at| self.columns[at].clone()).collect();
        Mapping { columns, ..self.clone() }
    }

    /// The sender's own record out of one that comes back: guards taken off, surplus cells put back.
    pub fn sender_record(&self, cells: &Cells, delimiter: u8) -> String {
        let own = self.echoed().filter(|at| *at < cells.len()).map(|at| unguard(cells.get(at)).to_owned());
        let mut all: Vec<String> = own.collect();
        let mut surplus = Cells::default();
        // A surplus cell of blanks is one too: only where nothing is there was none.
        if let Some(record) = self.surplus().map(|at| cells.get(at)).filter(|record| !record.is_empty()) {
            surplus.parse(unguard(record), b',');
            all.extend(surplus.iter().map(str::to_owned));
        }
        all.extend((self.columns.len()..cells.len()).map(|at| cells.get(at).to_owned()));
        let mut record = Vec::new();
        write_record(&mut record, all.iter().map(String::as_str), delimiter);
        String::from_utf8(record).expect("cells are text, so is their record")
    }

    /// Where surplus cells stand that an earlier import wrote.
    pub fn surplus(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.role == Role::Surplus)
    }
}
