//! The data of the listing commands.

use std::sync::Arc;

use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, DirectoryItem, ImportItem, ListedContact};

use rusqlite::{Connection, params};

use super::blocks::{self, Blocks};
use super::database::Database;
use super::imports::{SELECT, item_of};
use super::reader::ContactsOf;

/// The listings of a home.
#[derive(Debug, Clone)]
pub struct Listing(Arc<Database>);

impl Listing {
    /// The listings of these tables.
    pub fn new(database: Arc<Database>) -> Self {
        Self(database)
    }

    /// All imports, in the order of their ids.
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub fn imports(&self) -> Answer<Vec<ImportItem>> {
        self.imports_where("")
    }

    /// The imports that have not ended, in the order of their ids.
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub fn unfinished_imports(&self) -> Answer<Vec<ImportItem>> {
        self.imports_where("WHERE status IS NULL")
    }

    /// Imports of a program, the newest first: those before an id where one is given.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn imports_of(
        &self,
        program: &ProgramName,
        before: Option<&ImportId>,
        limit: usize,
    ) -> Answer<Vec<ImportItem>> {
        let before = before.map(ImportId::as_str);
        self.0.read("listing imports", |connection| {
            let clause =
                "WHERE program = ?1 AND (?2 IS NULL OR import_id < ?2) ORDER BY import_id DESC LIMIT ?3";
            let mut select = connection.prepare_cached(&format!("{SELECT} {clause}"))?;
            select.query_map(params![program.as_str(), before, limit as i64], item_of)?.collect()
        })
    }

    fn imports_where(&self, clause: &str) -> Answer<Vec<ImportItem>> {
        self.0.read("listing imports", |connection| {
            let mut select = connection.prepare(&format!("{SELECT} {clause} ORDER BY import_id"))?;
            select.query_map([], item_of)?.collect()
        })
    }

    /// Calls a function for every entry of an owner's directory: id, keys and JSON, in the order of the ids. It holds no lock.
    ///
    /// # Errors
    /// When the tables cannot be read, and every error that the caller returns.
    pub fn entries<E: From<Fault>>(
        &self,
        owner: &ProgramName,
        kind: Kind,
        mut each: impl FnMut(DirectoryItem) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error: rusqlite::Error| Fault::permanent("listing the directory", error);
        let reader = self.0.connect_reader().map_err(fault)?;
        let select = "SELECT id, keys, json FROM entries WHERE owner = ?1 AND kind = ?2 ORDER BY id";
        let mut select = reader.prepare(select).map_err(fault)?;
        let mut rows = select.query([owner.as_str(), kind.as_str()]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let text = |column| row.get::<_, String>(column).map_err(fault);
            let keys = serde_json::from_str(&text(1)?);
            let keys = keys.map_err(|error| Fault::permanent("listing the directory", error))?;
            each(DirectoryItem { id: text(0)?, keys, json: text(2)? })?;
        }
        Ok(())
    }

    /// Calls a function for every contact of a program, in the order of their ids as text. It may take long and holds
    /// no lock: other reads, for example of the directory, may run at the same time.
    ///
    /// # Errors
    /// If the tables cannot be read, and every error that the function returns.
    pub fn contacts<E: From<Fault>>(
        &self,
        program: &ProgramName,
        mut each: impl FnMut(ListedContact) -> Result<(), E>,
    ) -> Result<(), E> {
        let doing = "listing contacts";
        let fault = |error: rusqlite::Error| Fault::permanent(doing, error);
        let reader = self.0.connect_sorter().map_err(fault)?;
        let snapshot = reader.unchecked_transaction().map_err(fault)?;
        let contacts = ContactsOf::program(&snapshot, program).map_err(fault)?;
        sort_contacts(&snapshot, &contacts).map_err(fault)?;
        let mut select =
            snapshot.prepare("SELECT seq FROM temp.found ORDER BY contact_id, pool").map_err(fault)?;
        let (mut rows, mut blocks) = (select.query([]).map_err(fault)?, Blocks::new(&snapshot));
        while let Some(row) = rows.next().map_err(fault)? {
            let line = row.get(0).and_then(|seq| blocks.line(seq)).map_err(fault)?;
            let listed = line.map(|line| contacts.listed(&line)).transpose().map_err(fault)?.flatten();
            listed.map_or(Ok(()), &mut each)?;
        }
        Ok(())
    }
}

/// Notes the contacts that stand in a temporary table, which SQLite sorts, so that memory stays flat.
fn sort_contacts(connection: &Connection, contacts: &ContactsOf) -> rusqlite::Result<()> {
    connection.execute_batch("CREATE TEMP TABLE found (contact_id TEXT, pool TEXT, seq INTEGER)")?;
    let mut insert = connection.prepare("INSERT INTO temp.found VALUES (?1, ?2, ?3)")?;
    blocks::each_after(connection, 0, |contact| {
        if let Some(pool) = contacts.pool(&contact) {
            insert.execute(params![contact.contact_id.to_string(), pool, contact.seq])?;
        }
        Ok(true)
    })
}
