//! `summary.json`: totals, error counts and times of one import, written last of all.

use crate::types::millis;
use crate::types::outcome::Status;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::messages::catalogue::Ending;
use crate::result::tally::{CodeCount, Counts, FieldCount, Tally};
use crate::types::code::Scope;
use crate::types::kind::Kind;

/// The version of the formats of `summary.json` and `upload.json`.
pub const SCHEMA: u32 = 1;

/// The members that `upload.json` and `summary.json` both begin with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Head {
    /// The import's id, derived from the object's identity.
    pub import_id: String,
    /// The program that the import belongs to.
    pub program: String,
    /// The profile's name.
    pub profile: String,
    /// The file's name as dropped, without its folder.
    pub file: String,
    /// Whether it was a dry run, which writes only results.
    pub dry_run: bool,
    /// The dry run that the import approves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approves: Option<String>,
}

/// `summary.json`, its members in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// The version of this format.
    pub schema: u32,
    /// The import.
    #[serde(flatten)]
    pub head: Head,
    /// The status.
    pub status: Status,
    /// Rows read, and rows of each outcome; all 0 if no row was read.
    pub rows: Counts,
    /// Accepted rows that matched an account.
    pub matched: u64,
    /// Errors by code and column, sorted by both.
    pub errors: Vec<CodeCount>,
    /// Warnings, sorted alike.
    pub warnings: Vec<CodeCount>,
    /// Fields of existing contacts that were (dry run: would be) changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldCount>,
    /// The start time of the import.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub started_at: Timestamp,
    /// The time when its last row was judged.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub finished_at: Timestamp,
    /// The cause of a failure, in one line of English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Summary {
    /// Sums up an import. The tally determines the status; if its counts do not add up, the import is `failed`.
    pub fn from_tally(head: Head, tally: Tally, started_at: Timestamp, finished_at: Timestamp) -> Self {
        let error = (!tally.sum_holds()).then(|| {
            let rows = &tally.rows;
            format!("totals do not add up: {} rows read, {} with an outcome", rows.read, rows.sum())
        });
        Self {
            schema: SCHEMA,
            head,
            status: status_of(&tally),
            rows: tally.rows,
            matched: tally.matched,
            errors: tally.errors,
            warnings: tally.warnings,
            changes: tally.changes,
            started_at,
            finished_at,
            error,
        }
    }

    /// Sets the status to cancelled, if chunks are unprocessed for that reason.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        if self.status == Status::Incomplete {
            self.status = Status::Cancelled;
        }
        self
    }

    /// Makes it the summary of a failed import, with the cause; line breaks become blanks.
    #[must_use]
    pub fn failed(mut self, reason: &str) -> Self {
        self.status = Status::Failed;
        self.error = Some(reason.split_whitespace().collect::<Vec<_>>().join(" "));
        self
    }

    /// Returns the end of the import, for texts.
    pub fn ending(&self) -> Ending {
        Ending {
            status: self.status,
            dry_run: self.head.dry_run,
            none_accepted: self.rows.accepted() + self.rows.unprocessed == 0,
        }
    }

    /// Returns the kind of directory file; `None` if contacts were imported.
    pub fn kind(&self) -> Option<Kind> {
        self.head.profile.strip_prefix("directory/").and_then(|kind| kind.parse().ok())
    }

    /// Returns the duration of the import in seconds; never negative.
    pub fn seconds(&self) -> f64 {
        self.finished_at.duration_since(self.started_at).as_secs_f64().max(0.0)
    }

    /// Returns the document as stored: indented, with a line feed at its end.
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

/// Writes a document as stored: indented, with a line feed at its end.
pub(crate) fn to_json(document: &impl Serialize) -> String {
    // The only causes of an error are keys that are not strings and failing custom serializers: there are none.
    let mut json = serde_json::to_string_pretty(document).expect("plain data serialises");
    json.push('\n');
    json
}

/// Decides the status from a tally's numbers.
pub fn status_of(tally: &Tally) -> Status {
    if !tally.sum_holds() {
        Status::Failed
    } else if tally.errors.iter().any(|count| count.code.scope() == Scope::File) {
        Status::Refused
    } else if tally.rows.unprocessed > 0 {
        Status::Incomplete
    } else if tally.rows.rejected > 0 {
        Status::CompletedWithErrors
    } else {
        Status::Completed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::tally::RowPlace;
    use crate::types::code::Code;
    use crate::types::finding::{Column, Finding};
    use crate::types::outcome::Outcome;

    fn summary(tally: Tally) -> Summary {
        let head = Head {
            import_id: "01k9w2".into(),
            program: "acme".into(),
            profile: "prospects".into(),
            file: "fair.csv".into(),
            dry_run: false,
            approves: None,
        };
        let started = "2026-03-01T09:30:00.1239Z".parse().unwrap();
        Summary::from_tally(head, tally, started, "2026-03-01T09:30:02Z".parse().unwrap())
    }

    fn at(row: u64) -> RowPlace {
        RowPlace { row, line: row + 1 }
    }

    fn mixed() -> Tally {
        let email = Finding::on(Code::EmailInvalid, &Column::new("email", 2));
        let phone = Finding::on(Code::PhoneCountryAssumed, &Column::new("phone", 4));
        let mut tally = Tally::default();
        tally.add_row(at(1), Outcome::Created, true, &[phone]);
        tally.add_row(at(2), Outcome::Rejected, false, &[email, Finding::new(Code::RowRagged)]);
        tally.add_plain(Outcome::Skipped, 1);
        tally
    }

    #[test]
    fn the_document_is_the_contracts() {
        insta::assert_snapshot!(summary(mixed()).to_json());
    }

    #[test]
    fn it_reads_back() {
        let summary = summary(mixed()).failed("the object\nis gone");
        let back: Summary = serde_json::from_str(&summary.to_json()).unwrap();
        assert_eq!(back.error.as_deref(), Some("the object is gone"));
        assert_eq!(back.to_json(), summary.to_json());
    }

    #[test]
    fn the_tally_decides_the_status() {
        let plain = |outcome| {
            let mut tally = Tally::default();
            tally.add_plain(outcome, 1);
            tally
        };
        let mut refused = Tally::default();
        refused.add_file(&Finding::new(Code::NoRows));
        let mut wrong = mixed();
        wrong.rows.read += 1;
        let mut lost = mixed();
        lost.add_plain(Outcome::Unprocessed, 1);
        for (tally, status) in [
            (Tally::default(), Status::Completed),
            (plain(Outcome::Merged), Status::Completed),
            (plain(Outcome::Skipped), Status::Completed),
            (plain(Outcome::Rejected), Status::CompletedWithErrors),
            (mixed(), Status::CompletedWithErrors),
            (lost, Status::Incomplete),
            (refused, Status::Refused),
            (wrong, Status::Failed),
        ] {
            assert_eq!(summary(tally.clone()).status, status, "{tally:?}");
        }
    }

    #[test]
    fn a_sum_that_does_not_hold_says_so() {
        let mut tally = mixed();
        tally.rows.read = 4;
        assert_eq!(
            summary(tally).error.as_deref(),
            Some("totals do not add up: 4 rows read, 3 with an outcome")
        );
    }
}
