//! What a file, a row, a rule, a match and a report are: the core of Rollcall, without any I/O.

pub mod chunk;
pub mod contact;
pub mod directory;
pub mod keys;
pub mod names;
