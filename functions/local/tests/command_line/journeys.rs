//! Five journeys from the help pages of other products, each in the language of its users: what a person does there, done
//! here from the first command to the contact.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;

use crate::place::{Place, Ran};

struct Journey {
    place: Place,
    profile: &'static str,
}

impl Journey {
    /// A home with one program, in the language of its users.
    fn new(locale: &str, region: &str, profile: &'static str) -> Self {
        let place = Place::empty();
        place.ok(&["program", "set", "acme", "--locale", locale, "--region", region]);
        Self { place, profile }
    }

    fn load(&self, kind: &str, csv: &str) {
        let file = self.place.file(&format!("directory/{kind}.csv"), csv);
        self.place.ok(&["directory", "load", kind, &file, "--program", "acme"]);
    }

    fn run(&self, command: &str, file: &str, options: &[&str], more: &[&str]) -> Ran {
        let set = options.iter().flat_map(|option| ["--set", option]);
        let whose = ["--program", "acme", "--profile", self.profile];
        let arguments: Vec<&str> = [command, file].into_iter().chain(whose).chain(set).collect();
        self.place.run(&[&arguments[..], more].concat())
    }

    /// What an import answers, with its exit code.
    fn import(&self, file: &str, options: &[&str], more: &[&str]) -> (i32, Value) {
        let ran = self.run("import", file, options, &[&["--json"], more].concat());
        (ran.code, ran.json())
    }

    fn preview(&self, file: &str, options: &[&str]) -> Value {
        self.run("preview", file, options, &["--json"]).json()
    }
}

fn results(answer: &Value) -> PathBuf {
    PathBuf::from(answer["results"].as_str().unwrap())
}

fn read(answer: &Value, name: &str) -> String {
    fs::read_to_string(results(answer).join(name)).unwrap()
}

fn counts(answer: &Value) -> Vec<(&str, u64)> {
    let rows = answer["rows"].as_object().unwrap().iter();
    rows.filter_map(|(name, count)| Some((name.as_str(), count.as_u64().filter(|count| *count > 0)?)))
        .collect()
}

fn statuses(preview: &Value) -> Vec<&str> {
    preview["rows"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect()
}

/// Leads of another system: its export arrives as a file of any name, its columns are mapped, rows are picked in the
/// preview, and the next export of that layout needs no mapping.
#[test]
fn cad_2_6_8_12_13_leads_are_mapped_picked_and_added() {
    let journey = Journey::new("en", "US", "leads");
    journey.load("owners", "owner_id,name\n4,Ana Souza\n");
    journey.load("companies", "company_id,name\n11,Orion\n12,Orion\n");
    journey.load("cadences", "email,phone,cadence\ndora@lead.example,,welcome\n");
    let export = "Given,Surname,Work e-mail,Direct line,Firm,Looked after by\n\
        Ann,Bee,ann@lead.example,+1 212 555 0123,Orion,Ana Souza\n\
        Bob,Cole,bob@lead.example,,Nova,Somebody Else\n\
        Cid,Dane,not an address,,Nova,Ana Souza\n\
        Dora,Ely,dora@lead.example,,Nova,Ana Souza\n";
    let file = journey.place.file("download (3)", export);
    let unmapped = journey.preview(&file, &[]);
    let missing: Vec<&str> =
        unmapped["missing"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
    assert!(missing.contains(&"owner"), "{missing:?}");
    let map = [
        "map.Given=first_name",
        "map.Looked after by=owner",
        "map.Work e-mail=email",
        "map.Direct line=phone",
        "map.Firm=company",
    ];
    let preview = journey.preview(&file, &map);
    assert_eq!(statuses(&preview), ["", "error", "error", "active"], "{preview}");
    let user = &preview["rows"][1]["findings"][0];
    assert!(user["message"].as_str().unwrap().contains("user not present"), "{user}");

    let picked = [&map[..], &["rows=1,4"]].concat();
    let (code, added) = journey.import(&file, &picked, &[]);
    assert_eq!((code, counts(&added)), (0, vec![("created", 2), ("read", 4), ("skipped", 2)]));
    let warnings: Vec<&str> =
        added["warnings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert!(warnings.contains(&"already_active") && warnings.contains(&"company_several"), "{warnings:?}");
    let contacts = journey.place.contacts();
    let ann = contacts.iter().find(|one| one["email"] == "ann@lead.example").unwrap();
    assert_eq!((&ann["name"], &ann["phones"][0]), (&"Ann Bee".into(), &"+12125550123".into()));
    assert_eq!(statuses(&journey.preview(&file, &map))[0], "exists");

    // The mapping is kept for the next export.
    let id = added["import_id"].as_str().unwrap();
    journey.place.ok(&["mappings", "save", id]);
    let next = journey.place.file("download (4)", export.replace("@lead", "@next"));
    let (code, again) = journey.import(&next, &[], &[]);
    assert_eq!((code, again["rows"]["created"].as_u64()), (1, Some(2)), "{again}");
}

/// Partners of another platform: a dry run first, its success file says who they are, then the same for good.
#[test]
fn imp_10_14_15_27_partners_are_tried_then_taken() {
    let journey = Journey::new("en", "US", "partners");
    journey.load("groups", "name,workflow,accept,invite\nMigration,welcome,at_once,marketplace\nShops,,,\n");
    let accounts = "account_id,name,email,website,activity\n\
        A1,Garden Ltd,desk@garden.example,https://garden.example,5\n\
        A2,Garden Shop,shop@garden.example,https://garden.example,9\n";
    let accounts = journey.place.file("accounts.csv", accounts);
    journey.place.ok(&["directory", "load", "accounts", &accounts]);
    let file = journey.place.file(
        "partners.csv",
        "Partner,Email,Website,Group\n\
        Garden,desk@garden.example,,Migration\n\
        Garden,new@garden.example,garden.example,Shops\n\
        Nobody,nobody@else.example,,Unheard of\n\
        Nameless,,,Shops\n",
    );
    let (code, dry) = journey.import(&file, &[], &["--dry-run"]);
    assert_eq!((code, counts(&dry)), (1, vec![("created", 2), ("read", 4), ("rejected", 2)]));
    assert!(journey.place.contacts().is_empty());
    let succeeded = read(&dry, "succeeded.csv");
    assert!(succeeded.contains(",A1,Garden Ltd,email,"), "{succeeded}");
    // Both accounts have the website: the more active one is taken, the other is named.
    assert!(succeeded.contains(",A2,Garden Shop,website,A1,"), "{succeeded}");
    assert!(read(&dry, "failed.csv").contains("group:group_unknown"));
    assert!(read(&dry, "report.html").contains("Nothing was written"));

    let (_, real) = journey.import(&file, &[], &[]);
    for name in ["succeeded.csv", "failed.csv"] {
        assert_eq!(read(&real, name), read(&dry, name), "{name}");
    }
    let contacts = journey.place.contacts();
    let partner = contacts.iter().find(|one| one["email"] == "desk@garden.example").unwrap();
    assert_eq!((&partner["status"], &partner["account_id"]), (&"partner".into(), &"A1".into()));

    // The rejected rows are corrected in the file that names what is wrong, and go in by themselves.
    let failed = read(&real, "failed.csv")
        .replace("Unheard of", "Shops")
        .replace("Nameless,,", "Nameless,n@x.example,");
    let failed = journey.place.file("failed.csv", failed);
    let (code, rest) = journey.import(&failed, &[], &[]);
    assert_eq!((code, counts(&rest)), (0, vec![("created", 2), ("read", 2)]));
    assert_eq!(journey.place.contacts().len(), 4);
}

/// A calling list: the separator and the first line are said, fields go by position, logins are checked, a phone is called
/// once, and a new list takes the place of the old one.
#[test]
fn dig_3_12_uma_lista_de_discagem() {
    let journey = Journey::new("pt", "BR", "mailing");
    journey.load("agents", "login,name\ncarla.dias,Carla Dias\n");
    let columns = "columns=name,complement,agent,schedule_date,schedule_window,phone_1,phone_2";
    let options = ["delimiter=|", "first_line=ignore", columns, "validate_agent=true"];
    let old = journey.place.file("antiga.csv", "isto é um título\nZeca|||||11 98765-0001|\n");
    assert_eq!(journey.import(&old, &options, &[]).0, 0);
    let list = "lista de março\n\
        Ana Souza|contrato 1|carla.dias|15/01/2030|09:00-12:30|(11) 98765-1001|(11) 3222-1001\n\
        Beto Lima|contrato 2|ninguem|||11 98765-1002|\n\
        Caio Reis|||||11 3222-1001|\n\
        Duda Melo|||||11 98765-1004|\n\
        Ely Paz|||||11 98765-1004|\n";
    let file = journey.place.file("lista.csv", list);
    let comma = journey.place.file("virgula.csv", "Ana,11 98765-1001\n");
    let (code, refused) =
        journey.import(&comma, &["columns=name,phone_1", "first_line=data", "delimiter=,"], &[]);
    assert_eq!((code, &refused["errors"][0]["code"]), (2, &"delimiter_not_allowed".into()));
    assert!(read(&refused, "report.html").contains("separador"));

    let replacing = [&options[..], &["replace=true"]].concat();
    let (code, answer) = journey.import(&file, &replacing, &[]);
    assert_eq!((code, counts(&answer)), (1, vec![("created", 2), ("read", 5), ("rejected", 3)]), "{answer}");
    let failed = read(&answer, "failed.csv");
    for (who, code, words) in [
        ("Beto", "agent:agent_unknown", "nenhum agente"),
        ("Caio", "row:duplicate_in_file", "repete uma linha anterior: linha 1 (linha 2 do arquivo)"),
        ("Ely", "row:duplicate_in_file", "repete uma linha anterior: linha 4 (linha 5 do arquivo)"),
    ] {
        let line = failed.lines().find(|line| line.starts_with(who)).unwrap();
        assert!(line.contains(code) && line.contains(words), "{line}");
    }
    let mut names: Vec<String> =
        journey.place.contacts().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["Ana Souza", "Duda Melo"], "the old list is gone");
    let twice = [&replacing[..], &["allow_duplicates=true"]].concat();
    let (_, answer) = journey.import(&file, &twice, &[]);
    assert_eq!(answer["rows"]["rejected"], 1, "only the login is wrong: {answer}");
    assert_eq!(journey.place.contacts().len(), 4);
}

/// Accounts from a workbook: the template is downloaded and filled in, tags must exist, further columns are kept.
#[test]
fn sag_1_12_cuentas_desde_una_plantilla() {
    let journey = Journey::new("es", "CO", "accounts");
    journey.load("tags", "name\nVIP\nBoletín\n");
    journey.place.ok(&["profiles", "template", "accounts", "--locale", "es", "--output", "plantilla.xlsx"]);
    let header = sheet(&journey.place.path().join("plantilla.xlsx")).remove(0);
    let at = |label: &str| {
        let found = header.iter().position(|cell| cell.trim_end_matches([' ', '*']) == label);
        found.unwrap_or_else(|| panic!("{label}: {header:?}")) as u16
    };
    let people = [
        [("Número de documento", "1.234.567"), ("Celular", "+573105822141"), ("Etiquetas", "VIP, Boletín")],
        [("Número de documento", "2.345.678"), ("Teléfono", "5753790123"), ("Etiquetas", "VIP")],
        [("Número de documento", "3.456.789"), ("Celular", "310 582 2143"), ("Etiquetas", "Oro")],
        [("Número de documento", ""), ("Celular", "+573105822144"), ("Etiquetas", "")],
    ];
    let mut book = rust_xlsxwriter::Workbook::new();
    let page = book.add_worksheet();
    let extra = header.len() as u16;
    for (column, cell) in (0..).zip(&header) {
        page.write_string(0, column, cell).unwrap();
    }
    page.write_string(0, extra, "Tienda").unwrap();
    for (row, person) in (1..).zip(&people) {
        for (label, cell) in [
            ("Tipo de cliente", "Persona"),
            ("Tipo de documento", "CC"),
            ("Primer apellido", "Rey"),
            ("Primer nombre", "Luz"),
        ] {
            page.write_string(row, at(label), cell).unwrap();
        }
        for (label, cell) in person.iter().filter(|(_, cell)| !cell.is_empty()) {
            page.write_string(row, at(label), *cell).unwrap();
        }
        page.write_string(row, extra, "Centro").unwrap();
    }
    let file = journey.place.file("cuentas.xlsx", book.save_to_buffer().unwrap());
    let (code, answer) = journey.import(&file, &[], &[]);
    assert_eq!((code, counts(&answer)), (1, vec![("created", 2), ("read", 4), ("rejected", 2)]), "{answer}");
    let contacts = journey.place.contacts();
    let phones: Vec<&str> = contacts.iter().map(|one| one["phones"][0].as_str().unwrap()).collect();
    assert!(phones.contains(&"+573105822141") && phones.contains(&"+576053790123"), "{phones:?}");
    assert!(contacts.iter().all(|one| one["additional"]["Tienda"] == "Centro"), "{contacts:?}");
    let failed = sheet(&results(&answer).join("failed.xlsx"));
    let messages = failed[0].iter().position(|cell| cell == "rollcall_messages").unwrap();
    assert!(failed[1][messages].contains("ninguna etiqueta"), "{failed:?}");
    assert!(failed[2][messages].contains("es obligatorio"), "{failed:?}");
}

/// The cells of a workbook's first sheet as text.
fn sheet(path: &Path) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(fs::read(path).unwrap())).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    let text = |cell: &Data| if matches!(cell, Data::Empty) { String::new() } else { cell.to_string() };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

/// Prospects from a spreadsheet of a French office: its code page, its separator, its words; then groups by their meaning.
#[test]
fn imp_1_21_24_des_prospects_d_un_tableur() {
    let journey = Journey::new("fr", "FR", "prospects");
    journey.load("groups", "name,workflow,accept,invite\nCréateurs,bienvenue,on_sign_up,custom\n");
    let text = "Nom complet;Adresse de messagerie;Tél. mobile;Groupe;Remarque\r\n\
        Élodie Garnier;elodie@verrier.example;06 12 34 56 01;Créateurs;rencontrée à Orléans\r\n\
        Gaëlle Lefèvre;gaelle@lefevre.example;0612345602;créateurs;\r\n\
        Noël Dupré;noel@dupre.example;;Createur;\r\n\
        Zoé;zoe(at)mail.example;;;\r\n";
    let latin: Vec<u8> = text.chars().map(|sign| u8::try_from(u32::from(sign)).unwrap()).collect();
    let file = journey.place.file("prospects.csv", latin);
    let preview = journey.preview(&file, &[]);
    assert_eq!(preview["rows"][0]["cells"][0], "Élodie Garnier", "{preview}");
    assert_eq!(statuses(&preview), ["", "", "error", "error"]);
    assert_eq!(preview["unknown_values"]["group"][0]["nearest"], "Créateurs");
    let (code, answer) = journey.import(&file, &["value.group.Createur=Créateurs"], &[]);
    assert_eq!((code, counts(&answer)), (1, vec![("created", 3), ("read", 4), ("rejected", 1)]), "{answer}");
    let report = read(&answer, "report.html");
    assert!(report.contains("Certaines lignes ont été rejetées"), "{report}");
    let failed = read(&answer, "failed.csv");
    assert!(failed.contains("n’est pas une adresse e-mail"), "{failed}");
    let contacts = journey.place.contacts();
    assert!(contacts.iter().all(|one| one["groups"][0] == "Créateurs"), "{contacts:?}");
    let phones: Vec<&str> = contacts.iter().filter_map(|one| one["phones"][0].as_str()).collect();
    assert!(phones.contains(&"+33612345601") && phones.contains(&"+33612345602"), "{phones:?}");
}
