//! Every fixture, imported and previewed: the exact code and place of its defect, as a snapshot.
//!
//! Whatever a file holds, what must always hold is checked too: every row that is not skipped is answered for in
//! exactly one result file, the preview says what the import said, and what was refused comes back unchanged.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;
use rollcall_tests::fixtures::{self, Fixture};
use rollcall_tests::invariants::{self, result_file};
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

#[test]
fn files_of_text_are_answered_for() {
    snapshots(|fixture| !is_archive(fixture));
}

#[test]
fn workbooks_and_packed_files_are_answered_for() {
    snapshots(is_archive);
}

fn is_archive(fixture: &Fixture) -> bool {
    ["xls", "gzip", "zstd", "zip", "ods", "docx", "other"].iter().any(|kind| fixture.name.starts_with(kind))
}

fn snapshots(chosen: impl Fn(&Fixture) -> bool) {
    let fixtures: Vec<Fixture> = fixtures::all().into_iter().filter(chosen).collect();
    assert!(fixtures.len() > 30, "the fixtures are there");
    let wrong: Vec<&str> =
        fixtures.iter().filter(|fixture| !is_as_it_was(fixture)).map(|fixture| &*fixture.name).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn is_as_it_was(fixture: &Fixture) -> bool {
    let checked =
        || insta::assert_snapshot!(format!("{}_{}", fixture.profile, fixture.name), answer(fixture));
    catch_unwind(AssertUnwindSafe(checked)).is_ok()
}

/// All that a sender is told, in a form to be read.
fn answer(fixture: &Fixture) -> String {
    let world = World::with_acme();
    let import = world.import(&fixture.profile, &fixture.bytes, &fixture.options(), &Course::default());
    let (summary, upload) = (world.summary(&import), upload(&world, &import));
    let mut told = format!("{}, exit {}\n", summary.status.as_str(), exit(summary.status));
    told.push_str(&detected(&world.paper(&import, "upload.json").unwrap()));
    for finding in upload.verdict.errors.iter().chain(&upload.verdict.warnings) {
        file_finding(finding, &mut told);
    }
    if summary.status != Status::Refused {
        writeln!(told, "rows: {}", serde_json::to_string(&summary.rows).unwrap()).unwrap();
        rows(&world, &import, &mut told);
    }
    check_preview(&upload, fixture, &mut told);
    invariants::answered_once(&world, &import);
    invariants::is_result_file(&world, &import, &fixture.profile, &fixture.options());
    told
}

fn upload(world: &World, import: &ImportId) -> Upload {
    serde_json::from_str(&world.paper(import, "upload.json").unwrap()).unwrap()
}

fn exit(status: Status) -> u8 {
    match status {
        Status::Completed => 0,
        Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled => 1,
        Status::Refused | Status::Failed => 2,
    }
}

/// What `upload.json` says was found, but for what is the drop's own.
fn detected(upload: &str) -> String {
    let serde_json::Value::Object(fields) = serde_json::from_str(upload).unwrap() else { panic!("{upload}") };
    let known = [
        "schema",
        "import_id",
        "program",
        "profile",
        "file",
        "dry_run",
        "verdict",
        "options",
        "columns",
        "rows",
    ];
    let mut told = String::new();
    for (name, value) in fields.iter().filter(|(name, value)| !known.contains(&&***name) && !value.is_null())
    {
        writeln!(told, "{name}: {value}").unwrap();
    }
    let columns = fields["columns"].as_array().unwrap();
    for column in columns.iter().take(12) {
        let field = column["field"].as_str().unwrap_or("-");
        let hint = column["hint"].as_str().map(|hint| format!(" ({hint}?)")).unwrap_or_default();
        writeln!(told, "column {}: {} = {field}{hint}", column["position"], column["header"]).unwrap();
    }
    if columns.len() > 12 {
        writeln!(told, "columns: {}", columns.len()).unwrap();
    }
    told
}

fn file_finding(finding: &FindingJson, told: &mut String) {
    let column = finding.column.as_ref().map(|column| format!(" {}", column.name)).unwrap_or_default();
    writeln!(told, "file: {}{column}: {}", finding.code, short(&finding.message)).unwrap();
}

/// Each row of both result files in file order: number, line, outcome, codes; the sender's cells as they come back.
fn rows(world: &World, import: &ImportId, told: &mut String) {
    let mut all: Vec<(u64, String)> = Vec::new();
    for name in ["succeeded.csv", "failed.csv"] {
        let (header, records) = result_file(world, import, name);
        let own = header.iter().position(|cell| cell == "rollcall_row").unwrap();
        let place = |wanted: &str| header.iter().position(|cell| cell == wanted);
        for record in records {
            let get = |wanted: &str| place(wanted).map_or("", |at| &*record[at]);
            let cells: Vec<String> = record[..own].iter().map(|cell| short(&format!("{cell:?}"))).collect();
            let number = get("rollcall_row");
            let mut text = format!("{number} (line {}) {}", get("rollcall_line"), get("rollcall_outcome"));
            for (sign, codes) in [("!", get("rollcall_errors")), ("?", get("rollcall_warnings"))] {
                if !codes.is_empty() {
                    write!(text, " {sign} {codes}").unwrap();
                }
            }
            let messages = Some(get("rollcall_messages")).filter(|text| !text.is_empty());
            let messages = messages.map(|text| format!("\n      {}", short(text))).unwrap_or_default();
            all.push((number.parse().unwrap(), format!("{text}\n      {}{messages}\n", cells.join(" | "))));
        }
    }
    all.sort();
    all.iter().take(40).for_each(|(_, text)| told.push_str(text));
}

fn short(text: &str) -> String {
    if text.chars().count() <= 160 {
        return text.to_owned();
    }
    let head: String = text.chars().take(100).collect();
    format!("{head}… ({} characters)", text.chars().count())
}

/// The preview says what the import said, and shows cells even of a refused file.
fn check_preview(upload: &Upload, fixture: &Fixture, told: &mut String) {
    let preview = World::with_acme().preview(&fixture.profile, &fixture.bytes, &fixture.options());
    assert_eq!(preview.verdict.accepted, upload.verdict.accepted, "{}", fixture.name);
    if preview.verdict.accepted {
        assert_eq!(
            (preview.encoding, preview.delimiter, preview.sheet, preview.columns),
            (upload.encoding.clone(), upload.delimiter.clone(), upload.sheet.clone(), upload.columns.clone())
        );
        return;
    }
    writeln!(told, "preview shows {} columns, {} rows", preview.columns.len(), preview.rows.len()).unwrap();
    for row in preview.rows.iter().take(2) {
        let cells: Vec<String> = row.cells.iter().take(8).map(|cell| short(&format!("{cell:?}"))).collect();
        writeln!(told, "{} (line {}) {}", row.row, row.line, cells.join(" | ")).unwrap();
    }
}
