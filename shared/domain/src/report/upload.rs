//! `upload.json`: whether the file was accepted, what was detected, how its columns were mapped (IMP-2).

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
    /// Why it was refused; empty where it was accepted.
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
    /// Its place in the record, from 1.
    pub position: u32,
    /// Its header as sent; for files without headers the name used in result files.
    pub header: String,
    /// The field that it fills; null where the header was not understood, or is left out.
    pub field: Option<String>,
    /// For an unknown header: the field that it resembles most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Details that were detected in a file; empty ones are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Detection {
    /// How the file was packed, such as `gzip`; left out where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<Packing>,
    /// How the encoding was found: byte order mark, option, or content; left out together with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_by: Option<DetectedBy>,
    /// The confidence in it; left out together with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_confidence: Option<Confidence>,
    /// The first place that contradicts it; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_against: Option<Place>,
    /// Parts of a workbook that a person does not see: whether they were read or left out.
    #[serde(flatten)]
    pub sheet_notes: SheetNotes,
    /// Physical lines above the header, which were passed over; left out where there are none.
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

    /// The first line that makes the encoding doubtful, if there is one; else 0.
    pub fn doubt(&self) -> Option<u64> {
        let doubtful = self.encoding_confidence == Some(Confidence::Low);
        doubtful.then(|| self.encoding_against.as_ref().map_or(0, |place| place.line))
    }
}

/// `upload.json`, its members in the order of the file. Unknown values are null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Upload {
    /// The version of this shape: [`crate::report::summary::SCHEMA`].
    pub schema: u32,
    /// The import.
    #[serde(flatten)]
    pub head: Head,
    /// Whether the file was accepted.
    pub verdict: Verdict,
    /// The encoding's name, such as `UTF-8`; null for a workbook, whose parts name their own.
    pub encoding: Option<String>,
    /// The delimiter; null for a workbook.
    pub delimiter: Option<String>,
    /// The sheet that was read; null for text.
    pub sheet: Option<String>,
    /// The role of the first record: `header`, `ignore` or `data`.
    pub first_line: Option<String>,
    /// Data records of the file, blank ones included; null where they were not counted.
    pub rows: Option<u64>,
    /// Every column of the file, in its order.
    pub columns: Vec<UploadColumn>,
    /// Other findings.
    #[serde(flatten)]
    pub detection: Detection,
    /// The options of the drop as they were followed.
    pub options: BTreeMap<String, serde_json::Value>,
}

impl Upload {
    /// Returns the document as stored: indented, with a line feed at its end.
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}
