//! An approval right after the dry run is the plain import, byte for byte; and whatever changed in between, it writes no
//! row whose answer differs from the one that was shown.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::names::ImportId;
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

use crate::undo_properties::{Row, config, course, file, options, people, row, unstamped, world};

const FILES: [&str; 3] = ["succeeded.csv", "failed.csv", "changes.csv"];

fn dry_run(world: &World, rows: &[Row], options: &[(&str, &str)], course: &Course) -> ImportId {
    let options: Vec<_> = options.iter().copied().chain([("dry_run", "true")]).collect();
    world.import("prospects", &file(rows), &options, course)
}

fn papers(world: &World, import: &ImportId) -> Vec<Option<String>> {
    FILES.iter().map(|name| world.paper(import, name)).collect()
}

/// What happens between a dry run and its approval.
#[derive(Debug, Clone)]
enum Between {
    Import(Vec<Row>),
    Group,
    Account,
    Suppression(u8),
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        3 => vec(row(), 1..8).prop_map(Between::Import),
        1 => Just(Between::Group),
        1 => Just(Between::Account),
        1 => (0..6_u8).prop_map(Between::Suppression),
    ]
}

fn happen(world: &World, between: &Between) {
    match between {
        Between::Import(rows) => {
            world.import("prospects", &file(rows), &[], &Course::default());
        }
        Between::Group => world.directory("groups", "name\nNowhere\n"),
        Between::Account => {
            world.directory("accounts", "account_id,name,email,activity\na9,Newest,p1@mail.example,9\n")
        }
        Between::Suppression(person) => {
            let list = format!("email\np{person}@mail.example\n");
            world.load_of("acme", DropTarget::Directory("suppressions".parse().unwrap()), list.as_bytes());
        }
    }
}

/// The lines of a result file by their row, without the header.
fn lines(world: &World, import: &ImportId, name: &str) -> BTreeMap<String, String> {
    let rows = world.rows(import, name).into_iter();
    rows.map(|row| (row["rollcall_row"].clone(), format!("{row:?}"))).collect()
}

fn changed(world: &World, import: &ImportId) -> BTreeSet<String> {
    let text = world.paper(import, "changes.csv").unwrap_or_default();
    text.lines().skip(1).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn approved_at_once_it_is_the_plain_import(
        earlier in vec(row(), 0..8),
        rows in vec(row(), 1..20),
        options in options(),
        courses in (course(), course(), course()),
    ) {
        let (plain, world) = (world(), world());
        for world in [&plain, &world] {
            world.import("prospects", &file(&earlier), &[], &Course::default());
        }
        let import = plain.import("prospects", &file(&rows), &options, &courses.0);
        let before = world.shown("partners");
        let dry = dry_run(&world, &rows, &options, &courses.1);
        prop_assert_eq!(papers(&plain, &import), papers(&world, &dry));
        let approved = world.request(DropTarget::Approve(dry.clone()), &courses.2);
        let is_refused = |world: &World, import: &ImportId| world.summary(import).status.as_str() == "refused";
        prop_assert_eq!(is_refused(&plain, &import), is_refused(&world, &approved));
        if is_refused(&plain, &import) {
            prop_assert_eq!(before, world.shown("partners"));
        } else {
            prop_assert_eq!(papers(&plain, &import), papers(&world, &approved));
            prop_assert_eq!(plain.summary(&import).rows, world.summary(&approved).rows);
            prop_assert_eq!(unstamped(&people(&plain.shown("partners"))), unstamped(&people(&world.shown("partners"))));
        }
    }

    #[test]
    fn whatever_changed_meanwhile_nothing_is_written_that_was_not_shown(
        earlier in vec(row(), 0..8),
        rows in vec(row(), 1..20),
        options in options(),
        between in vec(between(), 1..3),
        courses in (course(), course()),
    ) {
        let world = world();
        world.import("prospects", &file(&earlier), &[], &Course::default());
        let dry = dry_run(&world, &rows, &options, &courses.0);
        between.iter().for_each(|between| happen(&world, between));
        let before = people(&world.shown("partners"));
        let approved = world.request(DropTarget::Approve(dry.clone()), &courses.1);
        let summary = world.summary(&approved);
        prop_assert!(summary.rows.sum_holds());
        let (shown, written) = (lines(&world, &dry, "succeeded.csv"), lines(&world, &approved, "succeeded.csv"));
        for (row, line) in &written {
            prop_assert_eq!(shown.get(row), Some(line));
        }
        // Every other row is in the other file with a reason: its own, or that its answer is another one.
        let failed = world.rows(&approved, "failed.csv");
        prop_assert!(failed.iter().all(|row| !row["rollcall_errors"].is_empty()), "{failed:?}");
        let shown: BTreeSet<String> =
            shown.into_keys().chain(lines(&world, &dry, "failed.csv").into_keys()).collect();
        let answered: BTreeSet<String> =
            written.into_keys().chain(failed.iter().map(|row| row["rollcall_row"].clone())).collect();
        // A dry run that was refused has nothing to approve.
        prop_assert!(answered == shown || summary.status.as_str() == "refused");
        prop_assert!(changed(&world, &approved).is_subset(&changed(&world, &dry)));
        // Contacts of no written row are as they were.
        let ids: BTreeSet<String> =
            world.rows(&approved, "succeeded.csv").iter().map(|row| row["rollcall_contact_id"].clone()).collect();
        let after = people(&world.shown("partners"));
        let others = |people: &BTreeMap<String, _>| {
            people.iter().filter(|(id, _)| !ids.contains(*id)).map(|(id, person)| (id.clone(), format!("{person:?}"))).collect::<Vec<_>>()
        };
        prop_assert_eq!(others(&before), others(&after));
    }
}
