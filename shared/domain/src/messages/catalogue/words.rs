//! The texts of one language as in its file: every text is a field, so none can be missing.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::types::field_kind::FieldKind;
use crate::types::kind::Kind;
use crate::types::outcome::Outcome;
use crate::types::outcome::Status;

/// The end of an import, as far as texts depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Its status.
    pub status: Status,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// It undid another import.
    pub undo: bool,
    /// No row was accepted.
    pub none_accepted: bool,
    /// No row of the file was chosen.
    pub none_chosen: bool,
}

/// A language file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    pub code: BTreeMap<String, String>,
    pub fix: BTreeMap<String, String>,
    pub reason: BTreeMap<String, String>,
    pub phrase: BTreeMap<String, String>,
    pub hint: HintWords,
    pub outcome: OutcomeWords,
    pub outcome_dry: OutcomeWords,
    pub outcome_note: OutcomeWords,
    pub outcome_note_directory: OutcomeWords,
    pub kind: KindWords,
    pub status: StatusWords,
    pub headline: StatusWords,
    pub headline_dry: StatusWords,
    pub explanation: StatusWords,
    pub explanation_dry: StatusWords,
    pub report: ReportWords,
    pub opening: StatusWords,
    pub opening_dry: StatusWords,
    pub notification: NotificationWords,
    pub terminal: TerminalWords,
    pub undo: UndoWords,
    pub note: NoteWords,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($field:ident)*) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(#[doc = concat!("The text `", stringify!($field), "`.")] pub $field: String,)*
        }
    };
}

words! {
    /// The form of a hint.
    HintWords: suggestion
}

words! {
    /// A text for each outcome.
    OutcomeWords: created updated unchanged merged skipped rejected unprocessed
}

words! {
    /// A text for each status.
    StatusWords: completed none_chosen completed_with_errors all_rejected incomplete refused failed cancelled
}

words! {
    /// The content of a directory file.
    KindWords: accounts groups tags agents owners companies cadences sign_ups suppressions
}

words! {
    /// The words of the terminal for an import.
    TerminalWords:
    errors warnings rows_read less rate matched more results report summary mail mail_sent mail_sent_except mail_not_sent mail_waiting
    mail_refused mail_nobody next next_dry next_dry_fix dry code
}

words! {
    /// The words of the report.
    ReportWords:
    colon about title dry_run dry_run_note program profile import_id started finished duration rate rows_per_second
    why reason rows outcome read matched sum_holds sum_broken detected encoding doubtful line delimiter sheet first_line
    first_line_header first_line_ignore first_line_data data_rows comma semicolon tab pipe columns position header
    field not_mapped errors warnings column what affected first_rows fix whole_row whole_file files files_note
    succeeded_file succeeded_file_dry failed_file removed_file fix_title fix_step_1 fix_step_2 fix_step_3 fix_step_3_dry row options
    expected template invalid_optional failed_workbook succeeded_workbook workbook_too_large yes no
}

words! {
    /// The words of the notification.
    NotificationWords:
    subject dry_run greeting dry_run_note figures matched fix remarks row_count example_row example_line more results
    results_none link attached again_dry again again_safe again_file again_failed closing
}

words! {
    /// The words of an undo.
    UndoWords:
    completed completed_dry incomplete refused failed cancelled explanation explanation_dry explanation_again
    explanation_refused opening opening_dry read removed removed_dry restored restored_dry kept removed_note
    restored_note kept_note undone_file
}

impl UndoWords {
    /// How the undo ended, as a sentence.
    pub fn headline(&self, ending: Ending) -> &str {
        match ending.status {
            Status::Completed | Status::CompletedWithErrors if ending.dry_run => &self.completed_dry,
            Status::Completed | Status::CompletedWithErrors => &self.completed,
            Status::Incomplete => &self.incomplete,
            Status::Refused => &self.refused,
            Status::Failed => &self.failed,
            Status::Cancelled => &self.cancelled,
        }
    }

    /// What the end means for the reader.
    pub fn explanation(&self, ending: Ending) -> &str {
        match ending.status {
            Status::Completed | Status::CompletedWithErrors if ending.dry_run => &self.explanation_dry,
            Status::Completed | Status::CompletedWithErrors => &self.explanation,
            Status::Refused => &self.explanation_refused,
            Status::Incomplete | Status::Failed | Status::Cancelled => &self.explanation_again,
        }
    }

    /// The first sentence of the notification e-mail, with slots.
    pub fn opening(&self, ending: Ending) -> &str {
        match ending.status {
            Status::Completed | Status::CompletedWithErrors if ending.dry_run => &self.opening_dry,
            Status::Completed | Status::CompletedWithErrors => &self.opening,
            _ => self.headline(ending),
        }
    }
}

words! {
    /// What a template says of a column.
    NoteWords:
    required one_of text name email phone website account_id group number timestamp region programs choice flag date
    window document tags agent owner company
}

impl NoteWords {
    /// The allowed content of a field of a kind.
    pub fn of(&self, kind: FieldKind) -> &str {
        match kind {
            FieldKind::Text => &self.text,
            FieldKind::Name => &self.name,
            FieldKind::Email => &self.email,
            FieldKind::Phone => &self.phone,
            FieldKind::Website => &self.website,
            FieldKind::AccountId => &self.account_id,
            FieldKind::Group => &self.group,
            FieldKind::Number => &self.number,
            FieldKind::Timestamp => &self.timestamp,
            FieldKind::Region => &self.region,
            FieldKind::Programs => &self.programs,
            FieldKind::Choice => &self.choice,
            FieldKind::Flag => &self.flag,
            FieldKind::Date => &self.date,
            FieldKind::Window => &self.window,
            FieldKind::Document => &self.document,
            FieldKind::Tags => &self.tags,
            FieldKind::Agent => &self.agent,
            FieldKind::Owner => &self.owner,
            FieldKind::Company => &self.company,
        }
    }
}

impl OutcomeWords {
    pub fn of(&self, outcome: Outcome) -> &str {
        match outcome {
            Outcome::Created => &self.created,
            Outcome::Updated => &self.updated,
            Outcome::Unchanged => &self.unchanged,
            Outcome::Merged => &self.merged,
            Outcome::Skipped => &self.skipped,
            Outcome::Rejected => &self.rejected,
            Outcome::Unprocessed => &self.unprocessed,
        }
    }
}

impl KindWords {
    pub fn of(&self, kind: Kind) -> &str {
        match kind {
            Kind::Accounts => &self.accounts,
            Kind::Groups => &self.groups,
            Kind::Tags => &self.tags,
            Kind::Agents => &self.agents,
            Kind::Owners => &self.owners,
            Kind::Companies => &self.companies,
            Kind::Cadences => &self.cadences,
            Kind::SignUps => &self.sign_ups,
            Kind::Suppressions => &self.suppressions,
        }
    }
}

impl StatusWords {
    pub fn of(&self, ending: Ending) -> &str {
        match ending.status {
            Status::Completed if ending.none_chosen => &self.none_chosen,
            Status::Completed => &self.completed,
            Status::CompletedWithErrors if ending.none_accepted => &self.all_rejected,
            Status::CompletedWithErrors => &self.completed_with_errors,
            Status::Incomplete => &self.incomplete,
            Status::Refused => &self.refused,
            Status::Failed => &self.failed,
            Status::Cancelled => &self.cancelled,
        }
    }
}
