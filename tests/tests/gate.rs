//! `max_rejected`: all rows are judged before anything is written, and with too many rejected rows nothing is.

use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::types::code::{Code, Scope};
use rollcall_tests::test_host::{Course, Imported, TestHost};

const FILE: &str = "Name,E-mail,Group\nAnn,ann@one.example,vip\nBob,not an address,\n,,\nCid,cid@three.example,\n\
    Cid,cid@three.example,vip\nDan,dan@four.example,nowhere\n";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nvip\n");
    host.import("prospects", "Name,E-mail\nAnn before,ann@one.example\n");
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

fn import(host: &TestHost, limit: &str, dry_run: bool, course: &Course) -> Imported {
    let mut options = vec![("max_rejected", limit)];
    options.extend(dry_run.then_some(("dry_run", "true")));
    host.import_with("prospects", FILE, &options, course)
}

/// Codes of the summary about the file as a whole.
fn refusals(imported: &Imported) -> Vec<&'static str> {
    let codes = imported.summary.errors.iter().map(|count| count.code);
    codes.filter(|code| code.scope() == Scope::File).map(Code::as_str).collect()
}

#[test]
fn within_the_limit_it_is_the_plain_import() {
    let plain = host();
    let plain_import = plain.import("prospects", FILE);
    for (limit, course) in ["2", "100%", "34%"].into_iter().zip(courses()) {
        let host = host();
        let imported = import(&host, limit, false, &course);
        assert_eq!(imported.succeeded, plain_import.succeeded, "{limit}");
        assert_eq!(imported.failed, plain_import.failed, "{limit}");
        assert_eq!(imported.summary.rows, plain_import.summary.rows);
        assert_eq!(imported.status(), "completed_with_errors");
        let records = |host: &TestHost| {
            host.contacts().into_iter().map(|one| (one.record, one.groups)).collect::<Vec<_>>()
        };
        assert_eq!(records(&host), records(&plain));
    }
}

#[test]
fn beyond_the_limit_nothing_is_written_and_every_row_says_why() {
    let mut seen = Vec::new();
    for course in courses() {
        for limit in ["0", "1", "33%"] {
            let host = host();
            let before = host.contacts();
            let imported = import(&host, limit, false, &course);
            assert_eq!((imported.status(), refusals(&imported)), ("refused", vec!["too_many_rejected"]));
            assert_eq!(host.contacts(), before);
            let rows = &imported.summary.rows;
            assert!(rows.sum_holds());
            assert_eq!((rows.read, rows.skipped, rows.rejected, rows.unprocessed), (6, 1, 2, 3));
            assert_eq!(
                imported.errors(),
                [
                    (1, "row:too_many_rejected".to_owned()),
                    (2, "email:email_invalid".to_owned()),
                    (4, "row:too_many_rejected".to_owned()),
                    (5, "row:too_many_rejected".to_owned()),
                    (6, "group:group_unknown".to_owned()),
                ]
            );
            assert!(imported.failed_rows().iter().all(|row| !row["rollcall_messages"].is_empty()));
            assert!(imported.notification.is_some());
            let dry = import(&host, limit, true, &course);
            assert_eq!((&dry.succeeded, &dry.failed), (&imported.succeeded, &imported.failed));
            assert_eq!(dry.status(), "refused");
            seen.push(imported.failed);
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Blank rows are neither rejected nor in the way.
#[test]
fn a_file_without_a_rejected_row_passes_the_strictest_limit() {
    let host = host();
    let file = "Name,E-mail\nEve,eve@five.example\n,\n\nFay,fay@six.example\n";
    let imported = host.import_with("prospects", file, &[("max_rejected", "0")], &Course::default());
    assert_eq!((imported.status(), imported.summary.rows.created), ("completed", 2));
    let wrong = host.import_with("prospects", file, &[("max_rejected", "some")], &Course::default());
    assert_eq!(wrong.file_codes(), ["options_invalid"]);
}

/// An update import of contacts that nobody knows stops where it is told to.
#[test]
fn an_update_of_strangers_is_stopped() {
    let host = host();
    let mut file = "Name,E-mail\n".to_owned();
    (0..2_000).for_each(|row| file.push_str(&format!("N{row},n{row}@strangers.example\n")));
    let options = [("mode", "update"), ("max_rejected", "5%")];
    let course = Course { size: ChunkSize { rows: 300, ..ChunkSize::default() }, ..Course::default() };
    let imported = host.import_with("prospects", file, &options, &course);
    assert_eq!((imported.status(), imported.summary.rows.rejected), ("refused", 2_000));
}
