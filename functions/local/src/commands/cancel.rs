//! `rollcall cancel`: ends an import without the rows that are not decided yet.

use std::path::Path;

use rollcall_embedded::home::Home;
use rollcall_pipeline::cancel::Cancelled;

use crate::answer;
use crate::answer::{Exit, Failure};
use crate::host::{cancel_import, find_import};

/// Cancel an import that is running or was interrupted; what was written stays
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// Id of the import, as `rollcall imports list` shows it
    #[arg(value_name = "IMPORT-ID")]
    import: String,
}

impl Cancel {
    /// Stores the request; the command that runs the import, or the next command, ends it.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let home = Home::open_shared(home)?;
        let item = find_import(&home, &self.import)?;
        match cancel_import(&home, &item)? {
            Cancelled::Unknown => Err(Failure::said(format!("no such import: {}", self.import))),
            Cancelled::Over(item) => {
                let status = item.status.map_or("over", |status| status.as_str());
                Err(Failure::said(format!("the import is over ({status}): nothing is left to cancel")))
            }
            Cancelled::Noted => {
                answer::print(&format!(
                    "{} is to be cancelled: rows that are not decided yet end as unprocessed\n",
                    item.import_id
                ))?;
                Ok(Exit::Well)
            }
        }
    }
}
