//! What the sender maps goes before what is understood: `map.<header>=<field>`.

use rollcall_domain::report::upload::UploadColumn;
use rollcall_tests::test_host::{Course, Imported, TestHost};

fn import(host: &TestHost, file: &str, options: &[(&str, &str)]) -> Imported {
    host.import_with("prospects", file, options, &Course::default())
}

/// The field of each column.
fn fields(columns: &[UploadColumn]) -> Vec<Option<&str>> {
    columns.iter().map(|column| column.field.as_deref()).collect()
}

/// What is said of options that are not valid.
fn told(imported: &Imported) -> Vec<&str> {
    imported.upload.verdict.errors.iter().map(|finding| finding.message.as_str()).collect()
}

const TWO: &str = "Name,E-mail,Billing address\nAnn,ann@private.example,ann@one.example\n";

#[test]
fn a_mapped_header_goes_before_another_that_is_understood() {
    let host = TestHost::with_acme();
    for header in ["Billing address", "billing-ADDRESS"] {
        let imported = import(&host, TWO, &[(&format!("map.{header}"), "email")]);
        assert_eq!(imported.status(), "completed");
        assert_eq!(fields(&imported.upload.columns), [Some("name"), None, Some("email")]);
        // Nothing is to be mended: the column was left out on purpose.
        assert!(imported.upload.columns.iter().all(|column| column.hint.is_none()));
        assert_eq!(host.contact_of("ann@one.example")["name"], "Ann");
    }
    // The order of the columns does not matter.
    let file = "Name,Billing address,E-mail\nBob,bob@one.example,bob@private.example\n";
    let imported = import(&host, file, &[("map.Billing address", "email")]);
    assert_eq!(fields(&imported.upload.columns), [Some("name"), Some("email"), None]);
}

#[test]
fn of_two_headers_for_one_field_the_first_filled_is_taken_and_another_value_told() {
    let host = TestHost::with_acme();
    let both = [("map.Billing address", "email"), ("map.E-mail", "email")];
    let imported = import(&host, TWO, &both);
    assert_eq!(fields(&imported.upload.columns), [Some("name"), Some("email"), Some("email")]);
    assert_eq!(imported.succeeded_rows()[0]["rollcall_warnings"], "email:value_several");
    assert_eq!(host.contact_of("ann@private.example")["name"], "Ann");
    let file = "Name,E-mail,Mail\nAnn,ann@one.example,ann@two.example\n";
    let imported = import(&host, file, &[]);
    assert_eq!(imported.succeeded_rows()[0]["rollcall_warnings"], "email:value_several");
    assert_eq!(host.contact_of("ann@one.example")["name"], "Ann");
    // Leaving one out settles it, and so does choosing one.
    for option in [("map.Mail", ""), ("map.E-mail", "email")] {
        let imported = import(&host, file, &[option]);
        assert_eq!(fields(&imported.upload.columns), [Some("name"), Some("email"), None], "{option:?}");
    }
}

#[test]
fn a_header_that_is_there_letter_by_letter_is_meant_and_none_like_it() {
    let host = TestHost::with_acme();
    let file = "name,email,E-Mail\nAnn,ann@one.example,ann@two.example\n";
    let imported = import(&host, file, &[("map.E-Mail", "")]);
    assert_eq!(fields(&imported.upload.columns), [Some("name"), Some("email"), None]);
    let imported = import(&host, file, &[("map.E-Mail", "email")]);
    assert_eq!(fields(&imported.upload.columns), [Some("name"), None, Some("email")]);
}

#[test]
fn a_company_or_a_mobile_number_stands_in_where_nothing_is_better() {
    let host = TestHost::with_acme();
    let of = |profile: &str, header: &str| {
        let cells = header.split(';').map(|_| "x").collect::<Vec<_>>().join(";");
        let imported = host.import_with(profile, format!("{header}\n{cells}\n"), &[], &Course::default());
        imported.upload.columns.into_iter().map(|column| column.field.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(of("prospects", "Name;Company;Email"), ["name", "name", "email"]);
    assert_eq!(of("prospects", "Empresa;Email;Celular"), ["name", "email", "phone"]);
    assert_eq!(of("prospects", "Nome;E-mail;Telefone;Celular"), ["name", "email", "phone", "phone"]);
    assert_eq!(of("mailing", "Nome;Telefone;Celular"), ["name", "phone_1", "phone_2"]);
    assert_eq!(of("mailing", "Nome;Handy;Mobil"), ["name", "phone_1", "phone_2"]);
    assert_eq!(of("mailing", "Nome;Celular;Telefone 2;Telefone"), ["name", "phone_3", "phone_2", "phone_1"]);
}

#[test]
fn a_header_that_gave_way_is_additional_data_where_the_profile_keeps_it() {
    let host = TestHost::with_acme();
    let file = "customer_type,document_type,document_number,first_surname,first_name,email,work\n\
        Person,CC,1,Lima,Ana,ana@home.example,ana@work.example\n";
    let imported = host.import_with("accounts", file, &[("map.work", "email")], &Course::default());
    assert_eq!(imported.status(), "completed");
    let account = &host.records()[0];
    assert_eq!(
        (account.email.as_str(), &*account.additional["email"]),
        ("ana@work.example", "ana@home.example")
    );
}

#[test]
fn a_header_that_the_file_does_not_have_is_the_drops_mistake() {
    let host = TestHost::with_acme();
    let imported = import(&host, TWO, &[("map.Biling address", "note")]);
    assert_eq!((imported.status(), imported.file_codes()), ("refused", vec!["options_invalid"]));
    assert!(told(&imported)[0].contains("map.Biling address"), "{:?}", told(&imported));
    assert_eq!(import(&host, TWO, &[("map.Town", "")]).file_codes(), ["options_invalid"]);
    // Nor has a file without a header any.
    let lines = [("first_line", "data"), ("map.Name", "name")];
    assert_eq!(import(&host, "Ann,ann@one.example\n", &lines).file_codes(), ["options_invalid"]);
    let preview = host.preview("prospects", TWO, &[("map.Town", "note")]);
    assert!(!preview.verdict.accepted && preview.rows.len() == 1, "{preview:?}");
}

#[test]
fn a_program_may_map_headers_that_a_file_does_not_have() {
    let host = TestHost::with_acme();
    host.program("acme", "title = 'Acme'\n[options.map]\n'Billing address' = 'email'\nTown = 'note'\n");
    let imported = import(&host, TWO, &[]);
    assert_eq!(imported.status(), "completed");
    assert_eq!(fields(&imported.upload.columns), [Some("name"), None, Some("email")]);
    // What the drop says itself it has to keep.
    assert_eq!(import(&host, TWO, &[("map.Town", "website")]).file_codes(), ["options_invalid"]);
}

#[test]
fn failed_rows_come_again_with_their_map() {
    let host = TestHost::with_acme();
    let file = "Name,E-mail,'=Mail\nAnn,ann@private.example,ann@\n";
    let map = [("map.'=Mail", "email")];
    let first = import(&host, file, &map);
    assert_eq!(first.errors(), [(1, "email:email_invalid".to_owned())]);
    let repaired = String::from_utf8(first.failed).unwrap().replace("ann@,", "ann@one.example,");
    let again = import(&host, &repaired, &map);
    assert_eq!((again.status(), again.summary.rows.created), ("completed", 1));
}
