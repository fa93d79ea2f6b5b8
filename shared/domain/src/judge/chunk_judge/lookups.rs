//! Look-ups of a chunk, without duplicates, and their answers by position.

use std::hash::{BuildHasher, Hash};

use hashbrown::DefaultHashBuilder;
use hashbrown::{HashMap, HashTable};

use crate::contacts::contact::Wanted;
use crate::contacts::directory::{Candidates, DirectoryItem, Group, MatchKey};
use crate::types::kind::Kind;

/// The look-ups needed before rows can be judged; no key occurs twice.
#[derive(Debug, Default)]
pub struct Lookups {
    /// Keys of accounts.
    pub accounts: Vec<MatchKey>,
    /// Other entries of the directory.
    pub entries: Vec<(Kind, String)>,
    /// Contacts and memberships.
    pub contacts: Vec<Wanted>,
    /// Entries of the kind that is being loaded, by id.
    pub ids: Vec<String>,
}

/// The answers, in the order of the look-ups.
#[derive(Debug, Default)]
pub struct LookupAnswers {
    /// The accounts of each key.
    pub accounts: Vec<Candidates>,
    /// The entries (JSON) of each key.
    pub entries: Vec<Vec<String>>,
    /// Records (JSON) and memberships.
    pub contacts: Vec<Option<String>>,
    /// Existing entries.
    pub items: Vec<Option<DirectoryItem>>,
}

/// A list without duplicates, in the order of first requests.
pub(super) struct LookupSet<T> {
    list: Vec<T>,
    seen: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<T: Eq + Hash> LookupSet<T> {
    /// With room for this many requests.
    pub(super) fn with_room(things: usize) -> Self {
        Self {
            list: Vec::with_capacity(things),
            seen: HashTable::with_capacity(things),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Adds a request, and returns its position in the list.
    pub(super) fn add(&mut self, wanted: T) -> u32 {
        let hash = self.hasher.hash_one(&wanted);
        if let Some(place) = self.seen.find(hash, |place| self.list[*place as usize] == wanted) {
            return *place;
        }
        let place = self.list.len() as u32;
        self.list.push(wanted);
        let (list, hasher) = (&self.list, &self.hasher);
        self.seen.insert_unique(hash, place, |place| hasher.hash_one(&list[*place as usize]));
        place
    }

    pub(super) fn into_list(self) -> Vec<T> {
        self.list
    }
}

/// The answers, as judging reads them.
pub(super) struct Known<'f> {
    found: &'f LookupAnswers,
    groups: HashMap<&'f str, Group>,
    pub(super) entries: HashMap<(Kind, &'f str), &'f [String]>,
    pub(super) items: HashMap<&'f str, Option<&'f DirectoryItem>>,
}

impl<'f> Known<'f> {
    pub(super) fn of(wanted: &'f Lookups, found: &'f LookupAnswers) -> Result<Self, String> {
        let (mut groups, mut others) = (HashMap::new(), HashMap::new());
        for ((kind, key), entries) in wanted.entries.iter().zip(&found.entries) {
            if *kind != Kind::Groups {
                others.insert((*kind, key.as_str()), entries.as_slice());
            } else if let Some(json) = entries.first() {
                let group =
                    serde_json::from_str(json).map_err(|error| format!("directory: group: {error}"))?;
                groups.insert(key.as_str(), group);
            }
        }
        let ids = wanted.ids.iter().map(String::as_str);
        let items = ids.zip(found.items.iter().map(Option::as_ref)).collect();
        Ok(Self { found, groups, entries: others, items })
    }

    pub(super) fn group(&self, key: &str) -> Option<&Group> {
        self.groups.get(key)
    }

    pub(super) fn candidates(&self, place: u32) -> Option<&'f Candidates> {
        self.found.accounts.get(place as usize)
    }

    /// A contact's record, or a membership, as it was before the import.
    pub(super) fn before(&self, place: Option<u32>) -> Option<&'f str> {
        self.found.contacts.get(place? as usize)?.as_deref()
    }
}
