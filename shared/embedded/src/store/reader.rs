//! Contacts as people read them, page by page in the order of arrival; and the end of one.

use std::collections::HashMap;

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactPage, ContactReader, ListedContact};
use rusqlite::Connection;

use super::blocks::{self, Blocks, Line};
use super::contacts::ContactStore;
use super::hash::hash;

const DOING: &str = "reading contacts";

impl ContactReader for ContactStore {
    async fn page(&self, program: &ProgramName, cursor: Option<&str>, limit: usize) -> Answer<ContactPage> {
        let after: i64 = match cursor {
            Some(cursor) => cursor.parse().map_err(|_| Fault::damaged(DOING, "not a cursor of a page"))?,
            None => 0,
        };
        self.0.read(DOING, |connection| {
            let contacts = ContactsOf::program(connection, program)?;
            let mut page = ContactPage::default();
            blocks::each_after(connection, after, |contact| {
                let Some(listed) = contacts.listed(&contact)? else { return Ok(true) };
                page.contacts.push(listed);
                page.next = Some(contact.seq.to_string());
                Ok(page.contacts.len() < limit)
            })?;
            if page.contacts.len() < limit {
                page.next = None;
            }
            Ok(page)
        })
    }

    async fn find(&self, program: &ProgramName, contact: &ContactId) -> Answer<Option<ListedContact>> {
        let hits = self.0.find(&self.0.contacts, DOING, &[hash(contact)])?;
        self.0.read(DOING, |connection| {
            let contacts = ContactsOf::program(connection, program)?;
            let mut blocks = Blocks::new(connection);
            for hit in hits {
                let line = blocks.line(hit.seq)?.filter(|line| line.contact_id == *contact);
                if let Some(listed) = line.map(|line| contacts.listed(&line)).transpose()?.flatten() {
                    return Ok(Some(listed));
                }
            }
            Ok(None)
        })
    }

    async fn erase(&self, program: &ProgramName, contact: &ContactId) -> Answer<bool> {
        let hits = self.0.find(&self.0.contacts, DOING, &[hash(contact)])?;
        let erased = self.0.write("erasing a contact", |transaction| {
            // What is deleted is overwritten, in pages that become free too.
            transaction.execute_batch("PRAGMA secure_delete = ON")?;
            let pools = ContactsOf::program(transaction, program)?.pools;
            let (mut blocks, mut erased) = (Blocks::new(transaction), false);
            for hit in hits {
                let line = blocks.line(hit.seq)?;
                if line.is_some_and(|line| line.contact_id == *contact && pools.contains_key(&line.pool)) {
                    blocks.remove(hit.seq)?;
                    transaction.execute("DELETE FROM contacts_before WHERE seq = ?1", [hit.seq])?;
                    erased = true;
                }
            }
            blocks.finish()?;
            transaction.execute_batch("PRAGMA secure_delete = FAST")?;
            Ok(erased)
        })?;
        if erased {
            self.0.empty_log();
        }
        Ok(erased)
    }
}

/// What the contacts of a program are read with.
pub(super) struct ContactsOf {
    /// Its pools by number: name and cutoff.
    pools: HashMap<i64, (String, String)>,
    /// All imports by number.
    imports: HashMap<i64, String>,
}

impl ContactsOf {
    pub(super) fn program(reader: &Connection, program: &ProgramName) -> rusqlite::Result<Self> {
        let mut pools = reader.prepare_cached("SELECT number, pool, floor FROM pools WHERE program = ?1")?;
        let pools =
            pools.query_map([program.as_str()], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        let mut imports = reader.prepare_cached("SELECT number, import_id FROM stamps")?;
        let imports = imports.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self { pools: pools.collect::<Result<_, _>>()?, imports: imports.collect::<Result<_, _>>()? })
    }

    /// The pool of a contact that stands.
    pub(super) fn pool(&self, contact: &Line<'_>) -> Option<&str> {
        let (pool, cutoff) = self.pools.get(&contact.pool)?;
        let stands = contact.record.is_some() && self.stands(contact.import, cutoff);
        stands.then_some(pool)
    }

    /// A contact, if it is of the program and stands.
    pub(super) fn listed(&self, contact: &Line<'_>) -> rusqlite::Result<Option<ListedContact>> {
        let Some((pool, record)) = self.pool(contact).zip(contact.record) else { return Ok(None) };
        let cutoff = &self.pools[&contact.pool].1;
        let mut groups = contact.groups()?;
        groups.retain(|_, import| self.stands(*import, cutoff));
        Ok(Some(ListedContact {
            contact_id: contact.contact_id,
            pool: pool.to_owned(),
            import_id: self.imports[&contact.import].clone(),
            record: record.to_owned(),
            groups: groups.into_keys().collect(),
        }))
    }

    fn stands(&self, import: i64, cutoff: &str) -> bool {
        self.imports.get(&import).is_some_and(|id| id.as_str() >= cutoff)
    }
}
