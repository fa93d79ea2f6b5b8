//! The packed hints in memory: eight bytes per hint, one memory access per key.
//!
//! A hash's upper bits choose a slot of about eight hints. Of the rest, 24 bits are stored with the sequence number.
//! If two keys agree in all of these bits, their rows distinguish them, as with every hint.

/// Hash and seq.
pub(super) type Hint = (u64, i64);

/// Bits of the sequence number in an entry; the others are of the hash.
const SEQ: u32 = 40;

/// Hints in a slot, on average at least half of this.
const FULL: usize = 8;

/// Hints by hash, as of the last packing.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// The number of upper bits of a hash that choose the slot.
    bits: u32,
    /// The end of each slot in the entries.
    ends: Vec<u32>,
    entries: Vec<u64>,
}

impl Hints {
    /// Reserves room for this many hints, which are then added in the order of their hashes.
    pub(super) fn with_room(hints: usize) -> Self {
        let bits = (hints / FULL).max(1).ilog2();
        Self { bits, ends: Vec::with_capacity(1 << bits), entries: Vec::with_capacity(hints) }
    }

    /// Adds a hint; its hash is not below the last one's.
    pub(super) fn push(&mut self, (hash, seq): Hint) {
        self.end_slots_before(self.slot(hash));
        self.entries.push(self.rest(hash) | seq.cast_unsigned() & ((1 << SEQ) - 1));
    }

    /// Closes the list.
    pub(super) fn finish(mut self) -> Self {
        self.end_slots_before(1 << self.bits);
        self
    }

    fn end_slots_before(&mut self, slot: usize) {
        let end = self.entries.len() as u32;
        while self.ends.len() < slot {
            self.ends.push(end);
        }
    }

    /// The sequence numbers of a hash.
    pub(super) fn find(&self, hash: u64) -> impl Iterator<Item = i64> + '_ {
        let slot = self.slot(hash);
        let end = self.ends.get(slot).map_or(0, |end| *end as usize);
        let start =
            slot.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let rest = self.rest(hash);
        let same = self.entries[start..end].iter().filter(move |entry| **entry >> SEQ == rest >> SEQ);
        same.map(|entry| (entry & ((1 << SEQ) - 1)).cast_signed())
    }

    fn slot(&self, hash: u64) -> usize {
        hash.checked_shr(64 - self.bits).unwrap_or(0) as usize
    }

    /// The bits of a hash that an entry stores, below those of its slot.
    fn rest(&self, hash: u64) -> u64 {
        hash << self.bits >> SEQ << SEQ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_found() {
        for count in [0, 1, 7, 16, 5_000] {
            let mut given: Vec<Hint> = (0..count)
                .map(|seq| (xxhash_rust::xxh3::xxh3_64(&i64::to_le_bytes(seq / 2)), seq + (1 << 33)))
                .chain([(0, 1), (u64::MAX, 2)])
                .collect();
            given.sort_unstable();
            let mut hints = Hints::with_room(given.len());
            given.iter().for_each(|hint| hints.push(*hint));
            let hints = hints.finish();
            for (hash, seq) in &given {
                assert!(hints.find(*hash).any(|found| found == *seq), "{count}: {hash:x}");
            }
            assert_eq!(hints.find(u64::MAX).collect::<Vec<_>>(), [2]);
        }
        assert_eq!(Hints::default().find(77).count(), 0);
    }
}
