//! Lists a pool in the order of the contacts' ids as text: query by query, one page in memory.
//!
//! A shard is the first byte of an id: its first letter and three bits of the second. As text digits come before
//! letters, so the shard that holds the second letters `2`, `3`, `y` and `z` is read in two parts.

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, ContactListing, Pool};

use super::{BEFORE, BEFORE_IMPORT, IMPORT, RECORD, Standing, shard_of};
use crate::fault::fault;
use crate::table::{Item, PK, SK, Table, text, text_of};

const DOING: &str = "listing a pool";

/// The first letters of ids as text sorts them, each with its value.
const LETTERS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// A part of a shard: all of it, or the ids before or from a border.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Whole(u8),
    Before(u8, String),
    From(u8, String),
}

/// A pool that is being listed.
#[derive(Debug)]
pub struct PoolListing {
    table: Table,
    pool: Pool,
    import: ImportId,
    standing: Standing,
    /// The parts that are left, the next one last.
    parts: Vec<Part>,
    /// Where the next page of the part begins.
    from: Option<Item>,
}

impl PoolListing {
    pub(super) fn new(table: Table, pool: Pool, import: ImportId, standing: Standing) -> Self {
        let mut parts = parts();
        parts.reverse();
        Self { table, pool, import, standing, parts, from: None }
    }

    /// One page of a part; it may hold no contact although more follow.
    async fn page(&mut self, part: &Part) -> Answer<Vec<(ContactId, String)>> {
        const OF_SHARD: &str = "#pk = :pk";
        let (shard, border, condition) = match part {
            Part::Whole(shard) => (*shard, None, OF_SHARD),
            Part::Before(shard, border) => (*shard, Some(border), "#pk = :pk AND #sk < :border"),
            Part::From(shard, border) => (*shard, Some(border), "#pk = :pk AND #sk >= :border"),
        };
        let query = self.table.client.query().table_name(&self.table.name).consistent_read(true);
        let query = query.key_condition_expression(condition).filter_expression("attribute_exists(#record)");
        let query = query.projection_expression("#sk, #record, #import, #before, #before_import");
        let names = [("#pk", PK), ("#sk", SK), ("#record", RECORD), ("#import", IMPORT)];
        let names = names.into_iter().chain([("#before", BEFORE), ("#before_import", BEFORE_IMPORT)]);
        let names = names.map(|(name, attribute)| (name.to_owned(), attribute.to_owned())).collect();
        let query = query.set_expression_attribute_names(Some(names));
        let query = query.expression_attribute_values(":pk", text(shard_of(&self.pool, shard)));
        let query = match border {
            Some(border) => query.expression_attribute_values(":border", text(border)),
            None => query,
        };
        let answer = query.set_exclusive_start_key(self.from.take()).send().await;
        let answer = answer.map_err(|error| fault(DOING, error))?;
        self.from = answer.last_evaluated_key.filter(|key| !key.is_empty());
        Ok(answer.items.unwrap_or_default().iter().filter_map(|item| self.listed(item)).collect())
    }

    fn listed(&self, item: &Item) -> Option<(ContactId, String)> {
        let id = ContactId::parse(text_of(item, SK)?)?;
        let earlier = self.standing.before(item, &self.import)?;
        earlier.stands.then_some((id, earlier.record))
    }
}

impl ContactListing for PoolListing {
    async fn next(&mut self) -> Answer<Vec<(ContactId, String)>> {
        while let Some(part) = self.parts.last().cloned() {
            let page = self.page(&part).await?;
            if self.from.is_none() {
                self.parts.pop();
            }
            if !page.is_empty() {
                return Ok(page);
            }
        }
        Ok(Vec::new())
    }
}

/// All shards in the order of their ids as text.
fn parts() -> Vec<Part> {
    let mut parts = Vec::with_capacity(288);
    for letter in LETTERS {
        let value = if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'a' };
        let (shard, border) = (value << 3, format!("{}a", char::from(*letter)));
        parts.push(Part::Before(shard | 6, border.clone()));
        parts.push(Part::Whole(shard | 7));
        parts.extend((0..6).map(|of| Part::Whole(shard | of)));
        parts.push(Part::From(shard | 6, border));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_in_the_order_of_text_and_hold_every_id() {
        let mut ids: Vec<ContactId> =
            (0..20_000).map(|number| ContactId::derive("acme", "pool", &number.to_string())).collect();
        ids.sort_by_key(ContactId::to_string);
        let holds = |part: &Part, id: &ContactId| {
            let (first, id) = (id.as_bytes()[0], id.to_string());
            match part {
                Part::Whole(shard) => *shard == first,
                Part::Before(shard, border) => *shard == first && id < *border,
                Part::From(shard, border) => *shard == first && id >= *border,
            }
        };
        let listed: Vec<ContactId> = parts()
            .iter()
            .flat_map(|part| ids.iter().filter(|id| holds(part, id)).copied().collect::<Vec<_>>())
            .collect();
        assert_eq!(listed, ids);
    }
}
