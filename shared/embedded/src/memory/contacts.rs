//! The contacts in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{
    Answer, ContactListing, ContactPage, ContactReader, ContactState, ContactWrite, Contacts, Earlier,
    ListedContact, Pool, UndoChange, UndoWrite, Wanted,
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
    /// The record before the import, where it was judged as repeated.
    before: Option<Earlier>,
    /// The lowest row of an import that leaves the contact as it is.
    claim: Option<(ImportId, u64)>,
    groups: BTreeMap<String, ImportId>,
}

impl MemoryContacts {
    /// The imports that wrote the present contacts of a pool last, in the order of [`Self::listed`].
    pub fn stamps(&self, pool: &Pool) -> Vec<ImportId> {
        let pools = lock(&self.0);
        let Some(shelf) = pools.pools.get(pool) else { return Vec::new() };
        let present = |contact: &&Contact| contact.record.is_some() && shelf.stands(&contact.import);
        shelf.contacts.values().filter(present).map(|contact| contact.import.clone()).collect()
    }

    /// The present contacts of a pool: id, record, groups.
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

    fn stands_as(&self, import: &str) -> bool {
        self.cutoff.as_ref().is_none_or(|cutoff| import >= cutoff.as_str())
    }

    fn before(&self, import: &ImportId, wanted: &Wanted) -> Option<Earlier> {
        match wanted {
            Wanted::Contact(id) => {
                let contact = self.contacts.get(id)?;
                let own = contact.import == *import;
                let earlier = if own { contact.before.clone() } else { contact.earlier() };
                earlier.map(|earlier| Earlier { stands: self.stands_as(&earlier.import_id), ..earlier })
            }
            Wanted::Membership(id, group) => {
                let by = self.contacts.get(id)?.groups.get(group)?;
                let earlier = Earlier { record: String::new(), import_id: by.to_string(), stands: true };
                (by != import && self.stands(by)).then_some(earlier)
            }
        }
    }

    fn now(&self, id: &ContactId) -> Option<ContactState> {
        let contact = self.contacts.get(id)?;
        let groups = contact.groups.iter().filter(|(_, by)| self.stands(by));
        Some(ContactState {
            record: contact.record.clone(),
            import_id: contact.import.clone(),
            groups: groups.map(|(group, by)| (group.clone(), by.clone())).collect(),
            stands: self.stands(&contact.import),
        })
    }

    fn undo(&mut self, undone: &ImportId, write: &UndoWrite) {
        let Some(contact) = self.contacts.get_mut(&write.contact_id) else { return };
        if contact.import == write.expected {
            match &write.change {
                UndoChange::None => {}
                UndoChange::Remove => {
                    self.contacts.remove(&write.contact_id);
                    return;
                }
                UndoChange::Restore { record, import_id } => {
                    contact.record = Some(record.clone());
                    if let Some(import) = import_id {
                        contact.import = import.clone();
                    }
                }
            }
        }
        contact.groups.retain(|group, by| by != undone || !write.leaves.contains(group));
    }

    fn keep(&mut self, import: &ImportId, keep: &ContactWrite<'_>) {
        let Some(mut contact) = self.contacts.remove(&keep.contact_id) else {
            if keep.record.is_some() || !keep.groups.is_empty() {
                self.contacts.insert(keep.contact_id, fresh(import, keep));
            }
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
        match keep.record {
            None if keep.repeated => contact.claim(import, keep.row),
            None => {}
            Some(_) if keep.repeated && contact.is_claimed_below(import, keep.row) => {}
            Some(_) if contact.import == *import && contact.row < keep.row => {}
            Some(record) if contact.import == *import => {
                contact.record = Some(record.to_owned());
                contact.row = keep.row;
            }
            Some(record) if !stands || contact.import < *import => {
                contact.before = contact.earlier().filter(|_| keep.repeated);
                contact.record = Some(record.to_owned());
                (contact.import, contact.row) = (import.clone(), keep.row);
            }
            Some(_) => {}
        }
        self.contacts.insert(keep.contact_id, contact);
    }
}

impl Contact {
    fn earlier(&self) -> Option<Earlier> {
        Some(Earlier { record: self.record.clone()?, import_id: self.import.to_string(), stands: true })
    }

    /// A row leaves the contact as it is: what a higher row of its import wrote is taken back.
    fn claim(&mut self, import: &ImportId, row: u64) {
        if self.import == *import {
            if self.row <= row {
                return;
            }
            if let Some(before) = self.before.take() {
                self.record = Some(before.record);
                self.import = before.import_id.parse().expect("it was an import's id");
            }
        }
        if !self.is_claimed_below(import, row) {
            self.claim = Some((import.clone(), row));
        }
    }

    /// Whether a lower row of this import leaves the contact as it is.
    fn is_claimed_below(&self, import: &ImportId, row: u64) -> bool {
        self.claim.as_ref().is_some_and(|(by, lowest)| by == import && *lowest < row)
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
        claim: None,
        groups: keep.groups.iter().map(|group| (group.clone(), import.clone())).collect(),
    }
}

/// A listing that was made at once.
#[derive(Debug)]
pub struct MemoryListing(Vec<(ContactId, String)>);

impl ContactListing for MemoryListing {
    async fn next(&mut self) -> Answer<Vec<(ContactId, String)>> {
        /// Small, so that tests read several pages.
        const PAGE: usize = 3;
        let rest = self.0.split_off(self.0.len().min(PAGE));
        Ok(std::mem::replace(&mut self.0, rest))
    }
}

impl Contacts for MemoryContacts {
    type Listing = MemoryListing;

    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<Earlier>>> {
        let pools = lock(&self.0);
        let shelf = pools.pools.get(pool);
        Ok(wanted.iter().map(|wanted| shelf.and_then(|shelf| shelf.before(import, wanted))).collect())
    }

    async fn now(&self, pool: &Pool, ids: &[ContactId]) -> Answer<Vec<Option<ContactState>>> {
        let pools = lock(&self.0);
        let shelf = pools.pools.get(pool);
        Ok(ids.iter().map(|id| shelf.and_then(|shelf| shelf.now(id))).collect())
    }

    async fn lower_cutoff(&self, pool: &Pool, from: &ImportId, to: Option<&ImportId>) -> Answer<()> {
        let mut pools = lock(&self.0);
        let shelf = pools.pools.entry(pool.clone()).or_default();
        if shelf.cutoff.as_ref() == Some(from) {
            shelf.cutoff = to.cloned();
        }
        Ok(())
    }

    async fn undo(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        let mut pools = lock(&self.0);
        let shelf = pools.pools.entry(pool.clone()).or_default();
        writes.iter().for_each(|write| shelf.undo(undone, write));
        Ok(())
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

    async fn list(&self, pool: &Pool, import: &ImportId) -> Answer<MemoryListing> {
        let pools = lock(&self.0);
        let Some(shelf) = pools.pools.get(pool) else { return Ok(MemoryListing(Vec::new())) };
        let before = |id: &ContactId| {
            let earlier = shelf.before(import, &Wanted::Contact(*id))?;
            earlier.stands.then_some((*id, earlier.record))
        };
        let mut listed: Vec<_> = shelf.contacts.keys().filter_map(before).collect();
        listed.sort_by_key(|(id, _)| id.letters());
        Ok(MemoryListing(listed))
    }

    async fn cutoff(&self, pool: &Pool) -> Answer<Option<ImportId>> {
        Ok(lock(&self.0).pools.get(pool).and_then(|shelf| shelf.cutoff.clone()))
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
        // Few have an earlier record; of all others the ids need not be compared.
        let with_earlier = shelf.contacts.values_mut().filter(|contact| contact.before.is_some());
        with_earlier.filter(|contact| contact.import == *import).for_each(|contact| contact.before = None);
        Ok(())
    }
}
