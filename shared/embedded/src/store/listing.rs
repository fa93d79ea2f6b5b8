//! The data of the listing commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ImportItem};
use rusqlite::Connection;

use super::contacts::groups_of;
use super::database::Database;
use super::hash::parse_id;
use super::imports::{SELECT, item_of};

/// One contact with its current values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedContact {
    /// The contact.
    pub contact_id: ContactId,
    /// Its pool within the program.
    pub pool: String,
    /// The import that wrote it last.
    pub import_id: String,
    /// Its record, JSON.
    pub record: String,
    /// The keys of its groups, ascending.
    pub groups: Vec<String>,
}

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
            select.query_map(rusqlite::params![program.as_str(), before, limit as i64], item_of)?.collect()
        })
    }

    fn imports_where(&self, clause: &str) -> Answer<Vec<ImportItem>> {
        self.0.read("listing imports", |connection| {
            let mut select = connection.prepare(&format!("{SELECT} {clause} ORDER BY import_id"))?;
            select.query_map([], item_of)?.collect()
        })
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
        let reader = self.0.connect_reader().map_err(fault)?;
        let cutoffs = cutoffs(&reader, program).map_err(fault)?;
        let select = "SELECT pools.pool, contact_id, stamps.import_id, record, groups
            FROM contacts JOIN pools ON pools.number = contacts.pool
                JOIN stamps ON stamps.number = contacts.import
            WHERE program = ?1 AND import_id >= floor AND record IS NOT NULL ORDER BY 2, 1";
        let mut select = reader.prepare(select).map_err(fault)?;
        let mut rows = select.query([program.as_str()]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            if let Some(contact) = listed(row, &cutoffs).map_err(fault)? {
                each(contact)?;
            }
        }
        Ok(())
    }
}

/// Per pool, the imports whose memberships are valid.
fn cutoffs(reader: &Connection, program: &ProgramName) -> rusqlite::Result<BTreeMap<(String, i64), bool>> {
    let select = "SELECT pool, stamps.number, import_id >= floor FROM pools, stamps WHERE program = ?1";
    let mut select = reader.prepare(select)?;
    let rows = select.query_map([program.as_str()], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    rows.collect()
}

fn listed(
    row: &rusqlite::Row<'_>,
    cutoffs: &BTreeMap<(String, i64), bool>,
) -> rusqlite::Result<Option<ListedContact>> {
    let Some(contact_id) = parse_id(row.get_ref(1)?) else { return Ok(None) };
    let pool: String = row.get(0)?;
    let mut groups = groups_of(row.get_ref(4)?)?;
    groups.retain(|_, import| cutoffs.get(&(pool.clone(), *import)).copied().unwrap_or(true));
    Ok(Some(ListedContact {
        contact_id,
        pool,
        import_id: row.get(2)?,
        record: row.get(3)?,
        groups: groups.into_keys().collect(),
    }))
}
