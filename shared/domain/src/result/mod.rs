//! The results of rows and chunks.
//!
//! In: outcomes and findings of rows. Out: lines of `succeeded.csv` and `failed.csv`, counts, and the chunk result that
//! is stored before anything is written to the contacts.
//!
//! - [`rows`]: result rows. [`tally`]: counts that add up in any order.
//! - [`traces`]: the rows of one contact, and how they are emptied.
//! - [`lines`]: lines of result files read again. [`changes`]: lines of `changes.csv`.
//! - [`chunk_result`]: everything that a chunk came to. [`abandoned`]: the result of a chunk that failed for good.

pub mod abandoned;
pub mod changes;
pub mod chunk_result;
pub mod lines;
pub mod rows;
pub mod tally;
pub mod traces;
