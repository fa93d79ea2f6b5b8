//! Names of the columns that result files add to the sender's.

/// The column that marks a result file for re-import.
pub const RESULT_ROW: &str = "rollcall_row";

/// Surplus cells of a ragged row, as one CSV record.
pub const SURPLUS: &str = "rollcall_surplus";

/// The prefix of the columns of `failed.csv` that carry the options of its import.
pub const OPTIONS: &str = "rollcall_options?";

/// Columns after the sender's in `succeeded.csv`.
pub const SUCCEEDED: [&str; 10] = [
    RESULT_ROW,
    "rollcall_line",
    "rollcall_outcome",
    "rollcall_contact_id",
    "rollcall_account_id",
    "rollcall_account_name",
    "rollcall_matched_by",
    "rollcall_candidates",
    "rollcall_invite_to",
    "rollcall_warnings",
];

/// Columns after the sender's in `failed.csv`.
pub const FAILED: [&str; 6] = [
    RESULT_ROW,
    "rollcall_line",
    "rollcall_outcome",
    "rollcall_errors",
    "rollcall_messages",
    "rollcall_warnings",
];

/// The columns of `changes.csv`.
pub const CHANGES: [&str; 5] = [RESULT_ROW, "rollcall_contact_id", "field", "before", "after"];
