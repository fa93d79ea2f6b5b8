//! The outcome of a row and the status of an import.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A contact was created.
    Created,
    /// A contact was changed, or got a membership.
    Updated,
    /// The contact already had these values.
    Unchanged,
    /// The row joined the contact of an earlier row.
    Merged,
    /// The row is blank, or was not selected.
    Skipped,
    /// The row has errors.
    Rejected,
    /// It is unknown whether the row was stored.
    Unprocessed,
}

impl Outcome {
    /// All outcomes, in the order of the summary.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Updated,
        Self::Unchanged,
        Self::Merged,
        Self::Skipped,
        Self::Rejected,
        Self::Unprocessed,
    ];

    /// Returns the word used in result files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Merged => "merged",
            Self::Skipped => "skipped",
            Self::Rejected => "rejected",
            Self::Unprocessed => "unprocessed",
        }
    }

    /// Returns whether the row is in `succeeded.csv`.
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Unchanged | Self::Merged)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The status of an ended import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every row was accepted.
    Completed,
    /// Some rows were rejected.
    CompletedWithErrors,
    /// Some rows could not be processed.
    Incomplete,
    /// The file was refused.
    Refused,
    /// The import failed.
    Failed,
    /// It was cancelled; rows of chunks that were not decided are `unprocessed`.
    Cancelled,
}

impl Status {
    /// All statuses, from best to worst.
    pub const ALL: [Self; 6] = [
        Self::Completed,
        Self::CompletedWithErrors,
        Self::Incomplete,
        Self::Refused,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Returns the word used in `summary.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Incomplete => "incomplete",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
