//! A packed index: from a hash to the rows that may have it.
//!
//! Its entries, the hints, are pairs of hash and sequence number, sorted, 16 bytes each, in buckets by the hash's upper
//! bits; a bucket fits a page. In memory they take half of that ([`Hints`]). New hints wait in memory (the tail) and are
//! packed by the hundred thousand: that costs a tenth of a B-tree in random order. The tail is not written: rows above
//! the watermark are read again when the index is opened.
//!
//! The packed hints stay in the file as long as few are asked for, so that one row can be imported into a large home at
//! once; then they are read into memory.
//!
//! A hint may be stale (the row was deleted, has another key, or is not committed yet), so the reader checks the row. No
//! hint is ever missing, as long as the lookup comes before the transaction that reads the rows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::blocks;
use super::filter::{self, Filter};
use super::hints::{Hint, Hints};

/// Hints in memory before they are packed: 9 MB of them.
const TAIL: usize = (1 << 19) / 8 * 7;

/// Below this many hints, reading their rows again takes less time than packing: some hundredths of a second.
const REREAD: usize = 1 << 15;

/// The packed hints are read into memory once so many hashes were looked up: reading a bucket for each took as long.
const ASKED: u64 = 1 << 12;

/// Hints in a bucket, on average, before the number of buckets doubles; a page holds three times as many.
const CROWDED: u64 = 176;

/// Bytes of one hint.
const HINT: usize = 16;

/// One result of a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IndexHit {
    /// A row that may have the hash.
    pub(super) seq: i64,
    /// The position of the requested hash.
    pub(super) position: usize,
}

/// A packed index over one table.
#[derive(Debug)]
pub(super) struct Index {
    table: &'static str,
    state: RwLock<State>,
    /// Held while the packed hints change, or are read into memory.
    packing: Mutex<()>,
    /// Hashes that were looked up in the file.
    asked: AtomicU64,
}

/// The state of the buckets.
#[derive(Debug, Clone, Copy, Default)]
struct Packed {
    /// The number of upper bits of a hash that choose the bucket.
    bits: u32,
    hints: u64,
}

/// The packed hints in memory.
#[derive(Debug)]
struct Known {
    /// Covers all hints, the packed ones and the tail.
    filter: Filter,
    hints: Hints,
}

/// The state in memory.
#[derive(Debug)]
struct State {
    packed: Packed,
    /// The packed hints, once they are read into memory.
    known: Option<Known>,
    /// The tail, by hash: a sequence number, or a negative index in `many`.
    seqs: HashTable<Hint>,
    /// The sequence numbers of a hash that has several; for a key that thousands of accounts share, one list holds
    /// them all.
    many: Vec<Vec<i64>>,
    /// The number of hints in the tail.
    waiting: usize,
    next_seq: i64,
}

impl Index {
    /// Loads the index of the contacts.
    pub(super) fn load_contacts(connection: &Connection) -> rusqlite::Result<Self> {
        let last = blocks::last_seq(connection)?;
        let (index, watermark) = Self::load(connection, "contact_index", last)?;
        blocks::each_after(connection, watermark, |contact| {
            index.add(super::hash::hash(&contact.contact_id), contact.seq);
            Ok(true)
        })?;
        Ok(index)
    }

    /// Loads the index of the directory's entries.
    pub(super) fn load_entries(connection: &Connection) -> rusqlite::Result<Self> {
        let last = "SELECT coalesce(max(seq), 0) FROM entries";
        let last = connection.query_row(last, [], |row| row.get(0))?;
        let (index, watermark) = Self::load(connection, "entry_index", last)?;
        let mut rows = connection.prepare("SELECT seq, owner, kind, id, keys FROM entries WHERE seq > ?1")?;
        let mut rows = rows.query([watermark])?;
        while let Some(row) = rows.next()? {
            let texts = [row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?, row.get_ref(4)?];
            for hash in super::hash::hashes_of_row(texts)? {
                index.add(hash, row.get(0)?);
            }
        }
        let mut late = connection.prepare("SELECT hash, seq FROM late_keys")?;
        let mut late = late.query([])?;
        while let Some(row) = late.next()? {
            index.add(row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?);
        }
        Ok(index)
    }

    /// An index over rows of which the last has this sequence number, and the last row that is packed.
    fn load(connection: &Connection, table: &'static str, last: i64) -> rusqlite::Result<(Self, i64)> {
        let state = connection
            .query_row("SELECT bits, hints, watermark FROM index_states WHERE name = ?1", [table], |row| {
                Ok((
                    Packed { bits: row.get(0)?, hints: row.get::<_, i64>(1)?.cast_unsigned() },
                    row.get::<_, i64>(2)?,
                ))
            })
            .optional()?;
        let (packed, watermark) = state.unwrap_or_default();
        // An index without packed hints is in memory from the beginning.
        let known = if packed.hints == 0 { Some(in_memory(connection, table, packed)?) } else { None };
        let state = State {
            known,
            packed,
            seqs: HashTable::new(),
            many: Vec::new(),
            waiting: 0,
            next_seq: last.max(watermark) + 1,
        };
        let (state, packing) = (RwLock::new(state), Mutex::default());
        Ok((Self { table, state, packing, asked: AtomicU64::new(0) }, watermark))
    }

    /// Finds the rows that may have each hash, in order of sequence number, as long as that needs no packed hints
    /// that are in the file only. The transaction that reads the rows must begin afterwards.
    pub(super) fn find_in_memory(&self, hashes: &[u64]) -> Option<Vec<IndexHit>> {
        let state = self.state();
        let found = state.find(state.known.as_ref()?, hashes);
        drop(state);
        Some(in_order(found))
    }

    /// The same in any case, with a transaction that has read nothing yet, or that writes.
    pub(super) fn find(&self, connection: &Connection, hashes: &[u64]) -> rusqlite::Result<Vec<IndexHit>> {
        if let Some(found) = self.find_in_memory(hashes) {
            return Ok(found);
        }
        let count = hashes.len() as u64;
        if self.asked.fetch_add(count, Ordering::Relaxed) + count > ASKED {
            self.read_into_memory(connection)?;
        }
        if let Some(found) = self.find_in_memory(hashes) {
            return Ok(found);
        }
        let mut found = self.state().find_in_tail(hashes);
        found.extend(find_packed(connection, self.table, hashes)?);
        Ok(in_order(found))
    }

    /// Reads the packed hints into memory, with a transaction as [`Index::find`] needs it.
    pub(super) fn read_into_memory(&self, connection: &Connection) -> rusqlite::Result<()> {
        let _packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        if state.known.is_some() {
            return Ok(());
        }
        let packed = state.packed;
        drop(state);
        let mut known = in_memory(connection, self.table, packed)?;
        let mut state = self.state_mut();
        state.seqs.iter().for_each(|(hash, _)| known.filter.insert(*hash));
        state.known = Some(known);
        Ok(())
    }

    /// Assigns a sequence number to every hash that is certainly new; `None` to one that may exist already, or that
    /// occurs earlier in the list. That is unknown as long as the packed hints are in the file only.
    pub(super) fn admit(&self, hashes: &[u64]) -> Vec<Option<i64>> {
        let mut state = self.state_mut();
        let mut admitted = Vec::with_capacity(hashes.len());
        for group in hashes.chunks(filter::AT_ONCE) {
            state.known.iter().for_each(|known| known.filter.bring_near(group));
            let mut admit = |hash: &u64| (!state.may_hold(*hash)).then(|| state.append(*hash));
            admitted.extend(group.iter().map(&mut admit));
        }
        admitted
    }

    /// Returns the next sequence number for a row, without a hint.
    pub(super) fn next_seq(&self) -> i64 {
        self.state_mut().take_seq()
    }

    /// Adds a hint.
    pub(super) fn add(&self, hash: u64, seq: i64) {
        self.state_mut().add(hash, seq);
    }

    /// Whether reading the rows of the tail at the next opening would take longer than packing it now.
    pub(super) fn is_worth_packing(&self) -> bool {
        self.state().waiting >= REREAD
    }

    /// Whether the tail has so many hints that they should be packed.
    pub(super) fn is_heavy(&self) -> bool {
        self.state().waiting >= TAIL
    }

    /// Packs the tail into the buckets and commits the transaction, which has seen every row of the tail.
    pub(super) fn pack(&self, transaction: Transaction<'_>) -> rusqlite::Result<()> {
        let _packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let (fresh, watermark) = self.sorted_tail();
        let old = self.state().packed;
        let mut new = Packed { bits: old.bits, hints: old.hints + fresh.len() as u64 };
        while new.hints > CROWDED << new.bits {
            new.bits += 1;
        }
        new.hints -= repack(&transaction, self.table, old, new.bits, &fresh)?;
        transaction.execute(
            "INSERT OR REPLACE INTO index_states (name, bits, hints, watermark) VALUES (?1, ?2, ?3, ?4)",
            params![self.table, new.bits, new.hints.cast_signed(), watermark],
        )?;
        if self.table == "entry_index" {
            transaction.execute("DELETE FROM late_keys", [])?;
        }
        let is_known = self.state().known.is_some();
        let known = if is_known { Some(in_memory(&transaction, self.table, new)?) } else { None };
        transaction.commit()?;
        let mut state = self.state_mut();
        (state.packed, state.known) = (new, known);
        state.seqs.clear();
        state.many.clear();
        state.waiting = 0;
        Ok(())
    }

    fn sorted_tail(&self) -> (Vec<Hint>, i64) {
        let state = self.state();
        let mut hints: Vec<Hint> = Vec::with_capacity(state.waiting);
        for (hash, held) in &state.seqs {
            hints.extend(state.held(held).iter().map(|seq| (*hash, *seq)));
        }
        hints.sort_unstable();
        hints.dedup();
        (hints, state.next_seq - 1)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_seq(&mut self) -> i64 {
        self.next_seq += 1;
        self.next_seq - 1
    }

    fn append(&mut self, hash: u64) -> i64 {
        let seq = self.take_seq();
        self.add(hash, seq);
        seq
    }

    fn may_hold(&self, hash: u64) -> bool {
        self.known.as_ref().is_none_or(|known| known.filter.may_hold(hash))
    }

    fn add(&mut self, hash: u64, seq: i64) {
        if let Some(known) = &mut self.known {
            known.filter.insert(hash);
        }
        self.waiting += 1;
        match self.seqs.entry(hash, |known| known.0 == hash, |known| known.0) {
            Entry::Vacant(place) => drop(place.insert((hash, seq))),
            Entry::Occupied(mut known) => {
                let held = &mut known.get_mut().1;
                match place_in_many(*held) {
                    Some(place) => self.many[place].push(seq),
                    None => {
                        self.many.push(vec![*held, seq]);
                        *held = -(self.many.len() as i64);
                    }
                }
            }
        }
    }

    /// The sequence numbers of an entry of the tail.
    fn held<'t>(&'t self, held: &'t i64) -> &'t [i64] {
        match place_in_many(*held) {
            Some(place) => &self.many[place],
            None => std::slice::from_ref(held),
        }
    }

    fn find(&self, known: &Known, hashes: &[u64]) -> Vec<IndexHit> {
        let mut found = Vec::new();
        for (group, start) in hashes.chunks(filter::AT_ONCE).zip((0..).step_by(filter::AT_ONCE)) {
            known.filter.bring_near(group);
            for (hash, position) in group.iter().zip(start..) {
                if known.filter.may_hold(*hash) {
                    let seqs = self.waiting(*hash).chain(known.hints.find(*hash));
                    found.extend(seqs.map(|seq| IndexHit { seq, position }));
                }
            }
        }
        found
    }

    fn find_in_tail(&self, hashes: &[u64]) -> Vec<IndexHit> {
        let hits = hashes
            .iter()
            .enumerate()
            .flat_map(|(position, hash)| self.waiting(*hash).map(move |seq| IndexHit { seq, position }));
        hits.collect()
    }

    /// The sequence numbers of a hash in the tail.
    fn waiting(&self, hash: u64) -> impl Iterator<Item = i64> {
        let waiting = self.seqs.find(hash, |known| known.0 == hash);
        waiting.into_iter().flat_map(|known| self.held(&known.1)).copied()
    }
}

fn in_order(mut found: Vec<IndexHit>) -> Vec<IndexHit> {
    found.sort_unstable();
    found.dedup();
    found
}

/// Finds the packed hints of some hashes in the file.
fn find_packed(connection: &Connection, table: &str, hashes: &[u64]) -> rusqlite::Result<Vec<IndexHit>> {
    let state = "SELECT bits FROM index_states WHERE name = ?1";
    let bits = connection.prepare_cached(state)?.query_row([table], |row| row.get(0)).optional()?;
    let Some(bits) = bits else { return Ok(Vec::new()) };
    let mut read = connection.prepare_cached(&select(table))?;
    let mut found = Vec::new();
    for (position, hash) in hashes.iter().enumerate() {
        let mut rows = read.query([bucket(*hash, bits)])?;
        let Some(row) = rows.next()? else { continue };
        let hints = row.get_ref(0)?.as_blob()?;
        let hints = (0..hints.len() / HINT).map(|place| hint_at(hints, place));
        let same = hints.filter(|hint| hint.0 == *hash);
        found.extend(same.map(|hint| IndexHit { seq: hint.1, position }));
    }
    Ok(found)
}

/// The index in `many`, from 1, of a negative entry.
fn place_in_many(held: i64) -> Option<usize> {
    if held < 0 { usize::try_from(-held - 1).ok() } else { None }
}

fn select(table: &str) -> String {
    format!("SELECT hints FROM {table} WHERE bucket = ?1")
}

/// The bucket of a hash: its upper bits, with a number that no bucket of another size has.
fn bucket(hash: u64, bits: u32) -> i64 {
    (1_i64 << bits) | hash.checked_shr(64 - bits).unwrap_or(0).cast_signed()
}

/// The hint at a place in a bucket.
fn hint_at(hints: &[u8], place: usize) -> Hint {
    let word = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&hints[at..at + 8]);
        u64::from_le_bytes(word)
    };
    (word(place * HINT), word(place * HINT + 8).cast_signed())
}

/// Merges new hints into the buckets, into all of them if their number grows; returns how many existed already.
fn repack(
    transaction: &Transaction<'_>,
    table: &str,
    old: Packed,
    bits: u32,
    fresh: &[Hint],
) -> rusqlite::Result<u64> {
    let mut read = transaction.prepare(&select(table))?;
    let mut write =
        transaction.prepare(&format!("INSERT OR REPLACE INTO {table} (bucket, hints) VALUES (?1, ?2)"))?;
    let mut merge = |number: i64, fresh: &[Hint]| -> rusqlite::Result<u64> {
        let mut rows = read.query([number])?;
        let before = match rows.next()? {
            Some(row) => row.get_ref(0)?.as_blob()?.to_vec(),
            None => Vec::new(),
        };
        drop(rows);
        let merged = merged(&before, fresh);
        for group in merged.chunk_by(|one, next| bucket(one.0, bits) == bucket(next.0, bits)) {
            write.execute(params![bucket(group[0].0, bits), bytes_of(group)])?;
        }
        Ok((before.len() / HINT + fresh.len() - merged.len()) as u64)
    };
    let mut doubled = 0;
    if bits == old.bits {
        for group in fresh.chunk_by(|one, next| bucket(one.0, bits) == bucket(next.0, bits)) {
            doubled += merge(bucket(group[0].0, bits), group)?;
        }
        return Ok(doubled);
    }
    let mut rest = fresh;
    for number in 1_i64 << old.bits..2_i64 << old.bits {
        let here = rest.partition_point(|hint| bucket(hint.0, old.bits) <= number);
        doubled += merge(number, &rest[..here])?;
        rest = &rest[here..];
    }
    transaction.execute(&format!("DELETE FROM {table} WHERE bucket < ?1"), [1_i64 << bits])?;
    Ok(doubled)
}

/// A sorted bucket merged with sorted new hints, without duplicates.
fn merged(before: &[u8], fresh: &[Hint]) -> Vec<Hint> {
    let mut all = Vec::with_capacity(before.len() / HINT + fresh.len());
    all.extend((0..before.len() / HINT).map(|place| hint_at(before, place)));
    all.extend_from_slice(fresh);
    // The input is two sorted runs: the stable sort merges them.
    all.sort();
    all.dedup();
    all
}

fn bytes_of(hints: &[Hint]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hints.len() * HINT);
    for (hash, seq) in hints {
        bytes.extend_from_slice(&hash.to_le_bytes());
        bytes.extend_from_slice(&seq.to_le_bytes());
    }
    bytes
}

/// All packed hints, and a filter over them with room for a tail.
fn in_memory(connection: &Connection, table: &str, packed: Packed) -> rusqlite::Result<Known> {
    let count = packed.hints as usize;
    let (mut filter, mut known) = (Filter::with_room(count + TAIL), Hints::with_room(count));
    let mut rows =
        connection.prepare(&format!("SELECT hints FROM {table} WHERE bucket >= ?1 ORDER BY bucket"))?;
    let mut rows = rows.query([1_i64 << packed.bits])?;
    while let Some(row) = rows.next()? {
        let hints = row.get_ref(0)?.as_blob()?;
        for hint in (0..hints.len() / HINT).map(|place| hint_at(hints, place)) {
            filter.insert(hint.0);
            known.push(hint);
        }
    }
    Ok(Known { filter, hints: known.finish() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn hash(number: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&number.to_le_bytes())
    }

    #[test]
    fn what_is_packed_is_found_however_it_grew() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(schema::TABLES).unwrap();
        let index = Index::load_entries(&connection).unwrap();
        for (round, batch) in [3, 1_000, 500, 20_000, 7, 60_000, 5_000].into_iter().enumerate() {
            let first = round as u64 * 100_000;
            for number in first..first + batch {
                let seq = index.next_seq();
                index.add(hash(number), seq);
                index.add(hash(number), seq);
                index.add(7, seq);
            }
            let hashes = [hash(first), hash(first + batch), hash(first + batch - 1)];
            let before = index.find(&connection, &hashes).unwrap();
            index.pack(connection.transaction().unwrap()).unwrap();
            assert_eq!(index.find(&connection, &hashes).unwrap(), before);
            assert!(before.len() == 2 && before.iter().all(|one| one.position != 1));
        }
        let all: usize = 3 + 1_000 + 500 + 20_000 + 7 + 60_000 + 5_000;
        assert_eq!(index.find(&connection, &[7]).unwrap().len(), all);
        let again = Index::load_entries(&connection).unwrap();
        assert_eq!(again.state().packed.hints as usize, 2 * all);
        assert_eq!(again.next_seq(), index.next_seq());
        let hashes: Vec<u64> = (0..100).map(|number| hash(500_000 + number)).collect();
        let wanted = index.find(&connection, &hashes).unwrap();
        assert_eq!(index.find_in_memory(&hashes).as_ref(), Some(&wanted));
        assert_eq!((again.find_in_memory(&hashes), again.admit(&hashes[..1])), (None, vec![None]));
        // What is in the file only is found, with what came since; and in memory once much is asked for.
        let seq = again.next_seq();
        again.add(hash(77), seq);
        for _ in 0..2 * ASKED / 100 {
            assert_eq!(again.find(&connection, &hashes).unwrap(), wanted);
            assert_eq!(again.find(&connection, &[hash(77)]).unwrap(), [IndexHit { seq, position: 0 }]);
        }
        assert_eq!(again.find_in_memory(&hashes), Some(wanted));
        assert!(again.find_in_memory(&[hash(77)]).is_some_and(|found| found.len() == 1));
    }
}
