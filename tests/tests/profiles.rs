//! A new kind of import is a new file: nothing of what follows is code.

use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_tests::test_host::{Course, TestHost};

/// Places at a conference: told apart by badge and day's programme, as no built-in profile does it.
const GUESTS: &str = r#"
name = "guests"
title = { en = "Guests", de = "Gäste" }
unknown_columns = "refuse"
delimiters = [",", "tab"]
identity = [["badge"], ["email"]]
one_of = [["email", "phone_1"]]
cadences = [{ field = "email", key = "email" }]

[repeat]
keys = ["badge", "email"]

[contact]
name = ["given", "family"]
email = "email"

[[fields]]
name = "badge"
kind = "document"
labels = { en = "Badge number", de = "Ausweis" }
[[fields]]
name = "given"
[[fields]]
name = "family"
required = true
[[fields]]
name = "email"
kind = "email"
[[fields]]
name = "phone"
kind = "phone"
count = 2
labels = { en = "Phone {n}" }
fallbacks = ["Mobile"]
[[fields]]
name = "host"
kind = "owner"
must_exist = false
[[fields]]
name = "employer"
kind = "company"
must_exist = true
[[fields]]
name = "arrives"
kind = "date"
[[fields]]
name = "slot"
kind = "window"
[[fields]]
name = "vegan"
kind = "flag"
[[fields]]
name = "ticket"
kind = "choice"
values = ["day", "week"]
words = { day = ["Tag", "dia", "jour"], week = ["Woche", "semana", "semaine"] }
[[fields]]
name = "topics"
kind = "tags"
must_exist = false
"#;

#[test]
fn a_sixth_kind_is_a_file_and_no_code() {
    let host = TestHost::with_acme();
    host.profile("guests", GUESTS);
    host.directory("acme", "companies", "company_id,name\n4,Globex\n");
    host.directory("acme", "tags", "name\nRust\n");
    host.directory("acme", "cadences", "email,phone,cadence\neva@one.example,,Autumn\n");
    let imported = host.import(
        "guests",
        "Ausweis,given,family,email,Mobile,host,employer,arrives,slot,vegan,ticket,topics\n\
         007,Ann,Lee,ann@one.example,,Nobody,globex,31/12/2030,09:00-10:00,sim,Woche,\"rust, Go\"\n\
         008,Bob,Lee,,11961234567,,,01/02/2030,,nein,tag,\n\
         8.0,Cy,Lee,cy@one.example,,,Unheard,,,maybe,month,\n\
         ,Eva,Lee,eva@one.example,,,,,,,,\n\
         009,Ann,Lee,ANN@one.example,,,,,,,,\n",
    );
    assert_eq!(
        imported.errors(),
        [
            (3, "vegan:value_unknown ticket:value_unknown employer:company_unknown".to_owned()),
            (5, "row:duplicate_in_file".to_owned()),
        ]
    );
    let records = host.records();
    let ann = &records[0];
    assert_eq!((ann.name.as_str(), &*ann.fields["badge"], &*ann.fields["vegan"]), ("Ann Lee", "007", "true"));
    assert_eq!((&*ann.fields["ticket"], &*ann.fields["arrives"]), ("week", "2030-12-31"));
    assert_eq!((ann.tags.clone(), &*ann.links["employer"]), (vec!["Rust".to_owned(), "Go".to_owned()], "4"));
    assert_eq!(records[1].phones, ["+5511961234567"]);
    assert_eq!(records[1].fields["arrives"], "2030-02-01");
    assert!(imported.succeeded_rows()[2]["rollcall_warnings"].contains("row:already_active"));
    let refused = host.import("guests", "family,email,Shoe size\nLee,a@one.example,42\n");
    assert_eq!(refused.file_codes(), ["options_invalid"]);
}

/// A profile, a file of it, and the options of its import.
type Sample = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Rows of every sort.
const FILES: &[Sample] = &[
    (
        "mailing",
        "Nome;Agente;Data;Janela;Telefone 1;Telefone 2\nAna;ana.s;01/02/2030;09:00-10:00;+5511961234567;\n\
         Bob;nobody;13/02/2030;;+5511961234568;\n;;;;;\nCy;;;18:00-09:00;+5511961234569;11961234567\n\
         Eva;;31/02/2030;;+5511961234569;\nIda;;;;+5511961234570;+5511961234570\n",
        &[("replace", "true"), ("validate_agent", "true")],
    ),
    (
        "mailing",
        "Ana;;;;;+5511961234567;11961234567\nBob;;;;;+5511961234567\nCy;;;;;12;13\n",
        &[("first_line", "data"), ("allow_duplicates", "true"), ("replace", "true")],
    ),
    (
        "leads",
        "Nom,E-mail,Téléphone,Propriétaire,Société\nA,a@one.example,,Twice,globex\nB,,11961234567,Ana,\n\
         A,A@one.example,,Ana,\nC,c@one.example,,Nobody,\nD,,,Ana,\nE,e@one.example,,Ana,Globex\n",
        &[("ambiguous", "first"), ("rows", "1-4,6")],
    ),
    (
        "accounts",
        "Customer type,Document type,Document number,First surname,First name,Phone,Tags,Birthday,Shoe\n\
         P,CC,1.0,Lima,Ana,11961234567,\"rust, RUST\",01/02/1990,42\nP,cc,1,Lima,Ana,11961234568,,,\n\
         P,CC,2,Lima,Ana,,,,\nP,CC,3,Lima,Ana,5753790123,nope,,\n,CC,4,Lima,Ana,11961234569,,03/04/1990,\n",
        &[],
    ),
];

#[test]
fn no_chunk_size_order_or_second_delivery_changes_a_byte() {
    for (profile, file, options) in FILES {
        let run = |course: &Course| {
            let host = TestHost::with_acme();
            host.directory("acme", "agents", "login,name\nana.s,Ana\n");
            host.directory("acme", "tags", "name\nRust\n");
            host.directory("acme", "owners", "owner_id,name\n2,Twice\n1,Twice\n3,Ana\n");
            host.directory("acme", "companies", "company_id,name\n2,Globex\n1,globex\n");
            host.import_with(profile, *file, &options[..options.len().min(1)], course);
            let imported = host.import_with(profile, *file, options, course);
            let upload = serde_json::to_value(&imported.upload.verdict).unwrap_or_default();
            let summary = (imported.summary.rows, imported.summary.errors, imported.summary.warnings);
            (imported.succeeded, imported.failed, upload, summary, host.records())
        };
        let whole = run(&Course::default());
        for rows in [1, 2, 4] {
            for order in [0, 3, 5] {
                let size = ChunkSize { rows, ..ChunkSize::default() };
                let other = run(&Course { size, order, deliveries: 2 });
                assert_eq!(other, whole, "{profile} {rows} {order}");
            }
        }
    }
}
