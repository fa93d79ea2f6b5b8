//! `rollcall contacts erase`: forgets a contact.

use std::path::Path;

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::clock::SystemClock;
use rollcall_embedded::home::Home;
use rollcall_embedded::queue::LocalQueue;
use rollcall_pipeline::erase::{Erased, Erasure, Holding, Reason, erase};
use rollcall_pipeline::ports::Ports;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::host::{Host, Tune};
use crate::programs::program_of;

/// Erase a contact for good; its address and phones must not be imported again
///
/// No undo brings the contact back. The answer names the files of earlier imports that still have its rows.
#[derive(Debug, clap::Args)]
pub struct Erase {
    /// The contact's id, as `rollcall contacts list` shows it
    #[arg(value_name = "CONTACT-ID")]
    contact: String,
    /// Program of the contact
    #[arg(long, value_name = "PROGRAM")]
    program: String,
    /// Empty its rows in result files and working files too
    #[arg(long)]
    everywhere: bool,
    /// Let imports bring the contact back: suppress nothing
    #[arg(long)]
    allow_again: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Erase {
    /// Erases the contact.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let unknown = || Failure::said(format!("no such contact: {}", self.contact));
        let contact_id = ContactId::parse(&self.contact).ok_or_else(unknown)?;
        // Opened for work, so imports that were interrupted are finished before.
        let host = Host::open(home, Tune::new(None, None, None, false))?;
        let home = host.home();
        let program = program_of(home, &self.program)?;
        let ports = Ports {
            objects: home.bucket().clone(),
            directory: home.directory(),
            contacts: home.contacts(),
            imports: home.imports(),
            queue: LocalQueue::with_room(0),
            clock: SystemClock,
        };
        let Erase { everywhere, allow_again, .. } = self;
        let erasure = Erasure { program, contact_id, everywhere, allow_again };
        let mut erased = block_on(erase(&ports, &erasure, Timestamp::now()))?.ok_or_else(unknown)?;
        let mails = mails(home, &erasure, &erased);
        erased.holding.extend(mails);
        if self.json {
            answer::print(&answer::pretty(&erased))?;
        } else {
            answer::print(&text(&erased))?;
        }
        Ok(Exit::Well)
    }
}

/// The notification e-mails of imports that rejected rows of the contact: they name them, or have them attached.
fn mails(home: &Home, erasure: &Erasure, erased: &Erased) -> Vec<Holding> {
    let held = erased.holding.iter().map(|holding| &holding.key);
    let failed = held.chain(&erased.emptied).filter(|key| key.ends_with("/failed.csv"));
    let folder = object_keys::imports(&erasure.program);
    let import = |key: &String| {
        let id = key.strip_prefix(&folder)?.split('/').next()?;
        let import_id = ImportId::parse(id).ok()?;
        let file = home.outbox().notification(&import_id);
        let name = file.file_name()?.to_str()?;
        let key = format!("outbox/{name}");
        let import_id = Some(import_id);
        file.is_file().then_some(Holding { key, import_id, reason: Reason::Mail })
    };
    failed.filter_map(import).collect()
}

fn text(erased: &Erased) -> String {
    let mut out = match (erased.erased, erased.suppressed) {
        (false, _) => format!("{} was erased before\n", erased.contact_id),
        (true, 0) => format!("{} is erased; an import may bring it back\n", erased.contact_id),
        (true, 1) => format!("{} is erased, and its address or phone is suppressed\n", erased.contact_id),
        (true, count) => {
            format!("{} is erased, and its {count} addresses and phones are suppressed\n", erased.contact_id)
        }
    };
    if !erased.emptied.is_empty() {
        let mut table = Table::new([Column::words("file").whole()]);
        erased.emptied.iter().for_each(|key| table.add([key.as_str()]));
        out.push_str(&format!("\nIts rows are emptied in:\n{}", table.render(2)));
    }
    if !erased.holding.is_empty() {
        let mut table = Table::new([Column::words("file").whole(), Column::words("why")]);
        erased.holding.iter().for_each(|holding| table.add([holding.key.as_str(), why(holding)]));
        out.push_str(&format!("\nThese files still have its rows:\n{}", table.render(2)));
    }
    out
}

fn why(holding: &Holding) -> &'static str {
    match holding.reason {
        Reason::NotAsked => "--everywhere empties them",
        Reason::AsSent => "the file as it was sent; delete it if nobody needs it",
        Reason::NotOver => "its import is not over",
        Reason::NoPlan => "its working files are gone; delete it if nobody needs it",
        Reason::Mail => "an e-mail that may have been sent; delete it if nobody needs it",
    }
}
