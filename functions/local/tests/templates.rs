//! Templates and samples as users meet them: the output of the real binary is imported again.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;
use tempfile::TempDir;

const PROFILES: [&str; 5] = ["prospects", "partners", "mailing", "leads", "accounts"];
const LOCALES: [&str; 5] = ["en", "pt", "de", "fr", "es"];

/// A folder to work in.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A home with the program `acme` and the entries that example rows name.
    fn with_acme() -> Self {
        let place = Self::new();
        place.ok(&["program", "set", "acme", "--region", "BR"]);
        place.load("groups", "name,workflow,accept,invite\nVIP,,,\n");
        place.load("owners", "owner_id,name\n7,Ana Souza\n");
        place
    }

    fn load(&self, kind: &str, csv: &str) {
        let file = self.file("directory.csv", csv);
        self.ok(&["directory", "load", kind, &file, "--program", "acme"]);
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.current_dir(self.0.path()).env_remove("ROLLCALL_HOME").stdin(Stdio::null());
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn ok(&self, arguments: &[&str]) -> Vec<u8> {
        let ran = self.run(arguments);
        assert_eq!(ran.status.code(), Some(0), "{arguments:?}: {ran:?}");
        ran.stdout
    }

    fn text(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.ok(arguments)).unwrap()
    }

    /// Expects one line on standard error that contains these words.
    fn refused(&self, arguments: &[&str], words: &[&str]) {
        let ran = self.run(arguments);
        let told = String::from_utf8(ran.stderr).unwrap();
        assert_eq!((ran.status.code(), told.lines().count()), (Some(2), 1), "{told}");
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }

    fn contacts(&self, program: &str) -> Vec<Value> {
        let lines = self.text(&["contacts", "list", "--program", program, "--json"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn sag_p2_every_template_imports_cleanly() {
    let place = Place::with_acme();
    for profile in PROFILES {
        for locale in LOCALES {
            for format in ["csv", "xlsx"] {
                imports_cleanly(&place, profile, locale, format);
            }
        }
    }
}

fn imported(place: &Place, profile: &str, file: &str) -> Value {
    let arguments = ["import", file, "--program", "acme", "--profile", profile, "--dry-run", "--json"];
    serde_json::from_slice(&place.ok(&arguments)).unwrap()
}

fn imports_cleanly(place: &Place, profile: &str, locale: &str, format: &str) {
    let name = format!("{profile}-{locale}.{format}");
    let template = place.ok(&["profiles", "template", profile, "--locale", locale, "--format", format]);
    // The example row is skipped if it is unchanged, and imported if it is filled in.
    let skipped = imported(place, profile, &place.file(&format!("unchanged-{name}"), template.clone()));
    assert_eq!((&skipped["rows"]["read"], &skipped["rows"]["skipped"]), (&1.into(), &1.into()), "{skipped}");
    assert_eq!(skipped["warnings"][0]["code"], "example_skipped", "{skipped}");
    if format != "csv" {
        return;
    }
    let csv = String::from_utf8(template).unwrap();
    let somebody = ["\nAna", ",Ana,", ";Ana;", "Example Ltd"].into_iter().find(|it| csv.contains(it));
    let somebody = somebody.expect("a name stands in every example");
    let filled = csv.replacen(somebody, &somebody.replace("Ana", "Anabel").replace("Ltd", "SA"), 1);
    let file = place.file(&name, filled);
    let arguments = ["import", &file, "--program", "acme", "--profile", profile, "--dry-run", "--json"];
    let json: Value = serde_json::from_slice(&place.ok(&arguments)).unwrap();
    assert_eq!((&json["rows"]["read"], &json["rows"]["created"]), (&1.into(), &1.into()), "{json}");
    assert_eq!((&json["status"], &json["warnings"]), (&"completed".into(), &Value::Array(vec![])), "{json}");
    let upload = fs::read(Path::new(json["results"].as_str().unwrap()).join("upload.json")).unwrap();
    let upload: Value = serde_json::from_slice(&upload).unwrap();
    let columns = upload["columns"].as_array().unwrap();
    assert!(columns.iter().all(|column| column["field"].is_string()), "{name}: {upload}");
}

#[test]
fn sag_p2_a_workbook_has_the_same_rows_and_a_note_on_each_header() {
    let place = Place::new();
    for (profile, locale) in [("accounts", "es"), ("mailing", "fr"), ("leads", "en")] {
        let template = ["profiles", "template", profile, "--locale", locale];
        let bytes = place.ok(&[&template[..], &["--format", "xlsx"]].concat());
        let csv = place.text(&template);
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.clone())).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let cell = |cell: &Data| match cell {
            Data::Empty => String::new(),
            Data::String(text) => text.clone(),
            other => panic!("{other:?} is not kept as it is typed"),
        };
        let rows: Vec<Vec<String>> = sheet.rows().map(|row| row.iter().map(cell).collect()).collect();
        let delimiter = if csv.lines().next().unwrap().contains(';') { ';' } else { ',' };
        let header = csv.trim_start_matches('\u{feff}').lines().next().unwrap();
        assert_eq!(rows[0].join(&delimiter.to_string()), header);
        assert_eq!(rows.len(), 2);
        let notes = part(bytes, "xl/comments1.xml");
        assert_eq!(notes.matches("<comment ").count(), rows[0].len(), "{notes}");
    }
}

#[test]
fn directory_files_have_templates_in_five_languages() {
    let place = Place::with_acme();
    for kind in [
        "accounts",
        "groups",
        "tags",
        "agents",
        "owners",
        "companies",
        "cadences",
        "sign-ups",
        "suppressions",
    ] {
        let name = format!("directory/{kind}");
        for locale in LOCALES {
            let csv = place.text(&["profiles", "template", &name, "--locale", locale]);
            let file = place.file(&format!("{kind}-{locale}.csv"), csv.as_bytes());
            let load = ["directory", "load", kind, &file, "--program", "acme", "--json"];
            let loaded: Value = serde_json::from_slice(&place.run(&load).stdout).unwrap();
            let upload =
                fs::read(Path::new(loaded["results"].as_str().unwrap()).join("upload.json")).unwrap();
            let upload: Value = serde_json::from_slice(&upload).unwrap();
            let columns = upload["columns"].as_array().unwrap();
            let unknown = columns.iter().find(|column| !column["field"].is_string());
            assert!(!columns.is_empty() && unknown.is_none(), "{kind} {locale}: {csv} {upload}");
            // The example row is skipped.
            let rows = (&loaded["status"], &loaded["rows"]["skipped"], &loaded["rows"]["created"]);
            assert_eq!(rows, (&"completed".into(), &1.into(), &0.into()), "{kind} {locale}: {loaded}");
        }
        assert!(place.text(&["profiles", "show", &name]).contains(&format!("directory = \"{kind}\"")));
    }
    place.refused(&["profiles", "template", "directory/people"], &["people", "directory/accounts"]);
}

/// One part of a workbook, as text.
fn part(workbook: Vec<u8>, name: &str) -> String {
    let mut text = String::new();
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_template_written_to_a_file_says_what_columns_take() {
    let place = Place::new();
    let template = ["profiles", "template", "leads", "--locale", "de", "--output"];
    let told = place.text(&[&template[..], &["vorlage.xlsx"]].concat());
    for words in ["vorlage.xlsx", "Nachname *", "last_name", "Ana Souza (owners)"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(fs::read(place.path("vorlage.xlsx")).unwrap().starts_with(b"PK"));
    place.refused(&[&template[..], &["vorlage.xlsx"]].concat(), &["vorlage.xlsx", "another name"]);
    place.refused(&[&template[..], &["nowhere/v.csv"]].concat(), &["no such folder"]);
    place.ok(&[&template[..], &["vorlage.csv"]].concat());
    assert!(fs::read_to_string(place.path("vorlage.csv")).unwrap().contains(";Nachname *;"));
    place.refused(&["profiles", "template", "nothing"], &["nothing", "profiles list"]);
    place.refused(&["profiles", "template", "leads", "--locale", "klingon"], &["klingon"]);
    place.refused(&["profiles", "template", "leads", "--format", "pdf"], &["pdf", "xlsx"]);
}

#[test]
fn a_profile_of_ones_own_has_a_template_too() {
    let place = Place::with_acme();
    let own = "extends = 'prospects'\nname = 'resellers'\n[[fields]]\nname = 'since'\nkind = 'date'\n\
        required = true\nexample = '2026-02-01'\nlabels = { de = 'Vertrag seit' }\n";
    fs::create_dir_all(place.path("rollcall-home/bucket/settings/profiles")).unwrap();
    place.file("rollcall-home/bucket/settings/profiles/resellers.toml", own);
    let template = place.ok(&["profiles", "template", "resellers", "--locale", "de"]);
    assert!(String::from_utf8_lossy(&template).contains(";Vertrag seit *"));
    let file = place.file("resellers.csv", template);
    place.ok(&["import", &file, "--program", "acme", "--profile", "resellers"]);
}

#[test]
fn the_demo_imports_a_sample_of_every_profile() {
    let place = Place::new();
    let told = place.text(&["demo"]);
    for words in ["prospects.csv", "partners.csv", "mailing.csv", "leads.csv", "accounts.csv", "report.html"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(told.lines().count() <= 90, "{told}");
    let imports: Value = serde_json::from_str(&place.text(&["imports", "list", "--json"])).unwrap();
    let of_rows: Vec<&Value> = imports
        .as_array()
        .unwrap()
        .iter()
        .filter(|import| PROFILES.iter().any(|profile| import["profile"] == *profile))
        .collect();
    assert_eq!(of_rows.len(), PROFILES.len());
    for import in of_rows {
        assert_eq!(import["status"], "completed_with_errors", "{import}");
    }
}

#[test]
fn contacts_of_the_samples_are_read_by_their_own_names() {
    let place = Place::new();
    place.ok(&["demo"]);
    let contacts = place.contacts("demo");
    let find = |email: &str| {
        let found = contacts.iter().find(|contact| contact["custom_contact"] == email);
        found.unwrap_or_else(|| panic!("no contact has the address {email}"))
    };
    let lead = find("elodie.garnier@verrier.example");
    assert_eq!(lead["name"], "Élodie Garnier");
    assert_eq!(lead["links"], serde_json::json!({"company": "9001", "owner": "301"}));
    assert_eq!(lead["phones"], serde_json::json!(["+33123456701"]));
    assert_eq!(find("nadia.benali@ateliers-benali.example")["status"], "active");
    // The same person is a prospect too.
    let is_hers = |contact: &&Value| {
        contact["profile"] == "accounts" && contact["custom_contact"] == "renata.almeida@almeida.example"
    };
    let account = contacts.iter().find(is_hers).expect("the account is there");
    assert_eq!(account["name"], "Renata Luísa Almeida Prado");
    assert_eq!(account["phones"], serde_json::json!(["+551132224401", "+5511987654401"]));
    assert_eq!(account["tags"], serde_json::json!(["VIP", "Newsletter"]));
    assert_eq!(account["additional"], serde_json::json!({"Loja": "Centro", "Pontos": "1520"}));
    assert_eq!(find("studio@girassol.example")["groups"], serde_json::json!(["Creators", "Migration 2026"]));
    let table = place.text(&["contacts", "list", "--program", "demo"]);
    assert!(table.lines().any(|line| line.contains("active") && line.contains("Nadia Benali")), "{table}");
}

#[test]
fn previews_of_the_samples_fit_a_narrow_terminal() {
    let place = Place::new();
    place.ok(&["demo"]);
    for profile in PROFILES {
        let file = format!("{profile}.csv");
        fs::copy(place.path(&format!("rollcall-home/samples/{file}")), place.path(&file)).unwrap();
        let mut command = place.command(&["preview", &file, "--program", "demo", "--profile", profile]);
        let ran = command.env("COLUMNS", "80").output().unwrap();
        let shown = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(ran.status.code(), Some(0), "{shown}");
        for line in shown
            .lines()
            .filter(|line| !["  not shown: ", "  rollcall "].iter().any(|long| line.starts_with(long)))
        {
            assert!(line.chars().count() <= 80, "{profile}: {line}");
        }
        assert!(shown.contains("exists") && shown.contains("error"), "{shown}");
    }
}

#[test]
fn a_preview_leaves_out_columns_without_errors_first_and_says_a_finding_once() {
    let place = Place::with_acme();
    let row = "Person,CC,1,Lima,,Ana,,(11) 3222-4401,11 98765-4401,,,,,,Rua A,31/02/1990";
    let header = "customer_type,document_type,document_number,first_surname,second_surname,first_name,middle_name,\
        phone,cell_phone,email,facebook,instagram,x,whatsapp,address,birth_date";
    let file = place.file("accounts.csv", format!("{header}\n{row}\n"));
    let mut command = place.command(&["preview", &file, "--program", "acme", "--profile", "accounts"]);
    let shown = String::from_utf8(command.env("COLUMNS", "80").output().unwrap().stdout).unwrap();
    assert!(shown.contains("      phone, cell_phone: the country code is missing"), "{shown}");
    assert!(shown.contains("31/02/19"), "{shown}");
    assert!(shown.contains("  not shown: phone, cell_phone, address\n"), "{shown}");
}
