//! Writes contacts: appends or updates them, and removes those below a cutoff.
//!
//! The contacts of a chunk are written in one transaction with a marker. A second delivery finds the marker and
//! writes nothing. A contact that is certainly new costs one append; only the others are looked up.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactWrite, Pool};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Transaction, params};

use super::contacts::{ContactStore, Standing, View, import_number, pool_number, record_before};
use super::hash::{hash, unreadable};
use super::index::Index;

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
            Keeping { transaction, index: &self.0.contacts, view, import: number, appended: HashMap::new() }
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
        let last: i64 = self.0.read("cleaning up a pool", |connection| {
            connection.query_row("SELECT coalesce(max(seq), 0) FROM contacts", [], |row| row.get(0))
        })?;
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
    let delete = "DELETE FROM contacts WHERE seq BETWEEN ?3 AND ?4
        AND pool = (SELECT number FROM pools WHERE program = ?1 AND pool = ?2)
        AND import IN (SELECT stamps.number FROM stamps, pools
            WHERE program = ?1 AND pools.pool = ?2 AND import_id < floor)";
    let upto = from + TIDIED_AT_ONCE - 1;
    let removed = transaction.execute(delete, params![pool.program.as_str(), pool.pool, from, upto])?;
    Ok(removed as u64)
}

/// The records of one chunk that are being written.
struct Keeping<'a> {
    transaction: &'a Transaction<'a>,
    index: &'a Index,
    view: View,
    import: i64,
    /// Contacts that this call appended although their hash was known.
    appended: HashMap<ContactId, i64>,
}

impl Keeping<'_> {
    fn keep(mut self, records: &[ContactWrite<'_>]) -> rusqlite::Result<()> {
        let hashes: Vec<u64> = records.iter().map(|keep| hash(&keep.contact_id)).collect();
        let admitted = self.index.admit(&hashes);
        let mut append = self.appending()?;
        for (keep, seq) in records.iter().zip(&admitted) {
            if let Some(seq) = seq {
                self.append(&mut append, keep, *seq)?;
            }
        }
        drop(append);
        let rest: Vec<usize> = (0..records.len()).filter(|at| admitted[*at].is_none()).collect();
        self.keep_looked_up(records, &rest)
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
            match self.standing(&records[*at].contact_id, seqs)? {
                Some(standing) => self.change(&records[*at], standing)?,
                None => self.append_late(&records[*at], hashes[position])?,
            }
            found = &found[here..];
        }
        Ok(())
    }

    fn standing(
        &self,
        id: &ContactId,
        seqs: impl Iterator<Item = i64>,
    ) -> rusqlite::Result<Option<Standing>> {
        for seq in self.appended.get(id).copied().into_iter().chain(seqs) {
            let standing = self.view.standing(self.transaction, seq)?;
            if let Some(standing) = standing.filter(|standing| standing.contact_id == *id) {
                return Ok(Some(standing));
            }
        }
        Ok(None)
    }

    fn append_late(&mut self, keep: &ContactWrite<'_>, hash: u64) -> rusqlite::Result<()> {
        let seq = self.index.next_seq();
        self.append(&mut self.appending()?, keep, seq)?;
        self.index.add(hash, seq);
        self.appended.insert(keep.contact_id, seq);
        Ok(())
    }

    /// The statement that appends a row; the pool and the import are the same for all rows.
    fn appending(&self) -> rusqlite::Result<CachedStatement<'_>> {
        let mut append = self.transaction.prepare_cached(
            "INSERT INTO contacts (seq, pool, contact_id, import, row, record, groups)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        append.raw_bind_parameter(2, self.view.pool)?;
        append.raw_bind_parameter(4, self.import)?;
        Ok(append)
    }

    fn append(
        &self,
        append: &mut CachedStatement<'_>,
        keep: &ContactWrite<'_>,
        seq: i64,
    ) -> rusqlite::Result<()> {
        if keep.record.is_none() && keep.groups.is_empty() {
            return Ok(());
        }
        let id = keep.contact_id.letters();
        append.raw_bind_parameter(1, seq)?;
        append.raw_bind_parameter(3, ToSqlOutput::Borrowed(ValueRef::Text(&id)))?;
        append.raw_bind_parameter(5, keep.row.cast_signed())?;
        append.raw_bind_parameter(6, keep.record)?;
        append.raw_bind_parameter(7, self.fresh_groups(keep.groups)?)?;
        append.raw_execute().map(drop)
    }

    fn fresh_groups(&self, keys: &[String]) -> rusqlite::Result<Option<String>> {
        if keys.is_empty() {
            return Ok(None);
        }
        let groups: BTreeMap<&str, i64> = keys.iter().map(|key| (key.as_str(), self.import)).collect();
        serde_json::to_string(&groups).map(Some).map_err(unreadable)
    }

    /// Merges a record into a contact that has a row.
    fn change(&mut self, keep: &ContactWrite<'_>, standing: Standing) -> rusqlite::Result<()> {
        let stands = self.view.stands(self.transaction, standing.import)?;
        let groups = self.joined_groups(keep, &standing)?;
        if keep.repeated && keep.record.is_none() {
            self.claim(keep, &standing)?;
        }
        if !self.gives_the_record(keep, &standing, stands)? {
            return match groups {
                Some(groups) => self.write_groups(standing.seq, &groups),
                None => Ok(()),
            };
        }
        self.set_before(keep, &standing)?;
        let groups = match groups {
            Some(groups) => Some(groups),
            None if standing.groups.is_empty() => None,
            None => Some(serde_json::to_string(&standing.groups).map_err(unreadable)?),
        };
        let update = "UPDATE contacts SET import = ?2, row = ?3, record = ?4, groups = ?5 WHERE seq = ?1";
        let row = keep.row.cast_signed();
        let values = params![standing.seq, self.import, row, keep.record, groups];
        self.transaction.prepare_cached(update)?.execute(values).map(drop)
    }

    /// The row leaves the contact as it is: what a higher row of its import wrote is taken back.
    fn claim(&self, keep: &ContactWrite<'_>, standing: &Standing) -> rusqlite::Result<()> {
        if standing.import == self.import {
            if standing.row <= keep.row {
                return Ok(());
            }
            if let Some((record, stamp)) = record_before(self.transaction, standing.seq)? {
                let update = "UPDATE contacts SET import = ?2, record = ?3 WHERE seq = ?1";
                let values = params![standing.seq, stamp, record];
                self.transaction.prepare_cached(update)?.execute(values)?;
                self.forget_before(standing.seq)?;
            }
        }
        let claim = "INSERT INTO claims (import, seq, row) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET row = min(row, excluded.row)";
        let values = params![self.import, standing.seq, keep.row.cast_signed()];
        self.transaction.prepare_cached(claim)?.execute(values).map(drop)
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
        standing: &Standing,
        stands: bool,
    ) -> rusqlite::Result<bool> {
        if keep.record.is_none() || keep.repeated && self.is_claimed_below(keep, standing.seq)? {
            return Ok(false);
        }
        if standing.import == self.import {
            return Ok(keep.row <= standing.row);
        }
        Ok(!stands || !self.view.is_newer(self.transaction, standing.import, self.import)?)
    }

    /// The first write of a repeated identity stores the earlier record next to it.
    fn set_before(&self, keep: &ContactWrite<'_>, standing: &Standing) -> rusqlite::Result<()> {
        if standing.import == self.import {
            return Ok(());
        }
        let Some(stored) = standing.record.as_deref().filter(|_| keep.repeated) else {
            return self.forget_before(standing.seq);
        };
        let insert = "INSERT OR REPLACE INTO contacts_before (seq, import, record, stamp)
            VALUES (?1, ?2, ?3, ?4)";
        let values = params![standing.seq, self.import, stored, standing.import];
        self.transaction.prepare_cached(insert)?.execute(values).map(drop)
    }

    /// Removes a state from before an import that never ended: it does not apply to this import.
    fn forget_before(&self, seq: i64) -> rusqlite::Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM contacts_before WHERE seq = ?1")?
            .execute([seq])
            .map(drop)
    }

    /// The groups including the new ones; `None` if there are none.
    fn joined_groups(
        &mut self,
        keep: &ContactWrite<'_>,
        standing: &Standing,
    ) -> rusqlite::Result<Option<String>> {
        let mut joined = standing.groups.clone();
        for group in keep.groups {
            let present = match joined.get(group) {
                Some(by) => self.view.stands(self.transaction, *by)?,
                None => false,
            };
            if !present {
                joined.insert(group.clone(), self.import);
            }
        }
        if joined == standing.groups {
            return Ok(None);
        }
        serde_json::to_string(&joined).map(Some).map_err(unreadable)
    }

    fn write_groups(&self, seq: i64, groups: &str) -> rusqlite::Result<()> {
        let update = "UPDATE contacts SET groups = ?2 WHERE seq = ?1";
        self.transaction.prepare_cached(update)?.execute(params![seq, groups]).map(drop)
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
