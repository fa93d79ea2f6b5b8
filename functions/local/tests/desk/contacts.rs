//! Contacts: search, one of them, erase.

use serde_json::json;

use crate::client::Server;

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
