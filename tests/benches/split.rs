//! G1: cutting a file into record-exact chunks, against counting its newlines with memchr.
//!
//! The yardstick does less than is needed (it is wrong on newlines within quotes), and is about as fast as memory.
#![allow(clippy::print_stdout, reason = "a bench prints what it measures")]

use std::hint::black_box;
use std::time::Instant;

use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::split::{RecordEnd, Splitter, Tail};
use rollcall_domain::file::write::write_guarded_cell;
use rollcall_tests::list;

const ROWS: usize = list::ROWS as usize;
const CHUNK_ROWS: usize = 1_000;
/// What a caller reads at once.
const PIECE: usize = 256 * 1024;
const ROUNDS: usize = 9;

fn main() {
    let mut file = Vec::new();
    list::contacts(&mut file, list::ROWS).expect("memory takes all");
    let text = std::str::from_utf8(&file).expect("the bench writes UTF-8");
    let newlines = count_newlines(&file);
    let chunks = cut(&file);
    let records: usize = chunks.iter().map(|chunk| chunk.rows).sum();
    assert_eq!(records, ROWS + 1);
    assert_eq!(chunks.last().map(|chunk| chunk.end), Some(file.len()));
    println!(
        "{records} records, {} MB, {} newlines within quotes",
        file.len() / 1_000_000,
        newlines - records
    );

    let (mut cutting, mut counting) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        cutting.push(seconds(|| cut(black_box(&file)).len()));
        counting.push(seconds(|| count_newlines(black_box(&file))));
    }
    let (cutting, counting) = (median(cutting), median(counting));
    println!("ratio within the cache, where memory is no part of it: {:.2}", ratio_in_cache(&file[..PIECE]));
    let cells = median((0..5).map(|_| seconds(|| length(black_box(text), &chunks))).collect());
    let written = median((0..5).map(|_| seconds(|| rewrite(black_box(text), &chunks))).collect());
    println!(
        "cells of a record: {:.0} ns, and written again: {:.0} ns more",
        nanoseconds(cells),
        nanoseconds(written - cells)
    );
    println!("cut into chunks: {:.1} M rows/s", ROWS as f64 / cutting / 1e6);
    println!("memchr {} newline count: {:.1} M rows/s", memchr_version(), ROWS as f64 / counting / 1e6);
    println!("G1 ratio (goal 1.6, bar 3): {:.2}", cutting / counting);
}

/// Splits and counts one piece again and again.
fn ratio_in_cache(piece: &[u8]) -> f64 {
    let (mut splitting, mut counting, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS * 50 {
        ends.clear();
        splitting.push(seconds(|| Splitter::new(b',').feed(black_box(piece), &mut ends)));
        counting.push(seconds(|| count_newlines(black_box(piece))));
    }
    median(splitting) / median(counting)
}

/// A run of whole records.
struct Chunk {
    end: usize,
    rows: usize,
}

/// Cuts a file into chunks of whole records, reading it piece by piece.
fn cut(file: &[u8]) -> Vec<Chunk> {
    let (mut splitter, mut ends, mut chunks) = (Splitter::new(b','), Vec::new(), Vec::new());
    let (mut rows, mut base) = (0, 0);
    for piece in file.chunks(PIECE) {
        ends.clear();
        splitter.feed(piece, &mut ends);
        let mut rest: &[RecordEnd] = &ends;
        while rows + rest.len() >= CHUNK_ROWS {
            let (chunk, after) = rest.split_at(CHUNK_ROWS - rows);
            let end = chunk.last().map_or(0, |last| last.end);
            chunks.push(Chunk { end: base + end, rows: CHUNK_ROWS });
            (rest, rows) = (after, 0);
        }
        rows += rest.len();
        base += piece.len();
    }
    assert_eq!(splitter.finish(), Tail::Nothing);
    chunks.push(Chunk { end: file.len(), rows });
    chunks
}

fn count_newlines(file: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', file).count()
}

/// Parses every record and writes its cells as a result file's.
fn rewrite(text: &str, chunks: &[Chunk]) -> usize {
    let (mut out, mut total) = (Vec::new(), 0);
    parse(text, chunks, |cells| {
        out.clear();
        for cell in cells.iter() {
            write_guarded_cell(&mut out, cell, b',');
            out.push(b',');
        }
        total += out.len();
    });
    total
}

/// Finds the peer's version in the lock file, the one that was built.
fn memchr_version() -> &'static str {
    let (_, after) = include_str!("../../Cargo.lock").split_once("name = \"memchr\"\n").unwrap_or_default();
    after.split('"').nth(1).unwrap_or("of unknown version")
}

/// Shows every record's cells.
fn parse(text: &str, chunks: &[Chunk], mut see: impl FnMut(&Cells)) {
    let (mut cells, mut ends, mut start) = (Cells::default(), Vec::new(), 0);
    for chunk in chunks {
        let (piece, mut record) = (&text[start..chunk.end], 0);
        ends.clear();
        Splitter::new(b',').feed(piece.as_bytes(), &mut ends);
        for end in &ends {
            cells.parse(&piece[record..end.end - usize::from(end.terminator)], b',');
            see(&cells);
            record = end.end;
        }
        start = chunk.end;
    }
}

fn length(text: &str, chunks: &[Chunk]) -> usize {
    let mut total = 0;
    parse(text, chunks, |cells| total += cells.iter().map(str::len).sum::<usize>());
    total
}

fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64()
}

/// What a row takes, of what all take.
fn nanoseconds(seconds: f64) -> f64 {
    seconds / ROWS as f64 * 1e9
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
