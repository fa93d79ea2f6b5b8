//! The directory in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rollcall_domain::contacts::directory::{Account, Candidates, MAX_CANDIDATES, MatchKey};
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{MARKETPLACE, ProgramName};
use rollcall_domain::types::secret::Secret;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, Directory, DirectoryItem};

use crate::store::lock;

/// Owner and kind of entries.
type Shelf = (String, Kind);

/// A directory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryDirectory(Arc<Mutex<Entries>>, Secret);

#[derive(Debug, Default)]
struct Entries {
    items: BTreeMap<(Shelf, String), DirectoryItem>,
    /// The ids of each key.
    keys: BTreeMap<(Shelf, String), BTreeSet<String>>,
}

impl Entries {
    /// The entries of a key, by id.
    fn behind(&self, shelf: &Shelf, key: &str) -> Vec<&DirectoryItem> {
        let ids = self.keys.get(&(shelf.clone(), key.to_owned())).into_iter().flatten();
        ids.filter_map(|id| self.items.get(&(shelf.clone(), id.clone()))).collect()
    }

    fn keep(&mut self, shelf: &Shelf, item: &DirectoryItem) {
        let before = self.items.insert((shelf.clone(), item.id.clone()), item.clone());
        for key in before.into_iter().flat_map(|before| before.keys) {
            if let Some(ids) = self.keys.get_mut(&(shelf.clone(), key)) {
                ids.remove(&item.id);
            }
        }
        for key in &item.keys {
            self.keys.entry((shelf.clone(), key.clone())).or_default().insert(item.id.clone());
        }
    }

    fn candidates(&self, key: &str) -> Answer<Candidates> {
        let behind = self.behind(&(MARKETPLACE.to_owned(), Kind::Accounts), key);
        let read = |item: &&DirectoryItem| serde_json::from_str::<Account>(&item.json);
        let accounts: Result<_, _> = behind.iter().take(MAX_CANDIDATES).map(read).collect();
        let accounts = accounts.map_err(|error| Fault::permanent("matching accounts", error))?;
        Ok(Candidates { accounts, too_many: behind.len() > MAX_CANDIDATES })
    }
}

/// Accounts belong to the marketplace, everything else to a program.
fn shelf(program: &ProgramName, kind: Kind) -> Shelf {
    let owner = if kind == Kind::Accounts { MARKETPLACE } else { program.as_str() };
    (owner.to_owned(), kind)
}

impl Directory for MemoryDirectory {
    fn secret(&self) -> Answer<&Secret> {
        Ok(&self.1)
    }

    async fn candidates(&self, keys: &[MatchKey]) -> Answer<Vec<Candidates>> {
        let entries = lock(&self.0);
        keys.iter().map(|key| entries.candidates(key)).collect()
    }

    async fn find(&self, program: &ProgramName, wanted: &[(Kind, String)]) -> Answer<Vec<Vec<String>>> {
        let entries = lock(&self.0);
        let find = |(kind, key): &(Kind, String)| {
            entries.behind(&shelf(program, *kind), key).iter().map(|item| item.json.clone()).collect()
        };
        Ok(wanted.iter().map(find).collect())
    }

    async fn list(&self, owner: &ProgramName, kind: Kind, most: usize) -> Answer<Option<Vec<String>>> {
        let entries = lock(&self.0);
        let shelf = shelf(owner, kind);
        let items = entries.items.iter().filter(|((of, _), _)| *of == shelf);
        let items: Vec<String> = items.map(|(_, item)| item.json.clone()).collect();
        Ok((items.len() <= most).then_some(items))
    }

    async fn read(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> Answer<Vec<Option<DirectoryItem>>> {
        let entries = lock(&self.0);
        let shelf = shelf(owner, kind);
        Ok(ids.iter().map(|id| entries.items.get(&(shelf.clone(), id.clone())).cloned()).collect())
    }

    async fn keep(&self, owner: &ProgramName, kind: Kind, items: &[DirectoryItem]) -> Answer<()> {
        let mut entries = lock(&self.0);
        let shelf = shelf(owner, kind);
        items.iter().for_each(|item| entries.keep(&shelf, item));
        Ok(())
    }
}
