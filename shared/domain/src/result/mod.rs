//! The results of rows and chunks.
//!
//! In: outcomes and findings of rows. Out: lines of `succeeded.csv` and `failed.csv`, counts, and the chunk result,
//! which is stored before anything is written to the contacts.
//!
//! - [`rows`]: result rows. [`tally`]: counts of chunks, added in any order, and whether they equal the rows read.
//! - [`traces`]: finds the rows of one contact, and empties them. [`identity_finder`]: what identifies one that is gone.
//! - [`lines`]: parses lines of result files. [`changes`]: lines of `changes.csv`.
//! - [`removed`]: lines of `removed.csv`, and the contacts of accepted rows, which stay.
//! - [`chunk_result`]: the complete result of a chunk. [`abandoned`]: the result of a chunk that failed for good.

pub mod abandoned;
pub mod changes;
pub mod chunk_result;
pub mod identity_finder;
pub mod lines;
pub mod removed;
pub mod rows;
pub mod tally;
pub mod traces;
