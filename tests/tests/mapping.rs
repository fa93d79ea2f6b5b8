//! Columns to fields: several columns for one, options that are kept, values that stand for others.

use pollster::block_on;
use rollcall_pipeline::ports::Objects;
use rollcall_tests::test_host::{Course, Imported, ResultRow, TestHost};

fn import(host: &TestHost, profile: &str, file: impl AsRef<[u8]>, options: &[(&str, &str)]) -> Imported {
    host.import_with(profile, file, options, &Course::default())
}

/// Each contact's name, address and phones.
fn people(host: &TestHost) -> Vec<(String, String, String)> {
    let person = |record: rollcall_domain::contacts::contact::Record| {
        (record.name, record.email, record.phones.join(" "))
    };
    host.records().into_iter().map(person).collect()
}

fn warnings(imported: &Imported) -> Vec<String> {
    imported.succeeded_rows().into_iter().map(|row| row["rollcall_warnings"].clone()).collect()
}

#[test]
fn the_first_filled_column_fills_the_field() {
    let phone = "+5511912345678";
    for (file, name, told) in [
        ("Name,Company,E-mail\nAnn,One,a@b.example\n", "Ann", ""),
        ("Name,Company,E-mail\n,One,a@b.example\n", "One", ""),
        ("First name,Last name,Company,E-mail\nAnn,Bee,One,a@b.example\n", "Ann Bee", ""),
        ("Nom,Prénom,E-mail\nBee,Ann,a@b.example\n", "Ann Bee", ""),
        ("Nome,Sobrenome,E-mail\nAnn,Bee,a@b.example\n", "Ann Bee", ""),
        ("Nachname,Vorname,Firma,E-Mail\n,,One,a@b.example\n", "One", ""),
        ("Name,First name,Last name,E-mail\n,Ann,Bee,a@b.example\n", "Ann Bee", ""),
        ("Name,E-mail,Mail\nAnn,a@b.example,A@B.example\n", "Ann", "email:value_several"),
        ("Name,E-mail,Mail\nAnn,a@b.example,a@b.example\n", "Ann", ""),
        ("Name,E-mail,Mail\nAnn,,a@b.example\n", "Ann", ""),
        ("Name,E-mail,Mail\nAnn,a@b.example,c@d.example\n", "Ann", "email:value_several"),
        ("Contact,,Company\nName,E-mail,Company\nAnn,a@b.example,One\n", "Ann", ""),
    ] {
        let host = TestHost::with_acme();
        let imported = import(&host, "prospects", file, &[]);
        assert_eq!(imported.status(), "completed", "{file} {:?}", imported.file_codes());
        assert_eq!(people(&host), [(name.to_owned(), "a@b.example".to_owned(), String::new())], "{file}");
        let same = told.contains("several") && file.contains("A@B.example");
        // Whether two addresses are one is for the cleaner to say.
        assert!(same || warnings(&imported) == [told], "{file} {:?}", warnings(&imported));
    }
    for (file, profile) in [
        ("Name;E-mail;Telefone (com DDD);Celular\nAnn;a@b.example;;11 91234-5678\n", "prospects"),
        ("Nome;Telefone;Celular\nAnn;;11 91234-5678\n", "mailing"),
        ("Nome;Telefone;Telefone\nAnn;;11 91234-5678\n", "mailing"),
        ("Nom;TELEPHONE CONTACT;MOBILE CONTACT\nAnn;;+55 11 91234-5678\n", "mailing"),
    ] {
        let host = TestHost::with_acme();
        let imported = import(&host, profile, file, &[]);
        assert_eq!(imported.status(), "completed", "{file} {:?}", imported.errors());
        assert_eq!(people(&host)[0].2, phone, "{file}");
    }
}

#[test]
fn several_values_name_the_others() {
    let host = TestHost::with_acme();
    let preview = host.preview(
        "prospects",
        "Name,E-mail,Mail,Courriel\nAnn,a@b.example,c@d.example,e@f.example\n",
        &[],
    );
    let finding = &preview.rows[0].findings[0];
    assert_eq!((finding.code.as_str(), &*finding.args["chosen"]), ("value_several", "a@b.example"));
    assert_eq!(finding.args["others"], "c@d.example, e@f.example");
    let fields: Vec<_> = preview.columns.iter().map(|column| column.field.as_deref()).collect();
    assert_eq!(fields, [Some("name"), Some("email"), Some("email"), Some("email")]);
}

#[test]
fn a_full_name_is_split_at_its_last_blank() {
    let host = TestHost::with_acme();
    host.directory("acme", "owners", "owner_id,name\n1,Olga\n");
    let file = "Full name;E-mail;Owner\nAna Maria Lima;a@b.example;Olga\nBo;b@b.example;Olga\n";
    let imported = import(&host, "leads", file, &[]);
    assert_eq!(imported.status(), "completed", "{:?}", imported.errors());
    let parts: Vec<_> = host
        .records()
        .into_iter()
        .map(|lead| (lead.fields["first_name"].clone(), lead.fields["last_name"].clone()))
        .collect();
    assert_eq!(parts, [("Ana Maria".into(), "Lima".into()), (String::new(), "Bo".into())]);
    assert_eq!(imported.upload.columns[0].fields, ["first_name", "last_name"]);
}

#[test]
fn columns_that_hold_data_and_are_not_imported_are_told() {
    let host = TestHost::with_acme();
    for (file, options, told) in [
        (
            "Name,E-mail,Cargo,Empty\nAnn,a@b.example,CEO,\n",
            &[][..],
            Some(("Cargo", "--set \"map.Cargo=<field>\"")),
        ),
        (
            "Name,E-mail,Wesbite\nAnn,a@b.example,one.example\n",
            &[],
            Some(("Wesbite", "--set \"map.Wesbite=website\"")),
        ),
        (
            "Name,E-mail,A,B\nAnn,a@b.example,1,2\n",
            &[],
            Some(("A, B", "--set \"map.A=<field>\" --set \"map.B=<field>\"")),
        ),
        ("Name,E-mail,Zzz $\nAnn,a@b.example,1\n", &[], Some(("Zzz $", "--set 'map.Zzz $=<field>'"))),
        ("Name,E-mail,Cargo\nAnn,a@b.example,CEO\n", &[("map.Cargo", "")], None),
        ("Name,E-mail,Cargo\nAnn,a@b.example, \n", &[], None),
        ("Name,E-mail,Cargo\nAnn,a@b.example,CEO\n", &[("columns", "name,email,")], None),
        (
            "Name,E-mail,Cargo,X\nAnn,a@b.example,CEO,1\n",
            &[("columns", "name,email")],
            Some(("Cargo, X", "--set \"columns=name,email,<field>,<field>\"")),
        ),
        (
            "Ann,a@b.example,,CEO\n",
            &[("columns", "name,email"), ("first_line", "data")],
            Some(("column_4", "--set \"columns=name,email,,<field>\"")),
        ),
    ] {
        let imported = import(&host, "prospects", file, options);
        let finding =
            imported.upload.verdict.warnings.iter().find(|one| one.code.as_str() == "columns_unmapped");
        let shown = finding.map(|one| (one.args["fields"].as_str(), one.args["option"].as_str()));
        assert_eq!(shown, told, "{file}");
        let counted = imported.summary.warnings.iter().any(|count| count.code.as_str() == "columns_unmapped");
        assert_eq!(counted, told.is_some(), "{file}");
        assert_eq!(imported.report.contains("columns_unmapped"), told.is_some(), "{file}");
    }
    // Our own columns are none, and a profile that keeps columns loses none.
    let failed = import(&host, "prospects", "Name,E-mail\nAnn,nobody\n", &[]).failed;
    assert!(import(&host, "prospects", failed, &[]).upload.verdict.warnings.is_empty());
    host.profile("own", "extends = 'prospects'\nname = 'own'\nunknown_columns = 'keep'\n");
    assert!(
        import(&host, "own", "Name,E-mail,X\nAnn,a@b.example,1\n", &[]).upload.verdict.warnings.is_empty()
    );
}

#[test]
fn values_stand_for_others_whatever_their_case_and_blanks() {
    let host = TestHost::with_acme();
    host.directory("acme", "groups", "name\nGold\n");
    let file =
        "Name,E-mail,Group\nAnn,a@b.example,Tier  ONE\nBob,b@b.example,Gold\nCid,c@b.example,tier two\n";
    let imported = import(&host, "prospects", file, &[("value.group.tier one", "Gold")]);
    assert_eq!(imported.errors(), [(3, "group:group_unknown".to_owned())]);
    let refused = import(&host, "prospects", file, &[("value.grupo.x", "Gold")]);
    assert_eq!(refused.file_codes(), ["options_invalid"]);
    let preview = host.preview("prospects", file, &[]);
    let unknown: Vec<_> =
        preview.unknown_values["group"].iter().map(|one| (one.value.as_str(), one.count)).collect();
    assert_eq!(unknown, [("Tier ONE", 1), ("tier two", 1)]);
    assert!(preview.missing.is_empty());
    assert_eq!(host.preview("leads", "Vorname\nAnn\n", &[]).missing, ["last_name", "owner", "email, phone"]);
}

fn put(host: &TestHost, key: &str, text: &str) {
    block_on(host.home.bucket().put(key, text.as_bytes().to_vec())).unwrap();
}

#[test]
fn a_saved_mapping_holds_for_every_file_with_its_header() {
    let host = TestHost::with_acme();
    let file = "Who,Where,Note\nAnn,a@b.example,x\n";
    let first = import(&host, "prospects", file, &[]);
    assert_eq!(first.status(), "refused");
    let mapping = first.upload.mapping.clone().unwrap();
    assert!(!mapping.saved && mapping.fingerprint.len() == 16);
    let key = format!("settings/mappings/acme/prospects/{}.toml", mapping.fingerprint);
    put(&host, &key, "[map]\nWho = 'name'\nWhere = 'email'\n");
    for header in ["Who,Where,Note", "WHO, where,NOTE *"] {
        let again = import(&host, "prospects", file.replace("Who,Where,Note", header), &[]);
        assert_eq!(
            (again.status(), again.upload.mapping.as_ref().unwrap().saved),
            ("completed", true),
            "{header}"
        );
    }
    assert_eq!(host.preview("prospects", file, &[]).columns[0].field.as_deref(), Some("name"));
    // Options of the drop win, another header has nothing of it.
    let won = import(&host, "prospects", file, &[("map.Note", "name"), ("map.Who", "note")]);
    assert_eq!(won.upload.columns[0].field.as_deref(), Some("note"));
    assert_eq!(import(&host, "prospects", "Where,Who,Note\na@b.example,Ann,x\n", &[]).status(), "refused");
    put(&host, &key, "[map]\nWho = 'gone'\n");
    let invalid = import(&host, "prospects", file, &[]);
    assert_eq!(invalid.file_codes(), ["options_invalid"]);
    assert!(invalid.upload.verdict.errors[0].message.contains(&mapping.fingerprint));
}

#[test]
fn a_failed_file_comes_back_with_no_option_as_if_with_all() {
    let file = "Who,Where,Tier,Rest\nAnn,nobody,one,x\nBob,b@b.example,one,y\n";
    let headless = "Ann,nobody,one\nBob,b@b.example,one\n";
    for (file, options) in [
        (
            file,
            &[
                ("map.Who", "name"),
                ("map.Where", "email"),
                ("map.Tier", "group"),
                ("map.Rest", ""),
                ("value.group.one", "Gold"),
            ][..],
        ),
        (file, &[("columns", "name,email,group,note"), ("value.group.one", "Gold")]),
        (headless, &[("columns", "name,email,group"), ("first_line", "data"), ("value.group.one", "Gold")]),
        (
            "A & B,E-mail,100 % = all,Group\nAnn,nobody,x,one\nBob,b@b.example,x,one\n",
            &[("map.A & B", "name"), ("map.100 % = all", "note"), ("value.group.one", "Gold")],
        ),
    ] {
        let host = TestHost::with_acme();
        host.directory("acme", "groups", "name\nGold\n");
        let first = import(&host, "prospects", file, options);
        assert_eq!(first.status(), "completed_with_errors", "{options:?}");
        let fields = |imported: &Imported| {
            imported
                .upload
                .columns
                .iter()
                .map(|column| column.field.clone())
                .filter(|field| field.is_some())
                .collect::<Vec<_>>()
        };
        let mended = String::from_utf8(first.failed.clone())
            .unwrap()
            .replace("nobody", "a@b.example")
            .replace(",1,1,rejected", ",1,2,rejected");
        // Twice over: what comes back fails again, and comes back again.
        let once = import(&host, "prospects", first.failed.clone(), &[]);
        assert_eq!(once.errors(), [(1, "email:email_invalid".to_owned())], "{options:?}");
        let twice = String::from_utf8(once.failed.clone()).unwrap();
        assert_eq!(twice.replace("nobody", "a@b.example"), mended, "{options:?}");
        let back = import(&host, "prospects", mended, &[]);
        assert_eq!(
            (back.status(), fields(&back)),
            ("completed", fields(&first)),
            "{options:?} {:?}",
            back.errors()
        );
        let row: ResultRow = back.succeeded_rows().remove(0);
        assert_eq!(row["rollcall_outcome"], "created");
        let groups: Vec<_> = people(&host).into_iter().map(|person| person.0).collect();
        assert_eq!(groups, ["Ann", "Bob"]);
    }
}

/// Whoever makes a file must not choose what else its import does: a header such as that of `failed.csv` is only words.
#[test]
fn a_header_brings_no_option_but_those_that_a_result_file_carries() {
    for option in [
        "replace=true",
        "notify=a@evil.example",
        "dry_run=true",
        "rows=1",
        "cell.1.name=Eve",
        "max_removed=100%25",
        "max_rejected=1",
        "columns=name,email",
        "delimiter=;",
        "mode=update&replace=true",
    ] {
        let host = TestHost::with_acme();
        import(&host, "mailing", "name;phone_1\nAnn;11961230001\nBob;11961230002\n", &[]);
        let file = format!("name;phone_1;rollcall_row;\"rollcall_options?{option}\"\nCid;11961230003;1;\n");
        let imported = import(&host, "mailing", file, &[]);
        assert_eq!(
            (imported.status(), imported.file_codes()),
            ("refused", vec!["options_invalid"]),
            "{option}"
        );
        assert_eq!(people(&host).len(), 2, "{option}");
    }
}

#[test]
fn a_saved_mapping_holds_no_option_of_one_drop_and_writes_to_nobody_else() {
    let file = "Who,Where\nAnn,a@b.example\n";
    for (option, code) in [
        ("notify = 'a@evil.example'", "options_invalid"),
        ("'cell.1.name' = 'Eve'", "options_invalid"),
        ("rows = '1'", "options_invalid"),
        ("dry_run = true", "options_invalid"),
        ("replace = true", "options_invalid"),
        ("delimiter = ';'", "options_invalid"),
        ("notify = 'team@acme.example'", ""),
        ("mode = 'create'", ""),
    ] {
        let host = TestHost::with_acme();
        host.program("acme", "title = 'Acme'\nregion = 'BR'\nnotify = ['team@acme.example']\n");
        let fingerprint = import(&host, "prospects", file, &[]).upload.mapping.unwrap().fingerprint;
        let key = format!("settings/mappings/acme/prospects/{fingerprint}.toml");
        put(&host, &key, &format!("{option}\n[map]\nWho = 'name'\nWhere = 'email'\n"));
        let imported = import(&host, "prospects", file, &[]);
        assert_eq!(imported.file_codes().first().copied().unwrap_or_default(), code, "{option}");
        assert_eq!(imported.status() == "completed", code.is_empty(), "{option}");
    }
}

/// Rows that an option rejected are rejected again when they come back as they are.
#[test]
fn a_failed_file_is_judged_as_its_rows_were() {
    let host = TestHost::with_acme();
    host.directory("acme", "agents", "login,name\nag1,Ana\n");
    let file = "name;agent;phone_1\nBob;ag9;+5511912340001\n";
    let first = import(&host, "mailing", file, &[("validate_agent", "true")]);
    let again = import(&host, "mailing", first.failed.clone(), &[]);
    assert_eq!((first.errors(), again.errors()), (first.errors(), first.errors()));
    assert_eq!(first.errors(), [(1, "agent:agent_unknown".to_owned())]);

    host.directory("acme", "owners", "owner_id,name\n1,Kim\n2,Kim\n");
    let file = "Last name,E-mail,Owner\nA,nobody,Kim\n";
    let first = import(&host, "leads", file, &[("ambiguous", "first")]);
    let again = import(&host, "leads", first.failed.clone(), &[]);
    assert_eq!((first.errors(), again.errors()), (first.errors(), first.errors()));
    assert_eq!(first.errors(), [(1, "email:email_invalid".to_owned())]);
}

#[test]
fn the_example_row_of_a_template_is_skipped() {
    let host = TestHost::with_acme();
    let profile = rollcall_domain::profile::compiled::Profile::built_in("prospects").unwrap();
    for locale in rollcall_domain::types::locale::Locale::ALL {
        let template = rollcall_domain::profile::template::template(&profile, locale).to_csv();
        let mut file = String::from_utf8(template).unwrap();
        let sign = if file.contains(';') { ";" } else { "," };
        file.push_str(&["Ann", "ann@one.example", "", "", "", "", "", ""].join(sign));
        let imported = import(&host, "prospects", file, &[]);
        let codes: Vec<_> = imported.summary.warnings.iter().map(|count| count.code.as_str()).collect();
        assert_eq!((imported.status(), codes), ("completed", vec!["example_skipped"]), "{locale}");
        assert_eq!((imported.summary.rows.skipped, host.contacts().len()), (1, 1), "{locale}");
    }
}
