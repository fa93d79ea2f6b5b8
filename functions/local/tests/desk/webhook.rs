//! The webhook, with a server that receives it.

// The variable that leads requests to a server of this machine is not read by a release.
#![cfg(debug_assertions)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use rollcall_domain::types::webhook_key::WebhookKey;
use serde_json::{Value, json};

use crate::client::{Server, rollcall};

const TO: &str = "ROLLCALL_TEST_WEBHOOK_TO";
const URL: &str = "https://hooks.acme.example/rollcall?from=acme";
const LIST: &[u8] = b"name,email,note\nAna,ana@one.example,a secret\nBea,bea(at)two.example,\n";

/// A request as the receiver saw it.
#[derive(Debug)]
struct Received {
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut named = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.next().map_or("", |(_, value)| value.trim())
    }

    /// Checks the signature as a receiver does, and reads the body.
    fn verified(&self, secret: &str) -> Value {
        let key = secret.trim().strip_prefix("whsec_").unwrap();
        let key = WebhookKey::new(&BASE64.decode(key.as_bytes()).unwrap());
        let seconds: i64 = self.header("webhook-timestamp").parse().unwrap();
        assert!((jiff::Timestamp::now().as_second() - seconds).abs() < 300);
        let signature = key.sign(self.header("webhook-id"), seconds, &self.body);
        assert_eq!(self.header("webhook-signature"), signature);
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A server that gives these answers, then 204, and passes on what it received.
fn receiver(answers: Vec<u16>) -> (SocketAddr, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = channel();
    let mut answers = answers.into_iter();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut line) = (String::new(), String::new());
            while stream.read_line(&mut line).unwrap() > 2 {
                head.push_str(&std::mem::take(&mut line));
            }
            let mut request = Received { head, body: String::new() };
            let mut body = vec![0; request.header("content-length").parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            request.body = String::from_utf8(body).unwrap();
            let status = answers.next().unwrap_or(204);
            let answer =
                format!("HTTP/1.1 {status} .\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (address, received)
}

fn next(received: &Receiver<Received>) -> Received {
    received.recv_timeout(Duration::from_secs(60)).expect("the webhook comes")
}

fn secret(server: &Server, program: &str) -> String {
    let output = rollcall(&server.home, &["webhook", "secret", "--program", program]);
    String::from_utf8(output.stdout).unwrap()
}

fn listed(server: &Server) -> Value {
    serde_json::from_slice(&rollcall(&server.home, &["webhook", "list", "--json"]).stdout).unwrap()
}

#[test]
fn a_server_is_told_in_ids_and_counts_with_a_signature_that_it_can_check() {
    let (address, received) = receiver(vec![]);
    let server = Server::start_in(&[(TO, &address.to_string())], &[]);
    assert!(rollcall(&server.home, &["program", "set", "acme", "--webhook-url", URL]).status.success());
    let upload = server.upload("Ana Souza.csv", "prospects", LIST);
    let import = server.import(&upload, false, json!({}));
    let request = next(&received);
    assert!(request.head.starts_with("POST /rollcall?from=acme HTTP/1.1"), "{}", request.head);
    let told = request.verified(&secret(&server, "acme"));
    assert_eq!(request.header("webhook-id"), import["import_id"]);
    assert_eq!((&told["type"], &told["timestamp"]), (&json!("import.over"), &import["finished_at"]));
    let data = &told["data"];
    for name in
        ["import_id", "program", "profile", "dry_run", "status", "matched", "started_at", "finished_at"]
    {
        assert_eq!(data[name], import[name], "{name}");
    }
    assert_eq!((&data["rows"]["created"], &data["rows"]["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(data["errors"], json!([{ "code": "email_invalid", "rows": 1 }]));
    for cell in ["one.example", "bea", "secret", "Souza", ".csv"] {
        assert!(!request.body.contains(cell) && !request.head.contains(cell), "{cell}: {}", request.body);
    }
    // A dry run is told too; another program's key is another one, and without a webhook nobody is told.
    server.import(&upload, true, json!({}));
    assert_eq!(next(&received).verified(&secret(&server, "acme"))["data"]["dry_run"], true);
    assert_ne!(secret(&server, "acme"), secret(&server, "other"));
    rollcall(&server.home, &["program", "set", "acme", "--webhook-url", ""]);
    server.import(&upload, true, json!({}));
    assert!(received.recv_timeout(Duration::from_secs(2)).is_err());
    let list = listed(&server);
    assert_eq!(list.as_array().unwrap().iter().filter(|one| one["state"] == "taken").count(), 2, "{list}");
}

#[test]
fn what_was_not_taken_is_told_again_under_the_same_id_after_a_restart_too() {
    let (address, received) = receiver(vec![500, 302]);
    let to = address.to_string();
    let mut server = Server::start_in(&[(TO, &to)], &[]);
    rollcall(&server.home, &["program", "set", "acme", "--webhook-url", URL]);
    let upload = server.upload("a.csv", "prospects", LIST);
    let import = server.import(&upload, false, json!({}));
    let first = next(&received);
    let began = Instant::now();
    let waits = loop {
        let list = listed(&server);
        if list[0]["attempts"] == 1 {
            break list;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{list}");
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(
        (&waits[0]["state"], &waits[0]["reason"]),
        (&json!("waiting"), &json!("the server answered 500"))
    );
    server.kill_and_start_again(&[(TO, &to)]);
    let second = next(&received);
    assert!(began.elapsed() > Duration::from_secs(5), "not at once");
    for again in [&first, &second] {
        assert_eq!(again.header("webhook-id"), import["import_id"]);
        again.verified(&secret(&server, "acme"));
    }
    assert_eq!(first.body, second.body);
    assert_ne!(first.header("webhook-timestamp"), second.header("webhook-timestamp"));
    // The redirect was not followed, and is no success.
    thread::sleep(Duration::from_millis(500));
    let list = listed(&server);
    assert_eq!(list[0]["reason"], "the server answered 302; redirects are not followed", "{list}");
}

#[test]
fn a_command_tells_at_its_end_and_its_import_does_not_depend_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let list = folder.path().join("list.csv");
    std::fs::write(&list, LIST).unwrap();
    let (address, received) = receiver(vec![410]);
    assert!(rollcall(&home, &["program", "set", "acme", "--webhook-url", URL]).status.success());
    let import = |to: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .env(TO, to)
            .arg("--home")
            .arg(&home)
            .args(["import", list.to_str().unwrap(), "--program", "acme", "--profile", "prospects", "--json"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        (serde_json::from_slice::<Value>(&output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (first, said) = import(&closed);
    assert!(said.contains("there is no connection to the server; tried again at"), "{said}");
    let (second, said) = import(&address.to_string());
    assert_eq!(next(&received).header("webhook-id"), second["import_id"]);
    assert!(said.contains("given up: the server answered 410"), "{said}");
    let listed: Value =
        serde_json::from_slice(&rollcall(&home, &["webhook", "list", "--json"]).stdout).unwrap();
    let states: Vec<_> =
        listed.as_array().unwrap().iter().map(|one| (&one["import_id"], &one["state"])).collect();
    assert_eq!(
        states,
        [(&first["import_id"], &json!("waiting")), (&second["import_id"], &json!("given up"))]
    );
    // The only program's secret needs no name.
    let secret = |arguments: &[&str]| rollcall(&home, &[&["webhook", "secret"], arguments].concat()).stdout;
    assert_eq!(secret(&[]), secret(&["--program", "acme"]));
    for url in ["http://hooks.acme.example/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/"] {
        let refused = rollcall(&home, &["program", "set", "acme", "--webhook-url", url]);
        assert_eq!(refused.status.code(), Some(2), "{url}");
        assert!(
            String::from_utf8(refused.stderr).unwrap().contains("webhook_url: takes an https address"),
            "{url}"
        );
    }
}
