//! From the upload to the contacts.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Server, rollcall};

const LIST: &[u8] =
    b"name,email,group\nAna,ana@one.example,\nBea,bea(at)two.example,\nCid,cid@three.example,\n";

fn contacts(server: &Server) -> Vec<Value> {
    let output = rollcall(&server.home, &["contacts", "list", "--program", "acme", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_file_is_uploaded_previewed_tried_approved_and_imported() {
    let mut server = Server::start();
    let upload = server.upload("Lista de março.csv", "prospects", LIST);
    let preview = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({})).json();
    assert_eq!(preview["verdict"]["accepted"], true);
    let statuses: Vec<&str> =
        preview["rows"].as_array().unwrap().iter().filter_map(|row| row["status"].as_str()).collect();
    assert_eq!(statuses, ["", "error", ""]);
    assert_eq!((preview["missing"].clone(), preview["unknown_values"].clone()), (json!([]), json!({})));
    assert!(
        contacts(&server).is_empty()
            && server.get("/api/programs/acme/imports").json()["imports"] == json!([])
    );

    let dry_run = server.import(&upload, true, json!({}));
    assert_eq!(
        (dry_run["status"].as_str(), dry_run["dry_run"].as_bool()),
        (Some("completed_with_errors"), Some(true))
    );
    assert_eq!((&dry_run["rows"]["created"], &dry_run["rows"]["done"]), (&json!(2), &json!(3)));
    assert_eq!(dry_run["chunks"], json!({ "done": 1, "all": 1 }));
    assert!(contacts(&server).is_empty());

    let dry_id = dry_run["import_id"].as_str().unwrap();
    let approve = format!("/api/programs/acme/imports/{dry_id}/approve");
    let approved = server.post(&approve, &json!({}));
    assert_eq!(approved.status, 202);
    let import = approved.json()["import_id"].as_str().unwrap().to_owned();
    assert_eq!(server.post(&approve, &json!({})).json()["import_id"], import.as_str(), "approved twice");
    let done = server.over(&import);
    assert_eq!((done["approves"].as_str(), &done["rows"]["created"]), (Some(dry_id), &json!(2)));
    assert_eq!(contacts(&server).len(), 2);
    assert_eq!(server.post(&approve, &json!({})).json()["import_id"], import.as_str(), "back button");
    let again = server.post(&format!("/api/programs/acme/imports/{import}/approve"), &json!({}));
    assert_eq!((again.status, again.code().as_str()), (409, "approval_unknown"));

    assert!(server.result(&import, "failed.csv").contains("bea(at)two.example"));
    assert!(server.result(&import, "report.html").contains("<html"));
    let listed = server.get("/api/programs/acme/imports").json();
    assert_eq!(listed["imports"].as_array().unwrap().len(), 2);
    assert_eq!(listed["imports"][0]["import_id"], import.as_str());
    let first = server.get("/api/programs/acme/imports?limit=1").json();
    let cursor = first["next"].as_str().unwrap();
    let second = server.get(&format!("/api/programs/acme/imports?limit=1&cursor={cursor}")).json();
    assert_eq!((second["imports"][0]["import_id"].as_str(), &second["next"]), (Some(dry_id), &Value::Null));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn an_import_is_over_with_its_status_not_with_its_summary() {
    let server = Server::start();
    let done = server.import(&server.upload("a.csv", "prospects", LIST), true, json!({}));
    let over = done["import_id"].as_str().unwrap();
    let summary =
        server.bucket().into_iter().find(|file| file.ends_with(&format!("{over}/summary.json"))).unwrap();
    assert!(rollcall(&server.home, &["program", "pause", "acme"]).status.success());
    let begun = server.begin(&server.upload("b.csv", "prospects", LIST), true, json!({}));
    // As it is between the last write of the finalizer and the end.
    let (from, to) = (server.home.join("bucket").join(&summary), summary.replace(over, &begun));
    let to = server.home.join("bucket").join(to);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
    let state = server.get(&format!("/api/programs/acme/imports/{begun}")).json();
    assert_eq!((&state["phase"], &state["status"]), (&json!("paused"), &Value::Null));
    let page = server.get(&format!("/p/acme/imports/{begun}")).text();
    assert!(page.contains("id=\"running\""), "{page}");
}

#[test]
fn the_same_key_is_the_same_import() {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", LIST);
    let start = |key: &str, body: Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        server.send("POST", "/api/programs/acme/imports", &headers, body.to_string().as_bytes())
    };
    let body = json!({ "upload_id": upload });
    let first = start("one", body.clone());
    assert_eq!(first.status, 202);
    let (again, other) = (start("one", body.clone()), start("two", body.clone()));
    assert_eq!(first.json(), again.json());
    assert_ne!(first.json(), other.json());
    let reused = start("one", json!({ "upload_id": upload, "dry_run": true }));
    assert_eq!((reused.status, reused.code().as_str()), (422, "key_reused"));
    server.over(first.json()["import_id"].as_str().unwrap());
    assert_eq!(start("one", body).json(), first.json(), "after it is over");
    // Both have the bytes under a name of their own.
    assert!(server.bucket().contains(&"inbox/acme/prospects/a (2).csv".to_owned()));
    let threads: Vec<Value> = std::thread::scope(|scope| {
        let send = || start("at once", json!({ "upload_id": upload, "dry_run": true })).json();
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    assert!(
        threads.iter().all(|answer| answer == &threads[0] && answer["import_id"].is_string()),
        "{threads:?}"
    );
}

#[test]
fn a_connection_that_is_lost_leaves_nothing() {
    let server = Server::start();
    let begun =
        server.post("/api/programs/acme/uploads", &json!({ "file": "a.csv", "profile": "prospects" })).json();
    let (path, upload) = (begun["put"]["url"].as_str().unwrap(), begun["upload_id"].as_str().unwrap());
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\ncontent-length: 1000\r\n\r\n",
        server.address, server.cookie
    );
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(LIST).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    drop(stream);
    std::thread::sleep(Duration::from_millis(300));
    let preview = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({}));
    assert_eq!((preview.status, preview.code().as_str()), (409, "upload_incomplete"));
    let start = server.post("/api/programs/acme/imports", &json!({ "upload_id": upload }));
    assert_eq!(start.code(), "upload_incomplete");
    assert!(
        !server.bucket().iter().any(|key| key.ends_with("/file") || key.contains(".drafts/")),
        "{:?}",
        server.bucket()
    );
    // The same address takes the file again.
    assert_eq!(server.send("PUT", path, &[], LIST).status, 204);
    assert_eq!(server.import(upload, false, json!({}))["rows"]["created"], 2);
}

#[test]
fn a_cell_that_is_typed_over_is_judged_and_imported_and_the_file_stays() {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", LIST);
    let cells = format!("/api/programs/acme/uploads/{upload}/cells");
    let wrong = server.put(&cells, &json!({ "row": 2, "field": "email", "value": "still wrong" }));
    assert_eq!((wrong.status, wrong.json()["row"]["status"].as_str()), (200, Some("error")));
    let right = server.put(&cells, &json!({ "row": 2, "field": "email", "value": "bea@two.example" })).json();
    assert_eq!((right["row"]["status"].as_str(), right["row"]["row"].as_u64()), (Some(""), Some(2)));
    assert_eq!(right["row"]["cells"][1], "bea@two.example");
    // A repeat is judged over the rows before it.
    let repeat =
        server.put(&cells, &json!({ "row": 3, "field": "email", "value": "ana@one.example" })).json();
    assert_eq!(repeat["row"]["findings"][0]["code"], "duplicate_in_file");
    for (cell, code) in [
        (json!({ "row": 9, "field": "email", "value": "x@y.example" }), "cell_unknown"),
        (json!({ "row": 0, "field": "email", "value": "x@y.example" }), "cell_unknown"),
        (json!({ "row": 1, "field": "colour", "value": "red" }), "options_invalid"),
        (json!({ "row": 1, "field": "name", "value": "a\nb" }), "cell_unknown"),
    ] {
        assert_eq!(server.put(&cells, &cell).code(), code, "{cell}");
    }
    server.put(&cells, &json!({ "row": 3, "field": "email", "value": "=cid@three.example" }));
    let done = server.import(&upload, false, json!({}));
    assert_eq!(done["rows"]["created"], 3, "{done}");
    let emails: Vec<String> =
        contacts(&server).iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
    assert!(emails.contains(&"bea@two.example".to_owned()), "{emails:?}");
    assert_eq!(std::fs::read(server.home.join("bucket/inbox/acme/prospects/a.csv")).unwrap(), LIST);
    let kept = format!("bucket/uploads/acme/{upload}/file");
    assert_eq!(std::fs::read(server.home.join(kept)).unwrap(), LIST);
}

#[test]
fn a_cell_among_the_options_is_taken_and_one_typed_over_later_goes_before_it() {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", b"name,email\nAna,nobody\nBea,nobody\n");
    let preview = format!("/api/programs/acme/uploads/{upload}/preview");
    for cells in
        [json!({ "cell.1.email": "a@x.example" }), json!({ "cell": { "1": { "email": "a@x.example" } } })]
    {
        let shown = server.post(&preview, &json!({ "options": cells })).json();
        assert_eq!(shown["rows"][0]["cells"][1], "a@x.example", "{shown}");
    }
    let cells = format!("/api/programs/acme/uploads/{upload}/cells");
    server.put(&cells, &json!({ "row": 2, "field": "email", "value": "b@x.example" }));
    let options = json!({ "cell.1.email": "a@x.example", "cell.2.email": "old@x.example" });
    let done = server.import(&upload, false, options);
    assert_eq!(done["rows"]["created"], 2, "{done}");
    let emails: Vec<String> =
        contacts(&server).iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
    assert!(
        ["a@x.example", "b@x.example"].iter().all(|one| emails.contains(&(*one).to_owned())),
        "{emails:?}"
    );
}

/// A value for a name that is made of two columns says nothing about one of them.
#[test]
fn a_field_of_several_columns_is_typed_over_by_the_number_of_a_column() {
    let server = Server::start();
    let set = ["program", "set", "acme", "--title", "Acme", "--locale", "de"];
    assert!(rollcall(&server.home, &set).status.success());
    let upload = server.upload("a.csv", "prospects", b"First Name,Last Name,email\nAna,Lima,nobody\n");
    let cells = format!("/api/programs/acme/uploads/{upload}/cells");
    let refused = server.put(&cells, &json!({ "row": 1, "field": "name", "value": "Ana Maria Lima" }));
    assert_eq!((refused.status, refused.code().as_str()), (422, "cell_unknown"));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("Feld name: mehrere Spalten"), "{detail}");
    let typed = server.put(&cells, &json!({ "row": 1, "field": "1", "value": "Ana Maria" })).json();
    assert_eq!(typed["row"]["cells"][0], "Ana Maria", "{typed}");
    let gone = server.put(&cells, &json!({ "row": 9, "field": "email", "value": "x" })).json();
    assert_eq!(gone["detail"], "Zeile 9: gibt es nicht, oder sie ist leer");
}

#[test]
fn what_is_dropped_meanwhile_is_imported_and_told() {
    let server = Server::start();
    let inbox = server.home.join("bucket/inbox/acme/prospects");
    std::fs::create_dir_all(&inbox).unwrap();
    std::fs::write(inbox.join("dropped.csv"), LIST).unwrap();
    let began = std::time::Instant::now();
    let import = loop {
        let listed = server.get("/api/programs/acme/imports").json();
        if let Some(import) = listed["imports"][0]["import_id"].as_str() {
            break import.to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(server.over(&import)["file"], "dropped.csv");
    let events = server.get(&format!("/api/programs/acme/imports/{import}/events"));
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert!(events.text().contains("\"phase\":\"over\""), "{}", events.text());
    let over = server.post(&format!("/api/programs/acme/imports/{import}/cancel"), &json!({}));
    assert_eq!((over.status, over.code().as_str()), (409, "import_over"));
}

#[test]
fn options_are_checked_before_an_import_starts() {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", LIST);
    for options in [
        json!({ "colour": "red" }),
        json!({ "map": { "Email": "colour" } }),
        json!({ "rows": "9-5" }),
        json!({ "notify": "stranger@evil.example" }),
        json!({ "delimiter": null }),
        json!({ "value": "x" }),
    ] {
        let body = json!({ "upload_id": upload, "options": options });
        let answer = server.post("/api/programs/acme/imports", &body);
        assert_eq!((answer.status, answer.code().as_str()), (422, "options_invalid"), "{options}");
        assert!(answer.json()["fix"].as_str().is_some_and(|fix| !fix.is_empty()));
    }
    let chosen = server.import(&upload, false, json!({ "rows": [1], "map": { "group": "" } }));
    assert_eq!((&chosen["rows"]["created"], &chosen["rows"]["skipped"]), (&json!(1), &json!(2)));
    assert_eq!(server.get("/api/programs/acme/imports").json()["imports"].as_array().unwrap().len(), 1);
}

#[test]
fn a_mapping_is_kept_for_files_with_its_header() {
    let server = Server::start();
    let list = b"Cliente,Correspondencia\nAna,ana@one.example\n";
    let upload = server.upload("a.csv", "prospects", list);
    let preview = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({})).json();
    let fingerprint = preview["mapping"]["fingerprint"].as_str().unwrap();
    let path = format!("/api/programs/acme/mappings/prospects/{fingerprint}");
    assert_eq!(server.get(&path).code(), "mapping_unknown");
    let options = json!({ "map": { "Cliente": "name", "Correspondencia": "email" } });
    assert_eq!(server.put(&path, &json!({ "options": options })).status, 204);
    assert_eq!(server.get(&path).json()["options"]["map.Cliente"], "name");
    let preview = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({})).json();
    assert_eq!((&preview["mapping"]["saved"], &preview["verdict"]["accepted"]), (&json!(true), &json!(true)));
    let wrong = server.put(&path, &json!({ "options": { "map": { "Cliente": "colour" } } }));
    assert_eq!(wrong.code(), "options_invalid");
}

#[test]
fn a_large_file_is_previewed_from_its_beginning_and_says_so() {
    let server = Server::start();
    let mut list = b"name,email,note\n".to_vec();
    for row in 0..600_000 {
        list.extend_from_slice(format!("Ana,a{row}@one.example,\"a note\nof two lines\"\n").as_bytes());
    }
    let upload = server.upload("large.csv", "prospects", &list);
    let body = json!({ "rows": 3 });
    let preview = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &body).json();
    assert_eq!(preview["rows"].as_array().unwrap().len(), 3);
    assert_eq!(preview["verdict"]["accepted"], true, "{}", preview["verdict"]);
    assert_eq!(preview["partial"]["bytes"], list.len());
    assert!(preview["partial"]["bytes_read"].as_u64().unwrap() <= 4 << 20);
}

#[test]
fn a_template_is_given_in_the_readers_language() {
    let server = Server::start();
    let csv = server.get("/api/profiles/prospects/template?locale=pt");
    assert!(csv.text().contains("Nome"), "{}", csv.text());
    let xlsx = server.get("/api/profiles/prospects/template?format=xlsx");
    assert!(xlsx.body.starts_with(b"PK"));
    assert_eq!(server.get("/api/profiles/nothing/template").code(), "profile_unknown");
    assert_eq!(server.get("/api/profiles/prospects/template?format=pdf").code(), "request_invalid");
    let profiles = server.get("/api/profiles").json();
    assert_eq!(profiles["profiles"][0]["fields"][0]["required"], true);
}
