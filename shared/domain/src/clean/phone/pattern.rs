//! Compiles the patterns of libphonenumber's metadata to small programs over digits.
//!
//! A pattern runs in two ways: as a set of threads, from which [`super::table`] makes a table, and by backtracking,
//! which finds the same match and captures as the library's regular expressions do (leftmost-first).

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// One step of a program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Consumes one digit of a set of ten bits.
    Digit { set: u16, next: u32 },
    /// Continues at two steps; the first is preferred.
    Either { first: u32, second: u32 },
    /// Stores the position as the border of a capture group.
    Save { slot: u8, next: u32 },
    /// Continues at the end of the digits only.
    End { next: u32 },
    /// Matches; the tag identifies the pattern.
    Match { tag: u16 },
}

/// Several patterns, compiled into one list of steps.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
}

impl Program {
    /// Compiles a pattern and returns its first step; `None` for a construct that the metadata has not used so far.
    pub(super) fn add(&mut self, pattern: &str, tag: u16) -> Option<u32> {
        let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()?;
        let last = self.push(Step::Match { tag });
        self.emit(&hir, last)
    }

    fn push(&mut self, step: Step) -> u32 {
        self.steps.push(step);
        self.steps.len() as u32 - 1
    }

    /// Emits the steps of an expression that continue at `next`, in reverse order.
    fn emit(&mut self, hir: &Hir, next: u32) -> Option<u32> {
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Literal(literal) => literal.0.iter().rev().try_fold(next, |next, &byte| {
                let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
                Some(self.push(Step::Digit { set: 1 << digit, next }))
            }),
            HirKind::Class(class) => Some(self.push(Step::Digit { set: digits_of(class), next })),
            HirKind::Look(Look::End) => Some(self.push(Step::End { next })),
            HirKind::Look(_) => None,
            HirKind::Repetition(repetition) => self.emit_repetition(repetition, next),
            HirKind::Capture(capture) => {
                let slot = u8::try_from(capture.index).ok().filter(|&index| index <= 2)? * 2;
                let close = self.push(Step::Save { slot: slot + 1, next });
                let inner = self.emit(&capture.sub, close)?;
                Some(self.push(Step::Save { slot, next: inner }))
            }
            HirKind::Concat(parts) => parts.iter().rev().try_fold(next, |next, part| self.emit(part, next)),
            HirKind::Alternation(parts) => {
                let (last, others) = parts.split_last()?;
                let last = self.emit(last, next)?;
                others.iter().rev().try_fold(last, |second, part| {
                    let first = self.emit(part, next)?;
                    Some(self.push(Step::Either { first, second }))
                })
            }
        }
    }

    fn emit_repetition(&mut self, repetition: &Repetition, next: u32) -> Option<u32> {
        let mut entry = match repetition.max {
            Some(max) => (repetition.min..max).try_fold(next, |entry, _| {
                let body = self.emit(&repetition.sub, entry)?;
                Some(self.push_choice(repetition.greedy, body, next))
            })?,
            None => self.emit_loop(repetition, next)?,
        };
        for _ in 0..repetition.min {
            entry = self.emit(&repetition.sub, entry)?;
        }
        Some(entry)
    }

    fn emit_loop(&mut self, repetition: &Repetition, next: u32) -> Option<u32> {
        if repetition.sub.properties().minimum_len() == Some(0) {
            return None;
        }
        let choice = self.push_choice(repetition.greedy, next, next);
        let body = self.emit(&repetition.sub, choice)?;
        if let Step::Either { first, second } = &mut self.steps[choice as usize] {
            *(if repetition.greedy { first } else { second }) = body;
        }
        Some(choice)
    }

    fn push_choice(&mut self, greedy: bool, body: u32, next: u32) -> u32 {
        let (first, second) = if greedy { (body, next) } else { (next, body) };
        self.push(Step::Either { first, second })
    }

    /// Adds to `threads` the steps that wait for a digit, and the matches, reached from `step` without one.
    pub(super) fn follow(&self, step: u32, threads: &mut Vec<u32>) {
        match self.steps[step as usize] {
            Step::Digit { .. } | Step::Match { .. } => threads.push(step),
            Step::Save { next, .. } | Step::End { next } => self.follow(next, threads),
            Step::Either { first, second } => {
                self.follow(first, threads);
                self.follow(second, threads);
            }
        }
    }

    /// Returns the threads after one more digit, in order and without duplicates.
    pub(super) fn advance(&self, threads: &[u32], digit: u8) -> Vec<u32> {
        let mut after = Vec::new();
        for &thread in threads {
            if let Step::Digit { set, next } = self.steps[thread as usize]
                && set >> digit & 1 == 1
            {
                self.follow(next, &mut after);
            }
        }
        after.sort_unstable();
        after.dedup();
        after
    }
}

fn digits_of(class: &Class) -> u16 {
    let holds = |digit: u8| match class {
        Class::Bytes(class) => class.iter().any(|range| (range.start()..=range.end()).contains(&digit)),
        Class::Unicode(class) => {
            class.iter().any(|range| (range.start()..=range.end()).contains(&char::from(digit)))
        }
    };
    (0..10).filter(|&digit| holds(b'0' + digit)).fold(0, |set, digit| set | 1 << digit)
}

/// The borders of the match and of its two groups; [`UNSET`] for a group that did not take part.
pub(super) type Slots = [u8; 6];
/// No place.
pub(super) const UNSET: u8 = u8::MAX;

/// A pattern that must match at the start of a number.
#[derive(Debug)]
pub(super) struct Prefix {
    program: Program,
    start: u32,
    /// For each pair of first digits, whether a match that consumes a digit is possible.
    heads: u128,
}

impl Prefix {
    /// Compiles the pattern; `None` if [`Program::add`] returns `None`.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let mut program = Program::default();
        let start = program.add(pattern, 0)?;
        let heads = heads(&program, start);
        Some(Self { program, start, heads })
    }

    /// Finds the same match as the library; may skip a match without digits.
    pub(super) fn find(&self, digits: &[u8]) -> Option<Slots> {
        if let [first, second, ..] = *digits
            && self.heads >> ((first - b'0') * 10 + (second - b'0')) & 1 == 0
        {
            return None;
        }
        let mut slots = [UNSET; 6];
        slots[0] = 0;
        self.run(self.start, 0, digits, &mut slots).then_some(slots)
    }

    fn run(&self, mut step: u32, mut at: usize, digits: &[u8], slots: &mut Slots) -> bool {
        loop {
            step = match self.program.steps[step as usize] {
                Step::Digit { set, next } => match digits.get(at) {
                    Some(digit) if set >> (digit - b'0') & 1 == 1 => {
                        at += 1;
                        next
                    }
                    _ => return false,
                },
                Step::Save { slot, next } => {
                    slots[slot as usize] = at as u8;
                    next
                }
                Step::End { next } if at == digits.len() => next,
                Step::End { .. } => return false,
                Step::Either { first, second } => {
                    let before = *slots;
                    if self.run(first, at, digits, slots) {
                        return true;
                    }
                    *slots = before;
                    second
                }
                Step::Match { .. } => {
                    slots[1] = at as u8;
                    return true;
                }
            };
        }
    }
}

fn heads(program: &Program, start: u32) -> u128 {
    let mut waiting = Vec::new();
    program.follow(start, &mut waiting);
    let mut heads = 0;
    for first in 0..10 {
        let after_first = program.advance(&waiting, first);
        let matched =
            after_first.iter().any(|&step| matches!(program.steps[step as usize], Step::Match { .. }));
        for second in 0..10 {
            if matched || !program.advance(&after_first, second).is_empty() {
                heads |= 1 << (first * 10 + second);
            }
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, digits: &str) -> Option<Slots> {
        Prefix::new(pattern).and_then(|prefix| prefix.find(digits.as_bytes()))
    }

    #[test]
    fn prefers_what_is_written_first() {
        assert_eq!(found("0|00", "001"), Some([0, 1, UNSET, UNSET, UNSET, UNSET]));
        assert_eq!(found("00|0", "001"), Some([0, 2, UNSET, UNSET, UNSET, UNSET]));
        assert_eq!(found("0(?:1)??", "011"), Some([0, 1, UNSET, UNSET, UNSET, UNSET]));
        assert_eq!(found("[01]*1", "0110"), Some([0, 3, UNSET, UNSET, UNSET, UNSET]));
    }

    #[test]
    fn captures_groups() {
        assert_eq!(found("0(?:(1[25])(\\d{2,3}))?", "0125678"), Some([0, 6, 1, 3, 3, 6]));
        assert_eq!(found("0(?:(1[25])(\\d{2,3}))?", "0135678"), Some([0, 1, UNSET, UNSET, UNSET, UNSET]));
        assert_eq!(found("([2-9]\\d{3})$|1", "2345"), Some([0, 4, 0, 4, UNSET, UNSET]));
        assert_eq!(found("([2-9]\\d{3})$|1", "23456"), None);
    }

    #[test]
    fn refuses_what_metadata_does_not_hold() {
        assert!(Prefix::new("a").is_none());
        assert!(Prefix::new("\\b0").is_none());
        assert!(Prefix::new("(?:0*)*").is_none());
    }
}
