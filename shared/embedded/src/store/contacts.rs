//! Reads contacts for judging; [`super::keep`] writes them.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{
    Answer, ContactState, ContactWrite, Contacts, Earlier, Pool, UndoWrite, Wanted,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::blocks::{Blocks, Line, StoredContact};
use super::database::Database;
use super::hash::{hash, unreadable};
use super::pool_listing::PoolListing;

/// The contacts of a home.
#[derive(Debug, Clone)]
pub struct ContactStore(pub(super) Arc<Database>);

impl ContactStore {
    /// The contacts in these tables.
    pub fn new(database: Arc<Database>) -> Self {
        Self(database)
    }
}

impl Contacts for ContactStore {
    type Listing = PoolListing;

    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<Earlier>>> {
        self.read_before(pool, import, wanted)
    }

    async fn now(&self, pool: &Pool, ids: &[ContactId]) -> Answer<Vec<Option<ContactState>>> {
        self.read_now(pool, ids)
    }

    async fn lower_cutoff(&self, pool: &Pool, from: &ImportId, to: Option<&ImportId>) -> Answer<()> {
        self.0.write("lowering the cutoff of a pool", |transaction| {
            let lower = "UPDATE pools SET floor = ?4 WHERE program = ?1 AND pool = ?2 AND floor = ?3";
            let to = to.map_or("", ImportId::as_str);
            transaction.execute(lower, params![pool.program.as_str(), pool.pool, from.as_str(), to]).map(drop)
        })
    }

    async fn undo(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        if writes.is_empty() { Ok(()) } else { self.undo_writes(pool, undone, writes) }
    }

    async fn keep(
        &self,
        pool: &Pool,
        import: &ImportId,
        chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> Answer<()> {
        if records.is_empty() { Ok(()) } else { self.keep_chunk(pool, import, chunk, records) }
    }

    async fn list(&self, pool: &Pool, import: &ImportId) -> Answer<PoolListing> {
        PoolListing::begin(&self.0, pool, import)
    }

    async fn cutoff(&self, pool: &Pool) -> Answer<Option<ImportId>> {
        self.0.read("reading the cutoff of a pool", |connection| {
            let select = "SELECT floor FROM pools WHERE program = ?1 AND pool = ?2 AND floor <> ''";
            let cutoff: Option<String> = connection
                .prepare_cached(select)?
                .query_row([pool.program.as_str(), &pool.pool], |row| row.get(0))
                .optional()?;
            cutoff.map(|cutoff| cutoff.parse().map_err(unreadable)).transpose()
        })
    }

    async fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        self.0.write("raising the cutoff of a pool", |transaction| {
            let number = pool_number(transaction, pool)?;
            let raise = "UPDATE pools SET floor = max(floor, ?2) WHERE number = ?1";
            transaction.execute(raise, params![number, import.as_str()]).map(drop)
        })
    }

    async fn end_import(&self, _pool: &Pool, import: &ImportId) -> Answer<()> {
        self.settle_import(import)
    }
}

impl ContactStore {
    fn read_before(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<Earlier>>> {
        let mut answers = vec![None; wanted.len()];
        let hashes: Vec<u64> = wanted.iter().map(|wanted| hash(contact_of(wanted))).collect();
        let found = self.0.find(&self.0.contacts, "finding contacts", &hashes)?;
        if found.is_empty() {
            return Ok(answers);
        }
        self.0.read("reading contacts", |connection| {
            let Some(mut view) = View::of(connection, pool, import)? else { return Ok(()) };
            let (mut blocks, mut at) = (Blocks::new(connection), None::<StoredContact>);
            for found in found {
                if at.as_ref().is_none_or(|row| row.seq != found.seq) {
                    at = view.stored(&mut blocks, found.seq)?;
                }
                let wanted = &wanted[found.position];
                if let Some(row) = at.as_ref().filter(|row| row.contact_id == *contact_of(wanted)) {
                    answers[found.position] = view.before(connection, row, wanted)?;
                }
            }
            Ok(())
        })?;
        Ok(answers)
    }

    fn read_now(&self, pool: &Pool, ids: &[ContactId]) -> Answer<Vec<Option<ContactState>>> {
        let mut answers = vec![None; ids.len()];
        let hashes: Vec<u64> = ids.iter().map(hash).collect();
        let found = self.0.find(&self.0.contacts, "finding contacts", &hashes)?;
        self.0.read("reading contacts", |connection| {
            let Some(mut view) = View::of_pool(connection, pool)? else { return Ok(()) };
            let mut blocks = Blocks::new(connection);
            for found in found {
                let row = view.stored(&mut blocks, found.seq)?;
                if let Some(row) = row.filter(|row| row.contact_id == ids[found.position]) {
                    answers[found.position] = Some(view.state(connection, row)?);
                }
            }
            Ok(())
        })?;
        Ok(answers)
    }
}

fn contact_of(wanted: &Wanted) -> &ContactId {
    match wanted {
        Wanted::Contact(id) | Wanted::Membership(id, _) => id,
    }
}

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
    fn before(
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
    fn state(&mut self, connection: &Connection, row: StoredContact) -> rusqlite::Result<ContactState> {
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

/// The pool's number; a new pool gets one.
pub(super) fn pool_number(connection: &Connection, pool: &Pool) -> rusqlite::Result<i64> {
    let names = [pool.program.as_str(), &pool.pool];
    connection
        .prepare_cached("INSERT OR IGNORE INTO pools (program, pool) VALUES (?1, ?2)")?
        .execute(names)?;
    connection
        .prepare_cached("SELECT number FROM pools WHERE program = ?1 AND pool = ?2")?
        .query_row(names, |row| row.get(0))
}

/// The import's number; a new import gets one.
pub(super) fn import_number(connection: &Connection, import: &ImportId) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO stamps (import_id) VALUES (?1)")?
        .execute([import.as_str()])?;
    connection
        .prepare_cached("SELECT number FROM stamps WHERE import_id = ?1")?
        .query_row([import.as_str()], |row| row.get(0))
}
