//! The directory: entries by id, found by their keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rollcall_domain::contacts::directory::{Account, Candidates, MAX_CANDIDATES, MatchKey};
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{MARKETPLACE, ProgramName};
use rollcall_domain::types::secret::Secret;
use rollcall_pipeline::ports::{Answer, Directory, DirectoryItem};
use rusqlite::{Connection, Transaction, params};

use super::database::Database;
use super::hash::{Hasher, unreadable};
use super::index::{Index, IndexHit};

/// The directory of a home.
#[derive(Debug, Clone)]
pub struct DirectoryStore(pub(super) Arc<Database>, Secret);

impl DirectoryStore {
    /// The directory in these tables, of an installation with this secret.
    pub fn new(database: Arc<Database>, secret: Secret) -> Self {
        Self(database, secret)
    }
}

impl Directory for DirectoryStore {
    fn secret(&self) -> Answer<&Secret> {
        Ok(&self.1)
    }

    async fn candidates(&self, keys: &[MatchKey]) -> Answer<Vec<Candidates>> {
        self.candidates_of(keys)
    }

    async fn find(&self, program: &ProgramName, wanted: &[(Kind, String)]) -> Answer<Vec<Vec<String>>> {
        self.find_entries(program, wanted)
    }

    async fn read(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> Answer<Vec<Option<DirectoryItem>>> {
        self.read_entries(owner, kind, ids)
    }

    async fn list(&self, owner: &ProgramName, kind: Kind, most: usize) -> Answer<Option<Vec<String>>> {
        self.0.read("listing the directory", |connection| list(connection, owner, kind, most))
    }

    async fn keep(&self, owner: &ProgramName, kind: Kind, items: &[DirectoryItem]) -> Answer<()> {
        if items.is_empty() { Ok(()) } else { self.keep_entries(owner, kind, items) }
    }
}

fn list(
    connection: &Connection,
    owner: &ProgramName,
    kind: Kind,
    most: usize,
) -> rusqlite::Result<Option<Vec<String>>> {
    let select = "SELECT json FROM entries WHERE kind = ?1 AND owner = ?2 ORDER BY id LIMIT ?3";
    let mut select = connection.prepare(select)?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let rows = select.query_map(params![kind.as_str(), owner.as_str(), limit], |row| row.get(0))?;
    let entries: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    Ok((entries.len() <= most).then_some(entries))
}

impl DirectoryStore {
    fn candidates_of(&self, keys: &[MatchKey]) -> Answer<Vec<Candidates>> {
        let mut hash = Hasher::new(MARKETPLACE, Kind::Accounts);
        let hashes: Vec<u64> = keys.iter().map(|key| hash.key(key)).collect();
        let mut answers = vec![Candidates::default(); keys.len()];
        self.each_row("matching accounts", &hashes, |found, row| {
            let Candidates { accounts, too_many } = &mut answers[found.position];
            if row.is(MARKETPLACE, Kind::Accounts) && row.has_key(&keys[found.position])? {
                *too_many = accounts.len() == MAX_CANDIDATES;
                if !*too_many {
                    // Nearly every key has one account.
                    accounts.reserve_exact(usize::from(accounts.is_empty()));
                    accounts.push(serde_json::from_str::<Account>(row.json()?).map_err(unreadable)?);
                }
            }
            Ok(if *too_many { Ask::Enough } else { Ask::More })
        })?;
        Ok(answers)
    }

    fn find_entries(&self, program: &ProgramName, wanted: &[(Kind, String)]) -> Answer<Vec<Vec<String>>> {
        let mut hashers = HashMap::new();
        let mut hash = |kind: Kind, key: &str| {
            hashers.entry(kind).or_insert_with(|| Hasher::new(owner(program, kind), kind)).key(key)
        };
        let hashes: Vec<u64> = wanted.iter().map(|(kind, key)| hash(*kind, key)).collect();
        let mut answers: Vec<Vec<(String, String)>> = vec![Vec::new(); wanted.len()];
        self.each_row("reading the directory", &hashes, |found, row| {
            let (kind, key) = &wanted[found.position];
            if row.is(owner(program, *kind), *kind) && row.has_key(key)? {
                answers[found.position].push((row.id()?.to_owned(), row.json()?.to_owned()));
            }
            Ok(Ask::More)
        })?;
        let in_order = |mut entries: Vec<(String, String)>| {
            entries.sort();
            entries.into_iter().map(|(_, json)| json).collect()
        };
        Ok(answers.into_iter().map(in_order).collect())
    }

    fn read_entries(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> Answer<Vec<Option<DirectoryItem>>> {
        let mut hash = Hasher::new(owner.as_str(), kind);
        let hashes: Vec<u64> = ids.iter().map(|id| hash.id(id)).collect();
        let mut answers = vec![None; ids.len()];
        self.each_row("reading the directory", &hashes, |found, row| {
            if row.is(owner.as_str(), kind) && row.id()? == ids[found.position] {
                answers[found.position] = Some(row.item()?);
            }
            Ok(Ask::More)
        })?;
        Ok(answers)
    }

    /// Calls a function for every row that the index has for a hash, in the order of the rows.
    fn each_row(
        &self,
        doing: &'static str,
        hashes: &[u64],
        mut each: impl FnMut(IndexHit, &Row<'_>) -> rusqlite::Result<Ask>,
    ) -> Answer<()> {
        let found = self.0.find(&self.0.entries, doing, hashes)?;
        if found.is_empty() {
            return Ok(());
        }
        self.0.read(doing, |connection| each_of(connection, &found, &mut each))
    }

    fn keep_entries(&self, owner: &ProgramName, kind: Kind, items: &[DirectoryItem]) -> Answer<()> {
        self.0.write("loading the directory", |transaction| {
            Loading { transaction, index: &self.0.entries, owner: owner.as_str(), kind }.keep(items)
        })?;
        if self.0.entries.is_heavy() {
            self.0.write_with("packing the directory's index", |transaction| {
                self.0.entries.pack(transaction)
            })?;
        }
        Ok(())
    }
}

/// Accounts belong to the marketplace, everything else to a program.
fn owner(program: &ProgramName, kind: Kind) -> &str {
    if kind == Kind::Accounts { MARKETPLACE } else { program.as_str() }
}

const SELECT: &str = "SELECT owner, kind, id, keys, json FROM entries WHERE seq = ?1";

/// Whether more rows of the same hash are needed: thousands of accounts may share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    More,
    Enough,
}

fn each_of(
    connection: &Connection,
    found: &[IndexHit],
    each: &mut impl FnMut(IndexHit, &Row<'_>) -> rusqlite::Result<Ask>,
) -> rusqlite::Result<()> {
    let mut read = connection.prepare_cached(SELECT)?;
    let mut enough = HashSet::new();
    for same in found.chunk_by(|one, next| one.seq == next.seq) {
        if !enough.is_empty() && same.iter().all(|found| enough.contains(&found.position)) {
            continue;
        }
        let mut rows = read.query([same[0].seq])?;
        let Some(row) = rows.next()? else { continue };
        for found in same {
            if each(*found, &Row(row))? == Ask::Enough {
                enough.insert(found.position);
            }
        }
    }
    Ok(())
}

/// An entry's row, from [`SELECT`].
struct Row<'r>(&'r rusqlite::Row<'r>);

impl Row<'_> {
    fn is(&self, owner: &str, kind: Kind) -> bool {
        let column = |number| self.0.get_ref(number).and_then(|value| Ok(value.as_str()?));
        column(0).is_ok_and(|value| value == owner) && column(1).is_ok_and(|value| value == kind.as_str())
    }

    fn id(&self) -> rusqlite::Result<&str> {
        Ok(self.0.get_ref(2)?.as_str()?)
    }

    /// Whether the entry has a key now; hints of its earlier keys may remain.
    fn has_key(&self, key: &str) -> rusqlite::Result<bool> {
        let keys = self.0.get_ref(3)?.as_str()?;
        if !keys.contains('\\') {
            // Without escapes, each second part between quotes is a key as it is.
            return Ok(keys.split('"').skip(1).step_by(2).any(|known| known == key));
        }
        let keys: Vec<String> = serde_json::from_str(keys).map_err(unreadable)?;
        Ok(keys.iter().any(|known| known == key))
    }

    fn json(&self) -> rusqlite::Result<&str> {
        Ok(self.0.get_ref(4)?.as_str()?)
    }

    fn item(&self) -> rusqlite::Result<DirectoryItem> {
        let keys = serde_json::from_str(self.0.get_ref(3)?.as_str()?).map_err(unreadable)?;
        Ok(DirectoryItem { id: self.id()?.to_owned(), keys, json: self.json()?.to_owned() })
    }
}

/// Entries that are being written.
struct Loading<'a> {
    transaction: &'a Transaction<'a>,
    index: &'a Index,
    owner: &'a str,
    kind: Kind,
}

impl Loading<'_> {
    fn keep(&self, items: &[DirectoryItem]) -> rusqlite::Result<()> {
        let items = last_of_each(items);
        let standing = self.standing(&items)?;
        let mut hash = Hasher::new(self.owner, self.kind);
        for (item, standing) in items.iter().zip(standing) {
            match standing {
                Some((_, before)) if before == **item => {}
                Some((seq, before)) => self.change(&mut hash, seq, &before, item)?,
                None => self.append(&mut hash, item)?,
            }
        }
        Ok(())
    }

    /// The current row of each item.
    fn standing(&self, items: &[&DirectoryItem]) -> rusqlite::Result<Vec<Option<(i64, DirectoryItem)>>> {
        let mut hash = Hasher::new(self.owner, self.kind);
        let hashes: Vec<u64> = items.iter().map(|item| hash.id(&item.id)).collect();
        let found = self.index.find(self.transaction, &hashes)?;
        let mut standing = vec![None; items.len()];
        each_of(self.transaction, &found, &mut |found, row| {
            if row.is(self.owner, self.kind) && row.id()? == items[found.position].id {
                standing[found.position] = Some((found.seq, row.item()?));
            }
            Ok(Ask::More)
        })?;
        Ok(standing)
    }

    fn append(&self, hash: &mut Hasher, item: &DirectoryItem) -> rusqlite::Result<()> {
        let seq = self.index.next_seq();
        let keys = serde_json::to_string(&item.keys).map_err(unreadable)?;
        let insert = "INSERT INTO entries (seq, owner, kind, id, keys, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![seq, self.owner, self.kind.as_str(), item.id, keys, item.json];
        self.transaction.prepare_cached(insert)?.execute(values)?;
        self.index.add(hash.id(&item.id), seq);
        item.keys.iter().for_each(|key| self.index.add(hash.key(key), seq));
        Ok(())
    }

    fn change(
        &self,
        hash: &mut Hasher,
        seq: i64,
        before: &DirectoryItem,
        item: &DirectoryItem,
    ) -> rusqlite::Result<()> {
        let keys = serde_json::to_string(&item.keys).map_err(unreadable)?;
        let update = "UPDATE entries SET keys = ?2, json = ?3 WHERE seq = ?1";
        self.transaction.prepare_cached(update)?.execute(params![seq, keys, item.json])?;
        for key in item.keys.iter().filter(|key| !before.keys.contains(key)) {
            let hash = hash.key(key);
            let late = "INSERT INTO late_keys (hash, seq) VALUES (?1, ?2)";
            self.transaction.prepare_cached(late)?.execute(params![hash.cast_signed(), seq])?;
            self.index.add(hash, seq);
        }
        Ok(())
    }
}

/// The last entry of each id.
fn last_of_each(items: &[DirectoryItem]) -> Vec<&DirectoryItem> {
    let mut seen = HashSet::with_capacity(items.len());
    let mut last: Vec<&DirectoryItem> = items.iter().rev().filter(|item| seen.insert(&item.id)).collect();
    last.reverse();
    last
}
