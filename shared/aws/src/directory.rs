//! The directory: an item for each entry, and one for each match key that stores each candidate as a separate
//! attribute. So concurrent loads never lose each other's candidates, and a match is one key of a batch.
//!
//! An item has no room for very many or very large candidates of a key. Their ids are in a set, and their entries are
//! read when needed.

mod keep;
mod names;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use futures_util::{StreamExt, TryStreamExt, stream};
use rollcall_domain::contacts::directory::{Account, Candidates, DirectoryItem, MAX_CANDIDATES, MatchKey};
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{MARKETPLACE, ProgramName};
use rollcall_domain::types::secret::Secret;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, Directory};

use crate::table::{Item, Key, Table, fitting, text_of};

/// The entry, JSON.
const JSON: &str = "json";
/// Identity within owner and kind.
const ID: &str = "id";
/// The keys of the entry, JSON array.
const KEYS: &str = "keys";
/// Keys whose items may name the entry: more than [`KEYS`] during a load.
const KNOWN: &str = "known_keys";
/// Counts the writes of an entry, so that one of two concurrent loads notices the other.
const TURN: &str = "turn";
/// Of a match key: the number of candidates in the item.
const INLINE: &str = "inline";
/// Of a match key: ids of the candidates for which the item has no room.
const MORE: &str = "more";
/// Of a match key: there are more candidates than the item names.
const OVER: &str = "over";
/// Of a match key: the prefix of an attribute for each candidate, followed by its id.
const CANDIDATE: &str = "c:";
/// Entries written at the same time.
const AT_A_TIME: usize = 24;

const READING: &str = "reading the directory";

/// The table of the directory.
#[derive(Debug, Clone)]
pub struct DirectoryTable(Table, Option<Secret>);

impl DirectoryTable {
    /// The table of this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self(Table::new(client, name), None)
    }

    /// The table of an installation with this secret; a function that judges rows needs it.
    #[must_use]
    pub fn with_secret(self, secret: Secret) -> Self {
        Self(self.0, Some(secret))
    }

    /// The candidates of match keys, by the item's key. Eventually consistent reads: by the contract no load runs
    /// while rows are judged, and a load that ended within the last second counts as running.
    async fn behind(&self, keys: Vec<Key>) -> Answer<HashMap<Key, KeyEntries>> {
        let items = self.0.get_all(READING, keys, false).await?;
        Ok(items.into_iter().map(|(key, item)| (key, KeyEntries::of(&item))).collect())
    }

    /// The entries of ids for which their key's item had no room.
    async fn entries(&self, owner: &str, kind: Kind, ids: Vec<String>) -> Answer<BTreeMap<String, String>> {
        let keys = ids.iter().map(|id| entry_key(owner, kind, id)).collect();
        let items = self.0.get_all(READING, keys, false).await?;
        let entry = |item: &Item| Some((text_of(item, ID)?.to_owned(), text_of(item, JSON)?.to_owned()));
        Ok(items.values().filter_map(entry).collect())
    }

    async fn all_behind(&self, owner: &str, kind: Kind, behind: &KeyEntries) -> Answer<Vec<String>> {
        let mut all = behind.inline.clone();
        if !behind.more.is_empty() {
            all.extend(self.entries(owner, kind, behind.more.iter().cloned().collect()).await?);
        }
        Ok(all.into_values().collect())
    }

    async fn candidates_of(&self, behind: Option<&KeyEntries>) -> Answer<Candidates> {
        let Some(behind) = behind else { return Ok(Candidates::default()) };
        if behind.over || behind.inline.len() + behind.more.len() > MAX_CANDIDATES {
            return Ok(Candidates { accounts: Vec::new(), too_many: true });
        }
        let all = self.all_behind(MARKETPLACE, Kind::Accounts, behind).await?;
        let accounts: Result<Vec<Account>, _> = all.iter().map(|json| serde_json::from_str(json)).collect();
        let accounts = accounts.map_err(|error| Fault::permanent(READING, error))?;
        Ok(Candidates { accounts, too_many: false })
    }
}

/// The candidates of a match key's item.
#[derive(Debug, Default)]
struct KeyEntries {
    /// Entries (JSON) by id.
    inline: BTreeMap<String, String>,
    /// Ids whose entries are in other items.
    more: BTreeSet<String>,
    /// There are more than these.
    over: bool,
}

impl KeyEntries {
    fn of(item: &Item) -> Self {
        let candidate = |(name, value): (&String, &aws_sdk_dynamodb::types::AttributeValue)| {
            Some((name.strip_prefix(CANDIDATE)?.to_owned(), value.as_s().ok()?.clone()))
        };
        let more = item.get(MORE).and_then(|more| more.as_ss().ok()).into_iter().flatten();
        Self {
            inline: item.iter().filter_map(candidate).collect(),
            more: more.cloned().collect(),
            over: item.contains_key(OVER),
        }
    }
}

impl Directory for DirectoryTable {
    fn secret(&self) -> Answer<&Secret> {
        self.1.as_ref().ok_or_else(|| Fault::permanent("sealing", "this function has no secret"))
    }

    async fn candidates(&self, keys: &[MatchKey]) -> Answer<Vec<Candidates>> {
        let key = |key: &MatchKey| match_key(MARKETPLACE, Kind::Accounts, key);
        let found = self.behind(keys.iter().map(key).collect()).await?;
        let mut answers = Vec::with_capacity(keys.len());
        for wanted in keys {
            answers.push(self.candidates_of(found.get(&key(wanted))).await?);
        }
        Ok(answers)
    }

    async fn find(&self, program: &ProgramName, wanted: &[(Kind, String)]) -> Answer<Vec<Vec<String>>> {
        let key = |(kind, key): &(Kind, String)| match_key(owner(program, *kind), *kind, key);
        let found = self.behind(wanted.iter().map(key).collect()).await?;
        let mut answers = Vec::with_capacity(wanted.len());
        for asked in wanted {
            let kind = asked.0;
            answers.push(match found.get(&key(asked)) {
                Some(behind) => self.all_behind(owner(program, kind), kind, behind).await?,
                None => Vec::new(),
            });
        }
        Ok(answers)
    }

    /// One call for all owners: it is made for every chunk.
    async fn owners_with(&self, owners: &[ProgramName], (kind, key): (Kind, &str)) -> Answer<Vec<bool>> {
        let key = |program: &ProgramName| match_key(owner(program, kind), kind, key);
        let found = self.behind(owners.iter().map(key).collect()).await?;
        let has = |behind: &KeyEntries| !behind.inline.is_empty() || !behind.more.is_empty();
        Ok(owners.iter().map(|owner| found.get(&key(owner)).is_some_and(has)).collect())
    }

    async fn read(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> Answer<Vec<Option<DirectoryItem>>> {
        let key = |id: &String| entry_key(owner.as_str(), kind, id);
        // Consistent: a load compares with the result of an earlier one.
        let found = self.0.get_all(READING, ids.iter().map(key).collect(), true).await?;
        ids.iter().map(|id| found.get(&key(id)).map(item_of).transpose()).collect()
    }

    async fn list(&self, program: &ProgramName, kind: Kind, most: usize) -> Answer<Option<Vec<String>>> {
        if !names::is_listed(kind) {
            return Ok(None);
        }
        let keys = names::keys(owner(program, kind), kind);
        let found = self.0.get_all(READING, keys, false).await?;
        let mut entries = BTreeMap::new();
        for behind in found.values().map(KeyEntries::of) {
            if behind.over || entries.len() > most {
                return Ok(None);
            }
            entries.extend(behind.inline);
        }
        Ok((entries.len() <= most).then(|| entries.into_values().collect()))
    }

    async fn keep(&self, owner: &ProgramName, kind: Kind, items: &[DirectoryItem]) -> Answer<()> {
        // The last entry of an id counts.
        let last: HashMap<&str, &DirectoryItem> = items.iter().map(|item| (item.id.as_str(), item)).collect();
        let writes: Vec<_> =
            last.into_values().map(|item| keep::keep(&self.0, owner.as_str(), kind, item)).collect();
        stream::iter(writes).buffer_unordered(AT_A_TIME).try_collect().await
    }
}

fn item_of(item: &Item) -> Answer<DirectoryItem> {
    let part = |name| text_of(item, name).unwrap_or_default().to_owned();
    let keys = serde_json::from_str(&part(KEYS)).map_err(|error| Fault::permanent(READING, error))?;
    Ok(DirectoryItem { id: part(ID), keys, json: part(JSON) })
}

/// Accounts belong to the marketplace, everything else to a program.
fn owner(program: &ProgramName, kind: Kind) -> &str {
    if kind == Kind::Accounts { MARKETPLACE } else { program.as_str() }
}

fn entry_key(owner: &str, kind: Kind, id: &str) -> Key {
    (format!("{owner}#{kind}#entry#{}", fitting(id)), String::new())
}

fn match_key(owner: &str, kind: Kind, key: &str) -> Key {
    (format!("{owner}#{kind}#key#{}", fitting(key)), String::new())
}
