//! Outputs are a function of file, profile, settings, directory and contacts alone (I1 to I8), and a slow, obvious
//! model of repeats says which.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::types::id::ContactId;
use rollcall_tests::test_host::{Course, TestHost};
use rollcall_tests::world::World;
use serde_json::Value;

const ACCOUNTS: &str = "account_id,name,email,website,activity,partner_of\n\
    a1,Globex,p0@mail.example,,5,\na2,Globex,p0@mail.example,,9,other\na3,Initech,,initech.example,1,\n";
const GROUPS: &str = "name,workflow,invite\nVIP,w,marketplace\nGold,,\n";
const HEADER: &str = "Name,E-mail,Website,Phone,Group,Note\n";

/// What is wrong with a row, if anything.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Cells without anything in them.
    Blank,
    /// The address is none: the row has no identity.
    Email,
    Phone,
    /// One cell too many.
    Surplus,
    /// A byte that is no text, in the note.
    Bytes,
}

/// One row, as dice made it.
#[derive(Debug, Clone)]
struct Row {
    person: usize,
    /// The address in capitals: the same person.
    loud: bool,
    group: &'static str,
    website: bool,
    note: &'static str,
    fault: Fault,
}

fn row() -> impl Strategy<Value = Row> {
    let fault = prop_oneof![
        12 => Just(Fault::None), 2 => Just(Fault::Blank), 1 => Just(Fault::Email), 2 => Just(Fault::Phone),
        1 => Just(Fault::Surplus), 1 => Just(Fault::Bytes)
    ];
    let group = prop::sample::select(vec!["", "VIP", "vip", "Gold", "Nowhere"]);
    let note = prop::sample::select(vec!["", "x", "two\nlines", "=1+1", "say \"so\""]);
    (0..5_usize, any::<bool>(), group, prop::bool::weighted(0.2), note, fault).prop_map(
        |(person, loud, group, website, note, fault)| Row { person, loud, group, website, note, fault },
    )
}

impl Row {
    fn email(&self) -> String {
        format!("p{}@mail.example", self.person)
    }

    fn website(&self) -> &'static str {
        if self.website { "https://initech.example" } else { "" }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let email = if self.fault == Fault::Email { "nobody".to_owned() } else { self.email() };
        let email = if self.loud { email.to_uppercase() } else { email };
        let phone = if self.fault == Fault::Phone { "12" } else { "" };
        let note = self.note.replace('"', "\"\"");
        let (website, group) = (self.website(), self.group);
        match self.fault {
            Fault::Blank => out.extend_from_slice(if self.loud { b"" } else { b",,,, ," }),
            _ => out.extend_from_slice(
                format!("N{0},{email},{website},{phone},{group},\"{note}", self.person).as_bytes(),
            ),
        }
        if self.fault == Fault::Bytes {
            // No byte of Windows-1252 either: the file stays what it is.
            out.push(0x81);
        }
        if self.fault != Fault::Blank {
            out.push(b'"');
        }
        if self.fault == Fault::Surplus {
            out.extend_from_slice(b",more");
        }
        out.push(b'\n');
    }
}

fn file(rows: &[Row]) -> Vec<u8> {
    let mut file = HEADER.as_bytes().to_vec();
    rows.iter().for_each(|row| row.write(&mut file));
    file
}

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq)]
struct Person {
    fields: BTreeMap<&'static str, String>,
    account: Option<&'static str>,
    groups: BTreeSet<String>,
}

impl Person {
    /// A filled cell replaces, an empty one changes nothing.
    fn over(row: &Row, before: Option<&Person>) -> Person {
        let mut person = before.cloned().unwrap_or_default();
        let phone = String::new();
        let cells = [
            ("name", format!("N{}", row.person)),
            ("email", row.email()),
            ("website", row.website().to_owned()),
            ("phone", phone),
            ("group", row.group.to_owned()),
            ("note", row.note.to_owned()),
        ];
        for (field, value) in cells {
            if !value.is_empty() || before.is_none() {
                person.fields.insert(field, value);
            }
        }
        let matched = match (row.person, row.website) {
            (0, _) => Some("a2"),
            (_, true) => Some("a3"),
            _ => None,
        };
        person.account = matched.or(person.account);
        person
    }
}

/// Imports rows as the contract says, one by one; answers each row's outcome.
fn model(
    people: &mut BTreeMap<usize, Person>,
    rows: &[Row],
    chosen: impl Fn(u64) -> bool,
) -> Vec<(u64, &'static str)> {
    let before = people.clone();
    let last = rows.iter().rposition(|row| row.fault != Fault::Blank).map_or(0, |at| at + 1);
    let mut registered: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut accepted = BTreeSet::new();
    let mut outcomes = Vec::new();
    for (number, row) in (1..).zip(&rows[..last]) {
        if row.fault == Fault::Blank || !chosen(number) {
            outcomes.push((number, "skipped"));
            continue;
        }
        let group = row.group.to_lowercase();
        let mut refused = row.fault != Fault::None || group == "nowhere";
        if row.fault != Fault::Email {
            match registered.get_mut(&row.person) {
                None => _ = registered.insert(row.person, [group.clone()].into()),
                Some(groups) => refused |= group.is_empty() || !groups.insert(group.clone()),
            }
        }
        if refused {
            outcomes.push((number, "rejected"));
            continue;
        }
        let known = before.get(&row.person);
        let first = accepted.insert(row.person);
        let joins = !group.is_empty() && !known.is_some_and(|known| known.groups.contains(&group));
        let record = Person::over(row, known);
        outcomes.push((
            number,
            match known {
                _ if !first => "merged",
                None => "created",
                Some(known) if *known != record || joins => "updated",
                Some(_) => "unchanged",
            },
        ));
        let person = people.entry(row.person).or_default();
        if first {
            let groups = std::mem::take(&mut person.groups);
            *person = Person { groups, ..record };
        }
        person.groups.extend((!group.is_empty()).then_some(group));
    }
    outcomes
}

fn world() -> World {
    let world = World::with_acme();
    world.directory("accounts", ACCOUNTS);
    world.directory("groups", GROUPS);
    world
}

fn is_chosen(options: &[(&str, &str)], row: u64) -> bool {
    options.iter().all(|(name, _)| *name != "rows") || row.is_multiple_of(2) || row == 7
}

/// The people that a world's contacts are.
fn people(world: &World) -> BTreeMap<usize, Person> {
    let contacts = world.contacts_of("partners");
    let person = |(id, record, groups): &(ContactId, String, Vec<String>)| {
        let record: Value = serde_json::from_str(record).unwrap();
        let email = record["fields"]["email"].as_str().unwrap();
        assert_eq!(*id, ContactId::derive("acme", "partners", email));
        let fields = ["name", "email", "website", "phone", "group", "note"];
        let account = record["account_id"].as_str();
        let person = Person {
            fields: fields.map(|field| (field, record["fields"][field].as_str().unwrap().to_owned())).into(),
            account: ["a1", "a2", "a3"].into_iter().find(|id| Some(*id) == account),
            groups: groups.iter().cloned().collect(),
        };
        (email[1..2].parse().unwrap(), person)
    };
    contacts.iter().map(person).collect()
}

const EVEN: &str = "2,4,6-8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40";

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn outputs_do_not_depend_on_how_the_work_is_done_and_are_the_models(
        earlier in vec(row(), 0..8),
        rows in vec(row(), 1..30),
        choose in prop::bool::weighted(0.25),
        chunk_rows in 1_u32..8,
        order in 1_u64..1_000,
        deliveries in 1_usize..4,
    ) {
        let options: &[(&str, &str)] = if choose { &[("rows", EVEN)] } else { &[] };
        let dry: Vec<(&str, &str)> = options.iter().copied().chain([("dry_run", "true")]).collect();
        let (earlier_file, list) = (file(&earlier), file(&rows));
        let small = Course { size: ChunkSize { rows: chunk_rows, ..ChunkSize::default() }, order, deliveries };

        let (one, other) = (world(), world());
        one.import("prospects", &earlier_file, &[], &Course::default());
        other.import("prospects", &earlier_file, &[], &small);
        let tried = one.import("prospects", &list, &dry, &small);
        let tried_elsewhere = other.import("prospects", &list, &dry, &Course::default());
        prop_assert_eq!(one.came(&tried), other.came(&tried_elsewhere));
        let import = one.import("prospects", &list, options, &Course::default());
        let again = other.import("prospects", &list, options, &small);
        prop_assert_eq!(one.came(&import), other.came(&again));
        for name in ["succeeded.csv", "failed.csv"] {
            prop_assert_eq!(one.paper(&tried, name), one.paper(&import, name), "dry run, {}", name);
        }

        let mut known = BTreeMap::new();
        model(&mut known, &earlier, |_| true);
        let outcomes = model(&mut known, &rows, |row| is_chosen(options, row));
        let summary = one.summary(&import);
        if outcomes.is_empty() {
            prop_assert_eq!(summary.status.as_str(), "refused");
        }
        let mut told: Vec<(u64, String)> = Vec::new();
        for name in ["succeeded.csv", "failed.csv"] {
            for row in one.rows(&import, name) {
                told.push((row["rollcall_row"].parse().unwrap(), row["rollcall_outcome"].clone()));
            }
        }
        told.sort();
        let wanted: Vec<(u64, String)> = (outcomes.iter())
            .filter(|(_, outcome)| *outcome != "skipped")
            .map(|(row, outcome)| (*row, (*outcome).to_owned()))
            .collect();
        prop_assert_eq!(told, wanted);
        prop_assert_eq!(summary.rows.read, outcomes.len() as u64);
        prop_assert!(summary.rows.sum_holds());
        let skipped = outcomes.iter().filter(|(_, outcome)| *outcome == "skipped").count();
        prop_assert_eq!(summary.rows.skipped, skipped as u64);
        prop_assert_eq!(people(&one), known);
    }
}

/// The same on a home's own store: packed indexes and tables in place of maps.
#[test]
fn a_home_answers_as_a_world_does() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let made = vec(vec(row(), 4..30), 4..5).new_tree(&mut runner).unwrap().current();
    let courses = [
        Course::default(),
        Course { size: ChunkSize { rows: 2, ..ChunkSize::default() }, order: 7, deliveries: 2 },
        Course { size: ChunkSize { bytes: 200, ..ChunkSize::default() }, order: 11, deliveries: 1 },
    ];
    let world = world();
    let answers: Vec<_> = made
        .iter()
        .map(|rows| world.import("prospects", &file(rows), &[], &courses[0]))
        .map(|import| {
            (world.paper(&import, "succeeded.csv").unwrap(), world.paper(&import, "failed.csv").unwrap())
        })
        .collect();
    for course in courses {
        let host = TestHost::with_acme();
        host.directory("", "accounts", ACCOUNTS);
        host.directory("acme", "groups", GROUPS);
        for (rows, (succeeded, failed)) in made.iter().zip(&answers) {
            let imported = host.import_with("prospects", file(rows), &[], &course);
            assert_eq!(String::from_utf8(imported.succeeded).unwrap(), *succeeded, "{course:?}");
            assert_eq!(String::from_utf8(imported.failed).unwrap(), *failed, "{course:?}");
        }
        let stored: Vec<_> = (host.contacts().into_iter())
            .map(|contact| (contact.contact_id.to_string(), contact.record, contact.groups))
            .collect();
        let mut wanted: Vec<_> = (world.contacts_of("partners").into_iter())
            .map(|(id, record, groups)| (id.to_string(), record, groups))
            .collect();
        wanted.sort();
        assert_eq!(stored, wanted);
    }
}
