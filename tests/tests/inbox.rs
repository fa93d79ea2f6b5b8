//! The inbox against the imports: a file whose event was lost is found. And the number of dry runs of a day.

use jiff::SignedDuration;
use pollster::block_on;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::inbox::without_import;
use rollcall_pipeline::ports::Clock;
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

const HOUR: i64 = 3_600_000;
const FILE: &[u8] = b"Name,E-mail\nAnn,ann@one.example\n";

fn lost(world: &World) -> Vec<String> {
    let settled = SignedDuration::from_hours(1);
    let lost = block_on(without_import(&world.objects, &world.imports, &world.clock, settled)).unwrap();
    lost.into_iter().map(|object| object.key).collect()
}

fn put(world: &World, key: &str) {
    world.objects.drop_bytes(key, FILE.to_vec(), world.clock.now());
}

#[test]
fn a_file_without_an_import_is_found_once_it_is_settled() {
    let world = World::with_acme();
    world.import("prospects", FILE, &[], &Course::default());
    let keys = ["inbox/acme/leads/lost.csv", "inbox/acme/prospects/dry-run/lost.csv"];
    keys.iter().for_each(|key| put(&world, key));
    // These start no import, or are no drops.
    for key in [
        "inbox/acme/prospects/list.csv.part",
        "inbox/acme/prospects/list.csv.options.toml",
        "inbox/acme/cancel/20261121T080000000Z-aaaaaaaaaa",
        "sources/acme/partners/list.csv",
        "elsewhere/list.csv",
    ] {
        put(&world, key);
    }
    // Its event may still be on its way.
    assert_eq!(lost(&world), [""; 0]);
    world.clock.advance(HOUR + 1);
    assert_eq!(lost(&world), keys);
    // Of the days before nobody knows whether their imports are still in the table.
    world.clock.advance(47 * HOUR);
    assert_eq!(lost(&world), [""; 0]);
}

#[test]
fn what_was_found_is_imported_and_not_found_again() {
    let world = World::with_acme();
    let dry_run = world.import("prospects", FILE, &[("dry_run", "true")], &Course::default());
    let key = format!("inbox/acme/approve/{dry_run}");
    put(&world, &key);
    world.clock.advance(2 * HOUR);
    assert_eq!(lost(&world), [key]);
    // Approved by an earlier object: this one has no import of its own, and needs none.
    world.put(&format!("imports/acme/{dry_run}/approval"), "20261121T080000000Z-aaaaaaaaaa");
    assert_eq!(lost(&world), [""; 0]);
}

fn refused(world: &World, import: &ImportId) -> bool {
    world.summary(import).errors.iter().any(|error| error.code == Code::QuotaExceeded)
}

#[test]
fn dry_runs_beyond_the_number_of_a_day_are_refused() {
    let world = World::with_acme();
    world.imports.set_dry_runs_per_day(2);
    let run = |option: &str| world.import("prospects", FILE, &[("dry_run", option)], &Course::default());
    // One that shows nobody does not count, nor does an import.
    let refused_file =
        world.import("prospects", b"colour\nred\n", &[("dry_run", "true")], &Course::default());
    assert!(!refused(&world, &refused_file));
    assert!(!refused(&world, &run("false")));
    let first = [run("true"), run("true")];
    assert!(first.iter().all(|import| !refused(&world, import)));
    let third = run("true");
    assert!(refused(&world, &third));
    let summary = world.summary(&third);
    assert_eq!((summary.status.as_str(), summary.rows.read), ("refused", 0));
    assert!(world.paper(&third, "report.html").unwrap().contains("2 a day"));
    assert_eq!(world.letters(&third), 1);
    // Imports are not limited, and the next day is another.
    assert!(!refused(&world, &run("false")));
    world.clock.advance(24 * HOUR);
    assert!(!refused(&world, &run("true")));
}
