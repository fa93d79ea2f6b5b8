//! The three stages over ports: split, work, finalize. Knows the domain; no SDK, no adapter, no clock.
//!
//! - [`split`]: an object was dropped. Surveys it, writes the plan, sends its chunks.
//! - [`work`]: a chunk arrived. Judges its rows once, stores its result and its contacts, closes it.
//! - [`finalize`]: all chunks are closed. Assembles the results, sends the notification e-mail.
//! - [`assemble`]: writes both result files, in file order.
//! - [`abandon`]: a chunk failed for good. Answers for its rows, so that the import can end.
//! - [`sweep`]: an import hangs. Sends what is missing once more, then abandons the open chunks.
//! - [`migrate`]: a schedule says to look for files. New ones are split like drops.
//! - [`request`]: the settings, profile and options of an import.
//! - [`preview`]: shows what an import would do, without starting one.

pub mod abandon;
mod artifacts;
pub mod assemble;
pub mod fault;
pub mod finalize;
pub mod migrate;
pub mod ports;
pub mod preview;
pub mod request;
pub mod split;
mod survey;
pub mod sweep;
mod text;
pub mod work;
