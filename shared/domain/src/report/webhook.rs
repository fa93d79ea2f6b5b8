//! What a program's server is told when an import is over: ids and counts, never a cell or the name of a file.

use jiff::Timestamp;
use serde::Serialize;

use crate::report::summary::Summary;
use crate::result::tally::{CodeCount, Counts};
use crate::types::code::Code;
use crate::types::millis;
use crate::types::outcome::Status;

/// The type of the message.
pub const TYPE: &str = "import.over";

/// The body of the request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WebhookBody<'s> {
    /// `import.over`.
    pub r#type: &'static str,
    /// When the import was over.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub timestamp: Timestamp,
    /// The import.
    pub data: WebhookImport<'s>,
}

/// An import that is over, in ids and counts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WebhookImport<'s> {
    /// The import's id.
    pub import_id: &'s str,
    /// The program.
    pub program: &'s str,
    /// The profile.
    pub profile: &'s str,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// The dry run that it approves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approves: Option<&'s str>,
    /// The import that it undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<&'s str>,
    /// How it ended.
    pub status: Status,
    /// Its rows, as in `summary.json`.
    pub rows: Counts,
    /// Accepted rows that matched an account.
    pub matched: u64,
    /// Contacts that a replacing import removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
    /// Errors: how many rows have each code.
    pub errors: Vec<CodeRows>,
    /// Warnings alike.
    pub warnings: Vec<CodeRows>,
    /// When it was started.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub started_at: Timestamp,
    /// When its last row was judged.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub finished_at: Timestamp,
}

/// How often a code was found.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CodeRows {
    /// The code.
    pub code: Code,
    /// Rows with it, counted once for each column; 0 where it is one of the file.
    pub rows: u64,
}

impl<'s> WebhookBody<'s> {
    /// The body for an import that is over. The same summary gives the same bytes.
    pub fn of(summary: &'s Summary) -> Self {
        let head = &summary.head;
        let data = WebhookImport {
            import_id: &head.import_id,
            program: &head.program,
            profile: &head.profile,
            dry_run: head.dry_run,
            approves: head.approves.as_deref(),
            undoes: head.undoes.as_deref(),
            status: summary.status,
            rows: summary.rows,
            matched: summary.matched,
            removed: summary.removed,
            errors: by_code(&summary.errors),
            warnings: by_code(&summary.warnings),
            started_at: summary.started_at,
            finished_at: summary.finished_at,
        };
        Self { r#type: TYPE, timestamp: summary.finished_at, data }
    }

    /// The body as it is sent and signed.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data serialises")
    }
}

/// Columns are left out: a sender's header may say anything. The counts are sorted by code.
fn by_code(counts: &[CodeCount]) -> Vec<CodeRows> {
    let mut codes: Vec<CodeRows> = Vec::new();
    for count in counts {
        match codes.last_mut().filter(|last| last.code == count.code) {
            Some(last) => last.rows += count.rows,
            None => codes.push(CodeRows { code: count.code, rows: count.rows }),
        }
    }
    codes
}
