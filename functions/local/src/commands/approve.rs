//! `rollcall approve`: imports exactly what a dry run showed.

use std::path::Path;

use rollcall_domain::types::outcome::Status;

use super::Tuning;
use crate::answer;
use crate::answer::{Exit, Failure};
use crate::host::Workplace;
use crate::interrupt;

/// Import exactly what a dry run showed; rows whose result changed since are rejected
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// Id of the dry run, as `rollcall imports list` shows it
    #[arg(value_name = "IMPORT-ID")]
    import: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tuning: Tuning,
}

impl Approve {
    /// Imports the file of the dry run, with the same output as an import.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        interrupt::say_what_goes_on()?;
        let workplace = Workplace::open(home, self.tuning.tune(self.json), self.tuning.wait())?;
        let done = workplace.approve(&self.import)?;
        if self.json {
            answer::print(&answer::pretty(&answer::document(&done.summary, &done.results)))?;
        } else {
            answer::print(&answer::outcome_text(&done))?;
        }
        if matches!(done.summary.status, Status::Refused | Status::Failed) {
            answer::say(answer::refusal(&done));
        }
        Ok(Exit::of(done.summary.status))
    }
}
