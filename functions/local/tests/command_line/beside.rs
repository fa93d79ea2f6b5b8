//! Commands that run while a `rollcall watch` works on the home, and several commands at the same time.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys;
use rollcall_embedded::home::Home;
use rollcall_pipeline::ports::{Imports, Objects, Turn};
use rollcall_pipeline::request::new_item;
use serde_json::Value;

use crate::GOOD;
use crate::place::{Place, Ran, told};

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

/// The longest that commands may take here; what failed is retried after thirty seconds only.
const SOON: Duration = Duration::from_secs(25);

/// A home in which Ann was imported, and a dry run with Dan was made; the ids of both.
fn with_a_dry_run(place: &Place) -> (String, String) {
    let id = |ran: Ran| ran.json()["import_id"].as_str().unwrap().to_owned();
    let first = id(place.import(&place.file("a.csv", "Name,Email\nAnn A,ann@one.example\n")));
    let dry = place.file("d.csv", "Name,Email\nDan,dan@four.example\n");
    (first, id(place.import_with(&dry, &["--dry-run"])))
}

/// Starts commands at the same time.
fn at_once(place: &Place, commands: &[Vec<&str>]) -> Vec<Child> {
    let spawn = |arguments: &Vec<&str>| {
        let mut command = place.command();
        command.args(arguments).arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    commands.iter().map(spawn).collect()
}

fn import_of(file: &str) -> Vec<&str> {
    vec!["import", file, "--program", "acme", "--profile", "prospects"]
}

/// Expects that each command was answered about its own import, and that Ann has the name of the last one.
fn expect_own_answers(place: &Place, children: Vec<Child>, (first, dry): (&str, &str)) {
    let answers: Vec<Value> = children
        .into_iter()
        .map(|child| {
            let ran = told(child.wait_with_output().unwrap());
            assert_eq!((ran.code, &ran.json()["status"]), (0, &"completed".into()), "{ran:?}");
            ran.json()
        })
        .collect();
    let files: Vec<&str> = answers[..2].iter().map(|answer| answer["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["b.csv", "c.csv"]);
    assert_eq!((&answers[2]["approves"], &answers[2]["rows"]["created"]), (&dry.into(), &1.into()));
    assert_eq!(answers[3]["undoes"], first);
    let last = answers[..2].iter().max_by_key(|answer| answer["import_id"].as_str()).unwrap();
    let wanted = format!("Ann {}", last["file"].as_str().unwrap()[..1].to_uppercase());
    let contacts = place.contacts();
    assert!(contacts.len() == 2 && contacts.iter().any(|contact| contact["name"] == *wanted), "{contacts:?}");
    // None of them is left, and none was done twice.
    let list = place.ok(&["imports", "list", "--json"]).json();
    let list = list.as_array().unwrap();
    assert!(list.len() == 7 && list.iter().all(|import| import["status"] == "completed"), "{list:?}");
}

#[test]
fn several_kinds_of_request_at_once_wait_for_their_turns_and_are_answered() {
    let place = Place::new();
    let (first, dry) = with_a_dry_run(&place);
    let b = place.file("b.csv", "Name,Email\nAnn B,ann@one.example\n");
    let c = place.file("c.csv", "Name,Email\nAnn C,ann@one.example\n");
    let _watch = Watch::start(&place);
    let started = Instant::now();
    let commands = [import_of(&b), import_of(&c), vec!["approve", &dry], vec!["undo", &first]];
    expect_own_answers(&place, at_once(&place, &commands), (&first, &dry));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(fs::read_dir(place.path().join("rollcall-home/handed")).unwrap().count(), 0);
}

#[test]
fn commands_are_answered_about_their_imports_where_the_watch_or_another_command_is_killed() {
    let place = Place::new();
    let (first, dry) = with_a_dry_run(&place);
    let b = place.file("b.csv", "Name,Email\nAnn B,ann@one.example\n");
    let c = place.file("c.csv", "Name,Email\nAnn C,ann@one.example\n");
    let mut watch = Watch::start(&place);
    let commands = [import_of(&b), import_of(&c), vec!["approve", &dry], vec!["undo", &first]];
    let children = at_once(&place, &commands);
    // An import is begun, and others wait.
    let handed = place.path().join("rollcall-home/handed");
    wait(|| {
        let requests = fs::read_dir(&handed).into_iter().flatten().flatten();
        requests.filter(|request| request.path().join("import").exists()).count() > 0
    });
    watch.0.kill().unwrap();
    watch.0.wait().unwrap();
    expect_own_answers(&place, children, (&first, &dry));

    // Nobody waits for an import that is not begun: the others go on without it.
    let _watch = Watch::start(&place);
    let mut killed = at_once(&place, &[import_of(&b)]);
    killed[0].kill().unwrap();
    killed[0].wait().unwrap();
    let started = Instant::now();
    assert_eq!(place.import(&c).json()["rows"]["created"], 0);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn a_paused_program_takes_no_request_and_goes_on_at_once() {
    let place = Place::new();
    let (first, dry) = with_a_dry_run(&place);
    let _watch = Watch::start(&place);
    place.ok(&["program", "pause", "acme"]);
    let file = place.file("b.csv", "Name,Email\nAnn B,ann@one.example\n");
    let commands = [import_of(&file), vec!["approve", &dry], vec!["undo", &first]];
    for child in at_once(&place, &commands) {
        let ran = told(child.wait_with_output().unwrap());
        assert!(ran.code == 2 && ran.err.contains("the program acme is paused"), "{ran:?}");
    }
    place.ok(&["program", "resume", "acme"]);
    let started = Instant::now();
    assert_eq!(place.import(&file).code, 0);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

/// A build that did not keep the order of the ids may have left that.
#[test]
fn an_import_that_has_its_turn_before_an_older_one_ends_first() {
    let place = Place::new();
    let home = Home::open(&place.path().join("rollcall-home")).unwrap();
    let (bucket, imports) = (home.bucket(), home.imports());
    let mut ids = Vec::new();
    for name in ["older", "newer"] {
        let source = place.file("list.csv", format!("Name,Email\nAnn {name},ann@one.example\n"));
        let key = format!("inbox/acme/prospects/{name}.csv");
        let prepared =
            bucket.prepare_drop(source.as_ref(), &key, imports.next_drop_time(Timestamp::now()).unwrap());
        let prepared = prepared.unwrap();
        let (drop, object) = (object_keys::Drop::parse(&key).unwrap(), prepared.object().clone());
        let item = new_item(bucket.bucket(), &drop, object, Vec::new(), Timestamp::now());
        ids.push(block_on(imports.begin(item)).unwrap().import_id);
        prepared.show().unwrap();
    }
    block_on(imports.join_lane(&ids[1], "acme#partners")).unwrap();
    let turn = block_on(imports.take_turn(&ids[1], "acme#partners", Timestamp::now())).unwrap();
    assert_eq!(turn, Turn::Taken);
    drop(home);
    let ran = place.import(&place.file("last.csv", "Name,Email\nBob,bob@two.example\n"));
    assert_eq!((ran.code, ran.json()["rows"]["created"].as_u64()), (0, Some(1)), "{ran:?}");
    let list = place.ok(&["imports", "list", "--json"]).json();
    assert!(list.as_array().unwrap().iter().all(|import| import["status"] == "completed"), "{list}");
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
