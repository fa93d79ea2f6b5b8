//! Leases on chunks, closed chunks, and the claim on the notification.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use jiff::Timestamp;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, NotificationClaim, Take};

use super::{CHUNK, CHUNKS, CONDITION, EXPIRES, IMPORT, ImportsTable, LETTER, MOVED, REMAINING, canceled};
use crate::fault::{fault, unbuilt};
use crate::table::{Item, PK, SK, number, number_of, pause, text, text_of, unless_refused};

/// The chunk is closed, or the notification sent.
const DONE: &str = "done";
/// The end of a lease, nanoseconds.
const LEASE: &str = "leased_until";
/// When the lease was taken, milliseconds.
const TAKEN: &str = "taken_at";
/// How many writes of a chunk are done, where it was given back.
const KEPT: &str = "kept";
/// The holder of a lease: a random number, so that a repeated attempt recognises its own lease.
const HOLDER: &str = "holder";

/// Not done, and no live lease: DynamoDB accepts one of several concurrent requests. An expired lease does not count:
/// the time limit of the function, which is shorter, has stopped its holder.
const FREE: &str = "attribute_not_exists(#done) AND (attribute_not_exists(#lease) OR #lease <= :now)";
/// A closed chunk is not counted again, whatever the number of deliveries.
const NOT_CLOSED: &str = "attribute_not_exists(#done)";
/// Many workers close chunks at the same time, and all of them decrement the same number.
const TRIES: u32 = 16;

/// The result of a request for a lease.
enum Leased {
    Mine,
    Done,
    Others,
}

impl ImportsTable {
    pub(super) async fn take_chunk(
        &self,
        import: &ImportId,
        chunk: u32,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<Take> {
        Ok(match self.lease("taking a chunk", import, &sort_key(chunk), now, lease).await? {
            Leased::Mine => Take::Taken,
            Leased::Done => Take::Closed,
            Leased::Others => Take::Leased,
        })
    }

    pub(super) async fn claim(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<NotificationClaim> {
        Ok(match self.lease("claiming a notification", import, LETTER, now, lease).await? {
            Leased::Mine => NotificationClaim::Claimed,
            Leased::Done => NotificationClaim::Sent,
            Leased::Others => NotificationClaim::Held,
        })
    }

    pub(super) async fn release(&self, import: &ImportId) -> Answer<()> {
        const UNSENT: &str = "attribute_not_exists(#done)";
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(LETTER));
        let update = update.update_expression("REMOVE #lease").condition_expression(UNSENT);
        let update = update.expression_attribute_names("#lease", LEASE);
        unless_refused(
            "giving a notification back",
            update.expression_attribute_names("#done", DONE).send().await,
        )
    }

    pub(super) async fn note_sent(&self, import: &ImportId) -> Answer<()> {
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(LETTER));
        let mut set = "SET #done = :done".to_owned();
        let mut update = update.expression_attribute_names("#done", DONE);
        if let Some(at) = self.expires() {
            set.push_str(", #expires = :expires");
            update = update.expression_attribute_names("#expires", EXPIRES);
            update = update.expression_attribute_values(":expires", number(at));
        }
        let update = update.update_expression(set).expression_attribute_values(":done", number(1));
        update.send().await.map(drop).map_err(|error| fault("marking a notification as sent", error))
    }

    /// Of a chunk and of a notification alike.
    async fn lease(
        &self,
        doing: &'static str,
        import: &ImportId,
        sort: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Answer<Leased> {
        let holder = fastrand::u64(..).to_string();
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(sort));
        let update = update.update_expression("SET #lease = :until, #holder = :holder, #taken = :taken");
        let update = update.expression_attribute_names("#taken", TAKEN);
        let update = update.expression_attribute_values(":taken", number(now.as_millisecond()));
        let update = update.condition_expression(FREE);
        let update = update.expression_attribute_names("#done", DONE);
        let update = update.expression_attribute_names("#lease", LEASE);
        let update = update.expression_attribute_names("#holder", HOLDER);
        let update = update.expression_attribute_values(":now", number(now.as_nanosecond()));
        let update = update.expression_attribute_values(":until", number(until.as_nanosecond()));
        let update = update.expression_attribute_values(":holder", text(&*holder));
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        match update.return_values_on_condition_check_failure(all_old).send().await {
            Ok(_) => Ok(Leased::Mine),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let standing = match failed.item() {
                        Some(item) => item.clone(),
                        None => self.item(import, sort, doing).await?.unwrap_or_default(),
                    };
                    Ok(of_standing(&standing, &holder))
                }
                _ => Err(fault(doing, error)),
            },
        }
    }

    pub(super) async fn close_chunk(&self, import: &ImportId, chunk: u32, now: Timestamp) -> Answer<u32> {
        const DOING: &str = "closing a chunk";
        for attempt in 0..TRIES {
            let write = self.0.client.transact_write_items();
            let write = write.transact_items(self.closing(import, chunk)?);
            match write.transact_items(self.counting_down(import, now)?).send().await {
                Ok(_) => return self.remaining(import).await,
                Err(error) => match canceled(error.as_service_error()) {
                    Some(reasons) if reasons.contains(&CONDITION) => return self.remaining(import).await,
                    // Another worker is closing another chunk: the conflict does not concern this chunk.
                    Some(_) => pause(attempt).await,
                    None => return Err(fault(DOING, error)),
                },
            }
        }
        Err(Fault::transient(DOING, "other workers keep closing chunks"))
    }

    fn closing(&self, import: &ImportId, chunk: u32) -> Answer<TransactWriteItem> {
        let update = Update::builder().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(sort_key(chunk)));
        let mut set = "SET #done = :done".to_owned();
        let mut update = update.condition_expression(NOT_CLOSED).expression_attribute_names("#done", DONE);
        if let Some(at) = self.expires() {
            set.push_str(", #expires = :expires");
            update = update.expression_attribute_names("#expires", EXPIRES);
            update = update.expression_attribute_values(":expires", number(at));
        }
        let update = update.update_expression(set);
        transact(update.expression_attribute_values(":done", number(1)))
    }

    fn counting_down(&self, import: &ImportId, now: Timestamp) -> Answer<TransactWriteItem> {
        let update = Update::builder().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(IMPORT));
        let update = update.update_expression("SET #remaining = #remaining - :one, #moved = :now");
        let update = update.expression_attribute_names("#moved", MOVED);
        let update = update.expression_attribute_values(":now", number(now.as_millisecond()));
        let update = update.expression_attribute_names("#remaining", REMAINING);
        transact(update.expression_attribute_values(":one", number(1)))
    }

    /// A consistent read after the transaction: of the last two workers that close at the same time, at least one
    /// reads zero.
    async fn remaining(&self, import: &ImportId) -> Answer<u32> {
        let item = self.item(import, IMPORT, "closing a chunk").await?.unwrap_or_default();
        Ok(number_of(&item, REMAINING).unwrap_or(0))
    }

    pub(super) async fn chunks_open(&self, import: &ImportId) -> Answer<Vec<u32>> {
        const DOING: &str = "reading the open chunks";
        let item = self.item(import, IMPORT, DOING).await?.unwrap_or_default();
        let sealed: u32 = number_of(&item, CHUNKS).unwrap_or(0);
        if sealed == 0 || number_of(&item, REMAINING) == Some(0) {
            return Ok(Vec::new());
        }
        let mut open = vec![true; sealed as usize];
        for item in self.chunk_items(import, DOING).await? {
            if let Some(place) = closed_chunk(&item).and_then(|chunk| open.get_mut(chunk as usize)) {
                *place = false;
            }
        }
        Ok((0..).zip(open).filter(|(_, open)| *open).map(|(chunk, _)| chunk).collect())
    }

    pub(super) async fn return_chunk(&self, import: &ImportId, chunk: u32, kept: u32) -> Answer<()> {
        /// A note of less comes from a delivery that did not come to its writes.
        const NOT_LESS: &str = "attribute_not_exists(#kept) OR #kept <= :kept";
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(import.as_str())).key(SK, text(sort_key(chunk)));
        let update =
            update.update_expression("SET #kept = :kept REMOVE #lease").condition_expression(NOT_LESS);
        let update = update.expression_attribute_names("#kept", KEPT);
        let update = update.expression_attribute_names("#lease", LEASE);
        let sent = update.expression_attribute_values(":kept", number(kept)).send().await;
        unless_refused("giving a chunk back", sent)
    }

    pub(super) async fn chunk_kept(&self, import: &ImportId, chunk: u32) -> Answer<u32> {
        let item = self.item(import, &sort_key(chunk), "reading a chunk's state").await?.unwrap_or_default();
        Ok(number_of(&item, KEPT).unwrap_or(0))
    }

    pub(super) async fn chunks_received(&self, import: &ImportId, since: Timestamp) -> Answer<Vec<u32>> {
        let items = self.chunk_items(import, "reading the open chunks").await?;
        let received = items.iter().filter(|item| {
            let taken: Option<i64> = number_of(item, TAKEN);
            !item.contains_key(DONE) && taken.is_some_and(|taken| taken >= since.as_millisecond())
        });
        Ok(received.filter_map(chunk_number).collect())
    }

    /// The items of chunks that were taken or closed, in the order of their numbers.
    async fn chunk_items(&self, import: &ImportId, doing: &'static str) -> Answer<Vec<Item>> {
        let query = self.0.client.query().table_name(&self.0.name).consistent_read(true);
        let query = query.key_condition_expression("#pk = :pk AND begins_with(#sk, :chunk)");
        let query = query.expression_attribute_names("#pk", PK).expression_attribute_names("#sk", SK);
        let query = query.expression_attribute_values(":pk", text(import.as_str()));
        let query = query.expression_attribute_values(":chunk", text(CHUNK));
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| fault(doing, error))?);
        }
        Ok(items)
    }
}

/// The reason why a lease was refused. A first attempt with a lost response has set this holder.
fn of_standing(item: &Item, holder: &str) -> Leased {
    if item.contains_key(DONE) {
        Leased::Done
    } else if text_of(item, HOLDER) == Some(holder) {
        Leased::Mine
    } else {
        Leased::Others
    }
}

fn closed_chunk(item: &Item) -> Option<u32> {
    item.contains_key(DONE).then(|| chunk_number(item)).flatten()
}

fn chunk_number(item: &Item) -> Option<u32> {
    text_of(item, SK)?.strip_prefix(CHUNK)?.parse().ok()
}

/// Chunks in the order of their numbers.
fn sort_key(chunk: u32) -> String {
    format!("{CHUNK}{chunk:010}")
}

fn transact(update: aws_sdk_dynamodb::types::builders::UpdateBuilder) -> Answer<TransactWriteItem> {
    let update = update.build().map_err(|error| unbuilt("closing a chunk", error))?;
    Ok(TransactWriteItem::builder().update(update).build())
}
