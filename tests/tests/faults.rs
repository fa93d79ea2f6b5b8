//! A crash before and after every call of every port, then redelivery: the same outputs, the same contacts, one letter.

use std::collections::VecDeque;

use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::world::{Came, Event, Handled, World};

const ACCOUNTS: &str =
    "account_id,name,email,activity\na1,Globex,ann@globex.example,5\na2,Globex,ann@globex.example,9\n";
const GROUPS: &str = "name\nVIP\nGold\n";

const EARLIER: &str = "Name,E-mail,Group,Note\nAnn,ann@globex.example,Gold,old\nBob,bob@two.example,,same\nEve,eve@six.example,VIP,\n";
/// Repeats across chunks, some over contacts that are there already; refused, blank and unchanged rows.
const LIST: &str = "Name,E-mail,Group,Note\nAnn,ann@globex.example,Nowhere,first\nAnn,ann@globex.example,VIP,new\n\n\
    Bob,bob@two.example,,same\nCy,cy@three.example,VIP,\nAnn,ann@globex.example,Gold,late\nDi,nobody,,\n\
    Cy,cy@three.example,Gold,later\nAnn,ann@globex.example,VIP,again\nEve,eve@six.example,VIP,\nEve,eve@six.example,Gold,x\n";

/// A case: what is dropped, and what is there before.
struct Case {
    name: &'static str,
    profile: &'static str,
    file: &'static str,
    options: &'static [(&'static str, &'static str)],
    chunk_rows: u32,
}

/// What was registered before, and what comes in its place.
const CALLED: &str = "name;phone_1;phone_2\nAnn;11961234567;\nBob;11961234568;\nCy;11961234569;\n";
const TO_CALL: &str = "name;phone_1;phone_2\nAnn;11961234567;11961234570\nDi;11961234571;\nEve;11961234570;\nFay;12;\n\
    Gil;11961234572;\nDi;11961234571;11961234573\n";

const WORKBOOK: &str = "a workbook";

/// The list as it is dropped: a workbook of the same cells in the case of one.
fn dropped_bytes(case: &Case) -> Vec<u8> {
    if case.name != WORKBOOK {
        return case.file.as_bytes().to_vec();
    }
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in (0..).zip(case.file.lines()) {
        for (column, cell) in (0..).zip(line.split(',')).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

const CASES: &[Case] = &[
    Case {
        name: "repeats over known contacts",
        profile: "prospects",
        file: LIST,
        options: &[],
        chunk_rows: 3,
    },
    Case {
        // Its results are workbooks too, whichever finalizer writes them.
        name: WORKBOOK,
        profile: "prospects",
        file: LIST,
        options: &[],
        chunk_rows: 4,
    },
    Case {
        name: "a dry run",
        profile: "prospects",
        file: LIST,
        options: &[("dry_run", "true")],
        chunk_rows: 5,
    },
    Case {
        name: "a refused file",
        profile: "prospects",
        file: "Name,Town\nAnn,Rome\n",
        options: &[],
        chunk_rows: 3,
    },
    Case {
        name: "refused options",
        profile: "prospects",
        file: LIST,
        options: &[("replace", "true")],
        chunk_rows: 3,
    },
    Case {
        name: "a replacing file",
        profile: "mailing",
        file: TO_CALL,
        options: &[("replace", "true")],
        chunk_rows: 2,
    },
    Case {
        name: "a dry run that would replace",
        profile: "mailing",
        file: TO_CALL,
        options: &[("replace", "true"), ("dry_run", "true")],
        chunk_rows: 2,
    },
    Case {
        name: "a gate that opens",
        profile: "prospects",
        file: LIST,
        options: &[("max_rejected", "100%")],
        chunk_rows: 4,
    },
    Case {
        name: "a gate that stays closed",
        profile: "prospects",
        file: LIST,
        options: &[("max_rejected", "0")],
        chunk_rows: 4,
    },
];

fn world(case: &Case) -> (World, Event) {
    let world = World::with_acme();
    if case.profile == "prospects" {
        world.directory("accounts", ACCOUNTS);
        world.directory("groups", GROUPS);
    }
    let earlier = if case.profile == "mailing" { CALLED } else { EARLIER };
    world.and_dropped(case.profile, earlier, dropped_bytes(case), case.options, case.chunk_rows)
}

fn undisturbed(case: &Case) -> (Came, u64) {
    let (world, dropped) = world(case);
    let machine = Machine::sound();
    world.drive([dropped].into(), || machine.clone());
    (end_of(&world), machine.calls())
}

/// What the last import came to; it has ended, with as many letters as it may have.
fn end_of(world: &World) -> Came {
    let item = world.imports.items().pop().unwrap();
    assert!(item.status.is_some(), "the import has not ended");
    assert_eq!(world.letters(&item.import_id), 1 + world.excused_letters.get(), "letters");
    // The webhook is announced at least once, and always the same.
    let mut announced = world.mail.announced();
    announced.retain(|announced| announced.import_id == item.import_id);
    announced.dedup();
    assert_eq!(announced.len(), 1, "announcements");
    world.came(&item.import_id)
}

#[test]
fn a_crash_at_any_call_changes_nothing() {
    for case in CASES {
        let (wanted, calls) = undisturbed(case);
        assert!(calls > 10, "{}: {calls} calls", case.name);
        assert_eq!(wanted.artifacts.contains_key("failed.xlsx"), case.name == WORKBOOK);
        for (call, side) in (0..calls).flat_map(|call| [(call, Side::Before), (call, Side::After)]) {
            let (world, dropped) = world(case);
            let machine = Machine::dying_at(call, side);
            let left = world.drive_to_death(dropped, &machine);
            assert!(machine.is_dead() && !left.is_empty(), "{}: no crash at call {call}", case.name);
            world.clock.advance(61_000);
            world.drive(left, Machine::sound);
            assert_eq!(end_of(&world), wanted, "{}: crash {side:?} call {call}", case.name);
        }
    }
}

#[test]
fn result_files_that_were_begun_early_are_the_same() {
    // A gated import begins its files after the decision.
    let plain =
        |case: &&Case| case.options.iter().all(|(name, _)| !["max_rejected", "replace"].contains(name));
    for case in CASES.iter().filter(plain) {
        let (wanted, _) = undisturbed(case);
        for (begun, give_answers) in (0..6).flat_map(|begun| [(begun, false), (begun, true)]) {
            let (world, dropped) = world(case);
            let ended = world.drive_with_files_begun(dropped, begun, give_answers);
            assert_eq!(end_of(&world), wanted, "{}: {begun} chunks ahead", case.name);
            assert!(
                ended || wanted.artifacts["upload.json"].contains("\"accepted\": false"),
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn a_crash_that_loses_the_queue_is_mended_by_the_drop_alone() {
    for case in &CASES[..2] {
        let (wanted, calls) = undisturbed(case);
        for (call, side) in (0..calls).flat_map(|call| [(call, Side::Before), (call, Side::After)]) {
            let (world, dropped) = world(case);
            world.drive_to_death(dropped.clone(), &Machine::dying_at(call, side));
            world.clock.advance(61_000);
            world.drive([dropped].into(), Machine::sound);
            assert_eq!(end_of(&world), wanted, "{}: crash {side:?} call {call}", case.name);
        }
    }
}

#[test]
fn calls_that_fail_again_and_again_change_nothing() {
    for case in CASES {
        let (wanted, _) = undisturbed(case);
        for seed in 1..9 {
            let (world, dropped) = world(case);
            let machine = Machine::stumbling(seed);
            world.drive([dropped].into(), || machine.clone());
            assert_eq!(end_of(&world), wanted, "{}: seed {seed}", case.name);
        }
    }
}

#[test]
fn a_second_delivery_of_everything_changes_nothing() {
    for case in CASES {
        let (wanted, _) = undisturbed(case);
        let (world, dropped) = world(case);
        let mut all = vec![dropped.clone()];
        let mut events = VecDeque::from([dropped]);
        while let Some(event) = events.pop_front() {
            let (handled, caused) = world.handle(&Machine::sound(), event);
            assert_eq!(handled, Handled::Done);
            all.extend(caused.clone());
            events.extend(caused);
        }
        let before = end_of(&world);
        assert_eq!(before, wanted);
        world.clock.advance(3_600_000);
        world.drive(all.into(), Machine::sound);
        assert_eq!(end_of(&world), wanted, "{}", case.name);
    }
}

#[test]
fn the_cases_are_what_they_say() {
    let ends: Vec<(String, usize)> = (CASES.iter())
        .map(|case| {
            let (world, dropped) = world(case);
            world.drive([dropped].into(), Machine::sound);
            let import = world.imports.items().pop().unwrap().import_id;
            (world.summary(&import).status.as_str().to_owned(), world.came(&import).contacts.len())
        })
        .collect();
    let wanted = [
        ("completed_with_errors", 4),
        ("completed_with_errors", 4),
        ("completed_with_errors", 3),
        ("refused", 3),
        ("refused", 3),
        ("completed_with_errors", 3),
        ("completed_with_errors", 3),
        ("completed_with_errors", 4),
        ("refused", 3),
    ];
    assert_eq!(ends, wanted.map(|(status, contacts)| (status.to_owned(), contacts)));
}

#[test]
fn what_was_judged_stays_judged_though_the_directory_changes() {
    let case = &CASES[0];
    let (_, calls) = undisturbed(case);
    let mut decided = 0;
    for call in 0..calls {
        let (world, dropped) = world(case);
        let left = world.drive_to_death(dropped.clone(), &Machine::dying_at(call, Side::After));
        let import = world.imports.items().pop().map(|item| item.import_id);
        let first = import.as_ref().and_then(|import| world.paper(import, "chunks/0"));
        world.clock.advance(61_000);
        world.directory("groups", "name\nNowhere\n");
        world.drive(left, Machine::sound);
        let import = import.unwrap_or_else(|| world.imports.items().pop().unwrap().import_id);
        if let Some(first) = first {
            assert_eq!(world.paper(&import, "chunks/0"), Some(first), "call {call}");
            assert_eq!(world.rows(&import, "failed.csv")[0]["rollcall_errors"], "group:group_unknown");
            decided += 1;
        }
    }
    assert!(decided > 5);
}

#[test]
fn an_import_that_fails_replaces_nothing_and_says_what_it_did() {
    let case = CASES.iter().find(|case| case.name == "a replacing file").unwrap();
    let (world, dropped) = world(case);
    let before = world.contacts_of("mailing");
    let (_, mut chunks) = world.handle(&Machine::sound(), dropped);
    let import = world.imports.items().pop().unwrap().import_id;
    chunks.truncate(2);
    world.drive(chunks.into(), Machine::sound);
    world.abandon(&import, "the object\nis gone");
    let summary = world.summary(&import);
    assert_eq!(summary.status.as_str(), "failed");
    assert_eq!(summary.error.as_deref(), Some("the object is gone"));
    // Nothing of a replace is written before all chunks are judged: its accepted rows are unprocessed too.
    assert_eq!((summary.rows.read, summary.rows.unprocessed), (6, 4));
    assert!(summary.rows.sum_holds());
    let after = world.contacts_of("mailing");
    assert!(before.iter().all(|(id, ..)| after.iter().any(|(still, ..)| still == id)), "nothing is replaced");
    assert_eq!(world.letters(&import), 1);
    assert_eq!(world.rows(&import, "succeeded.csv").len() as u64, summary.rows.accepted());
}

#[test]
fn an_import_that_fails_before_it_has_a_plan_answers_all_the_same() {
    let (world, dropped) = world(&CASES[0]);
    let (_, calls) = undisturbed(&CASES[0]);
    for call in 1..calls.min(12) {
        let (world, dropped) = self::world(&CASES[0]);
        world.drive_to_death(dropped, &Machine::dying_at(call, Side::Before));
        let import = world.imports.items().pop().unwrap().import_id;
        world.clock.advance(61_000);
        world.abandon(&import, "nobody could read it");
        let summary = world.summary(&import);
        assert_eq!(summary.status.as_str(), "failed", "call {call}");
        assert!(summary.rows.sum_holds());
        assert!(
            world.paper(&import, "upload.json").is_some() && world.paper(&import, "report.html").is_some()
        );
        assert_eq!(world.letters(&import), 1);
    }
    assert_eq!(world.handle(&Machine::sound(), dropped).0, Handled::Done);
}
