//! `rollcall mappings`: a mapping is saved, listed, followed, and removed.

use crate::place::Place;

const FILE: &str = "Wer,Wohin,Was\nAnn,ann@x.example,Gold\n";
const MAP: [&str; 6] = ["--set", "map.Wer=name", "--set", "map.Wohin=email", "--set", "map.Was=group"];

#[test]
fn a_saved_mapping_is_listed_followed_and_removed() {
    let place = Place::new();
    let file = place.file("liste.csv", FILE);
    let id = place.import_with(&file, &MAP).json()["import_id"].as_str().unwrap().to_owned();
    let list = |program: &str| place.ok(&["mappings", "list", "--program", program, "--json"]).json();
    assert_eq!(list("acme"), serde_json::json!([]));
    let saved = place.ok(&["mappings", "save", &id]).out;
    let one = &list("acme")[0];
    let fingerprint = one["fingerprint"].as_str().unwrap();
    assert!(saved.contains(fingerprint) && fingerprint.len() == 16, "{saved} {one}");
    assert_eq!(one["profile"], "prospects");
    let options: Vec<&str> =
        one["options"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(options, ["map.Was=group", "map.Wer=name", "map.Wohin=email"]);
    assert!(place.ok(&["mappings", "list", "--program", "acme"]).out.contains(fingerprint));

    // Every file with the header follows it; what is given with a drop wins.
    let plain = place.import(&place.file("april.csv", FILE.replace("ann@", "bob@")));
    assert_eq!((plain.code, &plain.json()["rows"]["created"]), (0, &1.into()), "{plain:?}");
    let own = place.import_with(&file, &["--set", "map.Was=note"]);
    assert_eq!((own.code, &own.json()["rows"]["unchanged"]), (0, &0.into()), "{own:?}");
    place.ok(&["program", "set", "globex", "--region", "BR"]);
    let other = place.run(&["import", &file, "--program", "globex", "--profile", "prospects", "--json"]);
    assert_eq!(other.json()["errors"][0]["code"], "column_missing", "another program's is not followed");

    let remove = ["mappings", "remove", fingerprint, "--program", "acme"];
    place
        .run(&[&remove[..], &["--profile", "leads"]].concat())
        .says(2, &["no such mapping", "mappings list"]);
    assert!(place.ok(&remove).out.contains(fingerprint));
    assert_eq!(list("acme"), serde_json::json!([]));
    assert_eq!(place.import(&file).json()["errors"][0]["code"], "column_missing");
    place.run(&remove).says(2, &["no such mapping"]);
}

#[test]
fn options_that_decide_what_rows_do_are_saved_and_carried_too() {
    let place = Place::new();
    let file = place.file("liste.csv", "Name,E-mail\nAnn,ann@x.example\nBo,bo\n");
    let given = ["--set", "mode=update", "--set", "blank=clear", "--set", "max_rejected=5"];
    let answer = place.import_with(&file, &given).json();
    place.ok(&["mappings", "save", answer["import_id"].as_str().unwrap()]);
    let saved = place.ok(&["mappings", "list", "--program", "acme", "--json"]).json();
    assert_eq!(saved[0]["options"], serde_json::json!(["blank=clear", "max_rejected=5", "mode=update"]));
    // Mended and dropped again, a row is still not created.
    let failed = std::path::Path::new(answer["results"].as_str().unwrap()).join("failed.csv");
    let mended = std::fs::read_to_string(failed).unwrap().replace("Bo,bo", "Bo,bo@x.example");
    assert!(
        mended
            .lines()
            .next()
            .unwrap()
            .ends_with("rollcall_warnings,rollcall_options?mode=update&blank=clear")
    );
    place.ok(&["program", "set", "globex", "--region", "BR"]);
    let again = place.file("failed.csv", mended);
    let again =
        place.run(&["import", &again, "--program", "globex", "--profile", "prospects", "--json"]).json();
    assert_eq!(
        (&again["rows"]["rejected"], &again["errors"][0]["code"]),
        (&2.into(), &"contact_unknown".into())
    );
}

#[test]
fn an_option_may_name_a_header_without_its_qualifiers() {
    let place = Place::new();
    for header in ["Kunde *", "Kunde (required)", "Kunde [optional]", "\"Kunde\n(incl. country code)\""] {
        let file = place.file("kunden.csv", format!("{header},E-mail\nAnn,ann@x.example\n"));
        let ran = place.import_with(&file, &["--dry-run", "--set", "map.Kunde=name"]);
        assert_eq!(ran.code, 0, "{header}: {ran:?}");
    }
}

#[test]
fn what_cannot_be_saved_says_why() {
    let place = Place::new();
    let plain =
        place.import(&place.file("good.csv", crate::GOOD)).json()["import_id"].as_str().unwrap().to_owned();
    place.run(&["mappings", "save", &plain]).says(2, &["no option"]);
    place.run(&["mappings", "save", "20260101T000000000Z-aaaaaaaaaa"]).says(2, &["no such import"]);
    let data = ["--set", "first_line=data", "--set", "columns=name,email"];
    let headless = place.import_with(&place.file("data.csv", "Ann,ann@x.example\n"), &data).json();
    place.run(&["mappings", "save", headless["import_id"].as_str().unwrap()]).says(2, &["no header"]);
}

#[test]
fn a_header_with_mappings_of_several_profiles_needs_the_profile() {
    let place = Place::new();
    let owners = place.file("owners.csv", "owner_id,name\n3,Gold\n");
    place.ok(&["directory", "load", "owners", &owners, "--program", "acme"]);
    let file = place.file("liste.csv", FILE);
    let mut fingerprints = Vec::new();
    for (profile, map) in [
        ("prospects", MAP),
        ("leads", ["--set", "map.Wer=last_name", "--set", "map.Wohin=email", "--set", "map.Was=owner"]),
    ] {
        let import = ["import", &file, "--program", "acme", "--profile", profile, "--json"];
        let json = place.ok(&[&import[..], &map].concat()).json();
        let out = place.ok(&["mappings", "save", json["import_id"].as_str().unwrap()]).out;
        fingerprints.push(out.split_whitespace().nth(2).unwrap().trim_end_matches(':').to_owned());
    }
    assert_eq!(fingerprints[0], fingerprints[1]);
    let remove = ["mappings", "remove", &fingerprints[0], "--program", "acme"];
    place.run(&remove).says(2, &["--profile", "leads, prospects"]);
    place.ok(&[&remove[..], &["--profile", "leads"]].concat());
    place.ok(&remove);
}
