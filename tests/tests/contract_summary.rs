//! The contract of `summary.json`: its shape, its sums, which rows it counts and which it names.

use rollcall_tests::test_host::{Course, Imported, TestHost};
use serde_json::Value;

fn text(imported: &Imported, name: &str) -> String {
    std::fs::read_to_string(imported.folder.join(name)).unwrap()
}

fn json(imported: &Imported, name: &str) -> Value {
    serde_json::from_str(&text(imported, name)).unwrap()
}

/// The names of a document's own fields, in order.
fn names(text: &str) -> Vec<&str> {
    let own = |line: &&str| line.starts_with("  \"");
    text.lines().filter(own).filter_map(|line| line.split('"').nth(1)).collect()
}

#[test]
fn the_fields_stand_in_the_order_of_the_contract() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\nBob,nobody\n");
    let text = text(&imported, "summary.json");
    assert_eq!(
        names(&text),
        [
            "schema",
            "import_id",
            "program",
            "profile",
            "file",
            "dry_run",
            "status",
            "rows",
            "matched",
            "errors",
            "warnings",
            "started_at",
            "finished_at"
        ]
    );
    let rows: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("\"rows\": {"))
        .skip(1)
        .take_while(|line| !line.contains('}'))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert_eq!(
        rows,
        ["read", "created", "updated", "unchanged", "merged", "skipped", "rejected", "unprocessed"]
    );
    let summary = json(&imported, "summary.json");
    assert_eq!(
        (&summary["schema"], &summary["program"], &summary["file"]),
        (&1.into(), &"acme".into(), &"list.csv".into())
    );
    let error = summary["errors"][0].as_object().unwrap();
    assert_eq!(error.keys().collect::<Vec<_>>(), ["code", "column", "examples", "first_rows", "rows"]);
}

#[test]
fn every_row_read_has_one_outcome() {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nVIP\nGold\n");
    host.import("prospects", "Name,E-mail\nAnn,ann@one.example\nBob,bob@one.example\n");
    let imported = host.import_with(
        "prospects",
        "Name,E-mail,Group\nAnn,ann@one.example,\nBob,bob@one.example,VIP\n\n;;\n,,\nCy,cy@one.example,VIP\n\
         Cy,cy@one.example,Gold\nCy,cy@one.example,Gold\nDi,di@one.example,\nEve,nobody,\n,,\n\n",
        &[("rows", "1-8,10")],
        &Course::default(),
    );
    let rows = &imported.summary.rows;
    let counted =
        [rows.read, rows.created, rows.updated, rows.unchanged, rows.merged, rows.skipped, rows.rejected];
    // Row 4, `;;`, is one cell in this file and no blank; row 9 is not chosen; what follows row 10 does not exist.
    assert_eq!(counted, [10, 1, 1, 1, 1, 3, 3]);
    assert!(rows.sum_holds());
    assert_eq!(imported.upload.rows, Some(10));
    assert_eq!(imported.succeeded_rows().len() + imported.failed_rows().len(), 7);
}

#[test]
fn errors_are_sorted_by_code_then_column_and_name_ten_rows_at_most() {
    let host = TestHost::with_acme();
    let mut file = "Phone,Name,E-mail\n".to_owned();
    (0..12).for_each(|row| file.push_str(&format!("12,,x{row}\n")));
    file.push_str("a,b,c@d.example,surplus\n");
    let imported = host.import("prospects", file);
    let errors: Vec<(&str, Option<&str>, u64)> = (imported.summary.errors.iter())
        .map(|count| (count.code.as_str(), count.column.as_deref(), count.rows))
        .collect();
    assert_eq!(
        errors,
        [
            ("email_invalid", Some("email"), 12),
            ("phone_invalid", Some("phone"), 13),
            ("required_missing", Some("name"), 12),
            ("row_ragged", None, 1),
        ]
    );
    assert_eq!(imported.summary.errors[0].first_rows, (1..=10).collect::<Vec<u64>>());
    assert_eq!(json(&imported, "summary.json")["errors"][3]["column"], Value::Null);
}

#[test]
fn the_first_rows_are_the_lowest_whatever_the_chunks() {
    let mut file = "Name,E-mail\n".to_owned();
    (0..25).for_each(|row| file.push_str(&format!("N,x{row}\n")));
    for (rows, order) in [(1, 3), (2, 9), (7, 4), (100, 0)] {
        let host = TestHost::with_acme();
        let size = rollcall_domain::plan::import_plan::ChunkSize { rows, ..Default::default() };
        let imported = host.import_with("prospects", &file, &[], &Course { size, order, deliveries: 2 });
        assert_eq!(imported.summary.errors[0].first_rows, (1..=10).collect::<Vec<u64>>(), "chunks of {rows}");
        assert_eq!(imported.summary.errors[0].rows, 25);
    }
}

#[test]
fn the_status_is_what_the_rows_say() {
    let host = TestHost::with_acme();
    for (file, status) in [
        ("Name,E-mail\nAnn,ann@one.example\n", "completed"),
        ("Name,E-mail\nAnn,nobody\n", "completed_with_errors"),
        ("Name,E-mail\n", "refused"),
        ("Name\nAnn\n", "refused"),
    ] {
        assert_eq!(host.import("prospects", file).status(), status, "{file}");
    }
}

#[test]
fn a_refused_load_of_accounts_has_a_letter_though_it_goes_to_nobody() {
    let host = TestHost::with_acme();
    let refused = host.load("_marketplace", "accounts", "name\nAnn\n");
    assert_eq!((refused.status(), refused.notification.is_some()), ("refused", true));
}

#[test]
fn a_refused_import_has_upload_summary_report_and_letter_and_no_result_files() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,Phone\nAnn,+55 11 91234-5678\n");
    let summary = json(&imported, "summary.json");
    assert_eq!(summary["status"], "refused");
    assert_eq!(summary["rows"].as_object().unwrap().values().filter(|count| **count != 0).count(), 0);
    assert_eq!(summary["errors"][0]["code"], "column_missing");
    assert_eq!(
        (&summary["errors"][0]["column"], &summary["errors"][0]["rows"]),
        (&"email".into(), &0.into())
    );
    assert!(imported.report.contains("column_missing") && imported.notification.is_some());
    for absent in ["succeeded.csv", "failed.csv"] {
        assert!(!imported.folder.join(absent).exists(), "{absent}");
    }
    assert!(host.contacts().is_empty());
}

#[test]
fn both_result_files_exist_header_only_where_they_are_empty() {
    let host = TestHost::with_acme();
    let all_taken = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\n");
    assert_eq!(text(&all_taken, "failed.csv").lines().count(), 1);
    let none_taken = host.import("prospects", "Name,E-mail\nAnn,nobody\n");
    assert_eq!(text(&none_taken, "succeeded.csv").lines().count(), 1);
    let none_chosen = host.import_with(
        "prospects",
        "Name,E-mail\nAnn,a@one.example\n",
        &[("rows", "9")],
        &Course::default(),
    );
    assert_eq!((none_chosen.summary.rows.skipped, none_chosen.status()), (1, "completed"));
    assert_eq!(text(&none_chosen, "succeeded.csv").lines().count(), 1);
}

#[test]
fn row_numbers_count_records_and_lines_count_the_files_lines() {
    let host = TestHost::with_acme();
    let file = "\r\nName,E-mail,Note,\"Fo\no\"\r\n\nAnn,ann@one.example,\"a\r\nb\nc\",\r\n,,,\n\
        Bob,bob@one.example,,\rCy,nobody,,\r\n";
    let imported = host.import("prospects", file);
    let place = |rows: Vec<rollcall_tests::test_host::ResultRow>| -> Vec<(String, String)> {
        rows.into_iter().map(|row| (row["rollcall_row"].clone(), row["rollcall_line"].clone())).collect()
    };
    let text = |places: &[(&str, &str)]| -> Vec<(String, String)> {
        places.iter().map(|(row, line)| ((*row).to_owned(), (*line).to_owned())).collect()
    };
    assert_eq!(place(imported.succeeded_rows()), text(&[("2", "5"), ("4", "9")]));
    assert_eq!(place(imported.failed_rows()), text(&[("5", "10")]));
}

#[test]
fn a_fragment_that_lost_a_row_fails_the_import() {
    use rollcall_domain::plan::object_keys::{Artifacts, DropTarget};
    use rollcall_domain::result::chunk_result::ChunkResult;
    use rollcall_embedded::queue::{LocalQueue, Message};
    use rollcall_pipeline::ports::Objects;

    let host = TestHost::with_acme();
    let object = host.drop_file(
        "acme",
        DropTarget::Profile("prospects".parse().unwrap()),
        "list.csv",
        b"Name,E-mail\nAnn,ann@one.example\nBob,bob@one.example\n",
    );
    let queue = LocalQueue::with_room(9);
    let import = host.split(&queue, object, &[], Course::default().size);
    let Some(Message::Chunk(mut chunk)) = queue.try_receive() else { panic!("one chunk") };
    chunk.text = "Ann,ann@one.example\n".to_owned();
    host.work_one(&queue, &Default::default(), chunk);
    let artifacts = Artifacts::of(&"acme".parse().unwrap(), &import);
    let chunk_result =
        pollster::block_on(host.home.bucket().get(&artifacts.chunk_result(0))).unwrap().unwrap();
    assert_eq!(ChunkResult::from_bytes(&chunk_result).unwrap().answer.tally.rows.read, 1);
    host.finalize(&import);
    let imported = host.answer(&import);
    assert_eq!(imported.status(), "failed", "{:?}", imported.summary);
    assert_eq!(imported.summary.rows.read, 2);
}
