//! No input takes more than a hundred times as long as a clean one of its size, whatever it holds.

use std::time::{Duration, Instant};

use rollcall_tests::hostile;
use rollcall_tests::invariants;
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

const TIMES: u32 = 100;

/// How long an import takes.
fn time(profile: &str, bytes: &[u8]) -> Duration {
    let world = World::with_acme();
    let start = Instant::now();
    let import = world.import(profile, bytes, &[], &Course::default());
    let took = start.elapsed();
    invariants::answered_once(&world, &import);
    took
}

fn check(size: usize) {
    let clean = time("prospects", &hostile::clean(size));
    let mut slow = Vec::new();
    for (name, profile, make) in hostile::KINDS {
        let bytes = make(size);
        let took = time(profile, &bytes);
        // A file that is packed is as large as it is sent.
        let allowed = clean.mul_f64((bytes.len() as f64 / size as f64).max(0.2)) * TIMES;
        println!("{name}: {} bytes, {took:?}, a clean one {clean:?}", bytes.len());
        if took > allowed {
            slow.push(format!("{name}: {took:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}, a clean one {clean:?}");
}

#[test]
fn no_small_input_takes_a_hundred_times_as_long_as_a_clean_one() {
    // Large enough that what grows a hundredfold is more than any packed file may unpack to.
    check(170_000);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p rollcall-tests --test all costs -- --ignored --nocapture"]
fn no_input_of_ten_megabytes_takes_a_hundred_times_as_long_as_a_clean_one() {
    let told = std::env::var("ROLLCALL_COST_BYTES").ok().and_then(|bytes| bytes.parse().ok());
    check(told.unwrap_or(10_000_000));
}
