//! Contacts: search, one of them, erase.

use serde_json::json;

use crate::client::{Server, rollcall};

const LIST: &[u8] = b"name,email,phone\nAna Souza,ana@one.example,11 96123-4567\nBea Lima,bea@two.example,\nCid,cid@three.example,\n";

fn server() -> Server {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", LIST);
    assert_eq!(server.import(&upload, false, json!({}))["rows"]["created"], 3);
    server
}

#[test]
fn contacts_are_searched_and_read_page_by_page() {
    let server = server();
    let path = "/api/programs/acme/contacts";
    let all = server.get(path).json();
    assert_eq!((all["contacts"].as_array().unwrap().len(), &all["next"]), (3, &serde_json::Value::Null));
    let found = server.get(&format!("{path}?search=souza")).json();
    assert_eq!(found["contacts"][0]["email"], "ana@one.example");
    assert_eq!(server.get(&format!("{path}?search=nobody")).json()["contacts"], json!([]));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page = server.get(&format!("{path}?limit=1{cursor}")).json();
        seen.extend(page["contacts"].as_array().unwrap().iter().map(|one| one["contact_id"].to_string()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    for wrong in ["cursor=nothing", "limit=0", "limit=101", "import=nothing"] {
        assert_eq!(server.get(&format!("{path}?{wrong}")).code(), "request_invalid", "{wrong}");
    }
    assert_eq!(server.get("/api/programs/other/contacts").json()["contacts"], json!([]));
    let id = all["contacts"][0]["contact_id"].as_str().unwrap();
    assert_eq!(server.get(&format!("{path}/{id}")).json()["contact_id"], id);
    assert_eq!(server.get(&format!("/api/programs/other/contacts/{id}")).code(), "contact_unknown");
}

#[test]
fn an_erased_contact_is_gone_and_does_not_come_back() {
    let server = server();
    let found = server.get("/api/programs/acme/contacts?search=souza").json();
    let id = found["contacts"][0]["contact_id"].as_str().unwrap();
    let path = format!("/api/programs/acme/contacts/{id}");
    let erased = server.send("DELETE", &path, &[], b"");
    assert_eq!((erased.status, &erased.json()["erased"]), (200, &json!(true)), "{}", erased.text());
    assert_eq!(server.get(&path).code(), "contact_unknown");
    let upload = server.upload("again.csv", "prospects", LIST);
    let again = server.import(&upload, false, json!({}));
    assert_eq!(again["errors"][0]["code"], "suppressed", "{again}");
    let page = server.get("/p/acme/contacts?search=bea");
    assert!(page.text().contains("Bea Lima") && !page.text().contains("Ana Souza"));
}

#[test]
fn an_export_is_a_list_that_can_be_imported_again() {
    let server = server();
    let path = "/api/programs/acme/contacts/export";
    let csv = server.get(path);
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"contacts-acme.csv\"");
    let same = rollcall(&server.home, &["contacts", "list", "--program", "acme", "--csv"]).stdout;
    let lines = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        // The order is the store's own, and the numbers of rows follow it.
        let mut lines: Vec<String> =
            text.lines().map(|line| line.replace(",1,", ",2,").replace(",3,", ",2,")).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&csv.body), lines(&same));
    let again = server.upload("again.csv", "prospects", &csv.body);
    assert_eq!(server.import(&again, false, json!({}))["rows"]["unchanged"], 3);
    let found = server.get(&format!("{path}?search=souza")).text();
    assert_eq!((found.lines().count(), found.contains("ana@one.example")), (2, true), "{found}");
    let book = server.get(&format!("{path}?format=xlsx"));
    assert!(
        book.body.starts_with(b"PK") && book.header("content-disposition").contains("contacts-acme.xlsx")
    );
    let upload = server.upload("book.xlsx", "prospects", &book.body);
    assert_eq!(server.import(&upload, false, json!({}))["rows"]["unchanged"], 3);
    // An empty program has a file with our columns alone; contacts of several profiles are no one list.
    assert!(server.get("/api/programs/other/contacts/export").text().contains("rollcall_contact_id"));
    let lead = server.upload("leads.csv", "leads", b"last_name,email,owner\nZed,zed@lead.example,\n");
    rollcall(&server.home, &["program", "set", "acme"]);
    let done = server.import(&lead, false, json!({}));
    if done["rows"]["created"] == 1 {
        let several = server.get(path);
        assert_eq!((several.status, several.code().as_str()), (400, "request_invalid"));
        assert!(
            several.json()["detail"].as_str().unwrap().contains("leads, prospects"),
            "{}",
            several.text()
        );
        assert_eq!(server.get(&format!("{path}?profile=leads")).text().lines().count(), 2);
    }
    for wrong in ["format=pdf", "import=nothing"] {
        assert_eq!(server.get(&format!("{path}?{wrong}")).code(), "request_invalid", "{wrong}");
    }
    assert_eq!(server.get("/api/programs/nothing/contacts/export").code(), "program_unknown");
    let page = server.get("/p/acme/contacts?search=bea&profile=prospects").text();
    assert!(page.contains("/p/acme/contacts/export") && page.contains("value=\"bea\""), "{page}");
    assert!(server.get("/p/acme/contacts/export?format=csv&search=bea").text().contains("bea@two.example"));
}

#[test]
fn a_contact_has_its_history() {
    let server = server();
    let upload = server.upload("b.csv", "prospects", b"name,email\nAna Maria Souza,ana@one.example\n");
    let second = server.import(&upload, false, json!({}));
    // What an option makes a dry run wrote nothing.
    let upload = server.upload("c.csv", "prospects", b"name,email\nAna Lima,ana@one.example\n");
    assert_eq!(server.import(&upload, false, json!({ "dry_run": true }))["dry_run"], json!(true));
    let found = server.get("/api/programs/acme/contacts?search=souza").json();
    let id = found["contacts"][0]["contact_id"].as_str().unwrap();
    let path = format!("/api/programs/acme/contacts/{id}");
    let shown = server.get(&path).json();
    let same = rollcall(&server.home, &["contacts", "show", id, "--program", "acme", "--json"]).stdout;
    let same: serde_json::Value = serde_json::from_slice(&same).unwrap();
    assert_eq!(shown["history"], same["history"]);
    let did: Vec<&str> =
        shown["history"].as_array().unwrap().iter().filter_map(|one| one["did"].as_str()).collect();
    assert_eq!((did, &shown["history_next"]), (vec!["created", "updated"], &json!(null)));
    let changed = &shown["history"][1]["fields"];
    assert_eq!(changed, &json!([{ "field": "name", "before": "Ana Souza", "after": "Ana Maria Souza" }]));
    let before = second["import_id"].as_str().unwrap();
    let earlier = server.get(&format!("{path}?before={before}")).json();
    assert_eq!(earlier["history"].as_array().unwrap().len(), 1);
    assert_eq!(server.get(&format!("{path}?before=nothing")).code(), "request_invalid");
    let page = server.get(&format!("/p/acme/contacts/{id}")).text();
    assert!(page.contains("Ana Souza") && page.contains(&format!("/p/acme/imports/{before}")), "{page}");
}
