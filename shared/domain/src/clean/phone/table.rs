//! Regular languages over digits as tables: one step per digit, with exact results.

use std::collections::HashMap;

use crate::clean::phone::pattern::{Program, Step};

/// The longest national number that libphonenumber parses.
pub(super) const MAX_DIGITS: usize = 17;

/// Set in a reference if only the number of remaining digits matters; the rest of the reference is an index into
/// `lengths`.
const LENGTHS: u16 = 1 << 15;

/// A set of digit strings of at most [`MAX_DIGITS`], as the smallest acyclic automaton.
///
/// Most plans are a few leading digits and then any digits up to a length, so reading stops where only the length
/// matters.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Row>,
    /// Sets of lengths, a bit each; the first is empty.
    lengths: Vec<u32>,
    root: u16,
}

/// The transitions of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Row {
    /// A reference for each digit.
    next: [u16; 10],
    /// Whether the digits read so far are in the language.
    accepted: bool,
}

impl Table {
    /// Builds the table of a language: `accepts` decides from the length and the tags of full matches whether a
    /// string belongs to it. `None` if the table would be too large.
    pub(super) fn build(
        program: &Program,
        starts: &[u32],
        accepts: impl Fn(usize, &[u16]) -> bool,
    ) -> Option<Self> {
        let mut builder = Builder {
            program,
            accepts,
            table: Self { rows: Vec::new(), lengths: vec![0], root: LENGTHS },
            known_rows: HashMap::new(),
            known_states: HashMap::new(),
        };
        let mut threads = Vec::new();
        starts.iter().for_each(|&start| program.follow(start, &mut threads));
        threads.sort_unstable();
        threads.dedup();
        builder.table.root = builder.state(threads, 0)?;
        builder.table.rows.shrink_to_fit();
        Some(builder.table)
    }

    /// Whether a string of ASCII digits is in the language.
    pub(super) fn holds(&self, digits: &[u8]) -> bool {
        let (mut at, mut left) = (self.root, digits.len());
        for &digit in digits {
            if at & LENGTHS != 0 {
                break;
            }
            at = self.rows[at as usize].next[usize::from(digit.wrapping_sub(b'0')).min(9)];
            left -= 1;
        }
        if at & LENGTHS == 0 {
            return self.rows[at as usize].accepted;
        }
        left <= MAX_DIGITS && self.lengths[(at & !LENGTHS) as usize] >> left & 1 == 1
    }

    /// Returns the memory that the table takes, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.rows.as_slice()) + size_of_val(self.lengths.as_slice())
    }
}

struct Builder<'program, Accepts> {
    program: &'program Program,
    accepts: Accepts,
    table: Table,
    known_rows: HashMap<Row, u16>,
    known_states: HashMap<(usize, Vec<u32>), u16>,
}

impl<Accepts: Fn(usize, &[u16]) -> bool> Builder<'_, Accepts> {
    /// Returns the reference for threads that have read `length` digits.
    fn state(&mut self, threads: Vec<u32>, length: usize) -> Option<u16> {
        let key = (length, threads);
        if let Some(&known) = self.known_states.get(&key) {
            return Some(known);
        }
        let threads = &key.1;
        let mut next = [LENGTHS; 10];
        for (digit, place) in (0..10).zip(&mut next) {
            let after = if length < MAX_DIGITS { self.program.advance(threads, digit) } else { Vec::new() };
            if !after.is_empty() {
                *place = self.state(after, length + 1)?;
            }
        }
        let tags: Vec<_> = threads.iter().filter_map(|&thread| self.tag(thread)).collect();
        let reference = self.reference(Row { next, accepted: (self.accepts)(length, &tags) })?;
        self.known_states.insert(key, reference);
        Some(reference)
    }

    fn tag(&self, thread: u32) -> Option<u16> {
        match self.program.steps[thread as usize] {
            Step::Match { tag } => Some(tag),
            _ => None,
        }
    }

    fn reference(&mut self, row: Row) -> Option<u16> {
        let first = row.next[0];
        if first & LENGTHS != 0 && row.next.iter().all(|&next| next == first) {
            let after = self.table.lengths[(first & !LENGTHS) as usize];
            return self.lengths(after << 1 | u32::from(row.accepted));
        }
        if let Some(&known) = self.known_rows.get(&row) {
            return Some(known);
        }
        let reference = u16::try_from(self.table.rows.len()).ok().filter(|&reference| reference < LENGTHS)?;
        self.table.rows.push(row);
        self.known_rows.insert(row, reference);
        Some(reference)
    }

    fn lengths(&mut self, lengths: u32) -> Option<u16> {
        let known = self.table.lengths.iter().position(|&known| known == lengths);
        let place = known.unwrap_or_else(|| {
            self.table.lengths.push(lengths);
            self.table.lengths.len() - 1
        });
        u16::try_from(place).ok().filter(|&place| place < LENGTHS).map(|place| LENGTHS | place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_its_patterns_match_in_full() {
        let mut program = Program::default();
        let starts = [program.add("[2-9]\\d{2}|11", 0).unwrap(), program.add("[2-4]\\d*", 1).unwrap()];
        let both = Table::build(&program, &starts, |_, tags| tags == [0, 1]).unwrap();
        let five = Table::build(&program, &starts, |length, tags| length == 5 && tags == [1]).unwrap();
        assert!(both.holds(b"234") && !both.holds(b"534") && !both.holds(b"2345") && !both.holds(b"11"));
        assert!(five.holds(b"23456") && !five.holds(b"2345") && !five.holds(b"") && !five.holds(b"53456"));
    }
}
