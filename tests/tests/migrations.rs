//! Scheduled migrations: new files under a prefix are imported once each, and one that does not come is told.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::collections::VecDeque;

use pollster::block_on;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_pipeline::migrate::{Expected, Looked, Migration, look};
use rollcall_pipeline::ports::{ImportItem, Imports};
use rollcall_pipeline::split::split_again;
use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::world::{Event, World};

const AT: &str = "2026-11-21T08:00:00Z";

fn world() -> World {
    let world = World::with_acme();
    world.directory("groups", "name,workflow,accept\nOld,welcome,at_once\n");
    world
}

fn migration() -> Migration {
    let source = "sources/acme/".to_owned();
    let (program, profile) = ("acme".parse().unwrap(), "partners".parse().unwrap());
    Migration { program, profile, source, dry_run: false, expected: None }
}

fn put(world: &World, key: &str, who: &str, at: &str) {
    let file = format!("name,email,group\n{who},{who}@one.example,Old\n");
    world.objects.drop_bytes(key, file.into_bytes(), at.parse().unwrap());
}

fn looked(world: &World, migration: &Migration) -> Looked {
    block_on(look(&world.objects, &world.imports, &world.clock, migration)).unwrap()
}

/// Splits a found object on a machine; whether it went through, and what it sent.
fn split(world: &World, machine: &Machine, item: ImportItem) -> (bool, VecDeque<Event>) {
    let queue = LocalQueue::with_room(usize::MAX);
    let (objects, imports) = (machine.port(world.objects.clone()), machine.port(world.imports.clone()));
    let split = block_on(split_again(
        &objects,
        &imports,
        &machine.port(queue.clone()),
        &world.clock,
        item,
        world.size,
    ));
    let event = |message| match message {
        Message::Chunk(chunk) => Event::Chunk(chunk),
        Message::Finalize(_, import) => Event::Finalize(import),
        Message::Turn(import) => Event::Turn(import),
    };
    (split.is_ok(), std::iter::from_fn(|| queue.try_receive()).map(event).collect())
}

/// Looks, and imports what is new.
fn migrate(world: &World, migration: &Migration) -> Vec<ImportId> {
    let new = looked(world, migration).new;
    let import = |item: ImportItem| {
        let import_id = item.import_id.clone();
        let (_, events) = split(world, &Machine::sound(), item);
        world.drive(events, Machine::sound);
        import_id
    };
    new.into_iter().map(import).collect()
}

#[test]
fn new_files_are_imported_once_each() {
    let world = world();
    put(&world, "sources/acme/one.csv", "ann", AT);
    put(&world, "sources/acme/old/two.csv", "bob", AT);
    put(&world, "sources/acme/.hidden", "eve", AT);
    put(&world, "sources/acme/one.csv.part", "eve", AT);
    put(&world, "sources/other/three.csv", "eve", AT);
    let first = migrate(&world, &migration());
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|import| world.summary(import).rows.created == 1));
    assert_eq!(migrate(&world, &migration()), []);

    // One that comes late, though it is older than the last look; one that is overwritten; one that goes.
    put(&world, "sources/acme/late.csv", "cy", "2026-01-01T00:00:00Z");
    put(&world, "sources/acme/one.csv", "dora", AT);
    world.objects.remove("sources/acme/old/two.csv");
    assert_eq!(migrate(&world, &migration()).len(), 2);
    assert_eq!(migrate(&world, &migration()), []);
    assert_eq!(world.contacts_of("partners").len(), 4);
    assert!(first.iter().all(|import| world.letters(import) == 1));
}

/// The function dies at every call in turn: what it noted is the sweep's, everything else the next look finds.
#[test]
fn a_look_that_dies_loses_nothing() {
    for call in 1.. {
        let world = world();
        put(&world, "sources/acme/one.csv", "ann", AT);
        put(&world, "sources/acme/two.csv", "bob", AT);
        let first = looked(&world, &migration()).new.remove(0);
        let (done, mut events) = split(&world, &Machine::dying_at(call, Side::After), first.clone());
        for item in looked(&world, &migration()).new {
            events.extend(split(&world, &Machine::sound(), item).1);
        }
        // As the sweep does with what is noted and hangs.
        if let Some(noted) = block_on(world.imports.get(&first.import_id)).unwrap() {
            events.extend(split(&world, &Machine::sound(), noted).1);
        }
        world.drive(events, Machine::sound);
        assert_eq!(looked(&world, &migration()).new, [], "call {call}");
        assert_eq!(world.contacts_of("partners").len(), 2, "call {call}");
        assert_eq!(world.letters(&first.import_id), 1, "call {call}");
        if done {
            break;
        }
    }
}

#[test]
fn a_file_that_does_not_come_is_a_failed_import_with_one_letter() {
    let world = world();
    put(&world, "sources/acme/old.csv", "ann", "2026-11-20T07:59:59Z");
    migrate(&world, &migration());
    let expected = Some(Expected { by: AT.parse().unwrap(), within_hours: 24 });
    let expecting = Migration { expected, ..migration() };
    let (item, why) = looked(&world, &expecting).missing.expect("it is too old");
    // The same hour asked for twice is the same import.
    assert_eq!(looked(&world, &expecting).missing.unwrap().0.import_id, item.import_id);
    block_on(world.imports.begin(item.clone())).unwrap();
    for _ in 0..2 {
        world.abandon(&item.import_id, &why);
    }
    let summary = world.summary(&item.import_id);
    assert_eq!((summary.status.as_str(), summary.head.profile.as_str()), ("failed", "partners"));
    assert!(
        world.paper(&item.import_id, "summary.json").unwrap().contains("no file came under sources/acme/")
    );
    assert_eq!(world.letters(&item.import_id), 1);

    put(&world, "sources/acme/new.csv", "bob", "2026-11-20T08:00:00Z");
    let in_time = looked(&world, &expecting);
    assert!(in_time.missing.is_none() && in_time.new.len() == 1);
}

#[test]
fn a_migration_is_data_and_checked() {
    let read = |text: &str| serde_json::from_str::<Migration>(text);
    let whole = read(
        r#"{"rollcall": "migrate", "program": "acme", "profile": "partners", "source": "sources/acme/",
            "expected": {"by": "2026-11-21T08:00:00Z", "within_hours": 24}}"#,
    );
    let expected = Some(Expected { by: AT.parse().unwrap(), within_hours: 24 });
    assert_eq!(whole.unwrap(), Migration { expected, ..migration() });
    assert!(read(r#"{"program": "Acme!", "profile": "partners", "source": "sources/"}"#).is_err());
    for (source, valid) in [("sources/acme/", true), ("sources/", false), ("inbox/acme/", false), ("", false)]
    {
        assert_eq!(Migration { source: source.to_owned(), ..migration() }.check().is_ok(), valid, "{source}");
    }
}
