//! `rollcall contacts` and suppressions, on the real binary: every command opens the home anew.

use std::fs;

use calamine::{Data, Reader, Xlsx, open_workbook};
use serde_json::Value;

use crate::place::{Place, Ran};

const PEOPLE: &str = "Name,Email,Phone,Group,Note\nJosé Łuz,jose@x.example,(11) 96123-4567,Gold,\"=1+1\"\n\
    Ann,ann@x.example,,,\"'=kept\"\nBob,bob@y.example,,Gold,\"a;b,\"\"c\"\"\"\n";

fn list(place: &Place, more: &[&str]) -> Ran {
    place.run(&[&["contacts", "list", "--program", "acme"], more].concat())
}

fn names(place: &Place, more: &[&str]) -> Vec<String> {
    let ran = list(place, &[more, &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let mut names: Vec<String> =
        ran.out.lines().map(|line| json(line)["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn two_profiles() -> (Place, String) {
    let place = Place::new();
    let owners = place.file("owners.csv", "owner_id,name\n1,Ana Souza\n");
    place.ok(&["directory", "load", "owners", &owners, "--program", "acme"]);
    assert_eq!(place.import(&place.file("people.csv", PEOPLE)).code, 0);
    let leads = place.file(
        "leads.csv",
        "First name,Last name,Email,Company,Owner\nCid,Dias,cid@x.example,Müller Söhne,Ana Souza\n",
    );
    let ran = place.ok(&["import", &leads, "--program", "acme", "--profile", "leads", "--json"]);
    let import = ran.json()["import_id"].as_str().unwrap().to_owned();
    (place, import)
}

#[test]
fn contacts_are_filtered() {
    let (place, import) = two_profiles();
    assert_eq!(names(&place, &[]), ["Ann", "Bob", "Cid Dias", "José Łuz"]);
    for (filter, found) in [
        (&["--profile", "leads"][..], &["Cid Dias"][..]),
        (&["--group", "gold"], &["Bob", "José Łuz"]),
        (&["--import", &import], &["Cid Dias"]),
        (&["--search", "jose LUZ"], &["José Łuz"]),
        (&["--search", "96123-4567"], &["José Łuz"]),
        (&["--search", "Y.example"], &["Bob"]),
        (&["--search", "muller"], &["Cid Dias"]),
        (&["--search", "nobody"], &[]),
        (&["--profile", "prospects", "--group", "Gold", "--search", "bob"], &["Bob"]),
    ] {
        assert_eq!(names(&place, filter), found, "{filter:?}");
    }
    list(&place, &["--group", "Silver"]).says(2, &["Silver", "directory list groups"]);
    list(&place, &["--profile", "prospect"]).says(2, &["prospects"]);
    list(&place, &["--import", "nothing"]).says(2, &["nothing"]);
    list(&place, &["--csv"]).says(2, &["--profile", "leads", "prospects"]);
}

#[test]
fn people_see_a_part_and_are_told_so() {
    let place = Place::new();
    let rows: String = (0..130).map(|number| format!("N{number},n{number}@x.example\n")).collect();
    assert_eq!(place.import(&place.file("many.csv", format!("Name,Email\n{rows}"))).code, 0);
    let shown = list(&place, &[]).out;
    assert_eq!(shown.lines().filter(|line| line.contains("@x.example")).count(), 100);
    assert!(shown.contains("first 100") && shown.contains("--limit") && shown.contains("--json"), "{shown}");
    let all = list(&place, &["--limit", "130"]).out;
    assert_eq!(all.lines().filter(|line| line.contains("@x.example")).count(), 130);
    assert!(!all.contains("--limit"), "{all}");
    assert_eq!(list(&place, &["--json"]).out.lines().count(), 130, "a program gets all");
    assert_eq!(list(&place, &["--json", "--limit", "7"]).out.lines().count(), 7);
    assert_eq!(list(&place, &["--csv"]).out.lines().count(), 131);
}

/// Imports a list again and wants nothing changed.
fn comes_back_unchanged(place: &Place, profile: &str, file: &str) {
    // A row whose identity occurs several times is stamped by its import, changed or not.
    let contacts = || {
        let mut contacts = place.contacts();
        contacts.iter_mut().for_each(|contact| _ = contact.as_object_mut().unwrap().remove("import_id"));
        contacts
    };
    let before = contacts();
    let ran = place.run(&["import", file, "--program", "acme", "--profile", profile, "--json"]);
    let rows = &ran.json()["rows"];
    assert_eq!(ran.code, 0, "{ran:?}");
    let taken = rows["unchanged"].as_u64().unwrap() + rows["merged"].as_u64().unwrap();
    assert_eq!(rows["read"].as_u64(), Some(taken), "{profile}: {rows}");
    assert_eq!(contacts(), before, "{profile}");
}

#[test]
fn an_export_is_imported_again_and_changes_nothing() {
    let place = Place::new();
    let load = |kind: &str, text: &str| {
        let file = place.file(&format!("{kind}.csv"), text);
        place.ok(&["directory", "load", kind, &file, "--program", "acme"]);
    };
    load("owners", "owner_id,name\n1,Ana Souza\n");
    load("tags", "name\nVIP\nNew\n");
    load("groups", "name\nSilver\n");
    for (profile, text) in [
        ("prospects", PEOPLE.replace("Gold,\"a", "Silver,\"a") + "Bob,bob@y.example,,Gold,\n"),
        (
            "mailing",
            "name;phone_1;phone_2;schedule_date\nAnn;+5511961234567;+5511961234568;2026-12-31\n".into(),
        ),
        ("leads", "last_name,email,owner,note\nDias,cid@x.example,Ana Souza,\"+1 call\nnow\"\n".into()),
        (
            "accounts",
            "customer_type,document_type,document_number,first_surname,first_name,email,tags,=Colour,Size\n\
             person,CC,52.345.678,Gomez,Ann,ann@x.example,\"VIP, New\",=red,\n"
                .into(),
        ),
    ] {
        let file = place.file(&format!("{profile}-list.csv"), text);
        place.ok(&["import", &file, "--program", "acme", "--profile", profile]);
        let csv = list(&place, &["--profile", profile, "--csv"]).out;
        assert!(csv.starts_with('\u{feff}') && csv.ends_with("\r\n"), "{csv}");
        let unsafe_cell = |cell: &str| cell.trim_start_matches('"').starts_with(['=', '@']);
        assert!(!csv.split([',', ';', '\n']).any(unsafe_cell), "{csv}");
        comes_back_unchanged(&place, profile, &place.file(&format!("{profile}-again.csv"), &csv));
        let workbook = place.path().join(format!("{profile}.xlsx"));
        let path = workbook.to_str().unwrap();
        assert!(list(&place, &["--profile", profile, "--xlsx", path]).out.contains("is written"));
        comes_back_unchanged(&place, profile, path);
        let mut workbook: Xlsx<_> = open_workbook(&workbook).unwrap();
        let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
        assert!(sheet.cells().all(|(_, _, cell)| matches!(cell, Data::String(_) | Data::Empty)));
        list(&place, &["--profile", profile, "--xlsx", path]).says(2, &["exists"]);
    }
    // A contact in two groups has two lines.
    assert_eq!(list(&place, &["--profile", "prospects", "--csv"]).out.matches("bob@y.example").count(), 4);
}

#[test]
fn an_export_of_nothing_is_a_header() {
    let place = Place::new();
    let csv = list(&place, &["--profile", "leads", "--csv"]).out;
    assert!(csv.lines().count() == 1 && csv.contains("last_name") && csv.contains("rollcall_row"), "{csv}");
    assert_eq!(list(&place, &["--csv"]).out.lines().count(), 1);
}

#[test]
fn suppressions_hold_from_one_command_to_the_next() {
    let place = Place::new();
    let own = place.file("own.csv", "E-mail,Motivo\nann@x.example,unsubscribed\n");
    place.ok(&["directory", "load", "suppressions", &own, "--program", "acme"]);
    let of_all = place.file("all.csv", "email,phone,reason\nbob@y.example,,complaint\n");
    let ran = place.ok(&["directory", "load", "suppressions", &of_all, "--json"]);
    assert_eq!((&ran.json()["program"], &ran.json()["rows"]["created"]), (&"_marketplace".into(), &1.into()));
    let file = place.file("people.csv", PEOPLE);
    let preview = place.preview(&file).json();
    let status = |row: usize| preview["rows"][row]["status"].clone();
    assert_eq!([status(0), status(1), status(2)], ["", "error", "error"].map(Value::from));
    let ran = place.import(&file);
    assert_eq!(ran.code, 1);
    let json = ran.json();
    assert_eq!((&json["rows"]["created"], &json["rows"]["rejected"]), (&1.into(), &2.into()));
    assert_eq!(json["errors"][0]["code"], "suppressed");
    let failed = format!("{}/failed.csv", json["results"].as_str().unwrap());
    assert_eq!(place.import(&failed).json()["rows"]["rejected"], 2);
    let tables = fs::read(place.path().join("rollcall-home/rollcall.sqlite")).unwrap();
    let has = |text: &str| tables.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!has("ann@x.example") && !has("bob@y.example") && has("jose@x.example"));
}

/// Every file of the home that shows one of these texts.
fn shows(place: &Place, texts: &[&str]) -> Vec<String> {
    let has = |bytes: &[u8], text: &&str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let files =
        place.snapshot().into_iter().filter(|(path, _)| path.starts_with(place.path().join("rollcall-home")));
    let showing = files.filter(|(_, bytes)| texts.iter().any(|text| has(bytes, text)));
    showing.map(|(path, _)| path.strip_prefix(place.path()).unwrap().to_str().unwrap().to_owned()).collect()
}

/// A contact that was created, updated, rejected once, and imported beside another one.
fn with_history() -> (Place, String) {
    let place = Place::new();
    let created =
        "Name,Email,Phone,Group\nJane Roe,jane@roe.example,(11) 96123-4567,Gold\nBob,bob@y.example,,\n";
    assert_eq!(place.import(&place.file("created.csv", created)).code, 0);
    let updated = "Name,Email,Phone,Group\nJane Doe,Jane@ROE.example,,\nJane Doe,jane@roe.example,,nobody\nCid,cid@,,\n";
    assert_eq!(place.import(&place.file("updated.csv", updated)).code, 1);
    let contacts = place.contacts();
    let jane = contacts.iter().find(|contact| contact["email"] == "jane@roe.example").unwrap();
    (place, jane["contact_id"].as_str().unwrap().to_owned())
}

#[test]
fn an_erased_contact_is_gone_and_suppressed() {
    let (place, id) = with_history();
    let erase = |more: &[&str]| place.run(&[&["contacts", "erase", &id, "--program", "acme"], more].concat());
    let json = erase(&["--json"]).json();
    assert_eq!((&json["erased"], &json["suppressed"]), (&true.into(), &2.into()));
    assert_eq!(place.contacts().len(), 1);
    assert!(!shows(&place, &["jane@roe.example", "961234567"]).iter().any(|file| file.contains("sqlite")));
    let held: Vec<&str> =
        json["holding"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    for file in ["succeeded.csv", "changes.csv", "failed.csv", "chunks/0", "created.csv", "updated.csv"] {
        assert!(held.iter().any(|key| key.ends_with(file)), "{file}: {held:?}");
    }
    // Every file that shows it was named.
    for file in shows(&place, &["jane@roe.example", "Jane@ROE.example", &id]) {
        let key = file.trim_start_matches("rollcall-home/").trim_start_matches("bucket/");
        assert!(held.contains(&key) || key.starts_with("erased/"), "{file} is not among {held:?}");
    }
    for row in ["Jane,jane@roe.example,\n", "Other,other@x.example,+55 11 96123-4567\n"] {
        let again = place.import(&place.file("again.csv", format!("Name,Email,Phone\n{row}")));
        assert_eq!(again.json()["errors"][0]["code"], "suppressed", "{row}");
    }
    let list = place.ok(&["directory", "list", "suppressions", "--program", "acme", "--json"]).json();
    let counts = serde_json::json!([{"program": "acme", "reason": "erased", "emails": 1, "phones": 1}]);
    assert_eq!(list, counts);
    let again = erase(&["--json"]).json();
    assert_eq!((&again["erased"], again["holding"].as_array().unwrap().is_empty()), (&false.into(), false));
}

#[test]
fn an_undo_brings_back_nothing_of_an_erased_contact() {
    let (place, id) = with_history();
    let updating =
        place.ok(&["imports", "list", "--json"]).json()[2]["import_id"].as_str().unwrap().to_owned();
    place.ok(&["contacts", "erase", &id, "--program", "acme", "--allow-again"]);
    // A later import brings it back with the very value that the undone one wrote.
    let again = "Name,Email\nJane Doe,jane@roe.example\n";
    assert_eq!(place.import(&place.file("again.csv", again)).code, 0);
    let before = place.contacts();
    for dry_run in [&["--dry-run"][..], &[]] {
        let undo = place.run(&[&["undo", &updating, "--json"][..], dry_run].concat()).json();
        assert_eq!((&undo["rows"]["kept"], &undo["rows"]["restored"]), (&1.into(), &0.into()), "{undo}");
        let folder = place.path().join("rollcall-home/bucket/imports/acme");
        let undone =
            fs::read_to_string(folder.join(undo["import_id"].as_str().unwrap()).join("undone.csv")).unwrap();
        assert!(undone.contains(",erased"), "{undone}");
        assert_eq!(place.contacts(), before);
    }
}

#[test]
fn everywhere_empties_its_rows_and_the_totals_add_up() {
    let (place, id) = with_history();
    let before = place.ok(&["imports", "list", "--json"]).json();
    let ran = place.ok(&["contacts", "erase", &id, "--program", "acme", "--everywhere", "--json"]);
    let json = ran.json();
    let held = json["holding"].as_array().unwrap();
    assert!(
        held.iter().all(|one| ["as_sent", "mail"].contains(&one["reason"].as_str().unwrap())),
        "{held:?}"
    );
    assert!(json["emptied"].as_array().unwrap().len() >= 5, "{json}");
    for file in shows(&place, &["jane@roe.example", "Jane", "961234567", &id]) {
        let allowed = ["/inbox/", "/outbox/", "/erased/"].iter().any(|folder| file.contains(folder));
        assert!(allowed, "{file} still shows it");
    }
    assert_eq!(place.ok(&["imports", "list", "--json"]).json(), before, "totals are what they were");
    // The other rows are what they were, and each row still is in exactly one file.
    let results = |import: usize| {
        let id = before[import]["import_id"].as_str().unwrap();
        let folder = place.path().join("rollcall-home/bucket/imports/acme").join(id);
        ["succeeded.csv", "failed.csv"].map(|name| fs::read_to_string(folder.join(name)).unwrap())
    };
    let [succeeded, failed] = results(1);
    assert_eq!((succeeded.lines().count(), failed.lines().count()), (3, 1));
    assert!(
        succeeded.contains("Bob,bob@y.example") && succeeded.contains(",,,,1,2,created,,"),
        "{succeeded}"
    );
    let [_, failed] = results(2);
    assert_eq!(failed.lines().count(), 3);
    assert!(failed.contains("group:group_unknown") && failed.contains("cid@"), "{failed}");
    let again = place.ok(&["contacts", "erase", &id, "--program", "acme", "--everywhere", "--json"]).json();
    assert_eq!(again["erased"], false);
}

#[test]
fn who_is_allowed_again_comes_back_as_new() {
    let (place, id) = with_history();
    let said = place.ok(&["contacts", "erase", &id, "--program", "acme", "--allow-again"]).out;
    assert!(said.contains("may bring it back") && said.contains("--everywhere"), "{said}");
    let again = place.import(&place.file("again.csv", "Name,Email\nJane,jane@roe.example\n")).json();
    assert_eq!(again["rows"]["created"], 1);
    let contact = place.contacts().into_iter().find(|contact| contact["contact_id"] == *id).unwrap();
    assert_eq!(
        (&contact["groups"], &contact["phones"]),
        (&Value::from(Vec::<Value>::new()), &Value::Array(vec![]))
    );
}

#[test]
fn what_cannot_be_erased_is_said() {
    let (place, id) = with_history();
    let erase = |id: &str, program: &str| place.run(&["contacts", "erase", id, "--program", program]);
    erase("nonsense", "acme").says(2, &["no such contact"]);
    erase(&"a".repeat(26), "acme").says(2, &["no such contact"]);
    erase(&id, "nobody").says(2, &["nobody"]);
    place.ok(&["program", "set", "other"]);
    erase(&id, "other").says(2, &["no such contact"]);
    assert_eq!(place.contacts().len(), 2);
}

#[test]
fn programs_and_the_directory_are_listed() {
    let place = Place::new();
    place.ok(&["program", "set", "beta", "--title", "Beta", "--locale", "de"]);
    let list = place.ok(&["program", "list", "--json"]).json();
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|one| one["program"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme", "beta"]);
    assert!(place.ok(&["program", "list"]).out.contains("Beta"));
    let shown = place.ok(&["program", "show", "acme", "--json"]).json();
    assert_eq!((&shown["region"], &shown["notify"][0]), (&"BR".into(), &"ops@acme.example".into()));
    assert!(place.ok(&["program", "show", "beta"]).out.contains("locale = \"de\""));
    place.run(&["program", "show", "nobody"]).says(2, &["nobody"]);

    let groups = place.ok(&["directory", "list", "groups", "--program", "acme", "--json"]).json();
    assert_eq!((&groups[0]["name"], &groups[0]["workflow"]), (&"Gold".into(), &"welcome".into()));
    assert!(place.ok(&["directory", "list", "groups", "--program", "acme"]).out.contains("on_sign_up"));
    assert_eq!(
        place.ok(&["directory", "list", "tags", "--program", "acme", "--json"]).json(),
        serde_json::json!([])
    );
    place.run(&["directory", "list", "groups"]).says(2, &["--program"]);
    let accounts =
        "account_id,name,email,partner_of\nA1,Ltd,office@ltd.example,other\nA2,Inc,office@inc.example,acme\n";
    place.ok(&["directory", "load", "accounts", &place.file("accounts.csv", accounts)]);
    let emails = |more: &[&str]| {
        let json = place.ok(&[&["directory", "list", "accounts", "--json"], more].concat()).json();
        let emails = json.as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned());
        emails.collect::<Vec<_>>()
    };
    assert_eq!(emails(&[]), ["office@ltd.example", "office@inc.example"]);
    assert_eq!(emails(&["--program", "acme"]), ["o***@***.example", "office@inc.example"]);
    let more = place.ok(&["directory", "list", "accounts", "--limit", "1"]).out;
    assert!(more.contains("A1") && !more.contains("A2") && more.contains("--limit"), "{more}");
}

#[test]
fn a_contact_is_shown_with_what_each_import_wrote() {
    let place = Place::new();
    place.run(&["program", "set", "acme"]);
    let import = |name: &str, rows: &str| {
        let file = place.file(name, format!("Name,E-mail,Note\n{rows}"));
        place.run(&["import", &file, "--program", "acme", "--profile", "prospects", "--json"]).json()
    };
    let first = import("first.csv", "Ann,ann@one.example,met in May\nBob,bob@one.example,\n");
    let second = import("second.csv", "Anna,ann@one.example,\n");
    let undo = place.run(&["undo", second["import_id"].as_str().unwrap(), "--json"]).json();
    let contacts = place.contacts();
    let ann = contacts.iter().find(|contact| contact["email"] == "ann@one.example").unwrap();
    let id = ann["contact_id"].as_str().unwrap();
    let shown = place.run(&["contacts", "show", id, "--program", "acme", "--json"]).json();
    let history = shown["history"].as_array().unwrap();
    let told: Vec<_> =
        history.iter().map(|entry| (&entry["import_id"], entry["did"].as_str().unwrap())).collect();
    let wanted = [(&first, "created"), (&second, "updated"), (&undo, "restored")];
    assert_eq!(told, wanted.map(|(import, did)| (&import["import_id"], did)));
    let note =
        history[0]["fields"].as_array().unwrap().iter().find(|field| field["field"] == "note").unwrap();
    assert_eq!(note["after"], "met in May");
    let change = &history[1]["fields"];
    assert_eq!(*change, serde_json::json!([{ "field": "name", "before": "Ann", "after": "Anna" }]));
    assert_eq!(history[2]["fields"][0]["after"], "Ann");
    assert_eq!(shown["name"], "Ann");
    let text = place.ok(&["contacts", "show", id, "--program", "acme"]).out;
    assert!(["created by", "restored by", "met in May"].iter().all(|part| text.contains(part)), "{text}");
    place
        .run(&["contacts", "show", "nobody", "--program", "acme"])
        .says(2, &["no such contact", "contacts list"]);
}
