//! Lines CAD-1 to CAD-17: what a sales team can rely on when it imports leads out of another system.

use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ProfileName;
use rollcall_tests::test_host::{Course, Imported, TestHost};

const OWNERS: &str = "owner_id,name\n9,Twice Named\n10,Twice Named\n3,Ana Souza\n";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "owners", OWNERS);
    host.directory("acme", "companies", "company_id,name\n20,Globex\n7,GLOBEX\n1,Initech\n");
    host
}

fn leads(host: &TestHost, file: &str, options: &[(&str, &str)]) -> Imported {
    host.import_with("leads", file, options, &Course::default())
}

fn told(row: u64, errors: &str) -> (u64, String) {
    (row, errors.to_owned())
}

#[test]
fn cad_01_owners_of_exactly_the_same_name_are_not_supported() {
    let host = host();
    let file = "Nom,E-mail,Propriétaire\nA,a@one.example,Twice  Named\nB,b@one.example,twice named\n";
    let imported = leads(&host, file, &[]);
    // Owners are told apart by case.
    assert_eq!(imported.errors(), [told(1, "owner:owner_ambiguous"), told(2, "owner:owner_unknown")]);
}

#[test]
fn cad_02_the_lowest_id_is_used_and_said() {
    let host = host();
    let file = "Nom,E-mail,Propriétaire,Société\n\
        A,a@one.example,Twice Named,globex\nB,b@one.example,Ana Souza,Unheard Of\nC,c@one.example,Ana Souza,initech\n";
    let imported = leads(&host, file, &[("ambiguous", "first")]);
    assert_eq!(imported.status(), "completed");
    let warnings: Vec<String> =
        imported.succeeded_rows().into_iter().map(|row| row["rollcall_warnings"].clone()).collect();
    assert_eq!(warnings, ["company:company_several owner:owner_several", "", ""]);
    let records = host.records();
    assert_eq!((&*records[0].links["owner"], &*records[0].links["company"]), ("9", "7"));
    assert_eq!(records[1].fields["company"], "Unheard Of");
    assert_eq!((records[1].links.get("company"), &*records[2].links["company"]), (None, "1"));
    // Without the option the owner is an error, the company is not.
    assert_eq!(leads(&host, file, &[]).errors(), [told(1, "owner:owner_ambiguous")]);
}

/// The columns of the other system's export of all columns, in its order.
const ALL_COLUMNS: &str = "CONTACT ID;PRENOM CONTACT;NOM CONTACT;CIVILITE CONTACT;DATE DE CREATION;\
    DATE DE DERNIERE MODIFICATION;FONCTION CONTACT;EMAIL CONTACT;TELEPHONE CONTACT;MOBILE CONTACT;FAX CONTACT;\
    WEB CONTACT;CONTACT NOTE;SMART TAGS;ID SOCIETE SELLSY;TYPE SOCIETE;NOM SOCIETE;EMAIL SOCIETE;\
    TELEPHONE SOCIETE;PROPRIETAIRE\n";

#[test]
fn cad_03_04_exports_of_displayed_and_of_all_columns_map_by_themselves() {
    let all = format!(
        "{ALL_COLUMNS}12;Ana;Lima;Mme;01/02/2026;03/02/2026;CEO;ana@one.example;01 23 45 67 89;06 12 34 56 78;;\
         www.one.example;VIP;;88;SAS;Globex;info@one.example;;Ana Souza\n"
    );
    let displayed = "Nom;Prénom;Fonction;Société;E-mail;Téléphone;Propriétaire\n\
         Lima;Ana;CEO;Globex;ana@one.example;01 23 45 67 89;Ana Souza\n";
    for file in [&*all, displayed] {
        let host = host();
        host.program("acme", "region = 'FR'\nlocale = 'fr'\n");
        let imported = leads(&host, file, &[]);
        assert_eq!(imported.status(), "completed", "{:?}", imported.summary);
        let lead = &host.records()[0];
        assert_eq!((lead.name.as_str(), lead.email.as_str()), ("Ana Lima", "ana@one.example"));
        assert_eq!(lead.phones, ["+33123456789"]);
        assert_eq!((&*lead.fields["company"], &*lead.fields["job_title"]), ("Globex", "CEO"));
        assert_eq!(lead.links["owner"], "3");
    }
}

#[test]
fn cad_03_04_other_numbers_stand_in_where_there_is_no_plain_one() {
    let host = host();
    host.program("acme", "region = 'FR'\n");
    let file = "NOM CONTACT;EMAIL SOCIETE;TELEPHONE SOCIETE;MOBILE CONTACT;PROPRIETAIRE\n\
        Lima;info@one.example;01 23 45 67 89;06 12 34 56 78;Ana Souza\n";
    let imported = leads(&host, file, &[]);
    let fields: Vec<Option<&str>> =
        imported.upload.columns.iter().map(|column| column.field.as_deref()).collect();
    assert_eq!(fields, [Some("last_name"), Some("email"), Some("phone"), Some("phone"), Some("owner")]);
    assert_eq!(host.records()[0].phones, ["+33612345678"]);
}

#[test]
fn cad_05_unmapped_columns_are_ignored() {
    let host = host();
    let file = "Nom;E-mail;Propriétaire;Score\nLima;ana@one.example;Ana Souza;42\n";
    let imported = leads(&host, file, &[]);
    let lead = &host.records()[0];
    assert_eq!(lead.fields.keys().collect::<Vec<_>>(), ["email", "first_name", "last_name", "owner"]);
    assert!(lead.additional.is_empty());
    assert_eq!(imported.succeeded_rows()[0]["Score"], "42");
}

#[test]
fn cad_06_a_preview_shows_the_leads_and_writes_nothing() {
    let host = host();
    let file = "Prénom;Nom;E-mail;Propriétaire;Score\nAna; Lima ;ana@one.example;Ana Souza;42\n";
    let preview = host.preview("leads", file, &[]);
    assert!(preview.verdict.accepted);
    let fields: Vec<Option<&str>> = preview.columns.iter().map(|column| column.field.as_deref()).collect();
    assert_eq!(fields, [Some("first_name"), Some("last_name"), Some("email"), Some("owner"), None]);
    let row = &preview.rows[0];
    assert_eq!((row.row, row.line), (1, 2));
    assert_eq!(row.cells, ["Ana", " Lima ", "ana@one.example", "Ana Souza", "42"]);
    assert!(host.contacts().is_empty());
}

#[test]
fn cad_07_exports_arrive_as_files_of_any_name() {
    let host = host();
    let what = || DropTarget::Profile(ProfileName::parse("leads").unwrap());
    let file = "Nom;E-mail;Propriétaire\nLima;ana@one.example;Ana Souza\n";
    for name in ["export_contacts_985101779183559.csv", "2026-11-21 (1)", "téléchargement.txt"] {
        let imported = host.run("acme", what(), name, file.as_bytes(), &[], &Course::default());
        assert_eq!((imported.status(), imported.summary.head.file.as_str()), ("completed", name));
    }
}

#[test]
fn cad_08_09_what_is_mapped_by_hand_is_added_for_every_lead() {
    let host = host();
    let file = "Who;Mail it;Boss\nLima;ana@one.example;Ana Souza\nBraz;bob@one.example;Ana Souza\n";
    let mapped = [("map.Who", "last_name"), ("map.mail IT", "email"), ("map.Boss", "owner")];
    assert_eq!(leads(&host, file, &mapped).status(), "completed");
    let records = host.records();
    assert_eq!(records.iter().map(|lead| lead.name.as_str()).collect::<Vec<_>>(), ["Braz", "Lima"]);
    assert!(records.iter().all(|lead| lead.fields["owner"] == "Ana Souza" && !lead.email.is_empty()));
    let twice = [("map.Who", "last_name"), ("map.mail IT", "email"), ("map.Boss", "email")];
    assert_eq!(leads(&host, file, &twice).file_codes(), ["column_missing"]);
}

#[test]
fn cad_10_mandatory_fields_must_be_mapped_before_any_row_is_read() {
    let host = host();
    let imported = leads(&host, "Prénom;E-mail\nAna;not an address\n", &[]);
    assert_eq!(imported.status(), "refused");
    let missing: Vec<_> = imported
        .upload
        .verdict
        .errors
        .iter()
        .map(|told| {
            (
                told.code.as_str(),
                told.column.as_ref().map(|column| column.name.to_string()).unwrap_or_default(),
            )
        })
        .collect();
    let told = |field: &str| ("column_missing", field.to_owned());
    assert_eq!(missing, [told("last_name"), told("owner")]);
    assert_eq!(imported.summary.rows.read, 0);
    assert!(host.records().is_empty());
}

#[test]
fn cad_11_the_owner_must_exist() {
    let host = host();
    let file =
        "Nom;E-mail;Propriétaire\nA;a@one.example;Ana Souza\nB;b@one.example;Nobody\nC;c@one.example;\n";
    let imported = leads(&host, file, &[]);
    assert_eq!(imported.errors(), [told(2, "owner:owner_unknown"), told(3, "owner:required_missing")]);
    assert_eq!(host.records().len(), 1);
}

#[test]
fn cad_12_15_16_the_preview_has_a_status_for_every_lead() {
    let host = host();
    host.directory("acme", "cadences", "email,phone,cadence\nc@one.example,,Autumn\n");
    leads(&host, "Nom;E-mail;Propriétaire\nB;b@one.example;Ana Souza\n", &[]);
    let file = "Nom;E-mail;Propriétaire\nA;a@one.example;Ana Souza\nB;b@one.example;Ana Souza\n\
        C;c@one.example;Ana Souza\nD;d@one.example;Nobody\nA;a@one.example;Ana Souza\n";
    let rows = host.preview("leads", file, &[]).rows;
    let status: Vec<&str> = rows.iter().map(|row| row.status.as_str()).collect();
    assert_eq!(status, ["", "exists", "active", "error", "error"]);
    assert!(rows[3].findings[0].message.contains("user not present"));
    let chosen = host.preview("leads", file, &[("rows", "2,4")]).rows;
    assert_eq!(chosen.iter().map(|row| row.row).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn cad_13_only_chosen_rows_are_added() {
    let host = host();
    let rows: String = (1..=9).map(|row| format!("L{row};l{row}@one.example;Ana Souza\n")).collect();
    let imported = leads(&host, &format!("Nom;E-mail;Propriétaire\n{rows}"), &[("rows", "1,3,5-7")]);
    assert_eq!((imported.summary.rows.created, imported.summary.rows.skipped), (5, 4));
    assert_eq!(host.records().iter().map(|lead| lead.name.as_str()).collect::<String>(), "L1L3L5L6L7");
}

#[test]
fn cad_14_a_lead_that_was_added_is_in_the_success_file() {
    let host = host();
    let imported = leads(&host, "Nom;E-mail;Propriétaire\nLima;Ana@ONE.example;Ana Souza\n", &[]);
    let row = &imported.succeeded_rows()[0];
    let id = ContactId::derive("acme", "leads", "ana@one.example").to_string();
    assert_eq!((&*row["rollcall_outcome"], &row["rollcall_contact_id"]), ("created", &id));
}

#[test]
fn cad_14_a_lead_without_an_address_is_told_by_its_phone() {
    let host = host();
    let file = "Nom;E-mail;Téléphone;Propriétaire\nLima;;+5511961234567;Ana Souza\nLima;;;Ana Souza\n\
        Lima;;(11) 96123-4567;Ana Souza\n";
    let imported = leads(&host, file, &[]);
    assert_eq!(imported.errors(), [told(2, "row:one_of_missing"), told(3, "row:duplicate_in_file")]);
    let id = ContactId::derive("acme", "leads", "+5511961234567").to_string();
    assert_eq!(imported.succeeded_rows()[0]["rollcall_contact_id"], id);
}

#[test]
fn cad_15_a_lead_in_a_running_cadence_imports_with_a_warning() {
    let host = host();
    host.directory(
        "acme",
        "cadences",
        "email,phone,cadence\nana@one.example,,Autumn\n,+5511961234567,Autumn\n",
    );
    let file = "Nom;E-mail;Téléphone;Propriétaire\nA;ANA@one.example;;Ana Souza\nB;b@one.example;(11) 96123-4567;Ana Souza\n\
        C;c@one.example;;Ana Souza\n";
    let imported = leads(&host, file, &[]);
    assert_eq!((imported.status(), imported.summary.rows.created), ("completed", 3));
    let warnings: Vec<String> =
        imported.succeeded_rows().into_iter().map(|row| row["rollcall_warnings"].clone()).collect();
    assert_eq!(warnings, ["row:already_active", "phone:phone_country_assumed row:already_active", ""]);
}

#[test]
fn cad_16_every_reason_why_a_lead_cannot_be_imported_is_given() {
    let host = host();
    let file = "Nom;E-mail;Site web;Propriétaire\n;not an address;ftp://x;Nobody\n";
    let imported = leads(&host, file, &[]);
    let errors = "last_name:required_missing email:email_invalid website:url_invalid owner:owner_unknown";
    let row = &imported.failed_rows()[0];
    let mut given: Vec<&str> = row["rollcall_errors"].split(' ').collect();
    let mut expected: Vec<&str> = errors.split(' ').collect();
    given.sort_unstable();
    expected.sort_unstable();
    assert_eq!(given, expected);
}

#[test]
fn cad_17_an_owner_who_is_not_registered_is_said_in_the_products_words() {
    let host = host();
    let file = "Nom;E-mail;Propriétaire\nA;a@one.example;Nobody\n";
    let row = &leads(&host, file, &[]).failed_rows()[0];
    assert!(row["rollcall_messages"].contains("user not present"), "{row:?}");
    host.directory("acme", "owners", "owner_id,name\n11,Nobody\n");
    assert_eq!(leads(&host, file, &[]).status(), "completed");
}
