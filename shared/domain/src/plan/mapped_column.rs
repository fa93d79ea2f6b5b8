//! One column of a file, and one alternative to fill a field from a record.

use serde::{Deserialize, Serialize};

use crate::clean::repair::trim;
use crate::file::write::unguard;
use crate::profile::source::Part;

/// A header as the sender wrote it, without the guard that an earlier import added.
pub(super) fn own(cell: &str, is_result_file: bool) -> &str {
    if is_result_file { unguard(cell) } else { cell }
}

/// The role of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A field of the profile; the first one if the column contributes to several.
    Field(String),
    /// A column of the sender without a field: echoed, and kept if the profile says so.
    Unmapped,
    /// Written by an earlier import: ignored.
    Result,
    /// Surplus cells of a long row, written by an earlier import: restored.
    Surplus,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedColumn {
    /// The header as the result files show it.
    pub header: String,
    /// The role of the column.
    pub role: Role,
}

impl MappedColumn {
    /// The name of a column without a field: its header or, without one, its position.
    pub fn name(&self, at: usize) -> String {
        match trim(&self.header) {
            "" => format!("column_{}", at + 1),
            header => header.to_owned(),
        }
    }
}

/// One alternative to fill a field from a record; the first filled alternative counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The indexes of the columns; their cells are joined by a blank.
    pub columns: Vec<usize>,
    /// The part of the cell to take.
    #[serde(default, skip_serializing_if = "Part::is_whole")]
    pub part: Part,
    /// Whether the column is of the same kind as the previous one: another value in it is reported (`value_several`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
}

impl Alternative {
    pub(super) fn whole(column: usize) -> Self {
        Self { columns: vec![column], part: Part::Whole, repeats: false }
    }
}
