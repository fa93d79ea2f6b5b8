//! What stands in cells: each kind of defect as a table of inputs, in every profile where the field occurs.

use rollcall_tests::test_host::{Course, Imported, TestHost};

/// What is wanted of one cell: the value that is kept, and the warnings or errors of the row.
type Case<'a> = (&'a str, &'a str, &'a str);

const PHONE: &str = "+5511961234567";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "owners", "owner_id,name\n1,Eva\n");
    host
}

/// A home with the entries that files of a profile name.
fn host_of(profile: &str) -> TestHost {
    let host = TestHost::with_acme();
    match profile {
        "prospects" | "partners" => _ = host.directory("acme", "groups", "name\nVIP\n"),
        "leads" => _ = host.directory("acme", "owners", "owner_id,name\n1,Eva\n"),
        "accounts" => _ = host.directory("acme", "tags", "name\nGold\nBlue\n"),
        _ => {}
    }
    host
}

/// A file with one row: a field, what it holds, and what the profile needs besides.
fn file_of(profile: &str, field: &str, cell: &str) -> String {
    let needed: &[(&str, &str)] = match profile {
        "prospects" => &[("name", "Ann"), ("email", "ann@one.example")],
        "partners" => &[("name", "Ann"), ("email", "ann@one.example"), ("group", "VIP")],
        "mailing" => &[("phone_1", "+551141239999")],
        "leads" => &[("last_name", "Lee"), ("email", "ann@one.example"), ("owner", "Eva")],
        _ => &[
            ("customer_type", "P"),
            ("document_type", "CC"),
            ("document_number", "52345678"),
            ("first_surname", "Lee"),
            ("first_name", "Ann"),
            ("city", "Rio"),
            ("address", "1 Main"),
            ("instagram", "ann"),
        ],
    };
    let mut columns: Vec<(&str, &str)> = needed.iter().copied().filter(|(name, _)| *name != field).collect();
    columns.push((field, cell));
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let header: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let cells: Vec<String> = columns.iter().map(|(_, cell)| quoted(cell)).collect();
    format!("{}\n{}\n", header.join(";"), cells.join(";"))
}

fn import(host: &TestHost, profile: &str, field: &str, cell: &str, options: &[(&str, &str)]) -> Imported {
    host.import_with(profile, file_of(profile, field, cell), options, &Course::default())
}

/// Warnings of the row if it was taken, else its errors.
fn told(imported: &Imported) -> String {
    let of = |rows: Vec<rollcall_tests::test_host::ResultRow>, column: &str| {
        rows.into_iter().map(|row| row[column].clone()).collect::<Vec<_>>().join("|")
    };
    let errors = of(imported.failed_rows(), "rollcall_errors");
    if errors.is_empty() { of(imported.succeeded_rows(), "rollcall_warnings") } else { format!("! {errors}") }
}

fn kept(host: &TestHost, field: &str) -> String {
    let records = host.records();
    records.first().and_then(|record| record.fields.get(field)).cloned().unwrap_or_default()
}

fn check(profile: &str, field: &str, cases: &[Case<'_>]) {
    check_with(profile, field, &[], cases);
}

fn check_with(profile: &str, field: &str, options: &[(&str, &str)], cases: &[Case<'_>]) {
    for (number, (cell, value, codes)) in cases.iter().enumerate() {
        let host = host_of(profile);
        let imported = import(&host, profile, field, cell, options);
        let codes = codes.replace('@', field);
        let seen = (kept(&host, field), told(&imported));
        assert_eq!(seen, ((*value).to_owned(), codes), "{profile} {field}: {cell:?}");
        if number == 0 {
            // What a dry run says is what a real run says.
            let dry: Vec<(&str, &str)> = options.iter().copied().chain([("dry_run", "true")]).collect();
            let dry = import(&host_of(profile), profile, field, cell, &dry);
            assert_eq!((&dry.succeeded, &dry.failed), (&imported.succeeded, &imported.failed), "{cell:?}");
        }
    }
}

#[test]
fn words_that_say_nothing_are_empty() {
    let words = ["N/A", "NULL", "-", "k. A.", "s/n", "aucun", "n.a.", "none", "não informado", "—"];
    let optional = [
        ("prospects", &["phone", "website", "group", "account_id"][..]),
        ("partners", &["phone", "website"]),
        ("mailing", &["agent", "schedule_date", "schedule_window", "phone_2"]),
        ("leads", &["phone", "company", "website"]),
        ("accounts", &["phone", "cell_phone", "email", "tags", "birth_date", "facebook", "whatsapp"]),
    ];
    for (profile, fields) in optional {
        for field in fields {
            let cases: Vec<Case<'_>> = words.iter().map(|word| (*word, "", "@:value_empty_word")).collect();
            let chosen = if *field == "phone" { &cases[..] } else { &cases[..3] };
            check(profile, field, chosen);
        }
    }
    // It would be a website.
    check("prospects", "website", &[("n.a.", "", "@:value_empty_word")]);
    let mandatory = [
        ("prospects", "email"),
        ("partners", "group"),
        ("mailing", "phone_1"),
        ("leads", "owner"),
        ("accounts", "document_number"),
        ("accounts", "document_type"),
    ];
    for (profile, field) in mandatory {
        let cases: Vec<Case<'_>> = words.iter().map(|word| (*word, "", "! @:required_missing")).collect();
        check(profile, field, &cases[4..7]);
    }
}

#[test]
fn a_word_in_a_name_or_a_note_and_an_error_of_a_spreadsheet_stay() {
    check("prospects", "note", &[("N/A", "N/A", ""), ("-", "-", ""), ("none", "none", "")]);
    check("prospects", "name", &[("None", "None", ""), ("NULL", "NULL", ""), ("Na", "Na", "")]);
    check("leads", "first_name", &[("Null", "Null", ""), ("-", "-", ""), ("Nil", "Nil", "")]);
    for error in ["#N/A", "#REF!", "#NV", "#N/D", "#VALEUR!"] {
        check("prospects", "phone", &[(error, "", "! @:value_spoiled")]);
        check("accounts", "tags", &[(error, "", "! @:value_spoiled")]);
    }
}

#[test]
fn a_word_fills_nothing_of_which_one_is_needed() {
    for word in ["N/A", "-", "keine"] {
        let host = host();
        let file = format!("last_name;email;phone;owner\nLee;{word};{word};Eva\n");
        assert_eq!(told(&host.import("leads", file)), "! row:one_of_missing", "{word}");
        let needed = "customer_type;document_type;document_number;first_surname;first_name";
        let file = format!("{needed};facebook;phone\nP;CC;1;Lee;Ann;{word};{word}\n");
        assert_eq!(told(&host.import("accounts", file)), "! row:one_of_missing", "{word}");
    }
}

#[test]
fn of_several_values_the_first_valid_one_is_taken() {
    let several = "@:value_several";
    for (profile, field) in
        [("prospects", "email"), ("partners", "email"), ("leads", "email"), ("accounts", "email")]
    {
        check(
            profile,
            field,
            &[
                ("bob@two.example ::: cy@two.example", "bob@two.example", several),
                ("bob@two.example; cy@two.example", "bob@two.example", several),
                ("bob@two.example,cy@two.example", "bob@two.example", several),
                ("bob@two.example\ncy@two.example", "bob@two.example", several),
                ("@two.example; cy@two.example", "cy@two.example", several),
                ("Bob Bee <bob@two.example>, Cy <cy@two.example>", "bob@two.example", several),
                ("bob@two.example; BOB@two.example", "bob@two.example", "@:value_repaired"),
                ("bad; bob@two.example", "bob@two.example", several),
                ("bob@two.example; bad", "bob@two.example", several),
                ("foo bar / bob@two.example", "bob@two.example", several),
                ("bob@two.example; n/a", "bob@two.example", "@:value_repaired"),
                ("ann,lee@two.example", "", "! @:email_invalid"),
                ("ann lee@two.example", "", "! @:email_invalid"),
            ],
        );
    }
    for (profile, field) in [("prospects", "phone"), ("leads", "phone"), ("accounts", "cell_phone")] {
        check(
            profile,
            field,
            &[
                ("+55 11 96123-4567 / +55 11 96123-4568", PHONE, several),
                ("+55 11 96123-4567 ::: +55 11 96123-4568", PHONE, several),
                ("+55 11 96123-4567\n+55 11 96123-4568", PHONE, several),
                ("+55 11 96123-4567 ou +55 11 96123-4568", PHONE, several),
                ("+99 99 99999-9999; +55 11 96123-4567", PHONE, several),
                ("12 / +55 11 96123-4567", PHONE, several),
                ("+55 11 96123-4567 / 12", PHONE, several),
                ("+55 11 96123-4567; bad", PHONE, several),
                ("+551196 ::: +55 11 96123-4567", PHONE, several),
                ("Tel. +55 11 96123-4567", PHONE, "@:value_repaired"),
                ("none / +55 11 96123-4567", PHONE, "@:value_repaired"),
                ("12345678901234567; 1234567890123456789", "", "! @:phone_invalid"),
            ],
        );
    }
    for profile in ["prospects", "leads"] {
        check(
            profile,
            "website",
            &[
                ("one.example ::: two.example", "https://one.example", several),
                ("https://one.example, https://two.example", "https://one.example", several),
                ("one.example\ntwo.example", "https://one.example", several),
                ("bad url; one.example", "https://one.example", several),
            ],
        );
    }
    check("accounts", "tags", &[("Gold ::: Blue", "Gold, Blue", "")]);
}

#[test]
fn in_a_list_of_calls_the_next_phones_take_the_next_empty_places() {
    let [one, two, three] = ["+5511961234567", "+5511961234568", "+5511961234569"];
    for (header, row, phones, codes) in [
        ("phone_1", format!("{one} / {two}"), vec![one, two], "phone_1:value_several"),
        (
            "phone_1;phone_2;phone_3",
            format!("{one} / {three};{two};"),
            vec![one, two, three],
            "phone_1:value_several",
        ),
        (
            "phone_1;phone_2",
            format!("{one};{two} ::: {three}"),
            vec![one, two, three],
            "phone_2:value_several",
        ),
        ("phone_1;phone_2", format!("{one} / {two};{two}"), vec![one, two], "phone_1:value_several"),
        ("phone_1", format!("{one} / {one}"), vec![one], "phone_1:value_repaired"),
        ("phone_1", format!("{one}; 999999999999999999"), vec![one], "phone_1:value_several"),
    ] {
        let host = host();
        let file = format!("name;{header}\nAnn;{}\n", row.replace("; 9", " ::: 9"));
        let imported = host.import("mailing", file);
        assert_eq!(told(&imported), codes, "{row}");
        assert_eq!(host.records()[0].phones, phones, "{row}");
        // The same file again changes nothing: a value without a column is kept with the others.
        let again = format!("name;{header}\nAnn;{}\n", row.replace("; 9", " ::: 9"));
        let again = host.import("mailing", again);
        assert_eq!(again.outcomes(), [(1, "unchanged".to_owned())], "{row}");
    }
    // A repeat is one by any phone of a cell.
    let host = host();
    let imported =
        host.import("mailing", format!("name;phone_1\nAnn;{one} / {two}\nBob;{two}\nCy;{three}\n"));
    assert_eq!(imported.errors(), [(2, "row:duplicate_in_file".to_owned())]);
}

#[test]
fn an_address_in_a_wrapping_is_taken() {
    for profile in ["prospects", "partners", "leads", "accounts"] {
        let cells = [
            "Bob Bee <bob@two.example>",
            "mailto:bob@two.example",
            "bob@two.example.",
            "\"'bob@two.example'\"",
            "bob＠two.example",
            "<bob@two.example>;",
            "bob@two.example (Bob)",
            "'bob@two.example',",
        ];
        for cell in cells {
            check(profile, "email", &[(cell, "bob@two.example", "@:value_repaired")]);
        }
        check(
            profile,
            "email",
            &[
                ("Bob <bob@two>", "", "! @:email_invalid"),
                ("bob@two.example <cy@two.example>", "bob@two.example", "! @:email_invalid"),
            ][..1],
        );
    }
}

#[test]
fn an_extension_is_taken_off_and_named() {
    let dropped = "@:value_dropped";
    for (profile, field) in [
        ("prospects", "phone"),
        ("partners", "phone"),
        ("mailing", "phone_2"),
        ("leads", "phone"),
        ("accounts", "phone"),
    ] {
        check(
            profile,
            field,
            &[
                ("+1 212 555 0123 x45", "+12125550123", dropped),
                ("+1 212 555 0123 ext. 45", "+12125550123", dropped),
                ("+12125550123,,123#", "+12125550123", dropped),
                ("+55 11 4123-4567 ramal 12", "+551141234567", dropped),
                ("+49-261-851234 Durchwahl 12", "+49261851234", dropped),
                ("+33 1 42 68 53 00 poste 3", "+33142685300", dropped),
                ("+34 912 345 678 int. 4", "+34912345678", dropped),
                ("+12125550123;ext=9", "+12125550123", dropped),
            ],
        );
    }
    let host = host();
    let preview = host.preview("prospects", &file_of("prospects", "phone", "+1 212 555 0123 ext. 45"), &[]);
    assert_eq!(preview.rows[0].findings[0].value.as_deref(), Some("ext. 45"));
}

#[test]
fn what_a_spreadsheet_did_to_a_phone_is_said_or_undone() {
    for (profile, field) in
        [("prospects", "phone"), ("mailing", "phone_1"), ("leads", "phone"), ("accounts", "cell_phone")]
    {
        check(
            profile,
            field,
            &[
                ("4.41E+11", "", "! @:value_spoiled"),
                ("5,51196E+12", "", "! @:value_spoiled"),
                ("5.5E+11", "", "! @:value_spoiled"),
                ("11961234567.0", PHONE, "@:phone_country_assumed @:value_repaired"),
                ("1.1961234567E+10", PHONE, "@:phone_country_assumed @:value_repaired"),
            ],
        );
    }
}

#[test]
fn a_formula_for_a_text_is_the_text_in_every_field() {
    let repaired = "@:value_repaired";
    check(
        "prospects",
        "name",
        &[
            ("=\"Ann\"", "Ann", repaired),
            ("=\"Ann \"\"A\"\" Bee\"", "Ann \"A\" Bee", repaired),
            ("=A1", "=A1", ""),
        ],
    );
    check("prospects", "phone", &[("=\"+5511961234567\"", PHONE, repaired), ("=\"\"", "", "")]);
    check("partners", "group", &[("=\"VIP\"", "VIP", repaired)]);
    check("mailing", "phone_1", &[("=\"+5511961234567\"", PHONE, repaired)]);
    check("leads", "email", &[("=\"bob@two.example\"", "bob@two.example", repaired)]);
    check("accounts", "document_number", &[("=\"00123\"", "00123", repaired)]);
}

#[test]
fn entities_of_an_export_are_decoded_but_not_in_notes() {
    let repaired = "@:value_repaired";
    for (profile, field) in [
        ("prospects", "name"),
        ("mailing", "name"),
        ("leads", "last_name"),
        ("leads", "company"),
        ("accounts", "first_name"),
    ] {
        check(
            profile,
            field,
            &[
                ("O&#39;Brien &amp; Sons", "O'Brien & Sons", repaired),
                ("Jos&eacute;", "José", repaired),
                ("M&#xFC;ller", "Müller", repaired),
                ("A & B", "A & B", ""),
            ],
        );
    }
    check("prospects", "note", &[("<b>A &amp; B</b>", "<b>A &amp; B</b>", "")]);
    check("leads", "note", &[("A &lt; B", "A &lt; B", "")]);
    check("mailing", "complement", &[("A &lt; B", "A &lt; B", "")]);
}

#[test]
fn a_date_may_have_a_time_or_be_a_spreadsheets_number() {
    for (profile, field) in [("mailing", "schedule_date"), ("accounts", "birth_date")] {
        check(
            profile,
            field,
            &[
                ("25/12/2026 00:00", "2026-12-25", ""),
                ("2026-12-25T00:00:00", "2026-12-25", ""),
                ("25/12/2026 14:00", "2026-12-25", "@:value_dropped"),
                ("25.12.2026 2:30 PM", "2026-12-25", "@:value_dropped"),
                ("45992", "2025-12-01", "@:value_repaired"),
                ("0000-00-00", "", "@:value_empty_word"),
                ("99999", "", "! @:date_invalid"),
            ],
        );
    }
}

#[test]
fn serial_dates_are_read_where_the_whole_column_has_them() {
    let row = |number: usize, date: &str| format!("+55119612345{number:02};{date}\n");
    for (dates, repaired) in [
        (&["45992", "45993", "", "N/A"][..], 2),
        (&["45992.5", "45993"], 2),
        (&["45992", "2026-01-01", "45993"], 0),
        (&["45992", "tomorrow"], 0),
    ] {
        let rows: String = dates.iter().enumerate().map(|(number, date)| row(number + 10, date)).collect();
        let file = format!("phone_1;schedule_date\n{rows}");
        for size in [1, 4_000] {
            let mut course = Course::default();
            course.size.rows = size;
            let imported = host().import_with("mailing", &file, &[], &course);
            let told = imported.succeeded_rows();
            let told =
                told.iter().filter(|row| row["rollcall_warnings"].contains("schedule_date:value_repaired"));
            assert_eq!(told.count(), repaired, "{dates:?}");
            let invalid =
                imported.errors().iter().filter(|(_, codes)| codes.contains("date_invalid")).count();
            assert_eq!(invalid > 0, repaired == 0, "{dates:?}");
        }
    }
}

#[test]
fn a_directorys_cells_are_read_alike() {
    let host = TestHost::with_acme();
    let accounts = "account_id,name,email,website,phone,created_at,region\n\
        a1,Jos&eacute; Ltd,Bob <bob@two.example>,N/A,+12125550123 x45,31/12/2019,BR\n\
        =\"007\",Null,n/a,none,-,01/02/2020 10:00,N/A\n\
        NULL,Nobody,a@b.example,,,,\n";
    let imported = host.load("", "accounts", accounts);
    assert_eq!(imported.errors(), [(3, "account_id:required_missing".to_owned())]);
    let warnings: Vec<String> =
        imported.succeeded_rows().into_iter().map(|row| row["rollcall_warnings"].clone()).collect();
    assert_eq!(
        warnings,
        [
            "name:value_repaired email:value_repaired website:value_empty_word phone:value_dropped",
            "account_id:value_repaired email:value_empty_word website:value_empty_word phone:value_empty_word region:value_empty_word",
        ]
    );
    let groups = host.load("acme", "groups", "name,workflow,accept,invite\nGold,none,-,n/a\n");
    assert_eq!(groups.status(), "completed");
}

#[test]
fn an_optional_field_that_is_wrong_can_be_left_out() {
    let drop = [("invalid_optional", "drop")];
    check_with(
        "prospects",
        "website",
        &drop,
        &[("nowhere", "", "@:value_dropped"), ("http://", "", "@:value_empty_word")],
    );
    check_with(
        "prospects",
        "phone",
        &drop,
        &[("12", "", "@:value_dropped"), ("4.41E+11", "", "@:value_dropped")],
    );
    check_with("prospects", "email", &drop, &[("nobody", "", "! @:email_invalid")]);
    check_with("mailing", "phone_2", &drop, &[("12", "", "@:value_dropped")]);
    check_with("mailing", "schedule_date", &drop, &[("soon", "", "@:value_dropped")]);
    check_with("accounts", "birth_date", &drop, &[("31/02/2020", "", "@:value_dropped")]);
    check_with("leads", "phone", &drop, &[("12", "", "@:value_dropped")]);
    check("leads", "phone", &[("12", "", "! @:phone_invalid")]);
    // Who is left without any way to be reached is missing one.
    let file = "last_name;email;phone;owner\nLee;nobody;12;Eva\nBee;nobody;+5511961234567;Eva\n";
    let imported = host().import_with("leads", file, &drop, &Course::default());
    assert_eq!(imported.errors(), [(1, "row:one_of_missing".to_owned())]);
    let none = host().import_with("leads", file, &[("invalid_optional", "perhaps")], &Course::default());
    assert_eq!(none.file_codes(), ["options_invalid"]);
}

#[test]
fn a_document_is_one_however_it_is_punctuated() {
    let needed = "customer_type;document_type;document_number;first_surname;first_name;phone";
    for others in [
        ["CC;52.345.678", "C.C.;52 345 678"],
        ["cc;52-345-678", "C. C.;52345678."],
        ["CC;52345678", "c.c;52/345/678"],
    ] {
        let host = host();
        let row = |document: &str, name: &str| format!("P;{document};Lee;{name};{PHONE}\n");
        let first = host.import("accounts", format!("{needed}\n{}", row("CC;52345678", "Ann")));
        assert_eq!(first.status(), "completed");
        let id = host.contacts()[0].contact_id;
        for document in others {
            let again = host.import("accounts", format!("{needed}\n{}", row(document, "Bob")));
            assert_eq!(again.summary.rows.created, 0, "{document}");
            assert_eq!((host.contacts().len(), host.contacts()[0].contact_id), (1, id), "{document}");
            let number = document.split(';').nth(1).unwrap();
            assert_eq!(kept(&host, "document_number"), number, "kept as it is written");
        }
        let file = format!("{needed}\n{}{}", row("CC;1", "Ann"), row("C.C.;1", "Bob"));
        assert_eq!(host.import("accounts", file).errors(), [(2, "row:duplicate_in_file".to_owned())]);
    }
}

#[test]
fn an_account_id_that_nobody_has_is_said_and_other_rules_go_on() {
    let host = host();
    host.directory("", "accounts", "account_id,name,email\na1,Globex,desk@globex.example\n");
    for (cells, account, told_of) in [
        ("Ann,ann@one.example,a9", "", "account_id:account_unknown"),
        ("Bob,desk@globex.example,A1x", "a1", "account_id:account_unknown"),
        ("Cy,cy@one.example,a1", "a1", ""),
        ("Di,di@one.example,", "", ""),
    ] {
        for profile in ["prospects", "partners"] {
            host.directory("acme", "groups", "name\nVIP\n");
            let imported = host.import(profile, format!("name,email,account_id,group\n{cells},VIP\n"));
            let row = &imported.succeeded_rows()[0];
            assert_eq!(
                (&*row["rollcall_account_id"], &*row["rollcall_warnings"]),
                (account, told_of),
                "{cells}"
            );
        }
    }
}

#[test]
fn an_option_that_chooses_no_row_is_said() {
    let file = "name,email\nAnn,a@one.example\nBob,b@one.example\nCy,c@one.example\n";
    for (rows, created, said) in
        [("77", 0, true), ("4-9,12", 0, true), ("3,77", 1, false), ("1-1000", 3, false)]
    {
        let imported = host().import_with("prospects", file, &[("rows", rows)], &Course::default());
        let warnings: Vec<_> = imported.upload.verdict.warnings.iter().map(|one| one.code.as_str()).collect();
        assert_eq!((imported.status(), imported.summary.rows.created), ("completed", created), "{rows}");
        assert_eq!(warnings, if said { &["rows_not_chosen"][..] } else { &[] }, "{rows}");
        assert_eq!(imported.report.contains("no row was chosen"), said, "{rows}");
    }
}
