//! The three stages over ports: split, work, finalize. Knows the domain; no SDK, no adapter, no clock.
//!
//! - [`split`]: an object was dropped. Survey it, write the plan, send its chunks.
//! - [`work`]: a chunk arrived. Judge its rows once, keep what they leave behind, close it.
//! - [`finalize`]: all chunks are closed. Assemble the answer, write the letter.
//! - [`assemble`]: both result files, in file order.
//! - [`abandon`]: a chunk failed for good. Its rows are answered for, so that the import can end.
//! - [`approve`]: an import that writes exactly what a dry run showed.
//! - [`cancel`]: an import is to end without the chunks that are not decided yet.
//! - [`sweep`]: an import hangs. What is missing is sent again once, then given up.
//! - [`migrate`]: a schedule says to look for files. New ones are split like drops.
//! - [`request`]: the settings, profile and options of an import.
//! - [`preview`]: what an import would say, without one.

pub mod abandon;
pub mod approve;
mod artifacts;
pub mod assemble;
pub mod cancel;
pub mod fault;
pub mod finalize;
mod head;
pub mod migrate;
pub mod ports;
pub mod preview;
pub mod request;
pub mod split;
mod survey;
pub mod sweep;
mod text;
pub mod work;
