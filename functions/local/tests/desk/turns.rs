//! Requests into one pool at the same moment: they follow one another in the order in which they were made.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Server, rollcall};

/// The longest that the requests of a test may take; what failed is retried after thirty seconds only.
const SOON: Duration = Duration::from_secs(25);

fn upload(server: &Server, name: &str, email: &str) -> String {
    server.upload("list.csv", "prospects", format!("name,email\n{name},{email}\n").as_bytes())
}

fn id(answer: &Value) -> String {
    answer["import_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn request(server: &Server, import: &str, word: &str) -> String {
    id(&server.post(&format!("/api/programs/acme/imports/{import}/{word}"), &json!({})).json())
}

/// Created, updated, removed and kept.
fn counts(server: &Server, import: &str) -> [u64; 4] {
    let over = server.over(import);
    assert_eq!(over["status"], "completed", "{over}");
    ["created", "updated", "removed", "kept"].map(|name| over["rows"][name].as_u64().unwrap_or(0))
}

fn names(server: &Server) -> Vec<String> {
    let output = rollcall(&server.home, &["contacts", "list", "--program", "acme", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| serde_json::from_str::<Value>(line).unwrap()["name"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = text.lines().map(name).collect();
    names.sort();
    names
}

#[test]
fn imports_approvals_and_undos_follow_one_another_in_the_order_of_their_requests() {
    let server = Server::start();
    let files = ["Ann B", "Ann C", "Ann E"].map(|name| upload(&server, name, "ann@one.example"));
    let undone = id(&server.import(&upload(&server, "Ann A", "ann@one.example"), false, json!({})));
    let dry_run = id(&server.import(&upload(&server, "Dan", "dan@two.example"), true, json!({})));
    let started = Instant::now();
    let ids = [
        server.begin(&files[0], false, json!({})),
        server.begin(&files[1], false, json!({})),
        request(&server, &undone, "undo"),
        request(&server, &dry_run, "approve"),
        server.begin(&files[2], false, json!({})),
    ];
    assert!(ids.is_sorted(), "{ids:?}");
    // The undo finds that Ann was changed: it came after the two imports.
    let wanted = [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]];
    assert_eq!(ids.each_ref().map(|import| counts(&server, import)), wanted);
    assert_eq!(names(&server), ["Ann E", "Dan"]);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn whichever_request_comes_first_is_done_first_and_the_other_one_soon() {
    let server = Server::start();
    let file = upload(&server, "Ann B", "ann@one.example");
    let other = upload(&server, "Dan", "dan@two.example");
    let first = id(&server.import(&upload(&server, "Ann A", "ann@one.example"), false, json!({})));
    let started = Instant::now();
    let undo = request(&server, &first, "undo");
    let import = server.begin(&file, false, json!({}));
    assert_eq!(counts(&server, &undo), [0, 0, 1, 0]);
    assert_eq!(counts(&server, &import), [1, 0, 0, 0]);

    let dry_run = id(&server.import(&other, true, json!({})));
    let approval = request(&server, &dry_run, "approve");
    let again = server.begin(&other, false, json!({}));
    let undo = request(&server, &import, "undo");
    assert_eq!(counts(&server, &approval), [1, 0, 0, 0]);
    assert_eq!(counts(&server, &again)[0], 0);
    assert_eq!(counts(&server, &undo), [0, 0, 1, 0]);
    assert_eq!(names(&server), ["Dan"]);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn what_was_requested_in_a_pause_or_before_a_crash_keeps_its_order() {
    let mut server = Server::start();
    let files = ["Ann B", "Ann C"].map(|name| upload(&server, name, "ann@one.example"));
    let first = id(&server.import(&upload(&server, "Ann A", "ann@one.example"), false, json!({})));
    let pause =
        |server: &Server, word| assert!(rollcall(&server.home, &["program", word, "acme"]).status.success());
    pause(&server, "pause");
    let begun = server.begin(&files[0], false, json!({}));
    let undo = request(&server, &first, "undo");
    let last = server.begin(&files[1], false, json!({}));
    server.kill_and_start_again(&[]);
    let started = Instant::now();
    pause(&server, "resume");
    assert_eq!(counts(&server, &begun), [0, 1, 0, 0]);
    assert_eq!(counts(&server, &undo), [0, 0, 0, 1]);
    assert_eq!(counts(&server, &last), [0, 1, 0, 0]);
    assert_eq!(names(&server), ["Ann C"]);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}
