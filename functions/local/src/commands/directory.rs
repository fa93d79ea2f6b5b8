//! `rollcall directory`: loads the entries that rows are checked and matched against.

use std::path::{Path, PathBuf};

use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::MARKETPLACE;

use super::{Delivery, Form, Tuning};
use crate::answer::{Exit, Failure};
use crate::drop::ImportArguments;

/// Load the entries that rows are validated and matched against
#[derive(Debug, clap::Subcommand)]
pub enum Directory {
    /// Add and update entries from a CSV file with a header
    Load(Load),
}

#[derive(Debug, clap::Args)]
pub struct Load {
    /// accounts, groups, tags, agents, owners, companies, cadences or sign-ups
    kind: Kind,
    /// CSV file with a header
    file: PathBuf,
    /// Program that the entries belong to; accounts are shared by all programs
    #[arg(long, value_name = "PROGRAM")]
    program: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tuning: Tuning,
}

impl Directory {
    /// Loads the file.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let Directory::Load(load) = self;
        let owner = match (load.kind, load.program) {
            (Kind::Accounts, _) => MARKETPLACE.to_owned(),
            (_, Some(program)) => program,
            (kind, None) => {
                return Err(Failure::said(format!("whose {kind} are they? say it with --program")));
            }
        };
        let form = if load.json { Form::Document } else { Form::Text };
        let asked = ImportArguments::directory(load.file, owner, load.kind);
        Delivery::new(home, &load.tuning, form).deliver(&asked)
    }
}
