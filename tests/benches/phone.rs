//! G5: rlibphonenumber against our phone cleaning, countries mixed.
#![allow(clippy::print_stdout)] // What a bench finds, it prints.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rollcall_domain::clean::{Region, clean_phone};
use rollcall_tests::phones::{PhoneCell, PhoneCells, judged};

const PEER: &str = "rlibphonenumber";
const SEED: u64 = 20_210_901;
const CELLS: usize = 50_000;
const ROUNDS: usize = 7;

struct Case {
    cell: PhoneCell,
    region: Option<Region>,
}

fn main() {
    println!("peer: {PEER} {}", peer_version());
    let odd = ratio("any cells, valid or not", PhoneCells::any);
    let usual = ratio("usual cells", PhoneCells::usual);
    println!("G5 ratio on any cells: {odd:.1}");
    println!("G5 ratio: {usual:.1}");
}

/// Reads the version that the workspace is locked to.
fn peer_version() -> &'static str {
    let lock = include_str!("../../Cargo.lock");
    let entry = lock.split_once("name = \"rlibphonenumber\"\nversion = \"").map_or("", |(_, entry)| entry);
    entry.split('"').next().unwrap_or_default()
}

fn ratio(name: &str, make: impl Fn(&mut PhoneCells) -> PhoneCell) -> f64 {
    let mut cells = PhoneCells::new(SEED);
    let cases: Vec<_> = (0..CELLS)
        .map(|_| {
            let cell = make(&mut cells);
            let region = cell.region.and_then(|region| Region::parse(&region.as_region_str()));
            Case { cell, region }
        })
        .collect();
    let (ours_valid, peer_valid) = (ours(&cases), theirs(&cases));
    assert_eq!(ours_valid.1, peer_valid.1, "the two do not agree");
    let (mut ours_times, mut peer_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours_times.push(ours(&cases).0);
        peer_times.push(theirs(&cases).0);
    }
    let (ours, peer) = (median(ours_times), median(peer_times));
    println!("{name}: {} of {CELLS} valid, ours {ours:.0} ns, {PEER} {peer:.0} ns a cell", peer_valid.1);
    peer / ours
}

fn ours(cases: &[Case]) -> (Duration, usize) {
    let (mut out, mut valid, start) = (String::new(), 0, Instant::now());
    for case in cases {
        let notes = clean_phone(black_box(&case.cell.text), case.region, &mut out);
        valid += usize::from(black_box(notes).is_ok_and(|notes| !notes.legacy_form));
        black_box(&out);
    }
    (start.elapsed(), valid)
}

fn theirs(cases: &[Case]) -> (Duration, usize) {
    let (mut valid, start) = (0, Instant::now());
    for case in cases {
        valid += usize::from(black_box(judged(black_box(&case.cell))).is_some());
    }
    (start.elapsed(), valid)
}

/// Nanoseconds a cell.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_nanos() as f64 / CELLS as f64
}
