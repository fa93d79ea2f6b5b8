//! The imports: under each import's id its own item, one for each chunk, and the claim on the notification. A list
//! for the sweep also contains every import that has not ended.

mod claims;
mod lanes;
mod listing;
mod quota;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, NotificationClaim, Take, Turn};
use rollcall_pipeline::sweep::{Standing, Unfinished};

use crate::fault::{fault, unbuilt};
use crate::table::{Item, PK, SK, Table, number, number_of, text, text_of, unless_refused};

/// Sort key of an import's own item.
const IMPORT: &str = "import";
/// Sort key of the claim on the notification.
const LETTER: &str = "letter";
/// Prefix of the sort keys of chunks.
const CHUNK: &str = "chunk#";
/// Partition of the imports that have not ended.
const UNFINISHED: &str = "unfinished";
/// The stored import, JSON.
const NOTED: &str = "noted";
/// The number of chunks.
const CHUNKS: &str = "chunks";
/// The number of open chunks.
const REMAINING: &str = "remaining";
const STATUS: &str = "status";
const PROGRAM: &str = "program";
const LANE: &str = "lane";
/// When the sweep last acted on an import, milliseconds.
const SWEPT: &str = "swept_at";
/// When an import last moved, milliseconds.
const MOVED: &str = "moved_at";
/// When its turn came, milliseconds.
const TURN_AT: &str = "turn_at";

/// When an item leaves the table, seconds since 1970: DynamoDB removes it some time later.
const EXPIRES: &str = "expires";
/// Files of migrations may stay for ever; while they do, their imports must be known.
const SOURCES: &str = rollcall_pipeline::migrate::SOURCES;

/// The table of imports.
#[derive(Debug, Clone)]
pub struct ImportsTable(Table, Limits);

/// What an installation limits.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    /// Dry runs of a program on a day.
    dry_runs_per_day: Option<u32>,
    /// How long the state of an import is kept.
    kept: Option<SignedDuration>,
}

impl ImportsTable {
    /// The table of this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self(Table::new(client, name), Limits::default())
    }

    /// The table in which the state of an import is kept for so many days; nought keeps it.
    #[must_use]
    pub fn kept_for(mut self, days: u32) -> Self {
        self.1.kept = (days > 0).then(|| SignedDuration::from_hours(24 * i64::from(days)));
        self
    }

    /// When an item that is written now leaves the table.
    fn expires(&self) -> Option<i64> {
        self.1.kept.map(|kept| (Timestamp::now() + kept).as_second())
    }

    async fn item(&self, import: &ImportId, sort: &str, doing: &'static str) -> Answer<Option<Item>> {
        let get = self.0.client.get_item().table_name(&self.0.name).consistent_read(true);
        let got = get.key(PK, text(import.as_str())).key(SK, text(sort)).send().await;
        Ok(got.map_err(|error| fault(doing, error))?.item)
    }

    /// When an import that ends now leaves the table; a file of a migration that is still there must stay known.
    async fn expiry_of(&self, import: &ImportId) -> Answer<Option<i64>> {
        let Some(at) = self.expires() else { return Ok(None) };
        let item = self.get(import).await?;
        Ok(item.filter(|item| !item.object.key.starts_with(SOURCES)).map(|_| at))
    }

    /// Writes the item and its entry in the list of unfinished imports; returns `false` if the import is known.
    async fn put_new(&self, item: &ImportItem) -> Answer<bool> {
        const DOING: &str = "storing an import";
        let put = |item: Item| Put::builder().table_name(&self.0.name).set_item(Some(item));
        // However often its event is delivered, it is one import: the first item stays.
        let noted = put(noted(item)?).condition_expression("attribute_not_exists(pk)").build();
        let listed = put(key(UNFINISHED, item.import_id.as_str())).build();
        let of_program = put(self.of_program(item)).build();
        let mut write = self.0.client.transact_write_items();
        for put in [noted, listed, of_program] {
            let put = put.map_err(|error| unbuilt(DOING, error))?;
            write = write.transact_items(TransactWriteItem::builder().put(put).build());
        }
        match write.send().await {
            Ok(_) => Ok(true),
            Err(error) => match canceled(error.as_service_error()) {
                Some(reasons) if reasons.contains(&CONDITION) => Ok(false),
                Some(_) => Err(Fault::transient(DOING, "another event of the same object is being handled")),
                None => Err(fault(DOING, error)),
            },
        }
    }
}

const CONDITION: &str = "ConditionalCheckFailed";

/// The reason why each part of a transaction was refused.
fn canceled(error: Option<&TransactWriteItemsError>) -> Option<Vec<&str>> {
    match error? {
        TransactWriteItemsError::TransactionCanceledException(canceled) => {
            Some(canceled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect())
        }
        _ => None,
    }
}

fn key(pk: &str, sk: &str) -> Item {
    Item::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))])
}

fn noted(item: &ImportItem) -> Answer<Item> {
    let json = serde_json::to_string(item).map_err(|error| unbuilt("storing an import", error))?;
    let mut noted = key(item.import_id.as_str(), IMPORT);
    noted.insert(NOTED.to_owned(), text(json));
    noted.insert(PROGRAM.to_owned(), text(item.program.as_str()));
    Ok(noted)
}

fn item_of(item: &Item) -> Answer<ImportItem> {
    let json = text_of(item, NOTED).unwrap_or_default();
    let noted: ImportItem =
        serde_json::from_str(json).map_err(|error| Fault::permanent("reading an import", error))?;
    let status = text_of(item, STATUS);
    let status = status.and_then(|word| Status::ALL.into_iter().find(|status| status.as_str() == word));
    let lane = text_of(item, LANE).map(str::to_owned);
    Ok(ImportItem { chunks: number_of(item, CHUNKS), status, lane, ..noted })
}

impl Imports for ImportsTable {
    async fn begin(&self, item: ImportItem) -> Answer<ImportItem> {
        if self.put_new(&item).await? {
            return Ok(item);
        }
        Ok(self.get(&item.import_id).await?.unwrap_or(item))
    }

    async fn admit_dry_run(&self, item: &ImportItem) -> Answer<Option<u32>> {
        self.count_dry_run(item).await
    }

    async fn get(&self, import: &ImportId) -> Answer<Option<ImportItem>> {
        self.item(import, IMPORT, "reading an import").await?.as_ref().map(item_of).transpose()
    }

    async fn seal(&self, import: &ImportId, chunks: u32) -> Answer<()> {
        /// A splitter that runs again must not count closed chunks as open.
        const UNSEALED: &str = "attribute_exists(pk) AND attribute_not_exists(#chunks)";
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(IMPORT));
        let update = update.update_expression("SET #chunks = :chunks, #remaining = :chunks");
        let update = update.condition_expression(UNSEALED).expression_attribute_names("#chunks", CHUNKS);
        let update = update.expression_attribute_names("#remaining", REMAINING);
        let sent = update.expression_attribute_values(":chunks", number(chunks)).send().await;
        unless_refused("storing the number of chunks", sent)
    }

    async fn open_chunks(&self, import: &ImportId) -> Answer<Vec<u32>> {
        self.chunks_open(import).await
    }

    async fn take(&self, import: &ImportId, chunk: u32, now: Timestamp, lease: Timestamp) -> Answer<Take> {
        self.take_chunk(import, chunk, now, lease).await
    }

    async fn close(&self, import: &ImportId, chunk: u32, now: Timestamp) -> Answer<u32> {
        self.close_chunk(import, chunk, now).await
    }

    async fn give_back(&self, import: &ImportId, chunk: u32, kept: u32) -> Answer<()> {
        self.return_chunk(import, chunk, kept).await
    }

    async fn kept(&self, import: &ImportId, chunk: u32) -> Answer<u32> {
        self.chunk_kept(import, chunk).await
    }

    async fn join_lane(&self, import: &ImportId, lane: &str) -> Answer<()> {
        self.join(import, lane).await
    }

    async fn take_turn(&self, import: &ImportId, lane: &str, now: Timestamp) -> Answer<Turn> {
        self.turn(import, lane, now).await
    }

    async fn leave_lane(&self, import: &ImportId, lane: &str) -> Answer<Option<ImportId>> {
        self.leave(import, lane).await
    }

    async fn turn_of(&self, lane: &str) -> Answer<Option<ImportId>> {
        self.holder(lane).await
    }

    async fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<NotificationClaim> {
        self.claim(import, now, lease).await
    }

    async fn release_notification(&self, import: &ImportId) -> Answer<()> {
        self.release(import).await
    }

    async fn notification_sent(&self, import: &ImportId) -> Answer<()> {
        self.note_sent(import).await
    }

    async fn finish(&self, import: &ImportId, status: Status) -> Answer<()> {
        const DOING: &str = "ending an import";
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(IMPORT));
        let mut set = "SET #status = :status".to_owned();
        let mut update = update.expression_attribute_names("#status", STATUS);
        if let Some(at) = self.expiry_of(import).await? {
            set.push_str(", #expires = :expires");
            update = update.expression_attribute_names("#expires", EXPIRES);
            update = update.expression_attribute_values(":expires", number(at));
        }
        let update = update.update_expression(set);
        let sent = update.expression_attribute_values(":status", text(status.as_str())).send().await;
        sent.map_err(|error| fault(DOING, error))?;
        // A crash here leaves it in the list: the sweep finds that it has ended, and repeats this step.
        let delete = self.0.client.delete_item().table_name(&self.0.name);
        let sent = delete.key(PK, text(UNFINISHED)).key(SK, text(import.as_str())).send().await;
        sent.map(drop).map_err(|error| fault(DOING, error))
    }

    async fn replace_options(&self, item: &ImportItem, options: Vec<(String, String)>) -> Answer<()> {
        const DOING: &str = "replacing the options of an import";
        let item = ImportItem { options, ..item.clone() };
        let json = serde_json::to_string(&item).map_err(|error| unbuilt(DOING, error))?;
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(item.import_id.as_str())).key(SK, text(IMPORT));
        let update =
            update.update_expression("SET #noted = :noted").condition_expression("attribute_exists(pk)");
        let update = update.expression_attribute_names("#noted", NOTED);
        let sent = update.expression_attribute_values(":noted", text(json)).send().await;
        sent.map(drop).map_err(|error| fault(DOING, error))
    }
}

/// The list is in the order of ids, which is the order of time.
impl Unfinished for ImportsTable {
    async fn unfinished(&self) -> Answer<Vec<ImportId>> {
        let query = self.0.client.query().table_name(&self.0.name).consistent_read(true);
        let query = query.key_condition_expression("#pk = :pk").expression_attribute_names("#pk", PK);
        let mut pages =
            query.expression_attribute_values(":pk", text(UNFINISHED)).into_paginator().items().send();
        let mut unfinished = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| fault("listing imports", error))?;
            unfinished.extend(text_of(&item, SK).and_then(|id| ImportId::parse(id).ok()));
        }
        Ok(unfinished)
    }

    async fn standing(&self, import: &ImportId) -> Answer<Standing> {
        let item = self.item(import, IMPORT, "reading an import").await?.unwrap_or_default();
        let time = |name| number_of(&item, name).and_then(|at| Timestamp::from_millisecond(at).ok());
        Ok(Standing { moved_at: time(MOVED), turn_at: time(TURN_AT), swept_at: time(SWEPT) })
    }

    async fn received(&self, import: &ImportId, since: Timestamp) -> Answer<Vec<u32>> {
        self.chunks_received(import, since).await
    }

    async fn note_swept(&self, import: &ImportId, at: Timestamp) -> Answer<()> {
        const KNOWN: &str = "attribute_exists(pk)";
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(IMPORT));
        let update = update.update_expression("SET #swept = :at").expression_attribute_names("#swept", SWEPT);
        let update = update.condition_expression(KNOWN);
        let sent = update.expression_attribute_values(":at", number(at.as_millisecond())).send().await;
        unless_refused("storing a sweep", sent)
    }
}
