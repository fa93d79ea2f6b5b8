//! The tally: counts of rows by outcome and code. Parts add up in any order.

use crate::types::outcome::Outcome;
use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::code::Code;
use crate::types::finding::Finding;

/// The most row numbers in the summary for a code and column.
pub const FIRST_ROWS: usize = 10;

/// The number of rows read, and of each outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Data records of the file, including blank ones.
    pub read: u64,
    /// Rows that created a contact.
    pub created: u64,
    /// Rows that changed a contact.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Rows that joined an earlier row's contact.
    pub merged: u64,
    /// Blank rows and rows that were not selected.
    pub skipped: u64,
    /// Rows with errors.
    pub rejected: u64,
    /// Rows of which it is unknown whether they were stored.
    pub unprocessed: u64,
}

impl Counts {
    /// Returns the number of rows with this outcome.
    pub const fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Created => self.created,
            Outcome::Updated => self.updated,
            Outcome::Unchanged => self.unchanged,
            Outcome::Merged => self.merged,
            Outcome::Skipped => self.skipped,
            Outcome::Rejected => self.rejected,
            Outcome::Unprocessed => self.unprocessed,
        }
    }

    /// Returns the number of rows with the outcomes of `succeeded.csv`.
    pub const fn accepted(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.merged
    }

    /// Returns the sum of all outcomes, which must be the number of rows read.
    pub fn sum(&self) -> u64 {
        Outcome::ALL.into_iter().map(|outcome| self.of(outcome)).fold(0, u64::saturating_add)
    }

    /// Returns whether every row read has exactly one outcome (I1).
    pub fn sum_holds(&self) -> bool {
        self.read == self.sum()
    }

    const fn of_mut(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Created => &mut self.created,
            Outcome::Updated => &mut self.updated,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Merged => &mut self.merged,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Unprocessed => &mut self.unprocessed,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.read += other.read;
        for outcome in Outcome::ALL {
            *self.of_mut(outcome) += other.of(outcome);
        }
    }
}

/// The number of rows with a code in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CodeCount {
    /// The code.
    pub code: Code,
    /// The field's name; null for codes of the row or the file, and of columns without a field.
    pub column: Option<Arc<str>>,
    /// Rows with it; 0 for codes of the file.
    pub rows: u64,
    /// The lowest row numbers, at most [`FIRST_ROWS`], ascending.
    pub first_rows: Vec<u64>,
    /// The line and value of each of these rows, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// A row with its line and value, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Example {
    /// The row of the spreadsheet, or the line of the file.
    pub line: u64,
    /// The value in the file, masked if IMP-18 requires it; absent if the finding is not about a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Example {
    /// The most characters of such a value: it is read, not stored.
    const CHARACTERS: usize = 80;

    fn new(line: u64, value: Option<&str>) -> Self {
        Self { line, value: value.map(cut) }
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(Example::CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// A row number for programs, and a line for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace {
    /// The record's number, from 1.
    pub row: u64,
    /// The row of the spreadsheet, or the line of the file.
    pub line: u64,
}

impl CodeCount {
    fn of(finding: &Finding) -> Self {
        Self {
            code: finding.code,
            column: finding.field().cloned(),
            rows: 0,
            first_rows: Vec::new(),
            examples: Vec::new(),
        }
    }

    fn place(&self) -> (Code, Option<&str>) {
        (self.code, self.column.as_deref())
    }

    fn add_row(&mut self, at: RowPlace, value: Option<&str>) {
        self.rows += 1;
        if self.takes(at.row) {
            self.insert(at.row, Example::new(at.line, value));
        }
    }

    /// Whether a row is among the first.
    fn takes(&self, row: u64) -> bool {
        self.first_rows.len() < FIRST_ROWS || self.first_rows.last().is_some_and(|&last| row < last)
    }

    fn insert(&mut self, row: u64, example: Example) {
        let place = self.first_rows.partition_point(|&known| known <= row);
        self.first_rows.insert(place, row);
        self.first_rows.truncate(FIRST_ROWS);
        self.examples.insert(place, example);
        self.examples.truncate(FIRST_ROWS);
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        for (at, row) in other.first_rows.iter().enumerate() {
            if self.takes(*row) {
                self.insert(*row, other.example(at));
            }
        }
    }

    /// The example of a first row; chunk results of older versions have none, so line 0 stands for it.
    fn example(&self, at: usize) -> Example {
        self.examples.get(at).cloned().unwrap_or_else(|| Example::new(0, None))
    }
}

/// The counts of some rows of an import: of a chunk, or of all.
///
/// Tallies are added up with [`Tally::merge`], in any order and grouping.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Rows read, and rows of each outcome.
    pub rows: Counts,
    /// Accepted rows that matched an account.
    pub matched: u64,
    /// Errors by code and column, sorted by both, no column first.
    pub errors: Vec<CodeCount>,
    /// Warnings, sorted alike.
    pub warnings: Vec<CodeCount>,
    /// Fields of existing contacts that accepted rows change, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldCount>,
}

/// The number of rows that change a field of an existing contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldCount {
    /// The field's name, or the sender's header.
    pub field: String,
    /// The rows that change it.
    pub rows: u64,
}

impl Tally {
    /// Counts one row, with its outcome and all its findings.
    ///
    /// A code counts once for a column, however often the row has it.
    pub fn add_row(&mut self, at: RowPlace, outcome: Outcome, matched: bool, findings: &[Finding]) {
        self.rows.read += 1;
        *self.rows.of_mut(outcome) += 1;
        self.matched += u64::from(matched);
        for (place, finding) in findings.iter().enumerate() {
            if !findings[..place].iter().any(|earlier| earlier.is_like(finding)) {
                self.entry(finding).add_row(at, finding.value.as_deref());
            }
        }
    }

    /// Counts rows with one outcome that have no findings, such as blank ones.
    pub const fn add_plain(&mut self, outcome: Outcome, rows: u64) {
        self.rows.read += rows;
        *self.rows.of_mut(outcome) += rows;
    }

    /// Counts a finding about the file, which belongs to no row.
    pub fn add_file(&mut self, finding: &Finding) {
        self.entry(finding);
    }

    /// Moves a counted row to another outcome, for example when an accepted repeat becomes merged.
    ///
    /// If no row had the first outcome, the sum check fails from then on.
    pub const fn reclassify(&mut self, from: Outcome, to: Outcome) {
        let count = self.rows.of_mut(from);
        *count = count.saturating_sub(1);
        *self.rows.of_mut(to) += 1;
    }

    /// Adds another tally to this one.
    pub fn merge(&mut self, other: &Self) {
        self.rows.merge(&other.rows);
        self.matched += other.matched;
        merge_counts(&mut self.errors, &other.errors);
        merge_counts(&mut self.warnings, &other.warnings);
        other.changes.iter().for_each(|count| self.count_change(&count.field, count.rows));
    }

    /// Returns whether every row read has exactly one outcome (I1).
    pub fn sum_holds(&self) -> bool {
        self.rows.sum_holds()
    }

    /// Counts the fields that one row changes.
    pub fn add_changes<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>) {
        fields.into_iter().for_each(|field| self.count_change(field, 1));
    }

    /// Subtracts the count of a field that a row does not change after all.
    pub fn take_change(&mut self, field: &str) {
        if let Ok(place) = self.place_of_change(field) {
            let count = &mut self.changes[place].rows;
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.changes.remove(place);
            }
        }
    }

    fn count_change(&mut self, field: &str, rows: u64) {
        match self.place_of_change(field) {
            Ok(place) => self.changes[place].rows += rows,
            Err(place) => self.changes.insert(place, FieldCount { field: field.to_owned(), rows }),
        }
    }

    fn place_of_change(&self, field: &str) -> Result<usize, usize> {
        self.changes.binary_search_by(|count| count.field.as_str().cmp(field))
    }

    fn entry(&mut self, finding: &Finding) -> &mut CodeCount {
        let list = if finding.is_error() { &mut self.errors } else { &mut self.warnings };
        let sought = (finding.code, finding.field().map(|field| &**field));
        let place = match list.binary_search_by(|count| count.place().cmp(&sought)) {
            Ok(place) => place,
            Err(place) => {
                list.insert(place, CodeCount::of(finding));
                place
            }
        };
        &mut list[place]
    }
}

fn merge_counts(into: &mut Vec<CodeCount>, from: &[CodeCount]) {
    let mut place = 0;
    for count in from {
        while into.get(place).is_some_and(|known| known.place() < count.place()) {
            place += 1;
        }
        match into.get_mut(place).map(|known| (known.place().cmp(&count.place()), known)) {
            Some((Ordering::Equal, known)) => known.merge(count),
            _ => into.insert(place, count.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
