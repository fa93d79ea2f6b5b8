//! Writes the contacts of a chunk: unique identities in batches, repeated ones each by a conditional write.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use futures_util::{StreamExt, TryStreamExt, stream};
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::pace::Stopped;
use rollcall_pipeline::ports::{Answer, ContactWrite, Pool};

use super::{BEFORE, BEFORE_IMPORT, CLAIM, CLAIM_ROW, GROUP, IMPORT, RECORD, ROW, membership, shard};
use crate::fault::fault;
use crate::table::{Item, Key, PK, PUT_AT_ONCE, SK, Table, number, number_of, text, text_of};

const DOING: &str = "keeping contacts";
/// Conditional writes in flight at the same time.
const AT_A_TIME: usize = 32;

/// True for the first write of this import, unless a newer import has written: import ids sort by time. A later row
/// of this import finds `#import = :import` and continues with [`LOWER_ROW`]. A redelivery of an older import finds a
/// newer id and changes nothing (I5). Where a lower row left the contact as it is, a higher one changes nothing.
const OLDER_IMPORT: &str = "(attribute_not_exists(#import) OR #import < :import) \
    AND (attribute_not_exists(#claim) OR #claim <> :import OR #claim_row > :row)";
/// The same for a row that changes nothing: where nothing is stored, it has nothing to keep.
const OLDER_IMPORT_UNCHANGED: &str = "#import < :import \
    AND (attribute_not_exists(#claim) OR #claim <> :import OR #claim_row > :row)";
/// The lowest row of this import stays, whatever the order of chunks (I3). The first write has stored the state
/// before the import, which stays untouched. A repetition finds its own row, not a lower one, and changes nothing.
const LOWER_ROW: &str = "#import = :import AND #row > :row";
/// All right-hand sides use the item before the update: the earlier record is stored before it is replaced.
const SET_ASIDE: &str = "SET #before = if_not_exists(#record, :null), \
    #before_import = if_not_exists(#import, :null), #record = :record, #import = :import, #row = :row";
const REPLACE: &str = "SET #record = :record, #row = :row";
/// A row that changes nothing leaves the contact and its last import as they are, or as they were.
const LEAVE: &str = "SET #claim = :import, #claim_row = :row";
const BRING_BACK: &str =
    "SET #record = #before, #import = #before_import, #claim = :import, #claim_row = :row";

pub(super) async fn keep(
    table: &Table,
    pool: &Pool,
    import: &ImportId,
    records: &[ContactWrite<'_>],
) -> Answer<()> {
    // An identity may occur several times in a chunk: its lowest row decides.
    let mut repeated: BTreeMap<ContactId, &ContactWrite<'_>> = BTreeMap::new();
    for keep in records.iter().filter(|keep| keep.repeated) {
        let lowest = repeated.entry(keep.contact_id).or_insert(keep);
        if keep.row < lowest.row {
            *lowest = keep;
        }
    }
    let conditional: Vec<_> =
        repeated.into_values().map(|keep| keep_repeated(table, pool, import, keep)).collect();
    stream::iter(conditional).buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
    // The rest in the order of the rows, so that a chunk that has to stop knows how far it came.
    let (items, rows): (Vec<Item>, Vec<usize>) = plain(pool, import, records).into_iter().unzip();
    match table.put_all(DOING, items).await {
        Ok(()) => Ok(()),
        Err(Stopped { done, fault: Fault::Throttled { doing, cause, .. } }) => {
            let kept = rows.get(done * PUT_AT_ONCE).copied().unwrap_or(records.len());
            Err(Fault::Throttled { doing, cause, kept })
        }
        Err(Stopped { fault, .. }) => Err(fault),
    }
}

/// The items that are put unconditionally, each with the place of its row.
fn plain(pool: &Pool, import: &ImportId, records: &[ContactWrite<'_>]) -> Vec<(Item, usize)> {
    let mut items = Vec::with_capacity(records.len());
    // A batch has no two items of one key; of two rows they are the same.
    let mut there: HashSet<Key> = HashSet::new();
    for (place, keep) in records.iter().enumerate() {
        let shard = shard(pool, &keep.contact_id);
        for group in keep.groups {
            let key = (shard.clone(), membership(&keep.contact_id, group));
            if there.insert(key.clone()) {
                items.push((membership_item(key, group, import), place));
            }
        }
        if let Some(record) = keep.record.filter(|_| !keep.repeated) {
            items.push((contact_item((shard, keep.contact_id.to_string()), keep, record, import), place));
        }
    }
    items
}

fn contact_item((pk, sk): Key, keep: &ContactWrite<'_>, record: &str, import: &ImportId) -> Item {
    Item::from([
        (PK.to_owned(), text(pk)),
        (SK.to_owned(), text(sk)),
        (RECORD.to_owned(), text(record)),
        (IMPORT.to_owned(), text(import.as_str())),
        (ROW.to_owned(), number(keep.row)),
    ])
}

fn membership_item((pk, sk): Key, group: &str, import: &ImportId) -> Item {
    Item::from([
        (PK.to_owned(), text(pk)),
        (SK.to_owned(), text(sk)),
        (GROUP.to_owned(), text(group)),
        (IMPORT.to_owned(), text(import.as_str())),
    ])
}

async fn keep_repeated(table: &Table, pool: &Pool, import: &ImportId, keep: &ContactWrite<'_>) -> Answer<()> {
    let changes = keep.record.is_some();
    let (first, older) = if changes { (SET_ASIDE, OLDER_IMPORT) } else { (LEAVE, OLDER_IMPORT_UNCHANGED) };
    let first = update(table, pool, import, keep, (first, older));
    let Some(standing) = write(first).await? else { return Ok(()) };
    let newer = text_of(&standing, IMPORT).is_some_and(|by| by != import.as_str());
    if newer || number_of::<u64>(&standing, ROW).is_some_and(|row| row <= keep.row) {
        return Ok(());
    }
    let lower = if changes { REPLACE } else { BRING_BACK };
    let lower = update(table, pool, import, keep, (lower, LOWER_ROW));
    write(lower).await.map(drop)
}

/// An update of a contact's item, with only the names and values that its expressions use, as DynamoDB requires.
fn update(
    table: &Table,
    pool: &Pool,
    import: &ImportId,
    keep: &ContactWrite<'_>,
    (expression, condition): (&'static str, &'static str),
) -> UpdateItemFluentBuilder {
    let uses = |name: &str| is_word_of(expression, name) || is_word_of(condition, name);
    let names = [RECORD, IMPORT, ROW, BEFORE, BEFORE_IMPORT, CLAIM, CLAIM_ROW];
    let names = names.map(|name| (format!("#{name}"), name.to_owned()));
    let names: HashMap<String, String> = names.into_iter().filter(|(name, _)| uses(name)).collect();
    let record = keep.record.map_or(AttributeValue::Null(true), text);
    let values = [
        (":record", record),
        (":import", text(import.as_str())),
        (":row", number(keep.row)),
        (":null", AttributeValue::Null(true)),
    ];
    let values = values.into_iter().filter(|(name, _)| uses(name));
    let update = table.client.update_item().table_name(&table.name);
    let update = update.key(PK, text(shard(pool, &keep.contact_id)));
    let update = update.key(SK, text(keep.contact_id.to_string())).update_expression(expression);
    let update = update.condition_expression(condition);
    let update = update.set_expression_attribute_names(Some(names));
    update
        .set_expression_attribute_values(Some(values.map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// Whether an expression uses a name, which may begin another name.
fn is_word_of(expression: &str, name: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    expression.match_indices(name).any(|(at, _)| is_end(&expression[at + name.len()..]))
}

/// Writes if the condition holds; otherwise returns the existing item.
async fn write(update: UpdateItemFluentBuilder) -> Answer<Option<Item>> {
    let update = update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match update.send().await {
        Ok(_) => Ok(None),
        Err(error) => match error.as_service_error() {
            Some(service) if service.is_conditional_check_failed_exception() => {
                use aws_sdk_dynamodb::operation::update_item::UpdateItemError as E;
                let item = match error.into_service_error() {
                    E::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                Ok(Some(item.unwrap_or_default()))
            }
            _ => Err(fault(DOING, error)),
        },
    }
}
