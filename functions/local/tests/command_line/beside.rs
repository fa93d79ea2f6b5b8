//! Commands that run while a `rollcall watch` works on the home, and several commands at the same time.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::GOOD;
use crate::place::{Place, told};

struct Watch(Child);

impl Watch {
    fn start(place: &Place) -> Self {
        Self::start_with(place, &[])
    }

    fn start_with(place: &Place, more: &[&str]) -> Self {
        let mut command = place.command();
        command.arg("watch").args(more).stdout(Stdio::null()).stderr(Stdio::null());
        let watch = Self(command.spawn().unwrap());
        let watching = place.path().join("rollcall-home/watching");
        wait(|| fs::File::open(&watching).is_ok_and(|file| file.try_lock_shared().is_err()));
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.0.wait();
    }
}

fn wait(until: impl Fn() -> bool) {
    let started = Instant::now();
    while !until() {
        assert!(started.elapsed() < Duration::from_secs(60), "it did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn readers_and_settings_are_not_shut_out_by_a_watch() {
    let place = Place::new();
    let file = place.file("good.csv", GOOD);
    let id = place.import(&file).json()["import_id"].as_str().unwrap().to_owned();
    let _watch = Watch::start(&place);
    assert_eq!(place.contacts().len(), 2);
    place.ok(&["imports", "list"]);
    place.ok(&["imports", "show", &id]);
    place.ok(&["mappings", "list", "--program", "acme"]);
    assert_eq!(place.preview(&file).code, 0);
    place.ok(&["program", "set", "acme", "--title", "Acme & Sons"]);
    let settings = fs::read_to_string(place.path().join("rollcall-home/bucket/settings/acme.toml")).unwrap();
    assert!(settings.contains("Acme & Sons"), "{settings}");
}

#[test]
fn an_import_beside_a_watch_is_handed_to_it_and_answered() {
    let place = Place::new();
    let watch = Watch::start(&place);
    let file = place.file("good.csv", GOOD);
    let ran = place.import_with(&file, &["--set", "rows=1"]);
    let json = ran.json();
    assert_eq!((ran.code, &json["rows"]["created"], &json["rows"]["skipped"]), (0, &1.into(), &1.into()));
    assert!(ran.err.contains("handed to the `rollcall watch`"), "{ran:?}");
    let groups = place.file("groups.csv", "name\nSilver\n");
    let load = place.ok(&["directory", "load", "groups", &groups, "--program", "acme", "--json"]);
    assert_eq!(load.json()["rows"]["created"], 1);
    let refused = place.import(&place.file("empty.csv", ""));
    assert_eq!((refused.code, &refused.json()["errors"][0]["code"]), (2, &"file_empty".into()));
    let dry = place.import_with(&file, &["--dry-run"]).json();
    let approved = place.run(&["approve", dry["import_id"].as_str().unwrap(), "--json"]);
    assert_eq!((approved.code, &approved.json()["approves"]), (0, &dry["import_id"]), "{approved:?}");
    let several: Vec<_> = (0..3).map(|_| place.import(&file)).collect();
    assert!(several.iter().all(|ran| ran.code == 0));
    assert_eq!(place.contacts().len(), 2);
    assert_eq!(fs::read_dir(place.path().join("rollcall-home/handed")).unwrap().count(), 0);
    drop(watch);
    // Each of them is one import: the watch did not import any of them again from the inbox.
    let list = place.ok(&["imports", "list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 9, "{list}");
}

#[test]
fn what_is_handed_over_while_the_watch_stops_is_imported_all_the_same() {
    let place = Place::new();
    let watch = Watch::start(&place);
    let rows: String = (0..3_000).map(|row| format!("N{row},n{row}@x.example\n")).collect();
    let file = place.file("rows.csv", format!("Name,Email\n{rows}"));
    let import = ["import", &file, "--program", "acme", "--profile", "prospects", "--json"];
    let spawn =
        || place.command().args(import).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let children: Vec<Child> = (0..3).map(|_| spawn()).collect();
    drop(watch);
    for child in children {
        let ran = told(child.wait_with_output().unwrap());
        assert_eq!((ran.code, &ran.json()["status"]), (0, &"completed".into()), "{ran:?}");
    }
    assert_eq!(place.contacts().len(), 3_000);
    assert_eq!(place.ok(&["imports", "list", "--json"]).json().as_array().unwrap().len(), 1 + 3);
}

#[test]
fn an_import_beside_another_command_waits_with_a_word() {
    let place = Place::new();
    let file = place.file("good.csv", GOOD);
    let lock = fs::File::options().write(true).open(place.path().join("rollcall-home/lock")).unwrap();
    lock.lock().unwrap();
    place.import_with(&file, &["--wait", "0"]).says(2, &["in use"]);
    let import = ["import", &file, "--program", "acme", "--profile", "prospects", "--json"];
    let child = place.command().args(import).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    drop(lock);
    let ran = told(child.wait_with_output().unwrap());
    ran.says(0, &["waiting for another command"]);
    assert_eq!(ran.json()["rows"]["created"], 2);
}

#[test]
fn waiting_mail_is_tried_again_while_the_watch_runs() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    fs::write(place.path().join("rollcall-home/smtp_url"), format!("smtp://127.0.0.1:{port}")).unwrap();
    let id = place.import(&place.file("good.csv", GOOD)).json()["import_id"].as_str().unwrap().to_owned();
    let posting = place.path().join(format!("rollcall-home/outbox/{id}.delivery.json"));
    assert!(fs::read_to_string(&posting).unwrap().contains("waiting"));
    let _watch = Watch::start_with(&place, &["--mail-interval", "1"]);
    let server = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || server.incoming().flatten().for_each(take_one_letter));
    wait(|| fs::read_to_string(&posting).unwrap().contains("sent"));
}

/// The shortest conversation of a mail server.
fn take_one_letter(stream: std::net::TcpStream) {
    use std::io::{BufRead, BufReader, Write};
    let mut out = stream.try_clone().unwrap();
    let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).is_ok();
    let mut in_text = false;
    say("220 here");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let answer = match line.as_str() {
            "." if in_text => "250 taken",
            _ if in_text => continue,
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        in_text = line == "DATA";
        say(answer);
    }
}
