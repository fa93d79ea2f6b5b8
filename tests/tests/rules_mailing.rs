//! Lines DIG-1 to DIG-14: what a calling service can rely on when it imports a list.

use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ProfileName;
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_tests::test_host::{Course, Imported, TestHost};

const ANA: &str = "+5511961234567";
const BOB: &str = "+5511961234568";
const CY: &str = "+5511961234569";

fn mailing(host: &TestHost, file: &str, options: &[(&str, &str)]) -> Imported {
    host.import_with("mailing", file, options, &Course::default())
}

fn names(host: &TestHost) -> Vec<String> {
    let mut names: Vec<String> = host.records().into_iter().map(|record| record.name).collect();
    names.sort();
    names
}

fn warnings(imported: &Imported) -> Vec<(String, String)> {
    let told = |row: std::collections::BTreeMap<String, String>| {
        (row["rollcall_row"].clone(), row["rollcall_warnings"].clone())
    };
    imported.succeeded_rows().into_iter().map(told).filter(|(_, told)| !told.is_empty()).collect()
}

/// Chunks of one row, in another order, each delivered twice.
fn scattered() -> Course {
    Course { size: ChunkSize { rows: 1, ..ChunkSize::default() }, order: 7, deliveries: 2 }
}

#[test]
fn dig_01_the_list_feeds_one_program() {
    let host = TestHost::with_acme();
    host.program("other", "title = 'Other'\nregion = 'BR'\n");
    let imported = mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\n"), &[]);
    assert_eq!((imported.status(), imported.summary.head.program.as_str()), ("completed", "acme"));
    let contact = &host.contacts()[0];
    assert_eq!(contact.pool, "mailing");
    assert_eq!(contact.contact_id, ContactId::derive("acme", "mailing", ANA));
}

#[test]
fn dig_02_the_file_may_have_any_name() {
    let host = TestHost::with_acme();
    let what = DropTarget::Profile(ProfileName::parse("mailing").unwrap());
    let file = format!("Nome;Telefone 1\nAna;{ANA}\n");
    let name = "Campanha de Natal (última versão).txt";
    let imported = host.run("acme", what, name, file.as_bytes(), &[], &Course::default());
    assert_eq!((imported.status(), imported.summary.head.file.as_str()), ("completed", name));
}

#[test]
fn dig_03_semicolon_and_pipe_are_taken_and_no_other() {
    for (sign, options, codes) in [
        (";", &[][..], &[][..]),
        ("|", &[], &[]),
        ("|", &[("delimiter", "|")], &[]),
        (",", &[], &["delimiter_not_allowed"]),
        (",", &[("delimiter", ",")], &["delimiter_not_allowed"]),
        ("\t", &[], &["delimiter_not_allowed"]),
        (";", &[("delimiter", ",")], &["delimiter_not_allowed"]),
    ] {
        let host = TestHost::with_acme();
        let file = format!("Nome;Complemento;Telefone 1\nAna;VIP;{ANA}\nBob;;{BOB}\n").replace(';', sign);
        let imported = mailing(&host, &file, options);
        assert_eq!(imported.file_codes(), codes, "{sign:?} {options:?}");
        let said = imported.upload.options.get("delimiter").and_then(|said| said.as_str());
        assert_eq!(said, options.first().map(|(_, sign)| *sign), "as it was said");
        assert_eq!(host.contacts().len(), if codes.is_empty() { 2 } else { 0 });
    }
}

#[test]
fn dig_03_one_column_is_read_too() {
    let host = TestHost::with_acme();
    let imported = mailing(&host, &format!("Telefone 1\n{ANA}\n{BOB}\n"), &[]);
    assert_eq!((imported.status(), imported.summary.rows.created), ("completed", 2));
}

#[test]
fn dig_04_the_first_line_is_ignored_when_asked() {
    let host = TestHost::with_acme();
    let file = format!("Lista de natal\nAna;VIP;;;;{ANA}\nBob;;;;;{BOB}\n");
    let imported = mailing(&host, &file, &[("first_line", "ignore")]);
    assert_eq!((imported.status(), imported.summary.rows.read), ("completed", 2));
    assert_eq!(imported.upload.first_line.as_deref(), Some("ignore"));
    assert_eq!(imported.succeeded_rows()[0]["rollcall_line"], "2");
    assert_eq!(names(&host), ["Ana", "Bob"]);
}

#[test]
fn dig_03_04_the_delimiter_is_found_below_a_title_and_in_rows_of_many_widths() {
    let title = format!("Campanha\nAna;VIP;;;;{ANA}\nBob;;;;;{BOB}\n");
    let ragged = format!("Ana;VIP;;;;{ANA}\nBob;;;;;{BOB};{CY}\n");
    let one = format!("Ana;VIP;;;;{ANA}\n");
    for sign in [";", "|", ","] {
        for (first_line, file, rows) in [("ignore", &title, 2), ("data", &ragged, 2), ("data", &one, 1)] {
            let host = TestHost::with_acme();
            let imported = mailing(&host, &file.replace(';', sign), &[("first_line", first_line)]);
            if sign == "," {
                assert_eq!(imported.file_codes(), ["delimiter_not_allowed"], "{first_line} {file}");
            } else {
                assert_eq!((imported.status(), imported.summary.rows.created), ("completed", rows), "{file}");
            }
        }
    }
}

#[test]
fn dig_05_contacts_registered_before_are_gone_when_the_new_ones_are_in() {
    let host = TestHost::with_acme();
    mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\nBob;{BOB}\n"), &[]);
    let file = format!("Nome;Telefone 1\nBob;{BOB}\nCy;{CY}\n");
    let imported = mailing(&host, &file, &[("replace", "true")]);
    assert_eq!((imported.summary.rows.unchanged, imported.summary.rows.created), (1, 1));
    assert_eq!(names(&host), ["Bob", "Cy"]);
    // Who was gone is new when it comes again.
    assert_eq!(mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\n"), &[]).summary.rows.created, 1);
}

#[test]
fn dig_05_a_dry_run_a_refused_and_a_partly_rejected_import() {
    let host = TestHost::with_acme();
    mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\n"), &[]);
    let file = format!("Nome;Telefone 1\nBob;{BOB}\n");
    mailing(&host, &file, &[("replace", "true"), ("dry_run", "true")]);
    assert_eq!(names(&host), ["Ana"]);
    let refused = mailing(&host, &file.replace(';', ","), &[("replace", "true")]);
    assert_eq!((refused.status(), names(&host)), ("refused", vec!["Ana".to_owned()]));
    // Rejected rows were read and answered for: the new list is in.
    let file = format!("Nome;Telefone 1\nBob;{BOB}\nCy;12\n");
    let partly = mailing(&host, &file, &[("replace", "true")]);
    assert_eq!((partly.status(), names(&host)), ("completed_with_errors", vec!["Bob".to_owned()]));
}

#[test]
fn dig_05_nothing_is_gone_before_the_end() {
    let host = TestHost::with_acme();
    mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\n"), &[]);
    let what = DropTarget::Profile(ProfileName::parse("mailing").unwrap());
    let file = format!("Nome;Telefone 1\nBob;{BOB}\nCy;{CY}\n");
    let object = host.drop_file("acme", what, "new.csv", file.as_bytes());
    let queue = LocalQueue::with_room(100);
    let size = ChunkSize { rows: 1, ..ChunkSize::default() };
    let import = host.split(&queue, object, &[("replace", "true")], size);
    let plans = rollcall_pipeline::work::Plans::default();
    // All chunks are judged, then all are written: what goes is known before.
    for there in [&["Ana"][..], &["Ana", "Bob", "Cy"]] {
        while let Some(message) = queue.try_receive() {
            let Message::Chunk(chunk) = message else { continue };
            assert!(names(&host).contains(&"Ana".to_owned()));
            host.work_one(&queue, &plans, chunk);
        }
        assert_eq!(names(&host), there);
        host.finalize_with(&queue, &import);
    }
    assert_eq!(names(&host), ["Bob", "Cy"]);
}

#[test]
fn dig_05_other_profiles_do_not_offer_it() {
    let host = TestHost::with_acme();
    let file = "Name,E-mail\nAnn,ann@one.example\n";
    let imported = host.import_with("prospects", file, &[("replace", "true")], &Course::default());
    assert_eq!(imported.file_codes(), ["options_invalid"]);
}

#[test]
fn dig_06_the_first_row_in_file_order_stands() {
    let file = format!(
        "Nome;Telefone 1;Telefone 2;Telefone 3\n\
         Ana;{ANA};{BOB};\n\
         Any of the ten;{CY};;{BOB}\n\
         Refused registers nothing;{CY};;\n\
         Written otherwise;(11) 96123-4567;;\n"
    );
    for course in [Course::default(), scattered()] {
        let host = TestHost::with_acme();
        let imported = host.import_with("mailing", &file, &[], &course);
        let refused = |row| (row, "row:duplicate_in_file".to_owned());
        assert_eq!(imported.errors(), [refused(2), refused(4)]);
        assert!(imported.failed_rows()[0]["rollcall_messages"].contains("row 1"));
        assert_eq!(names(&host), ["Ana", "Refused registers nothing"]);
    }
}

#[test]
fn dig_06_a_row_that_is_refused_for_another_reason_registers() {
    let host = TestHost::with_acme();
    let file = format!("Nome;Janela;Telefone 1\nAna;18:00-09:00;{ANA}\nAna;;{ANA}\n;;12\nBob;;12\n");
    let imported = mailing(&host, &file, &[]);
    let told = |row: u64, errors: &str| (row, errors.to_owned());
    assert_eq!(
        imported.errors(),
        [
            told(1, "schedule_window:window_invalid"),
            told(2, "row:duplicate_in_file"),
            told(3, "phone_1:phone_invalid"),
            told(4, "phone_1:phone_invalid"),
        ]
    );
}

#[test]
fn dig_06_a_row_without_a_valid_first_phone_repeats_all_the_same() {
    let file = format!(
        "Nome;Telefone 1;Telefone 2\nAna;{ANA};\nNone;;{ANA}\nWrong;12;{ANA}\nNone;;{BOB}\nBob;{BOB};\n"
    );
    for course in [Course::default(), scattered()] {
        let host = TestHost::with_acme();
        let imported = host.import_with("mailing", &file, &[], &course);
        let told = |row: u64, errors: &str| (row, errors.to_owned());
        let wanted = [
            told(2, "phone_1:required_missing row:duplicate_in_file"),
            told(3, "phone_1:phone_invalid row:duplicate_in_file"),
            told(4, "phone_1:required_missing"),
        ];
        assert_eq!(imported.errors(), wanted, "nor does it register");
    }
}

#[test]
fn dig_06_registered_contacts_are_no_duplicates() {
    let host = TestHost::with_acme();
    mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\n"), &[]);
    let imported = mailing(&host, &format!("Nome;Telefone 1\nAna Lima;{ANA}\n"), &[]);
    assert_eq!(imported.summary.rows.updated, 1);
    assert_eq!(names(&host), ["Ana Lima"]);
}

#[test]
fn dig_06_allowed_duplicates_are_contacts_of_their_own() {
    let file = format!("Nome;Telefone 1;Telefone 2\nAna;{ANA};\nBob;{BOB};{ANA}\nEva;{ANA};\nIda;{ANA};\n");
    for course in [Course::default(), scattered()] {
        let host = TestHost::with_acme();
        let options = [("allow_duplicates", "true")];
        let imported = host.import_with("mailing", &file, &options, &course);
        assert_eq!((imported.status(), imported.summary.rows.created), ("completed", 4));
        let id = |identity: &str| ContactId::derive("acme", "mailing", identity).to_string();
        let ids: Vec<String> =
            imported.succeeded_rows().iter().map(|row| row["rollcall_contact_id"].clone()).collect();
        assert_eq!(ids, [id(ANA), id(BOB), id(&format!("{ANA}\u{1f}2")), id(&format!("{ANA}\u{1f}3"))]);
        assert_eq!(host.import_with("mailing", &file, &options, &course).summary.rows.unchanged, 4);
    }
}

#[test]
fn dig_07_08_an_unknown_login_denies_the_contact() {
    let host = TestHost::with_acme();
    host.directory("acme", "agents", "login,name\nana.s,Ana\n");
    let file = format!("Nome;Agente;Telefone 1\nA;ANA.S;{ANA}\nB;bob;{BOB}\nC;;{CY}\n");
    let imported = mailing(&host, &file, &[("validate_agent", "true"), ("dry_run", "true")]);
    assert_eq!(imported.errors(), [(2, "agent:agent_unknown".to_owned())]);
    assert_eq!(mailing(&host, &file, &[]).summary.rows.created, 3);
}

#[test]
fn dig_09_fields_are_given_by_position() {
    for (file, columns) in
        [(format!("{ANA};x;Ana\n"), "phone_1,,name"), (format!("{ANA};Ana;x;y\n"), "phone_1,name")]
    {
        let host = TestHost::with_acme();
        let imported = mailing(&host, &file, &[("columns", columns), ("first_line", "data")]);
        assert_eq!((imported.status(), names(&host)), ("completed", vec!["Ana".to_owned()]));
        let fields: Vec<Option<&str>> =
            imported.upload.columns.iter().map(|column| column.field.as_deref()).collect();
        assert_eq!(fields.iter().flatten().count(), 2);
        assert!(imported.succeeded_rows()[0].contains_key("phone_1"));
    }
}

#[test]
fn dig_09_columns_go_before_the_header() {
    let host = TestHost::with_acme();
    let file = format!("Nome;Telefone 1;Telefone 2\nAna;{ANA};{BOB}\n");
    let imported = mailing(&host, &file, &[("columns", "name,,phone_1")]);
    assert_eq!((imported.status(), imported.summary.rows.read), ("completed", 1));
    assert_eq!(host.records()[0].phones, [BOB]);
    assert!(imported.succeeded_rows()[0].contains_key("Telefone 2"));
}

#[test]
fn dig_09_a_place_that_no_record_has() {
    for (columns, codes) in [
        ("name,phone_1,phone_2", &["options_invalid"][..]),
        ("name,,phone_1", &["options_invalid", "column_missing"]),
        ("name,phone_1,", &[]),
        ("name,phone_1,phone_11", &["options_invalid"]),
        ("name,phone_1,phone_1", &["options_invalid"]),
        ("name", &["column_missing"]),
    ] {
        let host = TestHost::with_acme();
        let file = format!("Ana;{ANA}\nBob;{BOB}\n");
        let imported = mailing(&host, &file, &[("columns", columns), ("first_line", "data")]);
        assert_eq!(imported.file_codes(), codes, "{columns}");
    }
}

#[test]
fn dig_09_places_that_only_some_records_have() {
    let host = TestHost::with_acme();
    let file = format!("Ana;{ANA}\nBob;{BOB};{CY}\nCy\n");
    let imported = mailing(&host, &file, &[("columns", "name,phone_1,phone_2"), ("first_line", "data")]);
    let ragged = [(1, "row:row_ragged"), (3, "phone_1:required_missing row:row_ragged")];
    assert_eq!(imported.errors(), ragged.map(|(row, errors)| (row, errors.to_owned())));
    // What comes back has a header and whole rows.
    let again = host.import("mailing", &imported.failed);
    assert_eq!(again.outcomes(), [(1, "created".to_owned()), (2, "rejected".to_owned())]);
    assert_eq!(again.errors(), [(2, "phone_1:required_missing".to_owned())]);
}

#[test]
fn dig_10_only_the_first_phone_is_mandatory() {
    let host = TestHost::with_acme();
    let imported = mailing(&host, &format!("Telefone 1;Nome\n{ANA};\n;Bob\n"), &[]);
    assert_eq!(imported.errors(), [(2, "phone_1:required_missing".to_owned())]);
    let missing = mailing(&host, &format!("Nome;Telefone 2\nAna;{ANA}\n"), &[]);
    assert_eq!(missing.file_codes(), ["column_missing"]);
    // In the profile's order what is behind the first phone may be left out, row by row.
    let file = format!(";;;;;{BOB}\nCy;;;;;{CY};{ANA}\nEva;;;;\n");
    let imported = mailing(&host, &file, &[("first_line", "data"), ("allow_duplicates", "true")]);
    assert_eq!(imported.errors(), [(3, "phone_1:required_missing".to_owned())]);
    let short = mailing(&host, "Ana;VIP;;;\n", &[("first_line", "data")]);
    assert_eq!(short.file_codes(), ["column_missing"]);
}

#[test]
fn dig_11_the_six_fields_by_the_products_names() {
    let host = TestHost::with_acme();
    let file = format!(
        "Nome;Complemento;Agente fidelizado;Data de (re)agendamento;Janela de (re)agendamento;Telefone(s)\n\
         Ana;VIP;ana.s;31/01/2030;09:00-12:30;{ANA}\n"
    );
    assert_eq!(mailing(&host, &file, &[]).status(), "completed");
    let fields = &host.records()[0].fields;
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("agent", "ana.s"),
            ("complement", "VIP"),
            ("name", "Ana"),
            ("phone_1", ANA),
            ("schedule_date", "2030-01-31"),
            ("schedule_window", "09:00-12:30"),
        ]
    );
}

#[test]
fn dig_12_up_to_ten_phones_each_once() {
    let host = TestHost::with_acme();
    let phones: Vec<String> = (0..11).map(|last| format!("+55119612345{last:02}")).collect();
    let header: Vec<String> = (1..=11).map(|number| format!("Fone {number}")).collect();
    let imported = mailing(&host, &format!("{}\n{}\n", header.join(";"), phones.join(";")), &[]);
    assert_eq!((imported.status(), host.records()[0].phones.clone()), ("completed", phones[..10].to_vec()));
    let eleventh = &imported.upload.columns[10];
    assert_eq!((eleventh.header.as_str(), eleventh.field.as_deref()), ("Fone 11", None));

    let host = TestHost::with_acme();
    let file = format!("Nome;Telefone 1;Telefone 2;Telefone 3\nAna;{ANA};{BOB};(11) 96123-4567\n");
    let imported = mailing(&host, &file, &[]);
    let told = "phone_3:phone_country_assumed phone_3:value_dropped".to_owned();
    assert_eq!(warnings(&imported), [("1".to_owned(), told)]);
    assert_eq!(host.records()[0].phones, [ANA, BOB]);
    assert_eq!(host.records()[0].fields["phone_3"], "");
}

#[test]
fn dig_05_where_no_row_is_taken_nothing_goes() {
    let host = TestHost::with_acme();
    mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\n"), &[]);
    for (file, options) in [
        ("Nome;Telefone 1\nx;bad\ny;also\n".to_owned(), &[("replace", "true")][..]),
        (format!("Nome;Telefone 1\nBob;{BOB}\n"), &[("replace", "true"), ("rows", "5")]),
    ] {
        mailing(&host, &file, options);
        assert_eq!(names(&host), ["Ana"], "{file}");
    }
    mailing(&host, &format!("Nome;Telefone 1\nBob;{BOB}\nx;bad\n"), &[("replace", "true")]);
    assert_eq!(names(&host), ["Bob"]);
}

#[test]
fn dig_11_phones_and_fields_of_a_contact_say_the_same() {
    let host = TestHost::with_acme();
    mailing(&host, &format!("Nome;Telefone 1;Telefone 2\nAna;{ANA};{BOB}\n"), &[]);
    mailing(&host, &format!("Nome;Telefone 1;Telefone 2;Telefone 3\nAna;{ANA};;{CY}\n"), &[]);
    let record = &host.records()[0];
    assert_eq!(record.fields["phone_2"], BOB);
    assert_eq!(record.phones, [ANA, BOB, CY]);
}

#[test]
fn dig_13_the_drop_alone_starts_it() {
    let host = TestHost::with_acme();
    let imported = mailing(&host, &format!("Nome;Telefone 1\nAna;{ANA}\n"), &[]);
    assert_eq!(imported.status(), "completed");
    assert!(imported.notification.is_some() && imported.report.contains("mailing"));
}

#[test]
fn dig_14_dates_are_iso_or_in_the_order_of_the_whole_column() {
    let file = |dates: [&str; 3]| {
        let [one, two, three] = dates;
        format!("Data;Telefone 1\n{one};{ANA}\n{two};{BOB}\n{three};{CY}\n")
    };
    for (settings, dates, read, assumed) in [
        ("region = 'BR'", ["01/02/2030", "13/02/2030", "2030-03-01"], "2030-02-01", None),
        ("region = 'BR'", ["01/02/2030", "02/13/2030", ""], "2030-01-02", None),
        ("region = 'BR'\nlocale = 'pt'", ["01/02/2030", "03/04/2030", ""], "2030-02-01", Some("DD/MM/YYYY")),
        ("region = 'US'", ["01/02/2030", "03/04/2030", ""], "2030-01-02", Some("MM/DD/YYYY")),
        ("region = 'GB'", ["01.02.2030", "", ""], "2030-02-01", Some("DD/MM/YYYY")),
    ] {
        for course in [Course::default(), scattered()] {
            let host = TestHost::new();
            host.program("acme", settings);
            let imported = host.import_with("mailing", file(dates), &[], &course);
            assert_eq!(imported.status(), "completed", "{:?}", imported.summary);
            let said: Vec<_> = imported.upload.verdict.warnings.iter().collect();
            assert_eq!(said.iter().map(|told| told.args["order"].as_str()).next(), assumed);
            let counted: Vec<_> = imported
                .summary
                .warnings
                .iter()
                .filter(|told| told.code.as_str() == "date_order_assumed")
                .collect();
            assert_eq!(counted.len(), usize::from(assumed.is_some()));
            assert!(
                counted.iter().all(|told| told.rows == 0 && told.column.as_deref() == Some("schedule_date"))
            );
            let ana = host.records().into_iter().find(|record| record.phones == [ANA]).unwrap();
            assert_eq!(ana.fields["schedule_date"], read, "{dates:?}");
        }
    }
}

#[test]
fn dig_14_impossible_dates_and_windows() {
    let host = TestHost::with_acme();
    let file = format!(
        "Data;Janela;Telefone 1\n29/02/2030;09:00-12:00;{ANA}\n29/02/2028;12:00-09:00;{BOB}\n1/2/30;9h-12h;{CY}\n"
    );
    let imported = mailing(&host, &file, &[]);
    let told = |row: u64, errors: &str| (row, errors.to_owned());
    assert_eq!(
        imported.errors(),
        [
            told(1, "schedule_date:date_invalid"),
            told(2, "schedule_window:window_invalid"),
            told(3, "schedule_date:date_invalid schedule_window:window_invalid"),
        ]
    );
    assert!(imported.failed_rows()[0]["rollcall_messages"].contains("there is no such day"));
}
