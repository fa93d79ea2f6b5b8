//! The contacts in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{
    Answer, ContactPage, ContactReader, ContactWrite, Contacts, ListedContact, Pool, Wanted,
};

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

impl Pools {
    /// The present contacts of a program, in the order of their ids.
    fn of(&self, program: &ProgramName) -> BTreeMap<ContactId, ListedContact> {
        let mut all = BTreeMap::new();
        for (pool, shelf) in self.pools.iter().filter(|(pool, _)| pool.program == *program) {
            for (id, contact) in &shelf.contacts {
                let Some(record) = contact.record.clone().filter(|_| shelf.stands(&contact.import)) else {
                    continue;
                };
                let groups = contact.groups.iter().filter(|(_, import)| shelf.stands(import));
                let listed = ListedContact {
                    contact_id: *id,
                    pool: pool.pool.clone(),
                    import_id: contact.import.to_string(),
                    record,
                    groups: groups.map(|(group, _)| group.clone()).collect(),
                };
                all.insert(*id, listed);
            }
        }
        all
    }
}

impl ContactReader for MemoryContacts {
    async fn page(&self, program: &ProgramName, cursor: Option<&str>, limit: usize) -> Answer<ContactPage> {
        let wrong = || Fault::damaged("reading contacts", "not a cursor of a page");
        let after = cursor.map(|cursor| ContactId::parse(cursor).ok_or_else(wrong)).transpose()?;
        let all = lock(&self.0).of(program);
        let mut rest =
            all.into_values().filter(|contact| after.is_none_or(|after| contact.contact_id > after));
        let contacts: Vec<ListedContact> = rest.by_ref().take(limit).collect();
        let next = rest.next().and(contacts.last()).map(|last| last.contact_id.to_string());
        Ok(ContactPage { contacts, next })
    }

    async fn find(&self, program: &ProgramName, contact: &ContactId) -> Answer<Option<ListedContact>> {
        Ok(lock(&self.0).of(program).remove(contact))
    }

    async fn erase(&self, program: &ProgramName, contact: &ContactId) -> Answer<bool> {
        let mut pools = lock(&self.0);
        let own = pools.pools.iter_mut().filter(|(pool, _)| pool.program == *program);
        Ok(own.filter_map(|(_, shelf)| shelf.contacts.remove(contact)).count() > 0)
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
