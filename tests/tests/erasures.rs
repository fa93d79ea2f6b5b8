//! Erasing everywhere: nothing of the contact stays in any file that is written again, whatever it went through before,
//! and wherever the machine dies on the way.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::queue::LocalQueue;
use rollcall_pipeline::erase::{Erased, Erasure, Reason, erase};
use rollcall_pipeline::migrate::Sources;
use rollcall_pipeline::ports::{Host, Imports, Objects};
use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

/// What shows the contacts that are erased; nobody else has any of it.
const TRACES: [&str; 8] =
    ["ann@one.example", "Ann", "Roe", "961230001", "961230002", "hush", "961230011", "Cato"];

/// A world in which Ann was imported, changed, typed over, rejected, undone and seen in dry runs, and Cato was removed
/// by a list that replaces.
fn world() -> (World, ContactId, ContactId) {
    let world = World::with_acme();
    world.directory("groups", "name\nGold\n");
    let import = |file: &str, options: &[(&str, &str)]| {
        world.import("prospects", file.as_bytes(), options, &Course::default())
    };
    import(
        "Name,E-mail,Phone,Group\nAnn Roe,ann@one.example,+5511961230001,Gold\nBob,bob@two.example,,\n",
        &[],
    );
    import(
        "Name,E-mail,Note,Website\nAnn,ANN@one.example,hush, https://x.example\nAnn,ann@one.example,hush,not a site\nBob,bob@,,\n",
        &[],
    );
    import(
        "Name,E-mail,Phone\nX,ann@one.example,+5511961230002\nBob,bob@two.example,\n",
        &[("cell.1.name", "Ann Roe"), ("blank", "keep")],
    );
    let changed = import("Name,E-mail,Phone\nRoe,ann@one.example,+5511961230002\n", &[]);
    world.request_dry(DropTarget::Undo(changed.clone()), &Course::default());
    world.request(DropTarget::Undo(changed), &Course::default());
    let dry =
        import("Name,E-mail,Phone\nAnn,ann@one.example,\nBob,bob@two.example,\n", &[("dry_run", "true")]);
    world.request(DropTarget::Approve(dry), &Course::default());
    import("Name\nAnn\n", &[]);
    world.import("prospects", &workbook(), &[], &Course::default());
    let list = |file: &str, options: &[(&str, &str)]| {
        world.import("mailing", file.as_bytes(), options, &Course::default())
    };
    list("name;phone_1\nBob;11961230010\nCato;11961230011\nDan;11961230012\nEve;11961230013\n", &[]);
    let cato =
        world.contacts_of("mailing").into_iter().find(|(_, record, _)| record.contains("Cato")).unwrap().0;
    list("name;phone_1\nBob;11961230010\n", &[("replace", "true")]);
    let ann = world
        .contacts_of("partners")
        .into_iter()
        .find(|(_, record, _)| record.contains("ann@one"))
        .unwrap()
        .0;
    (world, ann, cato)
}

fn workbook() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let rows = [
        ["Name", "E-mail"],
        ["Ann Roe", "ann@one.example"],
        ["Ann", "ann@one.example"],
        ["Bob", "bob@two.example"],
    ];
    for (number, row) in rows.iter().enumerate() {
        sheet.write_row(u32::try_from(number).unwrap(), 0, *row).unwrap();
    }
    book.save_to_buffer().unwrap()
}

fn forget<H: Host>(host: &H, contact_id: ContactId) -> Option<Erased>
where
    H::Objects: Sources,
    H::Contacts: rollcall_pipeline::ports::ContactReader,
{
    forget_by(host, contact_id, (true, false))
}

fn forget_by<H: Host>(
    host: &H,
    contact_id: ContactId,
    (everywhere, allow_again): (bool, bool),
) -> Option<Erased>
where
    H::Objects: Sources,
    H::Contacts: rollcall_pipeline::ports::ContactReader,
{
    let program = ProgramName::parse("acme").unwrap();
    let erasure = Erasure { program, contact_id, everywhere, allow_again };
    let now: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    block_on(erase(host, &erasure, now)).ok().flatten()
}

/// All objects but those that were sent.
fn kept(world: &World) -> BTreeMap<String, Vec<u8>> {
    let keys = block_on(world.objects.list("")).unwrap().into_iter().filter(|key| !key.starts_with("inbox/"));
    keys.map(|key| (key.clone(), block_on(world.objects.get(&key)).unwrap().unwrap())).collect()
}

/// The options that drops gave, but for `dry_run`, as they are kept with the imports that are over.
fn given(world: &World) -> Vec<(String, String)> {
    let keys = kept(world).into_keys().filter(|key| key.ends_with("/summary.json"));
    let imports = keys.filter_map(|key| ImportId::parse(key.split('/').nth(2)?).ok());
    let items = imports.filter_map(|import| block_on(world.imports.get(&import)).unwrap());
    items.flat_map(|item| item.options).filter(|(name, _)| name != "dry_run").collect()
}

/// The texts of a file; a workbook is unpacked.
fn text_of(key: &str, bytes: &[u8]) -> String {
    if !key.ends_with(".xlsx") {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for part in 0..archive.len() {
        std::io::Read::read_to_string(&mut archive.by_index(part).unwrap(), &mut text).unwrap();
    }
    text
}

fn contacts(world: &World) -> Vec<String> {
    ["partners", "mailing"].iter().map(|pool| format!("{:?}", world.shown(pool))).collect()
}

#[test]
fn nothing_of_an_erased_contact_stays() {
    let (world, ann, cato) = world();
    let ports = world.ports(&LocalQueue::with_room(9));
    let summaries = |world: &World| {
        let keys = kept(world).into_iter().filter(|(key, _)| key.ends_with("summary.json"));
        keys.map(|(key, bytes)| {
            let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            (key, json["rows"].clone(), json["status"].clone())
        })
        .collect::<Vec<_>>()
    };
    let before = summaries(&world);
    for contact in [ann, cato] {
        let erased = forget(&ports, contact).expect("it is there");
        assert!(erased.erased && erased.suppressed > 0, "{erased:?}");
        assert!(
            erased.holding.iter().all(|holding| holding.reason == Reason::AsSent),
            "{:?}",
            erased.holding
        );
    }
    for (key, bytes) in kept(&world) {
        // A label in German begins with a name.
        let text = text_of(&key, &bytes).replace("Annahme", "");
        for word in TRACES.map(str::to_owned).into_iter().chain([ann.to_string(), cato.to_string()]) {
            assert!(key.starts_with("erased/") || !text.contains(&word), "{key} shows {word}: {text}");
        }
    }
    assert_eq!(summaries(&world), before, "the totals are what they were");
    // What was typed over was given with the drop, and is kept with the import too.
    let left =
        [("blank", "keep"), ("replace", "true")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(given(&world), left);
    assert!(contacts(&world).iter().all(|shown| TRACES.iter().all(|trace| !shown.contains(trace))));
}

/// The lines of `removed.csv` became shorter: an undo finds the others nevertheless.
#[test]
fn an_undo_of_a_replace_brings_back_everybody_but_the_erased() {
    let (world, _, cato) = world();
    forget(&world.ports(&LocalQueue::with_room(9)), cato).expect("it is there");
    let replaced: ImportId = world.imports.items().pop().unwrap().import_id;
    let undo = world.request(DropTarget::Undo(replaced), &Course::default());
    let summary = world.summary(&undo);
    assert_eq!(summary.status.as_str(), "completed");
    let names: Vec<bool> = ["Bob", "Cato", "Dan", "Eve"]
        .iter()
        .map(|name| world.contacts_of("mailing").iter().any(|(_, record, _)| record.contains(name)))
        .collect();
    assert_eq!(names, [true, false, true, true]);
}

#[test]
fn an_erasure_that_dies_is_finished_by_the_same_call() {
    for of_ann in [true, false] {
        let chosen =
            |(world, ann, cato): (World, ContactId, ContactId)| (world, if of_ann { ann } else { cato });
        let (calm, contact) = chosen(world());
        let machine = Machine::sound();
        assert!(forget(&machine.ports(calm.ports(&LocalQueue::with_room(9))), contact).is_some());
        let calls = machine.calls();
        assert!(calls > 100, "{calls}");
        let wanted = (kept(&calm), contacts(&calm));
        // Some of the calls; with `ROLLCALL_CASES` all of them.
        let step = if rollcall_tests::cases(0) > 0 { 1 } else { 7 };
        for (number, call) in (0..calls).step_by(step).enumerate() {
            let (world, contact) = chosen(world());
            let side = if number % 2 == 0 { Side::Before } else { Side::After };
            let machine = Machine::dying_at(call, side);
            forget(&machine.ports(world.ports(&LocalQueue::with_room(9))), contact);
            assert!(machine.is_dead());
            forget(&world.ports(&LocalQueue::with_room(9)), contact);
            let came = (kept(&world), contacts(&world));
            let differing: Vec<&String> = wanted
                .0
                .iter()
                .filter(|(key, bytes)| came.0.get(*key) != Some(bytes))
                .map(|(key, _)| key)
                .collect();
            assert!(differing.is_empty(), "dying at {call} ({side:?}): {differing:?}");
            assert_eq!((came.0.len(), &came.1), (wanted.0.len(), &wanted.1), "dying at {call}");
            assert_eq!(given(&world), given(&calm), "dying at {call}");
        }
    }
}

/// A contact of a list, in rows that were accepted and in rows that were rejected.
struct Listed {
    profile: &'static str,
    options: &'static [(&'static str, &'static str)],
    accepted: &'static str,
    rejected: &'static str,
    /// What shows the contact, and is nobody else's.
    shows: &'static str,
}

const LISTS: [Listed; 7] = [
    Listed {
        profile: "prospects",
        options: &[],
        accepted: "name,email,website\nAnn,ann@x.example,\nBob,bob@x.example,\n",
        rejected: "name,email,website\nAnn,ann@x.example,not a url\nBob,bob@x.example,not a url\n",
        shows: "ann@x.example",
    },
    // The address is taken from its wrapping, and its cell was guarded.
    Listed {
        profile: "prospects",
        options: &[],
        accepted: "name,email,website\nAnn,=ann@x.example,\nBob,bob@x.example,\n",
        rejected: "name,email,website\nAnn,Ann <=ANN@x.example>,not a url\nBob,bob@x.example,\n",
        shows: "ann@x.example",
    },
    Listed {
        profile: "prospects",
        options: &[("map.contact", "email")],
        accepted: "name;contact;website\nAnn;ann@x.example;\nBob;bob@x.example;\n",
        rejected: "name;website;contact\nAnn;not a url;bad@x.example, ann@x.example\nAnn;not a url;ann@x.example\n",
        shows: "Ann;",
    },
    Listed {
        profile: "leads",
        options: &[],
        accepted: "last name,email,phone,owner\nRoe,,(11) 96123-0001,kim\nPoe,poe@x.example,,kim\n",
        rejected: "last name,email,phone,owner,website\nRoe,,11961230001,kim,not a url\nPoe,poe@x.example,,kim,\n",
        shows: "Roe",
    },
    Listed {
        profile: "mailing",
        options: &[],
        accepted: "name;phone_1\nAnn;11961239777\nBob;11961230002\n",
        rejected: "name;phone_1;schedule_date\nAnn;+55 11 96123-9777;never\nBob;11961230002;never\n",
        shows: "9777",
    },
    // The contact of the second row with that phone.
    Listed {
        profile: "mailing",
        options: &[("allow_duplicates", "true")],
        accepted: "name;phone_1\nAnn;11961239777\nAnn;11961239777\nBob;11961230002\n",
        rejected: "name;phone_1;schedule_date\nBob;11961230002;\nAnn;11961239777;\nAnn;11961239777;never\n",
        shows: "9777",
    },
    Listed {
        profile: "accounts",
        options: &[],
        accepted: "customer_type,document_type,document_number,first_surname,first_name,email\nP,CC,52.345.678,Roe,Ann,a@x.example\nP,CC,1234567,Poe,Bob,b@x.example\n",
        rejected: "customer_type,document_type,document_number,first_surname,first_name,email\nP,cc,52345678,Roe,Ann,not an address\nP,CC,1234567,Poe,Bob,b@x.example\n",
        shows: "Roe",
    },
];

impl Listed {
    /// The contact to erase: the last one that `shows` finds.
    fn import(&self) -> (World, ContactId) {
        let world = World::with_acme();
        world.directory("owners", "owner_id,name\no1,kim\n");
        let import =
            |file: &str| world.import(self.profile, file.as_bytes(), self.options, &Course::default());
        let (first, second) = (import(self.accepted), import(self.rejected));
        assert!(world.summary(&second).rows.rejected > 0, "{:?}", world.paper(&second, "failed.csv"));
        let accepted = world.paper(&first, "succeeded.csv");
        let accepted = accepted.unwrap_or_else(|| panic!("{:?}", world.paper(&first, "upload.json")));
        let mut lines = accepted.lines().filter(|line| line.contains(self.shows));
        let line = lines.next_back().unwrap_or_else(|| panic!("{accepted}"));
        let cells = line.split([',', ';']);
        let id = cells.filter_map(ContactId::parse).next().unwrap_or_else(|| panic!("{line}"));
        (world, id)
    }
}

fn names(erased: &Erased) -> Vec<&str> {
    erased.holding.iter().map(|holding| holding.key.as_str()).collect()
}

fn showing<'k>(kept: &'k BTreeMap<String, Vec<u8>>, shows: &str) -> Vec<&'k String> {
    let shown =
        kept.iter().filter(|(key, bytes)| text_of(key, bytes).to_lowercase().contains(&shows.to_lowercase()));
    shown.map(|(key, _)| key).collect()
}

/// The store forgot the contact with the first call: its rows are known by the id that they give.
#[test]
fn rows_of_a_contact_that_is_gone_are_named_and_emptied() {
    for (number, list) in LISTS.iter().enumerate() {
        for allow_again in [false, true] {
            let (world, contact) = list.import();
            let ports = world.ports(&LocalQueue::with_room(9));
            let first = forget_by(&ports, contact, (false, allow_again)).expect("it is there");
            assert!(first.erased && first.emptied.is_empty(), "{number}: {first:?}");
            let failed = |key: &str| key.ends_with("/failed.csv") || key.ends_with("/chunks/0");
            assert!(names(&first).into_iter().filter(|key| failed(key)).count() >= 3, "{number}: {first:?}");
            let again = forget_by(&ports, contact, (false, allow_again)).expect("it was there");
            assert!(!again.erased && again.suppressed == 0, "{number}: {again:?}");
            assert_eq!(again.holding, first.holding, "{number}");
            world.import(list.profile, list.rejected.as_bytes(), list.options, &Course::default());
            let later = forget_by(&ports, contact, (false, allow_again)).expect("it was there");
            assert!(names(&later).len() > names(&first).len(), "{number}: {later:?}");
            let everywhere = forget_by(&ports, contact, (true, allow_again)).expect("it was there");
            assert!(
                everywhere.holding.iter().all(|holding| holding.reason == Reason::AsSent),
                "{number}: {everywhere:?}"
            );
            let mut kept = kept(&world);
            // The other contact with that phone is still among the writes.
            kept.retain(|key, _| list.options.is_empty() || !key.contains("/chunks/"));
            assert_eq!(showing(&kept, list.shows), Vec::<&String>::new(), "{number}");
            assert!(!showing(&kept, "bob").is_empty() || !showing(&kept, "poe").is_empty(), "{number}");
        }
    }
}

/// Its working files are gone after some weeks, its result files after a year.
#[test]
fn rows_of_a_contact_that_is_gone_are_named_without_a_plan() {
    for (number, list) in LISTS
        .iter()
        .enumerate()
        .filter(|(_, list)| list.options.iter().all(|(name, _)| *name != "allow_duplicates"))
    {
        let (world, contact) = list.import();
        let ports = world.ports(&LocalQueue::with_room(9));
        forget_by(&ports, contact, (false, true)).expect("it is there");
        for key in block_on(world.objects.list("imports/")).unwrap() {
            if key.contains("/chunks/") || key.ends_with("/plan.json") {
                world.objects.remove(&key);
            }
        }
        let everywhere = forget_by(&ports, contact, (true, true)).expect("it was there");
        assert!(everywhere.emptied.is_empty(), "{number}: {everywhere:?}");
        let held = everywhere.holding.iter().filter(|holding| holding.reason == Reason::NoPlan);
        assert!(
            held.filter(|holding| holding.key.ends_with("/failed.csv")).count() >= 1,
            "{number}: {everywhere:?}"
        );
    }
}

/// An id that no contact ever had has no rows: nobody is erased by mistake.
#[test]
fn an_unknown_contact_is_not_found_in_rows() {
    let (world, _) = LISTS[0].import();
    let ports = world.ports(&LocalQueue::with_room(9));
    let before = kept(&world);
    assert_eq!(forget(&ports, ContactId::derive("acme", "partners", "eve@x.example")), None);
    assert_eq!(kept(&world), before);
}
