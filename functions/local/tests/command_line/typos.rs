//! A mistyped name is refused before anything is written.

use crate::GOOD;
use crate::place::Place;

#[test]
fn a_mistyped_name_is_refused_with_the_nearest_one_and_writes_nothing() {
    let place = Place::new();
    let file = place.file("good.csv", GOOD);
    let before = place.snapshot();
    for (program, profile, option, code, nearest) in [
        ("acme", "prospects", "delimeter=;", "options_invalid", "did you mean delimiter?"),
        ("acme", "prospects", "dry-rum=true", "options_invalid", "did you mean dry_run?"),
        ("acme", "prospects", "map.Email=emial", "options_invalid", "did you mean email?"),
        ("acme", "prospects", "columns=name,emali", "options_invalid", "did you mean email?"),
        ("acme", "prospect", "blank=keep", "profile_unknown", "did you mean prospects?"),
        ("acmee", "prospects", "blank=keep", "program_unknown", "did you mean acme?"),
    ] {
        let import = ["import", &file, "--program", program, "--profile", profile, "--set", option];
        place.run(&import).says(2, &[nearest]);
        let ran = place.run(&[&import[..], &["--json"]].concat());
        ran.says(2, &[nearest]);
        let json = ran.json();
        assert_eq!(
            (json["status"].as_str(), json["errors"][0]["code"].as_str()),
            (Some("refused"), Some(code))
        );
        let preview = ["preview", &file, "--program", program, "--profile", profile, "--set", option];
        place.run(&preview).says(2, &[nearest]);
        let json = place.run(&[&preview[..], &["--json"]].concat()).json();
        assert_eq!(
            (json["verdict"]["accepted"].as_bool(), json["rows"].as_array().map(Vec::len)),
            (Some(false), Some(2))
        );
        assert_eq!(json["verdict"]["errors"][0]["code"].as_str(), Some(code));
        assert!(json["error"].as_str().unwrap().contains(nearest), "{json}");
        assert_eq!(place.snapshot(), before, "{option}");
    }
}

#[test]
fn names_that_are_known_are_taken() {
    let place = Place::new();
    let file = place.file("good.csv", GOOD);
    let own = place.ok(&["profiles", "show", "prospects"]).out.replace("\"prospects\"", "\"own\"");
    place.file("rollcall-home/bucket/settings/profiles/own.toml", own);
    for (profile, option) in
        [("own", "first-line=header"), ("prospects", "map.Group="), ("own", "map.Email=email")]
    {
        place.ok(&["import", &file, "--program", "acme", "--profile", profile, "--set", option]);
    }
}

#[test]
fn an_unknown_program_makes_no_home() {
    let place = Place::empty();
    let file = place.file("good.csv", GOOD);
    let ran = place.run(&["import", &file, "--program", "acme", "--profile", "prospects", "--json"]);
    ran.says(2, &["acme", "program set"]);
    assert_eq!(ran.json()["errors"][0]["code"], "program_unknown");
    assert!(!place.path().join("rollcall-home").exists());
}
