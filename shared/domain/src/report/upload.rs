//! `upload.json`: whether the file was accepted, its detected properties, and the mapping of its columns (IMP-2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::file::decode::{Confidence, DetectedBy, Place};
use crate::file::packed::Packing;
use crate::file::workbook::SheetNotes;
use crate::messages::localized::FindingJson;
use crate::report::summary::{Head, to_json};
use crate::survey::whole_file::Surveyed;

/// Whether the file was accepted. It promises nothing about rows (IMP-3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Whether rows were read.
    pub accepted: bool,
    /// The errors that refuse it; empty if it was accepted.
    pub errors: Vec<FindingJson>,
    /// Warnings about the file as a whole.
    pub warnings: Vec<FindingJson>,
}

impl Verdict {
    /// Decides from the findings about the file: one error refuses it.
    pub fn of(findings: Vec<FindingJson>) -> Self {
        let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(FindingJson::is_error);
        Self { accepted: errors.is_empty(), errors, warnings }
    }
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadColumn {
    /// Its position in the record, from 1.
    pub position: u32,
    /// Its header in the file; for files without a header, the name in result files.
    pub header: String,
    /// The field that it fills; null if the header is unknown or the column is left out.
    pub field: Option<String>,
    /// All fields that it contributes to, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// For an unknown header: the field that it resembles most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The key under which a mapping is saved for files with the same header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadMapping {
    /// The fingerprint of the header: 16 hexadecimal digits.
    pub fingerprint: String,
    /// Whether a mapping was saved for it, and used.
    pub saved: bool,
}

/// Details that were detected in a file; empty ones are absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Detection {
    /// The packing of the file, such as `gzip`; absent if it was not packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<Packing>,
    /// The evidence for the encoding: byte order mark, option, or content; absent if there is no encoding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_by: Option<DetectedBy>,
    /// The confidence in the encoding; absent if there is no encoding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_confidence: Option<Confidence>,
    /// The first place that contradicts the encoding; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_against: Option<Place>,
    /// Parts of a workbook that a person does not see: whether they were read or left out.
    #[serde(flatten)]
    pub sheet_notes: SheetNotes,
    /// Physical lines above the header, which the import skips; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preamble: Option<u64>,
}

impl Detection {
    /// The description of a surveyed file.
    pub fn of(surveyed: &Surveyed) -> Self {
        let found = surveyed.encoding.as_ref();
        Self {
            packed: surveyed.packing,
            encoding_by: found.map(|found| found.by),
            encoding_confidence: found.map(|found| found.confidence),
            encoding_against: found.and_then(|found| found.against.clone()),
            sheet_notes: surveyed.sheet.as_ref().map(|sheet| sheet.notes.clone()).unwrap_or_default(),
            preamble: Some(surveyed.preamble).filter(|lines| *lines > 0),
        }
    }

    /// If the encoding is doubtful: the first line that makes it so; 0 if no line is known.
    pub fn doubt(&self) -> Option<u64> {
        let doubtful = self.encoding_confidence == Some(Confidence::Low);
        doubtful.then(|| self.encoding_against.as_ref().map_or(0, |place| place.line))
    }
}

/// `upload.json`, its members in the order of the file. Unknown values are null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Upload {
    /// The version of this format: [`crate::report::summary::SCHEMA`].
    pub schema: u32,
    /// The import.
    #[serde(flatten)]
    pub head: Head,
    /// Whether the file was accepted.
    pub verdict: Verdict,
    /// The encoding's name, such as `UTF-8`; null for a workbook.
    pub encoding: Option<String>,
    /// The delimiter; null for a workbook.
    pub delimiter: Option<String>,
    /// The sheet that was read; null for text.
    pub sheet: Option<String>,
    /// The role of the first record: `header`, `ignore` or `data`.
    pub first_line: Option<String>,
    /// Data records of the file, including blank ones; null if they were not counted.
    pub rows: Option<u64>,
    /// Every column of the file, in its order.
    pub columns: Vec<UploadColumn>,
    /// The key under which a mapping is saved for its header; absent for a file without a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<UploadMapping>,
    /// Other findings.
    #[serde(flatten)]
    pub detection: Detection,
    /// The options of the drop as the import used them.
    pub options: BTreeMap<String, serde_json::Value>,
}

impl Upload {
    /// Returns the document as stored: indented, with a line feed at its end.
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}
