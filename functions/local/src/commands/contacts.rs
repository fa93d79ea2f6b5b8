//! `rollcall contacts`: the contacts as a reader sees them now.

mod erase;
mod export;
mod list;

use std::path::Path;

use crate::answer::{Exit, Failure};

/// List the contacts of a program, or erase one
#[derive(Debug, clap::Subcommand)]
pub enum Contacts {
    List(list::List),
    Erase(erase::Erase),
}

impl Contacts {
    /// Shows contacts.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Contacts::List(list) => list.run(home),
            Contacts::Erase(erase) => erase.run(home),
        }
    }
}
