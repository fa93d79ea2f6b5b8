//! Imports into one pool of a program take turns, in the order of their ids; others wait for nobody.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::collections::VecDeque;

use pollster::block_on;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::{Cancel, Drop};
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::queue::LocalQueue;
use rollcall_pipeline::cancel::{Cancelled, cancel};
use rollcall_pipeline::lane::announce;
use rollcall_pipeline::pause::follow_requests;
use rollcall_pipeline::phase::{Phase, phase};
use rollcall_pipeline::ports::{Clock, Imports, Objects, Ports};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::resume::resume;
use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::test_host::{Course, shuffle};
use rollcall_tests::world::{Came, Event, Handled, World, event_of};

/// Files over the same people: each changes what the one before wrote, one person is in several rows.
fn file(number: usize) -> String {
    let mut file = "Name,E-mail,Group,Note\n".to_owned();
    for person in 0..6 {
        let note = if (number + person).is_multiple_of(3) { String::new() } else { format!("n{number}") };
        let group = if number.is_multiple_of(2) { "VIP" } else { "" };
        file.push_str(&format!("P{person} of {number},p{person}@mail.example,{group},{note}\n"));
    }
    file.push_str(&format!("New {number},new{number}@mail.example,,\nP0,p0@mail.example,Gold,late\n"));
    file
}

fn world() -> World {
    let world = World { size: ChunkSize { rows: 3, ..ChunkSize::default() }, ..World::with_acme() };
    world.directory("groups", "name\nVIP\nGold\n");
    world
}

/// Drops a file under a name of its own; its event.
fn drop_named(world: &World, key: &str, file: &str) -> Event {
    world.clock.advance(1);
    world.objects.drop_bytes(key, file.as_bytes().to_vec(), world.clock.now());
    Event::Dropped(block_on(world.objects.describe(key)).unwrap().unwrap(), Vec::new())
}

fn drop_number(world: &World, number: usize) -> Event {
    drop_named(world, &format!("inbox/acme/prospects/list-{number}.csv"), &file(number))
}

fn acme() -> ProgramName {
    ProgramName::parse("acme").unwrap()
}

/// Asks to pause the program, or to resume it.
fn ask(world: &World, what: &str) {
    world.clock.advance(1_000);
    world.objects.drop_bytes(&format!("inbox/acme/{what}"), Vec::new(), world.clock.now());
    assert_eq!(block_on(follow_requests(&world.objects, &acme())).unwrap(), what == "pause");
}

/// Lets an import join its lane, as its event does on AWS before a later one is followed.
fn join(world: &World, event: &Event) -> ImportId {
    let Event::Dropped(object, given) = event else { unreachable!("a file was dropped") };
    let drop = Drop::parse(&object.key).unwrap();
    let item = new_item(world.objects.bucket(), &drop, object.clone(), given.clone(), world.clock.now());
    block_on(announce(&world.objects, &world.imports, item)).unwrap().import_id
}

/// The artifacts of imports and the contacts at the end, by file.
fn ends(world: &World, imports: &[ImportId]) -> Vec<Came> {
    imports.iter().for_each(|import| assert_eq!(world.letters(import), 1, "one letter"));
    imports.iter().map(|import| world.came(import)).collect()
}

/// Imports the files one after the other.
fn in_a_row(files: usize) -> Vec<Came> {
    let world = world();
    let mut imports = Vec::new();
    for number in 0..files {
        let event = drop_number(&world, number);
        imports.push(join(&world, &event));
        world.drive([event].into(), Machine::sound);
    }
    ends(&world, &imports)
}

fn last_of(world: &World) -> ImportId {
    world.imports.items().last().unwrap().import_id.clone()
}

#[test]
fn ten_files_dropped_at_once_are_as_ten_in_a_row() {
    let expected = in_a_row(10);
    for seed in 0..8 {
        let world = world();
        let mut events: Vec<Event> = (0..10).map(|number| drop_number(&world, number)).collect();
        let imports: Vec<ImportId> = events.iter().map(|event| join(&world, event)).collect();
        shuffle(&mut events, seed);
        let mut queue = VecDeque::from(events);
        let mut rounds = 0;
        while !queue.is_empty() {
            rounds += 1;
            assert!(rounds < 1_000, "an import never ends");
            // Whatever is on the queue comes in any order.
            let mut mixed: Vec<Event> = queue.drain(..).collect();
            shuffle(&mut mixed, seed * 31 + rounds);
            let (handled, caused) = world.handle(&Machine::sound(), mixed[0].clone());
            assert_eq!(handled, Handled::Done);
            queue.extend(mixed.drain(1..).chain(caused));
        }
        let came = ends(&world, &imports);
        for (at, (came, expected)) in came.iter().zip(&expected).enumerate() {
            assert_eq!(came.artifacts, expected.artifacts, "seed {seed}, file {at}");
        }
        assert_eq!(came[9].contacts, expected[9].contacts, "seed {seed}");
    }
}

#[test]
fn a_crash_at_any_call_loses_no_turn() {
    let expected = in_a_row(2);
    let begun = || {
        let world = world();
        let events: Vec<Event> = (0..2).map(|number| drop_number(&world, number)).collect();
        let imports: Vec<ImportId> = events.iter().map(|event| join(&world, event)).collect();
        (world, VecDeque::from(events), imports)
    };
    for side in [Side::Before, Side::After] {
        for call in 0.. {
            let (world, events, imports) = begun();
            let machine = Machine::dying_at(call, side);
            // The machine dies at this call, whatever it does then; all others are sound.
            let mut dead = false;
            world.drive(events, || {
                if dead || machine.is_dead() {
                    dead = true;
                    return Machine::sound();
                }
                machine.clone()
            });
            let came = ends_with(&world, &imports);
            assert_eq!(came[1].contacts, expected[1].contacts, "{side:?} call {call}");
            for (came, expected) in came.iter().zip(&expected) {
                assert_eq!(came.artifacts, expected.artifacts, "{side:?} call {call}");
            }
            if !machine.is_dead() {
                break;
            }
        }
    }
}

/// As [`ends`], where the machine may have died while it sent an e-mail.
fn ends_with(world: &World, imports: &[ImportId]) -> Vec<Came> {
    let letters: usize = imports.iter().map(|import| world.letters(import)).sum();
    assert_eq!(letters, imports.len() + world.excused_letters.get(), "letters");
    imports.iter().map(|import| world.came(import)).collect()
}

#[test]
fn who_waits_says_so_and_others_wait_for_nobody() {
    let world = world();
    let sound = Machine::sound();
    let phase_of = |import: &ImportId| {
        let item = block_on(world.imports.get(import)).unwrap().unwrap();
        block_on(phase(&world.objects, &world.imports, &item)).unwrap()
    };
    let (_, first) = world.handle(&sound, drop_number(&world, 0));
    let first_import = last_of(&world);
    assert_eq!(phase_of(&first_import), Phase::Working);
    let (_, none) = world.handle(&sound, drop_number(&world, 1));
    let second_import = last_of(&world);
    assert!(none.is_empty() && phase_of(&second_import) == Phase::Waiting, "{none:?}");

    // Another pool, a dry run and a refused file end meanwhile.
    for (key, file) in [
        ("inbox/acme/mailing/calls.csv", "name;phone_1\nAnn;11961234567\n"),
        ("inbox/acme/prospects/dry-run/list.csv", &*file(3)),
        ("inbox/acme/prospects/refused.csv", "Town\nRome\n"),
    ] {
        let event = drop_named(&world, key, file);
        world.drive([event].into(), || sound.clone());
        assert_eq!(phase_of(&last_of(&world)), Phase::Over, "{key}");
    }
    world.drive(first.into(), || sound.clone());
    assert_eq!((phase_of(&first_import), phase_of(&second_import)), (Phase::Over, Phase::Over));
}

#[test]
fn an_option_that_makes_a_dry_run_lets_the_others_pass() {
    let world = world();
    let Event::Dropped(object, _) = drop_number(&world, 0) else { unreachable!("a file was dropped") };
    let dry = Event::Dropped(object, vec![("dry_run".to_owned(), "true".to_owned())]);
    let real = drop_number(&world, 1);
    let (dry_run, import) = (join(&world, &dry), join(&world, &real));
    let (_, none) = world.handle(&Machine::sound(), real);
    assert!(none.is_empty(), "the earlier one is not known to write nothing");
    // Its survey shows that it writes nothing: the turn is the other one's before a chunk of it is worked.
    let (_, mut caused) = world.handle(&Machine::sound(), dry);
    caused.retain(|event| matches!(event, Event::Turn(_)));
    world.drive(caused.into(), Machine::sound);
    let over = |import: &ImportId| block_on(world.imports.get(import)).unwrap().unwrap().status.is_some();
    assert!(over(&import) && !over(&dry_run));
}

#[test]
fn a_late_chunk_of_an_import_that_failed_writes_nothing() {
    let world = world();
    let (_, chunks) = world.handle(&Machine::sound(), drop_number(&world, 0));
    let failed = last_of(&world);
    world.abandon(&failed, "the object is gone");
    let event = drop_number(&world, 1);
    world.drive([event].into(), Machine::sound);
    let before = world.contacts_of("partners");
    world.drive(chunks.into(), Machine::sound);
    assert_eq!(world.contacts_of("partners"), before);
    assert_eq!(world.summary(&failed).status.as_str(), "failed");
}

#[test]
fn an_import_of_which_a_worker_holds_a_chunk_fails_only_afterwards() {
    let world = world();
    let (_, chunks) = world.handle(&Machine::sound(), drop_number(&world, 0));
    let Event::Chunk(chunk) = &chunks[1] else { unreachable!("a chunk was sent") };
    let (import, now) = (chunk.import_id.clone(), world.clock.now());
    let lease = now + jiff::SignedDuration::from_secs(60);
    block_on(world.imports.take(&import, chunk.chunk, now, lease)).unwrap();
    let ports = world.ports(&LocalQueue::with_room(0));
    let ended = |ports| {
        let lease = jiff::SignedDuration::from_secs(60);
        block_on(rollcall_pipeline::finalize::finalize(ports, &world.mail, lease, &import, Some("gone")))
    };
    use rollcall_pipeline::finalize::Finalized;
    assert_eq!(ended(&ports).unwrap(), Finalized::Busy);
    world.clock.advance(61_000);
    assert!(matches!(ended(&ports).unwrap(), Finalized::Over(_)));
}

#[test]
fn a_paused_program_waits_and_goes_on_where_it_was() {
    let expected = in_a_row(2);
    let world = world();
    let acme = acme();
    let (first, second) = (drop_number(&world, 0), drop_number(&world, 1));
    let imports = [join(&world, &first), join(&world, &second)];
    let (_, mut chunks) = world.handle(&Machine::sound(), first);
    world.handle(&Machine::sound(), chunks.remove(1));
    world.clock.advance(1);
    world.objects.drop_bytes("inbox/acme/pause", Vec::new(), world.clock.now());
    assert!(block_on(follow_requests(&world.objects, &acme)).unwrap());
    chunks.push(second);
    for event in chunks {
        assert_eq!(world.handle(&Machine::sound(), event), (Handled::Done, Vec::new()));
    }
    let items = world.imports.items();
    assert!(items.iter().rev().take(2).all(|item| item.status.is_none()));
    let item = block_on(world.imports.get(&imports[0])).unwrap().unwrap();
    assert_eq!(block_on(phase(&world.objects, &world.imports, &item)).unwrap(), Phase::Paused);

    world.clock.advance(86_400_000);
    world.objects.drop_bytes("inbox/acme/resume", Vec::new(), world.clock.now());
    assert!(!block_on(follow_requests(&world.objects, &acme)).unwrap());
    let queue = LocalQueue::with_room(usize::MAX);
    let Ports { objects, imports: states, queue: sent, clock, .. } = &world.ports(&queue);
    assert_eq!(block_on(resume(objects, states, sent, clock, &acme, world.size)).unwrap(), 2);
    world.drive(std::iter::from_fn(|| queue.try_receive()).map(event_of).collect(), Machine::sound);
    let came = ends(&world, &imports);
    assert_eq!(came[0].artifacts, expected[0].artifacts);
    assert_eq!(came[1], expected[1]);
}

/// Something happens to an import between two of its steps; `at` says before which: the split, or the n-th event after it,
/// or the end. What it came to, and how many rows were not processed.
fn disturbed(at: usize, disturb: impl Fn(&World, &ImportId)) -> (Came, u64) {
    let world = world();
    let dropped = drop_number(&world, 0);
    let import = join(&world, &dropped);
    let mut events = VecDeque::from([dropped]);
    for step in 0.. {
        if step == at {
            disturb(&world, &import);
        }
        let Some(event) = events.pop_front() else { break };
        let (handled, caused) = world.handle(&Machine::sound(), event);
        assert_eq!(handled, Handled::Done);
        events.extend(caused);
    }
    let summary = world.summary(&import);
    assert!(summary.rows.sum_holds(), "{at}: {summary:?}");
    assert_eq!(world.letters(&import), 1, "{at}");
    (world.came(&import), summary.rows.unprocessed)
}

/// Of three chunks the steps are: the split, three chunks, and the finalizer.
#[test]
fn a_cancel_comes_before_the_plan_between_chunks_after_the_last_and_twice() {
    let (whole, _) = disturbed(usize::MAX, |_, _| {});
    let asked = |world: &World, import: &ImportId| {
        let request = Cancel { program: acme(), import_id: import.clone() };
        block_on(cancel(&world.objects, &world.imports, &request)).unwrap()
    };
    for (at, status, unprocessed) in [
        (0, "cancelled", 8),
        (1, "cancelled", 8),
        (2, "cancelled", 5),
        (3, "cancelled", 2),
        (4, "", 0),
        (5, "", 0),
    ] {
        let (came, left) = disturbed(at, |world, import| {
            for _ in 0..2 {
                let over = matches!(asked(world, import), Cancelled::Over(_));
                assert_eq!(over, at == 5, "{at}");
            }
        });
        assert_eq!(left, unprocessed, "{at}");
        let summary: String = came.artifacts["summary.json"].clone();
        assert_eq!(summary.contains("\"cancelled\""), at <= 3, "{at}: {summary}");
        if status.is_empty() {
            assert_eq!(came.contacts, whole.contacts, "{at}");
            assert_eq!(came.artifacts["succeeded.csv"], whole.artifacts["succeeded.csv"], "{at}");
        }
    }
}

#[test]
fn a_pause_amid_the_end_of_an_import_changes_nothing() {
    let (whole, _) = disturbed(usize::MAX, |_, _| {});
    // All chunks are closed, and the finalizer's message is on its way; or the import is over.
    for at in [4, 5] {
        let (came, _) = disturbed(at, |world, _| ask(world, "pause"));
        assert_eq!(came, whole, "{at}");
    }
    // A finalizer that died, and comes again in the pause.
    let world = world();
    let dropped = drop_number(&world, 0);
    let import = join(&world, &dropped);
    let (_, chunks) = world.handle(&Machine::sound(), dropped);
    let mut ends = Vec::new();
    for chunk in chunks {
        ends.extend(world.handle(&Machine::sound(), chunk).1);
    }
    let machine = Machine::dying_at(12, Side::After);
    world.handle(&machine, ends[0].clone());
    assert!(machine.is_dead());
    ask(&world, "pause");
    world.clock.advance(61_000);
    world.drive(VecDeque::from([ends.remove(0)]), Machine::sound);
    assert_eq!(world.came(&import), whole);
    ask(&world, "resume");
    let queue = LocalQueue::with_room(usize::MAX);
    let Ports { objects, imports, queue: sent, clock, .. } = &world.ports(&queue);
    assert_eq!(block_on(resume(objects, imports, sent, clock, &acme(), world.size)).unwrap(), 0);
}

/// The plan is the snapshot: settings that are written after it change nothing, and an import without a plan follows those
/// that stand when it is split.
#[test]
fn an_import_may_be_older_than_the_settings_of_its_program() {
    let newer = "title = 'Renamed'\nregion = 'DE'\nlocale = 'de'\nnotify = ['new@acme.example']\n";
    let write = |world: &World, _: &ImportId| world.put("settings/acme.toml", newer);
    let (whole, _) = disturbed(usize::MAX, |_, _| {});
    for at in 1..=5 {
        assert_eq!(disturbed(at, write).0, whole, "{at}");
    }
    let (split_later, _) = disturbed(0, write);
    let as_if_first = {
        let world = world();
        world.put("settings/acme.toml", newer);
        let event = drop_number(&world, 0);
        join(&world, &event);
        world.drive(VecDeque::from([event]), Machine::sound);
        world.came(&last_of(&world))
    };
    assert_eq!(split_later, as_if_first);
}

/// An item of the directory would grow without bound: the key matches nothing, and says so.
#[test]
fn a_match_key_that_fifty_thousand_accounts_share_matches_nothing() {
    let world = World::with_acme();
    let mut accounts =
        "account_id,name,email,website,phone,document,region,activity,created_at,partner_of\n".to_owned();
    for account in 0..50_000 {
        accounts.push_str(&format!(
            "A{account},Shop {account},a{account}@shops.example,https://shared.example,,,,1,2020-01-01,\n"
        ));
    }
    world.directory("accounts", &accounts);
    let file = b"name,email,website\nAnn,ann@mail.example,https://shared.example\nBob,a7@shops.example,https://shared.example\n";
    let import = world.import("prospects", file, &[], &Course::default());
    let rows = world.rows(&import, "succeeded.csv");
    assert_eq!(rows[0]["rollcall_warnings"], "website:candidates_too_many");
    assert_eq!(rows[0]["rollcall_account_id"], "");
    assert_eq!(rows[1]["rollcall_account_id"], "A7");
}
