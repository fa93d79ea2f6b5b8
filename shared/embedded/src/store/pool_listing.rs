//! Lists a pool in the order of the contacts' ids: SQLite sorts them once, in a temporary table, so memory stays flat.

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactListing, Pool};
use rusqlite::{Connection, params};

use super::blocks::{self, Blocks};
use super::database::Database;
use super::view::{View, record_before};

const DOING: &str = "listing a pool";

/// How many contacts are read at once.
const PAGE: u32 = 500;

const TABLES: &str = "
    CREATE TEMP TABLE found (contact_id TEXT, seq INTEGER, own INTEGER);
    CREATE TEMP TABLE sorted (place INTEGER PRIMARY KEY, seq INTEGER, own INTEGER);
";

const SORT: &str = "INSERT INTO temp.sorted (seq, own) SELECT seq, own FROM temp.found ORDER BY contact_id;
    DROP TABLE temp.found;";

/// A pool that is being listed, on a connection of its own.
#[derive(Debug)]
pub struct PoolListing {
    connection: Connection,
    /// The place of the last contact that was read.
    last: i64,
}

impl PoolListing {
    pub(super) fn begin(database: &Database, pool: &Pool, import: &ImportId) -> Answer<Self> {
        let sorted = || -> rusqlite::Result<Connection> {
            let connection = database.connect_sorter()?;
            connection.execute_batch(TABLES)?;
            let transaction = connection.unchecked_transaction()?;
            if let Some(view) = View::of(&transaction, pool, import)? {
                find(&transaction, view)?;
            }
            transaction.execute_batch(SORT)?;
            transaction.commit()?;
            Ok(connection)
        };
        let connection = sorted().map_err(|error| Fault::permanent(DOING, error))?;
        Ok(Self { connection, last: 0 })
    }

    fn page(&mut self) -> rusqlite::Result<Vec<(ContactId, String)>> {
        let next = "SELECT place, seq, own FROM temp.sorted WHERE place > ?1 ORDER BY place LIMIT ?2";
        let mut read = self.connection.prepare_cached(next)?;
        let mut rows = read.query(params![self.last, PAGE])?;
        let (mut blocks, mut page) = (Blocks::new(&self.connection), Vec::with_capacity(PAGE as usize));
        while let Some(row) = rows.next()? {
            self.last = row.get(0)?;
            let Some(contact) = blocks.line(row.get(1)?)? else { continue };
            let record = match row.get(2)? {
                true => record_before(&self.connection, contact.seq)?.map(|(record, _)| record),
                false => contact.record.map(str::to_owned),
            };
            page.extend(record.map(|record| (contact.contact_id, record)));
        }
        Ok(page)
    }
}

/// Finds the contacts of the pool that stand, as they were before the import.
fn find(connection: &Connection, mut view: View) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare("INSERT INTO temp.found (contact_id, seq, own) VALUES (?1, ?2, ?3)")?;
    blocks::each_after(connection, 0, |contact| {
        if contact.pool != view.pool {
            return Ok(true);
        }
        let own = view.import == Some(contact.import);
        let by = match own {
            true => record_before(connection, contact.seq)?.map(|(_, stamp)| stamp),
            false => contact.record.map(|_| contact.import),
        };
        if let Some(by) = by
            && view.stands(connection, by)?
        {
            insert.execute(params![contact.contact_id.to_string(), contact.seq, own])?;
        }
        Ok(true)
    })
}

impl ContactListing for PoolListing {
    async fn next(&mut self) -> Answer<Vec<(ContactId, String)>> {
        self.page().map_err(|error| Fault::permanent(DOING, error))
    }
}
