//! The commands that create a home and show its content.

use std::fs;

use serde_json::Value;

use crate::place::Place;
use crate::{GOOD, MIXED};

#[test]
fn a_program_keeps_what_is_not_given() {
    let place = Place::empty();
    place.ok(&["program", "set", "acme", "--title", "Acme", "--region", "br", "--locale", "pt-BR"]);
    place.ok(&["program", "set", "acme", "--time-zone", "America/Sao_Paulo", "--sender", "a@acme.example"]);
    let file = place.path().join("rollcall-home/bucket/settings/acme.toml");
    let text = fs::read_to_string(&file).unwrap();
    for line in ["title = \"Acme\"", "region = \"BR\"", "locale = \"pt\"", "time_zone", "sender"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    for (arguments, words) in [
        (["acme", "--region", "Brazil"], "two letters"),
        (["acme", "--locale", "klingon"], "en, pt, de, fr, es"),
        (["acme", "--time-zone", "Mars/Base"], "IANA"),
        (["acme", "--notify", "nobody"], "e-mail"),
        (["A B", "--title", "x"], "a-z"),
    ] {
        place.run(&[&["program", "set"][..], &arguments].concat()).says(2, &[words]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn broken_settings_and_profiles_say_where() {
    let place = Place::new();
    let good = place.file("good.csv", GOOD);
    let settings =
        place.file("rollcall-home/bucket/settings/acme.toml", "title = 'Acme'\nlocale = 'klingon'\n");
    let ran = place.import(&good);
    ran.says(2, &["line 2"]);
    assert_eq!(ran.json()["errors"][0]["code"], "settings_invalid");
    place.run(&["program", "set", "acme", "--title", "New"]).says(2, &["line 2", "mend"]);
    fs::write(settings, "region = 'BR'\n").unwrap();
    let own = "extends = 'prospects'\nname = 'own'\n[[fields]]\nname = 'colour'\nkind = 'paint'\n";
    let own = place.file("rollcall-home/bucket/settings/profiles/own.toml", own);
    let ran = place.run(&["import", &good, "--program", "acme", "--profile", "own", "--json"]);
    ran.says(2, &["line 5"]);
    assert_eq!(ran.json()["errors"][0]["code"], "settings_invalid");
    place.run(&["profiles", "check", &own]).says(2, &["line 5", "paint"]);
    place.run(&["profiles", "show", "own"]).says(2, &["line 5"]);
    assert!(place.ok(&["profiles", "list"]).out.contains("not valid"));
}

#[test]
fn profiles_are_listed_shown_and_checked() {
    let place = Place::empty();
    let list = place.ok(&["profiles", "list"]).out;
    for name in ["prospects", "partners", "mailing", "leads", "accounts"] {
        assert!(list.contains(name), "{name}: {list}");
        let shown = place.ok(&["profiles", "show", name]).out;
        let file = place.file(&format!("{name}.toml"), shown);
        place.ok(&["profiles", "check", &file]);
    }
    place.run(&["profiles", "show", "nothing"]).says(2, &["nothing"]);
    place.run(&["profiles", "check", "nope.toml"]).says(2, &["no such file"]);
    place
        .run(&["profiles", "check", &place.file("bad.toml", b"name = '\xff'")])
        .says(2, &["line 1", "UTF-8"]);
    assert!(!place.path().join("rollcall-home").exists());
}

#[test]
fn directory_loads_count_and_answer_like_imports() {
    let place = Place::new();
    let bad = place.file("groups2.csv", "name,workflow,accept,invite\nSilver,,never,\nGold,,,\nTin,,,\n");
    let ran = place.run(&["directory", "load", "groups", &bad, "--program", "acme", "--json"]);
    let json = ran.json();
    assert_eq!((ran.code, &json["profile"]), (1, &"directory/groups".into()));
    assert_eq!(
        (&json["rows"]["updated"], &json["rows"]["created"], &json["rows"]["rejected"]),
        (&1.into(), &1.into(), &1.into())
    );
    place.run(&["directory", "load", "groups", &bad]).says(2, &["--program"]);
    place.run(&["directory", "load", "colours", &bad, "--program", "acme"]).says(2, &["colours", "owners"]);
    place
        .run(&["directory", "load", "tags", "nope.csv", "--program", "acme", "--json"])
        .says(2, &["no such file"]);
    place.run(&["directory", "load", "tags", &bad, "--program", "nobody", "--json"]).says(2, &["nobody"]);
}

#[test]
fn imp_12_15_18_25_contacts_are_shown_as_the_directory_is_now() {
    let place = Place::new();
    let accounts = "account_id,name,email,website,phone,document,region,activity,created_at,partner_of\n\
        A1,Ann Ltd,office@ann.example,,,,,1,2020-01-01,other\nA2,Ann Old,office@ann.example,,,,,0,2019-01-01,\n";
    let accounts = place.file("accounts.csv", accounts);
    place.ok(&["directory", "load", "accounts", &accounts, "--program", "ignored"]);
    let rows = "Name,Email,Account ID,Group\nAnn,own@ann.example,A1,Gold\nBob,bob@x.example,,\n";
    assert_eq!(place.import(&place.file("rows.csv", rows)).code, 0);
    let contacts = place.contacts();
    let ids: Vec<_> = contacts.iter().map(|contact| contact["contact_id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 26), "{ids:?}");
    let find = |contacts: &[Value], name: &str| {
        contacts.iter().find(|contact| contact["custom_contact"] == name).unwrap().clone()
    };
    let ann = find(&contacts, "own@ann.example");
    assert_eq!((&ann["name"], &ann["email"]), (&Value::from("Ann Ltd"), &Value::from("o***@***.example")));
    // IMP-19: a mask reaches nobody.
    assert_eq!(ann["memberships"][0]["invite_to"], "own@ann.example");
    assert_eq!(
        (&ann["status"], &ann["invite_to"]),
        (&Value::from("prospect"), &Value::from("own@ann.example"))
    );
    for field in
        ["fields", "program", "profile", "phones", "account_id", "groups", "tags", "additional", "import_id"]
    {
        assert!(ann.get(field).is_some(), "{field}");
    }
    let bob = find(&contacts, "bob@x.example");
    assert_eq!(
        (&bob["name"], &bob["account_id"], &bob["invite_to"]),
        (&"Bob".into(), &Value::Null, &"bob@x.example".into())
    );
    let token = ann["invitation"].as_str().unwrap();
    let sign_up = |account: &str| {
        let text = format!("account_id,name,email,invitation\n{account},x,x@elsewhere.example,{token}\n");
        let file = place.file("sign-ups.csv", text);
        place.ok(&["directory", "load", "sign-ups", &file, "--program", "acme"]);
        find(&place.contacts(), "own@ann.example")
    };
    assert_eq!(sign_up("A7")["status"], "prospect");
    let joined = sign_up("A1");
    assert_eq!((&joined["status"], &joined["email"]), (&"partner".into(), &"office@ann.example".into()));
    assert!(place.ok(&["contacts", "list", "--program", "acme"]).out.contains("Bob"));
    place.run(&["contacts", "list", "--program", "nobody", "--json"]).says(2, &["nobody"]);
}

#[test]
fn imports_tell_their_story() {
    let place = Place::new();
    place.run(&["imports", "list"]);
    let json = place.import(&place.file("mixed.csv", MIXED)).json();
    let id = json["import_id"].as_str().unwrap();
    let list = place.ok(&["imports", "list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().last().unwrap()["import_id"], id);
    assert!(place.ok(&["imports", "list"]).out.contains(id));
    assert_eq!(place.ok(&["imports", "show", id, "--json"]).json(), json);
    let story = place.ok(&["imports", "show", id]).out;
    for words in ["mixed.csv", "email_invalid", "failed.csv", "report.html", "taken", "group_unknown"] {
        assert!(story.contains(words), "{words}: {story}");
    }
    place.run(&["imports", "show", "nothing"]).says(2, &["no such import"]);
    place.run(&["--home", "nowhere", "imports", "list"]).says(2, &["nowhere"]);
}

#[test]
fn the_demo_runs_twice_and_its_failed_rows_come_again() {
    let place = Place::empty();
    let first = place.ok(&["demo"]);
    for words in ["report.html", "failed.csv", ".eml", "rollcall --home", "email_invalid"] {
        assert!(first.out.contains(words), "{words}: {first:?}");
    }
    assert!(place.ok(&["demo"]).out.contains("demo-2"));
    let again = first.out.lines().find(|line| line.contains("failed.csv --program")).unwrap().trim();
    let again: Vec<&str> = again.split(' ').skip(1).collect();
    assert_eq!(place.run(&again).code, 1, "{again:?}");
}

#[test]
fn what_fails_is_a_document_too_where_one_is_asked_for() {
    let place = Place::new();
    let file = place.file("good.csv", GOOD);
    let unusable = place.file("no-home", "a file");
    let import = ["import", &file, "--program", "acme", "--profile", "prospects", "--json"];
    for arguments in [
        ["imports", "show", "nope", "--json"].as_slice(),
        &["imports", "list", "--json", "--home", &unusable],
        &["contacts", "list", "--program", "acme", "--json", "--home", &unusable],
        &["contacts", "list", "--program", "nobody", "--json"],
        &["directory", "load", "groups", &file, "--json"],
        &["imports", "list", "--json", "--bogus"],
        &["program", "set", "acme", "--json"],
        &[import.as_slice(), &["--bogus"]].concat(),
        &[import.as_slice(), &["--set", "nonsense"]].concat(),
    ] {
        let ran = place.run(arguments);
        ran.says(2, &["rollcall: "]);
        let said = ran.err.trim_end().strip_prefix("rollcall: ").unwrap();
        assert_eq!(ran.json(), serde_json::json!({ "error": said }), "{arguments:?}");
    }
    for arguments in [["imports", "show", "nope"].as_slice(), &["imports", "list", "--", "--json"]] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
    }
    place.preview("nope.csv").json();
    assert_eq!(place.import("nope.csv").json()["status"], "failed");
}

#[test]
fn help_and_version_are_answers() {
    let place = Place::empty();
    assert!(place.ok(&["--version"]).out.starts_with("rollcall "));
    for arguments in
        [&["--help"][..], &["import", "--help"], &["directory", "load", "--help"], &["help", "preview"]]
    {
        assert!(place.ok(arguments).out.contains("Usage:"), "{arguments:?}");
    }
    assert_eq!(place.run(&[]).code, 2);
    assert_eq!(place.run(&["imports"]).code, 2);
}
