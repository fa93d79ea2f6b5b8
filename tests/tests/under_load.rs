//! AWS under load, simulated at AWS's own rates: nothing is abandoned, nothing is written twice, and the table is busy.

use std::time::Duration;

use pollster::block_on;
use rollcall_domain::types::outcome::Status;
use rollcall_embedded::queue::LocalQueue;
use rollcall_pipeline::ports::{Objects, Ports};
use rollcall_pipeline::split::{Split, split_import};
use rollcall_tests::cloud::{Dropped, Outcome, Scenario, Trouble, own_time, simulate};
use rollcall_tests::slow::SlowReads;
use rollcall_tests::world::World;

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

fn lost(lost: u64) -> Trouble {
    Trouble { lost, ..Trouble::default() }
}

#[test]
fn a_first_import_on_a_new_table_takes_the_tables_own_time() {
    let outcome = simulate(&Scenario::of(200_000, 200, false), 3);
    all_completed(&outcome);
    // A chunk that stops half-way has some batches under way, which are written again: at most eight of 25 rows.
    assert!(outcome.written < 206_000, "{}", outcome.written);
    let ratio = outcome.imports[0].seconds / own_time(200_000, false);
    // Of less than a minute of writing, start and end are a large part; the example `load` prints the larger ones.
    assert!(ratio < 2.0, "{ratio}: {:?}", outcome.counts);
}

#[test]
fn lost_answers_change_nothing() {
    let outcome = simulate(&Scenario::of(100_000, 200, true).but(lost(25)), 3);
    all_completed(&outcome);
    assert!(outcome.count("chunks that failed") > 0, "{:?}", outcome.counts);
}

#[test]
fn a_simulation_is_the_same_each_time() {
    let run = || {
        let outcome = simulate(&Scenario::of(40_000, 200, false).but(lost(3_000)), 3);
        (outcome.counts, outcome.written, outcome.imports[0].seconds)
    };
    assert_eq!(run(), run());
}

#[test]
fn ten_rows_do_not_wait_behind_a_million_of_another_program() {
    let files = vec![Dropped::of(0, "large", 400_000, 0), Dropped::of(20, "small", 400, 1)];
    let outcome = simulate(&Scenario::with(files, 400, false), 3);
    all_completed(&outcome);
    let small = outcome.imports.iter().find(|import| import.program == "small").expect("it ended");
    // All workers are at work on the other one: for a minute at most.
    assert!(small.seconds < 90.0, "{} s", small.seconds);
    assert_eq!(outcome.imports[0].program, "small");
}

/// Seconds from the drop to the e-mail, by program.
fn seconds(outcome: &Outcome, program: &str) -> f64 {
    let import = outcome.imports.iter().find(|import| import.program == program);
    import.map_or(f64::NAN, |import| import.seconds)
}

/// Each of these ended in the dead-letter queue, in the sweep, or hours later.
#[test]
fn trouble_of_every_kind_loses_nothing() {
    type Check = fn(&Outcome);
    let two = |rows, list| vec![Dropped::of(0, "acme", rows, 0), Dropped::of(60, "acme", rows, list)];
    let cases: [(&str, Scenario, Check); 7] = [
        (
            "a mail service that takes nothing for two minutes",
            Scenario::of(20_000, 200, true).but(Trouble { no_mail: 0..120, ..Trouble::default() }),
            |outcome| {
                assert!(seconds(outcome, "acme") < 300.0, "{:?}", outcome.imports);
                assert_eq!(outcome.count("e-mails"), 1);
            },
        ),
        (
            "a table that refuses half of all calls, whatever the pace",
            Scenario::of(200_000, 200, true).but(Trouble { refused: 50, ..Trouble::default() }),
            |outcome| assert!(seconds(outcome, "acme") < 150.0, "{:?}", outcome.imports),
        ),
        (
            "a table that takes nothing for an hour",
            Scenario::of(100_000, 250, false).but(Trouble { away: 8..3_608, ..Trouble::default() }),
            |outcome| assert!(seconds(outcome, "acme") < 4_200.0, "{:?}", outcome.imports),
        ),
        (
            "a queue that is three hours deep, and a few rows of others behind it",
            Scenario {
                files: vec![
                    Dropped::of(0, "acme", 560_000, 0),
                    Dropped::of(600, "acme", 2_000, 1),
                    Dropped::of(600, "other", 200, 2),
                ],
                workers: 2,
                ..Scenario::of(0, 100, false).but(Trouble { limit: Some(50), ..Trouble::default() })
            },
            |outcome| {
                assert!(outcome.imports.iter().any(|import| import.seconds > 3.0 * 3_600.0));
                assert!(seconds(outcome, "other") < 600.0, "{:?}", outcome.imports);
            },
        ),
        (
            "a splitter that is killed at fourteen minutes, amid its messages",
            Scenario::of(850_000, 1_000, true).but(Trouble {
                splitter_dies: Some(840),
                link: 0.005,
                ..Trouble::default()
            }),
            |outcome| assert_eq!(outcome.count("splitters that ran out of time"), 1, "{:?}", outcome.counts),
        ),
        (
            "the same rows twice (seventeen million: `load twice`)",
            Scenario::with(two(400_000, 0), 400, false),
            |outcome| {
                let rows = |at: usize| outcome.imports[at].summary.rows;
                assert_eq!((rows(0).created, rows(1).unchanged), (1_000, 1_000));
                assert!(outcome.written < 440_000, "the second time nothing is written: {}", outcome.written);
            },
        ),
        (
            "two files of one pool at once, and lost answers",
            Scenario::with(two(100_000, 1), 400, true).but(lost(60)),
            |outcome| assert_eq!(outcome.imports.len(), 2),
        ),
    ];
    for (what, scenario, check) in cases {
        let outcome = simulate(&scenario, 8);
        println!("{what}: {:?}", outcome.counts);
        assert_eq!(outcome.unended, 0, "{what}: {:?}", outcome.counts);
        for import in &outcome.imports {
            assert_eq!(import.summary.status, Status::Completed, "{what}: {:?}", outcome.counts);
            assert_eq!(import.summary.rows.unprocessed, 0, "{what}");
        }
        assert_eq!(outcome.count("dead chunks"), 0, "{what}: {:?}", outcome.counts);
        check(&outcome);
    }
}

/// Six pieces of four mebibytes are read twice, by the survey and by the cut: one after the other that takes thirteen reads.
#[test]
fn a_file_is_read_ahead_while_it_is_worked_on() {
    const READ: Duration = Duration::from_millis(100);
    let world = World::with_acme();
    let note = "x".repeat(20_000);
    let rows = (0..1_200).map(|row| format!("N{row},p{row}@mail.example,{note}\n"));
    let key = "inbox/acme/prospects/list.csv";
    world.put(key, &rows.fold("Name,E-mail,Remark\n".to_owned(), |file, row| file + &row));
    let object = block_on(world.objects.describe(key)).unwrap().unwrap();
    let queue = LocalQueue::with_room(2_000);
    let Ports { directory, contacts, imports, queue, clock, .. } = world.ports(&queue);
    let objects = SlowReads(world.objects.clone(), READ);
    let ports = Ports { objects, directory, contacts, imports, queue, clock };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let (split, took) = runtime.unwrap().block_on(async {
        let began = tokio::time::Instant::now();
        let split = split_import(&ports, object, Vec::new(), world.size).await;
        (split.unwrap(), began.elapsed())
    });
    assert!(matches!(split, Split::Sent(_)), "{split:?}");
    assert!(took <= READ * 8, "{took:?}");
}
