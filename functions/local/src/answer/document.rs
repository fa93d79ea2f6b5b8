//! The JSON document of a command that imports: the members of `summary.json`, and the path of the results.

use std::path::Path;

use jiff::Timestamp;
use rollcall_domain::report::summary::{SCHEMA, Summary};
use rollcall_domain::result::tally::{CodeCount, Counts};
use rollcall_domain::types::outcome::Status;
use serde::Serialize;

use crate::drop::ImportArguments;

/// The document of an ended import.
#[derive(Serialize)]
pub struct Document<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    results: &'a Path,
}

/// Returns the document of an ended import.
pub fn document<'a>(summary: &'a Summary, results: &'a Path) -> Document<'a> {
    Document { summary, results }
}

/// A document in the same form for an import that did not start.
#[derive(Serialize)]
pub struct FailedDocument<'a> {
    schema: u32,
    import_id: Option<&'a str>,
    program: &'a str,
    profile: &'a str,
    file: String,
    dry_run: bool,
    status: Status,
    rows: Counts,
    matched: u64,
    errors: Vec<CodeCount>,
    warnings: Vec<CodeCount>,
    started_at: String,
    finished_at: String,
    error: &'a str,
    results: Option<&'a Path>,
}

/// Returns the document of an import that did not start, with the reason.
pub fn failed_document<'a>(
    asked: &'a ImportArguments,
    status: Status,
    errors: Vec<CodeCount>,
    error: &'a str,
) -> FailedDocument<'a> {
    let now = format!("{:.3}", Timestamp::now());
    FailedDocument {
        schema: SCHEMA,
        import_id: None,
        program: &asked.program,
        profile: &asked.profile,
        file: asked.file_name(),
        dry_run: asked.dry_run,
        status,
        rows: Counts::default(),
        matched: 0,
        errors,
        warnings: Vec::new(),
        started_at: now.clone(),
        finished_at: now,
        error,
        results: None,
    }
}

/// A document as printed: indented, with a line feed at its end.
pub fn pretty(document: &impl Serialize) -> String {
    // The only possible error is a path that is not UTF-8: keys are strings, and no custom serializer fails.
    let json = serde_json::to_string_pretty(document);
    let mut json = json.unwrap_or_else(|error| format!("{{\"error\": {:?}}}", error.to_string()));
    json.push('\n');
    json
}

/// A document in one line.
pub fn line(document: &impl Serialize) -> String {
    let json = serde_json::to_string(document);
    let mut json = json.unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    json.push('\n');
    json
}
