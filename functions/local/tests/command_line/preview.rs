//! `rollcall preview`: it shows, and writes nothing.

use serde_json::Value;

use crate::GOOD;
use crate::place::Place;

#[test]
fn cad_6_a_preview_shows_rows_and_writes_nothing() {
    let place = Place::new();
    place.import(&place.file("good.csv", GOOD));
    let file = place.file(
        "mixed.csv",
        "Name,Email,Extra\n Ann ,ann@x.example,1\n,,\nNew,new@x.example,2\nNew,new@x.example,3\nBad,bad@,4\n",
    );
    let before = place.snapshot();
    let ran = place.preview(&file);
    assert_eq!(place.snapshot(), before);
    let json = ran.json();
    assert_eq!((ran.code, &json["verdict"]["accepted"]), (0, &Value::Bool(true)));
    assert_eq!((json["encoding"].as_str(), json["delimiter"].as_str()), (Some("UTF-8"), Some(",")));
    let columns: Vec<_> =
        json["columns"].as_array().unwrap().iter().map(|one| one["field"].as_str()).collect();
    assert_eq!(columns, [Some("name"), Some("email"), None]);
    let rows: Vec<_> = (json["rows"].as_array().unwrap().iter())
        .map(|row| {
            (row["row"].as_u64().unwrap(), row["line"].as_u64().unwrap(), row["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(rows, [(1, 2, "exists"), (3, 4, ""), (4, 5, "error"), (5, 6, "error")]);
    assert_eq!(json["rows"][0]["cells"], serde_json::json!([" Ann ", "ann@x.example", "1"]));
    assert_eq!(json["rows"][2]["findings"][0]["code"], "duplicate_in_file");
    assert!(json["rows"][3]["findings"][0]["message"].is_string());
    let few = place.preview_with(&file, &["--rows", "1"]);
    assert_eq!(few.json()["rows"].as_array().unwrap().len(), 1);
    let people = place.run(&["preview", &file, "--program", "acme", "--profile", "prospects"]);
    assert!(people.out.contains("not mapped") && people.out.contains("repeats"), "{people:?}");
    assert!(people.out.contains("columns_unmapped: ") && people.out.contains("map.Extra"), "{people:?}");
}

#[test]
fn a_preview_of_a_replacing_import_says_how_many_contacts_it_removes() {
    let place = Place::new();
    let of = |phones: &[&str]| {
        let rows = phones.iter().map(|phone| format!("Ann;{phone}\n"));
        format!("Name;Phone 1\n{}", rows.collect::<String>())
    };
    let list = place.file("list.csv", of(&["+5511912345601", "+5511912345602", "+5511912345603"]));
    place.ok(&["import", &list, "--program", "acme", "--profile", "mailing"]);
    for (name, phones, removed) in
        [("one.csv", &["+5511912345601"][..], "2"), ("other.csv", &["+5511912345604"], "3")]
    {
        let file = place.file(name, of(phones));
        let command =
            ["preview", &file, "--program", "acme", "--profile", "mailing", "--set", "replace=true"];
        let ran = place.run(&command);
        let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("rows_removed: ") && words.contains(&format!("in the file: {removed} ")),
            "{ran:?}"
        );
    }
}

#[test]
fn a_preview_shows_the_cells_of_a_refused_file() {
    let place = Place::new();
    for (name, bytes, columns, rows) in [
        ("empty.csv", "", 0, 0),
        ("header.csv", "Name,Email\n", 2, 0),
        ("missing.csv", "Name;Phone\n\nAnn; 1\n", 2, 1),
        ("quote.csv", "Name,Email\nAnn,a@x.example\n\"Bob,b\n", 2, 2),
    ] {
        let ran = place.preview(&place.file(name, bytes));
        ran.says(2, &[name, "refused"]);
        let json = ran.json();
        assert_eq!(json["verdict"]["accepted"], false);
        assert_eq!(json["columns"].as_array().unwrap().len(), columns, "{name}: {json}");
        assert_eq!(json["rows"].as_array().unwrap().len(), rows, "{name}: {json}");
    }
    let json = place.preview(&place.file("missing.csv", "Name;Phone\n\nAnn; 1\n")).json();
    assert_eq!((&json["rows"][0]["row"], &json["rows"][0]["line"]), (&Value::from(2), &Value::from(3)));
    assert_eq!(json["rows"][0]["cells"], serde_json::json!(["Ann", " 1"]));
    assert_eq!(json["columns"][0]["field"], "name");
}

#[test]
fn a_preview_makes_no_home() {
    let place = Place::empty();
    let ran = place.preview(&place.file("good.csv", GOOD));
    ran.says(2, &["acme"]);
    let json = ran.json();
    assert_eq!(json["verdict"]["errors"][0]["code"], "program_unknown");
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    assert_eq!(json["columns"][1]["field"], "email");
    assert!(!place.path().join("rollcall-home").exists());
    place.preview("nope.csv").says(2, &["no such file"]);
}

#[test]
fn a_name_that_cannot_be_speaks_against_the_file_as_it_does_in_an_import() {
    let place = Place::empty();
    let file = place.file("good.csv", GOOD);
    for (program, profile, code) in
        [("NO PE", "prospects", "program_unknown"), ("acme", "NO PE", "profile_unknown")]
    {
        let more = ["--program", program, "--profile", profile, "--json"];
        for command in ["preview", "import"] {
            let ran = place.run(&[&[command, file.as_str()], &more[..]].concat());
            let json = ran.json();
            let errors = if command == "preview" { &json["verdict"]["errors"] } else { &json["errors"] };
            assert_eq!((ran.code, &errors[0]["code"]), (2, &Value::from(code)), "{command} {json}");
        }
    }
}

#[test]
fn a_preview_says_how_much_it_shows_and_what_to_do_next() {
    let place = Place::new();
    let whose = ["--program", "acme", "--profile", "prospects"];
    let rows: String =
        (0..30).map(|row| format!("N{row},n{row}@x.example,{}\n", ["", "Glod"][row % 2])).collect();
    let file = place.file("rows.csv", format!("Name,Email,Group\n{rows}"));
    let out = place.run(&[&["preview", &file, "--rows", "5"], &whose[..]].concat()).out;
    assert!(out.contains("5 of 30 rows are shown; 15 new, 15 with errors"), "{out}");
    assert!(out.contains("Glod (15 rows, did you mean Gold?)"), "{out}");
    assert!(out.contains("--set 'value.group.Glod=Gold'"), "{out}");
    assert!(
        out.contains("import ") && out.contains("rows.csv --program acme --profile prospects --dry-run"),
        "{out}"
    );
    let file = place.file("list.csv", "Silva;Rua 1\nSouza;Rua 2\n");
    let ran = place.run(&[&["preview", &file], &whose[..]].concat());
    assert!(ran.code == 2 && ran.out.contains("--set first_line=data --set columns=name,email"), "{ran:?}");
}

#[test]
fn a_refused_workbook_names_its_sheets() {
    let place = Place::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, cells) in [("Notes", ["Read", "me"]), ("People", ["Name", "Email"]), ("More", ["a", "b"])] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(0, column, cell).unwrap();
            sheet.write_string(1, column, "x@x.example").unwrap();
        }
    }
    let file = place.file("book.xlsx", book.save_to_buffer().unwrap());
    let ran = place.run(&["preview", &file, "--program", "acme", "--profile", "prospects"]);
    assert!(ran.code == 2 && ran.out.contains("\"People\", \"More\""), "{ran:?}");
    let ran = place.preview_with(&file, &["--set", "sheet=People"]);
    assert_eq!(
        (ran.code, &ran.json()["other_sheets"]),
        (0, &serde_json::json!(["Notes", "More"])),
        "{ran:?}"
    );
}
