//! Who is let in, and what is answered to everybody else.

use serde_json::json;

use crate::client::{Server, rollcall};

#[test]
fn nothing_is_answered_without_the_session_that_the_link_opens() {
    let mut server = Server::start();
    let cookie = std::mem::take(&mut server.cookie);
    for path in ["/api/programs", "/api/openapi.json", "/api/profiles", "/api/programs/acme/imports"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.code().as_str()), (401, "session_missing"), "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert_eq!(server.get("/").status, 401);
    assert_eq!(server.get("/?token=wrong").status, 401);
    assert_eq!(server.get(&format!("/api/programs?token={}", server.token)).status, 401);
    let wrong = [("cookie", "rollcall_session=aaaa")];
    assert_eq!(server.send("GET", "/api/programs", &wrong, b"").status, 401);
    let opened = server.get(&format!("/?token={}", server.token));
    let set = opened.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    server.cookie = cookie;
    let programs = server.get("/api/programs");
    assert_eq!((programs.status, programs.json()["programs"][0]["program"].as_str()), (200, Some("acme")));
    assert!(programs.header("content-security-policy").starts_with("default-src 'self'"));
    assert!(!programs.header("content-security-policy").contains("unsafe"));
    assert_eq!(programs.header("x-content-type-options"), "nosniff");
}

#[test]
fn a_session_ends_and_another_start_has_another_token() {
    let (one, other) = (Server::start(), Server::start());
    assert_ne!(one.token, other.token);
    assert_eq!(one.send("GET", "/api/programs", &[("cookie", &other.cookie)], b"").status, 401);
}

#[test]
fn a_foreign_host_or_origin_is_refused() {
    let server = Server::start();
    for host in ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "127.0.0.1:1", ""] {
        let answer = server.send("GET", "/api/programs", &[("host", host)], b"");
        assert!(matches!(answer.status, 400 | 403), "{host}: {}", answer.status);
    }
    let port = server.address.rsplit(':').next().unwrap();
    assert_eq!(
        server.send("GET", "/api/programs", &[("host", &format!("localhost:{port}"))], b"").status,
        200
    );
    for origin in
        ["https://evil.example", "null", "http://127.0.0.1:1", &format!("https://{}", server.address)]
    {
        let answer = server.send("POST", "/api/programs/acme/uploads", &[("origin", origin)], b"{}");
        assert_eq!((answer.status, answer.code().as_str()), (403, "foreign_request"), "{origin}");
    }
    let own = format!("http://{}", server.address);
    let answer = server.send("POST", "/api/programs/acme/uploads", &[("origin", &own)], b"{}");
    assert_eq!(answer.status, 415);
    let cross = [("sec-fetch-site", "cross-site"), ("content-type", "application/json")];
    assert_eq!(server.send("POST", "/api/programs/acme/uploads", &cross, b"{}").status, 403);
}

#[test]
fn only_this_machine_is_listened_to() {
    let folder = tempfile::tempdir().unwrap();
    let output = rollcall(&folder.path().join("home"), &["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}

#[test]
fn another_program_and_none_at_all_are_the_same_answer() {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", b"name,email\nAna,ana@one.example\n");
    let import = server.import(&upload, false, json!({}))["import_id"].as_str().unwrap().to_owned();
    let of_other = server.get(&format!("/api/programs/other/imports/{import}"));
    let of_none =
        server.get(&format!("/api/programs/other/imports/{}", import.replace(&import[20..], "aaaaaaaaaa")));
    assert_eq!((of_other.status, of_other.json()), (404, of_none.json()));
    for path in ["approve", "cancel", "results/summary.json", "results/plan.json", "events"] {
        let method = if path.contains('/') || path == "events" { "GET" } else { "POST" };
        let answer = server.send(method, &format!("/api/programs/other/imports/{import}/{path}"), &[], b"");
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(server.get("/api/programs/nobody/imports").code(), "program_unknown");
    assert_eq!(server.get("/api/programs/_marketplace/imports").code(), "program_unknown");
    assert_eq!(
        server.get(&format!("/api/programs/acme/imports/{import}/results/plan.json")).code(),
        "result_unknown"
    );
    let preview = server.post(&format!("/api/programs/other/uploads/{upload}/preview"), &json!({}));
    assert_eq!((preview.status, preview.code().as_str()), (404, "upload_unknown"));
}

#[test]
fn no_parameter_leads_out_of_its_folder() {
    let server = Server::start();
    let before = server.bucket();
    for trick in ["..", "%2e%2e", "%2e%2e%2f%2e%2e", "..%5c..", "%00", "%ff", "a%2fb", ".", "%25", "'\"<x>"] {
        for path in [
            format!("/api/programs/{trick}/imports"),
            format!("/api/programs/acme/imports/{trick}"),
            format!("/api/programs/acme/imports/{trick}/results/{trick}"),
            format!("/api/programs/acme/mappings/{trick}/{trick}"),
            format!("/api/profiles/{trick}/template"),
            format!("/p/{trick}/new"),
            format!("/p/acme/imports/{trick}"),
            format!("/assets/{trick}"),
        ] {
            let status = server.get(&path).status;
            assert!(matches!(status, 400 | 404), "{path}: {status}");
        }
        let put = server.send("PUT", &format!("/api/programs/acme/uploads/{trick}/file"), &[], b"x");
        assert!(matches!(put.status, 400 | 404), "{trick}: {}", put.status);
    }
    assert_eq!(server.bucket(), before);
    let upload = server.upload("../../../settings/acme.toml", "prospects", b"name,email\nA,a@one.example\n");
    let state = server.import(&upload, false, json!({}));
    assert_eq!(state["file"], "acme.toml");
    assert!(server.bucket().contains(&"inbox/acme/prospects/acme.toml".to_owned()));
}

#[test]
fn the_audit_log_has_ids_and_no_cell() {
    let server = Server::start();
    let upload = server.upload("a.csv", "prospects", b"name,email\nAna,secret@one.example\n");
    let cell = json!({ "row": 1, "field": "email", "value": "hidden@one.example" });
    server.put(&format!("/api/programs/acme/uploads/{upload}/cells"), &cell);
    server.import(&upload, false, json!({}));
    server.get("/api/programs/%3Cscript%3E/results/x");
    let log = std::fs::read_to_string(server.home.join("audit.log")).unwrap();
    assert!(log.contains(&format!("PUT session-1 /api/programs/acme/uploads/{upload}/file 204")), "{log}");
    assert!(!log.contains("secret") && !log.contains("hidden") && !log.contains("script"), "{log}");
}

#[test]
fn bodies_have_a_limit() {
    let server = Server::start();
    let large = json!({ "file": "a".repeat(5 << 20), "profile": "prospects" });
    let answer = server.post("/api/programs/acme/uploads", &large);
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
    let begun =
        server.post("/api/programs/acme/uploads", &json!({ "file": "a.csv", "profile": "prospects" })).json();
    let path = begun["put"]["url"].as_str().unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\ncontent-length: 99999999999\r\n\r\n",
        server.address, server.cookie
    );
    let answer = server.raw(head.as_bytes());
    assert_eq!((answer.status, answer.code().as_str()), (413, "file_too_large"));
}
