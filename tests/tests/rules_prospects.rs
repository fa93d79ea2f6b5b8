//! Lines IMP-1 to IMP-24: what a program can rely on when it imports prospects.

use jiff::SignedDuration;
use pollster::block_on;
use rollcall_embedded::queue::LocalQueue;
use rollcall_pipeline::finalize::Finalized;
use rollcall_pipeline::ports::{Imports, Objects};
use rollcall_tests::test_host::{Course, Imported, TestHost};
use serde_json::Value;

const ACCOUNTS: &str = "account_id,name,email,website,phone,activity,created_at,partner_of\n\
    a1,Globex,ann@globex.example,https://globex.example,,5,2020-01-01,\n\
    a2,Globex BR,br@globex.example,https://www.globex.example,,9,2021-01-01,\n\
    a3,Initech,boss@initech.example,,+5511912345678,1,2019-01-01,other\n\
    a4,Umbrella,desk@umbrella.example,https://umbrella.example,,2,2018-01-01,acme\n\
    a5,Hooli,ceo@hooli.example,,,3,2017-01-01,other|third\n";

const GROUPS: &str = "name,workflow,accept,invite\nVIP,welcome,,marketplace\nGold,,,\n\"Food, Drink\",,,\n";

/// A host whose directory knows five accounts and three groups.
fn marketplace() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("", "accounts", ACCOUNTS);
    host.directory("acme", "groups", GROUPS);
    host
}

/// The stored record of the contact whose file address this is.
fn record(host: &TestHost, email: &str) -> Value {
    let records = host.contacts().into_iter().map(|contact| serde_json::from_str(&contact.record).unwrap());
    records
        .into_iter()
        .find(|record: &Value| record["fields"]["email"] == email)
        .expect("the contact is stored")
}

/// Everything that an import says to anybody, in one text.
fn all_outputs(imported: &Imported) -> String {
    let mut all = String::new();
    for file in ["upload.json", "succeeded.csv", "failed.csv", "summary.json", "report.html"] {
        all.push_str(&std::fs::read_to_string(imported.folder.join(file)).unwrap());
    }
    all + imported.notification.as_deref().expect("a letter went out")
}

#[test]
fn imp_01_a_csv_file_of_prospects_is_imported() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\nBob,bob@two.example\n");
    assert_eq!(imported.status(), "completed");
    assert_eq!(imported.summary.rows.created, 2);
    assert_eq!(host.contacts().len(), 2);
}

#[test]
fn imp_02_the_upload_summary_says_whether_the_file_was_taken() {
    let host = TestHost::with_acme();
    let taken = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\n");
    assert!(taken.upload.verdict.accepted && taken.upload.verdict.errors.is_empty());
    assert_eq!(taken.upload.rows, Some(1));
    let refused = host.import("prospects", "Name,Town\nAnn,Rome\n");
    assert!(!refused.upload.verdict.accepted);
    assert_eq!(refused.file_codes(), ["column_missing"]);
    assert_eq!(refused.upload.rows, None);
}

#[test]
fn imp_03_the_verdict_of_the_file_promises_nothing_about_rows() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail\nAnn,nobody\nBob,\n");
    assert!(imported.upload.verdict.accepted);
    assert_eq!(imported.status(), "completed_with_errors");
    assert_eq!(imported.summary.rows.rejected, 2);
    assert!(host.contacts().is_empty());
}

#[test]
fn imp_04_the_verdict_is_there_before_any_row_is_worked() {
    let host = TestHost::with_acme();
    let what = rollcall_domain::plan::object_keys::DropTarget::Profile("prospects".parse().unwrap());
    let object = host.drop_file("acme", what, "list.csv", b"Name,E-mail\nAnn,ann@one.example\n");
    let queue = LocalQueue::with_room(10);
    let course = Course::default();
    let import = host.split(&queue, object, &[], course.size);
    let folder = format!("imports/acme/{import}");
    let there = |file: &str| block_on(host.home.bucket().get(&format!("{folder}/{file}"))).unwrap().is_some();
    assert!(there("upload.json") && !there("summary.json"));
    assert!(host.contacts().is_empty());
    host.work(&queue, &course);
    assert!(there("summary.json"));
    assert_eq!(host.contacts().len(), 1);
}

#[test]
fn imp_05_times_are_those_of_this_import() {
    let host = TestHost::with_acme();
    let what = rollcall_domain::plan::object_keys::DropTarget::Profile("prospects".parse().unwrap());
    let object = host.drop_file("acme", what, "list.csv", b"Name,E-mail\nAnn,ann@one.example\n");
    let queue = LocalQueue::with_room(10);
    let course = Course::default();
    let import = host.split(&queue, object, &[], course.size);
    host.later(8);
    host.work(&queue, &course);
    let imported = host.answer(&import);
    assert_eq!(imported.summary.seconds(), 8.0);
    assert!(imported.report.contains("0.1 rows per second"), "{}", imported.report);
}

#[test]
fn imp_06_no_text_promises_a_speed_beforehand() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\n");
    let upload = std::fs::read_to_string(imported.folder.join("upload.json")).unwrap();
    for word in ["seconds", "minutes", "eta", "per_second"] {
        assert!(!upload.contains(word), "upload.json speaks of {word}");
    }
}

#[test]
fn imp_07_a_letter_and_a_summary_notify_of_the_end() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\n");
    let notification = imported.notification.expect("a letter");
    assert!(notification.contains("ops@acme.example"));
    let summary: Value =
        serde_json::from_slice(&std::fs::read(imported.folder.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["status"], "completed");
    assert_eq!(summary["import_id"], imported.import_id.as_str());
}

#[test]
fn imp_07_the_summary_is_written_last() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\n");
    let written = |file: &str| imported.folder.join(file).metadata().unwrap().modified().unwrap();
    for file in ["upload.json", "plan.json", "succeeded.csv", "failed.csv", "report.html"] {
        assert!(written(file) <= written("summary.json"), "{file}");
    }
}

#[test]
fn imp_08_the_letter_sums_up_what_was_imported_and_what_needs_fixing() {
    let host = TestHost::with_acme();
    let imported =
        host.import("prospects", "Name,E-mail\nAnn,ann@one.example\nBob,nobody\n,cy@one.example\n");
    let notification = imported.notification.expect("a letter").replace("=\r\n", "");
    for words in ["created", "rejected", "is not an e-mail address", "is required", "failed.csv"] {
        assert!(notification.contains(words), "the letter lacks {words:?}:\n{notification}");
    }
    assert!(!notification.contains("ann@one.example"), "a letter shows nothing that stands in the file");
}

#[test]
fn imp_09_the_same_errors_stand_in_the_report() {
    let host = TestHost::with_acme();
    let imported =
        host.import("prospects", "Name,E-mail\nAnn,ann@one.example\nBob,nobody\n,cy@one.example\n");
    for words in ["is not an e-mail address", "is required", "email_invalid", "required_missing"] {
        assert!(imported.report.contains(words), "the report lacks {words:?}");
    }
}

const MIXED: &str = "Name,E-mail,Group\nAnn,ann@globex.example,VIP\nBob,bob@two.example,Gold\n\
    Bob,bob@two.example,VIP\nCy,nobody,\nDi,di@three.example,Silver\nBob,bob@two.example,gold\n";

#[test]
fn imp_10_a_dry_run_checks_matches_and_answers_but_writes_no_record() {
    let host = marketplace();
    let dry = host.import_with("prospects", MIXED, &[("dry_run", "true")], &Course::default());
    assert!(dry.summary.head.dry_run);
    let wanted =
        [(1, "created"), (2, "created"), (3, "merged"), (4, "rejected"), (5, "rejected"), (6, "rejected")];
    assert_eq!(dry.outcomes(), wanted.map(|(row, outcome)| (row, outcome.to_owned())));
    assert_eq!(dry.succeeded_rows()[0]["rollcall_account_id"], "a1");
    assert_eq!(
        dry.errors(),
        [(4, "email:email_invalid"), (5, "group:group_unknown"), (6, "row:duplicate_in_file")]
            .map(|(row, errors)| (row, errors.to_owned()))
    );
    assert!(host.contacts().is_empty());
}

#[test]
fn imp_11_a_dry_run_gives_the_files_of_the_real_run() {
    let host = marketplace();
    host.import("prospects", "Name,E-mail,Group\nBob,bob@two.example,Gold\n");
    let dry = host.import_with("prospects", MIXED, &[("dry_run", "true")], &Course::default());
    let real = host.import("prospects", MIXED);
    assert_eq!(real.summary.rows.unchanged, 1, "{:?}", real.summary.rows);
    assert_eq!(dry.succeeded, real.succeeded);
    assert_eq!(dry.failed, real.failed);
    assert_eq!(dry.summary.rows, real.summary.rows);
    let ann = &dry.succeeded_rows()[0];
    assert_eq!((&*ann["rollcall_account_id"], &*ann["rollcall_account_name"]), ("a1", "Globex"));
}

#[test]
fn imp_12_account_name_and_email_win() {
    let host = marketplace();
    host.import(
        "prospects",
        "Name,E-mail,Account ID\nAnn from the file,ann@mail.example,a4\nBob,bob@mail.example,\n",
    );
    let ann = host.contact_of("ann@mail.example");
    assert_eq!((&ann["name"], &ann["email"]), (&"Umbrella".into(), &"desk@umbrella.example".into()));
    let bob = host.contact_of("bob@mail.example");
    assert_eq!(
        (&bob["name"], &bob["email"], &bob["account_id"]),
        (&"Bob".into(), &"bob@mail.example".into(), &Value::Null)
    );
}

#[test]
fn imp_12_the_values_are_the_accounts_current_ones() {
    let host = marketplace();
    host.import("prospects", "Name,E-mail,Account ID\nAnn,ann@mail.example,a4\n");
    host.directory("", "accounts", "account_id,name,email\na4,Umbrella Ltd,new@umbrella.example\n");
    let ann = host.contact_of("ann@mail.example");
    assert_eq!((&ann["name"], &ann["email"]), (&"Umbrella Ltd".into(), &"new@umbrella.example".into()));
}

#[test]
fn imp_13_the_address_of_the_file_is_the_custom_contact() {
    let host = marketplace();
    host.import("prospects", "Name,E-mail,Account ID\nAnn,Ann.Private@MAIL.example,a4\n");
    let ann = &host.read_contacts()[0];
    assert_eq!(
        (&ann["custom_contact"], &ann["email"]),
        (&ann["fields"]["email"], &"desk@umbrella.example".into())
    );
    assert!(ann["custom_contact"].as_str().unwrap().eq_ignore_ascii_case("ann.private@mail.example"));
}

#[test]
fn imp_13_the_address_of_the_file_is_kept() {
    let host = marketplace();
    host.import("prospects", "Name,E-mail,Website\nAnn,ann.private@mail.example,https://umbrella.example\n");
    let record = record(&host, "ann.private@mail.example");
    assert_eq!(record["account_id"], "a4");
    assert_eq!(record["fields"]["email"], "ann.private@mail.example");
}

#[test]
fn imp_14_the_success_file_names_the_matched_account() {
    let host = marketplace();
    let cases = [
        ("A,x1@mail.example,a4,,", "a4", "Umbrella", "account_id"),
        ("B,boss@initech.example,,,", "a3", "Initech", "email"),
        ("C,x2@mail.example,,http://umbrella.example/about,", "a4", "Umbrella", "website"),
        ("D,x3@mail.example,,,(11) 91234-5678", "a3", "Initech", "phone"),
        ("E,desk@umbrella.example,,https://globex.example,", "a4", "Umbrella", "email"),
        ("F,ceo@hooli.example,a4,,", "a4", "Umbrella", "account_id"),
        ("G,x4@mail.example,unknown,,", "", "", ""),
    ];
    let mut file = "Name,E-mail,Account ID,Website,Phone\n".to_owned();
    cases.iter().for_each(|(row, ..)| file.push_str(&format!("{row}\n")));
    let imported = host.import("prospects", &file);
    let rows = imported.succeeded_rows();
    for (row, (sent, id, name, by)) in rows.iter().zip(cases) {
        assert_eq!(row["rollcall_account_id"], id, "{sent}");
        assert_eq!(row["rollcall_account_name"], name, "{sent}");
        assert_eq!(row["rollcall_matched_by"], by, "{sent}");
    }
    assert_eq!((rows.len(), imported.summary.matched), (7, 6));
}

/// A website is public: a list of them must not tell whom the marketplace knows. Whom the row names by id, address or
/// phone, the sender knows already.
#[test]
fn imp_18_a_website_alone_tells_no_id_and_no_name_of_a_masked_account() {
    let host = marketplace();
    host.directory(
        "",
        "accounts",
        "account_id,name,email,website,phone,activity,partner_of\n\
         m_1,Masked One,one@masked.example,https://masked.example,+5511912340001,9,other\n\
         m_2,Masked Two,two@masked.example,https://masked.example,,5,other\n\
         o1,Open,open@masked.example,https://masked.example,,1,\n",
    );
    let cases = [
        // By the website, alone or beside an address that is nobody's.
        ("x1@mail.example,,https://masked.example,", "", "", "website", "o1"),
        // The website decides, and the phone names the account.
        ("x2@mail.example,,https://masked.example,+55 11 91234-0001", "m_1", "Masked One", "website", "o1"),
        ("one@masked.example,,,", "m_1", "Masked One", "email", ""),
        ("x3@mail.example,m_2,https://masked.example,", "m_2", "Masked Two", "account_id", ""),
        ("x4@mail.example,,,(11) 91234-0001", "m_1", "Masked One", "phone", ""),
    ];
    let mut file = "Name,E-mail,Account ID,Website,Phone\n".to_owned();
    cases.iter().for_each(|(row, ..)| file.push_str(&format!("N,{row}\n")));
    for dry_run in ["true", "false"] {
        let imported = host.import_with("prospects", &file, &[("dry_run", dry_run)], &Course::default());
        for (row, (sent, id, name, by, others)) in imported.succeeded_rows().iter().zip(cases) {
            let said = ["account_id", "account_name", "matched_by", "candidates"];
            let said = said.map(|column| row[&*format!("rollcall_{column}")].as_str());
            assert_eq!(said, [id, name, by, others], "{sent}");
        }
        assert_eq!(imported.summary.matched, 5);
    }
    // Nor does a change say who it was, or the texts of a warning.
    let later = "Name,E-mail,Website\nN,one@masked.example,https://umbrella.example\nM,x1@mail.example,\n";
    let imported = host.import("prospects", later);
    assert!(!all_outputs(&imported).contains("m_2"));
    let record = record(&host, "x1@mail.example");
    assert_eq!((&record["account_id"], &record["by_website"]), (&"m_1".into(), &true.into()));
}

#[test]
fn imp_15_of_several_the_most_active_is_taken_and_the_others_named() {
    let host = marketplace();
    let imported = host.import("prospects", "Name,E-mail,Website\nG,info@mail.example,www.globex.example\n");
    let row = &imported.succeeded_rows()[0];
    assert_eq!((&*row["rollcall_account_id"], &*row["rollcall_candidates"]), ("a2", "a1"));
    assert_eq!(row["rollcall_warnings"], "website:account_several");
}

#[test]
fn imp_15_ties_go_to_the_older_then_to_the_lower_id() {
    let host = TestHost::with_acme();
    host.directory(
        "",
        "accounts",
        "account_id,name,email,activity,created_at\n\
         z9,Z,one@tie.example,4,2019-01-01\nz1,Z,one@tie.example,4,2020-01-01\n\
         y3,Y,two@tie.example,4,2020-01-01\ny2,Y,two@tie.example,4,2020-01-01\n\
         x1,X,three@tie.example,,\nx2,X,three@tie.example,,2024-12-31\n\
         w1,W,four@tie.example,-1,2001-01-01\nw2,W,four@tie.example,0.5,2024-01-01\nw3,W,four@tie.example,,2002-01-01\n",
    );
    let imported = host.import(
        "prospects",
        "Name,E-mail\nZ,one@tie.example\nY,two@tie.example\nX,three@tie.example\nW,four@tie.example\n",
    );
    let picked: Vec<(String, String)> = (imported.succeeded_rows().into_iter())
        .map(|row| (row["rollcall_account_id"].clone(), row["rollcall_candidates"].clone()))
        .collect();
    let wanted = [("z9", "z1"), ("y2", "y3"), ("x2", "x1"), ("w2", "w1 w3")];
    assert_eq!(picked, wanted.map(|(id, others)| (id.to_owned(), others.to_owned())));
}

#[test]
fn imp_16_a_wrong_match_leaves_the_address_that_can_be_written_to() {
    let host = marketplace();
    let imported =
        host.import("prospects", "Name,E-mail,Website,Group\nAnn,ann@mail.example,globex.example,Gold\n");
    let row = &imported.succeeded_rows()[0];
    assert_eq!(row["rollcall_account_id"], "a2");
    assert_eq!(row["rollcall_invite_to"], "ann@mail.example");
    let contact = host.contact_of("ann@mail.example");
    assert_eq!((&contact["account_id"], &contact["invite_to"]), (&"a2".into(), &"ann@mail.example".into()));
}

/// Imports a row that matches an account and is invited at the marketplace; answers where the invitation goes.
fn invited_at(account: &str) -> String {
    let host = marketplace();
    let file = format!("Name,E-mail,Account ID,Group\nX,x@mail.example,{account},VIP\n");
    host.import("prospects", file).succeeded_rows()[0]["rollcall_invite_to"].clone()
}

#[test]
fn imp_17_a_direct_partner_has_exactly_one_program() {
    for (account, shown) in [
        ("a1", "ann@globex.example"),
        ("a3", "x@mail.example"),
        ("a4", "desk@umbrella.example"),
        ("a5", "ceo@hooli.example"),
    ] {
        assert_eq!(invited_at(account), shown, "{account}");
    }
}

#[test]
fn imp_18_another_programs_direct_partner_is_masked_in_every_output() {
    let host = marketplace();
    let imported = host.import(
        "prospects",
        "Name,E-mail,Account ID,Phone,Group\nX,x@mail.example,a3,,VIP\n\
         Y,y@mail.example,,+5511912345678,VIP\nZ,z@mail.example,a3,,Nowhere\n",
    );
    assert_eq!(imported.summary.rows.created, 2);
    assert!(!all_outputs(&imported).contains("boss@"), "the account's address shows");
    for row in imported.succeeded_rows() {
        assert_eq!((&*row["rollcall_account_id"], &*row["rollcall_account_name"]), ("a3", "Initech"));
        // A mask reaches nobody (IMP-19).
        assert_eq!(row["rollcall_invite_to"], row["E-mail"]);
    }
}

#[test]
fn imp_18_what_the_sender_wrote_is_never_masked() {
    let host = marketplace();
    let imported = host.import("prospects", "Name,E-mail,Group\nX,boss@initech.example,Gold\n");
    let row = &imported.succeeded_rows()[0];
    assert_eq!(row["rollcall_account_id"], "a3");
    assert_eq!(
        (&*row["E-mail"], &*row["rollcall_invite_to"]),
        ("boss@initech.example", "boss@initech.example")
    );
}

#[test]
fn imp_18_the_mask_falls_when_a_partnership_comes_to_be() {
    let host = marketplace();
    let file = "Name,E-mail,Account ID,Group\nX,x@mail.example,a3,VIP\n";
    let invited = |imported: &Imported| imported.succeeded_rows()[0]["rollcall_invite_to"].clone();
    assert_eq!(invited(&host.import("prospects", file)), "x@mail.example");
    host.directory("", "accounts", "account_id,name,partner_of\na3,Initech,other|acme\n");
    assert_eq!(invited(&host.import("prospects", file)), "boss@initech.example");
}

#[test]
fn imp_18_contacts_are_masked_until_there_is_a_partnership() {
    let host = marketplace();
    host.import("prospects", "Name,E-mail,Account ID,Group\nX,x@mail.example,a3,VIP\n");
    let seen = || {
        let contact = host.contact_of("x@mail.example");
        let invited = contact["memberships"][0]["invite_to"].clone();
        assert_eq!(invited, contact["invite_to"]);
        let masked = contact["email"].as_str().unwrap().contains('*');
        assert_eq!(invited, if masked { &contact["custom_contact"] } else { &contact["email"] }.clone());
        assert!(!contact.to_string().contains("boss@") || contact["email"] == "boss@initech.example");
        contact["email"].as_str().unwrap().to_owned()
    };
    assert_eq!(seen(), "b***@***.example");
    host.directory("", "accounts", "account_id,name,partner_of\na3,Initech,other|acme\n");
    assert_eq!(seen(), "boss@initech.example");
}

#[test]
fn imp_19_a_masked_partner_is_reached_through_the_custom_contact() {
    let host = marketplace();
    for group in ["", "Gold", "VIP", "\"Food, Drink\""] {
        let file = format!("Name,E-mail,Account ID,Group\nX,x@mail.example,a3,{group}\n");
        let row = &host.import("prospects", file).succeeded_rows()[0];
        assert_eq!(row["rollcall_invite_to"], "x@mail.example", "{group}");
    }
}

#[test]
fn imp_24_a_group_is_found_whatever_the_case_of_its_letters() {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nStraße\nσοφος\n");
    let file = "Name,E-mail,Group\nAnn,ann@one.example,STRASSE\nBob,bob@one.example,ΣΟΦΟΣ\n\
        Cy,cy@one.example,straße\nDi,di@one.example,Strase\n";
    let imported = host.import("prospects", file);
    assert_eq!(imported.errors(), [(4, "group:group_unknown".to_owned())]);
    assert_eq!(imported.summary.rows.created, 3);
}

#[test]
fn imp_20_only_the_custom_contact_is_shown() {
    let host = marketplace();
    let imported = host.import("prospects", "Name,E-mail,Account ID\nX,x@mail.example,a3\n");
    let all = all_outputs(&imported);
    assert!(all.contains("x@mail.example") && !all.contains("boss@initech.example"));
}

#[test]
fn imp_21_a_row_carries_at_most_one_group() {
    let host = marketplace();
    let cases = [
        ("VIP", ""),
        ("  vip ", ""),
        ("", ""),
        ("\"Food, Drink\"", ""),
        ("\"FOOD,  drink\"", ""),
        ("\"VIP,Gold\"", "group:group_many"),
        ("VIP;Gold", "group:group_many"),
        ("VIP|Gold", "group:group_many"),
        ("VIP|Nowhere", "group:group_many"),
        ("\"VIP,\"", "group:group_unknown"),
        ("VIP Gold", "group:group_unknown"),
    ];
    let mut file = "Name,E-mail,Group\n".to_owned();
    for (row, (group, _)) in cases.iter().enumerate() {
        file.push_str(&format!("N,n{row}@mail.example,{group}\n"));
    }
    let imported = host.import_with("prospects", file, &[("delimiter", ",")], &Course::default());
    let errors = imported.errors();
    for (row, (group, code)) in (1..).zip(cases) {
        let found = errors.iter().find(|(number, _)| *number == row).map_or("", |(_, errors)| errors);
        assert_eq!(found, code, "{group}");
    }
}

#[test]
fn imp_22_one_row_for_each_group_is_no_duplicate() {
    let host = marketplace();
    let imported = host.import(
        "prospects",
        "Name,E-mail,Group\nAnn,ann@one.example,VIP\nAnn,ANN@one.example,Gold\nAnn,ann@one.example,vip\nAnn,ann@one.example,\n",
    );
    let wanted = [(1, "created"), (2, "merged"), (3, "rejected"), (4, "rejected")];
    assert_eq!(imported.outcomes(), wanted.map(|(row, outcome)| (row, outcome.to_owned())));
    assert_eq!(imported.errors()[0], (3, "row:duplicate_in_file".to_owned()));
    let contacts = host.contacts();
    assert_eq!(
        (contacts.len(), contacts[0].groups.as_slice()),
        (1, &["gold".to_owned(), "vip".to_owned()][..])
    );
}

#[test]
fn imp_23_an_import_never_creates_a_group() {
    let host = marketplace();
    let file = "Name,E-mail,Group\nAnn,ann@one.example,Silver\n";
    host.import("prospects", file);
    assert_eq!(host.import("prospects", file).errors(), [(1, "group:group_unknown".to_owned())]);
}

#[test]
fn imp_24_a_row_of_an_unknown_group_is_refused_and_no_other() {
    let host = marketplace();
    let imported = host.import(
        "prospects",
        "Name,E-mail,Group\nAnn,ann@one.example,VIP\nBob,bob@two.example,Silver\nCy,cy@two.example,\n",
    );
    assert_eq!(imported.errors(), [(2, "group:group_unknown".to_owned())]);
    assert_eq!(imported.summary.rows.created, 2);
    assert_eq!(host.contacts().len(), 2);
    assert!(imported.report.contains("group_unknown") && imported.report.contains("no group has this name"));
}

#[test]
fn imp_07_a_second_finalize_message_sends_no_second_letter() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail\nAnn,ann@one.example\n");
    let notification = host.home.outbox().notification(&imported.import_id);
    std::fs::remove_file(&notification).unwrap();
    host.clock.advance(SignedDuration::from_hours(2).as_millis() as i64);
    assert!(matches!(host.finalize(&imported.import_id), Finalized::Over(_)));
    assert!(!notification.exists());
    let item = block_on(host.home.imports().get(&imported.import_id)).unwrap().unwrap();
    assert_eq!(item.status.map(|status| status.as_str()), Some("completed"));
}
