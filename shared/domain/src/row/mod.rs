//! Converts a record to a row: cleans every mapped cell and finds every fault, without any look-up.
//!
//! In: the cells of a record and the mapping. Out: a value for each field, the row's identity, its findings.
//!
//! - [`cleaner`]: cleans the cells of a row, checks the row, gives its identity. [`values`]: what it cleaned.
//! - `cell`: cleans one cell. `again`: re-examines a cell that is not plainly valid.
//! - [`kinds`]: the less common field kinds. [`fold`]: folds names for comparison.

mod again;
mod cell;
pub mod cleaner;
pub mod fold;
pub mod kinds;
pub mod values;
