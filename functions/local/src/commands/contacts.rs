//! `rollcall contacts`: the records that rows became, as a reader sees them now.

mod export;
mod list;

use std::path::Path;

use rollcall_domain::plan::object_keys;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::Home;

use crate::answer::{Exit, Failure};

/// Show the contacts of a program
#[derive(Debug, clap::Subcommand)]
pub enum Contacts {
    List(list::List),
}

impl Contacts {
    /// Shows contacts.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Contacts::List(list) => list.run(home),
        }
    }
}

/// A program of a home.
///
/// # Errors
/// Where there is none of this name.
fn program_of(home: &Home, name: &str) -> Result<ProgramName, Failure> {
    let program = ProgramName::parse(name).map_err(|error| Failure::said(error.to_string()))?;
    let settings = object_keys::settings(&program);
    if !home.bucket().root().join(&settings).is_file() {
        let words = format!("no such program: {program}; `rollcall program set {program}` creates it");
        return Err(Failure::said(words));
    }
    Ok(program)
}
