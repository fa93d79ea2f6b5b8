//! Undo: first what it would do, then it is done, once.

use serde_json::{Value, json};

use crate::client::{Server, rollcall};

const LIST: &[u8] = b"name,email\nAna,ana@one.example\nBea,bea@two.example\n";

fn contacts(server: &Server) -> String {
    let output = rollcall(&server.home, &["contacts", "list", "--program", "acme", "--json"]);
    String::from_utf8(output.stdout).unwrap()
}

fn imported(server: &Server, list: &[u8]) -> String {
    let upload = server.upload("list.csv", "prospects", list);
    server.import(&upload, false, json!({}))["import_id"].as_str().unwrap().to_owned()
}

/// Asks for an undo and waits for its end.
fn undo(server: &Server, import: &str, body: &Value) -> Value {
    let started = server.post(&format!("/api/programs/acme/imports/{import}/undo"), body);
    assert_eq!(started.status, 202, "{}", started.text());
    server.over(started.json()["import_id"].as_str().unwrap())
}

#[test]
fn an_import_is_undone_as_the_dry_run_said() {
    let server = Server::start();
    let first = imported(&server, LIST);
    let before = contacts(&server);
    let import = imported(&server, b"name,email\nAna Souza,ana@one.example\nCid,cid@three.example\n");
    let touched = contacts(&server);

    let dry_run = undo(&server, &import, &json!({ "dry_run": true }));
    let (rows, undoes) = (&dry_run["rows"], dry_run["undoes"].as_str());
    assert_eq!((dry_run["dry_run"].as_bool(), undoes), (Some(true), Some(import.as_str())));
    assert_eq!(
        [&rows["read"], &rows["removed"], &rows["restored"], &rows["kept"]],
        [2, 1, 1, 0].map(Value::from).each_ref()
    );
    assert_eq!(contacts(&server), touched);
    let dry_id = dry_run["import_id"].as_str().unwrap();
    let told = server.result(dry_id, "undone.csv");
    let approve = server.post(&format!("/api/programs/acme/imports/{dry_id}/approve"), &json!({}));
    assert_eq!(approve.code(), "approval_unknown", "a dry run of an undo is confirmed by an undo");
    assert_ne!(
        undo(&server, &import, &json!({ "dry_run": true }))["import_id"],
        dry_id,
        "a dry run is always a new one"
    );

    // The confirmation counts; then the form that it sends.
    let page = server.get(&format!("/p/acme/imports/{dry_id}")).text();
    assert!(
        page.contains(&format!("action=\"/p/acme/imports/{import}/undo\"")) && page.contains("confirmed"),
        "{page}"
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/p/acme/imports/{import}/undo");
    let confirmed = server.send("POST", &path, &form, b"confirmed=true");
    assert_eq!(confirmed.status, 303);
    let undone = server.over(confirmed.header("location").rsplit('/').next().unwrap());
    assert_eq!((undone["status"].as_str(), undone["dry_run"].as_bool()), (Some("completed"), Some(false)));
    assert_eq!(contacts(&server), before);
    let undo_id = undone["import_id"].as_str().unwrap();
    assert_eq!(server.result(undo_id, "undone.csv"), told);

    // Twice is the same undo; the pages lead to each other, and offer nothing that is done.
    let again = server.post(&format!("/api/programs/acme/imports/{import}/undo"), &json!({}));
    assert_eq!((again.status, again.json()["import_id"].as_str()), (202, Some(undo_id)));
    let without_body = server.send("POST", &format!("/api/programs/acme/imports/{import}/undo"), &[], b"");
    assert_eq!(without_body.json()["import_id"], undo_id);
    for (page, link) in [(&import, undo_id), (&undo_id.to_owned(), import.as_str())] {
        let text = server.get(&format!("/p/acme/imports/{page}")).text();
        assert!(
            text.contains(&format!("/p/acme/imports/{link}\"")) && !text.contains("id=\"undo\""),
            "{text}"
        );
    }
    assert!(server.get(&format!("/p/acme/imports/{first}")).text().contains("id=\"undo\""));
}

#[test]
fn what_cannot_be_undone_says_why() {
    let server = Server::start();
    let upload = server.upload("list.csv", "prospects", LIST);
    let dry_run = server.import(&upload, true, json!({}))["import_id"].as_str().unwrap().to_owned();
    let import = imported(&server, LIST);
    let undone = undo(&server, &import, &json!({}))["import_id"].as_str().unwrap().to_owned();
    for (id, reason) in [(&dry_run, "it is a dry run"), (&undone, "it is an undo itself")] {
        let answer = server.post(&format!("/api/programs/acme/imports/{id}/undo"), &json!({}));
        assert_eq!((answer.status, answer.code().as_str()), (409, "undo_impossible"));
        assert!(answer.json()["detail"].as_str().unwrap().contains(reason), "{}", answer.text());
        let said = rollcall(&server.home, &["undo", id]);
        let line = String::from_utf8(said.stderr).unwrap();
        assert_eq!((said.status.code(), line.matches(id.as_str()).count()), (Some(2), 1), "{line}");
        assert!(line.contains(reason), "{line}");
    }
    let path = format!("/api/programs/acme/imports/{import}/undo");
    assert_eq!(server.post(&path, &json!({ "dry": true })).code(), "request_invalid");
    let plain = server.send("POST", &path, &[("content-type", "text/plain")], b"dry_run");
    assert_eq!(plain.code(), "media_type_unsupported");
    let foreign = format!("/api/programs/other/imports/{import}/undo");
    assert_eq!(server.post(&foreign, &json!({})).code(), "import_unknown");
}
