//! A filter over hashes: proves that a hash is absent without a read from disk.

/// Bits set for one hash, all in one word pair of a cache line.
const PROBES: u32 = 8;

/// Bits of room for one hash.
const BITS: usize = 16;

/// A blocked Bloom filter: a hash sets its bits in one block of 512 bits, one cache line. At 16 bits per hash, the
/// filter reports about one absent hash in a thousand as present.
#[derive(Debug)]
pub(super) struct Filter {
    blocks: Vec<Block>,
}

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block([u64; 8]);

/// The best number of blocks to prefetch together.
pub(super) const AT_ONCE: usize = 32;

impl Filter {
    /// Creates a filter with room for this many hashes; with more, the answers get less precise, but never wrong.
    pub(super) fn with_room(room: usize) -> Self {
        Self { blocks: vec![Block([0; 8]); room * BITS / 512 + 1] }
    }

    /// Adds a hash.
    pub(super) fn insert(&mut self, hash: u64) {
        let (block, mut probe) = self.place(hash);
        let block = &mut self.blocks[block].0;
        for _ in 0..PROBES {
            block[(probe >> 6 & 7) as usize] |= 1 << (probe & 63);
            probe >>= 7;
        }
    }

    /// Whether the hash may be present; `false` is certain.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let (block, mut probe) = self.place(hash);
        let block = &self.blocks[block].0;
        for _ in 0..PROBES {
            if block[(probe >> 6 & 7) as usize] >> (probe & 63) & 1 == 0 {
                return false;
            }
            probe >>= 7;
        }
        true
    }

    /// Prefetches the blocks of some hashes, all together, so that no block waits for another.
    pub(super) fn bring_near(&self, hashes: &[u64]) {
        let near = hashes.iter().fold(0, |near, hash| near ^ self.blocks[self.place(*hash).0].0[0]);
        std::hint::black_box(near);
    }

    /// The block, from the hash's upper bits; the bits in it, 9 for each probe, overlapping by 2, from the whole
    /// hash.
    fn place(&self, hash: u64) -> (usize, u64) {
        let block = ((u128::from(hash) * self.blocks.len() as u128) >> 64) as usize;
        (block, hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ hash >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&number.to_le_bytes())
    }

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let mut filter = Filter::with_room(100_000);
        (0..100_000).for_each(|number| filter.insert(hash(number)));
        assert!((0..100_000).all(|number| filter.may_hold(hash(number))));
        let wrong = (100_000..300_000).filter(|number| filter.may_hold(hash(*number))).count();
        assert!(wrong < 600, "{wrong} of 200000");
    }
}
