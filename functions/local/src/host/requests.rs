//! Requests about imports that are there already: approve a dry run, undo or cancel an import.

use std::io::Write;

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys::{Cancel, Drop, DropTarget};
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::home::Home;
use rollcall_pipeline::approve::approved_by;
use rollcall_pipeline::cancel::{Cancelled, cancel};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{ImportItem, Imports};
use rollcall_pipeline::undo::undone_by;
use tempfile::NamedTempFile;

use super::{Done, Host, Workplace};
use crate::answer::Failure;

impl Host {
    /// Imports the rows that a dry run showed; for an approved dry run, returns the same import again.
    ///
    /// # Errors
    /// If the infrastructure fails: the import stays unfinished, and the next command finishes it.
    pub fn approve(&self, dry_run: &ImportItem) -> Result<Done, Failure> {
        match approved(&self.home, dry_run)? {
            Some(done) => Ok(done),
            None => {
                self.refuse_paused(&dry_run.program)?;
                self.request(&approval(dry_run), "approve")
            }
        }
    }

    /// Undoes an import, or in a dry run says what would happen; an import that was undone already is answered with the
    /// same undo.
    ///
    /// # Errors
    /// Where the machine fails: the undo stays unfinished, and the next command finishes it.
    pub fn undo(&self, import: &ImportItem, dry_run: bool) -> Result<Done, Failure> {
        match undone(&self.home, import, dry_run)? {
            Some(done) => Ok(done),
            None => {
                self.refuse_paused(&import.program)?;
                self.request(&undoing(import, dry_run), "undo")
            }
        }
    }

    /// Drops a request into the bucket and follows it.
    fn request(&self, drop: &Drop, word: &str) -> Result<Done, Failure> {
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        let prepared = self.home.bucket().prepare_bytes(format!("{word}\n").as_bytes(), &drop.key(), at)?;
        self.import_prepared(prepared, drop, Vec::new())
    }
}

impl Workplace {
    /// Imports the rows that a dry run showed, by its id.
    ///
    /// # Errors
    /// Like [`Host::approve`], and if there is no such import.
    pub fn approve(&self, id: &str) -> Result<Done, Failure> {
        let path = match self {
            Workplace::Here(host) => {
                let done = host.approve(&find_import(host.home(), id)?);
                return done.inspect(|_| host.tell_and_say());
            }
            Workplace::Watched(path, _) => path,
        };
        let home = Home::open_shared(path)?;
        let dry_run = find_import(&home, id)?;
        match approved(&home, &dry_run)? {
            Some(done) => Ok(done),
            None => self.request(&approval(&dry_run), "approve"),
        }
    }

    /// Undoes an import, by its id.
    ///
    /// # Errors
    /// As [`Host::undo`], and where there is no such import.
    pub fn undo(&self, id: &str, dry_run: bool) -> Result<Done, Failure> {
        let path = match self {
            Workplace::Here(host) => {
                let done = host.undo(&find_import(host.home(), id)?, dry_run);
                return done.inspect(|_| host.tell_and_say());
            }
            Workplace::Watched(path, _) => path,
        };
        let home = Home::open_shared(path)?;
        let import = find_import(&home, id)?;
        match undone(&home, &import, dry_run)? {
            Some(done) => Ok(done),
            None => self.request(&undoing(&import, dry_run), "undo"),
        }
    }

    /// Drops a request into the bucket and follows it.
    fn request(&self, drop: &Drop, word: &str) -> Result<Done, Failure> {
        if let Workplace::Here(host) = self {
            return host.request(drop, word);
        }
        let mut file = NamedTempFile::new()?;
        writeln!(file, "{word}")?;
        self.import(file.path(), drop, Vec::new())
    }
}

/// The import that approved the dry run, if it is approved already.
fn approved(home: &Home, dry_run: &ImportItem) -> Result<Option<Done>, Failure> {
    let Some(import) = block_on(approved_by(home.bucket(), dry_run))? else { return Ok(None) };
    Ok(Done::read(home, &dry_run.program, &import)?)
}

fn approval(dry_run: &ImportItem) -> Drop {
    let (program, file) = (dry_run.program.clone(), dry_run.import_id.to_string());
    Drop { program, what: DropTarget::Approve(dry_run.import_id.clone()), file, dry_run: false }
}

/// What became of the undo of an import, where it was undone already; a dry run is always a new one.
fn undone(home: &Home, import: &ImportItem, dry_run: bool) -> Result<Option<Done>, Failure> {
    if dry_run {
        return Ok(None);
    }
    let Some(undo) = block_on(undone_by(home.bucket(), &home.imports(), import))? else { return Ok(None) };
    Ok(Done::read(home, &import.program, &undo)?)
}

fn undoing(import: &ImportItem, dry_run: bool) -> Drop {
    let (program, file) = (import.program.clone(), import.import_id.to_string());
    Drop { program, what: DropTarget::Undo(import.import_id.clone()), file, dry_run }
}

/// The import of an id.
///
/// # Errors
/// If there is none.
pub fn find_import(home: &Home, id: &str) -> Result<ImportItem, Failure> {
    let unknown =
        || Failure::said(format!("no such import: {id}; `rollcall imports list` shows those there are"));
    let import = ImportId::parse(id).map_err(|_| unknown())?;
    block_on(home.imports().get(&import))?.ok_or_else(unknown)
}

/// Stores a request to cancel an import, which may run in another process.
///
/// # Errors
/// If the request cannot be written.
pub fn cancel_import(home: &Home, item: &ImportItem) -> Result<Cancelled, Fault> {
    let request = Cancel { program: item.program.clone(), import_id: item.import_id.clone() };
    block_on(cancel(home.bucket(), &home.imports(), &request))
}
