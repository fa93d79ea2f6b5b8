//! Approval: a row is written only if its result is the same as in the approved dry run.

use std::collections::HashMap;
use std::ops::Range;

use crate::plan::import_plan::Plan;
use crate::result::chunk_result::ChunkAnswer;
use crate::result::lines::lines;

/// The results of a dry run for the rows of one chunk.
#[derive(Debug)]
pub struct ApprovedRows {
    answer: ChunkAnswer,
    /// By row: its line in `succeeded.csv`.
    succeeded: HashMap<u64, Range<usize>>,
    /// By row: its lines in `changes.csv`, which follow each other.
    changes: HashMap<u64, Range<usize>>,
}

impl ApprovedRows {
    /// The results of a dry run's chunk; the plan is that of the approving import, which has the same columns.
    pub fn of(plan: &Plan, answer: ChunkAnswer) -> Self {
        let width = plan.mapping.sender().columns.len();
        let succeeded = lines(&answer.succeeded, plan.delimiter(), width);
        let succeeded = succeeded.into_iter().map(|line| (line.row, line.range)).collect();
        let mut changes: HashMap<u64, Range<usize>> = HashMap::new();
        for line in lines(&answer.changes, plan.delimiter(), 0) {
            changes.entry(line.row).or_insert(line.range.clone()).end = line.range.end;
        }
        Self { answer, succeeded, changes }
    }

    /// Whether a row was accepted.
    pub(super) fn accepted(&self, row: u64) -> bool {
        self.succeeded.contains_key(&row)
    }

    /// Whether a row was accepted with exactly this line and these changes.
    pub(super) fn allows(&self, row: u64, succeeded: &[u8], changes: &[u8]) -> bool {
        let approved = self.succeeded.get(&row).map(|range| &self.answer.succeeded[range.clone()]);
        let approved_changes = self.changes.get(&row).cloned().unwrap_or(0..0);
        approved == Some(succeeded) && self.answer.changes[approved_changes] == *changes
    }
}
