//! Approve: an import writes what its dry run showed and nothing else. Cancel: undecided chunks end as unprocessed.

use std::fs;

use pollster::block_on;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::{Cancel, DropTarget};
use rollcall_domain::types::names::{ImportId, ProfileName, ProgramName};
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_pipeline::cancel::{Cancelled, cancel};
use rollcall_pipeline::work::Plans;
use rollcall_tests::test_host::{Course, Imported, TestHost};

const FILE: &str = "Name,E-mail,Group\nAnn,ann@one.example,vip\nBob,not an address,\nCid,cid@three.example,\n\
    Cid,cid@three.example,vip\nDan,dan@four.example,gold\n";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nvip\n");
    host.import("prospects", "Name,E-mail\nAnn before,ann@one.example\n");
    host
}

fn drop(host: &TestHost, name: &str, file: &str, options: &[(&str, &str)], course: &Course) -> Imported {
    let what = DropTarget::Profile(ProfileName::parse("prospects").unwrap());
    host.run("acme", what, name, file.as_bytes(), options, course)
}

fn dry_run(host: &TestHost) -> Imported {
    drop(host, "trial.csv", FILE, &[("dry_run", "true")], &Course::default())
}

fn approve(host: &TestHost, dry_run: &ImportId, course: &Course) -> Imported {
    host.run("acme", DropTarget::Approve(dry_run.clone()), "", b"approve\n", &[], course)
}

fn changes(imported: &Imported) -> Vec<u8> {
    fs::read(imported.folder.join("changes.csv")).unwrap()
}

#[test]
fn approving_at_once_gives_the_plain_imports_files_whatever_the_course() {
    let plain = host();
    let plain_import = drop(&plain, "trial.csv", FILE, &[], &Course::default());
    for (rows, order, deliveries) in [(4_000, 0, 1), (1, 3, 2), (2, 1, 1)] {
        let course = Course { size: ChunkSize { rows, ..ChunkSize::default() }, order, deliveries };
        let host = host();
        let dry = drop(&host, "trial.csv", FILE, &[("dry_run", "true")], &course);
        let approved = approve(&host, &dry.import_id, &course);
        assert_eq!(approved.succeeded, plain_import.succeeded);
        assert_eq!(approved.failed, plain_import.failed);
        assert_eq!(changes(&approved), changes(&plain_import));
        assert_eq!(approved.summary.rows, plain_import.summary.rows);
        assert_eq!(approved.summary.head.approves.as_deref(), Some(dry.import_id.as_str()));
        assert!(!approved.summary.head.dry_run);
        assert!(!approved.upload.options.contains_key("dry_run"));
        assert_eq!(
            (&*approved.summary.head.profile, &*approved.summary.head.file),
            ("prospects", "trial.csv")
        );
        let records = |host: &TestHost| {
            host.contacts().into_iter().map(|one| (one.record, one.groups)).collect::<Vec<_>>()
        };
        assert_eq!(records(&host), records(&plain));
    }
}

#[test]
fn a_row_whose_answer_changed_is_not_written() {
    let host = host();
    let dry = dry_run(&host);
    // The group of the last row comes to be, and somebody else changes the first contact.
    host.directory("acme", "groups", "name\ngold\n");
    drop(&host, "other.csv", "Name,E-mail\nAnn changed,ann@one.example\n", &[], &Course::default());
    let approved = approve(&host, &dry.import_id, &Course::default());
    assert_eq!(
        approved.errors(),
        [
            (1, "row:changed_since_approval".to_owned()),
            (2, "email:email_invalid".to_owned()),
            (5, "row:changed_since_approval".to_owned())
        ]
    );
    let taken: Vec<String> =
        approved.succeeded_rows().iter().map(|row| row["rollcall_outcome"].clone()).collect();
    assert_eq!(taken, ["created", "merged"]);
    let names: Vec<String> = host.records().into_iter().map(|record| record.name).collect();
    assert!(names.contains(&"Ann changed".to_owned()) && !names.contains(&"Dan".to_owned()), "{names:?}");
    assert_eq!(approved.status(), "completed_with_errors");
}

/// Settings and options are those of the dry run, also where they are others by now.
#[test]
fn settings_that_changed_meanwhile_change_nothing() {
    let host = host();
    let file = "Name,E-mail,Phone\nEve,eve@five.example,11 91234-5678\n";
    let dry = drop(&host, "phones.csv", file, &[("dry_run", "true")], &Course::default());
    host.program("acme", "title = 'Acme'\nregion = 'DE'\n");
    let approved = approve(&host, &dry.import_id, &Course::default());
    assert_eq!(approved.succeeded, dry.succeeded);
    let eve = host.records().into_iter().find(|record| record.name == "Eve").unwrap();
    assert_eq!(eve.phones, ["+5511912345678"]);
}

/// Who appears or changes after the dry run of a replacing import is not removed unseen.
#[test]
fn dig_05_an_approved_replace_removes_what_was_shown_or_nothing() {
    const LIST: &str = "name;phone_1\nAnn;11961234501\nBob;11961234502\nCid;11961234503\n";
    let mailing = |host: &TestHost, file: &str, options: &[(&str, &str)], course: &Course| {
        let what = DropTarget::Profile(ProfileName::parse("mailing").unwrap());
        // A drop of the same name would replace the file that was tried.
        let name = if options.is_empty() { "other.csv" } else { "list.csv" };
        host.run("acme", what, name, file.as_bytes(), options, course)
    };
    let replacing = "name;phone_1\nAnn;11961234501\nBob;11961234502\n";
    let course = |rows| Course { size: ChunkSize { rows, ..ChunkSize::default() }, ..Course::default() };
    for (between, passes) in [
        ("", true),
        // The file as it is: nothing differs but the import that wrote it last.
        ("name;phone_1\nCid;11961234503\n", true),
        ("name;phone_1\nNew;11961234504\n", false),
        ("name;phone_1\nNew;11961234504\nCid2;11961234503\n", false),
        // The row of a contact that is to stay is not the one that was shown, so the contact would go.
        ("name;phone_1\nAnn changed;11961234501\n", false),
    ] {
        for rows in [1, 4_000] {
            let host = TestHost::with_acme();
            mailing(&host, LIST, &[], &Course::default());
            let options = [("replace", "true"), ("dry_run", "true"), ("max_removed", "100%")];
            let dry = mailing(&host, replacing, &options, &course(rows));
            assert_eq!(dry.status(), "completed");
            if !between.is_empty() {
                mailing(&host, between, &[], &Course::default());
            }
            let before = host.contacts();
            let approved = approve(&host, &dry.import_id, &course(rows));
            let removed = |imported: &Imported| fs::read(imported.folder.join("removed.csv")).unwrap();
            if passes {
                assert_eq!((approved.status(), host.contacts().len()), ("completed", 2), "{between}");
                assert_eq!(removed(&approved), removed(&dry));
            } else {
                let codes = approved.summary.errors.iter().map(|count| count.code.as_str());
                assert!(codes.filter(|code| *code == "removal_changed").count() == 1, "{between}");
                assert_eq!(approved.status(), "refused");
                assert_eq!(host.contacts(), before, "{between}");
                assert!(approved.summary.rows.sum_holds() && approved.summary.rows.unprocessed > 0);
                let again = mailing(&host, replacing, &options, &course(rows));
                let approved = approve(&host, &again.import_id, &course(rows));
                assert_eq!((approved.status(), host.contacts().len()), ("completed", 2), "{between}");
            }
        }
    }
}

#[test]
fn approving_twice_is_the_same_import() {
    let host = host();
    let dry = dry_run(&host);
    let first = approve(&host, &dry.import_id, &Course::default());
    let second = approve(&host, &dry.import_id, &Course::default());
    assert_eq!(first.import_id, second.import_id);
    assert_eq!(host.home.listing().imports().unwrap().len(), 4);
}

#[test]
fn what_is_no_dry_run_cannot_be_approved() {
    let host = host();
    let real = drop(&host, "real.csv", FILE, &[], &Course::default());
    let refused_run = drop(&host, "none.csv", "Name\nAnn\n", &[("dry_run", "true")], &Course::default());
    let gone = dry_run(&host);
    fs::remove_file(gone.folder.join("plan.json")).unwrap();
    let overwritten = drop(&host, "over.csv", FILE, &[("dry_run", "true")], &Course::default());
    drop(
        &host,
        "over.csv",
        "Name,E-mail\nZed,zed@nine.example\n",
        &[("dry_run", "true")],
        &Course::default(),
    );
    let unknown = ImportId::derive("b", "k", "v", host.later(5));
    for import in [&real.import_id, &refused_run.import_id, &gone.import_id, &overwritten.import_id, &unknown]
    {
        let before = host.contacts();
        let approved = approve(&host, import, &Course::default());
        assert_eq!((approved.status(), approved.file_codes()), ("refused", vec!["approval_unknown"]));
        assert!(approved.notification.is_some());
        assert_eq!(host.contacts(), before);
    }
}

/// Splits a file into chunks of one row, works on some of them, cancels, and works on the rest.
fn cancelled_after(host: &TestHost, worked: usize) -> Imported {
    let what = DropTarget::Profile(ProfileName::parse("prospects").unwrap());
    let object = host.drop_file("acme", what, "list.csv", FILE.as_bytes());
    let queue = LocalQueue::with_room(1_000);
    let size = ChunkSize { rows: 1, ..ChunkSize::default() };
    let import_id = host.split(&queue, object, &[], size);
    let plans = Plans::default();
    let mut chunks = Vec::new();
    while let Some(Message::Chunk(chunk)) = queue.try_receive() {
        chunks.push(chunk);
    }
    for (number, chunk) in chunks.into_iter().enumerate() {
        if number == worked {
            assert_eq!(ask(host, &import_id), Cancelled::Noted);
            assert_eq!(ask(host, &import_id), Cancelled::Noted);
        }
        host.work_one(&queue, &plans, chunk);
    }
    if worked == 5 {
        assert_eq!(ask(host, &import_id), Cancelled::Noted);
    }
    host.finalize(&import_id);
    host.answer(&import_id)
}

fn ask(host: &TestHost, import_id: &ImportId) -> Cancelled {
    let request = Cancel { program: ProgramName::parse("acme").unwrap(), import_id: import_id.clone() };
    assert_eq!(Cancel::parse(&request.key()), Some(request.clone()));
    block_on(cancel(host.home.bucket(), &host.home.imports(), &request)).unwrap()
}

#[test]
fn a_cancelled_import_answers_for_every_row() {
    for (worked, status, unprocessed) in
        [(0, "cancelled", 5), (2, "cancelled", 3), (4, "cancelled", 1), (5, "completed_with_errors", 0)]
    {
        let host = host();
        let imported = cancelled_after(&host, worked);
        let rows = &imported.summary.rows;
        assert_eq!((imported.status(), rows.unprocessed), (status, unprocessed), "{worked}");
        assert_eq!(rows.read, 5);
        assert!(imported.summary.rows.sum_holds());
        assert!(imported.notification.is_some());
        // What is left can be dropped again as it is.
        if status == "cancelled" {
            let again = host.import("prospects", &imported.failed);
            assert_eq!(again.summary.rows.read, unprocessed + rows.rejected);
            assert_eq!(again.summary.rows.unprocessed, 0);
        }
        let Cancelled::Over(_) = ask(&host, &imported.import_id) else { panic!("the import is over") };
    }
}

#[test]
fn an_import_that_does_not_exist_cannot_be_cancelled() {
    let host = host();
    let unknown = ImportId::derive("b", "k", "v", host.later(5));
    assert_eq!(ask(&host, &unknown), Cancelled::Unknown);
    let other = Cancel {
        program: ProgramName::parse("other").unwrap(),
        import_id: host.home.listing().imports().unwrap()[0].import_id.clone(),
    };
    assert_eq!(
        block_on(cancel(host.home.bucket(), &host.home.imports(), &other)).unwrap(),
        Cancelled::Unknown
    );
}
