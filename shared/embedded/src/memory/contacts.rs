//! The contacts in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, ContactWrite, Contacts, Pool, Wanted};

use crate::store::lock;

/// Contacts; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryContacts(Arc<Mutex<Pools>>);

#[derive(Debug, Default)]
struct Pools {
    pools: HashMap<Pool, Shelf>,
    kept: HashSet<(Pool, ImportId, u32)>,
}

#[derive(Debug, Default)]
struct Shelf {
    cutoff: Option<ImportId>,
    contacts: BTreeMap<ContactId, Contact>,
}

#[derive(Debug)]
struct Contact {
    import: ImportId,
    row: u64,
    record: Option<String>,
    /// The record before the import, if it was judged as repeated.
    before: Option<String>,
    groups: BTreeMap<String, ImportId>,
}

impl MemoryContacts {
    /// The current contacts of a pool: id, record, groups.
    pub fn listed(&self, pool: &Pool) -> Vec<(ContactId, String, Vec<String>)> {
        let pools = lock(&self.0);
        let Some(shelf) = pools.pools.get(pool) else { return Vec::new() };
        let listed = |(id, contact): (&ContactId, &Contact)| {
            let record = contact.record.clone().filter(|_| shelf.stands(&contact.import))?;
            let groups = contact.groups.iter().filter(|(_, import)| shelf.stands(import));
            Some((*id, record, groups.map(|(group, _)| group.clone()).collect()))
        };
        shelf.contacts.iter().filter_map(listed).collect()
    }
}

impl Shelf {
    fn stands(&self, import: &ImportId) -> bool {
        self.cutoff.as_ref().is_none_or(|cutoff| import >= cutoff)
    }

    fn before(&self, import: &ImportId, wanted: &Wanted) -> Option<String> {
        match wanted {
            Wanted::Contact(id) => {
                let contact = self.contacts.get(id)?;
                let own = contact.import == *import;
                let record = if own { &contact.before } else { &contact.record };
                record.clone().filter(|_| own || self.stands(&contact.import))
            }
            Wanted::Membership(id, group) => {
                let by = self.contacts.get(id)?.groups.get(group)?;
                (by != import && self.stands(by)).then(String::new)
            }
        }
    }

    fn keep(&mut self, import: &ImportId, keep: &ContactWrite<'_>) {
        let Some(mut contact) = self.contacts.remove(&keep.contact_id) else {
            self.contacts.insert(keep.contact_id, fresh(import, keep));
            return;
        };
        let stands = self.stands(&contact.import);
        let cutoff = self.cutoff.clone();
        for group in keep.groups {
            let by = contact.groups.entry(group.clone()).or_insert_with(|| import.clone());
            if cutoff.as_ref().is_some_and(|cutoff| *by < *cutoff) {
                *by = import.clone();
            }
        }
        let written = keep.record.is_some() || keep.repeated;
        if contact.import == *import {
            if written && keep.row <= contact.row {
                contact.record = keep.record.map(str::to_owned).or_else(|| contact.before.clone());
                contact.row = keep.row;
            }
        } else if written && (!stands || contact.import < *import) {
            let before = contact.record.take().filter(|_| stands);
            contact.record = keep.record.map(str::to_owned).or_else(|| before.clone());
            contact.before = before.filter(|_| keep.repeated);
            (contact.import, contact.row) = (import.clone(), keep.row);
        }
        self.contacts.insert(keep.contact_id, contact);
    }
}

fn fresh(import: &ImportId, keep: &ContactWrite<'_>) -> Contact {
    Contact {
        import: import.clone(),
        row: keep.row,
        record: keep.record.map(str::to_owned),
        before: None,
        groups: keep.groups.iter().map(|group| (group.clone(), import.clone())).collect(),
    }
}

impl Contacts for MemoryContacts {
    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<String>>> {
        let pools = lock(&self.0);
        let shelf = pools.pools.get(pool);
        Ok(wanted.iter().map(|wanted| shelf.and_then(|shelf| shelf.before(import, wanted))).collect())
    }

    async fn keep(
        &self,
        pool: &Pool,
        import: &ImportId,
        chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> Answer<()> {
        let mut pools = lock(&self.0);
        if !records.is_empty() && pools.kept.insert((pool.clone(), import.clone(), chunk)) {
            let shelf = pools.pools.entry(pool.clone()).or_default();
            records.iter().for_each(|keep| shelf.keep(import, keep));
        }
        Ok(())
    }

    async fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        let mut pools = lock(&self.0);
        let cutoff = &mut pools.pools.entry(pool.clone()).or_default().cutoff;
        if cutoff.as_ref().is_none_or(|cutoff| cutoff < import) {
            *cutoff = Some(import.clone());
        }
        Ok(())
    }

    async fn end_import(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        let mut pools = lock(&self.0);
        let shelf = pools.pools.entry(pool.clone()).or_default();
        shelf.contacts.values_mut().filter(|contact| contact.import == *import).for_each(|contact| {
            contact.before = None;
        });
        Ok(())
    }
}
