//! Finds identities that occur several times in a file, and rows that the profile refuses as repeats. It uses only
//! the cells, in file order, so the order of processing cannot change the result.
//!
//! It stores 20 bytes for each distinct key: 96 bits of a hash, the row, and the value that it adds. With a hundred
//! million keys the chance that any two of them collide is about 1 in 10¹³. The memory may be limited: then keys beyond it
//! are not registered, and the survey refuses the file.

use crate::plan::import_plan::RepeatMark;
use std::collections::HashMap;

use hashbrown::HashTable;

/// The key of a row: 96 bits of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u32; 3]);

impl Key {
    /// The key of a text.
    pub fn of(text: &str) -> Self {
        let hash = xxhash_rust::xxh3::xxh3_128(text.as_bytes());
        Self([hash as u32, (hash >> 32) as u32, (hash >> 64) as u32])
    }

    fn bucket(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }
}

#[derive(Debug, Clone, Copy)]
struct Known {
    key: Key,
    row: u32,
    /// The value of the first row (0: none); if repeats are allowed, the number of rows that followed it.
    adds: u32,
}

/// The rows of the file registered so far.
#[derive(Debug, Default)]
pub struct Repeats {
    known: HashTable<Known>,
    /// Numbers the values that rows add: there are few groups.
    adds: HashMap<Key, u32>,
    /// The values that later rows of an identity added: (first row, value) to the row.
    added: HashMap<(u32, u32), u32>,
    marks: Vec<RepeatMark>,
    /// Bytes that may be taken.
    memory: u64,
    /// The row from which on there was no memory.
    full: Option<u32>,
}

/// Bytes of a table of keys with room for so many: a power of two of places, of which seven in eight are filled, and a
/// byte for each.
fn table_bytes(keys: u64) -> u64 {
    let places = (keys.saturating_mul(8) / 7).checked_next_power_of_two().unwrap_or(u64::MAX);
    places.saturating_mul(size_of::<Known>() as u64 + 1)
}

impl Repeats {
    /// Takes at most so many bytes of memory.
    pub fn within(memory: u64) -> Self {
        Self { memory, ..Self::default() }
    }

    /// The row from which on there was no memory for keys.
    pub fn full_from(&self) -> Option<u32> {
        self.full
    }

    /// Reserves memory for this number of keys, or as much as may be taken.
    pub fn expect(&mut self, keys: u64) {
        let mut keys = keys;
        while table_bytes(keys) > self.memory {
            keys /= 2;
        }
        self.known.reserve(usize::try_from(keys).unwrap_or(0), |known| known.key.bucket());
    }

    /// Whether there is memory for one more key, and for two more marks. While a table grows, the smaller one is still there.
    fn has_room(&self) -> bool {
        let (keys, marks) = (self.known.capacity() as u64, self.marks.capacity() as u64);
        let keys_grow = self.known.len() as u64 == keys;
        let table = table_bytes(keys) + if keys_grow { table_bytes(2 * keys) } else { 0 };
        let marks_grow = self.marks.len() as u64 + 2 > marks;
        let marks = if marks_grow { 3 * marks } else { marks };
        table.saturating_add(marks * size_of::<RepeatMark>() as u64) <= self.memory
    }

    /// Notes that a row finds no memory, where that is so.
    fn is_full(&mut self, row: u32) -> bool {
        if self.full.is_none() && !self.has_room() {
            self.full = Some(row);
        }
        self.full.is_some()
    }

    /// Registers a row: a later row with the same key is refused, or adds a new value.
    pub fn see(&mut self, row: u32, identity: Key, adds: Option<Key>) {
        if self.is_full(row) {
            return;
        }
        let added = adds.map_or(0, |adds| {
            let next = self.adds.len() as u32 + 1;
            *self.adds.entry(adds).or_insert(next)
        });
        let Some(first) = self.register(row, identity, added) else { return };
        let repeats = if added == 0 || first.adds == added {
            Some(first.row)
        } else {
            self.added.get(&(first.row, added)).copied()
        };
        match repeats {
            Some(repeats) => self.marks.push(RepeatMark { row, first: 0, repeats, ordinal: 0 }),
            None => {
                self.added.insert((first.row, added), row);
                self.marks.push(RepeatMark { row: first.row, first: first.row, repeats: 0, ordinal: 0 });
                self.marks.push(RepeatMark { row, first: first.row, repeats: 0, ordinal: 0 });
            }
        }
    }

    /// Registers a row with several keys: it is refused if an earlier row registered any of them, and then registers
    /// none.
    pub fn see_any(&mut self, row: u32, keys: &[Key]) {
        if !self.repeats_any(row, keys) {
            keys.iter().for_each(|key| _ = self.register(row, *key, 0));
        }
    }

    /// A row without an identity registers no key, but it still repeats an earlier row with one of its keys.
    pub fn find_any(&mut self, row: u32, keys: &[Key]) {
        self.repeats_any(row, keys);
    }

    fn repeats_any(&mut self, row: u32, keys: &[Key]) -> bool {
        if self.is_full(row) {
            return true;
        }
        let repeats = keys.iter().filter_map(|key| self.find(key)).map(|known| known.row).min();
        self.marks.extend(repeats.map(|repeats| RepeatMark { row, first: 0, repeats, ordinal: 0 }));
        repeats.is_some()
    }

    /// Counts a row if repeats are allowed.
    pub fn count(&mut self, row: u32, identity: Key) {
        if self.is_full(row) {
            return;
        }
        match self.known.find_mut(identity.bucket(), |known| known.key == identity) {
            Some(known) => {
                known.adds += 1;
                self.marks.push(RepeatMark { row, first: 0, repeats: 0, ordinal: known.adds + 1 });
            }
            None => _ = self.register(row, identity, 0),
        }
    }

    /// All marks, by row.
    pub fn into_marks(mut self) -> Vec<RepeatMark> {
        self.marks.sort_unstable_by_key(|mark| mark.row);
        self.marks.dedup();
        self.marks
    }

    fn find(&self, key: &Key) -> Option<Known> {
        self.known.find(key.bucket(), |known| known.key == *key).copied()
    }

    /// Returns the entry of the key; registers the row if there is none.
    fn register(&mut self, row: u32, key: Key, adds: u32) -> Option<Known> {
        let known = self.find(&key);
        if known.is_none() && !self.is_full(row) {
            self.known.insert_unique(key.bucket(), Known { key, row, adds }, |known| known.key.bucket());
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(rows: &[(&str, Option<&str>)]) -> Vec<(u32, u32, u32)> {
        let mut repeats = Repeats::within(u64::MAX);
        for (row, (identity, adds)) in (1..).zip(rows) {
            repeats.see(row, Key::of(identity), adds.map(Key::of));
        }
        repeats.into_marks().iter().map(|mark| (mark.row, mark.first, mark.repeats)).collect()
    }

    #[test]
    fn a_repeat_adds_something_new_or_is_refused() {
        for (rows, said) in [
            (&[("a", None), ("b", None)][..], vec![]),
            (&[("a", None), ("a", None)], vec![(2, 0, 1)]),
            (&[("a", Some("g")), ("a", Some("h"))], vec![(1, 1, 0), (2, 1, 0)]),
            (&[("a", Some("g")), ("a", Some("g"))], vec![(2, 0, 1)]),
            (&[("a", Some("g")), ("a", None)], vec![(2, 0, 1)]),
            (&[("a", None), ("a", Some("g"))], vec![(1, 1, 0), (2, 1, 0)]),
            (
                &[("a", Some("g")), ("a", Some("h")), ("a", Some("h")), ("a", Some("g"))],
                vec![(1, 1, 0), (2, 1, 0), (3, 0, 2), (4, 0, 1)],
            ),
        ] {
            assert_eq!(marks(rows), said, "{rows:?}");
        }
    }

    #[test]
    fn any_key_makes_a_repeat_and_a_refused_row_registers_none() {
        let mut repeats = Repeats::within(u64::MAX);
        for (row, keys) in [(1, &["x", "y"][..]), (2, &["y", "z"]), (3, &["z"]), (4, &["x"])] {
            repeats.see_any(row, &keys.iter().map(|key| Key::of(key)).collect::<Vec<_>>());
        }
        repeats.find_any(5, &["w", "y"].map(Key::of));
        repeats.see_any(6, &[Key::of("w")]);
        let said: Vec<_> = repeats.into_marks().iter().map(|mark| (mark.row, mark.repeats)).collect();
        assert_eq!(said, [(2, 1), (4, 1), (5, 1)]);
    }

    #[test]
    fn memory_that_is_limited_is_not_exceeded() {
        let filled = |memory, expected, keys: &[&str]| {
            let mut repeats = Repeats::within(memory);
            repeats.expect(expected);
            for row in 1..=100_000 {
                let keys: Vec<Key> = keys.iter().map(|key| Key::of(&format!("{key}{row}"))).collect();
                repeats.see_any(row, &keys);
            }
            let taken = table_bytes(repeats.known.capacity() as u64);
            assert!(taken <= memory, "{taken} of {memory}");
            repeats.full_from()
        };
        // 65,536 places of 21 bytes have room for 57,344 keys; a table that grows needs half as much more.
        let memory = 65_536 * 21 + 1_000;
        assert_eq!(filled(memory, 200_000, &["a"]), Some(57_345));
        assert_eq!(filled(memory, 1, &["a"]), Some(28_673));
        assert_eq!(filled(memory, 200_000, &["a", "b"]), Some(28_673));
        assert_eq!(filled(4 * memory, 1, &["a"]), None);
        assert_eq!(filled(u64::MAX, 1, &["a"]), None);
        // The same address again and again: it is the marks that need memory.
        let mut repeats = Repeats::within(10_000);
        (1..=100_000).for_each(|row| repeats.see(row, Key::of("a"), None));
        assert!(repeats.full_from().is_some());
        assert!(repeats.marks.capacity() * size_of::<RepeatMark>() <= 10_000);
    }

    #[test]
    fn allowed_repeats_are_counted() {
        let mut repeats = Repeats::within(u64::MAX);
        for (row, key) in [(1, "x"), (2, "x"), (3, "y"), (4, "x")] {
            repeats.count(row, Key::of(key));
        }
        let said: Vec<_> = repeats.into_marks().iter().map(|mark| (mark.row, mark.ordinal)).collect();
        assert_eq!(said, [(2, 2), (4, 3)]);
    }
}
