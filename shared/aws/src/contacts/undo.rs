//! Undoes writes of an import. Every write is conditional on the import that wrote the item last.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use futures_util::{StreamExt, TryStreamExt, stream};
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactState, Pool, UndoChange, UndoWrite};

use super::{GROUP, IMPORT, RECORD, Standing, membership, shard};
use crate::fault::fault;
use crate::table::{Item, Key, PK, SK, Table, text, text_of, unless_refused};

const DOING: &str = "undoing writes";
/// Queries or conditional writes in flight at the same time.
const AT_A_TIME: usize = 32;
/// True where the item's last import is the expected one.
const EXPECTED: &str = "#import = :expected";

/// Contacts as they are now: a query each, for the contact and its memberships.
pub(super) async fn now(
    table: &Table,
    pool: &Pool,
    standing: &Standing,
    ids: &[ContactId],
) -> Answer<Vec<Option<ContactState>>> {
    let queries: Vec<_> = ids.iter().map(|id| now_of(table, pool, standing, id)).collect();
    stream::iter(queries).buffered(AT_A_TIME).try_collect().await
}

async fn now_of(
    table: &Table,
    pool: &Pool,
    standing: &Standing,
    id: &ContactId,
) -> Answer<Option<ContactState>> {
    const READING: &str = "reading a contact";
    let query = table.client.query().table_name(&table.name).consistent_read(true);
    let query = query.key_condition_expression("#pk = :pk AND begins_with(#sk, :id)");
    let query = query.expression_attribute_names("#pk", PK).expression_attribute_names("#sk", SK);
    let query = query.expression_attribute_values(":pk", text(shard(pool, id)));
    let query = query.expression_attribute_values(":id", text(id.to_string()));
    let pages = query.into_paginator().items().send().try_collect().await;
    let items: Vec<Item> = pages.map_err(|error| fault(READING, error))?;
    let damaged = |error: String| Fault::damaged(READING, error);
    let import_of = |item: &Item| {
        ImportId::parse(text_of(item, IMPORT).unwrap_or_default()).map_err(|error| damaged(error.to_string()))
    };
    let id = id.to_string();
    let Some(contact) = items.iter().find(|item| text_of(item, SK) == Some(&id)) else { return Ok(None) };
    let import_id = import_of(contact)?;
    let mut state = ContactState {
        record: text_of(contact, RECORD).map(str::to_owned),
        stands: standing.stands(import_id.as_str()),
        import_id,
        groups: std::collections::BTreeMap::new(),
    };
    for item in items.iter().filter(|item| text_of(item, SK) != Some(&id)) {
        let by = import_of(item)?;
        if let Some(group) = text_of(item, GROUP).filter(|_| standing.stands(by.as_str())) {
            state.groups.insert(group.to_owned(), by);
        }
    }
    Ok(Some(state))
}

pub(super) async fn undo(table: &Table, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
    let writes: Vec<_> = writes.iter().map(|write| undo_one(table, pool, undone, write)).collect();
    stream::iter(writes).buffer_unordered(AT_A_TIME).try_collect().await
}

async fn undo_one(table: &Table, pool: &Pool, undone: &ImportId, write: &UndoWrite) -> Answer<()> {
    let shard = shard(pool, &write.contact_id);
    let key = (shard.clone(), write.contact_id.to_string());
    match &write.change {
        UndoChange::None => {}
        UndoChange::Remove => delete(table, key, &write.expected).await?,
        UndoChange::Restore { record, import_id } => {
            let import = import_id.as_ref().unwrap_or(&write.expected);
            let update = table.client.update_item().table_name(&table.name);
            let update = update.key(PK, text(key.0)).key(SK, text(key.1));
            let update = update.update_expression("SET #record = :record, #import = :import");
            let update = update.condition_expression(EXPECTED);
            let update = update.expression_attribute_names("#record", RECORD);
            let update = update.expression_attribute_names("#import", IMPORT);
            let update = update.expression_attribute_values(":record", text(record));
            let update = update.expression_attribute_values(":import", text(import.as_str()));
            let update = update.expression_attribute_values(":expected", text(write.expected.as_str()));
            unless_refused(DOING, update.send().await)?;
        }
    }
    for group in &write.leaves {
        delete(table, (shard.clone(), membership(&write.contact_id, group)), undone).await?;
    }
    Ok(())
}

/// Deletes an item that this import wrote last.
async fn delete(table: &Table, (pk, sk): Key, expected: &ImportId) -> Answer<()> {
    let delete = table.client.delete_item().table_name(&table.name).key(PK, text(pk)).key(SK, text(sk));
    let delete = delete.condition_expression(EXPECTED).expression_attribute_names("#import", IMPORT);
    let delete = delete.expression_attribute_values(":expected", text(expected.as_str()));
    let refused = |error: &SdkError<DeleteItemError, HttpResponse>| {
        error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception)
    };
    match delete.send().await {
        Ok(_) => Ok(()),
        Err(error) if refused(&error) => Ok(()),
        Err(error) => Err(fault(DOING, error)),
    }
}
