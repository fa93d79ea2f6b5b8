//! The splitter's fast path: 64 bytes at a time with AVX2 and carry-less multiplication.
//!
//! The prefix parity of the quotes shows which bytes are within quotes. That is exact as long as each quote that
//! opens by parity follows a delimiter, a line end, or the quote that closed just before (a doubled quote): by
//! induction, parity and the state machine then agree at every quote. The state machine handles a block that breaks
//! this rule (a quote within an unquoted cell) or begins after a CR without its LF, and passes its state on to the
//! next block.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use crate::file::split::{CR, LF, QUOTE, RecordEnd, Splitter, State};

const BLOCK: usize = 64;
/// Bytes between the current block and the prefetched one: measurements from 1 to 8 KiB were much the same.
const AHEAD: usize = 4096;
/// Blocks scanned before their records are reported: two small loops fit the registers, one big loop does not.
const GROUP: usize = 32;

/// Whether this machine has the instructions; the standard library caches the result.
pub(super) fn supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("bmi1")
}

/// Scans all whole blocks of the input and returns their number of bytes.
pub(super) fn scan(splitter: &mut Splitter, input: &[u8], ends: &mut Vec<RecordEnd>) -> usize {
    assert!(supported());
    let mut at = 0;
    loop {
        // SAFETY: `supported` has checked every feature that `scan_regular` is compiled for.
        at = unsafe { scan_regular(splitter, input, at, ends) };
        let Some(irregular) = input.get(at..at + BLOCK) else { return at };
        splitter.scan(irregular, at, ends);
        at += BLOCK;
    }
}

/// Scans blocks from `at` on, up to one that parity cannot decide, or to the last whole one.
#[target_feature(enable = "avx2,pclmulqdq,popcnt,bmi1")]
fn scan_regular(splitter: &mut Splitter, input: &[u8], mut at: usize, ends: &mut Vec<RecordEnd>) -> usize {
    let needles = Needles::new(splitter.delimiter);
    let mut found = [LineEnds::default(); GROUP];
    let (blocks, _) = input[at..].as_chunks::<BLOCK>();
    for group in blocks.chunks(GROUP) {
        let mut carry = Carry::of(splitter);
        let regular = carry.find(&needles, group, &mut found);
        if regular > 0 {
            carry.hand_over(splitter, group[regular - 1][BLOCK - 1]);
            report(splitter, &found[..regular], at, ends);
            at += regular * BLOCK;
        }
        if regular < group.len() {
            break;
        }
    }
    at
}

/// Reports the records that end in some blocks; the first block is `at` bytes into the input.
#[inline]
#[target_feature(enable = "popcnt,bmi1")]
fn report(splitter: &mut Splitter, found: &[LineEnds], mut at: usize, ends: &mut Vec<RecordEnd>) {
    let (mut lines, mut record_lines) = (splitter.lines, splitter.record_lines);
    for block in found {
        let mut records = block.records;
        while records != 0 {
            let bit = records.trailing_zeros();
            let through = records ^ (records - 1);
            let ended = lines + u64::from((block.lines & through).count_ones());
            ends.push(RecordEnd {
                end: at + bit as usize + 1,
                lines: (ended - record_lines) as u32,
                terminator: 1 + (block.pairs >> bit & 1) as u8,
            });
            record_lines = ended;
            records &= records - 1;
        }
        lines += u64::from(block.lines.count_ones());
        at += BLOCK;
    }
    (splitter.lines, splitter.record_lines) = (lines, record_lines);
}

/// The state that one block passes to the next.
struct Carry {
    /// All ones within quotes, else 0.
    inside: u64,
    /// 1 after a byte that a quote may follow to open a cell.
    opener: u64,
    /// 1 after a CR whose line has not been ended.
    cr: u64,
}

impl Carry {
    fn of(splitter: &Splitter) -> Self {
        Self {
            inside: if splitter.state == State::Quoted { u64::MAX } else { 0 },
            opener: matches!(splitter.state, State::CellStart | State::Closed).into(),
            cr: splitter.held_cr.into(),
        }
    }

    fn hand_over(&self, splitter: &mut Splitter, last: u8) {
        splitter.held_cr = self.cr != 0;
        splitter.state = match last {
            _ if self.inside != 0 => State::Quoted,
            QUOTE => State::Closed,
            LF | CR => State::CellStart,
            _ if last == splitter.delimiter => State::CellStart,
            _ => State::Plain,
        };
    }

    /// Finds the line ends of blocks, and counts the blocks before the first that is not regular.
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq,bmi1")]
    fn find(&mut self, needles: &Needles, blocks: &[[u8; BLOCK]], found: &mut [LineEnds; GROUP]) -> usize {
        for (number, (block, found)) in blocks.iter().zip(found).enumerate() {
            fetch_ahead(block);
            let masks = needles.find(block);
            let inside = prefix_parity(masks.quotes) ^ self.inside;
            let stray = masks.quotes & inside & !(masks.openers << 1 | self.opener);
            let held = self.cr & !masks.lf;
            if stray | held != 0 {
                return number;
            }
            found.lines = masks.lf | (masks.cr & !(masks.lf >> 1) & !(1 << 63));
            found.records = found.lines & !inside;
            found.pairs = masks.lf & (masks.cr << 1 | self.cr);
            self.inside = ((inside as i64) >> 63) as u64;
            self.opener = masks.openers >> 63;
            self.cr = masks.cr >> 63;
        }
        blocks.len()
    }
}

/// The line ends of a block, each bit at the last byte of one.
#[derive(Clone, Copy, Default)]
struct LineEnds {
    /// All physical lines, except for a CR at the block's very end, which is held back.
    lines: u64,
    /// Those that end a record.
    records: u64,
    /// Those of two bytes.
    pairs: u64,
}

/// The places of the bytes of interest in a block, one bit per byte, the first byte lowest.
struct Masks {
    quotes: u64,
    lf: u64,
    cr: u64,
    /// Bytes after which a quote may open: delimiters, line ends, quotes.
    openers: u64,
}

/// The bytes to look for, each in every lane.
struct Needles {
    delimiter: __m256i,
    quote: __m256i,
    lf: __m256i,
    cr: __m256i,
}

impl Needles {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(delimiter: u8) -> Self {
        Self {
            delimiter: _mm256_set1_epi8(delimiter as i8),
            quote: _mm256_set1_epi8(QUOTE as i8),
            lf: _mm256_set1_epi8(LF as i8),
            cr: _mm256_set1_epi8(CR as i8),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn find(&self, block: &[u8; BLOCK]) -> Masks {
        let (low, high) = load(block);
        let equal = |needle| (_mm256_cmpeq_epi8(low, needle), _mm256_cmpeq_epi8(high, needle));
        let (quotes, lf, cr) = (equal(self.quote), equal(self.lf), equal(self.cr));
        let openers = either(either(equal(self.delimiter), quotes), either(lf, cr));
        Masks { quotes: mask(quotes), lf: mask(lf), cr: mask(cr), openers: mask(openers) }
    }
}

/// Prefetches bytes that will be needed soon: the hardware prefetcher stops while records are reported between
/// groups.
#[inline]
fn fetch_ahead(block: &[u8; BLOCK]) {
    let ahead = block.as_ptr().wrapping_add(AHEAD).cast();
    // SAFETY: a prefetch is a hint; it reads nothing and cannot fault, wherever it points.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &[u8; BLOCK]) -> (__m256i, __m256i) {
    let start = block.as_ptr().cast::<__m256i>();
    // SAFETY: a block is two vectors of 32 bytes, and an unaligned load has no further requirement.
    unsafe { (_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))) }
}

type Pair = (__m256i, __m256i);

#[inline]
#[target_feature(enable = "avx2")]
fn either(a: Pair, b: Pair) -> Pair {
    (_mm256_or_si256(a.0, b.0), _mm256_or_si256(a.1, b.1))
}

#[inline]
#[target_feature(enable = "avx2")]
fn mask(lanes: Pair) -> u64 {
    let (low, high) = (_mm256_movemask_epi8(lanes.0), _mm256_movemask_epi8(lanes.1));
    u64::from(low as u32) | u64::from(high as u32) << 32
}

/// Sets each bit to the parity of the bits up to and including it.
#[inline]
#[target_feature(enable = "pclmulqdq")]
fn prefix_parity(bits: u64) -> u64 {
    let product = _mm_clmulepi64_si128(_mm_set_epi64x(0, bits as i64), _mm_set1_epi8(-1), 0);
    _mm_cvtsi128_si64(product) as u64
}
