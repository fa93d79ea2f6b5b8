//! The contacts: partition `<program>#<pool>#<shard>`. The shard is the first byte of the contact id, so that no
//! partition is hot. It contains the contact's item and its memberships.

mod keep;
mod listing;
mod reader;
mod undo;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::pace::Pace;
use rollcall_pipeline::ports::{
    Answer, ContactState, ContactWrite, Contacts, Earlier, Pool, UndoWrite, Wanted,
};

use crate::contacts::listing::PoolListing;
use crate::fault::fault;
use crate::table::{Item, Key, PK, SK, Table, fitting, number, number_of, text, text_of, unless_refused};

/// The record, JSON.
const RECORD: &str = "record";
/// The import that wrote the item.
const IMPORT: &str = "import";
/// The row of that import.
const ROW: &str = "row";
/// The record from before the import that wrote the item; null if there was none.
const BEFORE: &str = "before";
/// The import that wrote the record before.
const BEFORE_IMPORT: &str = "before_import";
/// The import of which a row left the contact as it is, where its identity stands several times in the file.
const CLAIM: &str = "claim";
/// The lowest such row.
const CLAIM_ROW: &str = "claim_row";
/// Of a membership: the key of its group.
const GROUP: &str = "group";
/// Of a pool: its cutoff. Contacts of older imports read as absent.
const CUTOFF: &str = "floor";
/// Of a pool: the end time of the last import into it, milliseconds.
const SETTLED: &str = "settled_at";
/// Sort key of the pool's own item.
const POOL: &str = "pool";

/// How long after an import's end an eventually consistent read may miss its writes. DynamoDB says "within a second".
/// A wide margin only costs some consistent reads.
const SETTLING_MS: i64 = 60_000;

/// The table of contacts.
#[derive(Debug, Clone)]
pub struct ContactsTable(Table, Arc<Mutex<HashSet<Pool>>>);

impl ContactsTable {
    /// The table of this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self(Table::new(client, name), Arc::default())
    }

    /// The pace of writes; a function sets its deadline.
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    async fn standing(&self, pool: &Pool) -> Answer<Standing> {
        let get = self.0.client.get_item().table_name(&self.0.name).consistent_read(true);
        let got = get.key(PK, text(partition(pool))).key(SK, text(POOL)).send().await;
        let item = got.map_err(|error| fault("reading a pool", error))?.item.unwrap_or_default();
        Ok(Standing {
            cutoff: text_of(&item, CUTOFF).unwrap_or_default().to_owned(),
            settled: number_of(&item, SETTLED).unwrap_or_default(),
        })
    }
}

/// The state of a pool.
#[derive(Debug)]
struct Standing {
    cutoff: String,
    settled: i64,
}

impl Standing {
    fn stands(&self, import: &str) -> bool {
        import >= self.cutoff.as_str()
    }

    /// Judging must see the writes of earlier imports (I2). By the contract no other import runs at the same time. So
    /// once the last one ended long enough ago, an eventually consistent read returns the same as a consistent one.
    fn needs_consistent(&self) -> bool {
        Timestamp::now().as_millisecond() - self.settled < SETTLING_MS
    }

    /// The state of an item before an import.
    fn before(&self, item: &Item, import: &ImportId) -> Option<Earlier> {
        let by = text_of(item, IMPORT).unwrap_or_default();
        let (record, by) = if by == import.as_str() {
            (text_of(item, BEFORE), text_of(item, BEFORE_IMPORT).unwrap_or_default())
        } else {
            (text_of(item, RECORD), by)
        };
        let (import_id, stands) = (by.to_owned(), self.stands(by));
        record.map(|record| Earlier { record: record.to_owned(), import_id, stands })
    }

    fn membership(&self, item: &Item, import: &ImportId) -> Option<Earlier> {
        let by = text_of(item, IMPORT).unwrap_or_default();
        let earlier = || Earlier { record: String::new(), import_id: by.to_owned(), stands: true };
        (by != import.as_str() && self.stands(by)).then(earlier)
    }
}

impl Contacts for ContactsTable {
    type Listing = PoolListing;

    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<Earlier>>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let standing = self.standing(pool).await?;
        let keys = wanted.iter().map(|wanted| key(pool, wanted)).collect();
        let found: HashMap<Key, Item> =
            self.0.get_all("reading contacts", keys, standing.needs_consistent()).await?;
        let answer = |wanted: &Wanted| {
            let item = found.get(&key(pool, wanted))?;
            match wanted {
                Wanted::Contact(_) => standing.before(item, import),
                Wanted::Membership(..) => standing.membership(item, import),
            }
        };
        Ok(wanted.iter().map(answer).collect())
    }

    async fn now(&self, pool: &Pool, ids: &[ContactId]) -> Answer<Vec<Option<ContactState>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        undo::now(&self.0, pool, &self.standing(pool).await?, ids).await
    }

    async fn lower_cutoff(&self, pool: &Pool, from: &ImportId, to: Option<&ImportId>) -> Answer<()> {
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(partition(pool))).key(SK, text(POOL));
        let update = update.expression_attribute_names("#floor", CUTOFF);
        let update = update.expression_attribute_values(":from", text(from.as_str()));
        let update = update.condition_expression("#floor = :from");
        let update = match to {
            Some(to) => {
                let update = update.update_expression("SET #floor = :to");
                update.expression_attribute_values(":to", text(to.as_str()))
            }
            None => update.update_expression("REMOVE #floor"),
        };
        unless_refused("lowering the cutoff of a pool", update.send().await)
    }

    async fn undo(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        undo::undo(&self.0, pool, undone, writes).await
    }

    async fn keep(
        &self,
        pool: &Pool,
        import: &ImportId,
        _chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> Answer<()> {
        keep::keep(&self.0, pool, import, records).await
    }

    async fn list(&self, pool: &Pool, import: &ImportId) -> Answer<PoolListing> {
        Ok(PoolListing::new(self.0.clone(), pool.clone(), import.clone(), self.standing(pool).await?))
    }

    async fn cutoff(&self, pool: &Pool) -> Answer<Option<ImportId>> {
        let cutoff = self.standing(pool).await?.cutoff;
        if cutoff.is_empty() {
            return Ok(None);
        }
        ImportId::parse(&cutoff).map(Some).map_err(|error| Fault::damaged("reading a pool", error))
    }

    async fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        /// The newest import wins, whatever the order in which imports end: a cutoff never falls. An equal value is a
        /// repetition.
        const HIGHER: &str = "attribute_not_exists(#floor) OR #floor < :import";
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(partition(pool))).key(SK, text(POOL));
        let update = update.update_expression("SET #floor = :import").condition_expression(HIGHER);
        let update = update.expression_attribute_names("#floor", CUTOFF);
        let sent = update.expression_attribute_values(":import", text(import.as_str())).send().await;
        unless_refused("raising the cutoff of a pool", sent)
    }

    /// Only the import itself reads the copies of earlier records, so they may stay until the item is written next.
    /// The end time of the import is stored for later reads.
    async fn end_import(&self, pool: &Pool, _import: &ImportId) -> Answer<()> {
        self.note_pool(pool).await?;
        let now = Timestamp::now().as_millisecond();
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(partition(pool))).key(SK, text(POOL));
        let update = update.update_expression("SET #settled = :now");
        let update = update.expression_attribute_names("#settled", SETTLED);
        let sent = update.expression_attribute_values(":now", number(now)).send().await;
        sent.map(drop).map_err(|error| fault("ending an import's writes", error))
    }
}

/// The partition of a pool's own item.
fn partition(pool: &Pool) -> String {
    format!("{}#{}", pool.program, pool.pool)
}

fn shard(pool: &Pool, id: &ContactId) -> String {
    shard_of(pool, id.as_bytes()[0])
}

fn shard_of(pool: &Pool, first: u8) -> String {
    format!("{}#{}#{first:02x}", pool.program, pool.pool)
}

fn key(pool: &Pool, wanted: &Wanted) -> Key {
    match wanted {
        Wanted::Contact(id) => (shard(pool, id), id.to_string()),
        Wanted::Membership(id, group) => (shard(pool, id), membership(id, group)),
    }
}

/// Sort key of a membership: follows its contact.
fn membership(id: &ContactId, group: &str) -> String {
    format!("{id}#{}", fitting(group))
}
