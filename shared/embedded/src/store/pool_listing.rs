//! Lists a pool in the order of the contacts' ids: SQLite sorts them once, in a temporary table, so memory stays flat.

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactListing, Pool};
use rusqlite::{Connection, params};

use super::database::Database;
use super::hash::parse_id;

const DOING: &str = "listing a pool";

/// How many contacts are read at once.
const PAGE: u32 = 500;

/// Contacts of the pool that stand, as they were before the import.
const SORT: &str = "INSERT INTO temp.sorted (seq, own)
    SELECT seq, stamps.import_id = ?3 FROM contacts
        JOIN pools ON pools.number = contacts.pool JOIN stamps ON stamps.number = contacts.import
        LEFT JOIN contacts_before USING (seq) LEFT JOIN stamps AS earlier ON earlier.number = contacts_before.stamp
    WHERE pools.program = ?1 AND pools.pool = ?2
        AND CASE WHEN stamps.import_id = ?3
            THEN contacts_before.record IS NOT NULL AND earlier.import_id >= pools.floor
            ELSE contacts.record IS NOT NULL AND stamps.import_id >= pools.floor END
    ORDER BY contact_id";

const NEXT: &str =
    "SELECT place, contact_id, CASE WHEN own THEN contacts_before.record ELSE contacts.record END
    FROM temp.sorted JOIN contacts USING (seq) LEFT JOIN contacts_before USING (seq)
    WHERE place > ?1 ORDER BY place LIMIT ?2";

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
            connection.execute_batch(
                "CREATE TEMP TABLE sorted (place INTEGER PRIMARY KEY, seq INTEGER, own INTEGER)",
            )?;
            connection.execute(SORT, params![pool.program.as_str(), pool.pool, import.as_str()])?;
            Ok(connection)
        };
        let connection = sorted().map_err(|error| Fault::permanent(DOING, error))?;
        Ok(Self { connection, last: 0 })
    }

    fn page(&mut self) -> rusqlite::Result<Vec<(ContactId, String)>> {
        let mut read = self.connection.prepare_cached(NEXT)?;
        let mut rows = read.query(params![self.last, PAGE])?;
        let mut page = Vec::with_capacity(PAGE as usize);
        while let Some(row) = rows.next()? {
            self.last = row.get(0)?;
            if let Some(id) = parse_id(row.get_ref(1)?) {
                page.push((id, row.get(2)?));
            }
        }
        Ok(page)
    }
}

impl ContactListing for PoolListing {
    async fn next(&mut self) -> Answer<Vec<(ContactId, String)>> {
        self.page().map_err(|error| Fault::permanent(DOING, error))
    }
}
