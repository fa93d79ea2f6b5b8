//! Bad input: what people and programs send that they should not, in one table each.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Server, rollcall};

const LIST: &[u8] = b"name,email\nAna,ana@one.example\n";

/// A request, and the refusal that it gets.
type Case<'c> = (&'c str, &'c str, &'c [(&'c str, &'c str)], Value, u16, &'c str);

#[test]
fn each_request_that_cannot_be_followed_says_why() {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", LIST);
    let import = server.import(&upload, false, json!({}))["import_id"].as_str().unwrap().to_owned();
    let gone = server.upload("gone.csv", "prospects", LIST);
    fs::remove_file(server.home.join(format!("bucket/uploads/acme/{gone}/file"))).unwrap();
    let (preview, cells) = (
        format!("/api/programs/acme/uploads/{upload}/preview"),
        format!("/api/programs/acme/uploads/{upload}/cells"),
    );
    let of = |step: &str| format!("/api/programs/acme/imports/{import}/{step}");
    let (cancel, approve, undo) = (of("cancel"), of("approve"), of("undo"));
    let of_gone = format!("/api/programs/acme/uploads/{gone}/preview");
    let starts = "/api/programs/acme/imports";
    let script = "<script>alert(1)</script>";
    let cases: &[Case<'_>] = &[
        // A file that was removed meanwhile, and one that never was.
        ("POST", &of_gone, &[], json!({}), 409, "upload_incomplete"),
        ("POST", starts, &[], json!({ "upload_id": gone }), 409, "upload_incomplete"),
        ("POST", starts, &[], json!({ "upload_id": "aaaaaaaaaaaaaaaaaaaaaaaaaa" }), 404, "upload_unknown"),
        ("POST", starts, &[], json!({ "upload_id": "../../settings/acme.toml" }), 404, "upload_unknown"),
        ("POST", starts, &[], json!({ "upload_id": upload, "more": 1 }), 400, "request_invalid"),
        ("POST", starts, &[("idempotency-key", "")], json!({ "upload_id": upload }), 400, "request_invalid"),
        // What is over, and what there is not.
        ("POST", &cancel, &[], json!({}), 409, "import_over"),
        ("POST", &approve, &[], json!({}), 409, "approval_unknown"),
        ("POST", &undo, &[], json!({ "dry_run": "yes" }), 400, "request_invalid"),
        ("GET", "/api/programs/acme/imports?limit=0", &[], json!(null), 400, "request_invalid"),
        ("GET", "/api/programs/acme/imports?cursor=..%2F..", &[], json!(null), 400, "request_invalid"),
        ("GET", "/api/programs/acme/contacts/..%2F..%2Fsecret", &[], json!(null), 404, "contact_unknown"),
        ("GET", "/api/programs/acme/contacts/export?format=..", &[], json!(null), 400, "request_invalid"),
        ("DELETE", "/api/programs/acme/contacts/nobody", &[], json!(null), 404, "contact_unknown"),
        // Another site, another name of this server, another form of a body.
        ("POST", &preview, &[("origin", "https://evil.example")], json!({}), 403, "foreign_request"),
        ("POST", &undo, &[("sec-fetch-site", "cross-site")], json!({}), 403, "foreign_request"),
        ("POST", &undo, &[("host", "rebound.example")], json!({}), 403, "foreign_request"),
        ("POST", &preview, &[("content-type", "text/plain")], json!({}), 415, "media_type_unsupported"),
        ("PATCH", &preview, &[], json!({}), 405, "method_not_allowed"),
        ("POST", &preview, &[("cookie", "rollcall_session=ended")], json!({}), 401, "session_missing"),
        // Scripts and tricks in names.
        ("POST", &preview, &[], json!({ "options": { script: "x" } }), 422, "options_invalid"),
        ("POST", &preview, &[], json!({ "options": { "map": { "a": script } } }), 422, "options_invalid"),
        (
            "POST",
            &preview,
            &[],
            json!({ "options": { "notify": "stranger@evil.example" } }),
            422,
            "options_invalid",
        ),
        ("PUT", &cells, &[], json!({ "row": 0, "field": "email", "value": "x" }), 422, "cell_unknown"),
        ("PUT", &cells, &[], json!({ "row": 999, "field": "email", "value": "x" }), 422, "cell_unknown"),
        ("PUT", &cells, &[], json!({ "row": 1, "field": script, "value": "x" }), 422, "options_invalid"),
        (
            "POST",
            "/api/programs/acme/uploads",
            &[],
            json!({ "file": "a.csv", "profile": "../x" }),
            404,
            "profile_unknown",
        ),
        (
            "POST",
            "/api/programs/acme/uploads",
            &[],
            json!({ "file": "", "profile": "prospects" }),
            400,
            "request_invalid",
        ),
        (
            "POST",
            "/api/programs/acme/uploads",
            &[],
            json!({ "file": "a.csv", "profile": "prospects", "size": 1_u64 << 40 }),
            413,
            "file_too_large",
        ),
    ];
    for (method, path, headers, body, status, code) in cases {
        let is_json = headers.iter().any(|(name, _)| *name == "content-type");
        let media = [("content-type", "application/json")];
        let headers = [*headers, if is_json { &[] } else { &media[..] }].concat();
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = server.send(method, path, &headers, &body);
        let text = answer.text();
        assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{method} {path}: {text}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        let problem = answer.json();
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{text}");
        assert!(problem["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{text}");
    }
    // Nothing of all that started anything.
    let imports = server.get(starts).json();
    assert_eq!(imports["imports"].as_array().unwrap().len(), 1, "{imports}");
}

#[test]
fn a_file_of_two_gigabytes_may_come_and_be_cut_off() {
    let server = Server::start();
    let begun =
        server.post("/api/programs/acme/uploads", &json!({ "file": "a.csv", "profile": "prospects" })).json();
    let (path, upload) = (begun["put"]["url"].as_str().unwrap(), begun["upload_id"].as_str().unwrap());
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\ncontent-length: {}\r\n\r\n",
        server.address,
        server.cookie,
        2_u64 << 30
    );
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let piece = vec![b'a'; 1 << 20];
    (0..32).for_each(|_| stream.write_all(&piece).unwrap());
    // Others are served meanwhile, and nothing is there before all of it is.
    assert_eq!(server.get("/api/programs").status, 200);
    drop(stream);
    let began = Instant::now();
    let is_left = || server.bucket().iter().any(|key| key.ends_with("/file") || key.contains(".drafts/"));
    while is_left() {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", server.bucket());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        server.post("/api/programs/acme/imports", &json!({ "upload_id": upload })).code(),
        "upload_incomplete"
    );
    // Begun anew under the same id, it is imported.
    assert_eq!(server.send("PUT", path, &[], LIST).status, 204);
    assert_eq!(server.import(upload, false, json!({}))["rows"]["created"], 1);
}

/// Whether a page shows a text only as text.
fn is_harmless(page: &Answer) -> bool {
    let text = page.text();
    let main = text.split_once("<main").map_or("", |(_, main)| main);
    !main.contains("<script>") && !main.contains("<img")
}

#[test]
fn scripts_in_cells_headers_and_names_are_text_on_every_page() {
    let server = Server::start();
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    rollcall(&server.home, &["program", "set", "acme", "--title", evil]);
    let list = format!("name,email,\"{evil}\"\n\"{evil}\",ana@one.example,\"{evil}\"\nBea,\"{evil}\",x\n");
    let upload = server.upload(&format!("{evil}.csv"), "prospects", list.as_bytes());
    let done = server.import(&upload, false, json!({}));
    assert_eq!((&done["rows"]["created"], &done["rows"]["rejected"]), (&json!(1), &json!(1)));
    let contact = server.get("/api/programs/acme/contacts").json()["contacts"][0]["contact_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let import = done["import_id"].as_str().unwrap();
    for path in [
        "/".to_owned(),
        "/p/acme".to_owned(),
        "/p/acme/new".to_owned(),
        format!("/p/acme/new/{upload}"),
        format!("/p/acme/imports/{import}"),
        "/p/acme/contacts".to_owned(),
        format!("/p/acme/contacts/{contact}"),
        "/p/acme/contacts?search=%3Cscript%3E&group=%22%3E%3Cscript%3E".to_owned(),
        "/p/acme/imports/%3Cscript%3E".to_owned(),
    ] {
        let page = server.get(&path);
        assert!(matches!(page.status, 200 | 404) && is_harmless(&page), "{path}: {}", page.text());
        assert!(page.header("content-security-policy").contains("script-src 'self'"), "{path}");
    }
}

#[test]
fn many_unknown_values_and_many_columns_are_answered() {
    let server = Server::start();
    let mut list = String::from("name,email,group");
    (0..997).for_each(|at| list.push_str(&format!(",extra {at}")));
    list.push('\n');
    let commas = ",".repeat(997);
    (0..3_000).for_each(|row| list.push_str(&format!("N,n{row}@wide.example,G{row}{commas}\n")));
    let upload = server.upload("wide.csv", "prospects", list.as_bytes());
    let preview = format!("/api/programs/acme/uploads/{upload}/preview");
    let shown = server.post(&preview, &json!({ "rows": 5 })).json();
    assert_eq!(shown["columns"].as_array().unwrap().len(), 1_000);
    assert_eq!(shown["unknown_values"]["group"].as_array().unwrap().len(), 3_000);
    // A program without groups says so, and where they come from.
    let page = server.get(&format!("/p/acme/new/{upload}")).text();
    assert!(page.contains("rollcall directory load"), "a program without groups");
    // One column more is refused.
    let more = list.replacen("\n", ",one more\n", 1);
    let upload = server.upload("wider.csv", "prospects", more.as_bytes());
    let shown = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({})).json();
    assert_eq!(shown["verdict"]["errors"][0]["code"], "too_many_columns");

    let mut list = String::from("name,email,group\n");
    (0..100_000).for_each(|row| list.push_str(&format!("N,n{row}@many.example,G{row}\n")));
    let upload = server.upload("many.csv", "prospects", list.as_bytes());
    let began = Instant::now();
    let shown = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({ "rows": 5 }));
    assert!(shown.status == 200 && began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(!shown.json()["unknown_values"]["group"].as_array().unwrap().is_empty());
    let done = server.import(&upload, true, json!({}));
    assert_eq!(done["rows"]["rejected"], 100_000);
}

#[test]
fn a_known_value_is_chosen_from_the_whole_directory() {
    let server = Server::start();
    let groups = server.home.with_file_name("groups.csv");
    let names = |count: usize| {
        let mut text = String::from("name\nZinc\n");
        (0..count).for_each(|at| text.push_str(&format!("Metal {at:04}\n")));
        text
    };
    let load = |count: usize| {
        fs::write(&groups, names(count)).unwrap();
        let file = groups.to_str().unwrap();
        rollcall(&server.home, &["directory", "load", "groups", file, "--program", "acme"])
    };
    assert!(load(20).status.success());
    let upload = server.upload("a.csv", "prospects", b"name,email,group\nAna,ana@one.example,Ouro\n");
    let path = format!("/p/acme/new/{upload}");
    let page = server.get(&path).text();
    let list = page.split_once("<datalist id=\"known-group\">").map_or("", |(_, list)| list);
    let list = list.split_once("</datalist>").map_or("", |(list, _)| list);
    assert_eq!(list.matches("<option").count(), 21, "{list}");
    assert!(list.contains("value=\"Zinc\"") && page.contains("list=\"known-group\""));
    // The choice is taken.
    let form = "from=group%3DOuro&to=Zinc&do=look";
    let chosen =
        server.send("POST", &path, &[("content-type", "application/x-www-form-urlencoded")], form.as_bytes());
    assert!(chosen.status == 200 && !chosen.text().contains("known-group"), "{}", chosen.text());
    // Too many are not listed, and the page says so.
    assert!(load(2_100).status.success());
    let page = server.get(&path).text();
    assert!(page.contains("more than 2,000 to choose from") && page.len() < 100_000, "{}", page.len());
}
