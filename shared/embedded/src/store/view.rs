//! A pool as an import sees it: which contacts stand, and what they were before the import.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{ContactState, Earlier, Pool, Wanted};
use rusqlite::{Connection, OptionalExtension};

use super::blocks::{Blocks, Line, StoredContact};
use super::hash::unreadable;

/// A pool as one import sees it.
#[derive(Debug)]
pub(super) struct View {
    pub(super) pool: i64,
    /// Contacts of older imports read as absent; empty if there is no cutoff.
    pub(super) cutoff: String,
    /// The import's number, if it has one.
    pub(super) import: Option<i64>,
    imports: HashMap<i64, String>,
}

impl View {
    /// The pool as an import sees it, if it is known.
    pub(super) fn of(
        connection: &Connection,
        pool: &Pool,
        import: &ImportId,
    ) -> rusqlite::Result<Option<Self>> {
        let Some(view) = Self::of_pool(connection, pool)? else { return Ok(None) };
        let import = connection
            .prepare_cached("SELECT number FROM stamps WHERE import_id = ?1")?
            .query_row([import.as_str()], |row| row.get(0))
            .optional()?;
        Ok(Some(Self { import, ..view }))
    }

    /// The pool, if it is known.
    pub(super) fn of_pool(connection: &Connection, pool: &Pool) -> rusqlite::Result<Option<Self>> {
        let select = "SELECT number, floor FROM pools WHERE program = ?1 AND pool = ?2";
        let known = connection
            .prepare_cached(select)?
            .query_row([pool.program.as_str(), &pool.pool], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((pool, cutoff)) = known else { return Ok(None) };
        Ok(Some(Self { pool, cutoff, import: None, imports: HashMap::new() }))
    }

    /// The contact with a sequence number, if it belongs to this pool.
    pub(super) fn stored(
        &self,
        blocks: &mut Blocks<'_>,
        seq: i64,
    ) -> rusqlite::Result<Option<StoredContact>> {
        let line = blocks.line(seq)?.filter(|line| line.pool == self.pool);
        line.map(Line::to_contact).transpose()
    }

    /// The record from before the import.
    pub(super) fn before(
        &mut self,
        connection: &Connection,
        row: &StoredContact,
        wanted: &Wanted,
    ) -> rusqlite::Result<Option<Earlier>> {
        let found = match wanted {
            Wanted::Contact(_) if Some(row.import) == self.import => record_before(connection, row.seq)?,
            Wanted::Contact(_) => row.record.clone().map(|record| (record, row.import)),
            Wanted::Membership(_, group) => match row.groups.get(group) {
                Some(by) if Some(*by) != self.import && self.stands(connection, *by)? => {
                    Some((String::new(), *by))
                }
                _ => None,
            },
        };
        let Some((record, import)) = found else { return Ok(None) };
        let import_id = self.import_id(connection, import)?.to_owned();
        let stands = self.stands(connection, import)?;
        Ok(Some(Earlier { record, import_id, stands }))
    }

    /// A row with the imports that wrote it.
    pub(super) fn state(
        &mut self,
        connection: &Connection,
        row: StoredContact,
    ) -> rusqlite::Result<ContactState> {
        let mut groups = BTreeMap::new();
        for (group, by) in row.groups {
            if self.stands(connection, by)? {
                groups.insert(group, self.import_id(connection, by)?.parse().map_err(unreadable)?);
            }
        }
        Ok(ContactState {
            record: row.record,
            import_id: self.import_id(connection, row.import)?.parse().map_err(unreadable)?,
            groups,
            stands: self.stands(connection, row.import)?,
        })
    }

    /// Whether an import is not below the cutoff.
    pub(super) fn stands(&mut self, connection: &Connection, import: i64) -> rusqlite::Result<bool> {
        if self.cutoff.is_empty() {
            return Ok(true);
        }
        self.load_import(connection, import)?;
        Ok(self.imports[&import] >= self.cutoff)
    }

    /// Whether one import is newer than another.
    pub(super) fn is_newer(
        &mut self,
        connection: &Connection,
        one: i64,
        other: i64,
    ) -> rusqlite::Result<bool> {
        if one == other {
            return Ok(false);
        }
        self.load_import(connection, one)?;
        self.load_import(connection, other)?;
        Ok(self.imports[&one] > self.imports[&other])
    }

    /// The id of an import; nothing of one that is not known.
    fn import_id(&mut self, connection: &Connection, number: i64) -> rusqlite::Result<&str> {
        self.load_import(connection, number)?;
        Ok(self.imports.get(&number).map_or("", String::as_str))
    }

    fn load_import(&mut self, connection: &Connection, number: i64) -> rusqlite::Result<()> {
        if let Entry::Vacant(place) = self.imports.entry(number) {
            let id = connection
                .prepare_cached("SELECT import_id FROM stamps WHERE number = ?1")?
                .query_row([number], |row| row.get(0))?;
            place.insert(id);
        }
        Ok(())
    }
}

/// The record beside a row, from before the import that wrote it, and the import that had written it; `None` where the
/// contact was absent.
pub(super) fn record_before(connection: &Connection, seq: i64) -> rusqlite::Result<Option<(String, i64)>> {
    connection
        .prepare_cached("SELECT record, stamp FROM contacts_before WHERE seq = ?1 AND record IS NOT NULL")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
