//! The shape of files: dialects of quotes, rows at the edges, headers that come again or not at all, limits.

use std::io::{Cursor, Read, Write};

use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_tests::test_host::{Course, Imported, TestHost};

const OPTIONS: &[(&str, &str)] = &[];

fn small() -> Course {
    Course { size: ChunkSize { rows: 1, ..ChunkSize::default() }, ..Course::default() }
}

/// Imports under `prospects`, in chunks of one row, and gives each contact's name and note too.
fn import(file: &str) -> (TestHost, Imported) {
    let host = TestHost::with_acme();
    let imported = host.import_with("prospects", file, OPTIONS, &small());
    (host, imported)
}

fn names(host: &TestHost) -> Vec<String> {
    let mut names: Vec<String> = host.records().iter().map(|record| record.fields["name"].clone()).collect();
    names.sort();
    names
}

#[test]
fn quotes_of_every_dialect_are_read_and_come_back_in_the_ordinary_one() {
    for (file, name, codes) in [
        ("Name,E-mail\n\"Ann \\\"The\\\" Bee\",a@b.example\n", "Ann \"The\" Bee", &[][..]),
        ("Name,E-mail\n\"Ann \\\"The, Bee\\\"\",a@b.example\n", "Ann \"The, Bee\"", &[]),
        ("Name,E-mail,Note\n \"Bee, Ann\", a@b.example, \"one, two\"\n", "Bee, Ann", &[]),
        ("Name,E-mail\n\"C:\\dir\\\",a@b.example\n", "C:\\dir\\", &[]),
        (
            "Name,E-mail\n\"Orion\" and \"Sons\",a@b.example\n",
            "\"Orion\" and \"Sons\"",
            &["quotes_irregular"],
        ),
        ("Name,E-mail\n\"Orion\"x,a@b.example\n", "\"Orion\"x", &["quotes_irregular"]),
    ] {
        let (host, imported) = import(file);
        assert_eq!(names(&host), [name], "{file}: {:?}", imported.upload.verdict);
        let warnings: Vec<&str> = imported.upload.verdict.warnings.iter().map(|w| w.code.as_str()).collect();
        assert_eq!(warnings, codes, "{file}");
        assert_eq!(imported.succeeded_rows()[0]["Name"], name, "{file}");
        let again = String::from_utf8(imported.succeeded.clone()).unwrap();
        let (host, _) = import(&again);
        assert_eq!(names(&host), [name], "{again}");
    }
}

#[test]
fn a_stray_quote_that_swallows_rows_is_told_with_its_line() {
    for (file, lines) in [
        ("Name,E-mail\nAnn,\"a@b.example\nBob,b@b.example\nCy,c@b.example\"\nDee,d@b.example\n", "2"),
        ("Name,E-mail\nAnn,a@b.example\n\"Bob,b@b.example\nCy,c@b.example\n\"Dee,d@b.example\n", "3"),
    ] {
        let (_, imported) = import(file);
        let told = &imported.upload.verdict.warnings;
        assert_eq!(told.iter().map(|w| w.code.as_str()).collect::<Vec<_>>(), ["quotes_irregular"], "{file}");
        assert!(told[0].message.contains(&format!("line {lines}")), "{}", told[0].message);
    }
    let (_, imported) = import("Name,E-mail,Note\nAnn,a@b.example,\"Dear Ann,\nsee you\"\n");
    assert!(imported.upload.verdict.warnings.is_empty());
}

#[test]
fn empty_cells_and_headers_at_the_end_do_not_count() {
    for (file, failed) in [
        ("Name,E-mail\nAnn,a@b.example,\nBob,b@b.example,,,\nCy,c@b.example\n", 0),
        ("Name,E-mail,,\nAnn,a@b.example\nBob,b@b.example,\nCy,c@b.example,,\n", 0),
        ("Name,E-mail\nAnn,a@b.example,x\nBob,b@b.example,,\nCy,c@b.example\n", 1),
        ("Name,E-mail,Note,\nAnn,a@b.example\nBob,b@b.example,\nCy,c@b.example,,\n", 1),
    ] {
        let (_, imported) = import(file);
        assert_eq!(imported.summary.rows.rejected, failed, "{file}: {:?}", imported.summary.errors);
        assert_eq!(imported.summary.rows.created, 3 - failed, "{file}");
    }
}

#[test]
fn a_header_that_comes_again_is_skipped() {
    let head = "Name,E-mail,Phone";
    for again in [
        "Name,E-mail,Phone",
        "\u{feff}Name,E-mail,Phone",
        "\u{feff}\"Name\",\"E-mail\",Phone",
        " Name,E-mail ,Phone,",
    ] {
        let file = format!("{head}\nAnn,a@b.example,\n{again}\nBob,b@b.example,\n{again}\n");
        let (host, imported) = import(&file);
        let rows = &imported.summary.rows;
        assert_eq!((rows.read, rows.created, rows.skipped), (4, 2, 2), "{file}");
        let told = &imported.upload.verdict.warnings;
        assert_eq!(told[0].code.as_str(), "header_repeated");
        assert!(told[0].message.contains("line 3, 5"), "{}", told[0].message);
        assert_eq!(names(&host), ["Ann", "Bob"]);
    }
}

#[test]
fn a_list_without_a_header_goes_by_what_its_columns_hold() {
    for (profile, file, fields) in [
        ("prospects", "Ann;a@b.example\nBob;b@b.example\n", &["name", "email"][..]),
        ("prospects", "a@b.example,+55 11 91234-5678,Ann\nb@b.example,,Bob\n", &["email", "phone", "name"]),
        ("mailing", "+5511912345678\n+5511912345679\n", &["phone_1"]),
        (
            "mailing",
            "Ana;VIP;+5511912345678;+5511912345679\nBob;VIP;+5511912345680;\n",
            &["name", "", "phone_1", "phone_2"],
        ),
    ] {
        let host = TestHost::with_acme();
        let imported = host.import_with(profile, file, OPTIONS, &small());
        let found: Vec<&str> =
            imported.upload.columns.iter().map(|column| column.field.as_deref().unwrap_or("")).collect();
        assert_eq!(found, fields, "{file}: {:?}", imported.upload.verdict);
        assert_eq!(imported.upload.first_line.as_deref(), Some("data"));
        assert_eq!(imported.summary.rows.created, 2, "{file}: {:?}", imported.summary.errors);
        let again = String::from_utf8(imported.succeeded.clone()).unwrap();
        let host = TestHost::with_acme();
        assert_eq!(host.import_with(profile, &again, OPTIONS, &small()).summary.rows.created, 2, "{again}");
    }
    // A header that is known, or the sender's word, goes before.
    for (file, options) in [
        ("Name,a@b.example\nAnn,b@b.example\n", OPTIONS),
        ("x,a@b.example\nAnn,b@b.example\n", &[("first_line", "header")]),
    ] {
        let imported = TestHost::with_acme().import_with("prospects", file, options, &small());
        assert_eq!(imported.file_codes(), ["column_missing"; 2][..imported.file_codes().len()], "{file}");
        assert_eq!(imported.upload.first_line.as_deref(), Some("header"));
    }
}

#[test]
fn a_header_beyond_the_limits_is_refused_at_once() {
    let long = "é".repeat(1_001);
    let wide = "Name,E-mail".to_owned() + &",x".repeat(100_000) + "\nAnn,a@b.example\n";
    for (file, code) in [
        (format!("Name,E-mail,{long}\nAnn,a@b.example,\n"), "header_too_long"),
        (format!("Name,E-mail,{}\nAnn,a@b.example,\n", "x".repeat(1 << 20)), "header_too_long"),
        (wide, "too_many_columns"),
    ] {
        let start = std::time::Instant::now();
        let (_, imported) = import(&file);
        assert_eq!(imported.file_codes(), [code]);
        assert!(start.elapsed().as_secs() < 10, "{code}: {:?}", start.elapsed());
        assert!(imported.upload.to_json().len() < 20_000_000);
    }
    let (_, imported) = import(&format!("Name,E-mail,{}\nAnn,a@b.example,\n", "é".repeat(1_000)));
    assert_eq!(imported.status(), "completed");
}

/// A workbook whose second row has a note of this XML.
fn with_note(cell: &str) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, texts) in (0..).zip([["Name", "E-mail", "Note"], ["Ann", "a@b.example", ""]]) {
        for (column, text) in (0..).zip(texts).filter(|(_, text)| !text.is_empty()) {
            sheet.write_string(row, column, text).unwrap();
        }
    }
    let packed = book.save_to_buffer().unwrap();
    let mut parts = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..parts.len() {
        let mut part = parts.by_index(number).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        if name.ends_with("sheet1.xml") {
            text = text.replace("</row></sheetData>", &format!("{cell}</row></sheetData>"));
            assert!(text.contains(cell));
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn a_formula_without_a_stored_value_is_spoiled_and_a_stored_empty_text_is_empty() {
    for (cell, errors) in [
        ("<c r=\"C2\"><f>A1&amp;B1</f></c>", &["note:value_spoiled"][..]),
        ("<c r=\"C2\"><f>A1&amp;B1</f><v></v></c>", &["note:value_spoiled"]),
        ("<c r=\"C2\"><f>A1&amp;B1</f><v/></c>", &["note:value_spoiled"]),
        ("<c r=\"C2\" t=\"str\"><f>A1&amp;B1</f><v></v></c>", &[]),
        ("<c r=\"C2\" t=\"str\"><f>A1&amp;B1</f><v>both</v></c>", &[]),
        ("<c r=\"C2\"/>", &[]),
        ("<c r=\"C2\"><v></v></c>", &[]),
    ] {
        let host = TestHost::with_acme();
        let imported = host.import_with("prospects", with_note(cell), OPTIONS, &small());
        let found = imported.errors();
        let found: Vec<&str> = found.iter().map(|(_, codes)| codes.as_str()).collect();
        assert_eq!(found, errors, "{cell}: {:?}", imported.upload.verdict);
    }
}
