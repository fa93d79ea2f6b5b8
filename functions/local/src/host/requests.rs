//! Requests about imports that are there already: approve a dry run, cancel an import.

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys::{Cancel, Drop, DropTarget};
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::home::Home;
use rollcall_pipeline::approve::approved_by;
use rollcall_pipeline::cancel::{Cancelled, cancel};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{ImportItem, Imports};

use super::{Done, Host};
use crate::answer::Failure;

impl Host {
    /// Imports what a dry run showed; a dry run that is approved already is answered with the same import.
    ///
    /// # Errors
    /// Where the machine fails: the import stays unfinished, and the next command finishes it.
    pub fn approve(&self, dry_run: &ImportItem) -> Result<Done, Failure> {
        if let Some(import) = block_on(approved_by(self.home.bucket(), dry_run))?
            && let Some(done) = Done::read(&self.home, &dry_run.program, &import)?
        {
            return Ok(done);
        }
        self.refuse_paused(&dry_run.program)?;
        let (program, file) = (dry_run.program.clone(), dry_run.import_id.to_string());
        let what = DropTarget::Approve(dry_run.import_id.clone());
        self.request(&Drop { program, what, file, dry_run: false }, "approve")
    }

    /// Drops a request into the bucket and follows it.
    fn request(&self, drop: &Drop, word: &str) -> Result<Done, Failure> {
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        let prepared = self.home.bucket().prepare_bytes(format!("{word}\n").as_bytes(), &drop.key(), at)?;
        self.import_prepared(prepared, drop, Vec::new())
    }
}

/// The import of an id.
///
/// # Errors
/// Where there is none.
pub fn find_import(home: &Home, id: &str) -> Result<ImportItem, Failure> {
    let unknown =
        || Failure::said(format!("no such import: {id}; `rollcall imports list` shows those there are"));
    let import = ImportId::parse(id).map_err(|_| unknown())?;
    block_on(home.imports().get(&import))?.ok_or_else(unknown)
}

/// Notes that an import is to be cancelled; it may run in another process.
///
/// # Errors
/// Where the note cannot be written.
pub fn cancel_import(home: &Home, item: &ImportItem) -> Result<Cancelled, Fault> {
    let request = Cancel { program: item.program.clone(), import_id: item.import_id.clone() };
    block_on(cancel(home.bucket(), &home.imports(), &request))
}
