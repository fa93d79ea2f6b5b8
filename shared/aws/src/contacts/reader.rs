//! Contacts as people read them: shard after shard of each pool, and the end of one.
//!
//! The item `<program>`, `pools` names the pools of a program; the end of each import notes its pool there.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactPage, ContactReader, ListedContact, Pool};

use super::{ContactsTable, IMPORT, RECORD, Standing, partition, shard};
use crate::fault::fault;
use crate::table::{Item, PK, SK, text, text_of};

const DOING: &str = "reading contacts";
/// Sort key of the item that names a program's pools.
const POOLS: &str = "pools";
/// Shards that are queried at the same time, at most.
const AT_A_TIME: usize = 32;
/// Follows every sort key of a contact: its own, and those of its memberships.
const AFTER: char = '~';

impl ContactReader for ContactsTable {
    async fn page(&self, program: &ProgramName, cursor: Option<&str>, limit: usize) -> Answer<ContactPage> {
        let pools = self.pools(program).await?;
        let mut at = match cursor {
            None => Cursor::default(),
            Some(cursor) => {
                Cursor::parse(cursor).ok_or_else(|| Fault::damaged(DOING, "not a cursor of a page"))?
            }
        };
        let mut page = ContactPage::default();
        let first = at.pool.clone();
        for pool in pools.into_iter().filter(|pool| *pool >= first) {
            if pool != at.pool {
                at = Cursor { pool: pool.clone(), ..Cursor::default() };
            }
            let pool = Pool { program: program.clone(), pool };
            if self.page_of_pool(&pool, &mut at, limit, &mut page).await? {
                page.next = Some(at.to_string());
                return Ok(page);
            }
        }
        Ok(page)
    }

    async fn find(&self, program: &ProgramName, contact: &ContactId) -> Answer<Option<ListedContact>> {
        for pool in self.pools(program).await? {
            let pool = Pool { program: program.clone(), pool };
            let items = self.items_of(&pool, contact, true).await?;
            if !items.is_empty() {
                let standing = self.standing(&pool).await?;
                return Ok(Folding::of(&pool, &standing, items).contacts.pop());
            }
        }
        Ok(None)
    }

    async fn erase(&self, program: &ProgramName, contact: &ContactId) -> Answer<bool> {
        let mut erased = false;
        for pool in self.pools(program).await? {
            let pool = Pool { program: program.clone(), pool };
            for item in self.items_of(&pool, contact, true).await? {
                let delete = self.0.client.delete_item().table_name(&self.0.name);
                let delete = delete.key(PK, text(shard(&pool, contact)));
                let delete = delete.key(SK, text(text_of(&item, SK).unwrap_or_default()));
                delete.send().await.map_err(|error| fault("erasing a contact", error))?;
                erased = true;
            }
        }
        Ok(erased)
    }
}

impl ContactsTable {
    /// The pools of a program, ascending.
    async fn pools(&self, program: &ProgramName) -> Answer<Vec<String>> {
        let get = self.0.client.get_item().table_name(&self.0.name).consistent_read(true);
        let got = get.key(PK, text(program.as_str())).key(SK, text(POOLS)).send().await;
        let item = got.map_err(|error| fault(DOING, error))?.item.unwrap_or_default();
        let mut pools = item.get(POOLS).and_then(|pools| pools.as_ss().ok()).cloned().unwrap_or_default();
        pools.sort_unstable();
        Ok(pools)
    }

    /// Notes that a program has a pool; a process notes each pool once.
    pub(super) async fn note_pool(&self, pool: &Pool) -> Answer<()> {
        if self.is_noted(pool) {
            return Ok(());
        }
        let update = self.0.client.update_item().table_name(&self.0.name);
        let update = update.key(PK, text(pool.program.as_str())).key(SK, text(POOLS));
        let update = update.update_expression("ADD #pools :pool");
        let update = update.expression_attribute_names("#pools", POOLS);
        let pools = AttributeValue::Ss(vec![pool.pool.clone()]);
        let sent = update.expression_attribute_values(":pool", pools).send().await;
        sent.map_err(|error| fault("noting a pool", error))?;
        self.1.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(pool.clone());
        Ok(())
    }

    fn is_noted(&self, pool: &Pool) -> bool {
        self.1.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(pool)
    }

    /// Adds contacts of a pool until the page has enough of them, and moves the cursor behind the last one; `false`
    /// where the pool has no more.
    async fn page_of_pool(
        &self,
        pool: &Pool,
        at: &mut Cursor,
        limit: usize,
        page: &mut ContactPage,
    ) -> Answer<bool> {
        let standing = self.standing(pool).await?;
        // Most pools are small: the more shards in a row had too little, the more are asked at once.
        let mut together = 1;
        while at.shard <= 255 {
            let room = limit - page.contacts.len();
            let shards: Vec<(u16, String)> = (at.shard..=255)
                .take(together)
                .map(|shard| (shard, if shard == at.shard { at.after.clone() } else { String::new() }))
                .collect();
            let read =
                shards.into_iter().map(|(shard, after)| self.some_of(pool, &standing, shard, after, room));
            let read: Vec<Folding> =
                stream::iter(read.collect::<Vec<_>>()).buffered(AT_A_TIME).try_collect().await?;
            for folding in read {
                for contact in folding.contacts {
                    if page.contacts.len() == limit {
                        return Ok(true);
                    }
                    at.after = format!("{}{AFTER}", contact.contact_id);
                    page.contacts.push(contact);
                }
                if folding.more {
                    at.after.clone_from(&folding.after);
                    return Ok(true);
                }
                *at = Cursor { shard: at.shard + 1, after: String::new(), pool: at.pool.clone() };
            }
            if page.contacts.len() == limit {
                return Ok(true);
            }
            together = (together * 2).min(AT_A_TIME);
        }
        Ok(false)
    }

    /// Contacts of one shard after a sort key: at least `room` of them, where there are so many.
    async fn some_of(
        &self,
        pool: &Pool,
        standing: &Standing,
        shard: u16,
        after: String,
        room: usize,
    ) -> Answer<Folding> {
        let mut folding = Folding { after, ..Folding::default() };
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let query = self
                .0
                .client
                .query()
                .table_name(&self.0.name)
                .key_condition_expression("#pk = :pk AND #sk > :after");
            let query = query.expression_attribute_names("#pk", PK).expression_attribute_names("#sk", SK);
            let query =
                query.expression_attribute_values(":pk", text(format!("{}#{shard:02x}", partition(pool))));
            // An empty key is none to DynamoDB; every contact's is after this one.
            let from = if folding.after.is_empty() { "!" } else { &folding.after };
            let query =
                query.expression_attribute_values(":after", text(from)).set_exclusive_start_key(start);
            // A contact may be followed by memberships, and the last one may be cut.
            let limit = i32::try_from(2 * room + 1).unwrap_or(i32::MAX);
            let answer = query.limit(limit).send().await.map_err(|error| fault(DOING, error))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            let contacts = items.iter().filter(|item| is_contact(item)).count();
            if start.is_none() || contacts > room + 1 {
                break;
            }
        }
        folding.more = start.is_some();
        if folding.more {
            // The last contact may lack memberships: it is on the next page.
            let last = items
                .last()
                .and_then(|item| text_of(item, SK))
                .and_then(id_of)
                .unwrap_or_default()
                .to_owned();
            items.retain(|item| text_of(item, SK).and_then(id_of) != Some(&*last));
            let before = items.last().and_then(|item| text_of(item, SK)).and_then(id_of);
            folding.after = before.map(|id| format!("{id}{AFTER}")).unwrap_or_default();
        }
        folding.contacts = Folding::of(pool, standing, items).contacts;
        Ok(folding)
    }

    /// The items of one contact: its own, then its memberships.
    async fn items_of(&self, pool: &Pool, contact: &ContactId, consistent: bool) -> Answer<Vec<Item>> {
        let query = self.0.client.query().table_name(&self.0.name).consistent_read(consistent);
        let query = query.key_condition_expression("#pk = :pk AND begins_with(#sk, :id)");
        let query = query.expression_attribute_names("#pk", PK).expression_attribute_names("#sk", SK);
        let query = query.expression_attribute_values(":pk", text(shard(pool, contact)));
        let query = query.expression_attribute_values(":id", text(contact.to_string()));
        let pages = query.into_paginator().items().send();
        pages.try_collect().await.map_err(|error| fault(DOING, error))
    }
}

/// The contact id in a sort key.
fn id_of(key: &str) -> Option<&str> {
    key.get(..26)
}

fn is_contact(item: &Item) -> bool {
    text_of(item, SK).is_some_and(|key| key.len() == 26)
}

/// Contacts made of items.
#[derive(Debug, Default)]
struct Folding {
    contacts: Vec<ListedContact>,
    /// The shard has more of them, after this sort key.
    more: bool,
    after: String,
}

impl Folding {
    /// The contacts of items in the order of their keys. Those without a record, or below the cutoff, are left out.
    fn of(pool: &Pool, standing: &Standing, items: Vec<Item>) -> Self {
        let mut contacts: BTreeMap<String, (Option<ListedContact>, Vec<String>)> = BTreeMap::new();
        for item in &items {
            let key = text_of(item, SK).unwrap_or_default();
            let Some(id) = id_of(key) else { continue };
            let import = text_of(item, IMPORT).unwrap_or_default();
            if !standing.stands(import) {
                continue;
            }
            let (contact, groups) = contacts.entry(id.to_owned()).or_default();
            if !is_contact(item) {
                groups.extend(text_of(item, "group").map(str::to_owned));
            } else if let Some((contact_id, record)) = ContactId::parse(id).zip(text_of(item, RECORD)) {
                *contact = Some(ListedContact {
                    contact_id,
                    pool: pool.pool.clone(),
                    import_id: import.to_owned(),
                    record: record.to_owned(),
                    groups: Vec::new(),
                });
            }
        }
        let contacts = contacts.into_values().filter_map(|(contact, mut groups)| {
            groups.sort_unstable();
            Some(ListedContact { groups, ..contact? })
        });
        Self { contacts: contacts.collect(), ..Self::default() }
    }
}

/// The place after a page: shard, sort key and pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Cursor {
    shard: u16,
    /// The sort key after which the page continues; empty at the beginning of the shard.
    after: String,
    pool: String,
}

impl Cursor {
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.splitn(3, ':');
        let shard = parts.next()?.parse().ok().filter(|shard| *shard <= 256)?;
        let (after, pool) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let fits =
            after.is_empty() || after.strip_suffix(AFTER).is_some_and(|id| ContactId::parse(id).is_some());
        fits.then_some(Self { shard, after, pool })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.shard, self.after, self.pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let after = format!("{}~", ContactId::derive("acme", "leads", "x"));
        for (shard, after, pool) in [(0, "", "leads"), (255, &*after, "a:b"), (256, "", "partners")] {
            let cursor = Cursor { shard, after: after.to_owned(), pool: pool.to_owned() };
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        for wrong in ["", "1", "257::leads", "1:nobody:leads", "x::leads", "-1::leads"] {
            assert_eq!(Cursor::parse(wrong), None, "{wrong}");
        }
    }
}
