//! AWS under load, simulated at AWS's own rates: nothing is abandoned, nothing is written twice, and the table is busy.

use rollcall_domain::types::outcome::Status;
use rollcall_tests::cloud::{Dropped, Outcome, Scenario, own_time, simulate};

/// Every import completed, and nobody had to look after one.
fn all_completed(outcome: &Outcome) {
    assert_eq!(outcome.unended, 0, "{:?}", outcome.counts);
    for import in &outcome.imports {
        assert_eq!(import.summary.status, Status::Completed, "{:?}", outcome.counts);
        assert_eq!(import.summary.rows.unprocessed, 0);
    }
    for never in ["dead chunks", "workers that ran out of time", "findings of the sweep"] {
        assert_eq!(outcome.count(never), 0, "{never}: {:?}", outcome.counts);
    }
}

#[test]
fn a_first_import_on_a_new_table_takes_the_tables_own_time() {
    let outcome = simulate(&Scenario { lost: 0, ..Scenario::of(200_000, 200, false) }, 3);
    all_completed(&outcome);
    // A chunk that stops half-way has some batches under way, which are written again: at most eight of 25 rows.
    assert!(outcome.written < 206_000, "{}", outcome.written);
    let ratio = outcome.imports[0].seconds / own_time(200_000, false);
    // Of less than a minute of writing, start and end are a large part; the example `load` prints the larger ones.
    assert!(ratio < 2.0, "{ratio}: {:?}", outcome.counts);
}

#[test]
fn lost_answers_change_nothing() {
    let outcome = simulate(&Scenario { lost: 2_000, ..Scenario::of(100_000, 200, true) }, 3);
    all_completed(&outcome);
    assert!(outcome.count("chunks that failed") > 0, "{:?}", outcome.counts);
}

#[test]
fn a_simulation_is_the_same_each_time() {
    let run = || {
        let outcome = simulate(&Scenario { lost: 3_000, ..Scenario::of(40_000, 200, false) }, 3);
        (outcome.counts, outcome.written, outcome.imports[0].seconds)
    };
    assert_eq!(run(), run());
}

#[test]
fn ten_rows_do_not_wait_behind_a_million_of_another_program() {
    let file = |after, program: &str, rows| Dropped { after, program: program.to_owned(), rows };
    let files = vec![file(0, "large", 400_000), file(20, "small", 400)];
    let outcome = simulate(&Scenario { files, lost: 0, ..Scenario::of(0, 400, false) }, 3);
    all_completed(&outcome);
    let small = outcome.imports.iter().find(|import| import.program == "small").expect("it ended");
    // All workers are at work on the other one: for a minute at most.
    assert!(small.seconds < 90.0, "{} s", small.seconds);
    assert_eq!(outcome.imports[0].program, "small");
}
