//! One column of a file, and one way to fill a field from a record.

use serde::{Deserialize, Serialize};

use crate::clean::repair::trim;
use crate::file::write::unguard;
use crate::profile::source::Part;

/// A header as the sender wrote it: without the guard that an earlier import put before it.
pub(super) fn own(cell: &str, is_result_file: bool) -> &str {
    if is_result_file { unguard(cell) } else { cell }
}

/// What a column is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A field of the profile; of several that the column helps to fill, the first.
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

/// One way to fill a field from a record; of several the first that is filled is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The places of the columns, whose cells are joined by a blank.
    pub columns: Vec<usize>,
    /// Which part of the cell is taken.
    #[serde(default, skip_serializing_if = "Part::is_whole")]
    pub part: Part,
    /// The column is of the same kind as the one before: another value in it is told (`value_several`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
}

impl Alternative {
    pub(super) fn whole(column: usize) -> Self {
        Self { columns: vec![column], part: Part::Whole, repeats: false }
    }
}
