//! Judging: the decision on each row of a chunk.
//!
//! In: a chunk message, its plan, and the entries and contacts that it refers to. Out: the chunk result.
//!
//! - [`chunk_judge`]: the rows of one chunk, from message to result. Its files: `lookups`,
//!   `references` (owners, agents, tags), `record` (the contact to write), `changes` (old and new values), `approval`
//!   (rows as a dry run showed them), `directory` (loads of the directory), `output` (result lines and counts).

pub mod chunk_judge;
