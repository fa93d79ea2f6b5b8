//! Writes contacts: appends or updates them, and removes those below a cutoff.
//!
//! The contacts of a chunk are written in one transaction with a marker. A second delivery finds the marker and
//! writes nothing. A contact that is certainly new costs one append; only the others are looked up.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactWrite, Pool};
use rusqlite::{Transaction, params};

use super::blocks::{self, Appender, Blocks, StoredContact};
use super::contacts::{ContactStore, import_number, pool_number};
use super::hash::{hash, unreadable};
use super::index::Index;
use super::view::{View, record_before};

/// The number of rows in one transaction of the cleanup.
const TIDIED_AT_ONCE: i64 = 20_000;

impl ContactStore {
    pub(super) fn keep_chunk(
        &self,
        pool: &Pool,
        import: &ImportId,
        chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> Answer<()> {
        self.0.write("keeping contacts", |transaction| {
            pool_number(transaction, pool)?;
            let number = import_number(transaction, import)?;
            let Some(view) = View::of(transaction, pool, import)? else { return Ok(()) };
            let mark = "INSERT OR IGNORE INTO kept_chunks (import, pool, chunk) VALUES (?1, ?2, ?3)";
            if transaction.prepare_cached(mark)?.execute(params![number, view.pool, chunk])? == 0 {
                return Ok(());
            }
            Keeping {
                transaction,
                index: &self.0.contacts,
                blocks: Blocks::new(transaction),
                append: Appender::new(transaction, view.pool, number),
                view,
                import: number,
                appended: HashMap::new(),
            }
            .keep(records)
        })?;
        self.pack_if(self.0.contacts.is_heavy())
    }

    pub(super) fn settle_import(&self, import: &ImportId) -> Answer<()> {
        self.0.write("ending an import's writes", |transaction| {
            for table in ["contacts_before", "claims"] {
                let end_import = format!(
                    "DELETE FROM {table} WHERE import = (SELECT number FROM stamps WHERE import_id = ?1)"
                );
                transaction.execute(&end_import, [import.as_str()])?;
            }
            Ok(())
        })?;
        self.pack_if(self.0.contacts.is_worth_packing())
    }

    /// Deletes the contacts of a pool below its cutoff, which no reader sees any more; returns their number.
    ///
    /// # Errors
    /// If the tables cannot be written.
    pub fn tidy(&self, pool: &Pool) -> Answer<u64> {
        let last = self.0.read("cleaning up a pool", blocks::last_seq)?;
        let mut removed = 0;
        for from in (0..=last).step_by(TIDIED_AT_ONCE as usize) {
            removed +=
                self.0.write("cleaning up a pool", |transaction| tidy_some(transaction, pool, from))?;
        }
        Ok(removed)
    }

    /// Deletes for good what replaces removed that ended before this time; until then an undo brings it back.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn tidy_before(&self, before: Timestamp) -> Answer<u64> {
        // The ids of imports begin with their time.
        let before = before.strftime("%Y%m%dT%H%M%S").to_string();
        let pools: Vec<(String, String, String)> =
            self.0.read("finding pools to clean up", |connection| {
                let select = "SELECT program, pool, floor FROM pools WHERE floor > tidied AND floor < ?1";
                let mut select = connection.prepare_cached(select)?;
                select.query_map([before], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
            })?;
        let mut removed = 0;
        for (program, pool, floor) in pools {
            let program = ProgramName::parse(&program);
            let program = program.map_err(|error| Fault::permanent("cleaning up a pool", error))?;
            let pool = Pool { program, pool };
            removed += self.tidy(&pool)?;
            self.0.write("cleaning up a pool", |transaction| {
                let note = "UPDATE pools SET tidied = ?3 WHERE program = ?1 AND pool = ?2";
                transaction.execute(note, params![pool.program.as_str(), pool.pool, floor]).map(drop)
            })?;
        }
        Ok(removed)
    }

    fn pack_if(&self, needed: bool) -> Answer<()> {
        if needed {
            self.0
                .write_with("packing the contacts' index", |transaction| self.0.contacts.pack(transaction))?;
        }
        Ok(())
    }
}

fn tidy_some(transaction: &Transaction<'_>, pool: &Pool, from: i64) -> rusqlite::Result<u64> {
    let Some(View { pool: number, cutoff, .. }) = View::of_pool(transaction, pool)? else { return Ok(0) };
    let mut select = transaction.prepare_cached("SELECT number FROM stamps WHERE import_id < ?1")?;
    let gone: HashSet<i64> = select.query_map([cutoff], |row| row.get(0))?.collect::<Result<_, _>>()?;
    blocks::remove_where(transaction, number, from..from + TIDIED_AT_ONCE, |line| gone.contains(&line.import))
}

/// The records of one chunk that are being written.
struct Keeping<'a> {
    transaction: &'a Transaction<'a>,
    index: &'a Index,
    blocks: Blocks<'a>,
    append: Appender<'a>,
    view: View,
    import: i64,
    /// Contacts that this call appended although their hash was known.
    appended: HashMap<ContactId, i64>,
}

impl Keeping<'_> {
    fn keep(mut self, records: &[ContactWrite<'_>]) -> rusqlite::Result<()> {
        let hashes: Vec<u64> = records.iter().map(|keep| hash(&keep.contact_id)).collect();
        let admitted = self.index.admit(&hashes);
        for (keep, seq) in records.iter().zip(&admitted) {
            if let Some(seq) = seq {
                self.append(keep, *seq)?;
            }
        }
        // A row below may be of the same contact.
        self.append.flush()?;
        let rest: Vec<usize> = (0..records.len()).filter(|at| admitted[*at].is_none()).collect();
        self.keep_looked_up(records, &rest)?;
        self.append.flush()?;
        self.blocks.finish()
    }

    /// Writes the records that may exist already.
    fn keep_looked_up(&mut self, records: &[ContactWrite<'_>], rest: &[usize]) -> rusqlite::Result<()> {
        let hashes: Vec<u64> = rest.iter().map(|at| hash(&records[*at].contact_id)).collect();
        let mut found = self.index.find(self.transaction, &hashes)?;
        found.sort_unstable_by_key(|found| (found.position, found.seq));
        let mut found = found.as_slice();
        for (position, at) in rest.iter().enumerate() {
            let here = found.partition_point(|found| found.position <= position);
            let seqs = found[..here].iter().map(|found| found.seq);
            match self.stored(&records[*at].contact_id, seqs)? {
                Some(contact) => self.change(&records[*at], contact)?,
                None => self.append_late(&records[*at], hashes[position])?,
            }
            found = &found[here..];
        }
        Ok(())
    }

    fn stored(
        &mut self,
        id: &ContactId,
        seqs: impl Iterator<Item = i64>,
    ) -> rusqlite::Result<Option<StoredContact>> {
        let appended = self.appended.get(id).copied();
        if appended.is_some() {
            self.append.flush()?;
        }
        for seq in appended.into_iter().chain(seqs) {
            let contact = self.view.stored(&mut self.blocks, seq)?;
            if let Some(contact) = contact.filter(|contact| contact.contact_id == *id) {
                return Ok(Some(contact));
            }
        }
        Ok(None)
    }

    fn append_late(&mut self, keep: &ContactWrite<'_>, hash: u64) -> rusqlite::Result<()> {
        let seq = self.index.next_seq();
        self.append(keep, seq)?;
        self.index.add(hash, seq);
        self.appended.insert(keep.contact_id, seq);
        Ok(())
    }

    fn append(&mut self, keep: &ContactWrite<'_>, seq: i64) -> rusqlite::Result<()> {
        if keep.record.is_none() && keep.groups.is_empty() {
            return Ok(());
        }
        let groups = self.fresh_groups(keep.groups)?;
        self.append.push(seq, (&keep.contact_id, keep.row), groups.as_deref(), keep.record)
    }

    fn fresh_groups(&self, keys: &[String]) -> rusqlite::Result<Option<String>> {
        if keys.is_empty() {
            return Ok(None);
        }
        let groups: BTreeMap<&str, i64> = keys.iter().map(|key| (key.as_str(), self.import)).collect();
        serde_json::to_string(&groups).map(Some).map_err(unreadable)
    }

    /// Merges a record into a contact that is stored.
    fn change(&mut self, keep: &ContactWrite<'_>, mut contact: StoredContact) -> rusqlite::Result<()> {
        let stands = self.view.stands(self.transaction, contact.import)?;
        let mut is_changed = self.join_groups(keep, &mut contact)?;
        if keep.repeated && keep.record.is_none() {
            is_changed |= self.claim(keep, &mut contact)?;
        }
        if self.gives_the_record(keep, &contact, stands)? {
            self.set_before(keep, &contact)?;
            (contact.import, contact.row) = (self.import, keep.row);
            contact.record = keep.record.map(str::to_owned);
            is_changed = true;
        }
        if is_changed { self.blocks.put(&contact) } else { Ok(()) }
    }

    /// The row leaves the contact as it is: what a higher row of its import wrote is taken back. Says whether that changes
    /// the contact.
    fn claim(&self, keep: &ContactWrite<'_>, contact: &mut StoredContact) -> rusqlite::Result<bool> {
        let mut is_changed = false;
        if contact.import == self.import {
            if contact.row <= keep.row {
                return Ok(false);
            }
            if let Some((record, stamp)) = record_before(self.transaction, contact.seq)? {
                (contact.record, contact.import) = (Some(record), stamp);
                self.forget_before(contact.seq)?;
                is_changed = true;
            }
        }
        let claim = "INSERT INTO claims (import, seq, row) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET row = min(row, excluded.row)";
        let values = params![self.import, contact.seq, keep.row.cast_signed()];
        self.transaction.prepare_cached(claim)?.execute(values)?;
        Ok(is_changed)
    }

    /// Whether a lower row of this import leaves the contact as it is.
    fn is_claimed_below(&self, keep: &ContactWrite<'_>, seq: i64) -> rusqlite::Result<bool> {
        let select = "SELECT 1 FROM claims WHERE import = ?1 AND seq = ?2 AND row < ?3";
        let values = params![self.import, seq, keep.row.cast_signed()];
        self.transaction.prepare_cached(select)?.exists(values)
    }

    /// Whether this row provides the contact's record: not if a newer import or a lower row of this import has
    /// written it or left it as it was, and not if nothing changed.
    fn gives_the_record(
        &mut self,
        keep: &ContactWrite<'_>,
        contact: &StoredContact,
        stands: bool,
    ) -> rusqlite::Result<bool> {
        if keep.record.is_none() || keep.repeated && self.is_claimed_below(keep, contact.seq)? {
            return Ok(false);
        }
        if contact.import == self.import {
            return Ok(keep.row <= contact.row);
        }
        Ok(!stands || !self.view.is_newer(self.transaction, contact.import, self.import)?)
    }

    /// The first write of a repeated identity stores the earlier record next to it.
    fn set_before(&self, keep: &ContactWrite<'_>, contact: &StoredContact) -> rusqlite::Result<()> {
        if contact.import == self.import {
            return Ok(());
        }
        let Some(stored) = contact.record.as_deref().filter(|_| keep.repeated) else {
            return self.forget_before(contact.seq);
        };
        let insert = "INSERT OR REPLACE INTO contacts_before (seq, import, record, stamp)
            VALUES (?1, ?2, ?3, ?4)";
        let values = params![contact.seq, self.import, stored, contact.import];
        self.transaction.prepare_cached(insert)?.execute(values).map(drop)
    }

    /// Removes a state from before an import that never ended: it does not apply to this import.
    fn forget_before(&self, seq: i64) -> rusqlite::Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM contacts_before WHERE seq = ?1")?
            .execute([seq])
            .map(drop)
    }

    /// Adds the new groups; says whether there are any.
    fn join_groups(
        &mut self,
        keep: &ContactWrite<'_>,
        contact: &mut StoredContact,
    ) -> rusqlite::Result<bool> {
        let mut is_changed = false;
        for group in keep.groups {
            let present = match contact.groups.get(group) {
                Some(by) => self.view.stands(self.transaction, *by)?,
                None => false,
            };
            if !present {
                is_changed |= contact.groups.insert(group.clone(), self.import) != Some(self.import);
            }
        }
        Ok(is_changed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::parse_id;
    use super::*;

    #[test]
    fn the_letters_are_read_back() {
        for identity in ["", "a", "ann@sample.com", "+5511999990000"] {
            let id = ContactId::derive("acme", "partners", identity);
            let letters = id.letters();
            assert_eq!(parse_id(rusqlite::types::ValueRef::Text(&letters)), Some(id));
        }
    }
}
