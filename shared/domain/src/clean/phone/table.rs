//! Languages of digits as tables: one step a digit, exact.

use std::collections::HashMap;

use super::pattern::{Program, Step};

/// The longest national number that libphonenumber parses.
pub(super) const MAX_DIGITS: usize = 17;

/// Set in a reference to a row when what was read so far is in the language.
const ACCEPT: u16 = 1 << 15;

/// A set of digit strings of at most [`MAX_DIGITS`], as the smallest acyclic automaton.
#[derive(Debug)]
pub(super) struct Table {
    /// For each row and digit the next row; row 0 leads nowhere.
    rows: Vec<[u16; 10]>,
    root: u16,
}

impl Table {
    /// Builds the table of a language: `accepts` says from a length and the tags matched in full whether such a string
    /// belongs to it. `None` when it would be too large.
    pub(super) fn build(
        program: &Program,
        starts: &[u32],
        accepts: impl Fn(usize, &[u16]) -> bool,
    ) -> Option<Self> {
        let mut builder = Builder {
            program,
            accepts,
            rows: vec![[0; 10]],
            known_rows: HashMap::from([([0; 10], 0)]),
            known_states: HashMap::new(),
        };
        let mut threads = Vec::new();
        starts.iter().for_each(|&start| program.follow(start, &mut threads));
        threads.sort_unstable();
        threads.dedup();
        let root = builder.row(threads, 0)?;
        Some(Self { rows: builder.rows, root })
    }

    /// Tells whether a string of ASCII digits is in the language.
    pub(super) fn holds(&self, digits: &[u8]) -> bool {
        let mut at = self.root;
        for &digit in digits {
            at = self.rows[(at & !ACCEPT) as usize][(digit - b'0') as usize];
            if at == 0 {
                return false;
            }
        }
        at & ACCEPT != 0
    }

    /// Returns the memory that the table takes, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.rows.as_slice())
    }
}

struct Builder<'program, Accepts> {
    program: &'program Program,
    accepts: Accepts,
    rows: Vec<[u16; 10]>,
    known_rows: HashMap<[u16; 10], u16>,
    known_states: HashMap<(usize, Vec<u32>), u16>,
}

impl<Accepts: Fn(usize, &[u16]) -> bool> Builder<'_, Accepts> {
    /// Returns the reference to the row for threads that have read so many digits.
    fn row(&mut self, threads: Vec<u32>, length: usize) -> Option<u16> {
        let key = (length, threads);
        if let Some(&known) = self.known_states.get(&key) {
            return Some(known);
        }
        let threads = &key.1;
        let mut row = [0; 10];
        for (digit, place) in (0..10).zip(&mut row) {
            let after = if length < MAX_DIGITS { self.program.advance(threads, digit) } else { Vec::new() };
            *place = if after.is_empty() { 0 } else { self.row(after, length + 1)? };
        }
        let tags: Vec<_> = threads.iter().filter_map(|&thread| self.tag(thread)).collect();
        let mut reference = self.reference(row)?;
        if (self.accepts)(length, &tags) {
            reference |= ACCEPT;
        }
        self.known_states.insert(key, reference);
        Some(reference)
    }

    fn tag(&self, thread: u32) -> Option<u16> {
        match self.program.steps[thread as usize] {
            Step::Match { tag } => Some(tag),
            _ => None,
        }
    }

    fn reference(&mut self, row: [u16; 10]) -> Option<u16> {
        if let Some(&known) = self.known_rows.get(&row) {
            return Some(known);
        }
        let reference = u16::try_from(self.rows.len()).ok().filter(|&reference| reference < ACCEPT)?;
        self.rows.push(row);
        self.known_rows.insert(row, reference);
        Some(reference)
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
