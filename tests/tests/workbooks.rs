//! Workbooks: the same rows, answers and way back as a delimited file, by content and not by name.

use rollcall_domain::types::names::ProfileName;
use rollcall_tests::test_host::{Course, Imported, TestHost};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

const OPTIONS: &[(&str, &str)] = &[];

fn sheet(rows: &[&[&str]]) -> Worksheet {
    let mut sheet = Worksheet::new();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(*cells).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    sheet
}

fn workbook(sheets: Vec<Worksheet>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    sheets.into_iter().for_each(|sheet| {
        workbook.push_worksheet(sheet);
    });
    workbook.save_to_buffer().unwrap()
}

fn import(file: impl AsRef<[u8]>, options: &[(&str, &str)]) -> (TestHost, Imported) {
    let host = TestHost::with_acme();
    let imported = host.import_with("prospects", file, options, &Course::default());
    (host, imported)
}

const HEADER: &[&str] = &["Name", "E-mail", "Note"];

#[test]
fn a_workbook_is_known_by_its_content_and_says_its_sheet() {
    let file = workbook(vec![sheet(&[HEADER, &["Ann", "ann@one.example", "a,b"]])]);
    let (host, imported) = import(&file, OPTIONS);
    let verdict = &imported.upload.verdict;
    assert_eq!(imported.status(), "completed", "{verdict:?}");
    assert_eq!(imported.upload.sheet.as_deref(), Some("Sheet1"));
    assert_eq!((imported.upload.encoding, imported.upload.delimiter), (None, None));
    assert!(imported.succeeded.starts_with("\u{feff}Name,E-mail,Note,rollcall_row".as_bytes()));
    assert!(imported.report.contains("Sheet1"));
    assert_eq!(host.records()[0].fields["note"], "a,b");
    let preview = TestHost::with_acme().preview_of("prospects", &file, OPTIONS);
    assert_eq!((preview.encoding, preview.delimiter, preview.sheet.as_deref()), (None, None, Some("Sheet1")));
    assert_eq!(preview.rows[0].cells, ["Ann", "ann@one.example", "a,b"]);
}

#[test]
fn the_line_of_a_row_is_the_row_of_the_sheet() {
    let rows: &[&[&str]] = &[
        &[],
        HEADER,
        &["Ann", "ann@one.example", "two\nlines\r\nand three"],
        &[],
        &["", " "],
        &["Bob", "nobody", "\"quoted\""],
        &["Cy", "cy@one.example"],
    ];
    for size in [1, 2, 100] {
        let course = Course {
            size: rollcall_domain::plan::import_plan::ChunkSize { rows: size, ..Default::default() },
            ..Course::default()
        };
        let imported =
            TestHost::with_acme().import_with("prospects", workbook(vec![sheet(rows)]), OPTIONS, &course);
        let told = imported.succeeded_rows().into_iter().chain(imported.failed_rows());
        let mut told: Vec<_> = told
            .map(|row| [&row["Name"], &row["rollcall_row"], &row["rollcall_line"]].map(String::clone))
            .collect();
        told.sort();
        assert_eq!(told, [["Ann", "1", "3"], ["Bob", "4", "6"], ["Cy", "5", "7"]], "{size}");
        assert_eq!((imported.summary.rows.read, imported.summary.rows.skipped), (5, 2));
        assert_eq!(imported.succeeded_rows()[0]["Note"], "two\nlines\r\nand three");
    }
}

#[test]
fn the_first_visible_sheet_or_the_named_one_is_read() {
    let named = |name: &str, person: &str, hidden: bool| {
        let mut sheet = sheet(&[HEADER, &[person, "a@one.example"]]);
        sheet.set_name(name).unwrap().set_hidden(hidden).set_active(name == "People");
        sheet
    };
    let file =
        workbook(vec![named("Old", "Old", true), named("People", "Ann", false), named("More", "Bob", false)]);
    for (options, name, person) in [
        (&[][..], "People", "Ann"),
        (&[("sheet", "more")], "More", "Bob"),
        (&[("sheet", "Old")], "Old", "Old"),
    ] {
        let (host, imported) = import(&file, options);
        assert_eq!(imported.upload.sheet.as_deref(), Some(name));
        assert_eq!(host.records()[0].name, person);
    }
    let (_, imported) = import(&file, &[("sheet", "Nowhere")]);
    assert_eq!(imported.file_codes(), ["sheet_missing"]);
    let message = &imported.upload.verdict.errors[0].message;
    assert!(message.contains("Nowhere") && message.contains("Old, People, More"), "{message}");
}

#[test]
fn cells_become_the_text_that_people_see_in_them() {
    let mut sheet = sheet(&[
        &["Name", "E-mail", "text", "whole", "decimal", "day", "time", "flag", "sum"],
        &["Ann", "ann@one.example", "00123"],
    ]);
    let day = ExcelDateTime::from_ymd(2026, 2, 28).unwrap();
    let format = |code| Format::new().set_num_format(code);
    sheet.write_number(1, 3, 5_511_998_765_432.0).unwrap();
    sheet.write_number(1, 4, 1.1).unwrap();
    sheet.write_datetime_with_format(1, 5, &day, &format("dd/mm/yyyy")).unwrap();
    sheet.write_number_with_format(1, 6, 0.375, &format("hh:mm")).unwrap();
    sheet.write_boolean(1, 7, true).unwrap();
    sheet.write_formula(1, 8, Formula::new("=1+1").set_result("2")).unwrap();
    let (_, imported) = import(workbook(vec![sheet]), OPTIONS);
    let row = &imported.succeeded_rows()[0];
    let cells = ["text", "whole", "decimal", "day", "time", "flag", "sum"].map(|column| &*row[column]);
    assert_eq!(cells, ["00123", "5511998765432", "1.1", "2026-02-28", "09:00:00", "true", "2"]);
}

#[test]
fn a_formula_that_failed_spoils_its_field_alone() {
    let mut sheet =
        sheet(&[&["Name", "E-mail", "Own"], &["", "ann@one.example"], &["Bob", "bob@one.example"]]);
    sheet.write_formula(1, 0, Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet.write_formula(2, 2, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    let (_, imported) = import(workbook(vec![sheet]), OPTIONS);
    assert_eq!(imported.errors(), [(1, "name:value_spoiled".to_owned())]);
    assert_eq!(imported.failed_rows()[0]["Name"], "#N/A");
    assert_eq!(imported.succeeded_rows()[0]["Own"], "#DIV/0!");
    let (_, imported) = import("Name,E-mail\n#N/A,ann@one.example\n", OPTIONS);
    assert_eq!(imported.errors(), [(1, "name:value_spoiled".to_owned())], "saved as CSV it is no better");
    for told in ["#N/D", "#VALOR!", "#NV", "#WERT!", "#NOM?", "#¡DIV/0!", "Jos\u{fffd}"] {
        let (_, imported) = import(format!("Name,E-mail,Note\nAnn,ann@one.example,{told}\n"), OPTIONS);
        assert_eq!(imported.errors(), [(1, "note:value_spoiled".to_owned())], "{told}");
    }
    let (_, imported) = import("Name,E-mail,Note\nAnn,ann@one.example,#1 of its kind!\n", OPTIONS);
    assert_eq!(imported.errors(), []);
}

#[test]
fn what_failed_comes_back_as_a_file_and_as_a_workbook() {
    let rows: &[&[&str]] = &[
        HEADER,
        &["=1+1", "nobody", "-x"],
        &["Bob", "bob@one.example"],
        &["Cy", "cy@one.example", "", "more"],
    ];
    let (host, imported) = import(workbook(vec![sheet(rows)]), OPTIONS);
    let errors = [(1, "email:email_invalid"), (3, "row:row_ragged")];
    assert_eq!(imported.errors(), errors.map(|(row, told)| (row, told.to_owned())));
    let failed = String::from_utf8(imported.failed).unwrap();
    let repaired = failed.replace(",nobody,", ",ann@one.example,").replace(",more\r\n", ",\r\n");
    let again = host.import("prospects", &repaired);
    assert_eq!((again.status(), again.summary.rows.created), ("completed", 2), "{repaired}");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(repaired.trim_start_matches('\u{feff}').as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cells: Vec<Vec<&str>> = records.iter().map(|record| record.iter().collect()).collect();
    let cells: Vec<&[&str]> = cells.iter().map(Vec::as_slice).collect();
    let (host, again) = import(workbook(vec![sheet(&cells)]), OPTIONS);
    assert_eq!((again.status(), again.summary.rows.created), ("completed", 2));
    assert_eq!(host.records()[0].name, "=1+1");
}

#[test]
fn dig_03_what_failed_of_a_workbook_comes_back_with_its_comma() {
    let host = TestHost::with_acme();
    let rows: &[&[&str]] = &[&["Nome", "Telefone 1"], &["Ana", "nobody"], &["Bob", "+5511961234568"]];
    let imported = host.import("mailing", workbook(vec![sheet(rows)]));
    let failed = String::from_utf8(imported.failed).unwrap();
    let again = host.import("mailing", failed.replacen("Ana,nobody,", "Ana,+5511961234567,", 1));
    assert_eq!((again.status(), again.summary.rows.created), ("completed", 1), "{failed}");
}

#[test]
fn columns_first_line_and_map_hold_for_workbooks() {
    let rows: &[&[&str]] = &[&["A list"], &["Ann", "+5511912345678"], &["Bob", "+5511912345679", "", "more"]];
    let file = workbook(vec![sheet(rows)]);
    let host = TestHost::with_acme();
    let options = [("first_line", "ignore"), ("columns", "name,phone_1,phone_2")];
    let imported = host.import_with("mailing", &file, &options, &Course::default());
    assert_eq!(
        (imported.status(), imported.summary.rows.created),
        ("completed", 2),
        "{:?}",
        imported.upload.verdict
    );
    assert!(imported.succeeded.starts_with("\u{feff}name,phone_1,phone_2,column_4,".as_bytes()));
    let file = workbook(vec![sheet(&[&["Who", "E-mail"], &["Ann", "ann@one.example"]])]);
    assert_eq!(import(&file, OPTIONS).1.file_codes(), ["column_missing"]);
    assert_eq!(import(&file, &[("map.Who", "name")]).1.status(), "completed");
    let preview = TestHost::with_acme().preview_of("prospects", &file, OPTIONS);
    assert_eq!((preview.rows[0].line, preview.rows[0].cells.len()), (2, 2), "a refused one is shown");
}

#[test]
fn what_is_no_workbook_that_is_read_is_refused() {
    let good = workbook(vec![sheet(&[HEADER, &["Ann", "ann@one.example"]])]);
    let mut cut = good.clone();
    cut.truncate(good.len() / 2);
    let name = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let compound =
        |stream: &str| [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), vec![0; 600], name(stream)].concat();
    for (file, code) in [
        (cut, "workbook_invalid"),
        (b"PK\x03\x04 and no more".to_vec(), "workbook_invalid"),
        (compound("EncryptedPackage"), "workbook_protected"),
        (compound("Workbook"), "format_unsupported"),
        (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "format_unsupported"),
        (workbook(vec![sheet(&[])]), "file_empty"),
        (workbook(vec![sheet(&[HEADER])]), "no_rows"),
    ] {
        let (_, imported) = import(&file, OPTIONS);
        assert_eq!((imported.status(), &imported.file_codes()[..]), ("refused", &[code][..]));
        TestHost::with_acme().preview_of("prospects", &file, OPTIONS);
    }
}

#[test]
fn the_name_of_a_file_says_nothing() {
    let host = TestHost::with_acme();
    let what =
        || rollcall_domain::plan::object_keys::DropTarget::Profile(ProfileName::parse("prospects").unwrap());
    let csv =
        host.run("acme", what(), "list.xlsx", b"Name,E-mail\nAnn,a@one.example\n", &[], &Course::default());
    assert_eq!((csv.status(), csv.upload.encoding.as_deref()), ("completed", Some("UTF-8")));
}

#[test]
fn blank_rows_by_the_million_cost_little() {
    let mut sheet = sheet(&[HEADER, &["Ann", "ann@one.example"]]);
    let blank = Format::new().set_bold();
    for row in 2..100_000 {
        sheet.write_blank(row, 0, &blank).unwrap();
    }
    sheet.write_string(1_048_575, 0, "Bob").unwrap();
    sheet.write_string(1_048_575, 1, "bob@one.example").unwrap();
    let (_, imported) = import(workbook(vec![sheet]), OPTIONS);
    assert_eq!((imported.summary.rows.read, imported.summary.rows.created), (1_048_575, 2));
    assert_eq!(imported.succeeded_rows()[1]["rollcall_line"], "1048576");
}

/// A workbook whose parts are changed; an empty text leaves a part out.
fn changed(part: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let rows: &[&[&str]] = &[HEADER, &["Ann", "ann@one.example", "x"], &["Bob", "bob@two.example"]];
    let mut people = sheet(rows);
    people.write_number(2, 2, 5).unwrap();
    let book = workbook(vec![people, sheet(&[&["a", "b"]])]);
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).unwrap();
        let name = member.name().unwrap().to_string();
        let mut text = String::new();
        member.read_to_string(&mut text).unwrap();
        if name == part {
            let before = text.clone();
            text = change(&text);
            assert_ne!(text, before, "{part}");
        }
        if !text.is_empty() {
            out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            out.write_all(text.as_bytes()).unwrap();
        }
    }
    out.finish().unwrap().into_inner()
}

/// Phones, exports and old libraries write such files; openpyxl reads each of them, and the same rows.
#[test]
fn workbooks_that_others_open_are_read() {
    const BOOK: &str = "xl/workbook.xml";
    const PLACES: &str = "xl/_rels/workbook.xml.rels";
    const SHEET: &str = "xl/worksheets/sheet1.xml";
    type Change = (&'static str, &'static str, &'static str);
    let changes: &[(&str, &str, &[Change])] = &[
        ("a sheet without a relationship", BOOK, &[("", " r:id=\"rId2\"", "")]),
        ("a sheet with a blank one", BOOK, &[("", "r:id=\"rId2\"", "r:id=\"\"")]),
        ("a sheet with an unknown one", BOOK, &[("", "r:id=\"rId2\"", "r:id=\"rId99\"")]),
        ("a blank state", BOOK, &[("", "<sheet ", "<sheet state=\"\" ")]),
        ("a state in another case", BOOK, &[("", "<sheet ", "<sheet state=\"Visible\" ")]),
        ("a blank type", PLACES, &[("http", "relationships/worksheet", "")]),
        ("a type in another case", PLACES, &[("", "relationships/worksheet", "relationships/Worksheet")]),
        ("a target from here", PLACES, &[("", "Target=\"worksheets", "Target=\"./worksheets")]),
        ("a target from above", PLACES, &[("", "Target=\"worksheets", "Target=\"../xl/worksheets")]),
        ("a blank range", SHEET, &[("", "<dimension ref=\"A1:C3\"", "<dimension ref=\"\"")]),
        ("a range of columns", SHEET, &[("", "<dimension ref=\"A1:C3\"", "<dimension ref=\"A:C\"")]),
        ("a range from its end", SHEET, &[("", "<dimension ref=\"A1:C3\"", "<dimension ref=\"C3:A1\"")]),
        ("a blank type of a cell", SHEET, &[("", "<c r=\"C3\"", "<c r=\"C3\" t=\"\"")]),
    ];
    for (what, part, changes) in changes {
        let file = changed(part, |text| {
            changes.iter().fold(text.to_owned(), |text, (scheme, from, to)| {
                let whole = format!(
                    "{scheme}{}{from}",
                    if scheme.is_empty() { "" } else { "://schemas.openxmlformats.org/officeDocument/2006/" }
                );
                text.replace(&whole, to)
            })
        });
        assert_people(what, &file);
    }
    assert_people("no relationships of the package", &changed("_rels/.rels", |_| String::new()));
}

fn assert_people(what: &str, file: &[u8]) {
    let (_, imported) = import(file, OPTIONS);
    assert_eq!(imported.status(), "completed", "{what}: {:?}", imported.upload.verdict);
    assert_eq!(imported.upload.sheet.as_deref(), Some("Sheet1"), "{what}");
    let rows: Vec<_> =
        imported.succeeded_rows().iter().map(|row| (row["Name"].clone(), row["Note"].clone())).collect();
    let people = [("Ann", "x"), ("Bob", "5")].map(|(name, note)| (name.to_owned(), note.to_owned()));
    assert_eq!(rows, people, "{what}");
}

#[test]
fn a_book_of_macros_is_no_table_and_hidden_rows_are_those_of_their_sheet() {
    let kind = "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet";
    let file = changed("xl/_rels/workbook.xml.rels", |text| {
        let usual = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
        text.replacen(usual, kind, 1)
    });
    let (_, imported) = import(&file, &[("sheet", "Sheet1")]);
    assert_eq!(imported.file_codes(), ["sheet_missing"]);
}
