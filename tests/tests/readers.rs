//! What people read: hints, lines, totals and words of their own language.

use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ProfileName;
use rollcall_tests::test_host::{Course, Imported, TestHost};

fn import(host: &TestHost, profile: &str, file: &str, options: &[(&str, &str)]) -> Imported {
    host.import_with(profile, file, options, &Course::default())
}

fn messages(imported: &Imported) -> Vec<String> {
    imported.failed_rows().iter().map(|row| row["rollcall_messages"].clone()).collect()
}

#[test]
fn an_owner_in_another_case_is_named_and_not_taken() {
    let host = TestHost::with_acme();
    host.directory("acme", "owners", "owner_id,name\n3,Ana de Souza\n7,Bia McBee\n8,bia mcbee\n");
    let rows =
        "Last name,E-mail,Owner\nA,a@b.example,ana DE souza\nB,b@b.example,BIA MCBEE\nC,c@b.example,Cid\n";
    for size in [1, 100] {
        let size = rollcall_domain::plan::import_plan::ChunkSize { rows: size, ..Default::default() };
        let imported = host.import_with("leads", rows, &[], &Course { size, ..Course::default() });
        let told = messages(&imported);
        assert!(told[0].ends_with("(did you mean Ana de Souza?)"), "{told:?}");
        assert!(told[1].ends_with("(did you mean Bia McBee?)"), "{told:?}");
        assert!(!told[2].contains("did you mean"), "{told:?}");
        assert!(imported.errors().iter().all(|(_, codes)| codes == "owner:owner_unknown"));
    }
    // A load of the same file changes nothing, with the further key too.
    let again = host.directory("acme", "owners", "owner_id,name\n3,Ana de Souza\n");
    assert_eq!(again.summary.rows.unchanged, 1);
}

#[test]
fn addresses_are_shown_in_their_own_letters() {
    let host = TestHost::with_acme();
    let file = "Name,E-mail\nAnn,Ann <ann@müller.example>\nBob,bob@\n";
    let imported = import(&host, "prospects", file, &[]);
    assert!(!imported.report.contains("xn--"), "{}", imported.report);
    assert!(imported.report.contains("müller.example"));
    assert_eq!(host.records()[0].email, "ann@xn--mller-kva.example", "the address itself stays as it is");
}

#[test]
fn a_repeat_names_the_line_of_the_file() {
    for (file, place) in [
        (
            "Name,E-mail\nAnn,ann@b.example\nBob,bob@b.example\nAnn,ann@b.example\n",
            ": row 1 (line 2 of the file)",
        ),
        ("\n\nName,E-mail\n\nAnn,ann@b.example\nAnn,ann@b.example\n", ": row 2 (line 5 of the file)"),
        // A record above goes over several lines: its number is known, its line is not.
        ("Name,E-mail\n\"A\nnn\",ann@b.example\nAnn,ann@b.example\n", ": row 1"),
    ] {
        let told = messages(&import(&TestHost::with_acme(), "prospects", file, &[]));
        assert!(told.len() == 1 && told[0].ends_with(place), "{file:?}: {told:?}");
    }
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, name) in [(3, "Name"), (4, "Ann"), (7, "Ann")] {
        let email = if row == 3 { "E-mail" } else { "ann@b.example" };
        sheet.write_string(row, 0, name).unwrap().write_string(row, 1, email).unwrap();
    }
    let told = messages(&TestHost::with_acme().import("prospects", book.save_to_buffer().unwrap()));
    assert!(told.len() == 1 && told[0].ends_with(": row 5"), "{told:?}");
}

#[test]
fn a_choice_of_no_row_is_the_headline_everywhere() {
    for (locale, headline) in [
        ("en", "No row was chosen"),
        ("pt", "Nenhuma linha foi escolhida"),
        ("de", "Es wurde keine Zeile gewählt"),
        ("fr", "Aucune ligne n’a été choisie"),
        ("es", "No se eligió ninguna fila"),
    ] {
        let host = TestHost::with_acme();
        host.program("acme", &format!("locale = '{locale}'\nregion = 'BR'\n"));
        let imported = import(&host, "prospects", "Name,E-mail\nAnn,ann@b.example\n", &[("rows", "77")]);
        assert_eq!(imported.status(), "completed");
        assert!(imported.report.contains(headline), "{locale}: {}", imported.report);
        let id = imported.summary.head.import_id.parse().unwrap();
        let letter = std::fs::read_to_string(host.home.outbox().notification(&id)).unwrap();
        assert!(letter.contains("rows"), "{letter}");
        assert!(!imported.report.contains(&all_were_imported(locale)), "{locale}");
    }
}

fn all_were_imported(locale: &str) -> String {
    use rollcall_domain::messages::catalogue::{Ending, Messages};
    use rollcall_domain::types::outcome::Status;
    let ending = Ending {
        status: Status::Completed,
        dry_run: false,
        undo: false,
        none_accepted: true,
        none_chosen: false,
    };
    Messages::of(locale.parse().unwrap()).headline(ending).to_owned()
}

#[test]
fn sentences_have_no_english_remains() {
    let pdf = "%PDF-1.7 and so on";
    let file = "Name,E-mail\nAnn,ann@b.example\n";
    for (profile_file, options, remark) in [
        (pdf, &[][..], "ein PDF"),
        ("\u{0}\u{1}\u{2}\u{3}\u{0}\u{1}\u{2}\u{3}binary\u{0}\u{1}", &[], "Binärdaten"),
        (file, &[("replace", "perhaps")], "nimmt true oder false"),
        (file, &[("map.Mail", "email")], "die Datei hat keine solche Überschrift"),
        (file, &[("rows", "one")], "nimmt Zeilennummern und Bereiche"),
        (file, &[("max_rejected", "few")], "nimmt eine Zahl von Zeilen oder einen Anteil"),
        (file, &[("columns", "name,nothing")], "kein solches Feld"),
    ] {
        let host = TestHost::with_acme();
        host.program("acme", "locale = 'de'\n");
        let imported = import(&host, "prospects", profile_file, options);
        let verdict = &imported.upload.verdict;
        assert!(verdict.errors.iter().any(|error| error.message.contains(remark)), "{remark}: {verdict:?}");
    }
}

#[test]
fn domains_that_may_be_notified_are_checked_when_settings_are_read() {
    let host = TestHost::with_acme();
    host.program("acme", "locale = 'pt'\nnotify_domains = ['@acme.example']\n");
    let imported = import(&host, "prospects", "Name,E-mail\nAnn,ann@b.example\n", &[]);
    assert_eq!(imported.file_codes(), ["settings_invalid"]);
    // The language is a setting too, so the message is English; its other languages are there.
    let message = imported.upload.verdict.errors[0].messages.get(Locale::Pt);
    assert!(message.contains("notify_domains: aceita domínios"), "{message}");
}

#[test]
fn a_preview_tells_totals_and_the_nearest_known_values() {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nGold\nSilver\n");
    host.import("prospects", "Name,E-mail\nAnn,p0@b.example\n");
    let mut file = String::from("Name,E-mail,Group\n");
    for row in 0..1_200 {
        let group = ["", "Gold", "Glod", "zzz"][row % 4];
        file.push_str(&format!("N{row},p{row}@b.example,{group}\n"));
    }
    let preview = host.preview_of("prospects", file.as_bytes(), &[]);
    assert_eq!(preview.rows_total, Some(1_200));
    let statuses = preview.statuses;
    assert_eq!((statuses.looked_at, statuses.absent, statuses.exists, statuses.error), (1_200, 599, 1, 600));
    let unknown: Vec<_> = (preview.unknown_values["group"].iter())
        .map(|one| (one.value.as_str(), one.count, one.nearest.as_deref()))
        .collect();
    assert_eq!(unknown, [("Glod", 300, Some("Gold")), ("zzz", 300, None)]);
    let profile: ProfileName = "leads".parse().unwrap();
    host.directory("acme", "owners", "owner_id,name\n3,Ana Souza\n");
    host.directory("acme", "companies", "company_id,name\n5,Orion Ltda\n");
    let leads = "Last name,E-mail,Owner,Company\nA,a@b.example,Ana Sousa,Orion\nB,b@b.example,ANA SOUZA,\n";
    let preview = host.preview_of(profile.as_str(), leads.as_bytes(), &[]);
    let owners: Vec<_> =
        preview.unknown_values["owner"].iter().map(|one| (&*one.value, one.nearest.as_deref())).collect();
    assert_eq!(owners, [("Ana Sousa", Some("Ana Souza")), ("ANA SOUZA", Some("Ana Souza"))]);
}
