//! Finds identities that occur several times in a file, and rows that the profile refuses as repeats. It uses only
//! the cells, in file order, so the order of processing cannot change the result.
//!
//! It stores 20 bytes for each distinct key: 96 bits of a hash, the row, and the value that it adds. With a hundred
//! million keys the chance that any two of them collide is about 1 in 10¹³.

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
}

impl Repeats {
    /// Reserves memory for this number of keys.
    pub fn expect(&mut self, keys: u64) {
        self.known.reserve(usize::try_from(keys).unwrap_or(0), |known| known.key.bucket());
    }

    /// Registers a row: a later row with the same key is refused, or adds a new value.
    pub fn see(&mut self, row: u32, identity: Key, adds: Option<Key>) {
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
        let repeats = keys.iter().filter_map(|key| self.find(key)).map(|known| known.row).min();
        self.marks.extend(repeats.map(|repeats| RepeatMark { row, first: 0, repeats, ordinal: 0 }));
        repeats.is_some()
    }

    /// Counts a row if repeats are allowed.
    pub fn count(&mut self, row: u32, identity: Key) {
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
        if known.is_none() {
            self.known.insert_unique(key.bucket(), Known { key, row, adds }, |known| known.key.bucket());
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(rows: &[(&str, Option<&str>)]) -> Vec<(u32, u32, u32)> {
        let mut repeats = Repeats::default();
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
        let mut repeats = Repeats::default();
        for (row, keys) in [(1, &["x", "y"][..]), (2, &["y", "z"]), (3, &["z"]), (4, &["x"])] {
            repeats.see_any(row, &keys.iter().map(|key| Key::of(key)).collect::<Vec<_>>());
        }
        repeats.find_any(5, &["w", "y"].map(Key::of));
        repeats.see_any(6, &[Key::of("w")]);
        let said: Vec<_> = repeats.into_marks().iter().map(|mark| (mark.row, mark.repeats)).collect();
        assert_eq!(said, [(2, 1), (4, 1), (5, 1)]);
    }

    #[test]
    fn allowed_repeats_are_counted() {
        let mut repeats = Repeats::default();
        for (row, key) in [(1, "x"), (2, "x"), (3, "y"), (4, "x")] {
            repeats.count(row, Key::of(key));
        }
        let said: Vec<_> = repeats.into_marks().iter().map(|mark| (mark.row, mark.ordinal)).collect();
        assert_eq!(said, [(2, 2), (4, 3)]);
    }
}
