//! A crash before and after every call of every port, then redelivery: the same outputs, the same contacts, one letter.

use std::collections::VecDeque;

use rollcall_domain::keys::What;
use rollcall_domain::plan::ChunkSize;
use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::house::Course;
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
    file: &'static str,
    options: &'static [(&'static str, &'static str)],
    chunk_rows: u32,
}

const CASES: &[Case] = &[
    Case { name: "repeats over known contacts", file: LIST, options: &[], chunk_rows: 3 },
    Case { name: "a dry run", file: LIST, options: &[("dry_run", "true")], chunk_rows: 5 },
    Case { name: "one chunk", file: LIST, options: &[], chunk_rows: 100 },
    Case { name: "a refused file", file: "Name,Town\nAnn,Rome\n", options: &[], chunk_rows: 3 },
    Case { name: "refused options", file: LIST, options: &[("replace", "true")], chunk_rows: 3 },
];

fn world(case: &Case) -> (World, Event) {
    let mut world = World::with_acme();
    world.directory("accounts", ACCOUNTS);
    world.directory("groups", GROUPS);
    world.import("prospects", EARLIER.as_bytes(), &[], &Course::default());
    world.size = ChunkSize { rows: case.chunk_rows, ..ChunkSize::default() };
    let dropped = world.drop_file(
        "acme",
        What::Profile("prospects".parse().unwrap()),
        case.file.as_bytes(),
        case.options,
    );
    (world, dropped)
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
    world.came(&item.import_id)
}

/// Drives an import until the machine dies; answers what is left on the queue.
fn drive_to_death(world: &World, dropped: Event, machine: &Machine) -> VecDeque<Event> {
    let mut events = VecDeque::from([dropped]);
    while let Some(event) = events.pop_front() {
        let (handled, caused) = world.handle(machine, event.clone());
        events.extend(caused);
        if handled == Handled::Again {
            events.push_front(event);
            return events;
        }
    }
    events
}

#[test]
fn a_crash_at_any_call_changes_nothing() {
    for case in CASES {
        let (wanted, calls) = undisturbed(case);
        assert!(calls > 10, "{}: {calls} calls", case.name);
        for (call, side) in (0..calls).flat_map(|call| [(call, Side::Before), (call, Side::After)]) {
            let (world, dropped) = world(case);
            let machine = Machine::dying_at(call, side);
            let left = drive_to_death(&world, dropped, &machine);
            assert!(machine.is_dead() && !left.is_empty(), "{}: no crash at call {call}", case.name);
            world.clock.advance(61_000);
            world.drive(left, Machine::sound);
            assert_eq!(end_of(&world), wanted, "{}: crash {side:?} call {call}", case.name);
        }
    }
}

#[test]
fn a_crash_that_loses_the_queue_is_mended_by_the_drop_alone() {
    for case in &CASES[..2] {
        let (wanted, calls) = undisturbed(case);
        for (call, side) in (0..calls).flat_map(|call| [(call, Side::Before), (call, Side::After)]) {
            let (world, dropped) = world(case);
            drive_to_death(&world, dropped.clone(), &Machine::dying_at(call, side));
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
        for seed in 1..12 {
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
