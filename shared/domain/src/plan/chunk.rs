//! A chunk: a run of rows in one message, with everything that a worker needs to process them.

use crate::file::record_text::BadBytes;
use serde::{Deserialize, Serialize};

use crate::types::names::{ImportId, ProgramName};

/// The version of the message that this code writes.
pub const VERSION: u32 = 1;

/// A run of rows for a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkMessage {
    /// Version of the message format.
    pub v: u32,
    /// The program.
    pub program: ProgramName,
    /// The import; its plan holds everything that all chunks share.
    pub import_id: ImportId,
    /// The chunk's number, from 0.
    pub chunk: u32,
    /// Number of its first row, from 1.
    pub first_row: u64,
    /// Physical line of the file on which its first row begins, from 1.
    pub first_line: u64,
    /// The records, UTF-8 CSV in the plan's delimiter, each with its terminator.
    pub text: String,
    /// Properties of rows that the text does not show, ascending by row; most rows have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// The splitter's notes on one row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The row.
    pub row: u64,
    /// The first row of its identity, if the identity occurs several times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The earlier row, if the profile refuses this one as a repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    /// Its place among the rows of its identity, from 2, if repeats are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<u64>,
    /// Bytes of the record in the file, if it was too large and its cells were cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<u64>,
    /// Physical lines of the record in the file, if its cells were cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Cells with bytes that are not text: position of the cell from 0, of the byte in the cell, and the bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<BadBytes>,
}
