//! Writes an entry of the directory, safe against a concurrent load and a crash at any point.
//!
//! 1. Read the entry.
//! 2. Write it, with its old keys and its new keys, if no other load has written it since.
//! 3. Add it to the items of its keys, remove it from the others.
//! 4. Write that only its keys are left, if no other load has written it since.
//!
//! A load that fails at 2 or 4 starts again, and so sees every key that the winner may have added: the last load to
//! pass 4 leaves exactly the keys of the entry. A crash after 2 leaves a list of all keys to check.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use rollcall_domain::contacts::directory::{Account, DirectoryItem, MAX_CANDIDATES};
use rollcall_domain::types::kind::Kind;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Answer;

use super::{CANDIDATE, ID, INLINE, JSON, KEYS, KNOWN, MORE, OVER, TURN, entry_key, match_key, names};
use crate::fault::{fault, unbuilt};
use crate::table::{PK, Table, fitting, held, number, number_of, pause, text, text_of};

const DOING: &str = "loading the directory";
const TRIES: u32 = 12;
/// Maximal bytes of a candidate in its key's item: with [`MAX_CANDIDATES`] and one more the item stays below 400 KB.
const ROOM: usize = 3_500;

/// No other load has written the entry since it was read; a new entry has no turn yet.
const SAME_TURN: &str = "#turn = :before OR (attribute_not_exists(#turn) AND :before = :zero)";
/// A candidate is counted once: it is not in the item, and there is room. One more than a match accepts is stored, so
/// that the count can show "too many".
const NEW_AND_ROOM: &str =
    "attribute_not_exists(#candidate) AND (attribute_not_exists(#inline) OR #inline < :room)";
/// So many ids are named at most, and no more: with ids of up to 90 bytes the item stays below 400 KB.
const NAMED: usize = 5 * MAX_CANDIDATES;
/// The set of ids is not full.
const ROOM_FOR_ID: &str = "attribute_not_exists(#more) OR size(#more) < :most";
/// It is counted already: only its value changes.
const THERE: &str = "attribute_exists(#candidate)";

pub(super) async fn keep(table: &Table, owner: &str, kind: Kind, item: &DirectoryItem) -> Answer<()> {
    let load = Load { table, owner, kind, item };
    for attempt in 0..TRIES {
        if load.once().await? {
            return Ok(());
        }
        pause(attempt).await;
    }
    Err(Fault::transient(DOING, "another load keeps writing the same entry"))
}

struct Load<'a> {
    table: &'a Table,
    owner: &'a str,
    kind: Kind,
    item: &'a DirectoryItem,
}

impl Load<'_> {
    /// Runs the four steps; returns `false` if another load has intervened.
    async fn once(&self) -> Answer<bool> {
        let (turn, mut known) = self.standing().await?;
        known.extend(self.item.keys.iter().cloned());
        if !self.write_entry(turn, &known).await? {
            return Ok(false);
        }
        self.list().await?;
        let candidate = self.candidate()?;
        for key in &known {
            let (pk, _) = match_key(self.owner, self.kind, key);
            if self.item.keys.contains(key) {
                self.name_under(&pk, &candidate).await?;
            } else {
                self.take_off(&pk).await?;
            }
        }
        self.note_keys(turn + 1).await
    }

    fn entry(&self) -> UpdateItemFluentBuilder {
        let (pk, _) = entry_key(self.owner, self.kind, &self.item.id);
        self.table.client.update_item().table_name(&self.table.name).key(PK, text(pk))
    }

    async fn standing(&self) -> Answer<(u64, BTreeSet<String>)> {
        let (pk, _) = entry_key(self.owner, self.kind, &self.item.id);
        let get = self.table.client.get_item().table_name(&self.table.name).key(PK, text(pk));
        let got = get.consistent_read(true).send().await.map_err(|error| fault(DOING, error))?;
        let item = got.item.unwrap_or_default();
        let known = text_of(&item, KNOWN).map(serde_json::from_str).transpose();
        let known = known.map_err(|error| Fault::permanent(DOING, error))?.unwrap_or_default();
        Ok((number_of(&item, TURN).unwrap_or(0), known))
    }

    async fn write_entry(&self, turn: u64, known: &BTreeSet<String>) -> Answer<bool> {
        let names = [("#json", JSON), ("#id", ID), ("#keys", KEYS), ("#known", KNOWN), ("#turn", TURN)];
        let values = [
            (":json", text(&*self.item.json)),
            (":id", text(&*self.item.id)),
            (":keys", text(json(&self.item.keys)?)),
            (":known", text(json(known)?)),
            (":before", number(turn)),
            (":turn", number(turn + 1)),
            (":zero", number(0)),
        ];
        let update = self.entry().set_expression_attribute_names(Some(names_of(&names)));
        let update = update.set_expression_attribute_values(Some(values_of(values)));
        let set = "SET #json = :json, #id = :id, #keys = :keys, #known = :known, #turn = :turn";
        held(DOING, update.update_expression(set).condition_expression(SAME_TURN).send().await)
    }

    async fn note_keys(&self, turn: u64) -> Answer<bool> {
        let update = self
            .entry()
            .set_expression_attribute_names(Some(names_of(&[("#known", KNOWN), ("#turn", TURN)])));
        let values =
            [(":known", text(json(&self.item.keys)?)), (":before", number(turn)), (":zero", number(0))];
        let update = update.set_expression_attribute_values(Some(values_of(values)));
        held(
            DOING,
            update.update_expression("SET #known = :known").condition_expression(SAME_TURN).send().await,
        )
    }

    /// The members of an account that a match needs, of other entries all; `None` if there is no room.
    fn candidate(&self) -> Answer<Option<String>> {
        let small = if self.kind == Kind::Accounts {
            let account: Account =
                serde_json::from_str(&self.item.json).map_err(|error| Fault::permanent(DOING, error))?;
            json(&account)?
        } else {
            self.item.json.clone()
        };
        let fits = small.len() <= ROOM && fitting(&self.item.id) == self.item.id;
        Ok(fits.then_some(small))
    }

    fn under(&self, pk: &str) -> UpdateItemFluentBuilder {
        self.table.client.update_item().table_name(&self.table.name).key(PK, text(pk))
    }

    fn attribute(&self) -> String {
        format!("{CANDIDATE}{}", self.item.id)
    }

    /// Keeps the entry among those of its kind, for hints.
    async fn list(&self) -> Answer<()> {
        if !names::is_listed(self.kind) {
            return Ok(());
        }
        let (pk, _) = names::key_of(self.owner, self.kind, &self.item.id);
        let entry = &self.item.json;
        if entry.len() > names::ENTRY || fitting(&self.item.id) != self.item.id {
            return self.remove_inline(&pk).await;
        }
        if self.add_inline(&pk, entry, names::ROOM).await? || self.change_inline(&pk, entry).await? {
            return Ok(());
        }
        self.mark_over(&pk).await
    }

    async fn name_under(&self, pk: &str, candidate: &Option<String>) -> Answer<()> {
        let Some(candidate) = candidate else {
            self.remove_inline(pk).await?;
            return self.name_elsewhere(pk).await;
        };
        if self.add_inline(pk, candidate, MAX_CANDIDATES + 1).await?
            || self.change_inline(pk, candidate).await?
        {
            return Ok(());
        }
        self.name_elsewhere(pk).await
    }

    async fn add_inline(&self, pk: &str, candidate: &str, room: usize) -> Answer<bool> {
        let update = self.under(pk).condition_expression(NEW_AND_ROOM);
        let update =
            update.update_expression("SET #candidate = :candidate ADD #inline :one DELETE #more :id");
        let names = HashMap::from([
            ("#candidate".to_owned(), self.attribute()),
            ("#inline".to_owned(), INLINE.to_owned()),
            ("#more".to_owned(), MORE.to_owned()),
        ]);
        let values = [
            (":candidate", text(candidate)),
            (":one", number(1)),
            (":room", number(room)),
            (":id", AttributeValue::Ss(vec![self.item.id.clone()])),
        ];
        let update = update.set_expression_attribute_names(Some(names));
        held(DOING, update.set_expression_attribute_values(Some(values_of(values))).send().await)
    }

    async fn change_inline(&self, pk: &str, candidate: &str) -> Answer<bool> {
        let update = self.under(pk).condition_expression(THERE);
        let update = update.update_expression("SET #candidate = :candidate");
        let update = update.expression_attribute_names("#candidate", self.attribute());
        held(DOING, update.expression_attribute_values(":candidate", text(candidate)).send().await)
    }

    /// A key with more candidates than a match accepts matches nothing, so no more of them need to be named: the item
    /// stays small, however many accounts share the key.
    async fn name_elsewhere(&self, pk: &str) -> Answer<()> {
        let update = self.under(pk).update_expression("ADD #more :id").condition_expression(ROOM_FOR_ID);
        let update = update.expression_attribute_names("#more", MORE);
        let ids = AttributeValue::Ss(vec![self.item.id.clone()]);
        let values = [(":id", ids), (":most", number(NAMED))];
        let update = update.set_expression_attribute_values(Some(values_of(values)));
        if held(DOING, update.send().await)? {
            return Ok(());
        }
        // Some accounts are not named: whatever is taken off later, the key matches nothing.
        self.mark_over(pk).await
    }

    async fn mark_over(&self, pk: &str) -> Answer<()> {
        let over = self.under(pk).update_expression("SET #over = :one");
        let over = over.expression_attribute_names("#over", OVER);
        held(DOING, over.expression_attribute_values(":one", number(1)).send().await).map(drop)
    }

    async fn take_off(&self, pk: &str) -> Answer<()> {
        self.remove_inline(pk).await?;
        let update = self.under(pk).update_expression("DELETE #more :id");
        let update = update.expression_attribute_names("#more", MORE);
        let id = AttributeValue::Ss(vec![self.item.id.clone()]);
        held(DOING, update.expression_attribute_values(":id", id).send().await).map(drop)
    }

    async fn remove_inline(&self, pk: &str) -> Answer<()> {
        let update = self.under(pk).condition_expression(THERE);
        let update = update.update_expression("REMOVE #candidate ADD #inline :less");
        let update = update.expression_attribute_names("#candidate", self.attribute());
        let update = update.expression_attribute_names("#inline", INLINE);
        held(DOING, update.expression_attribute_values(":less", number(-1)).send().await).map(drop)
    }
}

fn json(value: &impl serde::Serialize) -> Answer<String> {
    serde_json::to_string(value).map_err(|error| unbuilt(DOING, error))
}

fn names_of(names: &[(&str, &str)]) -> HashMap<String, String> {
    names.iter().map(|(name, attribute)| ((*name).to_owned(), (*attribute).to_owned())).collect()
}

fn values_of<const N: usize>(values: [(&str, AttributeValue); N]) -> HashMap<String, AttributeValue> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
