//! A list of domain names, with a fast answer for names that are not in it.

/// Sorted names, each with a value, and a filter that rejects nearly every other name with one multiplication.
pub(super) struct Names<V> {
    filter: [u64; 128],
    sorted: Vec<(&'static str, V)>,
}

impl<V> Names<V> {
    /// Builds the list.
    pub(super) fn new(names: impl Iterator<Item = (&'static str, V)>) -> Self {
        let mut sorted: Vec<_> = names.collect();
        sorted.sort_unstable_by_key(|&(name, _)| name);
        let mut filter = [0; 128];
        for (name, _) in &sorted {
            let bit = filter_bit(name);
            filter[bit / 64] |= 1 << (bit % 64);
        }
        Self { filter, sorted }
    }

    /// Returns the value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&V> {
        let bit = filter_bit(name);
        if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
            return None;
        }
        let place = self.sorted.binary_search_by_key(&name, |&(name, _)| name).ok()?;
        Some(&self.sorted[place].1)
    }

    /// Returns all names, sorted.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[(&'static str, V)] {
        &self.sorted
    }
}

/// Hashes the length and the first and last eight bytes: enough to tell a short list from ordinary names.
fn filter_bit(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (head, tail) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (bytes.iter().fold(0, |head, &byte| head << 8 | u64::from(byte)), 0),
    };
    let mixed = (head ^ tail.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 51) as usize
}
