//! Judging: the decision on each row of a chunk.
//!
//! In: a chunk message, its plan, and the entries and contacts that it refers to. Out: the chunk result.
//!
//! - [`undo`]: what becomes of the contacts of an import that is undone.
//! - [`chunk_judge`]: the rows of one chunk, from message to result. Its files: look-ups, references, the contact to
//!   write, loads of the directory, output.

pub mod chunk_judge;
pub mod undo;
