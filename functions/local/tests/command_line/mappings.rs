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
