//! `rollcall cancel`: ends an import without the rows that are not decided yet.

use std::path::Path;

use rollcall_embedded::home::{Home, HomeError};
use rollcall_pipeline::cancel::Cancelled;
use rollcall_pipeline::ports::ImportItem;

use crate::answer;
use crate::answer::{Exit, Failure};
use crate::host::{Done, Host, Tune, cancel_import, find_import};

/// Cancel an import that is running or was interrupted; what was written stays
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// Id of the import, as `rollcall imports list` shows it
    #[arg(value_name = "IMPORT-ID")]
    import: String,
}

impl Cancel {
    /// Stores the request, and ends the import if no other command works on it: that one ends it.
    pub fn run(self, path: &Path) -> Result<Exit, Failure> {
        let home = Home::open_shared(path)?;
        let item = find_import(&home, &self.import)?;
        match cancel_import(&home, &item)? {
            Cancelled::Unknown => Err(Failure::said(format!("no such import: {}", self.import))),
            Cancelled::Over(item) => {
                let status = item.status.map_or("over", |status| status.as_str());
                Err(Failure::said(format!("the import is over ({status}): nothing is left to cancel")))
            }
            Cancelled::Noted => {
                let ended = end(path, home, &item)?;
                let noted = || {
                    let id = &item.import_id;
                    format!("{id} is to be cancelled: rows that are not decided yet end as unprocessed\n")
                };
                answer::print(&ended.map_or_else(noted, |done| answer::outcome_text(&done)))?;
                Ok(Exit::Well)
            }
        }
    }
}

/// Ends an import that nobody works on; `None` where another command does, or its program is paused.
fn end(path: &Path, home: Home, item: &ImportItem) -> Result<Option<Done>, Failure> {
    drop(home);
    match Host::open(path, Tune::new(None, None, None, false)) {
        Ok(host) => Ok(Done::read(host.home(), &item.program, &item.import_id)?),
        Err(Failure::Home(HomeError::InUse(_))) => Ok(None),
        Err(failure) => Err(failure),
    }
}
