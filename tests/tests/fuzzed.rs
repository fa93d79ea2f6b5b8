//! The targets of fuzzing, for a moment: fixtures and other seeds, changed in a few places, and any bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use rollcall_tests::mutate::{Dice, mutate};
use rollcall_tests::{seeds, targets};

/// Runs a target on its seeds as they are, then changed.
fn run(name: &str, times: usize) {
    let (_, target) = targets::ALL.into_iter().find(|(own, _)| *own == name).expect("there is such a target");
    let (seeds, mut dice) = (seeds::of(name), Dice::new(name.len() as u64));
    assert!(!seeds.is_empty());
    seeds.iter().filter(|seed| seed.len() < 4096).for_each(|seed| target(seed));
    for _ in 0..times {
        let (one, other) = (&seeds[dice.below(seeds.len())], &seeds[dice.below(seeds.len())]);
        target(&mutate(one, other, &mut dice));
    }
}

#[test]
fn decoding_is_the_same_however_it_is_cut() {
    run("decode", 1_000);
}

#[test]
fn splitting_tiles_every_file() {
    run("split", 1_000);
}

#[test]
fn packed_files_are_unpacked_or_refused() {
    run("packed", 300);
}

#[test]
fn workbooks_are_read_or_refused() {
    run("workbook", 300);
}

#[test]
fn profiles_are_read_or_refused() {
    run("profile", 200);
}

#[test]
fn options_are_read_or_refused() {
    run("options", 1_000);
}

#[test]
fn messages_break_no_worker() {
    run("chunk_message", 200);
}

#[test]
fn every_file_is_answered_for() {
    run("round_trip", 100);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken(data in vec(any::<u8>(), 0..400)) {
        targets::decode(&data);
        targets::split(&data);
        targets::packed(&data);
        targets::workbook(&data);
        targets::profile(&data);
        targets::options(&data);
        targets::chunk_message(&data);
    }
}
