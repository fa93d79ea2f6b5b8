//! Lines SAG-1 to SAG-P4: what a campaign can rely on when it imports accounts.

use rollcall_domain::contacts::contact::Record;
use rollcall_domain::profile::built_in::BUILT_IN;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::template::template;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::locale::Locale;
use rollcall_tests::test_host::{Course, Imported, TestHost};

const HEADER: &str = "CUSTOMER TYPE,DOCUMENT TYPE,DOCUMENT NUMBER,FIRST SURNAME,FIRST NAME";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.program("acme", "title = 'Acme'\nregion = 'CO'\nlocale = 'es'\n");
    host.directory("acme", "tags", "name\nTAG1\nTAG2\nVery Important\n");
    host
}

/// Imports rows with the five required columns, filled, and these.
fn accounts(host: &TestHost, header: &str, rows: &[&str]) -> Imported {
    let rows: String =
        (1..).zip(rows).map(|(row, cells)| format!("Person,CC,{row},Lima,Ana,{cells}\n")).collect();
    host.import("accounts", format!("{HEADER},{header}\n{rows}"))
}

fn records(host: &TestHost) -> Vec<Record> {
    let mut records = host.records();
    records.sort_by(|one, other| one.fields["document_number"].cmp(&other.fields["document_number"]));
    records
}

fn told(row: u64, errors: &str) -> (u64, String) {
    (row, errors.to_owned())
}

fn warnings(imported: &Imported) -> Vec<String> {
    imported.succeeded_rows().into_iter().map(|row| row["rollcall_warnings"].clone()).collect()
}

#[test]
fn sag_01_02_accounts_are_imported_into_a_program_to_be_contacted() {
    let host = host();
    let imported = accounts(&host, "EMAIL,CELL PHONE", &["ana@one.example,+573105822141"]);
    assert_eq!((imported.status(), imported.summary.head.program.as_str()), ("completed", "acme"));
    let contact = &host.contacts()[0];
    assert_eq!(contact.pool, "accounts");
    assert_eq!(contact.contact_id, ContactId::derive("acme", "accounts", "cc\u{1f}1"));
    let account = &records(&host)[0];
    assert_eq!(
        (account.email.as_str(), account.phones.clone()),
        ("ana@one.example", vec!["+573105822141".to_owned()])
    );
    assert_eq!(account.name, "Ana Lima");
}

/// IMP-25: the success file names the address that the record has after the row.
#[test]
fn a_row_that_does_not_decide_the_address_names_the_records() {
    for (email, options, named) in [
        ("", &[][..], "ana@one.example"),
        ("new@one.example", &[], "new@one.example"),
        ("new@one.example", &[("keep_fields", "email")], "ana@one.example"),
        ("new@one.example", &[("mode", "create")], "ana@one.example"),
        ("", &[("blank", "clear")], ""),
    ] {
        let host = host();
        accounts(&host, "EMAIL,CELL PHONE", &["ana@one.example,+573105822141"]);
        let file = format!("{HEADER},EMAIL,CELL PHONE\nPerson,CC,1,Lima,Ana,{email},+573105822142\n");
        let imported = host.import_with("accounts", file, options, &Course::default());
        assert_eq!(imported.status(), "completed", "{options:?} {:?}", imported.errors());
        assert_eq!(imported.succeeded_rows()[0]["rollcall_invite_to"], named, "{email} {options:?}");
        assert_eq!(records(&host)[0].email, named, "{email} {options:?}");
    }
}

/// A column without a field is stored with the contact, so what a spreadsheet did to it counts too.
#[test]
fn a_kept_column_with_a_lost_value_rejects_its_row() {
    for lost in ["#N/A", "#FORMULA!", "Jos\u{fffd}"] {
        let host = host();
        let rows = format!("ana@one.example,{lost}");
        let imported = accounts(&host, "EMAIL,EXTRA", &[&rows, "bia@one.example,fine"]);
        assert_eq!(imported.errors(), [told(1, "row:value_spoiled")], "{lost}");
        let messages = &imported.failed_rows()[0]["rollcall_messages"];
        assert!(messages.contains("EXTRA") && messages.contains(lost), "{messages}");
        let file = format!("{HEADER},EMAIL,EXTRA\nPerson,CC,1,Lima,Ana,{rows}\n");
        let drop = [("invalid_optional", "drop")];
        let imported = host.import_with("accounts", file, &drop, &Course::default());
        assert_eq!(
            (imported.status(), warnings(&imported)),
            ("completed", vec!["row:value_dropped".to_owned()])
        );
        let stored: Vec<_> = records(&host).into_iter().map(|record| record.additional).collect();
        assert_eq!(stored[0].len() + stored[1].len(), 1, "{stored:?}");
    }
}

#[test]
fn sag_03_csv_is_taken_with_any_delimiter() {
    for sign in [",", ";", "\t", "|"] {
        let file = format!("{HEADER},EMAIL\nPerson,CC,1,Lima,Ana,a@one.example\n").replace(',', sign);
        let imported = host().import("accounts", file);
        assert_eq!((imported.status(), imported.summary.rows.created), ("completed", 1), "{sign:?}");
    }
}

#[test]
fn sag_03_xlsx_is_taken_with_texts_numbers_and_days() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, header) in (0..).zip(HEADER.split(',').chain(["EMAIL", "BIRTH DATE", "SHOE SIZE"])) {
        sheet.write_string(0, column, header).unwrap();
    }
    for (row, number) in [(1, None), (2, Some(79_854_123.0))] {
        for (column, cell) in (0..).zip(["Person", "CC", "00123", "Lima", "Ana", "a@one.example"]) {
            sheet.write_string(row, column, cell).unwrap();
        }
        if let Some(number) = number {
            sheet.write_number(row, 2, number).unwrap();
        }
        let day = rust_xlsxwriter::ExcelDateTime::from_ymd(1980, 2, 29).unwrap();
        let format = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
        sheet.write_datetime_with_format(row, 6, &day, &format).unwrap();
        sheet.write_number(row, 7, 38.5).unwrap();
    }
    let host = host();
    let imported = host.import("accounts", workbook.save_to_buffer().unwrap());
    assert_eq!((imported.status(), imported.summary.rows.created), ("completed", 2));
    let records = records(&host);
    let told: Vec<_> = records.iter().map(|record| &*record.fields["document_number"]).collect();
    assert_eq!(told, ["00123", "79854123"]);
    assert_eq!(records[0].fields["birth_date"], "1980-02-29");
    assert_eq!(records[0].additional["SHOE SIZE"], "38.5");
}

#[test]
fn sag_05_five_data_are_required_in_every_row() {
    let host = host();
    let file = format!("{HEADER},EMAIL\n,,,,,a@one.example\nPerson,CC,1,Lima,Ana,a@one.example\n");
    let missing = "customer_type:required_missing document_type:required_missing \
        document_number:required_missing first_surname:required_missing first_name:required_missing";
    assert_eq!(host.import("accounts", file).errors(), [told(1, missing)]);
    let columns = host.import("accounts", "EMAIL\na@one.example\n").file_codes();
    assert_eq!(columns, ["column_missing"; 5]);
}

#[test]
fn sag_05_a_document_is_a_text() {
    let host = host();
    let file = format!(
        "{HEADER},EMAIL\nPerson,CC,00123,Lima,Ana,a@one.example\nPerson,CC,79854123.0,Lima,Ana,b@one.example\n\
         Person,CC,7.9854124E7,Lima,Ana,c@one.example\nPerson,CC,7.98E+10,Lima,Ana,d@one.example\n\
         Person,cc,79854123,Lima,Ana,e@one.example\nPerson,NIT,ab-1,Lima,Ana,f@one.example\nPerson,nit,AB-1,Lima,Ana,g@one.example\n"
    );
    let imported = host.import("accounts", file);
    assert_eq!(
        imported.errors(),
        [
            told(4, "document_number:value_spoiled"),
            told(5, "row:duplicate_in_file"),
            told(7, "row:duplicate_in_file"),
        ]
    );
    let repaired = "document_number:value_repaired";
    assert_eq!(warnings(&imported), ["", repaired, repaired, ""]);
    let numbers: Vec<String> =
        records(&host).iter().map(|record| record.fields["document_number"].clone()).collect();
    assert_eq!(numbers, ["00123", "79854123", "79854124", "ab-1"]);
}

#[test]
fn sag_06_one_contact_datum_is_enough_and_one_is_needed() {
    let host = host();
    for (column, value) in [
        ("PHONE", "+573105822141"),
        ("CELL PHONE", "+573105822141"),
        ("EMAIL", "ana@one.example"),
        ("FACEBOOK", "ana.lima"),
        ("INSTAGRAM", "ana.lima"),
        ("X", "lima"),
        ("WHATSAPP", "+573105822141"),
    ] {
        let imported = accounts(&host, &format!("{column},CITY"), &[&format!("{value},Cali"), ",Cali"]);
        assert_eq!(imported.errors(), [told(2, "row:one_of_missing")], "{column}");
    }
}

#[test]
fn sag_07_the_region_completes_a_phone_and_it_is_said() {
    let host = host();
    let imported = accounts(&host, "PHONE", &["3105822141", "+573105822142"]);
    assert_eq!(warnings(&imported), ["phone:phone_country_assumed", ""]);
    assert_eq!(records(&host)[0].phones, ["+573105822141"]);
}

#[test]
fn sag_08_the_international_form_is_taken() {
    let host = host();
    let imported = accounts(&host, "PHONE", &["+573105822141"]);
    assert_eq!((imported.status(), warnings(&imported)), ("completed", vec![String::new()]));
}

#[test]
fn sag_09_the_colombian_form_of_old_is_taken_and_converted() {
    let host = host();
    let imported = accounts(&host, "PHONE", &["5753790123", "+57 605 3790124"]);
    assert_eq!(warnings(&imported), ["phone:phone_legacy_form", ""]);
    let records = records(&host);
    assert_eq!(
        (&records[0].phones, &records[1].phones),
        (&vec!["+576053790123".to_owned()], &vec!["+576053790124".to_owned()])
    );
}

#[test]
fn sag_09_the_form_without_a_plus_is_taken_whatever_the_programs_region() {
    for region in ["region = 'CO'", "region = 'BR'", ""] {
        let host = host();
        host.program("acme", &format!("title = 'Acme'\n{region}\n"));
        let imported = accounts(&host, "PHONE", &["5753790123"]);
        assert_eq!(
            (imported.status(), warnings(&imported)),
            ("completed", vec!["phone:phone_legacy_form".into()])
        );
        assert_eq!(records(&host)[0].phones, ["+576053790123"], "{region}");
    }
}

#[test]
fn sag_10_tags_are_separated_by_commas() {
    let host = host();
    let cells = [
        "a@one.example,\"TAG1, TAG2\"",
        "b@one.example,\"tag2,very  important\"",
        "c@one.example,\"TAG1,,tag1,\"",
    ];
    let imported = accounts(&host, "EMAIL,TAGS", &cells);
    assert_eq!(warnings(&imported)[..2], ["", ""]);
    assert_eq!(warnings(&imported)[2], "tags:tag_ignored", "each code once");
    let tags: Vec<Vec<String>> = records(&host).into_iter().map(|record| record.tags).collect();
    assert_eq!(tags, [vec!["TAG1", "TAG2"], vec!["TAG2", "Very Important"], vec!["TAG1"]]);
    assert_eq!(records(&host)[0].fields["tags"], "TAG1, TAG2");
}

#[test]
fn sag_11_tags_must_exist() {
    let host = host();
    let imported = accounts(&host, "EMAIL,TAGS", &["a@one.example,\"TAG1, NOPE\"", "b@one.example,TAG1"]);
    assert_eq!(imported.errors(), [told(1, "tags:tag_unknown")]);
    assert!(imported.failed_rows()[0]["rollcall_messages"].contains("NOPE"));
}

#[test]
fn sag_12_extra_columns_are_kept_as_additional_data() {
    let host = host();
    let imported = accounts(&host, "EMAIL,Shoe size,Favourite Colour", &["a@one.example, 42 ,"]);
    assert_eq!(imported.status(), "completed");
    let account = &records(&host)[0];
    let additional: Vec<_> =
        account.additional.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(additional, [("Shoe size", "42")]);
}

#[test]
fn sag_12_columns_of_one_header_and_of_none_are_all_kept() {
    let host = host();
    let header = "EMAIL,Extra, Extra ,,Extra (column 8),  ,column_11,Extra";
    let imported = accounts(&host, header, &["a@one.example,1,2,3,4,5,6,7"]);
    assert_eq!(imported.status(), "completed", "{:?}", imported.summary);
    let additional = &records(&host)[0].additional;
    let mut kept: Vec<_> = additional.iter().map(|(name, value)| (value.as_str(), name.as_str())).collect();
    kept.sort_unstable();
    assert_eq!(
        kept,
        [
            ("1", "Extra"),
            ("2", "Extra (column 8) (column 8)"),
            ("3", "column_9"),
            ("4", "Extra (column 8)"),
            ("5", "column_11 (column 11)"),
            ("6", "column_11"),
            ("7", "Extra (column 13)"),
        ]
    );
}

#[test]
fn sag_p3_p4_a_layout_of_ones_own_works_through_a_mapping() {
    let host = host();
    let file = "Tipo de cliente;Tipo de documento;Cédula;Primer apellido;Primer nombre;Cumpleaños;Celular\n\
        Persona;CC;00123;Lima;Ana;31/05/1990;3105822141\n";
    let imported = host.import("accounts", file);
    assert_eq!(imported.status(), "completed", "{:?}", imported.summary);
    let account = &records(&host)[0];
    assert_eq!(
        (&*account.fields["document_number"], &*account.fields["birth_date"]),
        ("00123", "1990-05-31")
    );

    let file = "Clase;Papel;Serie;Familia;Pila;Correo\nPersona;CC;7;Lima;Ana;a@one.example\n";
    let map = [
        ("map.Clase", "customer_type"),
        ("map.Papel", "document_type"),
        ("map.Serie", "document_number"),
        ("map.Familia", "first_surname"),
        ("map.Pila", "first_name"),
    ];
    assert_eq!(host.import_with("accounts", file, &map, &Course::default()).status(), "completed");
    // The same as a profile of one's own.
    host.profile(
        "cuentas",
        "extends = 'accounts'\nname = 'cuentas'\n[[fields]]\nname = 'document_number'\naliases = { es = ['Serie'] }\n",
    );
    let file = "Tipo de cliente;Tipo de documento;Serie;Primer apellido;Primer nombre;Correo\nPersona;CC;8;Lima;Ana;a@one.example\n";
    assert_eq!(host.import("cuentas", file).summary.rows.created, 1);
}

#[test]
fn sag_p2_the_example_row_of_every_template_imports_cleanly() {
    for (name, _) in BUILT_IN {
        for locale in Locale::ALL {
            let host = host();
            host.directory("acme", "owners", "owner_id,name\n1,Ana Souza\n");
            host.directory("acme", "groups", "name,workflow,accept,invite\nVIP,,,\n");
            let template = template(&Profile::built_in(name).unwrap(), locale);
            // Unchanged it is skipped: here somebody else's name is filled in.
            let csv = String::from_utf8(template.to_csv()).unwrap();
            let somebody = ["\nAna", ",Ana,", ";Ana;", "Example Ltd"].into_iter().find(|it| csv.contains(it));
            let somebody = somebody.expect("a name stands in every example");
            let filled = csv.replacen(somebody, &somebody.replace("Ana", "Anabel").replace("Ltd", "SA"), 1);
            let imported = host.import(name, filled);
            assert_eq!(
                (imported.status(), imported.summary.rows.created),
                ("completed", 1),
                "{name} {locale}"
            );
            assert_eq!(imported.summary.warnings, [], "{name} {locale}");
        }
    }
}
