//! The plan: the snapshot, written once between survey and cut, that every later step follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clean::DayOrder;
use crate::file::decode::Encoding;
use crate::file::dialect::Dialect;
use crate::file::packed::Packing;
use crate::file::workbook::Sheet;
use crate::plan::mapping::Mapping;
use crate::plan::saved_mapping::carrying_headers;
use crate::profile::compiled::Profile;
use crate::profile::options::Options;
use crate::profile::settings::Settings;
use crate::types::names::{ImportId, ProgramName};

/// The version of the plan that this code writes.
pub const VERSION: u32 = 1;

/// The sizes of chunks, and the memory for the keys of repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkSize {
    /// Rows, blank ones included.
    pub rows: u32,
    /// Bytes of a message, without notes on rows; a single row may be larger.
    pub bytes: u64,
    /// Bytes of memory that the survey may take for the keys of repeats; a file that needs more is refused
    /// (`too_many_rows`).
    pub memory: u64,
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self { rows: 4_000, bytes: 8 * 1024 * 1024, memory: u64::MAX }
    }
}

/// A run of rows: its place in the decoded text, and notes on its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkPlan {
    /// Offset of its first byte in the decoded text.
    pub start: u64,
    /// Offset after its last byte.
    pub end: u64,
    /// Number of its first row, from 1.
    pub first_row: u64,
    /// The number of its rows.
    pub rows: u32,
    /// Physical line on which it begins, from 1.
    pub first_line: u64,
    /// Whether it contains a record that is too large, or bytes that are not text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irregular: bool,
    /// Rows whose identity occurs several times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<RepeatMark>,
}

/// What an undo follows. Its chunks are those of the undone import, whose `repeats` are the rows that joined the contact
/// of an earlier row; then come the parts of `removed.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoPlan {
    /// The import to undo.
    pub import_id: ImportId,
    /// How many of the chunks are those of the undone import.
    pub chunks: u32,
    /// Where the undone import is the pool's newest replace: the cutoff that the pool gets back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<EarlierCutoff>,
}

/// The cutoff of a pool before a replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierCutoff {
    /// The import that had raised it; none where there was no cutoff.
    pub import_id: Option<ImportId>,
}

/// The data that an import follows from its survey to its notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the plan's format.
    pub v: u32,
    /// The import.
    pub import_id: ImportId,
    /// The program.
    pub program: ProgramName,
    /// The file's name.
    pub file: String,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// The dry run that this import approves: rows are accepted only with the result that it showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approves: Option<ImportId>,
    /// The import that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<UndoPlan>,
    /// When the import began.
    #[serde(with = "crate::types::millis")]
    pub started_at: Timestamp,
    /// The profile at that time, TOML, with the profile that it extends merged in.
    pub profile: String,
    /// The program's settings at that time.
    pub settings: Settings,
    /// The parsed options.
    pub options: Options,
    /// The encoding of the object.
    pub encoding: Encoding,
    /// The packing of the object, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing: Option<Packing>,
    /// The sheet to read, if the object is a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Sheet>,
    /// The delimiter.
    pub delimiter: char,
    /// The quoting dialect of the file; chunks contain the ordinary dialect.
    #[serde(default, skip_serializing_if = "Dialect::is_ordinary")]
    pub dialect: Dialect,
    /// The role of each column.
    pub mapping: Mapping,
    /// The order of day and month in numeric dates, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub day_orders: BTreeMap<String, DayOrder>,
    /// Data records of the file.
    pub rows: u64,
    /// Whether some row has more cells than columns: then `failed.csv` has a column for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub surplus: bool,
    /// The marks of repeated rows are stored beside the plan; those of an approval, beside the dry run's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub marks_apart: bool,
    /// The chunks; their rows cover the file without gaps.
    pub chunks: Vec<ChunkPlan>,
}

impl Plan {
    /// The plan of an import that failed before its plan: it has no rows.
    pub fn of_nothing(
        import_id: ImportId,
        program: ProgramName,
        file: &str,
        dry_run: bool,
        started_at: Timestamp,
    ) -> Self {
        Self {
            v: VERSION,
            import_id,
            program,
            file: file.to_owned(),
            dry_run,
            approves: None,
            undoes: None,
            started_at,
            profile: String::new(),
            settings: Settings::default(),
            options: Options::default(),
            encoding: Encoding::Utf8,
            packing: None,
            sheet: None,
            delimiter: ',',
            dialect: Dialect::default(),
            mapping: Mapping::default(),
            day_orders: BTreeMap::new(),
            rows: 0,
            surplus: false,
            marks_apart: false,
            chunks: Vec::new(),
        }
    }

    /// Serializes the plan.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a plan is tables of plain values")
    }

    /// Parses a serialized plan.
    ///
    /// # Errors
    /// If it is invalid or has an unknown version.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let plan: Plan = serde_json::from_slice(json).map_err(|error| format!("plan.json: {error}"))?;
        if plan.v != VERSION {
            return Err(format!("plan.json: version {} is not {VERSION}", plan.v));
        }
        Ok(plan)
    }

    /// The plan without the marks of repeated rows, and the marks as [`Plan::with_marks`] reads them; `None` where there
    /// are none.
    pub fn without_marks(mut self) -> (Self, Option<Vec<u8>>) {
        if self.chunks.iter().all(|chunk| chunk.repeats.is_empty()) {
            return (self, None);
        }
        let mut marks = Vec::new();
        for chunk in &mut self.chunks {
            let repeats = std::mem::take(&mut chunk.repeats);
            marks.extend((repeats.len() as u32).to_le_bytes());
            for RepeatMark { row, first, repeats, ordinal } in repeats {
                [row, first, repeats, ordinal].iter().for_each(|part| marks.extend(part.to_le_bytes()));
            }
        }
        self.marks_apart = true;
        (self, Some(marks))
    }

    /// The import beside whose plan the marks are.
    pub fn marks_of(&self) -> ImportId {
        self.approves.clone().unwrap_or_else(|| self.import_id.clone())
    }

    /// The plan with its marks.
    ///
    /// # Errors
    /// Where these are not the marks of the plan's chunks.
    pub fn with_marks(mut self, marks: &[u8]) -> Result<Self, String> {
        let mut numbers = marks.chunks(4).map(|number| number.try_into().map(u32::from_le_bytes));
        let mut next =
            || numbers.next().and_then(Result::ok).ok_or_else(|| "marks: they end too soon".to_owned());
        for chunk in &mut self.chunks {
            for _ in 0..next()? {
                let (row, first, repeats, ordinal) = (next()?, next()?, next()?, next()?);
                chunk.repeats.push(RepeatMark { row, first, repeats, ordinal });
            }
        }
        if next().is_ok() {
            return Err("marks: more than the plan's chunks have".to_owned());
        }
        self.marks_apart = false;
        Ok(self)
    }

    /// The profile of the plan.
    ///
    /// # Errors
    /// If the plan was changed by hand.
    pub fn profile(&self) -> Result<Arc<Profile>, String> {
        Profile::parse(&self.profile).map_err(|error| format!("plan.json: profile: {error}"))
    }

    /// The names of the columns of `failed.csv` that carry the options of the import.
    pub fn carrying_headers(&self) -> Vec<String> {
        carrying_headers(&self.mapping, &self.options)
    }

    /// Whether counts of all chunks can refuse the import: of rejected rows, or of contacts that it would remove.
    pub fn has_limits(&self) -> bool {
        self.options.max_rejected.is_some() || self.options.replace
    }

    /// Whether a chunk of an undo is a part of `removed.csv`.
    pub fn is_removed_part(&self, chunk: u32) -> bool {
        self.undoes.as_ref().is_some_and(|undo| chunk >= undo.chunks)
    }

    /// Whether all rows are judged before the first is written.
    pub fn is_gated(&self) -> bool {
        self.has_limits() && !self.dry_run
    }

    /// The number of messages of the import: one per chunk, or in a gated import one to judge it and one to write it.
    pub fn steps(&self) -> u32 {
        let chunks = self.chunks.len() as u32;
        if self.is_gated() { 2 * chunks } else { chunks }
    }

    /// Whether a step judges its chunk; the other steps of a gated import only write it.
    pub fn is_judging(&self, step: u32) -> bool {
        (step as usize) < self.chunks.len()
    }

    /// The chunk of a step.
    pub fn chunk_of(&self, step: u32) -> u32 {
        if self.is_judging(step) { step } else { step - self.chunks.len() as u32 }
    }

    /// The delimiter as a byte.
    pub fn delimiter(&self) -> u8 {
        self.delimiter as u8
    }

    /// Whether the rows of the chunks cover the file without gaps.
    pub fn tiles(&self) -> bool {
        let mut next = 1;
        let in_order = self.chunks.iter().all(|chunk| {
            let fits = chunk.first_row == next;
            next += u64::from(chunk.rows);
            fits
        });
        in_order && next == self.rows + 1
    }
}

/// Notes on a row whose key occurs several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatMark {
    /// The row.
    pub row: u32,
    /// The first row of its identity, if several rows may become one contact; otherwise 0.
    pub first: u32,
    /// The row that it repeats, if it is refused for that; otherwise 0.
    pub repeats: u32,
    /// Its place among the rows of its identity, from 2, if repeats are allowed; otherwise 0.
    pub ordinal: u32,
}
