//! An abandoned chunk: its rows end as `unprocessed`, so that the import can end.
//!
//! Nothing is cleaned or judged here, because that may be what failed. It is safe to import these rows again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::contacts::writes::WriteBatch;
use crate::file::cells::Cells;
use crate::file::split::records;
use crate::file::write::write_record;
use crate::messages::catalogue::Messages;
use crate::messages::labels::Labels;
use crate::plan::chunk::ChunkMessage;
use crate::plan::columns::SUCCEEDED;
use crate::plan::import_plan::Plan;
use crate::profile::compiled::Profile;
use crate::result::chunk_result::{ChunkAnswer, ChunkResult, Writes};
use crate::result::lines::{Line, lines};
use crate::result::rows::{ResultWriter, Sent};
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::outcome::Outcome;

/// The version of [`Abandoned`] that this code writes.
const VERSION: u32 = 1;

/// `chunks/<n>.given-up`: rows of a judged chunk that may not have been stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    v: u32,
    /// The rows, ascending.
    pub rows: BTreeSet<u64>,
}

impl Abandoned {
    /// The rows that had something to store.
    pub fn of(plan: &Plan, chunk_result: &ChunkResult) -> Self {
        let rows = match &chunk_result.writes {
            Writes::Contacts(writes) => writes.iter().map(|keep| keep.row).collect(),
            // Directory entries do not name their rows; the rows with changes do.
            Writes::Directory(_) => changing_rows(plan, chunk_result),
        };
        Self { v: VERSION, rows }
    }

    /// The object's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data serialises into memory")
    }

    /// Reads the object.
    ///
    /// # Errors
    /// If it is invalid, or has an unknown version.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let abandoned: Self = serde_json::from_slice(json).map_err(|error| format!("given-up: {error}"))?;
        if abandoned.v != VERSION {
            return Err(format!("given-up: version {} is not {VERSION}", abandoned.v));
        }
        Ok(abandoned)
    }

    /// Turns these rows from accepted into `unprocessed`; all others keep their results.
    pub fn apply(&self, plan: &Plan, answer: ChunkAnswer) -> ChunkAnswer {
        let mut told = PartialFailure::of(plan, &answer);
        let mut open = answer.open.iter().peekable();
        for row in rows_of(plan, &answer.succeeded) {
            let mark = open.next_if(|open| row.range.contains(&open.at));
            if self.rows.contains(&row.row) {
                told.abandon(&row);
                continue;
            }
            let moved = row.range.start - told.answer.succeeded.len();
            told.answer.succeeded.extend_from_slice(&answer.succeeded[row.range]);
            told.answer.open.extend(mark.map(|open| {
                let mut open = open.clone();
                open.at -= moved;
                open
            }));
        }
        told.answer.changes.clone_from(&answer.changes);
        let mut answer = told.finish(rows_of(plan, &answer.failed), &answer.failed);
        answer.drop_changes_of(&self.rows, plan.delimiter());
        answer
    }
}

/// The result of a chunk of which nothing is written, for a reason that concerns the whole import: every accepted row
/// is unprocessed.
pub fn refuse_all(plan: &Plan, answer: ChunkAnswer, reason: Option<Code>) -> ChunkAnswer {
    let mut told = PartialFailure::of(plan, &answer);
    told.reason = reason;
    rows_of(plan, &answer.succeeded).iter().for_each(|row| told.abandon(row));
    let mut refused = told.finish(rows_of(plan, &answer.failed), &answer.failed);
    refused.tally.changes.clear();
    refused
}

/// The result of a chunk that was never judged: every row that is not skipped is `unprocessed`.
pub fn unprocessed(plan: &Plan, profile: &Profile, message: &ChunkMessage) -> ChunkResult {
    let delimiter = plan.delimiter();
    let sender = plan.mapping.sender();
    let mut writer = ResultWriter::new(delimiter, sender.columns.len(), plan.surplus)
        .carrying(plan.carrying_headers().len());
    let mut answer = ChunkAnswer::default();
    let mut cells = Cells::default();
    let mut line = message.first_line;
    let mut marks = message.marks.iter().peekable();
    for (number, found) in (message.first_row..).zip(records(message.text.as_bytes(), delimiter)) {
        let mark = marks.next_if(|mark| mark.row == number);
        let mut record = std::borrow::Cow::Borrowed(&message.text[found.body]);
        cells.parse(&record, delimiter);
        if plan.mapping.is_result_file {
            record = plan.mapping.sender_record(&cells, delimiter).into();
            cells.parse(&record, delimiter);
        }
        let chosen = plan.options.rows.as_ref().is_none_or(|rows| rows.contains(number));
        let is_row = !cells.is_blank() && !sender.is_repeated_by(&cells);
        let outcome = if chosen && is_row { Outcome::Unprocessed } else { Outcome::Skipped };
        answer.tally.add_plain(outcome, 1);
        if outcome == Outcome::Unprocessed {
            let sent = Sent { record: &record, plain: false, cells: &cells, row: number, line };
            let messages = Messages::of(plan.settings.locale);
            writer.failed(&mut answer.failed, sent, outcome, &[], (messages, Labels::NONE));
        }
        line += mark.and_then(|mark| mark.lines).unwrap_or(u64::from(found.lines));
    }
    let writes = match profile.directory {
        Some(_) => Writes::Directory(Vec::new()),
        None => Writes::Contacts(WriteBatch::default()),
    };
    ChunkResult { answer, writes }
}

/// The rows of a result file; their numbers follow the sender's columns.
fn rows_of(plan: &Plan, bytes: &[u8]) -> Vec<Line> {
    lines(bytes, plan.delimiter(), plan.mapping.sender().columns.len())
}

/// The position of a column of `succeeded.csv` after the sender's.
fn place(name: &str) -> usize {
    SUCCEEDED.iter().position(|column| *column == name).expect("a column of succeeded.csv")
}

fn changing_rows(plan: &Plan, chunk_result: &ChunkResult) -> BTreeSet<u64> {
    let at = plan.mapping.sender().columns.len() + place("rollcall_outcome");
    let changes = |row: &Line| row.cells.get(at).is_some_and(|word| outcome_of(word) != Outcome::Unchanged);
    rows_of(plan, &chunk_result.answer.succeeded).into_iter().filter(changes).map(|row| row.row).collect()
}

fn outcome_of(word: &str) -> Outcome {
    Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word).unwrap_or(Outcome::Unchanged)
}

/// A judged chunk result that is being changed to partly abandoned.
struct PartialFailure {
    answer: ChunkAnswer,
    abandoned: Vec<(u64, Vec<u8>)>,
    width: usize,
    delimiter: u8,
    surplus: bool,
    carrying: usize,
    /// The code of the reason why the rows are not written, if there is one.
    reason: Option<Code>,
    messages: &'static Messages,
}

impl PartialFailure {
    fn of(plan: &Plan, answer: &ChunkAnswer) -> Self {
        Self {
            answer: ChunkAnswer { tally: answer.tally.clone(), ..ChunkAnswer::default() },
            abandoned: Vec::new(),
            width: plan.mapping.sender().columns.len(),
            delimiter: plan.delimiter(),
            surplus: plan.surplus,
            carrying: plan.carrying_headers().len(),
            reason: None,
            messages: Messages::of(plan.settings.locale),
        }
    }

    fn abandon(&mut self, row: &Line) {
        let said = |name| row.cells.get(self.width + place(name)).map_or("", String::as_str);
        let tally = &mut self.answer.tally;
        tally.reclassify(outcome_of(said("rollcall_outcome")), Outcome::Unprocessed);
        tally.matched -= u64::from(!said("rollcall_account_id").is_empty()).min(tally.matched);
        let unprocessed = Outcome::Unprocessed.as_str();
        let own = row.cells.iter().take(self.width + 2).map(String::as_str);
        let finding = self.reason.map(Finding::new);
        let key = finding.as_ref().map(Finding::key).unwrap_or_default();
        let message = finding.map(|finding| self.messages.text(&finding, Labels::NONE)).unwrap_or_default();
        let told = [unprocessed, &*key, &*message, said("rollcall_warnings")];
        let mut record = Vec::new();
        write_record(
            &mut record,
            own.chain(told).chain(std::iter::repeat_n("", usize::from(self.surplus) + self.carrying)),
            self.delimiter,
        );
        record.extend_from_slice(b"\r\n");
        self.abandoned.push((row.row, record));
    }

    /// Inserts the abandoned rows among the failed ones, in file order.
    fn finish(mut self, failed: Vec<Line>, bytes: &[u8]) -> ChunkAnswer {
        let mut abandoned = self.abandoned.into_iter().peekable();
        for row in failed {
            while let Some((_, record)) = abandoned.next_if(|(number, _)| *number < row.row) {
                self.answer.failed.extend(record);
            }
            self.answer.failed.extend_from_slice(&bytes[row.range]);
        }
        abandoned.for_each(|(_, record)| self.answer.failed.extend(record));
        self.answer
    }
}
