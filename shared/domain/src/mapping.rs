//! Columns to fields: by header, by position, or as the sender's options say. One model for all of them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::cells::Cells;
use crate::finding::{Code, Column, Finding};
use crate::limits;
use crate::options::{FirstLine, Options};
use crate::profile::{Profile, UnknownColumns};
use crate::write::{unguard, write_record};

/// The column that tells a result file from a sender's: such a file comes back to be imported again.
pub const RESULT_ROW: &str = "rollcall_row";
/// Surplus cells of a ragged row, as one CSV record.
pub const SURPLUS: &str = "rollcall_surplus";
const RESULT_PREFIX: &str = "rollcall_";

/// Folds a header: case, accents, blanks and punctuation do not count.
pub fn fold(header: &str) -> String {
    let marked = header.nfkd().filter(|letter| !is_combining_mark(*letter));
    marked.flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()).collect()
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

/// Which column holds what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Every column, in the file's order.
    pub columns: Vec<MappedColumn>,
    /// The file has a header record.
    pub has_header: bool,
    /// The file came out of an earlier import: guards are taken off its cells.
    pub comes_back: bool,
}

impl Mapping {
    /// Maps columns by their headers.
    pub fn by_header(header: &[&str], profile: &Profile, options: &Options) -> Self {
        let comes_back = header.iter().any(|cell| cell.trim() == RESULT_ROW);
        let chosen: HashMap<String, &str> =
            options.map.iter().map(|(header, field)| (fold(header), field.as_str())).collect();
        let role = |cell: &str| {
            let name = cell.trim();
            if comes_back && name == SURPLUS {
                return Role::Surplus;
            }
            if comes_back && name.starts_with(RESULT_PREFIX) {
                return Role::Result;
            }
            let field = match chosen.get(&fold(cell)) {
                Some(field) => Some(*field).filter(|field| !field.is_empty()),
                None => profile.field_of_header(cell).map(|field| &*profile.fields[field].name),
            };
            field.map_or(Role::Unmapped, |field| Role::Field(field.to_owned()))
        };
        let columns = header
            .iter()
            .map(|cell| if comes_back { unguard(cell) } else { cell })
            .map(|cell| MappedColumn { header: cell.to_owned(), role: role(cell) })
            .collect();
        Self { columns, has_header: true, comes_back }
    }

    /// Maps columns by position: the field's name stands for the header that is not there.
    pub fn by_position(width: usize, names: &[String]) -> Self {
        let column = |at: usize| match names.get(at).filter(|name| !name.is_empty()) {
            Some(name) => MappedColumn { header: name.clone(), role: Role::Field(name.clone()) },
            None => MappedColumn { header: format!("column_{}", at + 1), role: Role::Unmapped },
        };
        Self { columns: (0..width).map(column).collect(), has_header: false, comes_back: false }
    }

    /// Chooses between header and positions as file, options and profile say.
    pub fn of(first: &[&str], profile: &Profile, options: &Options) -> Self {
        let comes_back = first.iter().any(|cell| cell.trim() == RESULT_ROW);
        let positional = options.columns.is_some() || options.first_line != FirstLine::Header;
        if comes_back || !positional {
            return Self::by_header(first, profile, options);
        }
        let in_order: Vec<String> = profile.fields.iter().map(|field| field.name.to_string()).collect();
        let names = options.columns.as_deref().unwrap_or(&in_order);
        Self::by_position(first.len(), names)
    }

    /// What speaks against the file as it is mapped.
    pub fn findings(&self, profile: &Profile) -> Vec<Finding> {
        let mut findings = Vec::new();
        // The sender's own: a file as wide as may be comes back with our columns beside them.
        let own = self.echoed().count();
        if own > limits::COLUMNS {
            findings.push(
                Finding::new(Code::TooManyColumns).arg("limit", limits::COLUMNS).arg("columns", own),
            );
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
        if let Some(record) =
            self.surplus().map(|at| cells.get(at)).filter(|record| !record.trim().is_empty())
        {
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
