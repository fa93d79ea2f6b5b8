//! Contacts as people read them, page by page in the order of arrival; and the end of one.

use std::collections::BTreeMap;

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactPage, ContactReader, ListedContact};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::contacts::{ContactStore, groups_of};
use super::hash::{hash, parse_id};

const DOING: &str = "reading contacts";

/// Contacts in the order of their rows. The tables are joined in this order, so that no page reads those before it.
const AFTER: &str = "SELECT pools.pool, contact_id, stamps.import_id, record, groups, contacts.seq
    FROM contacts CROSS JOIN pools ON pools.number = contacts.pool
        CROSS JOIN stamps ON stamps.number = contacts.import
    WHERE contacts.seq > ?2 AND program = ?1 AND import_id >= floor AND record IS NOT NULL
    ORDER BY contacts.seq LIMIT ?3";
const ONE: &str = "SELECT pools.pool, contact_id, stamps.import_id, record, groups, contacts.seq
    FROM contacts CROSS JOIN pools ON pools.number = contacts.pool
        CROSS JOIN stamps ON stamps.number = contacts.import
    WHERE contacts.seq = ?2 AND program = ?1 AND import_id >= floor AND record IS NOT NULL";

impl ContactReader for ContactStore {
    async fn page(&self, program: &ProgramName, cursor: Option<&str>, limit: usize) -> Answer<ContactPage> {
        let after: i64 = match cursor {
            Some(cursor) => cursor.parse().map_err(|_| Fault::damaged(DOING, "not a cursor of a page"))?,
            None => 0,
        };
        self.0.read(DOING, |connection| {
            let cutoffs = Cutoffs::of(connection, program)?;
            let mut select = connection.prepare_cached(AFTER)?;
            let mut rows = select.query(params![program.as_str(), after, limit as i64])?;
            let (mut page, mut read) = (ContactPage::default(), 0);
            while let Some(row) = rows.next()? {
                read += 1;
                page.next = Some(row.get::<_, i64>(5)?.to_string());
                page.contacts.extend(cutoffs.listed(row)?);
            }
            if read < limit {
                page.next = None;
            }
            Ok(page)
        })
    }

    async fn find(&self, program: &ProgramName, contact: &ContactId) -> Answer<Option<ListedContact>> {
        let hits = self.0.find(&self.0.contacts, DOING, &[hash(contact)])?;
        self.0.read(DOING, |connection| {
            let cutoffs = Cutoffs::of(connection, program)?;
            for hit in hits {
                let mut select = connection.prepare_cached(ONE)?;
                let mut rows = select.query(params![program.as_str(), hit.seq])?;
                let Some(row) = rows.next()? else { continue };
                let listed = cutoffs.listed(row)?;
                if let Some(listed) = listed.filter(|listed| listed.contact_id == *contact) {
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
            let mut erased = false;
            for hit in hits {
                let delete = "DELETE FROM contacts WHERE seq = ?1 AND contact_id = ?2
                    AND pool IN (SELECT number FROM pools WHERE program = ?3)";
                let row = params![hit.seq, contact.to_string(), program.as_str()];
                if transaction.execute(delete, row)? > 0 {
                    transaction.execute("DELETE FROM contacts_before WHERE seq = ?1", [hit.seq])?;
                    erased = true;
                }
            }
            transaction.execute_batch("PRAGMA secure_delete = FAST")?;
            Ok(erased)
        })?;
        if erased {
            self.0.empty_log();
        }
        Ok(erased)
    }
}

/// Of a program: per pool, the imports whose memberships are valid.
pub(super) struct Cutoffs(BTreeMap<(String, i64), bool>);

impl Cutoffs {
    pub(super) fn of(reader: &Connection, program: &ProgramName) -> rusqlite::Result<Self> {
        let select = "SELECT pool, stamps.number, import_id >= floor FROM pools, stamps WHERE program = ?1";
        let mut select = reader.prepare_cached(select)?;
        let rows =
            select.query_map([program.as_str()], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        rows.collect::<Result<_, _>>().map(Self)
    }

    /// A contact of a row: pool, contact id, import id, record, groups.
    pub(super) fn listed(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<ListedContact>> {
        let id: ValueRef<'_> = row.get_ref(1)?;
        let Some(contact_id) = parse_id(id) else { return Ok(None) };
        let pool: String = row.get(0)?;
        let mut groups = groups_of(row.get_ref(4)?)?;
        groups.retain(|_, import| self.0.get(&(pool.clone(), *import)).copied().unwrap_or(true));
        Ok(Some(ListedContact {
            contact_id,
            pool,
            import_id: row.get(2)?,
            record: row.get(3)?,
            groups: groups.into_keys().collect(),
        }))
    }
}
