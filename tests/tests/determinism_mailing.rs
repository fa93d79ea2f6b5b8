//! Repeats by any of several phones, allowed repeats and replacing imports: a slow, obvious model agrees with the
//! import, and how the work is done changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use rollcall_domain::contacts::contact::Record;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::types::id::ContactId;
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

/// A name and three phones: of six people, none, or one that is no phone.
#[derive(Debug, Clone)]
struct Row {
    name: &'static str,
    phones: [u8; 3],
}

const NONE: u8 = 6;
const WRONG: u8 = 7;

fn row() -> impl Strategy<Value = Row> {
    let first = prop_oneof![12 => 0..6_u8, 1 => Just(NONE), 1 => Just(WRONG)];
    let other = || prop_oneof![3 => 0..6_u8, 8 => Just(NONE), 1 => Just(WRONG)];
    let name = prop::sample::select(vec!["", "Ann", "Bob"]);
    (name, first, other(), other())
        .prop_map(|(name, one, two, three)| Row { name, phones: [one, two, three] })
}

fn e164(phone: u8) -> Option<String> {
    (phone < NONE).then(|| format!("+551196123456{phone}"))
}

impl Row {
    fn is_blank(&self) -> bool {
        self.name.is_empty() && self.phones == [NONE; 3]
    }

    fn write(&self, number: usize) -> String {
        let cell = |phone: &u8| match *phone {
            NONE => String::new(),
            WRONG => "12".to_owned(),
            phone if number.is_multiple_of(2) => format!("(11) 96123-456{phone}"),
            phone => format!("+55 11 96123456{phone}"),
        };
        format!("{};{}\n", self.name, self.phones.iter().map(cell).collect::<Vec<_>>().join(";"))
    }
}

fn file(rows: &[Row]) -> Vec<u8> {
    let rows = rows.iter().enumerate().map(|(number, row)| row.write(number));
    ["name;phone_1;phone_2;phone_3\n".to_owned()].into_iter().chain(rows).collect::<String>().into_bytes()
}

/// What is kept of a contact.
#[derive(Debug, Clone, Default, PartialEq)]
struct StoredContact {
    name: String,
    phones: Vec<String>,
    fields: [String; 3],
}

type Contacts = BTreeMap<String, StoredContact>;

fn keep(row: &Row, before: Option<&StoredContact>) -> StoredContact {
    let mut kept = before.cloned().unwrap_or_default();
    if !row.name.is_empty() {
        kept.name = row.name.to_owned();
    }
    let mut in_row = BTreeSet::new();
    for (place, phone) in row.phones.iter().enumerate() {
        let Some(phone) = e164(*phone) else { continue };
        // The same phone twice in one row is dropped the second time.
        if in_row.insert(phone.clone()) {
            kept.fields[place] = phone;
        }
    }
    // Each phone that the fields say now, once.
    kept.phones.clear();
    for phone in kept.fields.iter().filter(|phone| !phone.is_empty()) {
        if !kept.phones.contains(phone) {
            kept.phones.push(phone.clone());
        }
    }
    kept
}

/// Imports rows one by one; answers each row's outcome.
fn model(contacts: &mut Contacts, rows: &[Row], allow: bool, replace: bool) -> Vec<(u64, &'static str)> {
    let before = contacts.clone();
    let mut accepted = BTreeSet::new();
    let (mut registered, mut counts) = (BTreeSet::new(), BTreeMap::<u8, u32>::new());
    let mut outcomes = Vec::new();
    for (number, row) in (1..).zip(rows).filter(|(_, row)| !row.is_blank()) {
        let first = row.phones[0];
        let mut refused = first >= NONE || row.phones.contains(&WRONG);
        let mut id = e164(first).unwrap_or_default();
        if first < NONE && allow {
            let count = counts.entry(first).or_default();
            *count += 1;
            if *count > 1 {
                id = format!("{id}\u{1f}{count}");
            }
        } else if first < NONE {
            let phones: Vec<u8> = row.phones.iter().copied().filter(|phone| *phone < NONE).collect();
            if phones.iter().any(|phone| registered.contains(phone)) {
                refused = true;
            } else {
                registered.extend(phones);
            }
        }
        if refused {
            outcomes.push((number, "rejected"));
            continue;
        }
        let kept = keep(row, before.get(&id));
        outcomes.push((
            number,
            match before.get(&id) {
                None => "created",
                Some(known) if *known != kept => "updated",
                Some(_) => "unchanged",
            },
        ));
        contacts.insert(id.clone(), kept);
        accepted.insert(id);
    }
    if replace && !accepted.is_empty() {
        contacts.retain(|id, _| accepted.contains(id));
    }
    outcomes
}

fn contacts(world: &World) -> BTreeMap<String, StoredContact> {
    let read = |(id, record, _): (ContactId, String, Vec<String>)| {
        let record: Record = serde_json::from_str(&record).unwrap();
        let fields = ["phone_1", "phone_2", "phone_3"].map(|field| record.fields[field].clone());
        let kept = StoredContact { name: record.name, phones: record.phones, fields };
        (id.to_string(), kept)
    };
    world.contacts_of("mailing").into_iter().map(read).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_phone_makes_a_repeat_unless_repeats_are_allowed(
        earlier in vec(row(), 0..8),
        rows in vec(row(), 1..25),
        allow in any::<bool>(),
        replace in any::<bool>(),
        chunk_rows in 1_u32..8,
        order in 1_u64..1_000,
        deliveries in 1_usize..3,
    ) {
        let flag = |set: bool| if set { "true" } else { "false" };
        let options = [("allow_duplicates", flag(allow)), ("replace", flag(replace))];
        let dry = [options[0], options[1], ("dry_run", "true")];
        let small = Course { size: ChunkSize { rows: chunk_rows, ..ChunkSize::default() }, order, deliveries };
        let mut came = Vec::new();
        let mut known = Contacts::new();
        model(&mut known, &earlier, false, false);
        let outcomes = model(&mut known, &rows, allow, replace);
        for course in [Course::default(), small] {
            let world = World::with_acme();
            world.import("mailing", &file(&earlier), &[], &course);
            let before = world.contacts_of("mailing");
            let tried = world.import("mailing", &file(&rows), &dry, &course);
            prop_assert_eq!(before, world.contacts_of("mailing"));
            let import = world.import("mailing", &file(&rows), &options, &course);
            for name in ["succeeded.csv", "failed.csv"] {
                prop_assert_eq!(world.paper(&tried, name), world.paper(&import, name));
            }
            let mut told: Vec<(u64, String)> = Vec::new();
            for row in ["succeeded.csv", "failed.csv"].iter().flat_map(|name| world.rows(&import, name)) {
                told.push((row["rollcall_row"].parse().unwrap(), row["rollcall_outcome"].clone()));
            }
            told.sort();
            let wanted: Vec<(u64, String)> =
                outcomes.iter().map(|(row, outcome)| (*row, (*outcome).to_owned())).collect();
            prop_assert_eq!(told, wanted);
            let id = |identity: &String| ContactId::derive("acme", "mailing", identity).to_string();
            let wanted: BTreeMap<String, StoredContact> =
                known.iter().map(|(identity, kept)| (id(identity), kept.clone())).collect();
            prop_assert_eq!(contacts(&world), wanted);
            came.push(world.came(&import));
        }
        prop_assert_eq!(&came[0], &came[1]);
    }
}
