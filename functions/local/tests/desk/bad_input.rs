//! Bad input: what people and programs send that they should not, in one table each. That of people on pages is in
//! `tests/console`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Server, parse, rollcall};

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
    let mapping = "/api/programs/acme/mappings/prospects/0123456789abcdef".to_owned();
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
        // Fields that no column fills, and columns that there are not.
        ("PUT", &cells, &[], json!({ "row": 1, "field": "website", "value": "x" }), 422, "cell_unknown"),
        ("PUT", &cells, &[], json!({ "row": 1, "field": "0", "value": "x" }), 422, "cell_unknown"),
        ("PUT", &cells, &[], json!({ "row": 1, "field": "9", "value": "x" }), 422, "cell_unknown"),
        // A list in place of the members.
        (
            "POST",
            "/api/programs/acme/uploads",
            &[],
            json!(["a.csv", "prospects", null]),
            400,
            "request_invalid",
        ),
        ("PUT", &mapping, &[], json!({ "options": { "cell.1.name": "Eve" } }), 422, "options_invalid"),
        ("PUT", &mapping, &[], json!({ "options": { "rows": "1" } }), 422, "options_invalid"),
        ("PUT", &mapping, &[], json!({ "options": { "replace": true } }), 422, "options_invalid"),
        ("PUT", &mapping, &[], json!({ "options": { "notify": "a@evil.example" } }), 422, "options_invalid"),
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
    // Nothing of all that was kept, or started anything.
    assert_eq!(server.post(&preview, &json!({})).json()["verdict"]["accepted"], json!(true));
    assert_eq!(server.get(&mapping).code(), "mapping_unknown");
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

#[cfg(target_os = "linux")]
/// The most memory that a process has held so far, in MB.
fn peak(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_file() {
    let server = Server::start();
    // 192 MB that arrive by and by.
    let begun =
        server.post("/api/programs/acme/uploads", &json!({ "file": "b.csv", "profile": "prospects" })).json();
    let (path, len) = (begun["put"]["url"].as_str().unwrap(), 192_usize << 20);
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n",
        server.address, server.cookie
    );
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let piece = vec![b'a'; 1 << 20];
    (0..192).for_each(|_| stream.write_all(&piece).unwrap());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(peak(&server) < 96, "{} MB for an upload of 192 MB", peak(&server));
    // 2 GB of which the beginning is a list: the page and the interface read as much as they need.
    let upload = server.upload("two.csv", "prospects", LIST);
    let file = fs::File::options()
        .append(true)
        .open(server.home.join(format!("bucket/uploads/acme/{upload}/file")))
        .unwrap();
    let row = "Ana,a{}@one.example\n".repeat(1 << 18);
    (&file).write_all(row.as_bytes()).unwrap();
    file.set_len(2 << 30).unwrap();
    let began = Instant::now();
    let shown = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({ "rows": 5 }));
    assert_eq!(shown.json()["partial"]["bytes"], 2_u64 << 30);
    assert_eq!(shown.json()["rows"].as_array().unwrap().len(), 5);
    assert_eq!(server.get(&format!("/p/acme/new/{upload}")).status, 200);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(peak(&server) < 160, "{} MB to show a file of 2 GB", peak(&server));
}

#[test]
fn a_slow_reader_holds_up_nobody_and_gets_every_byte() {
    let server = Server::start();
    let mut list = String::from("name,email\n");
    (0..60_000).for_each(|row| list.push_str(&format!("Somebody of row {row},n{row}(at)slow.example\n")));
    let import = server.import(&server.upload("slow.csv", "prospects", list.as_bytes()), false, json!({}));
    let id = import["import_id"].as_str().unwrap();
    let path = format!("/api/programs/acme/imports/{id}/results/failed.csv");
    let whole = server.get(&path).body;
    assert!(whole.len() > 8 << 20, "more than the system keeps for a connection: {}", whole.len());
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\n\r\n",
        server.address, server.cookie
    );
    // More of them than requests are answered at once; and some that never say all of what they want.
    let open = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    let slow: Vec<TcpStream> = (0..60).map(|_| open(request.as_bytes())).collect();
    let _silent: Vec<TcpStream> = (0..60).map(|_| open(&request.as_bytes()[..20])).collect();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(200));
        let began = Instant::now();
        assert_eq!(server.get("/api/programs").status, 200);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
    let mut bytes = Vec::new();
    (&slow[0]).read_to_end(&mut bytes).unwrap();
    assert!(parse(&bytes).body == whole, "{} of {}", bytes.len(), whole.len());
}

#[test]
fn two_people_on_one_upload_lose_nothing() {
    let server = Server::start();
    let mut list = String::from("name,email\n");
    (1..=12).for_each(|row| list.push_str(&format!("N{row},n{row}(at)two.example\n")));
    let upload = server.upload("two.csv", "prospects", list.as_bytes());
    let other = server.sign_in();
    let path = format!("/api/programs/acme/uploads/{upload}/cells");
    // Each types over half of the rows, at the same time.
    std::thread::scope(|scope| {
        for (cookie, rows) in [(server.cookie.as_str(), 1..=6), (&other, 7..=12)] {
            let (server, path) = (&server, &path);
            for row in rows {
                scope.spawn(move || {
                    let cell =
                        json!({ "row": row, "field": "email", "value": format!("n{row}@two.example") });
                    let headers = [("content-type", "application/json"), ("cookie", cookie)];
                    let typed = server.send("PUT", path, &headers, cell.to_string().as_bytes());
                    assert_eq!((typed.status, &typed.json()["row"]["status"]), (200, &json!("")), "{row}");
                });
            }
        }
    });
    let preview = server.post(&format!("/api/programs/acme/uploads/{upload}/preview"), &json!({})).json();
    assert_eq!(preview["statuses"]["absent"], 12, "{}", preview["statuses"]);
    // Both begin the import: with a key of their own each has one, and the second changes nothing.
    let begin = |cookie: &str, key: &str| {
        let body = json!({ "upload_id": upload, "dry_run": false }).to_string();
        let headers = [("content-type", "application/json"), ("cookie", cookie), ("idempotency-key", key)];
        let begun = server.send("POST", "/api/programs/acme/imports", &headers, body.as_bytes());
        assert_eq!(begun.status, 202, "{}", begun.text());
        server.over(begun.json()["import_id"].as_str().unwrap())
    };
    let (first, second) = (begin(&server.cookie, "one"), begin(&other, "two"));
    assert_eq!((&first["rows"]["created"], &second["rows"]["unchanged"]), (&json!(12), &json!(12)));
    // One takes the file for another kind: what was typed for the first kind is gone, and the page says so by its fields.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let changed = server.send("POST", &format!("/p/acme/new/{upload}"), &form, b"profile=mailing&do=look");
    assert_eq!(changed.status, 303, "{}", changed.text());
    let page = server.get(&format!("/p/acme/new/{upload}")).text();
    assert!(page.contains("field.phone_1") && !page.contains("n3@two.example"));
    // The other one's page is still about the first kind: it is shown anew, and no dry run begins.
    let before = server.bucket();
    let stale = b"profile_before=prospects&profile=prospects&do=dry-run&key=k";
    let answer = server.send("POST", &format!("/p/acme/new/{upload}"), &form, stale);
    assert_eq!((answer.status, answer.header("location")), (303, format!("/p/acme/new/{upload}").as_str()));
    assert_eq!(server.bucket(), before);
}
