//! Modes, blank cells, kept fields and `changes.csv`: how an import changes contacts that exist.

use std::fs;

use proptest::prelude::*;
use rollcall_domain::contacts::contact::Record;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_tests::test_host::{Course, Imported, TestHost, rows};

const BEFORE: &str = "Name,E-mail,Phone,Website,Group,Note\n\
    Ann,ann@one.example,+55 11 91234-5678,https://one.example,vip,first\n\
    Bob,bob@two.example,,,,\n";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nvip\ngold\n");
    assert_eq!(host.import("prospects", BEFORE).status(), "completed");
    host
}

fn import(host: &TestHost, file: &str, options: &[(&str, &str)]) -> Imported {
    host.import_with("prospects", file, options, &Course::default())
}

fn record(host: &TestHost, email: &str) -> Record {
    host.records().into_iter().find(|record| record.email == email).expect("the contact is there")
}

/// Lines of `changes.csv` without the contact: row, field, before, after.
fn changes(imported: &Imported) -> Vec<String> {
    let lines = rows(&fs::read(imported.folder.join("changes.csv")).unwrap());
    let line = |line: &rollcall_tests::test_host::ResultRow| {
        ["rollcall_row", "field", "before", "after"].map(|column| line[column].clone()).join("|")
    };
    lines.iter().map(line).collect()
}

#[test]
fn each_mode_writes_its_own_contacts() {
    let file = "Name,E-mail\nAnna,ann@one.example\nCid,cid@three.example\n";
    for (mode, outcomes, errors, names) in [
        ("upsert", &["updated", "created"][..], &[][..], ["Anna", "Bob", "Cid"].as_slice()),
        ("create", &["unchanged", "created"], &[], &["Ann", "Bob", "Cid"]),
        ("update", &["updated"], &["row:contact_unknown"], &["Anna", "Bob"]),
    ] {
        let host = host();
        let imported = import(&host, file, &[("mode", mode)]);
        let said: Vec<String> =
            imported.succeeded_rows().iter().map(|row| row["rollcall_outcome"].clone()).collect();
        assert_eq!(said, outcomes, "{mode}");
        let failed: Vec<String> = imported.errors().into_iter().map(|(_, errors)| errors).collect();
        assert_eq!(failed, errors, "{mode}");
        let mut known: Vec<String> = host.records().into_iter().map(|record| record.name).collect();
        known.sort();
        assert_eq!(known, names, "{mode}");
    }
    let imported = import(&host(), file, &[("mode", "create")]);
    assert_eq!(imported.succeeded_rows()[0]["rollcall_warnings"], "row:contact_exists");
}

/// A contact that is left as it is joins no group either.
#[test]
fn mode_create_adds_no_group() {
    let host = host();
    let imported = import(&host, "Name,E-mail,Group\nBob,bob@two.example,gold\n", &[("mode", "create")]);
    assert_eq!(imported.outcomes(), [(1, "unchanged".to_owned())]);
    assert!(host.contacts().iter().all(|contact| !contact.groups.contains(&"gold".to_owned())));
    assert!(changes(&imported).is_empty());
}

#[test]
fn an_empty_cell_keeps_or_clears_its_field() {
    let file = "Name,E-mail,Phone,Note\nAnn,ann@one.example,,\n";
    let kept = host();
    assert_eq!(import(&kept, file, &[]).outcomes(), [(1, "unchanged".to_owned())]);
    assert_eq!(record(&kept, "ann@one.example").phones, ["+5511912345678"]);

    let cleared = host();
    let imported = import(&cleared, file, &[("blank", "clear")]);
    assert_eq!(imported.outcomes(), [(1, "updated".to_owned())]);
    let ann = record(&cleared, "ann@one.example");
    assert!(ann.phones.is_empty() && ann.fields["phone"].is_empty() && ann.fields["note"].is_empty());
    // What the file has no column for stays, and so does what is mandatory.
    assert_eq!((&*ann.fields["website"], &*ann.name), ("https://one.example", "Ann"));
    assert_eq!(changes(&imported), ["1|note|first|", "1|phone|+5511912345678|"]);
    // Again: nothing is left to clear.
    assert_eq!(import(&cleared, file, &[("blank", "clear")]).outcomes(), [(1, "unchanged".to_owned())]);
}

#[test]
fn a_mandatory_field_is_never_cleared() {
    for (options, cell) in [([("blank", "clear")], ""), ([("clear_word", "(empty)")], "(empty)")] {
        let host = host();
        let file = format!("Name,E-mail\n{cell},ann@one.example\nAnn,{cell}\n");
        let imported = import(&host, &file, &options);
        let errors: Vec<String> = imported.errors().into_iter().map(|(_, errors)| errors).collect();
        assert_eq!(errors, ["name:required_missing", "email:required_missing"], "{options:?}");
        assert_eq!(record(&host, "ann@one.example").name, "Ann");
    }
}

#[test]
fn a_word_clears_its_field_and_an_empty_cell_does_not() {
    let host = host();
    let file = "Name,E-mail,Phone,Note\nAnn,ann@one.example, (empty) ,\nCid,cid@three.example,(empty),x\n";
    let imported = import(&host, file, &[("clear_word", "(empty)")]);
    assert_eq!(imported.outcomes(), [(1, "updated".to_owned()), (2, "created".to_owned())]);
    assert_eq!(changes(&imported), ["1|phone|+5511912345678|"]);
    assert!(record(&host, "ann@one.example").phones.is_empty());
    assert_eq!(record(&host, "ann@one.example").fields["note"], "first");
    assert!(record(&host, "cid@three.example").fields["phone"].is_empty());
}

#[test]
fn a_kept_field_takes_a_value_only_where_it_is_empty() {
    let host = host();
    let file = "Name,E-mail,Phone\nAnna,ann@one.example,+55 11 90000-0001\nRobert,bob@two.example,+55 11 90000-0002\n";
    let imported = import(&host, file, &[("keep_fields", "phone"), ("blank", "clear")]);
    assert_eq!(changes(&imported), ["1|name|Ann|Anna", "2|name|Bob|Robert", "2|phone||+5511900000002"]);
    assert_eq!(record(&host, "ann@one.example").phones, ["+5511912345678"]);
    let wrong = import(&host, file, &[("keep_fields", "phone,fax")]);
    assert_eq!(wrong.file_codes(), ["options_invalid"]);
}

#[test]
fn changes_are_the_same_in_a_dry_run_and_add_up() {
    let host = host();
    let file = "Name,E-mail,Group,Note\n=cmd,ann@one.example,gold,first\nBob,bob@two.example,vip,\nEve,eve@new.example,vip,\n";
    let dry = import(&host, file, &[("dry_run", "true")]);
    let real = import(&host, file, &[]);
    let lines = |imported: &Imported| fs::read(imported.folder.join("changes.csv")).unwrap();
    assert_eq!(lines(&dry), lines(&real));
    assert_eq!(
        changes(&real),
        ["1|group|vip|gold", "1|name|Ann|'=cmd", "1|groups||gold", "2|group||vip", "2|groups||vip"]
    );
    let counts: Vec<_> =
        real.summary.changes.iter().map(|count| (count.field.as_str(), count.rows)).collect();
    assert_eq!(counts, [("group", 2), ("groups", 2), ("name", 1)]);
    assert_eq!(dry.summary.changes, real.summary.changes);
}

/// Of rows that stand for one contact only the first changes its fields; the others add groups.
#[test]
fn merged_rows_change_groups_only_whatever_the_chunks() {
    let file = "Name,E-mail,Group\nAnna,ann@one.example,gold\nAnne,ann@one.example,vip\nBob,bob@two.example,gold\nRob,bob@two.example,vip\n";
    let mut seen = Vec::new();
    for (rows, order) in [(1, 0), (1, 3), (2, 1), (4, 0)] {
        let host = host();
        let size = ChunkSize { rows, ..ChunkSize::default() };
        let imported = host.import_with("prospects", file, &[], &Course { size, order, deliveries: 2 });
        seen.push(fs::read(imported.folder.join("changes.csv")).unwrap());
        assert_eq!(
            changes(&imported),
            [
                "1|group|vip|gold",
                "1|name|Ann|Anna",
                "1|groups||gold",
                "3|group||gold",
                "3|groups||gold",
                "4|groups||vip"
            ],
        );
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_preview_shows_what_would_change() {
    let host = host();
    let preview = host.preview("prospects", "Name,E-mail\nAnna,ann@one.example\nNew,new@one.example\n", &[]);
    let said: Vec<_> = preview.rows.iter().map(|row| row.changes.len()).collect();
    assert_eq!(said, [1, 0]);
    let change = &preview.rows[0].changes[0];
    assert_eq!((&*change.field, &*change.before, &*change.after), ("name", "Ann", "Anna"));
}

/// A list of people and what they have: what an import of a test is made of.
fn lists() -> impl Strategy<Value = String> {
    let row = (0..5_u8, "[AB]?", prop::sample::select(vec!["", "vip", "gold"]), "[xy]?");
    prop::collection::vec(row, 0..8).prop_map(|rows| {
        let mut file = "Name,E-mail,Group,Note\n".to_owned();
        for (person, name, group, note) in rows {
            file.push_str(&format!("N{name},p{person}@one.example,{group},{note}\n"));
        }
        file
    })
}

/// Contacts without the imports that wrote them.
fn contacts(host: &TestHost) -> Vec<(String, String, Vec<String>)> {
    let contact = |contact: rollcall_embedded::store::ListedContact| {
        (contact.contact_id.to_string(), contact.record, contact.groups)
    };
    host.contacts().into_iter().map(contact).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: rollcall_tests::cases(24), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn create_and_then_update_is_upsert(before in lists(), file in lists(), blank in prop::sample::select(vec!["keep", "clear"])) {
        let start = || {
            let host = TestHost::with_acme();
            host.directory("acme", "groups", "name\nvip\ngold\n");
            host.import("prospects", &before);
            host
        };
        let (both, one) = (start(), start());
        import(&both, &file, &[("mode", "create"), ("blank", blank)]);
        import(&both, &file, &[("mode", "update"), ("blank", blank)]);
        import(&one, &file, &[("mode", "upsert"), ("blank", blank)]);
        prop_assert_eq!(contacts(&both), contacts(&one));
    }

    #[test]
    fn clearing_leaves_identity_and_mandatory_fields(before in lists(), file in lists()) {
        let host = TestHost::with_acme();
        host.directory("acme", "groups", "name\nvip\ngold\n");
        host.import("prospects", &before);
        import(&host, &file, &[("blank", "clear")]);
        for record in host.records() {
            prop_assert!(!record.name.is_empty() && !record.email.is_empty());
        }
    }
}
