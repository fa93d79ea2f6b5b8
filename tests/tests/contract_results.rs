//! The contract of the result files: bytes, columns, guards, ragged rows, and the way back.

use rollcall_tests::test_host::{Course, Imported, TestHost};

fn succeeded(imported: &Imported) -> String {
    String::from_utf8(imported.succeeded.clone()).unwrap()
}

fn failed(imported: &Imported) -> String {
    String::from_utf8(imported.failed.clone()).unwrap()
}

const BEHIND_SUCCEEDED: &str = "rollcall_row,rollcall_line,rollcall_outcome,rollcall_contact_id,rollcall_account_id,\
    rollcall_account_name,rollcall_matched_by,rollcall_candidates,rollcall_invite_to,rollcall_warnings";
const BEHIND_FAILED: &str =
    "rollcall_row,rollcall_line,rollcall_outcome,rollcall_errors,rollcall_messages,rollcall_warnings";

#[test]
fn they_have_a_mark_crlf_and_the_senders_columns_first() {
    let host = TestHost::with_acme();
    let imported =
        host.import("prospects", "Own column,E-mail, Name \nx,ann@one.example,Ann\ny,nobody,Bob\n");
    let (succeeded, failed) = (succeeded(&imported), failed(&imported));
    assert!(succeeded.starts_with(&format!("\u{feff}Own column,E-mail,\" Name \",{BEHIND_SUCCEEDED}\r\n")));
    assert!(failed.starts_with(&format!("\u{feff}Own column,E-mail,\" Name \",{BEHIND_FAILED}\r\n")));
    for text in [&succeeded, &failed] {
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert_eq!(text.matches("\r\n").count(), 2);
        assert!(text.ends_with("\r\n"));
    }
    assert!(failed.contains("\r\ny,nobody,Bob,2,3,rejected,email:email_invalid,"));
}

#[test]
fn the_delimiter_is_the_senders() {
    let host = TestHost::with_acme();
    for delimiter in [",", ";", "|", "\t"] {
        let file = "Name,E-mail,Note\nAnn,ann@one.example,\"a;b|c\"\nBob,nobody,x\n".replace(',', delimiter);
        let imported = host.import("prospects", file);
        for text in [succeeded(&imported), failed(&imported)] {
            let behind =
                format!("\u{feff}Name{delimiter}E-mail{delimiter}Note{delimiter}rollcall_row{delimiter}");
            assert!(text.starts_with(&behind), "{text}");
        }
        assert_eq!(imported.upload.delimiter.as_deref(), Some(delimiter));
        assert_eq!(imported.succeeded_rows()[0]["Note"], "a;b|c");
    }
}

#[test]
fn every_code_of_a_row_is_told_by_field_in_both_columns() {
    let host = TestHost::with_acme();
    host.directory("", "accounts", "account_id,name,email\na1,A,ann@one.example\na2,B,ann@one.example\n");
    let imported = host.import(
        "prospects",
        "Full name,Mail,Tel,Gruppe,URL\n,nobody,12,Nowhere,::\n Ann ,ann@one.example,11912345678,Nowhere,\n",
    );
    let rows = imported.failed_rows();
    let codes = "name:required_missing email:email_invalid phone:phone_invalid website:url_invalid group:group_unknown";
    let mut told: Vec<&str> = rows[0]["rollcall_errors"].split(' ').collect();
    let mut wanted: Vec<&str> = codes.split(' ').collect();
    told.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    assert_eq!(rows[1]["rollcall_errors"], "group:group_unknown");
    let mut warnings: Vec<&str> = rows[1]["rollcall_warnings"].split(' ').collect();
    warnings.sort_unstable();
    assert_eq!(warnings, ["email:account_several", "name:value_trimmed", "phone:phone_country_assumed"]);
}

#[test]
fn a_row_refused_while_it_is_cleaned_tells_what_its_match_finds_too() {
    let host = TestHost::with_acme();
    host.directory("", "accounts", "account_id,name,email\na1,A,ann@one.example\na2,B,ann@one.example\n");
    let imported = host.import("prospects", "Name,E-mail,Phone\nAnn,ann@one.example,12\n");
    let row = &imported.failed_rows()[0];
    assert_eq!(
        (&*row["rollcall_errors"], &*row["rollcall_warnings"]),
        ("phone:phone_invalid", "email:account_several")
    );
}

#[test]
fn messages_are_in_the_programs_language() {
    for (locale, words) in
        [("en", "is not an e-mail address"), ("pt", "e-mail"), ("de", "E-Mail"), ("fr", "e-mail")]
    {
        let host = TestHost::new();
        host.program("acme", &format!("locale = '{locale}'\n"));
        let imported = host.import("prospects", "Name,E-mail\nBob,nobody\n");
        let row = &imported.failed_rows()[0];
        assert!(row["rollcall_messages"].contains(words), "{locale}: {}", row["rollcall_messages"]);
        assert_eq!(
            (&*row["rollcall_outcome"], &*row["rollcall_errors"]),
            ("rejected", "email:email_invalid")
        );
    }
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_guarded() {
    let cases = [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-a", "'-a"),
        ("'=1", "''=1"),
        ("''+x", "'''+x"),
        ("-5", "-5"),
        ("+1.234,5", "+1.234,5"),
        ("+55 (11) 9-1", "+55 (11) 9-1"),
        ("'plain", "'plain"),
        ("\t=1", "'\t=1"),
        ("", ""),
    ];
    for (sent, written) in cases {
        let host = TestHost::with_acme();
        let file = format!("Name,E-mail,Note\nAnn,ann@one.example,\"{sent}\"\nBob,nobody,\"{sent}\"\n");
        let imported = host.import("prospects", file);
        assert_eq!(imported.succeeded_rows()[0]["Note"], written, "{sent:?}");
        assert_eq!(imported.failed_rows()[0]["Note"], written, "{sent:?}");
        let repaired = failed(&imported).replace("nobody", "bob@one.example");
        let again = host.import("prospects", repaired);
        assert_eq!(again.summary.rows.read, 1, "{sent:?}");
        assert_eq!(again.failed_rows().len(), 0);
        let stored = host.contacts().into_iter().find(|contact| contact.record.contains("bob@one")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&stored.record).unwrap();
        assert_eq!(record["fields"]["note"].as_str().unwrap_or_default(), sent.trim(), "{sent:?}");
    }
}

#[test]
fn an_account_name_that_would_run_is_guarded_too() {
    let host = TestHost::with_acme();
    host.directory("", "accounts", "account_id,name,email\na1,=EVIL(),ann@one.example\n");
    let imported = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\n");
    assert_eq!(imported.succeeded_rows()[0]["rollcall_account_name"], "'=EVIL()");
}

#[test]
fn a_header_that_would_run_comes_back_as_it_was() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail,=Sum\nBob,nobody,x\n");
    assert!(failed(&imported).starts_with("\u{feff}Name,E-mail,'=Sum,rollcall_row"));
    let again = host.import("prospects", failed(&imported));
    assert_eq!(failed(&again), failed(&imported));
}

#[test]
fn a_ragged_row_has_its_missing_cells_empty_and_its_surplus_in_a_last_column() {
    let host = TestHost::with_acme();
    let imported = host.import(
        "prospects",
        "Name,E-mail,Note\nAnn,ann@one.example\nBob,bob@one.example,x,\"s,1\",=2\nCy,cy@one.example,y\n",
    );
    let text = failed(&imported);
    assert!(
        text.starts_with(&format!("\u{feff}Name,E-mail,Note,{BEHIND_FAILED},rollcall_surplus\r\n")),
        "{text}"
    );
    let rows = imported.failed_rows();
    assert_eq!((&*rows[0]["Note"], &*rows[0]["rollcall_surplus"]), ("", ""));
    assert_eq!((&*rows[1]["Note"], &*rows[1]["rollcall_surplus"]), ("x", "\"s,1\",=2"));
    assert_eq!(rows.iter().map(|row| &*row["rollcall_errors"]).collect::<Vec<_>>(), ["row:row_ragged"; 2]);
    assert!(!succeeded(&imported).contains("rollcall_surplus"));

    let again = host.import("prospects", &text);
    assert_eq!(again.outcomes(), [(1, "created".to_owned()), (2, "rejected".to_owned())]);
    assert_eq!(again.failed_rows()[0]["rollcall_surplus"], "\"s,1\",=2");
    let emptied = host.import("prospects", failed(&again).replace("\"\"\"s,1\"\",=2\"", ""));
    assert_eq!(emptied.outcomes(), [(1, "created".to_owned())]);
}

#[test]
fn a_file_without_surplus_has_no_column_for_it() {
    let host = TestHost::with_acme();
    let short = host.import("prospects", "Name,E-mail,Note\nAnn,ann@one.example\n");
    assert!(failed(&short).starts_with(&format!("\u{feff}Name,E-mail,Note,{BEHIND_FAILED}\r\n")));
    let not_chosen = host.import_with(
        "prospects",
        "Name,E-mail\nAnn,nobody\nB,b@c.example,x\n",
        &[("rows", "1")],
        &Course::default(),
    );
    assert!(!failed(&not_chosen).contains("rollcall_surplus"));
    let empty = host.import("prospects", "Name,E-mail\nAnn,ann@one.example,,\nBob,nobody,,\n");
    assert_eq!(empty.errors(), [(2, "email:email_invalid".to_owned())]);
    assert!(!failed(&empty).contains("rollcall_surplus"));
}

#[test]
fn options_are_carried_before_the_surplus() {
    let host = TestHost::with_acme();
    let options = [("map.Wer", "name"), ("mode", "create")];
    let imported = host.import_with("prospects", "Wer,E-mail\nAnn,nobody,x\n", &options, &Course::default());
    let text = failed(&imported);
    let header = text.lines().next().unwrap();
    assert!(header.ends_with(",rollcall_options?map.Wer=name&mode=create,rollcall_surplus"), "{header}");
    assert!(text.ends_with(",,x\r\n"), "{text}");
    let again =
        host.import("prospects", text.replace("nobody", "ann@one.example").replace(",,x\r\n", ",,\r\n"));
    assert_eq!(again.outcomes(), [(1, "created".to_owned())]);
}

#[test]
fn a_ragged_row_without_a_required_cell_says_both() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "E-mail,Phone,Name\nann@one.example\n");
    assert_eq!(imported.failed_rows()[0]["rollcall_errors"], "name:required_missing row:row_ragged");
}

#[test]
fn a_file_that_comes_back_has_a_header_whatever_the_options_say() {
    let host = TestHost::with_acme();
    let positional = [("first_line", "data"), ("columns", "name,email,,note")];
    let first = host.import_with(
        "prospects",
        "Bob,nobody,x,n\nAnn,ann@one.example,y,m\n",
        &positional,
        &Course::default(),
    );
    let text = failed(&first);
    assert!(text.starts_with(&format!("\u{feff}name,email,column_3,note,{BEHIND_FAILED}\r\n")), "{text}");
    assert!(succeeded(&first).starts_with("\u{feff}name,email,column_3,note,rollcall_row"));
    for options in [&positional[..], &[], &[("first_line", "ignore")], &[("columns", "email,name")]] {
        let again = host.import_with(
            "prospects",
            text.replace("nobody", "bob@one.example"),
            options,
            &Course::default(),
        );
        let rows = &again.summary.rows;
        assert_eq!((rows.read, rows.created + rows.unchanged, rows.rejected), (1, 1, 0), "{options:?}");
        assert_eq!(again.succeeded_rows()[0]["column_3"], "x");
    }
}

#[test]
fn its_own_result_columns_are_passed_over_wherever_they_stand() {
    let host = TestHost::with_acme();
    let imported = host.import(
        "prospects",
        "rollcall_messages,Name,rollcall_row,E-mail,rollcall_outcome\n=bad,Ann,7,ann@one.example,rejected\n,,9,,x\n",
    );
    assert!(succeeded(&imported).starts_with(&format!("\u{feff}Name,E-mail,{BEHIND_SUCCEEDED}\r\n")));
    assert_eq!(imported.outcomes(), [(1, "created".to_owned())]);
    assert_eq!(imported.summary.rows.read, 1, "a row of result columns alone is blank");
}

#[test]
fn bytes_that_are_no_text_are_told_of_the_right_field_in_a_file_that_comes_back() {
    let host = TestHost::with_acme();
    let file = b"rollcall_messages,rollcall_row,Name,E-mail,Note\n\xe9,1,Ann,ann@one.example,x\nok,2,B\xe9b,bob@one.example,\n";
    let options = [("encoding", "utf-8")];
    let imported = host.import_with("prospects", file, &options, &Course::default());
    assert_eq!(imported.errors(), [(2, "name:bytes_invalid".to_owned())]);
}

#[test]
fn as_wide_a_file_as_may_be_comes_back() {
    let host = TestHost::with_acme();
    let mut file = "Name,E-mail".to_owned();
    (3..=1_000).for_each(|column| file.push_str(&format!(",c{column}")));
    file.push_str("\nBob,nobody");
    file.push_str(&",".repeat(998));
    file.push('\n');
    let first = host.import("prospects", &file);
    assert_eq!(first.summary.rows.rejected, 1);
    let again = host.import("prospects", failed(&first).replace("nobody", "bob@one.example"));
    assert_eq!((again.status(), again.summary.rows.created), ("completed", 1), "{:?}", again.file_codes());
    let wider = file.replacen(",c1000", ",c1000,c1001", 1);
    assert_eq!(host.import("prospects", wider).file_codes(), ["too_many_columns"]);
}
