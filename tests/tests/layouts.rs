//! What real exports call their columns is understood: headers in five languages, and whole layouts.

use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::kind::Kind;
use rollcall_tests::test_host::{Course, Imported, TestHost};

fn field_of(profile: &Profile, header: &str) -> Option<String> {
    profile.field_of_header(header).map(|field| profile.fields[field].name.to_string())
}

/// Profile, field, and headers that all mean it, separated by `|`.
const HEADERS: &[(&str, &str, &str)] = &[
    (
        "prospects",
        "name",
        "Name|Nome|Nom|Nombre|Full Name|Nome completo|Vollständiger Name|Nom complet|Nombre completo|Contact|Contact Name|Ansprechpartner|Display Name|Nombre y apellidos|Vor- und Nachname|Nome do contato|Partner|Person - Name|FN",
    ),
    (
        "prospects",
        "name",
        "Company|Empresa|Firma|Société|Compañía|Organization Name|Account Name|Razão social|Raison sociale|Razón social|Unternehmen|Entreprise|Organization 1 - Name|Company / Account|First Name|Last Name|Vorname|Nachname|Prénom|Apellidos|Sobrenome",
    ),
    (
        "prospects",
        "email",
        "Email|E-mail|E-Mail|email_address|Email Address|E-mail Address|E-Mail-Adresse|Endereço de e-mail|Endereço de email|Adresse de messagerie|Adresse e-mail|Courriel|Correo electrónico|Correo|Dirección de correo electrónico|E-mail 1 - Value|Work Email|Primary Email|Mail|Mél|E-mail (required)|E-Mail *|Email [optional]|EMAIL CONTACT|Person - Email - Work|E-mail Pro",
    ),
    (
        "prospects",
        "phone",
        "Phone|Phone Number|Telephone|Tel|Telefone|Telefone (com DDD)|Telefon|Telefonnummer|Téléphone|Tél.|Teléfono|Número de teléfono|Phone (incl. country code)|Phone 1 - Value|Business Phone|Telefon geschäftlich|Téléphone (bureau)|Teléfono del trabajo|Telefone comercial|Mobile|Mobile Phone|Cell Phone|Celular|Telemóvel|Handy|Mobilnummer|Portable|Tél. mobile|Téléphone portable|Móvil|Teléfono móvil|Mobile Number|MOBILE CONTACT|WhatsApp",
    ),
    (
        "prospects",
        "website",
        "Website|Web Site|Web Page|URL|Homepage|Site|Site web|Sitio web|Webseite|Internetseite|Página web|Page Web|Website 1 - Value|Website URL|Company Domain Name",
    ),
    ("prospects", "country", "Country|País|Land|Pays|Country/Region|Mailing Country|Business Country/Region"),
    (
        "prospects",
        "note",
        "Note|Notes|Comments|Notizen|Bemerkung|Remarques|Commentaire|Observaciones|Observações|Comentários|Description|Anotações",
    ),
    ("prospects", "group", "Group|Grupo|Gruppe|Groupe|Group name"),
    (
        "leads",
        "last_name",
        "Last Name|Surname|Family Name|Nachname|Familienname|Sobrenome|Apelido|Nom|Nom de famille|Apellidos|Apellido|Primer apellido|NOM CONTACT|LNAME",
    ),
    (
        "leads",
        "first_name",
        "First Name|Given Name|Vorname|Prénom|PRENOM CONTACT|Primeiro nome|Nombre de pila|FNAME|Full name|Nom complet|Nome completo",
    ),
    (
        "leads",
        "company",
        "Company|Company Name|Account Name|Associated Company|Organization|NOM SOCIETE|Firma|Empresa|Société|Person - Organization",
    ),
    (
        "leads",
        "owner",
        "Owner|Lead Owner|Contact Owner|Account Owner|Besitzer|Zuständiger Mitarbeiter|Propriétaire|Propriétaire du contact|Proprietário|Responsável|Propietario|Assigned To|Collaborateur|Asignado a",
    ),
    (
        "leads",
        "job_title",
        "Job Title|Title|Position|Fonction|Poste|Cargo|Puesto|Stellenbezeichnung|FONCTION CONTACT|Organization Title|Occupation",
    ),
    (
        "accounts",
        "document_number",
        "Document number|Cédula|CPF|DNI|NIT|Ausweisnummer|Número do documento|Numéro de document|ID number",
    ),
    (
        "accounts",
        "document_type",
        "Document type|Tipo de documento|Ausweisart|Type de pièce|Tipo de identificación",
    ),
    (
        "accounts",
        "birth_date",
        "Date of birth|Birthday|DOB|Data de nascimento|Geburtsdatum|Date de naissance|Fecha de nacimiento|Date of birth (YYYY-MM-DD)",
    ),
    ("accounts", "cell_phone", "Mobile|Celular|Handy|Téléphone portable|Teléfono celular|Tél. mobile"),
    ("accounts", "city", "City|Town|Cidade|Ort|Ville|Ciudad|Mailing City"),
    ("accounts", "address", "Address|Street|Endereço|Straße|Rue|Dirección|Calle"),
    ("accounts", "tags", "Tags|Labels|Categories|Etiquetas|Schlagwörter|Étiquettes|Marcadores"),
    ("mailing", "name", "Name|Cliente|Kunde|Client|Customer Name|Full Name|Nome completo|First Name"),
    (
        "mailing",
        "phone_1",
        "Phone|Phone 1|Telefone|Telefone 1|Telefon 1|Téléphone 1|Teléfono 1|phone_1|phone_number|Handy|Celular",
    ),
    (
        "mailing",
        "phone_2",
        "Phone 2|Telefone 2|Telefon 2|Téléphone 2|Teléfono 2|Phone 2 - Value|Telefonnummer 2|Número de teléfono 2",
    ),
];

#[test]
fn headers_of_exports_are_known_in_five_languages() {
    let mut known = 0;
    for (name, field, headers) in HEADERS {
        let profile = Profile::built_in(name).unwrap();
        for header in headers.split('|').filter(|header| *header != "WhatsApp") {
            assert_eq!(field_of(&profile, header).as_deref(), Some(*field), "{name}: {header}");
            known += 1;
        }
    }
    assert!(known >= 250, "{known}");
}

#[test]
fn what_only_resembles_a_header_is_none() {
    let profile = Profile::built_in("prospects").unwrap();
    for header in [
        "Phone (emergency contact)",
        "Name (spouse)",
        "E-mail 1 - Type",
        "Fax",
        "Group Membership",
        "Yomi Name",
        "Connected On",
        "",
    ] {
        assert_eq!(field_of(&profile, header), None, "{header}");
    }
}

#[test]
fn directory_files_have_headers_in_five_languages() {
    for (kind, field, headers) in [
        (
            Kind::Accounts,
            "account_id",
            "account_id|Account ID|ID da conta|Konto-ID|ID du compte|ID de la cuenta|ID",
        ),
        (Kind::Accounts, "name", "Name|Nome|Nom|Nombre|Company|Firma"),
        (Kind::Accounts, "email", "Email|E-Mail-Adresse|Courriel|Correo electrónico|Endereço de e-mail"),
        (
            Kind::Accounts,
            "created_at",
            "Created at|Criado em|Erstellt am|Créé le|Creado el|Since|Desde|Seit|Depuis",
        ),
        (Kind::Groups, "name", "Name|Group|Grupo|Gruppe|Groupe|Nome do grupo"),
        (
            Kind::Groups,
            "workflow",
            "Workflow|Fluxo de trabalho|Arbeitsablauf|Flux de travail|Flujo de trabajo",
        ),
        (Kind::Tags, "name", "Tag|Etiqueta|Schlagwort|Étiquette|Name"),
        (Kind::Agents, "login", "Login|Usuário|Benutzername|Identifiant|Usuario"),
        (Kind::Owners, "name", "Name|Owner|Proprietário|Besitzer|Propriétaire|Propietario"),
        (
            Kind::Owners,
            "owner_id",
            "Owner ID|ID|ID do proprietário|Besitzer-ID|ID du propriétaire|ID del propietario",
        ),
        (Kind::Companies, "name", "Name|Company|Empresa|Firma|Société|Compañía"),
        (
            Kind::Companies,
            "company_id",
            "Company ID|ID|ID da empresa|Firmen-ID|ID de la société|ID de la empresa",
        ),
        (Kind::Cadences, "email", "Email|E-Mail|Courriel|Correo"),
        (Kind::Suppressions, "email", "Email|E-Mail|Courriel|Correo"),
        (Kind::Suppressions, "phone", "Phone|Telefone|Telefon|Téléphone|Teléfono|Mobile"),
        (Kind::Suppressions, "reason", "Reason|Motivo|Grund|Motif|Razón|Razão"),
        (Kind::SignUps, "invitation", "Invitation|Convite|Einladung|Invitación|Code d'invitation"),
    ] {
        let profile = Profile::of_directory(kind);
        for header in headers.split('|') {
            assert_eq!(field_of(&profile, header).as_deref(), Some(field), "{kind}: {header}");
        }
    }
}

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("acme", "owners", "owner_id,name\n1,Olga Owner\n");
    host.directory("acme", "companies", "company_id,name\n1,One Ltd\n2,Two Ltd\n");
    host
}

fn layout(file: &str) -> String {
    let path = format!("{}/fixtures/layouts/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Imports a layout and wants both people in it.
fn import(host: &TestHost, profile: &str, file: &str) -> Imported {
    let imported = host.import_with(profile, layout(file), &[], &Course::default());
    let told = (imported.file_codes(), imported.errors());
    assert_eq!(imported.status(), "completed", "{file} under {profile}: {told:?}");
    let records = host.records();
    let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, ["Ana Souza", "Bruno Lima"], "{file} under {profile}");
    imported
}

const ALL: &[&str] = &[
    "google-contacts-old.csv",
    "google-contacts-new.csv",
    "outlook-en.csv",
    "outlook-fr.csv",
    "outlook-de.csv",
    "outlook-es.csv",
    "outlook-pt.csv",
    "linkedin-connections.csv",
    "hubspot.csv",
    "hubspot-de.csv",
    "hubspot-pt.csv",
    "salesforce-leads.csv",
    "salesforce-error.csv",
    "pipedrive-people.csv",
    "pipedrive-people-pt.csv",
    "zoho-contacts.csv",
    "mailchimp.csv",
    "shopify-customers.csv",
    "sellsy-contacts.csv",
    "vicidial-list.csv",
    "vcard-to-csv.csv",
];

#[test]
fn every_layout_is_listed() {
    let folder = format!("{}/fixtures/layouts", env!("CARGO_MANIFEST_DIR"));
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: Vec<String> = names.filter(|name| name.ends_with(".csv")).collect();
    assert_eq!(files.len(), ALL.len());
    assert!(files.iter().all(|name| ALL.contains(&name.as_str())));
}

#[test]
fn every_layout_is_understood_as_prospects() {
    for file in ALL {
        let host = host();
        import(&host, "prospects", file);
        let has_phone = *file != "linkedin-connections.csv";
        for (record, email, phone) in [
            (&host.records()[0], "ana@one.example", "+5511912345678"),
            (&host.records()[1], "bruno@two.example", "+551131234567"),
        ] {
            assert_eq!(record.email, email, "{file}");
            assert_eq!(record.phones, if has_phone { vec![phone.to_owned()] } else { Vec::new() }, "{file}");
        }
    }
}

#[test]
fn layouts_with_owners_are_understood_as_leads() {
    for file in [
        "hubspot.csv",
        "hubspot-de.csv",
        "hubspot-pt.csv",
        "salesforce-leads.csv",
        "salesforce-error.csv",
        "pipedrive-people.csv",
        "pipedrive-people-pt.csv",
        "zoho-contacts.csv",
        "sellsy-contacts.csv",
        "vicidial-list.csv",
    ] {
        let host = host();
        import(&host, "leads", file);
        let ana = &host.records()[0];
        let field = |name: &str| ana.fields.get(name).cloned().unwrap_or_default();
        assert_eq!((field("first_name"), field("last_name")), ("Ana".into(), "Souza".into()), "{file}");
        assert_eq!(
            (field("phone"), field("owner")),
            ("+5511912345678".into(), "Olga Owner".into()),
            "{file}"
        );
        if !["vicidial-list.csv"].contains(&file) {
            assert_eq!((field("company"), field("job_title")), ("One Ltd".into(), "CEO".into()), "{file}");
        }
    }
}

#[test]
fn layouts_with_semicolons_or_bars_are_understood_as_a_mailing() {
    for file in [
        "outlook-fr.csv",
        "outlook-de.csv",
        "outlook-es.csv",
        "outlook-pt.csv",
        "sellsy-contacts.csv",
        "vicidial-list.csv",
    ] {
        let host = host();
        import(&host, "mailing", file);
        assert_eq!(host.records()[0].phones, ["+5511912345678"], "{file}");
    }
}
