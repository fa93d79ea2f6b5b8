//! Reads contacts for judging; [`super::keep`] writes them.

use std::sync::Arc;

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{
    Answer, ContactState, ContactWrite, Contacts, Earlier, Pool, UndoWrite, Wanted,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::blocks::{Blocks, StoredContact};
use super::database::Database;
use super::hash::{hash, unreadable};
use super::pool_listing::PoolListing;
use super::view::View;

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
