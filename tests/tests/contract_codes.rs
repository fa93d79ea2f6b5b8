//! The contract's codes, of the file and of rows, and the options of a drop.

#![allow(clippy::type_complexity, reason = "a table of cases says its types once")]

use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::id::ContactId;
use rollcall_tests::test_host::{Course, Imported, TestHost};

fn import(host: &TestHost, file: impl AsRef<[u8]>, options: &[(&str, &str)]) -> Imported {
    host.import_with("prospects", file, options, &Course::default())
}

#[test]
fn a_file_that_cannot_be_taken_says_why() {
    let host = TestHost::with_acme();
    let wide = format!("Name,E-mail{}\nAnn,a@b.example\n", ",x".repeat(999));
    let cases: &[(&[u8], &[(&str, &str)], &[&str])] = &[
        (b"", &[], &["file_empty"]),
        (b"\xef\xbb\xbf", &[], &["file_empty"]),
        (b"Name,E-mail\n", &[], &["no_rows"]),
        (b"Name,E-mail", &[], &["no_rows"]),
        (b"Name,E-mail\n,\n;;;;\n \n\n", &[("rows", "9")], &[]),
        (b"Name,E-mail\n,\n , \n\n", &[], &["no_rows"]),
        (b"Name,Town\nAnn,Rome\n", &[], &["column_missing"]),
        (b"Town\nRome\n", &[], &["column_missing", "column_missing"]),
        (b"Name,E-mail,Mail\nAnn,a@b.example,c@d.example\n", &[], &[]),
        (b"Name,Phone,Tel\nAnn,1,2\n", &[], &["column_missing"]),
        (b"PK\x03\x04 and so on", &[], &["format_unsupported", "workbook_invalid"]),
        (b"%PDF-1.7", &[], &["format_unsupported"]),
        (b"Name,E-mail\nAnn,\"a@b.example\nBob,c@d.example\n", &[], &["quote_unclosed"]),
        (b"Name,E-mail\nAnn,\"\n", &[], &["quote_unclosed"]),
        (wide.as_bytes(), &[], &["too_many_columns"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("colour", "red")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("rows", "3-1")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("delimiter", "x")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("first_line", "no")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("columns", "name,mail")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("columns", "name,email,name")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("map.Town", "city")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("replace", "true")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("allow_duplicates", "true")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("notify", "nobody")], &["options_invalid"]),
        (b"Name,E-mail\nAnn,a@b.example\n", &[("encoding", "klingon")], &["options_invalid"]),
    ];
    for (file, options, codes) in cases {
        let imported = import(&host, file, options);
        let told = imported.file_codes();
        let shown = String::from_utf8_lossy(&file[..file.len().min(60)]);
        if codes.contains(&"workbook_invalid") {
            assert!(told.len() == 1 && codes.contains(&told[0]), "{shown:?}: {told:?}");
            continue;
        }
        let mut told = told;
        told.sort_unstable();
        let mut sorted = codes.to_vec();
        sorted.sort_unstable();
        assert_eq!(told, sorted, "{shown:?} {options:?}");
        assert_eq!(imported.status() == "refused", !codes.is_empty(), "{shown:?}");
        let in_summary: Vec<&str> = imported.summary.errors.iter().map(|count| count.code.as_str()).collect();
        if !codes.is_empty() {
            assert_eq!(in_summary, sorted);
            assert!(
                imported.summary.errors.iter().all(|count| count.rows == 0 && count.first_rows.is_empty())
            );
        }
        let messages = imported.upload.verdict.errors.iter().map(|finding| finding.message.as_str());
        messages.for_each(|message| assert!(!message.is_empty()));
    }
}

#[test]
fn a_column_code_names_its_field() {
    let host = TestHost::with_acme();
    let column = |imported: &Imported| imported.summary.errors[0].column.clone().unwrap().to_string();
    assert_eq!(column(&import(&host, "Name\nAnn\n", &[])), "email");
    let leads = host.import("leads", "Nachname,Besitzer\nLima,Ana\n");
    assert_eq!((column(&leads), leads.file_codes()), ("email, phone".to_owned(), vec!["column_missing"]));
}

#[test]
fn program_profile_and_settings_are_checked() {
    let host = TestHost::with_acme();
    host.program("broken", "title = 'x'\nregion = 'Brazil'\n");
    let prospects = || DropTarget::Profile("prospects".parse().unwrap());
    let file = b"Name,E-mail\nAnn,a@b.example\n";
    let run = |program: &str, what| host.run(program, what, "list.csv", file, &[], &Course::default());
    assert_eq!(run("nobody", prospects()).file_codes(), ["program_unknown"]);
    assert_eq!(
        run("acme", DropTarget::Profile("nothing".parse().unwrap())).file_codes(),
        ["profile_unknown"]
    );
    let broken = run("broken", prospects());
    assert_eq!(broken.file_codes(), ["settings_invalid"]);
    assert!(broken.report.contains("settings/broken.toml") && broken.report.contains("two letters"));
    host.program("broken", "title = \n");
    assert!(run("broken", prospects()).report.contains("line 1"));
}

#[test]
fn a_broken_profile_refuses_its_files_and_says_the_line() {
    use rollcall_pipeline::ports::Objects;
    let host = TestHost::with_acme();
    let toml = b"extends = 'prospects'\nname = 'own'\n[[fields]]\nname = 'note'\nkind = 'colour'\n".to_vec();
    pollster::block_on(host.home.bucket().put("settings/profiles/own.toml", toml)).unwrap();
    let imported = host.import("own", "Name,E-mail\nAnn,a@b.example\n");
    assert_eq!(imported.file_codes(), ["settings_invalid"]);
    assert!(imported.report.contains("line 5") && imported.report.contains("colour"), "{}", imported.report);
}

#[test]
fn a_profile_of_ones_own_extends_a_built_in() {
    let host = TestHost::with_acme();
    host.profile(
        "own",
        "extends = 'prospects'\nname = 'own'\nidentity = [['note'], ['phone']]\npool = 'own'\n\
         [[fields]]\nname = 'email'\nrequired = false\n[[fields]]\nname = 'note'\naliases = { en = ['Code'] }\n",
    );
    let imported = host.import("own", "Name,Code,Phone\nAnn,c1,\nBob,c1,\nCy,,+5511912345678\nDi,,\n");
    assert_eq!(
        imported.errors(),
        [(2, "row:duplicate_in_file".to_owned()), (4, "row:one_of_missing".to_owned())]
    );
    let id = ContactId::derive("acme", "own", "c1").to_string();
    assert_eq!(imported.succeeded_rows()[0]["rollcall_contact_id"], id);
    assert_eq!(host.contacts().len(), 2);
}

#[test]
fn a_profile_need_not_require_what_it_tells_rows_apart_by() {
    let host = TestHost::with_acme();
    host.profile("own", "extends = 'prospects'\nname = 'own'\nidentity = [['phone']]\n");
    let imported = host.import("own", "Name,E-mail,Phone\nAnn,a@b.example,\nBob,b@b.example,12\n");
    assert_eq!(
        imported.errors(),
        [(1, "phone:required_missing".to_owned()), (2, "phone:phone_invalid".to_owned())]
    );
}

fn large(note: usize, email: &str) -> String {
    format!("Ann,{email},{}\n", "x".repeat(note))
}

#[test]
fn the_limits_of_a_row_and_of_a_cell() {
    let host = TestHost::with_acme();
    let within = 256 * 1024 - "Ann,a1@b.example,".len();
    let mut file = "Name,E-mail,Note\n".to_owned();
    file.push_str(&large(32_767, "a0@b.example"));
    file.push_str(&large(32_768, "a1@b.example"));
    file.push_str(&large(within, "a2@b.example"));
    file.push_str(&large(within + 1, "a3@b.example"));
    file.push_str(&large(within + 9, "nobody"));
    file.push_str(&format!("Ann,a5@b.example,{}\n", "é".repeat(32_767)));
    file.push_str(&format!("Ann,a6@b.example{}x\n", ",".repeat(5_000)));
    let imported = import(&host, &file, &[]);
    let errors = [
        (2, "note:value_too_long"),
        (3, "note:value_too_long"),
        (4, "row:row_too_large"),
        (5, "row:row_too_large"),
        (7, "row:row_ragged"),
    ];
    assert_eq!(imported.errors(), errors.map(|(row, errors)| (row, errors.to_owned())));
    let rows = imported.failed_rows();
    assert!(
        rows[0]["rollcall_messages"].contains("32767") || rows[0]["rollcall_messages"].contains("32,767")
    );
    assert!(rows[2]["rollcall_messages"].contains("256 KiB"));
    // One more than a cell may have: what is cut is refused again where it comes back as it is.
    assert_eq!(rows[2]["Note"].len(), 32_768);
    assert_eq!(rows[2]["rollcall_line"], "5");
}

#[test]
fn a_cell_too_long_is_so_in_any_column_and_of_any_content() {
    let host = TestHost::with_acme();
    let long = " ".repeat(32_768);
    let file = format!(
        "Name,E-mail,Note,Own\nA,a@b.example,\"{long}\",\nB,b@b.example,,\"{long}\"\n{long},c@b.example,,\n"
    );
    let errors = [(1, "note:value_too_long"), (2, "row:value_too_long"), (3, "name:value_too_long")];
    assert_eq!(import(&host, &file, &[]).errors(), errors.map(|(row, errors)| (row, errors.to_owned())));
}

#[test]
fn a_finding_in_an_unmapped_column_says_its_header_and_position() {
    let host = TestHost::with_acme();
    let long = "x".repeat(32_768);
    let file = format!("Name,E-mail,Own, \nA,a@b.example,{long},\nB,b@b.example,,{long}\n");
    let preview = host.preview("prospects", &file, &[]);
    let columns: Vec<_> = preview.rows.iter().map(|row| row.findings[0].column.as_ref().unwrap()).collect();
    let told: Vec<_> = columns.iter().map(|column| (&*column.name, column.position)).collect();
    assert_eq!(told, [("Own", Some(3)), ("column_4", Some(4))]);
    let bad =
        host.preview_of("prospects", b"Name,E-mail,Own\nA,a@b.example,\xff\n", &[("encoding", "utf-8")]);
    let column = bad.rows[0].findings[0].column.as_ref().unwrap();
    assert_eq!((&*column.name, column.position), ("Own", Some(3)));

    let imported = import(&host, &file, &[]);
    let too_long = |row| (row, "row:value_too_long".to_owned());
    assert_eq!(imported.errors(), [too_long(1), too_long(2)]);
    let rows = imported.failed_rows();
    assert!(rows[0]["rollcall_messages"].starts_with("Own: "), "{}", rows[0]["rollcall_messages"]);
    assert!(rows[1]["rollcall_messages"].starts_with("column_4: "), "{}", rows[1]["rollcall_messages"]);
    let [counted] = imported.summary.errors.as_slice() else { panic!("{:?}", imported.summary) };
    assert_eq!((&counted.column, counted.rows), (&None, 2));
}

#[test]
fn a_row_too_large_registers_what_stands_behind_its_large_cell() {
    let host = TestHost::with_acme();
    let note = "x".repeat(300_000);
    let file = format!("Note,Name,E-mail\n{note},Ann,ann@one.example\nshort,Ann,ann@one.example\n");
    let imported = import(&host, &file, &[]);
    let errors = [(1, "row:row_too_large"), (2, "row:duplicate_in_file")];
    assert_eq!(imported.errors(), errors.map(|(row, errors)| (row, errors.to_owned())));
    assert_eq!(imported.failed_rows()[0]["E-mail"], "ann@one.example");
    let repaired = String::from_utf8(imported.failed).unwrap().replace(&"x".repeat(32_767), "short");
    let again = import(&host, repaired, &[("rows", "1")]);
    assert_eq!(again.summary.rows.created, 1);
}

#[test]
fn what_registers_and_what_does_not() {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nVIP\nGold\n");
    // The rows; then row, and the row that it repeats.
    let cases: &[(&str, &[(u64, u64)], &[(&str, &str)])] = &[
        ("A,a@b.example,,\nB,a@b.example,,\n", &[(2, 1)], &[]),
        ("A,A@B.example,,\nB,a@b.EXAMPLE,,\n", &[(2, 1)], &[]),
        ("A,a@bücher.example,,\nB,a@xn--bcher-kva.example,,\n", &[(2, 1)], &[]),
        (",a@b.example,,\nB,a@b.example,,\n", &[(2, 1)], &[]),
        ("A,a@b.example,Nowhere,\nB,a@b.example,Nowhere,\n", &[(2, 1)], &[]),
        ("A,nobody,,\nB,nobody,,\n", &[], &[]),
        ("A,a@b.example,,\nB,a@b.example,,\n", &[], &[("rows", "2")]),
        (
            "A,a@b.example,VIP,\nB,a@b.example,Gold,\nC,a@b.example,gold,\nD,a@b.example,,\n",
            &[(3, 2), (4, 1)],
            &[],
        ),
        ("A,a@b.example,,\nB,a@b.example,VIP,\nC,a@b.example,vip,\n", &[(3, 2)], &[]),
        ("A,a@b.example,VIP,\nB,a@b.example,VIP,\nC,a@b.example,Gold,\n", &[(2, 1)], &[]),
        ("A,a@b.example,VIP,,surplus\nB,a@b.example,VIP,\n", &[(2, 1)], &[]),
        (",,,\nA,a@b.example,,\n,,,\nB,a@b.example,,\n", &[(4, 2)], &[]),
    ];
    for (rows, repeats, options) in cases {
        let imported = import(&host, format!("Name,E-mail,Group,Note\n{rows}"), options);
        let told: Vec<(u64, u64)> = (imported.failed_rows().iter())
            .filter(|row| row["rollcall_errors"].contains("row:duplicate_in_file"))
            .map(|row| {
                let message = &row["rollcall_messages"];
                let (_, number) = message.split_once(": row ").unwrap_or_else(|| panic!("{message}"));
                let number: String = number.chars().take_while(char::is_ascii_digit).collect();
                (row["rollcall_row"].parse().unwrap(), number.parse().unwrap())
            })
            .collect();
        assert_eq!(told, *repeats, "{rows}");
    }
}

#[test]
fn the_first_accepted_row_gives_the_contact_and_later_ones_show_their_own_match() {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nVIP\nGold\nIron\n");
    host.directory("", "accounts", "account_id,name,email\na1,One,\na2,Two,\n");
    let imported = import(
        &host,
        "Name,E-mail,Group,Account ID,Phone\nFirst,x@b.example,VIP,a1,12\nSecond,x@b.example,Gold,a2,\nThird,x@b.example,Iron,a1,\n",
        &[],
    );
    let wanted = [(1, "rejected"), (2, "created"), (3, "merged")];
    assert_eq!(imported.outcomes(), wanted.map(|(row, outcome)| (row, outcome.to_owned())));
    let accounts: Vec<String> =
        imported.succeeded_rows().iter().map(|row| row["rollcall_account_id"].clone()).collect();
    assert_eq!(accounts, ["a2", "a1"]);
    let contact = host.contact_of("x@b.example");
    assert_eq!((&contact["fields"]["name"], &contact["account_id"]), (&"Second".into(), &"a2".into()));
    assert_eq!(contact["groups"], serde_json::json!(["Gold", "Iron"]));
    let again = import(&host, "Name,E-mail,Group\nSecond,x@b.example,Gold\nx,x@b.example,VIP\n", &[]);
    assert_eq!(again.outcomes(), [(1, "unchanged".to_owned()), (2, "merged".to_owned())]);
    assert_eq!(host.contact_of("x@b.example")["groups"].as_array().unwrap().len(), 3);
}

#[test]
fn contact_ids_are_derived_as_the_contract_says() {
    let host = TestHost::with_acme();
    let imported = import(&host, "Name,E-mail\nAnn,Ann@Bücher.example\n", &[]);
    let id = &imported.succeeded_rows()[0]["rollcall_contact_id"];
    assert_eq!(*id, ContactId::derive("acme", "partners", "ann@xn--bcher-kva.example").to_string());
    assert_eq!(id.len(), 26);
    assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte)));
    // printf 'acme\x1fpartners\x1fann@sample.com' | sha256sum | head -c 32 | xxd -r -p | base32
    assert_eq!(
        ContactId::derive("acme", "partners", "ann@sample.com").to_string(),
        "olmzrhjj24gddekzlhec5sqjmm"
    );
}

#[test]
fn options_come_from_sidecar_settings_and_drop_each_over_the_one_before() {
    use rollcall_pipeline::ports::Objects;
    let host = TestHost::new();
    host.program("acme", "[options]\ndry_run = true\nrows = '1'\n");
    let file = "Name,E-mail,Town\nAnn,a@b.example,x\nBob,b@b.example,y\nCy,c@b.example,z\n";
    let by_settings = import(&host, file, &[]);
    assert!(by_settings.summary.head.dry_run);
    assert_eq!((by_settings.summary.rows.created, by_settings.summary.rows.skipped), (1, 2));
    let sidecar = b"dry_run = false\nrows = [2, 3]\n[map]\nTown = 'note'\n".to_vec();
    pollster::block_on(host.home.bucket().put("inbox/acme/prospects/list.csv.options.toml", sidecar))
        .unwrap();
    let by_sidecar = import(&host, file, &[("rows", "3")]);
    assert!(!by_sidecar.summary.head.dry_run);
    assert_eq!(by_sidecar.outcomes(), [(3, "created".to_owned())]);
    assert_eq!(host.contact_of("c@b.example")["fields"]["note"], "z");
    let broken = b"rows = \n".to_vec();
    pollster::block_on(host.home.bucket().put("inbox/acme/prospects/list.csv.options.toml", broken)).unwrap();
    assert_eq!(import(&host, file, &[]).file_codes(), ["options_invalid"]);
}

#[test]
fn the_dry_run_folder_is_a_dry_run() {
    let drop =
        rollcall_domain::plan::object_keys::Drop::parse("inbox/acme/prospects/dry-run/list.csv").unwrap();
    assert!(drop.dry_run);
    assert_eq!(drop.key(), "inbox/acme/prospects/dry-run/list.csv");
    for nothing in [
        "inbox/acme/prospects/.hidden.csv",
        "inbox/acme/prospects/~$list.xlsx",
        "inbox/acme/prospects/list.csv.tmp",
        "inbox/acme/prospects/list.part",
        "inbox/acme/prospects/list.csv.options.toml",
        "inbox/acme/prospects/",
        "inbox/acme/prospects/folder/",
        "inbox/acme/directory/accounts/a.csv",
        "inbox/_marketplace/directory/groups/a.csv",
        "settings/acme.toml",
    ] {
        assert_eq!(rollcall_domain::plan::object_keys::Drop::parse(nothing), None, "{nothing}");
    }
}

#[test]
fn bytes_that_are_no_text_refuse_their_row_alone() {
    let host = TestHost::with_acme();
    let file = b"Name,E-mail,Own\nAnn,ann@one.example,x\nJos\xe9,jose@one.example,x\nCy,cy@one.example,\xff\xfe\nDi,di@one.example,\n";
    let imported = import(&host, file, &[("encoding", "utf-8")]);
    let errors = [(2, "name:bytes_invalid"), (3, "row:bytes_invalid")];
    assert_eq!(imported.errors(), errors.map(|(row, errors)| (row, errors.to_owned())));
    assert_eq!(imported.summary.rows.created, 2);
    assert_eq!(imported.failed_rows()[0]["Name"], "José");
}

#[test]
fn an_explicit_map_goes_before_the_aliases() {
    let host = TestHost::with_acme();
    let file = "Name,E-mail,#,--\nAnn,ann@one.example,n1,n2\n";
    import(&host, file, &[("map.#", "note")]);
    assert_eq!(host.contact_of("ann@one.example")["fields"]["note"], "n1");
    let left_out = import(&host, "Name,E-mail,Phone\nAnn,ann@one.example,12\n", &[("map.Phone", "")]);
    assert_eq!(left_out.summary.rows.rejected, 0);
}

#[test]
fn a_key_with_more_than_a_hundred_candidates_matches_nothing() {
    let host = TestHost::with_acme();
    let mut accounts = "account_id,name,email,website\n".to_owned();
    (0..101).for_each(|number| accounts.push_str(&format!("m{number},Many,many@one.example,\n")));
    (0..100).for_each(|number| accounts.push_str(&format!("h{number:02},Some,,https://some.example\n")));
    host.directory("", "accounts", &accounts);
    let imported = import(
        &host,
        "Name,E-mail,Website\nX,many@one.example,\nY,MANY@one.example,some.example\n",
        &[("rows", "2")],
    );
    let row = &imported.succeeded_rows()[0];
    assert_eq!((&*row["rollcall_account_id"], &*row["rollcall_matched_by"]), ("h00", "website"));
    assert_eq!(row["rollcall_candidates"].split(' ').count(), 99);
    assert_eq!(row["rollcall_warnings"], "email:candidates_too_many website:account_several");
    let alone = import(&host, "Name,E-mail\nX,many@one.example\n", &[]);
    assert_eq!((alone.summary.matched, &*alone.succeeded_rows()[0]["rollcall_account_id"]), (0, ""));
}

#[test]
fn pages_and_letters_show_markup_of_the_file_as_text() {
    let host = TestHost::with_acme();
    let imported = import(
        &host,
        "Name,E-mail,<script>alert(1)</script>,Nmae\n<b>x</b>,nobody,y,\n",
        &[("map.<i>", "note")],
    );
    let notification = imported.notification.clone().unwrap();
    for text in [&imported.report, &notification] {
        assert!(!text.contains("<script>alert") && !text.contains("<b>x</b>"));
    }
    assert!(imported.report.contains("&lt;script&gt;") || imported.report.contains("&#60;script&#62;"));
}

/// Rows that fit, whose record does not: an item of a store takes 400 KiB, and must hold the record before too.
#[test]
fn a_record_too_large_to_be_kept_costs_its_row_alone() {
    let host = TestHost::with_acme();
    let fixed = "customer_type,document_type,document_number,first_surname,first_name,email";
    let run = |headers: &str, rows: &[(&str, usize)]| {
        let mut file = format!("{fixed},{headers}\n");
        for (number, cells) in rows {
            let cells: Vec<String> = (0..*cells).map(|_| "x".repeat(30_000)).collect();
            file.push_str(&format!("P,CC,{number},Roe,Ann,a{number}@b.example,{}\n", cells.join(",")));
        }
        host.import_with("accounts", file, &[], &Course::default())
    };
    let imported = run("a,b,c,d,e,f,g", &[("1", 7), ("2", 7)]);
    let errors = [(1, "row:not_stored"), (2, "row:not_stored")].map(|(row, error)| (row, error.to_owned()));
    assert_eq!(imported.errors(), errors);
    let message = &imported.failed_rows()[0]["rollcall_messages"];
    assert!(message.contains("190 KiB"), "{message}");
    assert_eq!((imported.summary.rows.rejected, imported.summary.rows.created), (2, 0));

    let imported = run("a,b,c,d,e,f", &[("3", 6)]);
    assert_eq!((imported.errors(), imported.summary.rows.created), (vec![], 1));
    // Laid over what is there it does not fit any more; what is there stays.
    let imported = run("g", &[("3", 1)]);
    assert_eq!(imported.errors(), [(1, "row:not_stored".to_owned())]);
    let imported = run("a,b,c,d,e,f", &[("3", 6)]);
    assert_eq!(imported.summary.rows.unchanged, 1);
}

#[test]
fn a_directory_entry_too_large_to_be_kept_costs_its_row_alone() {
    let host = TestHost::with_acme();
    // An id stands in the entry, beside it, and twice among its keys.
    let (large, long) = ("\u{10348}".repeat(32_767), "x".repeat(32_767));
    let file = format!("account_id,name\n{large},Ann\n{long},{large}\n");
    let imported = host.load("acme", "accounts", &file);
    assert_eq!(imported.errors(), [(1, "row:not_stored".to_owned())]);
    assert!(imported.failed_rows()[0]["rollcall_messages"].contains("390 KiB"));
    assert_eq!(imported.summary.rows.created, 1);
}
