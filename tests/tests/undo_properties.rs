//! Import and undo are as if nothing had happened, whatever the file, the options, the order of work and the crashes; and
//! what somebody else wrote in between stays.
//!
//! `ROLLCALL_CASES=2000 cargo test -p rollcall-tests undo_properties` runs them longer.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::names::ImportId;
use rollcall_tests::cases;
use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::test_host::Course;
use rollcall_tests::world::{Shown, World};
use serde_json::Value;

const ACCOUNTS: &str =
    "account_id,name,email,website,activity\na1,Globex,p0@mail.example,,5\na3,Initech,,initech.example,1\n";
const GROUPS: &str = "name\nVIP\nGold\n";
const HEADER: &str = "Name,E-mail,Website,Phone,Group,Note\n";

pub(super) fn config() -> ProptestConfig {
    ProptestConfig { cases: cases(24), failure_persistence: None, ..ProptestConfig::default() }
}

/// A row of prospects: of six people, some of whom come again.
#[derive(Debug, Clone)]
pub(super) struct Row {
    person: u8,
    name: &'static str,
    website: bool,
    phone: &'static str,
    group: &'static str,
    note: &'static str,
}

pub(super) fn row() -> impl Strategy<Value = Row> {
    let name = prop::sample::select(vec!["Ann", "Bob", "=Cy", ""]);
    let phone = prop::sample::select(vec!["", "11961234567", "11961234568", "12"]);
    let group = prop::sample::select(vec!["", "VIP", "Gold", "Nowhere"]);
    let note = prop::sample::select(vec!["", "x", "two\nlines", "say \"so\"", "N/A"]);
    (0..7_u8, name, prop::bool::weighted(0.3), phone, group, note).prop_map(
        |(person, name, website, phone, group, note)| Row { person, name, website, phone, group, note },
    )
}

pub(super) fn file(rows: &[Row]) -> Vec<u8> {
    let line = |row: &Row| {
        let email =
            if row.person == 6 { "nobody".to_owned() } else { format!("p{}@mail.example", row.person) };
        let website = if row.website { "https://initech.example" } else { "" };
        let (name, phone, group, note) = (row.name, row.phone, row.group, row.note.replace('"', "\"\""));
        format!("{name},{email},{website},{phone},{group},\"{note}\"\n")
    };
    std::iter::once(HEADER.to_owned()).chain(rows.iter().map(line)).collect::<String>().into_bytes()
}

/// Options that change what an import writes.
pub(super) fn options() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    prop::sample::select(vec![
        vec![],
        vec![],
        vec![("rows", "2,4,6-9,12")],
        vec![("mode", "create")],
        vec![("mode", "update")],
        vec![("blank", "clear"), ("invalid_optional", "drop")],
        vec![("keep_fields", "note,phone")],
        vec![("clear_word", "x")],
        vec![("max_rejected", "50%")],
        vec![("max_rejected", "0")],
    ])
}

/// How the work is done: size of chunks, order, deliveries.
pub(super) fn course() -> impl Strategy<Value = Course> {
    (1_u32..6, 1_u64..1_000, 1_usize..3).prop_map(|(rows, order, deliveries)| Course {
        size: ChunkSize { rows, ..ChunkSize::default() },
        order,
        deliveries,
    })
}

/// Where a machine dies.
fn crash() -> impl Strategy<Value = (u64, bool)> {
    (0..120_u64, any::<bool>())
}

pub(super) fn world() -> World {
    let world = World::with_acme();
    world.directory("accounts", ACCOUNTS);
    world.directory("groups", GROUPS);
    world
}

fn undo(world: &World, import: &ImportId, course: &Course) -> ImportId {
    world.request(DropTarget::Undo(import.clone()), course)
}

/// Drops a file or a request, and lets the machine die on the way.
fn run_with_crash(
    world: &mut World,
    what: DropTarget,
    file: &[u8],
    options: &[(&str, &str)],
    (size, crash): (ChunkSize, (u64, bool)),
) -> ImportId {
    world.size = size;
    let dropped = world.drop_file("acme", what, file, options);
    let side = if crash.1 { Side::Before } else { Side::After };
    let left = world.drive_to_death(dropped, &Machine::dying_at(crash.0, side));
    world.clock.advance(61_000);
    world.drive(left, Machine::sound);
    world.imports.items().pop().expect("the drop began an import").import_id
}

/// A row of a mailing list.
fn listed() -> impl Strategy<Value = (u8, &'static str, u8)> {
    (0..8_u8, prop::sample::select(vec!["Ann", "Bob", ""]), 0..9_u8)
}

fn list(rows: &[(u8, &'static str, u8)]) -> Vec<u8> {
    let phone = |person: u8| if person < 8 { format!("1196123456{person}") } else { String::new() };
    let line =
        |(person, name, other): &(u8, &str, u8)| format!("{name};{};{}\n", phone(*person), phone(*other));
    std::iter::once("name;phone_1;phone_2\n".to_owned())
        .chain(rows.iter().map(line))
        .collect::<String>()
        .into_bytes()
}

/// What a reader sees of one prospect.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Person {
    fields: BTreeMap<String, String>,
    account: Option<String>,
    groups: BTreeSet<String>,
    import: String,
}

pub(super) fn people(shown: &[Shown]) -> BTreeMap<String, Person> {
    let person = |(id, record, groups, import): &Shown| {
        let record: Value = serde_json::from_str(record).unwrap();
        let person = Person {
            fields: serde_json::from_value(record["fields"].clone()).unwrap(),
            account: record["account_id"].as_str().map(str::to_owned),
            groups: groups.iter().cloned().collect(),
            import: import.to_string(),
        };
        (id.to_string(), person)
    };
    shown.iter().map(person).collect()
}

/// What an undo of `first` leaves: of each part the value before it where nobody changed it since.
fn without_first(
    before: &BTreeMap<String, Person>,
    between: &BTreeMap<String, Person>,
    after: &BTreeMap<String, Person>,
    first: &ImportId,
) -> BTreeMap<String, Person> {
    let mut wanted = after.clone();
    for (id, now) in after {
        let Some(first_wrote) = between.get(id) else { continue };
        let Some(earlier) = before.get(id) else {
            // Created by the first import: gone, unless somebody touched it.
            if now.import == first.as_str() && now.groups == first_wrote.groups {
                wanted.remove(id);
            }
            continue;
        };
        let person = wanted.get_mut(id).unwrap();
        for (field, value) in &now.fields {
            let (old, new) = (earlier.fields.get(field), first_wrote.fields.get(field));
            if old != new && new == Some(value) {
                match old {
                    Some(old) => person.fields.insert(field.clone(), old.clone()),
                    None => person.fields.remove(field),
                };
            }
        }
        if earlier.account != first_wrote.account && now.account == first_wrote.account {
            person.account.clone_from(&earlier.account);
        }
        person.groups.retain(|group| earlier.groups.contains(group) || !first_wrote.groups.contains(group));
    }
    wanted
}

/// Without the imports that wrote them.
pub(super) fn unstamped(people: &BTreeMap<String, Person>) -> BTreeMap<String, Person> {
    let unstamped =
        |(id, person): (&String, &Person)| (id.clone(), Person { import: String::new(), ..person.clone() });
    people.iter().map(unstamped).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn import_and_undo_are_as_if_nothing_had_happened(
        earlier in vec(row(), 0..8),
        rows in vec(row(), 1..20),
        options in options(),
        (one, other) in (course(), course()),
    ) {
        let mut undone = Vec::new();
        for course in [&one, &other] {
            let world = world();
            world.import("prospects", &file(&earlier), &[], &Course::default());
            let before = world.shown("partners");
            let import = world.import("prospects", &file(&rows), &options, course);
            let between = world.shown("partners");
            let dry = world.request_dry(DropTarget::Undo(import.clone()), course);
            prop_assert_eq!(&between, &world.shown("partners"));
            let undo = undo(&world, &import, course);
            prop_assert_eq!(&before, &world.shown("partners"));
            prop_assert_eq!(world.letters(&undo), 1);
            let counts = world.summary(&undo).rows;
            prop_assert!(counts.sum_holds() && counts.undo.unwrap().kept == 0);
            let paper = |import: &ImportId| world.paper(import, "undone.csv").map(|text| text.replace(import.as_str(), ""));
            prop_assert_eq!(paper(&dry), paper(&undo));
            undone.push(paper(&undo));
        }
        prop_assert_eq!(&undone[0], &undone[1]);
    }

    #[test]
    fn a_crash_of_the_import_and_of_the_undo_changes_nothing(
        earlier in vec(row(), 0..8),
        rows in vec(row(), 1..12),
        options in options(),
        chunk_rows in 1_u32..6,
        crashes in (crash(), crash()),
    ) {
        let size = ChunkSize { rows: chunk_rows, ..ChunkSize::default() };
        let calm = world();
        calm.import("prospects", &file(&earlier), &[], &Course::default());
        let import = calm.import("prospects", &file(&rows), &options, &Course { size, ..Course::default() });
        let wanted = undo(&calm, &import, &Course::default());
        let wanted = calm.paper(&wanted, "undone.csv");

        let mut world = world();
        world.import("prospects", &file(&earlier), &[], &Course::default());
        let before = world.shown("partners");
        let what = DropTarget::Profile("prospects".parse().unwrap());
        let import = run_with_crash(&mut world, what, &file(&rows), &options, (size, crashes.0));
        let what = DropTarget::Undo(import);
        let undo = run_with_crash(&mut world, what, b"undo\n", &[], (size, crashes.1));
        prop_assert_eq!(&before, &world.shown("partners"));
        prop_assert_eq!(world.paper(&undo, "undone.csv"), wanted);
        prop_assert_eq!(world.summary(&undo).status.as_str(), "completed");
    }

    #[test]
    fn lists_that_replace_are_undone_too(
        earlier in vec(listed(), 0..6),
        first in vec(listed(), 1..8),
        second in vec(listed(), 1..8),
        (replace_first, replace_second, allow) in any::<(bool, bool, bool)>(),
        (one, other) in (course(), course()),
        crashes in (crash(), crash()),
    ) {
        let flag = |set: bool| if set { "true" } else { "false" };
        let options = |replace: bool| vec![("replace", flag(replace)), ("allow_duplicates", flag(allow))];
        let mut world = World::with_acme();
        world.import("mailing", &list(&earlier), &[], &one);
        let before = world.shown("mailing");
        let import_first = world.import("mailing", &list(&first), &options(replace_first), &other);
        let between = world.shown("mailing");
        let what = || DropTarget::Profile("mailing".parse().unwrap());
        let import_second =
            run_with_crash(&mut world, what(), &list(&second), &options(replace_second), (one.size, crashes.0));
        let target = DropTarget::Undo(import_second);
        run_with_crash(&mut world, target, b"undo\n", &[], (other.size, crashes.1));
        prop_assert_eq!(&between, &world.shown("mailing"));
        undo(&world, &import_first, &other);
        prop_assert_eq!(&before, &world.shown("mailing"));
    }

    #[test]
    fn what_a_later_import_changed_stays_and_the_rest_comes_back(
        earlier in vec(row(), 0..8),
        first in vec(row(), 1..12),
        second in vec(row(), 1..12),
        (one, other) in (options(), options()),
        courses in (course(), course()),
    ) {
        let world = world();
        world.import("prospects", &file(&earlier), &[], &Course::default());
        let before = people(&world.shown("partners"));
        let import_first = world.import("prospects", &file(&first), &one, &courses.0);
        let between = people(&world.shown("partners"));
        world.import("prospects", &file(&second), &other, &courses.1);
        let after = people(&world.shown("partners"));
        let undo = undo(&world, &import_first, &courses.1);
        let wanted = without_first(&before, &between, &after, &import_first);
        prop_assert_eq!(unstamped(&people(&world.shown("partners"))), unstamped(&wanted));
        prop_assert!(world.summary(&undo).rows.sum_holds());
    }

    #[test]
    fn two_imports_of_different_fields_are_undone_in_any_order(
        notes in vec((0..4_u8, prop::sample::select(vec!["", "a", "b"])), 1..6),
        phones in vec((0..4_u8, prop::sample::select(vec!["", "11961234567", "11961234568"])), 1..6),
        courses in (course(), course()),
    ) {
        let everybody: Vec<Row> = (0..4)
            .map(|person| Row { person, name: "Ann", website: false, phone: "", group: "", note: "old" })
            .collect();
        let cells = |header: &str, rows: &[(u8, &str)]| {
            let line = |(person, cell): &(u8, &str)| format!("Ann,p{person}@mail.example,{cell}\n");
            let lines = rows.iter().map(line);
            std::iter::once(format!("Name,E-mail,{header}\n")).chain(lines).collect::<String>().into_bytes()
        };
        let mut ends = Vec::new();
        for first_goes_first in [true, false] {
            let world = world();
            world.import("prospects", &file(&everybody), &[], &Course::default());
            let before = people(&world.shown("partners"));
            let first = world.import("prospects", &cells("Note", &notes), &[], &courses.0);
            let second = world.import("prospects", &cells("Phone", &phones), &[], &courses.1);
            let order = if first_goes_first { [&first, &second] } else { [&second, &first] };
            order.into_iter().for_each(|import| _ = undo(&world, import, &courses.0));
            let end = people(&world.shown("partners"));
            prop_assert_eq!(unstamped(&end), unstamped(&before));
            ends.push(unstamped(&end));
        }
        prop_assert_eq!(&ends[0], &ends[1]);
    }
}
