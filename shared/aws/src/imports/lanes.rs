//! Lanes: under `lane#<lane>` an item for each import that did not leave it yet, by id, and one that names the import
//! that has its turn.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::Timestamp;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, Turn};

use super::{IMPORT, ImportsTable, LANE, MOVED, TURN_AT, key};
use crate::fault::{fault, unbuilt};
use crate::table::{PK, SK, number, text, text_of, unless_refused};

/// Sort key of the import that has its turn; ids of imports sort before it.
const HOLDER: &str = "turn";

/// Nobody has the turn, or the import itself, which asks again: of several imports DynamoDB accepts one.
const FREE: &str = "attribute_not_exists(#import) OR #import = :import";
/// The turn is given back by the import that has it, and by nobody else.
const MINE: &str = "#import = :import";

const DOING: &str = "taking turns";

fn partition(lane: &str) -> String {
    format!("lane#{lane}")
}

impl ImportsTable {
    pub(super) async fn join(&self, import: &ImportId, lane: &str) -> Answer<()> {
        let note = Update::builder().table_name(&self.0.name);
        let note = note.key(PK, text(import.as_str())).key(SK, text(IMPORT));
        let note = note.update_expression("SET #lane = :lane").expression_attribute_names("#lane", LANE);
        let note = note.expression_attribute_values(":lane", text(lane)).build();
        let note = note.map_err(|error| unbuilt(DOING, error))?;
        let waits = key(&partition(lane), import.as_str());
        let waits = Put::builder().table_name(&self.0.name).set_item(Some(waits)).build();
        let waits = waits.map_err(|error| unbuilt(DOING, error))?;
        let write = self.0.client.transact_write_items();
        let write = write.transact_items(TransactWriteItem::builder().update(note).build());
        let write = write.transact_items(TransactWriteItem::builder().put(waits).build());
        write.send().await.map(drop).map_err(|error| fault(DOING, error))
    }

    pub(super) async fn turn(&self, import: &ImportId, lane: &str, now: Timestamp) -> Answer<Turn> {
        if let Some(holder) = self.holder(lane).await? {
            return Ok(if holder == *import { Turn::Taken } else { Turn::Waiting });
        }
        if self.first(lane).await?.as_ref() != Some(import) {
            return Ok(Turn::Waiting);
        }
        let take = self.0.client.update_item().table_name(&self.0.name);
        let take = take.key(PK, text(partition(lane))).key(SK, text(HOLDER));
        let take = take.update_expression("SET #import = :import").condition_expression(FREE);
        let take = take.expression_attribute_names("#import", IMPORT);
        let take = take.expression_attribute_values(":import", text(import.as_str()));
        if !crate::table::held(DOING, take.send().await)? {
            return Ok(Turn::Waiting);
        }
        self.note_moved(import, now).await?;
        Ok(Turn::Taken)
    }

    async fn note_moved(&self, import: &ImportId, now: Timestamp) -> Answer<()> {
        const KNOWN: &str = "attribute_exists(pk)";
        let note = self.0.client.update_item().table_name(&self.0.name);
        let note = note.key(PK, text(import.as_str())).key(SK, text(IMPORT));
        let note = note.update_expression("SET #moved = :now, #turn_at = if_not_exists(#turn_at, :now)");
        let note = note.condition_expression(KNOWN).expression_attribute_names("#moved", MOVED);
        let note = note.expression_attribute_names("#turn_at", TURN_AT);
        let sent = note.expression_attribute_values(":now", number(now.as_millisecond())).send().await;
        unless_refused(DOING, sent)
    }

    /// Out of the list first, so that it cannot take the turn again; then the turn; then a look at who is next. An
    /// import that asks in between is in the list, and finds the turn taken or free.
    pub(super) async fn leave(&self, import: &ImportId, lane: &str) -> Answer<Option<ImportId>> {
        let leave = self.0.client.delete_item().table_name(&self.0.name);
        let leave = leave.key(PK, text(partition(lane))).key(SK, text(import.as_str()));
        leave.send().await.map_err(|error| fault(DOING, error))?;
        let free = self.0.client.delete_item().table_name(&self.0.name);
        let free = free.key(PK, text(partition(lane))).key(SK, text(HOLDER)).condition_expression(MINE);
        let free = free.expression_attribute_names("#import", IMPORT);
        let freed = free.expression_attribute_values(":import", text(import.as_str())).send().await;
        if let Err(error) = freed
            && !error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception())
        {
            return Err(fault(DOING, error));
        }
        let next = self.first(lane).await?;
        Ok(if self.holder(lane).await?.is_some() { None } else { next })
    }

    pub(super) async fn holder(&self, lane: &str) -> Answer<Option<ImportId>> {
        let get = self.0.client.get_item().table_name(&self.0.name).consistent_read(true);
        let got = get.key(PK, text(partition(lane))).key(SK, text(HOLDER)).send().await;
        let item = got.map_err(|error| fault(DOING, error))?.item.unwrap_or_default();
        Ok(text_of(&item, IMPORT).and_then(|id| ImportId::parse(id).ok()))
    }

    /// The lowest id that did not leave the lane.
    async fn first(&self, lane: &str) -> Answer<Option<ImportId>> {
        let query = self.0.client.query().table_name(&self.0.name).consistent_read(true).limit(1);
        let query = query.key_condition_expression("#pk = :pk AND #sk < :holder");
        let query = query.expression_attribute_names("#pk", PK).expression_attribute_names("#sk", SK);
        let query = query.expression_attribute_values(":pk", text(partition(lane)));
        let found = query.expression_attribute_values(":holder", text(HOLDER)).send().await;
        let found = found.map_err(|error| fault(DOING, error))?;
        let first = found.items().first().and_then(|item| text_of(item, SK));
        Ok(first.and_then(|id| ImportId::parse(id).ok()))
    }
}
