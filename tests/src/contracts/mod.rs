//! What every adapter of a port keeps: one suite a port, run on each of its adapters.
//!
//! A suite is given an adapter with nothing in it and asks only what the port's own documentation says; it knows
//! nothing of folders, tables or services.

pub mod contacts;
pub mod directory;
pub mod imports;
pub mod mail;
pub mod objects;
pub mod queue;
pub mod reader;

use jiff::Timestamp;
use rollcall_domain::types::names::{ImportId, ProgramName};

/// A time, in seconds after some beginning.
pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).expect("a time")
}

/// An import: the higher the number, the newer.
pub fn import(number: i64) -> ImportId {
    ImportId::derive("bucket", "inbox/acme/prospects/list.csv", "1", time(number))
}

/// A program.
pub fn program(name: &str) -> ProgramName {
    ProgramName::parse(name).expect("a name")
}
