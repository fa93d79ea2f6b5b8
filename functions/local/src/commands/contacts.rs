//! `rollcall contacts`: the contacts as a reader sees them now.

mod erase;
mod export;
mod list;
mod show;

use std::path::Path;

use crate::answer::{Exit, Failure};

/// List, show and erase the contacts of a program
#[derive(Debug, clap::Subcommand)]
pub enum Contacts {
    List(list::List),
    Show(show::Show),
    Erase(erase::Erase),
}

impl Contacts {
    /// Shows contacts.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Contacts::List(list) => list.run(home),
            Contacts::Show(show) => show.run(home),
            Contacts::Erase(erase) => erase.run(home),
        }
    }
}
