//! `rollcall undo`: takes back what an import wrote.

use std::path::Path;

use rollcall_domain::types::outcome::Status;

use super::Tuning;
use crate::answer;
use crate::answer::{Exit, Failure};
use crate::host::Workplace;
use crate::interrupt;

/// Undo an import; what somebody else changed since stays, with the reason
#[derive(Debug, clap::Args)]
pub struct Undo {
    /// The import's id, as `rollcall imports list` shows it
    #[arg(value_name = "IMPORT-ID")]
    import: String,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Answer with one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tuning: Tuning,
}

impl Undo {
    /// Undoes the import, and answers like an import.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        interrupt::say_what_goes_on()?;
        let workplace = Workplace::open(home, self.tuning.tune(self.json), self.tuning.wait())?;
        let done = workplace.undo(&self.import, self.dry_run)?;
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
