//! A record becomes a row: every mapped cell is cleaned, every fault is found. Nothing is looked up here.
//!
//! In: the cells of a record and the mapping. Out: a value for each field, the row's identity, its findings.
//!
//! - [`cleaner`]: cleans the cells of a row, checks the row, gives its identity and the addresses and phones in it.
//!   [`values`]: what it cleaned.
//! - `cell`: cleans one cell. `again`: looks once more at a cell that is not plainly what its field holds.
//! - [`kinds`]: the field kinds that most rows do not have. [`fold`]: when two names count as the same.

mod again;
mod cell;
pub mod cleaner;
pub mod fold;
pub mod kinds;
pub mod values;
