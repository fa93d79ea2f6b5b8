//! `rollcall import`: its output, its options, and the files that it leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::place::{Place, Ran};
use crate::{GOOD, MIXED};

#[test]
fn imp_13_23_a_first_import_and_what_it_leaves() {
    let place = Place::new();
    let ran = place.import(&place.file("good.csv", GOOD));
    let json = ran.json();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{json}");
    assert_eq!(json["status"], "completed");
    assert_eq!(json["rows"]["created"], 2);
    let results = Path::new(json["results"].as_str().unwrap());
    assert!(results.is_absolute());
    for file in ["upload.json", "succeeded.csv", "failed.csv", "summary.json", "report.html"] {
        assert!(results.join(file).is_file(), "{file}");
    }
    let mut summary: Value =
        serde_json::from_slice(&fs::read(results.join("summary.json")).unwrap()).unwrap();
    summary["results"] = json["results"].clone();
    assert_eq!(summary, json);
    let id = json["import_id"].as_str().unwrap();
    assert!(place.path().join(format!("rollcall-home/outbox/{id}.eml")).is_file());
    assert!(place.path().join("rollcall-home/bucket/inbox/acme/prospects/good.csv").is_file());
}

#[test]
fn a_cell_is_typed_over_by_an_option() {
    let place = Place::new();
    let file = place.file("mixed.csv", "Name,E-mail\nAnn,bad\n");
    let ran = place.import_with(&file, &["--set", "cell.1.email=ann@x.example"]);
    assert_eq!((ran.code, &place.contacts()[0]["email"]), (0, &"ann@x.example".into()), "{ran:?}");
}

#[test]
fn a_refusal_for_too_many_rows_says_so_in_its_line() {
    let place = Place::new();
    let file = place.file("mixed.csv", "Name,E-mail\nAnn,bad\n,x@b.example\nBob,ok@b.example\n");
    let import = ["import", &file, "--program", "acme", "--profile", "prospects", "--set", "max_rejected=1"];
    let ran = place.run(&import);
    assert_eq!((ran.code, ran.err.lines().count()), (2, 1), "{ran:?}");
    assert!(ran.err.contains("max_rejected") && ran.err.contains("(+"), "{ran:?}");
}

#[test]
fn a_list_names_requests_after_what_they_import() {
    let place = Place::new();
    let dry = place.import_with(&place.file("good.csv", GOOD), &["--dry-run"]).json();
    let approved = place.ok(&["approve", dry["import_id"].as_str().unwrap(), "--json"]).json();
    place.ok(&["undo", approved["import_id"].as_str().unwrap()]);
    let listed = place.ok(&["imports", "list", "--json"]).json();
    let of_rows = |one: &&Value| one["file"] != "groups.csv";
    for one in listed.as_array().unwrap().iter().filter(of_rows) {
        assert_eq!((&one["profile"], &one["file"]), (&"prospects".into(), &"good.csv".into()), "{one}");
    }
}

#[test]
fn an_option_that_chooses_no_row_is_not_told_as_every_row() {
    let place = Place::new();
    let file = place.file("good.csv", GOOD);
    let args = ["import", &file, "--program", "acme", "--profile", "prospects", "--set", "rows=77"];
    let out = place.run(&args).out;
    assert!(out.starts_with("No row was chosen") && out.contains("rows_not_chosen"), "{out}");
    assert!(!out.contains("Every row was taken"), "{out}");
}

#[test]
fn exit_codes_tell_taken_rows_from_rejected_and_refused_ones() {
    let place = Place::new();
    let ran = place.import(&place.file("mixed.csv", MIXED));
    assert_eq!((ran.code, ran.json()["status"].as_str()), (1, Some("completed_with_errors")));
    assert_eq!(ran.json()["rows"]["skipped"], 1);
    for (name, bytes, code) in [
        ("empty.csv", "", "file_empty"),
        ("header.csv", "Name,Email\n", "no_rows"),
        ("missing.csv", "Name,Phone\nAnn,1\n", "column_missing"),
        ("quote.csv", "Name,Email\n\"Ann,a@x.example\n", "quote_unclosed"),
    ] {
        let ran = place.import(&place.file(name, bytes));
        ran.says(2, &[name, "refused", "; "]);
        let json = ran.json();
        assert_eq!((json["status"].as_str(), json["rows"]["read"].as_u64()), (Some("refused"), Some(0)));
        assert_eq!(json["errors"][0]["code"], code);
        assert!(Path::new(json["results"].as_str().unwrap()).join("report.html").is_file());
    }
}

#[test]
fn bad_rows_are_data_and_never_an_end() {
    let place = Place::new();
    let large = format!("Name,Email\nAnn,a@x.example\n{},b@x.example\n", "x".repeat(300 * 1024));
    let wide = format!("Name,Email\nAnn,a@x.example{}\nBob,b@x.example\n", ",1".repeat(5_000));
    for (name, bytes, code) in [
        ("ragged.csv", b"Name,Email\nAnn,a@x.example,more\nBob\n".to_vec(), "row_ragged"),
        (
            "bytes.csv",
            b"Name,Email\nJos\xe9,a@x.example\nJo\xc3\xa3o,b@x.example\n".to_vec(),
            "bytes_invalid",
        ),
        ("large.csv", large.into_bytes(), "row_too_large"),
        ("wide.csv", wide.into_bytes(), "row_ragged"),
    ] {
        let ran = place.import(&place.file(name, bytes));
        assert_eq!(ran.code, 1, "{ran:?}");
        let codes: Vec<String> =
            ran.json()["errors"].as_array().unwrap().iter().map(|error| error["code"].to_string()).collect();
        assert!(codes.contains(&format!("\"{code}\"")), "{name}: {codes:?}");
    }
}

#[test]
fn what_cannot_be_imported_is_said_in_one_line_and_as_a_document() {
    let place = Place::new();
    let good = place.file("good.csv", GOOD);
    let folder = place.path().to_str().unwrap().to_owned();
    for (file, program, profile, status, words) in [
        ("nope.csv", "acme", "prospects", "failed", "no such file"),
        (&folder, "acme", "prospects", "failed", "folder"),
        (&good, "nobody", "prospects", "refused", "nobody"),
        (&good, "acme", "nothing", "refused", "nothing"),
        (&good, "No Body", "prospects", "refused", "a-z"),
        (&good, "acme", "No Thing", "refused", "a-z"),
        (&good, "_marketplace", "prospects", "refused", "marketplace"),
    ] {
        let ran = place.run(&["import", file, "--program", program, "--profile", profile, "--json"]);
        ran.says(2, &[words]);
        let json = ran.json();
        assert_eq!(json["status"], status, "{ran:?}");
        for field in
            ["schema", "import_id", "file", "dry_run", "rows", "matched", "errors", "warnings", "results"]
        {
            assert!(json.get(field).is_some(), "{field} is missing: {json}");
        }
        assert_eq!((json["program"].as_str(), json["profile"].as_str()), (Some(program), Some(profile)));
    }
    place.run(&["import", &good, "--program", "acme"]).says(2, &["--profile"]);
    place.import_with(&good, &["--workers", "0"]).says(2, &["0"]);
    place.import_with(&good, &["--set", "rows"]).says(2, &["="]);
    place.run(&["imporrt"]).says(2, &["imporrt"]);
    place.import_with(&good, &["--set", "colour=red"]).says(2, &["colour"]);
}

#[test]
fn imp_10_11_a_dry_run_has_the_same_results_and_keeps_nothing() {
    let place = Place::new();
    let file = place.file("mixed.csv", MIXED);
    let read = |ran: &Ran, name: &str| {
        fs::read(Path::new(ran.json()["results"].as_str().unwrap()).join(name)).unwrap()
    };
    let dry = place.import_with(&file, &["--dry-run"]);
    let set = place.import_with(&file, &["--set", "dry_run=true"]);
    assert!(place.contacts().is_empty());
    let real = place.import(&file);
    for ran in [&dry, &set] {
        assert_eq!((ran.code, &ran.json()["dry_run"]), (1, &Value::Bool(true)));
        for name in ["succeeded.csv", "failed.csv"] {
            assert_eq!(read(ran, name), read(&real, name), "{name}");
        }
    }
    assert_eq!(place.contacts().len(), 1);
    assert!(place.path().join("rollcall-home/bucket/inbox/acme/prospects/dry-run/mixed.csv").is_file());
}

#[test]
fn options_stand_beside_their_drop_only() {
    let place = Place::new();
    let file = place.file("good.csv", "Wer,Email\nAnn,ann@x.example\nBob,bob@x.example\n");
    let mapped = place.import_with(&file, &["--set", "map.Wer=name", "--set", "rows=2"]);
    assert_eq!((mapped.code, &mapped.json()["rows"]["created"]), (0, &Value::from(1)));
    let sidecar = place.path().join("rollcall-home/bucket/inbox/acme/prospects/good.csv.options.toml");
    assert!(!sidecar.exists(), "options travel with the drop");
    let plain = place.import(&file);
    assert_eq!((plain.code, &plain.json()["errors"][0]["code"]), (2, &Value::from("column_missing")));
    assert!(!sidecar.exists());
}

#[test]
fn a_header_that_holds_the_sign_of_options_is_mapped() {
    let place = Place::new();
    let file = place.file("signs.csv", "a=b,Email\nAnn,ann@x.example\n");
    let mapped = place.import_with(&file, &["--set", "map.a=b=name"]);
    assert_eq!((mapped.code, &mapped.json()["rows"]["created"]), (0, &Value::from(1)));
}

#[test]
fn names_that_start_no_import_are_imported_when_given() {
    let place = Place::new();
    for name in
        [".hidden.csv", "~$book.csv", "rows.tmp", "rows.part", "x.options.toml", "dry-run", "a\nb.csv"]
    {
        let ran = place.import(&place.file(name, GOOD));
        assert_eq!((ran.code, &ran.json()["rows"]["read"]), (0, &Value::from(2)), "{name}: {ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn tuning_changes_no_byte() {
    let rows: String =
        (0..500).map(|row| format!("N{row},n{}@x.example,{}\n", row % 300, ["", "Gold"][row % 2])).collect();
    let rows = format!("Name,Email,Group\n{rows}");
    let results =
        [&["--workers", "1"][..], &["--workers", "4", "--chunk-rows", "7"], &["--chunk-bytes", "100"]].map(
            |tuning| {
                let place = Place::new();
                let file = place.file("rows.csv", &rows);
                let json = place.import_with(&file, tuning).json();
                let folder = PathBuf::from(json["results"].as_str().unwrap());
                ["succeeded.csv", "failed.csv"].map(|name| fs::read(folder.join(name)).unwrap())
            },
        );
    assert!(results[0] == results[1] && results[0] == results[2]);
}

#[test]
fn a_home_is_worked_on_by_one_command_at_a_time() {
    let place = Place::new();
    let lock = fs::File::options().write(true).open(place.path().join("rollcall-home/lock")).unwrap();
    lock.lock().unwrap();
    let ran = place.import_with(&place.file("good.csv", GOOD), &["--wait", "0"]);
    ran.says(2, &["in use"]);
    assert_eq!(ran.json()["status"], "failed");
    place.ok(&["imports", "list"]);
    place.ok(&["contacts", "list", "--program", "acme", "--json"]);
    assert_eq!(place.preview(&place.file("good.csv", GOOD)).code, 0);
    drop(lock);
    assert_eq!(place.import(&place.file("good.csv", GOOD)).code, 0);
}

#[test]
fn i6_what_was_interrupted_is_finished_by_the_next_command() {
    let place = Place::new();
    let rows: String = (0..20_000).map(|row| format!("N{row},n{row}@x.example,Gold\n")).collect();
    let file = place.file("rows.csv", format!("Name,Email,Group\n{rows}"));
    let arguments = ["import", &file, "--program", "acme", "--profile", "prospects", "--chunk-rows", "20"];
    let mut child =
        place.command().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let imports = place.path().join("rollcall-home/bucket/imports/acme");
    let begun = || {
        let folders = fs::read_dir(&imports).into_iter().flatten().flatten();
        folders.into_iter().any(|folder| folder.path().join("chunks/3").exists())
    };
    while !begun() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let own = place.import(&place.file("good.csv", GOOD));
    assert_eq!((own.code, &own.json()["file"]), (0, &"good.csv".into()), "{own:?}");
    let list = place.ok(&["imports", "list", "--json"]).json();
    let list = list.as_array().unwrap();
    let earlier = &list[list.len() - 2];
    assert_eq!((&earlier["status"], &earlier["rows"]["created"]), (&"completed".into(), &20_000.into()));
    assert_eq!(place.contacts().len(), 20_002);
    let ids: Vec<_> = list.iter().map(|one| one["import_id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}
