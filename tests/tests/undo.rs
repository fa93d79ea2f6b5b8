//! Undo: what an import wrote is taken back, and what others wrote since stays.

use std::collections::BTreeMap;
use std::fs;

use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::{Drop, DropTarget};
use rollcall_domain::result::tally::UndoCounts;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_tests::test_host::{Course, Imported, ResultRow, TestHost, rows};

const BEFORE: &str = "Name,E-mail,Phone,Group,Note\nAnn,ann@one.example,,vip,old\nBob,bob@two.example,,,\n";
/// Changes Ann, leaves Bob as he is, creates Cid, whose identity stands several times, and Dan.
const FILE: &str = "Name,E-mail,Phone,Group,Note\nAnn Lee,ann@one.example,11961234567,,new\nBob,bob@two.example,,,\n\
    Cid,cid@three.example,,vip,\nDan,dan@four.example,,,=1+1\nCid,cid@three.example,,gold,\n\
    Ann,ann@one.example,,gold,\nEve,nobody,,,\n";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nvip\nGold\n");
    host.import("prospects", BEFORE);
    host
}

fn courses() -> Vec<Course> {
    [(4_000, 0, 1), (1, 5, 1), (2, 2, 2)]
        .into_iter()
        .map(|(rows, order, deliveries)| Course {
            size: ChunkSize { rows, ..ChunkSize::default() },
            order,
            deliveries,
        })
        .collect()
}

fn undo(host: &TestHost, import: &ImportId, course: &Course) -> Imported {
    host.run("acme", DropTarget::Undo(import.clone()), import.as_str(), b"undo\n", &[], course)
}

fn undo_dry(host: &TestHost, import: &ImportId, course: &Course) -> Imported {
    host.run_in("acme", DropTarget::Undo(import.clone()), import.as_str(), b"undo\n", &[], course, true)
}

fn undone(imported: &Imported) -> Vec<ResultRow> {
    rows(&fs::read(imported.folder.join("undone.csv")).unwrap())
}

fn counts(imported: &Imported) -> [u64; 4] {
    let UndoCounts { read, removed, restored, kept } = imported.summary.rows.undo.unwrap();
    [read, removed, restored, kept]
}

/// Outcome, field, before, after and reason of each line, sorted.
fn lines(imported: &Imported) -> Vec<String> {
    let names = ["rollcall_outcome", "field", "before", "after", "reason"];
    let line = |row: ResultRow| names.map(|name| row[name].clone()).join("|");
    let mut lines: Vec<String> = undone(imported).into_iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn after_import_and_undo_all_is_as_before() {
    let mut seen = Vec::new();
    for course in courses() {
        let host = host();
        let before = host.contacts();
        let imported = host.import_with("prospects", FILE, &[], &course);
        assert_ne!(host.contacts(), before);
        let dry = undo_dry(&host, &imported.import_id, &course);
        assert_ne!(host.contacts(), before);
        let undo = undo(&host, &imported.import_id, &course);
        assert_eq!(host.contacts(), before, "{course:?}");
        assert_eq!((undo.status(), counts(&undo)), ("completed", [3, 2, 1, 0]));
        assert_eq!(undo.summary.head.undoes.as_deref(), Some(imported.import_id.as_str()));
        assert_eq!((&*undo.summary.head.profile, &*undo.summary.head.file), ("prospects", "list.csv"));
        let bytes = |imported: &Imported| fs::read(imported.folder.join("undone.csv")).unwrap();
        assert_eq!(bytes(&dry), bytes(&undo));
        assert!(dry.summary.head.dry_run && counts(&dry) == counts(&undo));
        assert_eq!(
            lines(&undo),
            [
                "removed|email|cid@three.example||",
                "removed|email|dan@four.example||",
                "restored|groups|Gold||",
                "restored|name|Ann Lee|Ann|",
                "restored|note|new|old|",
                "restored|phone|+5511961234567||",
            ]
        );
        assert!(undo.notification.unwrap().contains("undone"), "a letter");
        assert!(undo.report.contains("undone.csv") && undo.report.contains("restored"));
        seen.push(bytes(&dry));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn what_a_later_import_changed_stays() {
    for course in courses() {
        let host = host();
        let first = host.import_with("prospects", FILE, &[], &course);
        let later = "Name,E-mail,Note,Group\nAnn Lee,ann@one.example,later,\nDan,dan@four.example,seen,\n\
            Cid,cid@three.example,,vip\n";
        host.import_with("prospects", later, &[], &course);
        let undo = undo(&host, &first.import_id, &course);
        assert_eq!(counts(&undo), [3, 1, 0, 2]);
        assert_eq!(
            lines(&undo),
            [
                "kept|note|later|later|changed_since",
                "kept||||changed_since",
                "removed|email|cid@three.example||",
                "restored|groups|Gold||",
                "restored|name|Ann Lee|Ann|",
                "restored|phone|+5511961234567||",
            ]
        );
        let notes: BTreeMap<String, String> =
            host.records().into_iter().map(|record| (record.name, record.fields["note"].clone())).collect();
        let wanted = [("Ann", "later"), ("Bob", ""), ("Dan", "seen")];
        assert_eq!(notes, wanted.map(|(name, note)| (name.to_owned(), note.to_owned())).into());
    }
}

#[test]
fn undoing_again_is_the_same_undo() {
    let host = host();
    let imported = host.import("prospects", FILE);
    let first = undo(&host, &imported.import_id, &Course::default());
    let imports = host.home.listing().imports().unwrap().len();
    let second = undo(&host, &imported.import_id, &Course::default());
    assert_eq!(first.import_id, second.import_id);
    assert_eq!(host.home.listing().imports().unwrap().len(), imports);
}

#[test]
fn what_cannot_be_undone_is_refused_with_the_reason() {
    let host = host();
    let dry = host.import_with("prospects", FILE, &[("dry_run", "true")], &Course::default());
    let load = host.load("acme", "groups", "name\nsilver\n");
    let gone = host.import("prospects", FILE);
    fs::remove_file(gone.folder.join("plan.json")).unwrap();
    let no_chunk = host.import("prospects", FILE);
    fs::remove_file(no_chunk.folder.join("chunks/0")).unwrap();
    let unknown = ImportId::derive("b", "k", "v", host.later(5));
    let done = host.import("prospects", "Name,E-mail\nZed,zed@nine.example\n");
    let undo_id = undo(&host, &done.import_id, &Course::default()).import_id;
    let queue = rollcall_embedded::queue::LocalQueue::with_room(100);
    let what = DropTarget::Profile("prospects".parse().unwrap());
    let object = host.drop_file("acme", what, "running.csv", FILE.as_bytes());
    let running = host.split(&queue, object, &[], ChunkSize::default());
    for (import, reason, words) in [
        (&dry.import_id, "is_dry_run", "dry run"),
        (&load.import_id, "directory_load", "directory"),
        (&gone.import_id, "artifacts_gone", "gone"),
        (&no_chunk.import_id, "artifacts_gone", "gone"),
        (&unknown, "import_unknown", "no such import"),
        (&undo_id, "is_undo", "undo"),
        (&running, "import_running", "not over"),
    ] {
        let before = host.contacts();
        for undo in [undo(&host, import, &Course::default()), undo_dry(&host, import, &Course::default())] {
            assert_eq!((undo.status(), undo.file_codes()), ("refused", vec!["undo_impossible"]), "{reason}");
            let finding = &undo.upload.verdict.errors[0];
            assert_eq!(finding.args["reason"], reason);
            assert!(finding.message.contains(words), "{}", finding.message);
            assert!(undo.report.contains(words) && undo.notification.is_some());
            assert_eq!(undo.summary.rows.read, 0);
        }
        assert_eq!(host.contacts(), before);
    }
    // A refused undo is no undo: once the import is over, it can be undone.
    host.work(&queue, &Course::default());
    assert_eq!(undo(&host, &running, &Course::default()).status(), "completed");
}

#[test]
fn an_import_that_wrote_nothing_is_undone_at_once() {
    let host = host();
    for options in [&[("max_rejected", "0")][..], &[]] {
        let file = if options.is_empty() { "Name\nAnn\n" } else { FILE };
        let refused = host.import_with("prospects", file, options, &Course::default());
        assert_eq!(refused.status(), "refused");
        let before = host.contacts();
        let undo = undo(&host, &refused.import_id, &Course::default());
        assert_eq!((undo.status(), counts(&undo)), ("completed", [0, 0, 0, 0]));
        assert_eq!(host.contacts(), before);
    }
}

#[test]
fn tags_links_and_other_columns_come_back() {
    let host = TestHost::with_acme();
    host.directory("acme", "tags", "name\nred\nblue\n");
    let header = "customer_type,document_type,document_number,first_surname,first_name,email,tags,Own\n";
    let row = |cells: &str| format!("{header}person,CC,123,{cells}\n");
    host.import("accounts", row("Diaz,Ana,ana@one.example,red,x"));
    let before = host.contacts();
    let imported = host.import("accounts", row("Diaz,Ana Maria,ana@two.example,\"red, blue\",y"));
    let undo = undo(&host, &imported.import_id, &Course::default());
    assert_eq!(host.contacts(), before);
    assert_eq!(counts(&undo), [1, 0, 1, 0]);
    let fields: Vec<String> = undone(&undo).into_iter().map(|row| row["field"].clone()).collect();
    assert_eq!(fields, ["email", "first_name", "tags", "Own"]);
}

#[test]
fn dig_05_an_undone_replace_brings_the_removed_contacts_back() {
    for course in courses() {
        let host = TestHost::with_acme();
        let list = "Nome;Telefone 1;Agente\nAna;+5511961234561;\nBob;+5511961234562;\nCy;+5511961234563;\n";
        host.import_with("mailing", list, &[], &course);
        let older = host.contacts();
        let next = "Nome;Telefone 1\nBob;+5511961234562\nCy Lima;+5511961234563\nDi;+5511961234564\n";
        let first = host.import_with("mailing", next, &[("replace", "true")], &course);
        let between = host.contacts();
        let last = "Nome;Telefone 1\nDi;+5511961234564\nEva;+5511961234565\n";
        let second = host.import_with("mailing", last, &[("replace", "true")], &course);
        // Not the newest replace: nobody that it removed comes back.
        let dry = undo_dry(&host, &first.import_id, &course);
        assert!(lines(&dry).contains(&"kept||||replaced_since".to_owned()), "{:?}", lines(&dry));
        let undone_second = undo(&host, &second.import_id, &course);
        assert_eq!(host.contacts(), between);
        assert_eq!(counts(&undone_second), [4, 1, 3, 0]);
        let undone_first = undo(&host, &first.import_id, &course);
        assert_eq!(host.contacts(), older);
        assert_eq!(counts(&undone_first), [4, 1, 3, 0]);
        let back = "restored|phone_1||+5511961234561|".to_owned();
        assert!(lines(&undone_first).contains(&back), "{:?}", lines(&undone_first));
        // The next replace removes again.
        host.import_with("mailing", last, &[("replace", "true")], &course);
        assert_eq!(host.contacts().len(), 2);
    }
}

#[test]
fn dig_05_an_undo_under_a_later_replace_brings_nobody_back() {
    for course in courses() {
        let host = TestHost::with_acme();
        host.import_with("mailing", "Nome;Telefone 1\nAna;+5511961234561\n", &[], &course);
        let list = "Nome;Telefone 1\nAna Lima;+5511961234561\nBob;+5511961234562\nCy;+5511961234563\nDi;+5511961234564\n";
        let plain = host.import_with("mailing", list, &[], &course);
        let replacing = "Nome;Telefone 1\nCy;+5511961234563\nDi Reis;+5511961234564\nEva;+5511961234565\n";
        host.import_with("mailing", replacing, &[("replace", "true")], &course);
        let after = host.contacts();
        let dry = undo_dry(&host, &plain.import_id, &course);
        let undone = undo(&host, &plain.import_id, &course);
        assert_eq!(lines(&dry), lines(&undone));
        let there = ["kept||||changed_since", "kept||||changed_since"];
        let removed = ["kept||||gone", "kept||||gone"];
        assert_eq!(lines(&undone), [there, removed].concat());
        assert_eq!(host.contacts(), after);
    }
}

#[test]
fn keys_of_requests_are_read_back() {
    let import = ImportId::derive("b", "k", "v", "2026-01-01T00:00:00Z".parse().unwrap());
    for dry_run in [false, true] {
        let drop = Drop {
            program: ProgramName::parse("acme").unwrap(),
            what: DropTarget::Undo(import.clone()),
            file: import.to_string(),
            dry_run,
        };
        assert_eq!(Drop::parse(&drop.key()), Some(drop));
    }
}
