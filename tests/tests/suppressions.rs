//! Suppressions: an address or a phone that must not be contacted is in no contact, whatever the profile, the mode and
//! the place in the row; and nothing that is stored shows it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::names::ImportId;
use rollcall_tests::test_host::{Course, Imported, TestHost};
use rollcall_tests::world::{Shown, World};

const EMAIL: &str = "gone@quiet.example";
const PHONE: &str = "+5511961234567";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name,workflow,accept,invite\nvip,w,,marketplace\n");
    host.directory("acme", "owners", "owner_id,name\n1,Ana Souza\n");
    host.directory("acme", "tags", "name\nVIP\n");
    host
}

fn suppress(host: &TestHost, program: &str, rows: &str) -> Imported {
    let what = DropTarget::Directory("suppressions".parse().unwrap());
    let file = format!("email,phone,reason\n{rows}");
    host.run(program, what, "suppressions.csv", file.as_bytes(), &[], &Course::default())
}

fn both(host: &TestHost, program: &str) {
    let loaded = suppress(host, program, &format!("{EMAIL},,unsubscribed\n,{PHONE},complaint\n"));
    assert_eq!((loaded.status(), loaded.summary.rows.created), ("completed", 2));
}

/// One row of each profile, with an address and a phone of somebody else.
const ROWS: [(&str, &str, &str); 5] = [
    ("prospects", "name,email,phone", "Ann,E,P"),
    ("partners", "name,email,phone,group", "Ann,E,P,vip"),
    ("mailing", "name;phone_1", "Ann;P"),
    ("leads", "last_name,email,phone,owner", "Ann,E,P,Ana Souza"),
    (
        "accounts",
        "customer_type,document_type,document_number,first_surname,first_name,cell_phone,email",
        "person,CC,52345678,Gomez,Ann,P,E",
    ),
];

fn file(header: &str, row: &str, email: &str, phone: &str) -> String {
    let cell = |cell: &str| match cell {
        "E" => email.to_owned(),
        "P" => phone.to_owned(),
        other => other.to_owned(),
    };
    let delimiter = if row.contains(';') { ";" } else { "," };
    format!("{header}\n{}\n", row.split(delimiter).map(cell).collect::<Vec<_>>().join(delimiter))
}

#[test]
fn every_profile_and_mode_refuses_them() {
    for owner in ["acme", "_marketplace"] {
        let host = host();
        both(&host, owner);
        for (profile, header, row) in ROWS {
            for (email, phone, field) in
                [("ok@quiet.example", PHONE, "phone"), ("GONE@Quiet.Example", "+5511961230000", "email")]
            {
                let rows = file(header, row, email, phone);
                if !rows.to_lowercase().contains(EMAIL) && !rows.contains(PHONE) {
                    continue;
                }
                for options in [&[][..], &[("dry_run", "true")], &[("mode", "create")], &[("mode", "update")]]
                {
                    let import = host.import_with(profile, &rows, options, &Course::default());
                    let errors = import.errors();
                    assert!(
                        errors.len() == 1 && errors[0].1.contains(":suppressed"),
                        "{owner} {profile} {options:?}: {errors:?}"
                    );
                    assert!(errors[0].1.contains(field), "{profile}: {errors:?}");
                    assert!(import.succeeded_rows().is_empty());
                }
                let preview = host.preview(profile, &rows, &[]);
                let codes: Vec<&str> =
                    preview.rows[0].findings.iter().map(|finding| finding.code.as_str()).collect();
                assert!(codes.contains(&"suppressed"), "{profile}: {codes:?}");
                assert_eq!(preview.rows[0].status.as_str(), "error");
            }
        }
        assert!(host.contacts().is_empty(), "{owner}");
    }
}

#[test]
fn they_are_found_wherever_they_are_in_a_row() {
    let host = host();
    both(&host, "acme");
    let base = "customer_type,document_type,document_number,first_surname,first_name";
    let person = "person,CC,1,Gomez,Ann";
    for (profile, rows) in [
        // A second value of a cell, of which the first is taken.
        ("prospects", format!("name,email\nAnn,ok@a.example; {EMAIL}\n")),
        ("prospects", format!("name,email\nAnn,\"Gone <{EMAIL}>\"\n")),
        ("prospects", format!("name,email,phone\nAnn,ok@a.example,+5511961230000 / {PHONE}\n")),
        ("prospects", "name,email,phone\nAnn,ok@a.example,(11) 96123-4567\n".to_owned()),
        // A further column that could fill the field.
        (
            "leads",
            format!("last_name,email,phone,mobile,owner\nA,ok@a.example,+5511961230000,{PHONE},Ana Souza\n"),
        ),
        ("mailing", format!("name;phone_1;phone_7\nAnn;+5511961230000;{PHONE}\n")),
        ("mailing", format!("name;phone_1\nAnn;+5511961230000 / {PHONE}\n")),
        ("accounts", format!("{base},phone,cell_phone\n{person},+5511961230000,{PHONE}\n")),
        ("accounts", format!("{base},phone,whatsapp\n{person},+5511961230000,{PHONE}\n")),
        // A column without a field that is kept with the contact.
        ("accounts", format!("{base},phone,Second mail\n{person},+5511961230000,{EMAIL}\n")),
    ] {
        let import = host.import(profile, &rows);
        let errors = import.errors();
        assert!(errors.len() == 1 && errors[0].1.contains(":suppressed"), "{profile} {rows}: {errors:?}");
    }
    let mapped = host.import_with(
        "prospects",
        "name,email\nAnn,alias\n",
        &[("value.email.alias", EMAIL)],
        &Course::default(),
    );
    assert_eq!(mapped.errors(), [(1, "email:suppressed".to_owned())]);
    assert!(host.contacts().is_empty());
    // A column that is not imported reaches nobody.
    let ignored = host.import("prospects", format!("name,email,Second mail\nAnn,ok@a.example,{EMAIL}\n"));
    assert_eq!(ignored.status(), "completed");
}

#[test]
fn all_findings_of_the_row_are_given() {
    let host = host();
    both(&host, "acme");
    let rows = format!("name,email,phone,group\n,{EMAIL},{PHONE},nobody\n");
    let errors = host.import("prospects", rows).errors();
    for key in ["name:required_missing", "email:suppressed", "phone:suppressed", "group:group_unknown"] {
        assert!(errors[0].1.contains(key), "{key}: {errors:?}");
    }
}

#[test]
fn a_programs_suppressions_are_its_own() {
    let host = host();
    host.program("other", "title = 'Other'\nregion = 'BR'\n");
    both(&host, "other");
    assert_eq!(host.import("prospects", format!("name,email\nAnn,{EMAIL}\n")).status(), "completed");
}

#[test]
fn a_failed_file_does_not_pass_when_it_comes_again() {
    let host = host();
    both(&host, "acme");
    let rows = format!("name,email,phone\nAnn,{EMAIL},\nBob,bob@a.example,\nCid,cid@a.example,{PHONE}\n");
    let mut import = host.import("prospects", rows);
    assert_eq!(import.summary.rows.created, 1);
    for _ in 0..2 {
        import = host.import("prospects", import.failed.clone());
        assert_eq!((import.summary.rows.rejected, import.summary.rows.read), (2, 2));
    }
}

#[test]
fn an_approval_does_not_write_who_was_suppressed_meanwhile() {
    let host = host();
    let rows = format!("name,email\nAnn,{EMAIL}\nBob,bob@a.example\n");
    let dry = host.import_with("prospects", &rows, &[("dry_run", "true")], &Course::default());
    assert_eq!(dry.summary.rows.created, 2);
    both(&host, "acme");
    let approve = DropTarget::Approve(dry.import_id.clone());
    let approved = host.run("acme", approve, "", b"approve\n", &[], &Course::default());
    assert_eq!(approved.errors(), [(1, "email:suppressed row:changed_since_approval".to_owned())]);
    let emails: Vec<String> = host.records().into_iter().map(|record| record.email).collect();
    assert_eq!(emails, ["bob@a.example"]);
}

#[test]
fn a_contact_that_exists_is_not_updated_and_not_invited_any_more() {
    let host = host();
    let account = "account_id,name,email\nA1,Ltd,office@ltd.example\n";
    host.directory("acme", "accounts", account);
    host.import("prospects", format!("name,email,account_id,group\nAnn,{EMAIL},A1,vip\n"));
    host.import("prospects", format!("name,email,phone\nBea,bea@a.example,{PHONE}\n"));
    let before = host.contact_of(EMAIL);
    assert_eq!(before["invite_to"], "office@ltd.example");
    both(&host, "acme");
    let again = host.import("prospects", format!("name,email\nAnn changed,{EMAIL}\n"));
    assert_eq!(again.errors(), [(1, "email:suppressed".to_owned())]);
    let by_phone = host.contact_of("bea@a.example");
    let again = host.import("prospects", "name,email\nBea changed,bea@a.example\n");
    assert_eq!(again.errors(), [(1, "row:suppressed".to_owned())], "its phone is");
    assert_eq!(host.contact_of("bea@a.example")["fields"], by_phone["fields"]);
    let after = host.contact_of(EMAIL);
    assert_eq!((&after["fields"], &after["import_id"]), (&before["fields"], &before["import_id"]));
    assert_eq!(after["suppressed"], true);
    for member in ["invite_to", "invitation"] {
        assert_eq!(after[member], "", "{member}");
    }
    assert_eq!(after["memberships"][0]["invite_to"], "");
}

#[test]
fn imp_25_a_suppressed_account_is_not_invited_at_its_own_address() {
    let host = host();
    host.directory("acme", "accounts", &format!("account_id,name,email\nA1,Ltd,{EMAIL}\n"));
    both(&host, "_marketplace");
    let import = host.import("prospects", "name,email,account_id,group\nAnn,ann@a.example,A1,vip\n");
    assert_eq!(import.succeeded_rows()[0]["rollcall_invite_to"], "ann@a.example");
    let contact = host.contact_of("ann@a.example");
    assert_eq!(
        (&contact["invite_to"], &contact["email"]),
        (&"ann@a.example".into(), &"ann@a.example".into())
    );
    assert!(!contact.to_string().contains(EMAIL), "{contact}");
}

#[test]
fn a_load_adds_updates_and_never_frees_anybody() {
    let host = host();
    let load = |rows: &str| {
        let rows = suppress(&host, "acme", rows).summary.rows;
        (rows.created, rows.updated, rows.unchanged, rows.rejected)
    };
    assert_eq!(load("a@x.example,+5511961230001,one\n"), (1, 0, 0, 0));
    assert_eq!(load("A@x.example,+55 11 96123-0001,one\n"), (0, 0, 1, 0));
    assert_eq!(load("a@x.example,+5511961230001,two\n"), (0, 1, 0, 0));
    // Another phone of the same address, an address alone, and several in a cell.
    assert_eq!(
        load("a@x.example,+5511961230002,\na@x.example,,\n\"b@x.example; c@x.example\",,\n"),
        (3, 0, 0, 0)
    );
    assert_eq!(load("b@x.example,,\n"), (0, 0, 1, 0));
    // The first of a repeated one stands; nothing to suppress is no suppression.
    assert_eq!(load("d@x.example,,first\nd@x.example,,second\n,,nothing\nnone,,\n"), (1, 0, 0, 3));
    for (email, phone) in [
        ("a@x.example", ""),
        ("b@x.example", ""),
        ("c@x.example", ""),
        ("d@x.example", ""),
        ("ok@x.example", "+5511961230001"),
        ("ok@x.example", "+5511961230002"),
    ] {
        let import = host.import("prospects", format!("name,email,phone\nAnn,{email},{phone}\n"));
        assert_eq!(import.summary.rows.rejected, 1, "{email} {phone}");
    }
    assert!(host.contacts().is_empty());
}

#[test]
fn nothing_of_them_is_kept_in_clear() {
    let host = host();
    both(&host, "acme");
    suppress(&host, "_marketplace", &format!("{EMAIL},{PHONE},reason to see\n"));
    for entry in std::fs::read_dir(host.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!has(EMAIL) && !has("961234567") && !has("quiet.example"), "{}", path.display());
        }
    }
}

#[test]
fn the_course_of_a_load_does_not_matter() {
    let rows: String = (0..40)
        .map(|number| format!("p{}@x.example,+55119612300{:02},r{}\n", number % 13, number % 7, number % 3))
        .collect();
    let file = format!("email,phone,reason\n{rows}");
    let mut outcomes = BTreeSet::new();
    for (size, order, deliveries) in [(4_000, 0, 1), (1, 5, 2), (3, 2, 1)] {
        let host = host();
        let course = Course { size: ChunkSize { rows: size, ..ChunkSize::default() }, order, deliveries };
        let what = DropTarget::Directory("suppressions".parse().unwrap());
        let loaded = host.run("acme", what, "s.csv", file.as_bytes(), &[], &course);
        outcomes.insert((loaded.succeeded, loaded.failed));
    }
    assert_eq!(outcomes.len(), 1);
}

/// People of the property test: an address and a phone each.
fn person(number: u8) -> (String, String) {
    (format!("p{number}@quiet.example"), format!("+55119612300{number:02}"))
}

#[derive(Debug, Clone)]
enum Step {
    /// A file of rows, each of an address and a phone of somebody; dry or real.
    Import { rows: Vec<(u8, u8)>, profile: u8, dry_run: bool },
    /// Somebody's address, phone or both, of the program or of all.
    Suppress { person: u8, what: u8, of_all: bool },
    /// Approves the dry run of this number among those so far.
    Approve(u8),
    /// Undoes the import of this number among those so far.
    Undo(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let row = (0_u8..6, 0_u8..6);
    prop_oneof![
        4 => (prop::collection::vec(row, 1..5), 0_u8..3, any::<bool>())
            .prop_map(|(rows, profile, dry_run)| Step::Import { rows, profile, dry_run }),
        2 => (0_u8..6, 0_u8..3, any::<bool>())
            .prop_map(|(person, what, of_all)| Step::Suppress { person, what, of_all }),
        2 => (0_u8..4).prop_map(Step::Approve),
        2 => (0_u8..6).prop_map(Step::Undo),
    ]
}

/// What was suppressed so far, and who was a contact before that.
#[derive(Default)]
struct Known {
    suppressed: BTreeSet<String>,
    dry_runs: Vec<ImportId>,
    imports: Vec<ImportId>,
}

fn list(rows: &[(u8, u8)], profile: u8) -> (&'static str, String) {
    let people: Vec<(String, String)> =
        rows.iter().map(|(email, phone)| (person(*email).0, person(*phone).1)).collect();
    let line = |make: fn(&str, &str) -> String| -> String {
        people.iter().map(|(email, phone)| make(email, phone)).collect()
    };
    match profile {
        0 => (
            "prospects",
            format!("name,email,phone\n{}", line(|email, phone| format!("N,{email},{phone}\n"))),
        ),
        1 => ("mailing", format!("name;phone_1\n{}", line(|_, phone| format!("N;{phone}\n")))),
        _ => (
            "leads",
            format!(
                "last_name,email,phone,owner\n{}",
                line(|email, phone| format!("N,x@y.example; {email},{phone},Ana Souza\n"))
            ),
        ),
    }
}

fn run_step(world: &World, known: &mut Known, step: Step) -> Result<(), TestCaseError> {
    let import = match step {
        Step::Suppress { person: number, what, of_all } => {
            let (email, phone) = person(number);
            let (email, phone) = (if what != 1 { &*email } else { "" }, if what != 0 { &*phone } else { "" });
            let target = DropTarget::Directory("suppressions".parse().unwrap());
            let owner = if of_all { "_marketplace" } else { "acme" };
            let file = format!("email,phone\n{email},{phone}\n");
            world.load_of(owner, target, file.as_bytes());
            known
                .suppressed
                .extend([email, phone].map(str::to_owned).into_iter().filter(|one| !one.is_empty()));
            return Ok(());
        }
        Step::Approve(number) => {
            if known.dry_runs.is_empty() {
                return Ok(());
            }
            let dry_run = known.dry_runs.remove(usize::from(number) % known.dry_runs.len());
            let import = world.load_of("acme", DropTarget::Approve(dry_run), b"approve\n");
            known.imports.push(import.clone());
            import
        }
        Step::Undo(number) => {
            if known.imports.is_empty() {
                return Ok(());
            }
            let import = known.imports.remove(usize::from(number) % known.imports.len());
            return undo_step(world, known, import);
        }
        Step::Import { rows, profile, dry_run } => {
            let (profile, file) = list(&rows, profile);
            let options = [("dry_run", if dry_run { "true" } else { "false" })];
            let import = world.import(profile, file.as_bytes(), &options, &Course::default());
            if dry_run {
                known.dry_runs.push(import.clone());
            } else {
                known.imports.push(import.clone());
            }
            import
        }
    };
    let succeeded = world.paper(&import, "succeeded.csv").unwrap_or_default();
    for value in &known.suppressed {
        prop_assert!(!succeeded.contains(value.as_str()), "{value} was accepted: {succeeded}");
    }
    let written = world.records_by(&import);
    for value in &known.suppressed {
        prop_assert!(!written.iter().any(|record| record.contains(value.as_str())), "{value} was written");
    }
    Ok(())
}

/// An undo may leave who is a contact, and brings nobody back.
fn undo_step(world: &World, known: &Known, import: ImportId) -> Result<(), TestCaseError> {
    let pools = ["partners", "mailing", "leads"];
    let shown = || pools.iter().flat_map(|pool| world.shown(pool)).collect::<Vec<_>>();
    let of = |shown: &[Shown], value: &str| {
        let with = shown.iter().filter(|(_, record, ..)| record.contains(value));
        with.map(|(id, ..)| id.to_string()).collect::<BTreeSet<_>>()
    };
    let before = shown();
    world.request(DropTarget::Undo(import), &Course::default());
    let after = shown();
    for value in &known.suppressed {
        prop_assert!(of(&after, value).is_subset(&of(&before, value)), "{value} came back");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: rollcall_tests::cases(60), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_imports_approvals_and_undos_reaches_who_is_suppressed(steps in prop::collection::vec(step(), 1..12)) {
        let world = World::with_acme();
        world.load_of("acme", DropTarget::Directory("owners".parse().unwrap()), b"owner_id,name\n1,Ana Souza\n");
        let mut known = Known::default();
        for step in steps {
            run_step(&world, &mut known, step)?;
        }
    }
}
