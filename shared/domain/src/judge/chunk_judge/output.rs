//! The desk: where rows are written as they are judged.

use crate::contacts::writes::WriteBatch;
use crate::file::cells::Cells;
use crate::judge::chunk_judge::{ChunkJudge, Row};
use crate::messages::catalogue::Messages;
use crate::messages::labels::Labels;
use crate::result::chunk_result::{ChunkAnswer, ChunkResult, Writes};
use crate::result::rows::{Answer, ResultWriter, Sent};
use crate::result::tally::RowPlace;
use crate::types::finding::Finding;
use crate::types::outcome::Outcome;

/// Where rows are written as they are judged.
pub(super) struct ChunkOutput {
    writer: ResultWriter,
    messages: &'static Messages,
    labels: Labels,
    pub(super) cells: Cells,
    /// A new contact's record, while it is judged.
    pub(super) record: String,
    pub(super) chunk_result: ChunkResult,
    /// Each row as it is judged, where somebody wants to be told.
    pub(super) rows: Option<Vec<JudgedRow>>,
}

impl ChunkOutput {
    fn count(&mut self, row: &Row, outcome: Outcome, matched: bool) {
        self.chunk_result.answer.tally.add_row(
            RowPlace { row: row.number, line: row.line },
            outcome,
            matched,
            &row.findings,
        );
        if let Some(rows) = &mut self.rows {
            let findings = row.findings.clone();
            rows.push(JudgedRow { row: row.number, line: row.line, outcome, findings });
        }
    }
}

/// What would become of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedRow {
    /// The row.
    pub row: u64,
    /// The physical line on which it begins.
    pub line: u64,
    /// What it would be, as if it were the first of its identity.
    pub outcome: Outcome,
    /// All that was found in it.
    pub findings: Vec<Finding>,
}

impl ChunkJudge<'_> {
    /// An empty desk with room for all rows; each is told too where `told` is there.
    pub(super) fn output(&self, told: Option<Vec<JudgedRow>>) -> ChunkOutput {
        let mut answer = ChunkAnswer {
            succeeded: Vec::with_capacity(self.text.len() + 160 * self.rows.len()),
            ..ChunkAnswer::default()
        };
        answer.tally.add_plain(Outcome::Skipped, self.skipped);
        let (width, surplus) = (self.sender.columns.len(), self.plan.surplus);
        ChunkOutput {
            writer: ResultWriter::new(self.plan.delimiter(), width, surplus),
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
        matched: bool,
    ) -> usize {
        output.count(row, outcome, matched);
        let sent = self.sent(row, &output.cells);
        output.writer.succeeded(
            &mut output.chunk_result.answer.succeeded,
            sent,
            outcome,
            answer,
            &row.findings,
        )
    }

    pub(super) fn refuse(&self, output: &mut ChunkOutput, row: &Row) -> Result<(), String> {
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
            // A record says what a row says, and the names of its fields.
            None => Writes::Contacts(WriteBatch::with_room(
                self.rows.len(),
                self.text.len() + 192 * self.rows.len(),
            )),
        }
    }
}
