//! The output of a chunk: collects rows as they are judged.

use crate::contacts::writes::WriteBatch;
use crate::file::cells::Cells;
use crate::judge::chunk_judge::{Change, ChunkJudge, Row};
use crate::messages::catalogue::Messages;
use crate::messages::labels::Labels;
use crate::result::chunk_result::{ChunkAnswer, ChunkResult, OpenRow, Writes};
use crate::result::rows::{Answer, ResultWriter, Sent};
use crate::result::tally::RowPlace;
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::id::ContactId;
use crate::types::outcome::Outcome;

/// Collects the rows of a chunk as they are judged.
pub(super) struct ChunkOutput {
    writer: ResultWriter,
    messages: &'static Messages,
    labels: Labels,
    pub(super) cells: Cells,
    /// A new contact's record, while it is judged.
    pub(super) record: String,
    pub(super) chunk_result: ChunkResult,
    /// Each row as it is judged, for a preview.
    pub(super) rows: Option<Vec<JudgedRow>>,
}

/// The lengths of the output so far: accepted rows and their changes.
pub(super) struct Written {
    succeeded: usize,
    changes: usize,
}

impl ChunkOutput {
    pub(super) fn count(&mut self, row: &Row, outcome: Outcome, matched: bool) {
        self.chunk_result.answer.tally.add_row(
            RowPlace { row: row.number, line: row.line },
            outcome,
            matched,
            &row.findings,
        );
        if let Some(rows) = &mut self.rows {
            let findings = row.findings.clone();
            let (number, line, contact_id) = (row.number, row.line, row.contact_id);
            let changes = Vec::new();
            rows.push(JudgedRow { row: number, line, contact_id, outcome, findings, changes });
        }
    }

    /// Writes the changes that the row makes to its contact.
    pub(super) fn write_changes(&mut self, row: &Row, contact_id: ContactId, changes: &[Change]) {
        for change in changes {
            let cells = [&*change.field, &*change.before, &*change.after];
            self.writer.changed(&mut self.chunk_result.answer.changes, row.number, contact_id, cells);
        }
    }

    /// Counts the changes of the row that was counted last.
    pub(super) fn count_changes(&mut self, changes: Vec<Change>) {
        let fields = changes.iter().map(|change| change.field.as_str());
        self.chunk_result.answer.tally.add_changes(fields);
        if let Some(told) = self.rows.as_mut().and_then(|rows| rows.last_mut()) {
            told.changes = changes;
        }
    }

    /// Returns the lengths of the output so far.
    pub(super) fn written(&self) -> Written {
        let answer = &self.chunk_result.answer;
        Written { succeeded: answer.succeeded.len(), changes: answer.changes.len() }
    }

    /// The output since then.
    pub(super) fn since(&self, then: &Written) -> (&[u8], &[u8]) {
        let answer = &self.chunk_result.answer;
        (&answer.succeeded[then.succeeded..], &answer.changes[then.changes..])
    }

    /// Removes the output since then.
    pub(super) fn take_back(&mut self, then: Written) {
        self.chunk_result.answer.succeeded.truncate(then.succeeded);
        self.chunk_result.answer.changes.truncate(then.changes);
    }

    /// Registers an accepted row whose identity occurs several times.
    pub(super) fn open(&mut self, row: u64, first: u64, at: usize, outcome: Outcome) {
        self.chunk_result.answer.open.push(OpenRow { row, first, at, outcome });
    }
}

/// The judgement on a row, for a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedRow {
    /// The row.
    pub row: u64,
    /// The physical line on which it begins.
    pub line: u64,
    /// Its contact, where it has an identity.
    pub contact_id: Option<ContactId>,
    /// Its outcome, as if it were the first of its identity.
    pub outcome: Outcome,
    /// All findings of the row.
    pub findings: Vec<Finding>,
    /// Its changes to an existing contact.
    pub changes: Vec<Change>,
}

impl ChunkJudge<'_> {
    /// An empty output with room for all rows; it also collects judgements if `told` is `Some`.
    pub(super) fn output(&self, told: Option<Vec<JudgedRow>>) -> ChunkOutput {
        let mut answer = ChunkAnswer {
            succeeded: Vec::with_capacity(self.text.len() + 160 * self.rows.len()),
            ..ChunkAnswer::default()
        };
        answer.tally.add_plain(Outcome::Skipped, self.skipped);
        for row in &self.examples {
            answer.tally.add_row(*row, Outcome::Skipped, false, &[Finding::new(Code::ExampleSkipped)]);
        }
        let (width, surplus) = (self.sender.columns.len(), self.plan.surplus);
        ChunkOutput {
            writer: ResultWriter::new(self.plan.delimiter(), width, surplus)
                .carrying(self.plan.carrying_headers().len()),
            messages: Messages::of(self.plan.settings.locale),
            labels: self.profile.labels(),
            cells: Cells::default(),
            record: String::new(),
            chunk_result: ChunkResult { answer, writes: self.no_keeps() },
            rows: told,
        }
    }

    pub(super) fn write_succeeded(
        &self,
        output: &mut ChunkOutput,
        row: &Row,
        outcome: Outcome,
        answer: &Answer<'_>,
    ) -> usize {
        let sent = self.sent(row, &output.cells);
        output.writer.succeeded(
            &mut output.chunk_result.answer.succeeded,
            sent,
            outcome,
            answer,
            &row.findings,
        )
    }

    pub(super) fn refuse(&self, output: &mut ChunkOutput, row: &mut Row) -> Result<(), String> {
        let changed = Finding::new(Code::ChangedSinceApproval);
        if self.approved.as_ref().is_some_and(|approved| approved.accepted(row.number))
            && !row.findings.iter().any(|finding| finding.code == changed.code)
        {
            row.findings.push(changed);
        }
        if !row.findings.iter().any(Finding::is_error) {
            return Err(format!("row {} has no identity and no error", row.number));
        }
        output.count(row, Outcome::Rejected, false);
        let sent = self.sent(row, &output.cells);
        output.writer.failed(
            &mut output.chunk_result.answer.failed,
            sent,
            Outcome::Rejected,
            &row.findings,
            (output.messages, &output.labels),
        );
        Ok(())
    }

    fn sent<'a>(&'a self, row: &Row, cells: &'a Cells) -> Sent<'a> {
        Sent {
            record: &self.text[row.record.0..row.record.1],
            plain: row.plain,
            cells,
            row: row.number,
            line: row.line,
        }
    }

    fn no_keeps(&self) -> Writes {
        match self.profile.directory {
            Some(_) => Writes::Directory(Vec::new()),
            // A record contains the values of a row, and the names of its fields.
            None => Writes::Contacts(WriteBatch::with_room(
                self.rows.len(),
                self.text.len() + 192 * self.rows.len(),
            )),
        }
    }
}
