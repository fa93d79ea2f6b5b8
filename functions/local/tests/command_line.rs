//! The command line as users and scripts meet it: every command, exit code and document, on the real binary.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a home in it.
struct Place(TempDir);

/// What a command answered.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// One line on standard error that has these words.
    fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing: {self:?}");
        }
    }
}

impl Place {
    /// A home with the program `acme` and its group `Gold`.
    fn new() -> Self {
        let place = Self::empty();
        place.ok(&["program", "set", "acme", "--region", "BR", "--notify", "ops@acme.example"]);
        let groups =
            place.file("groups.csv", "name,workflow,accept,invite\nGold,welcome,on_sign_up,marketplace\n");
        place.ok(&["directory", "load", "groups", &groups, "--program", "acme"]);
        place
    }

    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.current_dir(self.path()).env_remove("ROLLCALL_HOME").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        told(self.command().args(arguments).output().unwrap())
    }

    fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    fn import(&self, file: &str) -> Ran {
        self.run(&["import", file, "--program", "acme", "--profile", "prospects", "--json"])
    }

    fn preview(&self, file: &str) -> Ran {
        self.run(&["preview", file, "--program", "acme", "--profile", "prospects", "--json"])
    }

    fn contacts(&self) -> Vec<Value> {
        let ran = self.ok(&["contacts", "list", "--program", "acme", "--json"]);
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Every file below the folder with its content.
    fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files)
                } else {
                    files.push((path.clone(), fs::read(&path).unwrap()))
                }
            }
        }
        let mut files = Vec::new();
        walk(self.path(), &mut files);
        files.sort();
        files
    }
}

fn told(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

const GOOD: &str = "Name,Email,Group\nAnn,ann@x.example,Gold\nBob,bob@x.example,\n";
const MIXED: &str = "Name,Email,Group\nAnn,ann@x.example,Gold\nBob,bob@,\n,,\nCid,cid@x.example,Silver\n";

#[test]
fn imp_13_23_a_first_import_and_what_it_leaves() {
    let place = Place::new();
    let ran = place.import(&place.file("good.csv", GOOD));
    let json = ran.json();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{json}");
    assert_eq!(json["status"], "completed");
    assert_eq!(json["rows"]["created"], 2);
    let results = Path::new(json["results"].as_str().unwrap());
    assert!(results.is_absolute());
    for file in ["upload.json", "succeeded.csv", "failed.csv", "summary.json", "report.html"] {
        assert!(results.join(file).is_file(), "{file}");
    }
    let mut summary: Value =
        serde_json::from_slice(&fs::read(results.join("summary.json")).unwrap()).unwrap();
    summary["results"] = json["results"].clone();
    assert_eq!(summary, json);
    let id = json["import_id"].as_str().unwrap();
    assert!(place.path().join(format!("rollcall-home/outbox/{id}.eml")).is_file());
    assert!(place.path().join("rollcall-home/bucket/inbox/acme/prospects/good.csv").is_file());
}

#[test]
fn exit_codes_tell_taken_rows_from_rejected_and_refused_ones() {
    let place = Place::new();
    let ran = place.import(&place.file("mixed.csv", MIXED));
    assert_eq!((ran.code, ran.json()["status"].as_str()), (1, Some("completed_with_errors")));
    assert_eq!(ran.json()["rows"]["skipped"], 1);
    for (name, bytes, code) in [
        ("empty.csv", "", "file_empty"),
        ("header.csv", "Name,Email\n", "no_rows"),
        ("missing.csv", "Name,Phone\nAnn,1\n", "column_missing"),
        ("twice.csv", "Name,Email,E-Mail\nAnn,a@x.example,b@x.example\n", "column_repeated"),
        ("quote.csv", "Name,Email\n\"Ann,a@x.example\n", "quote_unclosed"),
    ] {
        let ran = place.import(&place.file(name, bytes));
        ran.says(2, &[name, "refused", "; "]);
        let json = ran.json();
        assert_eq!((json["status"].as_str(), json["rows"]["read"].as_u64()), (Some("refused"), Some(0)));
        assert_eq!(json["errors"][0]["code"], code);
        assert!(Path::new(json["results"].as_str().unwrap()).join("report.html").is_file());
    }
}

#[test]
fn bad_rows_are_data_and_never_an_end() {
    let place = Place::new();
    let large = format!("Name,Email\nAnn,a@x.example\n{},b@x.example\n", "x".repeat(300 * 1024));
    let wide = format!("Name,Email\nAnn,a@x.example{}\nBob,b@x.example\n", ",1".repeat(5_000));
    for (name, bytes, code) in [
        ("ragged.csv", b"Name,Email\nAnn,a@x.example,more\nBob\n".to_vec(), "row_ragged"),
        (
            "bytes.csv",
            b"Name,Email\nJos\xe9,a@x.example\nJo\xc3\xa3o,b@x.example\n".to_vec(),
            "bytes_invalid",
        ),
        ("large.csv", large.into_bytes(), "row_too_large"),
        ("wide.csv", wide.into_bytes(), "row_ragged"),
    ] {
        let ran = place.import(&place.file(name, bytes));
        assert_eq!(ran.code, 1, "{ran:?}");
        let codes: Vec<String> =
            ran.json()["errors"].as_array().unwrap().iter().map(|error| error["code"].to_string()).collect();
        assert!(codes.contains(&format!("\"{code}\"")), "{name}: {codes:?}");
    }
}

#[test]
fn what_cannot_be_imported_is_said_in_one_line_and_as_a_document() {
    let place = Place::new();
    let good = place.file("good.csv", GOOD);
    let folder = place.path().to_str().unwrap().to_owned();
    for (file, program, profile, status, words) in [
        ("nope.csv", "acme", "prospects", "failed", "no such file"),
        (&folder, "acme", "prospects", "failed", "folder"),
        (&good, "nobody", "prospects", "refused", "nobody"),
        (&good, "acme", "nothing", "refused", "nothing"),
        (&good, "No Body", "prospects", "refused", "a-z"),
        (&good, "acme", "No Thing", "refused", "a-z"),
        (&good, "_marketplace", "prospects", "refused", "marketplace"),
    ] {
        let ran = place.run(&["import", file, "--program", program, "--profile", profile, "--json"]);
        ran.says(2, &[words]);
        let json = ran.json();
        assert_eq!(json["status"], status, "{ran:?}");
        for field in
            ["schema", "import_id", "file", "dry_run", "rows", "matched", "errors", "warnings", "results"]
        {
            assert!(json.get(field).is_some(), "{field} is missing: {json}");
        }
        assert_eq!((json["program"].as_str(), json["profile"].as_str()), (Some(program), Some(profile)));
    }
    place.run(&["import", &good, "--program", "acme"]).says(2, &["--profile"]);
    place
        .run(&["import", &good, "--program", "acme", "--profile", "prospects", "--workers", "0"])
        .says(2, &["0"]);
    place
        .run(&["import", &good, "--program", "acme", "--profile", "prospects", "--set", "rows"])
        .says(2, &["="]);
    place.run(&["imporrt"]).says(2, &["imporrt"]);
    let option = ["import", &good, "--program", "acme", "--profile", "prospects", "--set", "colour=red"];
    place.run(&option).says(2, &["colour"]);
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
fn imp_10_11_a_dry_run_has_the_same_results_and_keeps_nothing() {
    let place = Place::new();
    let file = place.file("mixed.csv", MIXED);
    let arguments = ["import", &file, "--program", "acme", "--profile", "prospects", "--json"];
    let read = |ran: &Ran, name: &str| {
        fs::read(Path::new(ran.json()["results"].as_str().unwrap()).join(name)).unwrap()
    };
    let dry = place.run(&[&arguments[..], &["--dry-run"]].concat());
    let set = place.run(&[&arguments[..], &["--set", "dry_run=true"]].concat());
    assert!(place.contacts().is_empty());
    let real = place.run(&arguments);
    for ran in [&dry, &set] {
        assert_eq!((ran.code, &ran.json()["dry_run"]), (1, &Value::Bool(true)));
        for name in ["succeeded.csv", "failed.csv"] {
            assert_eq!(read(ran, name), read(&real, name), "{name}");
        }
    }
    assert_eq!(place.contacts().len(), 1);
    assert!(place.path().join("rollcall-home/bucket/inbox/acme/prospects/dry-run/mixed.csv").is_file());
}

#[test]
fn options_stand_beside_their_drop_only() {
    let place = Place::new();
    let file = place.file("good.csv", "Wer,Email\nAnn,ann@x.example\nBob,bob@x.example\n");
    let arguments = ["import", &file, "--program", "acme", "--profile", "prospects", "--json"];
    let mapped = place.run(&[&arguments[..], &["--set", "map.Wer=name", "--set", "rows=2"]].concat());
    assert_eq!((mapped.code, &mapped.json()["rows"]["created"]), (0, &Value::from(1)));
    let sidecar = place.path().join("rollcall-home/bucket/inbox/acme/prospects/good.csv.options.toml");
    assert!(sidecar.is_file());
    let plain = place.run(&arguments);
    assert_eq!((plain.code, &plain.json()["errors"][0]["code"]), (2, &Value::from("column_missing")));
    assert!(!sidecar.exists());
}

#[test]
fn names_that_start_no_import_are_imported_when_given() {
    let place = Place::new();
    for name in
        [".hidden.csv", "~$book.csv", "rows.tmp", "rows.part", "x.options.toml", "dry-run", "a\nb.csv"]
    {
        let ran = place.import(&place.file(name, GOOD));
        assert_eq!((ran.code, &ran.json()["rows"]["read"]), (0, &Value::from(2)), "{name}: {ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn cad_6_a_preview_shows_rows_and_writes_nothing() {
    let place = Place::new();
    place.import(&place.file("good.csv", GOOD));
    let file = place.file(
        "mixed.csv",
        "Name,Email,Extra\n Ann ,ann@x.example,1\n,,\nNew,new@x.example,2\nNew,new@x.example,3\nBad,bad@,4\n",
    );
    let before = place.snapshot();
    let ran = place.preview(&file);
    assert_eq!(place.snapshot(), before);
    let json = ran.json();
    assert_eq!((ran.code, &json["verdict"]["accepted"]), (0, &Value::Bool(true)));
    assert_eq!((json["encoding"].as_str(), json["delimiter"].as_str()), (Some("UTF-8"), Some(",")));
    let columns: Vec<_> =
        json["columns"].as_array().unwrap().iter().map(|one| one["field"].as_str()).collect();
    assert_eq!(columns, [Some("name"), Some("email"), None]);
    let rows: Vec<_> = (json["rows"].as_array().unwrap().iter())
        .map(|row| {
            (row["row"].as_u64().unwrap(), row["line"].as_u64().unwrap(), row["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(rows, [(1, 2, "exists"), (3, 4, ""), (4, 5, "error"), (5, 6, "error")]);
    assert_eq!(json["rows"][0]["cells"], serde_json::json!([" Ann ", "ann@x.example", "1"]));
    assert_eq!(json["rows"][2]["findings"][0]["code"], "duplicate_in_file");
    assert!(json["rows"][3]["findings"][0]["message"].is_string());
    let few = place.run(&[
        "preview",
        &file,
        "--program",
        "acme",
        "--profile",
        "prospects",
        "--rows",
        "1",
        "--json",
    ]);
    assert_eq!(few.json()["rows"].as_array().unwrap().len(), 1);
    let people = place.run(&["preview", &file, "--program", "acme", "--profile", "prospects"]);
    assert!(people.out.contains("not mapped") && people.out.contains("repeats"), "{people:?}");
}

#[test]
fn a_preview_shows_the_cells_of_a_refused_file() {
    let place = Place::new();
    for (name, bytes, columns, rows) in [
        ("empty.csv", "", 0, 0),
        ("header.csv", "Name,Email\n", 2, 0),
        ("missing.csv", "Name;Phone\n\nAnn; 1\n", 2, 1),
        ("twice.csv", "Name,Email,E-Mail\nAnn,a@x.example,b\n", 3, 1),
        ("quote.csv", "Name,Email\nAnn,a@x.example\n\"Bob,b\n", 2, 2),
    ] {
        let ran = place.preview(&place.file(name, bytes));
        ran.says(2, &[name, "refused"]);
        let json = ran.json();
        assert_eq!(json["verdict"]["accepted"], false);
        assert_eq!(json["columns"].as_array().unwrap().len(), columns, "{name}: {json}");
        assert_eq!(json["rows"].as_array().unwrap().len(), rows, "{name}: {json}");
    }
    let json = place.preview(&place.file("missing.csv", "Name;Phone\n\nAnn; 1\n")).json();
    assert_eq!((&json["rows"][0]["row"], &json["rows"][0]["line"]), (&Value::from(2), &Value::from(3)));
    assert_eq!(json["rows"][0]["cells"], serde_json::json!(["Ann", " 1"]));
    assert_eq!(json["columns"][0]["field"], "name");
}

#[test]
fn a_preview_makes_no_home() {
    let place = Place::empty();
    let ran = place.preview(&place.file("good.csv", GOOD));
    ran.says(2, &["acme"]);
    let json = ran.json();
    assert_eq!(json["verdict"]["errors"][0]["code"], "program_unknown");
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    assert_eq!(json["columns"][1]["field"], "email");
    assert!(!place.path().join("rollcall-home").exists());
    place
        .run(&["preview", "nope.csv", "--program", "acme", "--profile", "prospects", "--json"])
        .says(2, &["no such file"]);
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
    assert_eq!(ann["memberships"][0]["invite_to"], "o***@***.example");
    assert_eq!(
        (&ann["status"], &ann["invite_to"]),
        (&Value::from("prospect"), &Value::from("o***@***.example"))
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
fn tuning_changes_no_byte() {
    let rows: String =
        (0..500).map(|row| format!("N{row},n{}@x.example,{}\n", row % 300, ["", "Gold"][row % 2])).collect();
    let rows = format!("Name,Email,Group\n{rows}");
    let results =
        [&["--workers", "1"][..], &["--workers", "4", "--chunk-rows", "7"], &["--chunk-bytes", "100"]].map(
            |tuning| {
                let place = Place::new();
                let file = place.file("rows.csv", &rows);
                let arguments = ["import", &file, "--program", "acme", "--profile", "prospects", "--json"];
                let json = place.run(&[&arguments, tuning].concat()).json();
                let folder = PathBuf::from(json["results"].as_str().unwrap());
                ["succeeded.csv", "failed.csv"].map(|name| fs::read(folder.join(name)).unwrap())
            },
        );
    assert!(results[0] == results[1] && results[0] == results[2]);
}

#[test]
fn a_home_is_worked_on_by_one_command_at_a_time() {
    let place = Place::new();
    let lock = fs::File::options().write(true).open(place.path().join("rollcall-home/lock")).unwrap();
    lock.lock().unwrap();
    let ran = place.import(&place.file("good.csv", GOOD));
    ran.says(2, &["in use"]);
    assert_eq!(ran.json()["status"], "failed");
    place.ok(&["imports", "list"]);
    place.ok(&["contacts", "list", "--program", "acme", "--json"]);
    assert_eq!(place.preview(&place.file("good.csv", GOOD)).code, 0);
    drop(lock);
    assert_eq!(place.import(&place.file("good.csv", GOOD)).code, 0);
}

#[test]
fn i6_what_was_interrupted_is_finished_by_the_next_command() {
    let place = Place::new();
    let rows: String = (0..20_000).map(|row| format!("N{row},n{row}@x.example,Gold\n")).collect();
    let file = place.file("rows.csv", format!("Name,Email,Group\n{rows}"));
    let arguments = ["import", &file, "--program", "acme", "--profile", "prospects", "--chunk-rows", "20"];
    let mut child =
        place.command().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let imports = place.path().join("rollcall-home/bucket/imports/acme");
    let begun = || {
        let folders = fs::read_dir(&imports).into_iter().flatten().flatten();
        folders.into_iter().any(|folder| folder.path().join("chunks/3").exists())
    };
    while !begun() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let own = place.import(&place.file("good.csv", GOOD));
    assert_eq!((own.code, &own.json()["file"]), (0, &"good.csv".into()), "{own:?}");
    let list = place.ok(&["imports", "list", "--json"]).json();
    let list = list.as_array().unwrap();
    let earlier = &list[list.len() - 2];
    assert_eq!((&earlier["status"], &earlier["rows"]["created"]), (&"completed".into(), &20_000.into()));
    assert_eq!(place.contacts().len(), 20_002);
    let ids: Vec<_> = list.iter().map(|one| one["import_id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
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
