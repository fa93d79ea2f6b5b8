//! A home survives crashes: the program is killed at random moments, again and again, and the next command finishes
//! the imports in progress, with the same bytes as an undisturbed run.
//!
//! `ROLLCALL_KILLS` sets the number of kills (default 24), `ROLLCALL_KILL_SEED` the seed of the moments.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and says its counts"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ROWS: u32 = 1_500;

/// A command that is killed, on a home that is prepared for it.
struct Scenario<'a> {
    prepared: &'a Path,
    /// The command and its exit code.
    command: &'a dyn Fn(&Path) -> Command,
    exit: i32,
    /// Which import it starts, by its summary.
    starts: &'a dyn Fn(&serde_json::Value) -> bool,
    /// Files of its results.
    results: &'a [&'a str],
}

#[test]
fn killed_at_any_moment_the_next_command_finishes() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::write(folder.path());
    let prepared = folder.path().join("prepared");
    prepare(&prepared, &files);
    let scenario = Scenario {
        prepared: &prepared,
        command: &|home| import(home, &files.list),
        exit: 1,
        starts: &|summary| summary["file"] == "list.csv",
        results: &["succeeded.csv", "failed.csv"],
    };
    kill_and_compare(folder.path(), &files, &scenario);
}

#[test]
fn an_undo_that_is_killed_is_finished_by_the_next_command() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::write(folder.path());
    let prepared = folder.path().join("prepared");
    prepare(&prepared, &files);
    let before = contacts(&prepared);
    let imported = answer(import(&prepared, &files.list), 1);
    assert_ne!(contacts(&prepared), before);
    let id = imported["import_id"].as_str().unwrap();
    let scenario = Scenario {
        prepared: &prepared,
        command: &|home| request(home, "undo", id),
        exit: 0,
        starts: &|summary| summary["undoes"] == *id,
        results: &["undone.csv"],
    };
    kill_and_compare(folder.path(), &files, &scenario);
    assert_eq!(answer(request(&prepared, "undo", id), 0)["rows"]["kept"], 0);
    assert_eq!(contacts(&prepared), before);
}

#[test]
fn an_approval_that_is_killed_is_finished_by_the_next_command() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::write(folder.path());
    let prepared = folder.path().join("prepared");
    prepare(&prepared, &files);
    let mut dry_run = import(&prepared, &files.list);
    dry_run.arg("--dry-run");
    let dry_run = answer(dry_run, 1);
    let id = dry_run["import_id"].as_str().unwrap();
    let scenario = Scenario {
        prepared: &prepared,
        command: &|home| request(home, "approve", id),
        exit: 1,
        starts: &|summary| summary["approves"] == *id,
        results: &["succeeded.csv", "failed.csv", "changes.csv"],
    };
    kill_and_compare(folder.path(), &files, &scenario);
}

#[test]
fn an_import_that_was_interrupted_is_cancelled_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::write(folder.path());
    let home = folder.path().join("home");
    prepare(&home, &files);
    let mut rows = String::from("Name,E-mail\n");
    (0..60_000).for_each(|row| _ = writeln!(rows, "P{row},p{row}@long.example"));
    let long = folder.path().join("long.csv");
    fs::write(&long, rows).unwrap();
    let mut command = import(&home, &long);
    let child = command.args(["--workers", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    let listed = || -> serde_json::Value {
        let list = request(&home, "imports", "list").output().unwrap();
        serde_json::from_slice(&list.stdout).unwrap_or_default()
    };
    let began = || listed().as_array()?.iter().find(|one| one["file"] == "long.csv").cloned();
    let deadline = Instant::now() + Duration::from_secs(60);
    let begun = loop {
        if let Some(begun) = began() {
            break begun;
        }
        assert!(Instant::now() < deadline, "it did not begin");
        sleep(Duration::from_millis(20));
    };
    let signal = ["-INT", &child.id().to_string()].map(str::to_owned);
    assert!(Command::new("kill").args(signal).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        ended.status.code() == Some(130) && said.contains("nothing is lost"),
        "{:?} {said}",
        ended.status
    );
    let id = begun["import_id"].as_str().unwrap();
    let mut cancel = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    let cancelled = cancel.arg("--home").arg(&home).args(["cancel", id]).output().unwrap();
    assert!(cancelled.status.success(), "{cancelled:?}");
    let list = listed();
    let over = list.as_array().unwrap().iter().find(|one| one["import_id"] == id).unwrap();
    assert_eq!((&over["status"], &over["rows"]["read"]), (&"cancelled".into(), &60_000.into()), "{over}");
    assert!(over["rows"]["unprocessed"].as_u64().unwrap() > 0, "{over}");
}

/// Kills the command again and again; after the next one everything is as if it had never been killed.
fn kill_and_compare(folder: &Path, files: &Files, scenario: &Scenario<'_>) {
    let kills: u32 = number("ROLLCALL_KILLS").unwrap_or(24);
    let mut dice =
        Dice(u64::from(number("ROLLCALL_KILL_SEED").unwrap_or(1)).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let undisturbed = folder.join("undisturbed");
    copy(scenario.prepared, &undisturbed);
    let started = Instant::now();
    answer((scenario.command)(&undisturbed), scenario.exit);
    let takes = started.elapsed();
    finish(&undisturbed, files);
    let wanted = answers(&undisturbed, scenario);
    assert!(wanted.iter().any(|(name, bytes)| name == scenario.results[0] && bytes.len() > 10_000));

    let (mut killed, mut unbegun, mut homes) = (0, 0, 0);
    while killed < kills {
        let home = folder.join(format!("home-{homes}"));
        homes += 1;
        copy(scenario.prepared, &home);
        killed += u32::from(kill((scenario.command)(&home), dice.below(takes)));
        // The command that finishes is killed too, now and then.
        while dice.below(Duration::from_nanos(3)).as_nanos() > 0 && killed < kills {
            killed += u32::from(kill(import(&home, &files.one), dice.below(takes)));
        }
        finish(&home, files);
        let came = answers(&home, scenario);
        if came.is_empty() {
            unbegun += 1;
        } else {
            for (name, bytes) in &wanted {
                assert!(
                    came.get(name) == Some(bytes),
                    "{name} differs after kill {killed} in {}",
                    keep(&home)
                );
            }
        }
        fs::remove_dir_all(&home).unwrap();
    }
    assert!(unbegun < homes, "no kill came after the import had begun: {unbegun} of {homes}");
    println!("{killed} kills in {homes} homes, {unbegun} before the import began; 0 differing bytes");
}

/// What the import of a scenario answered, and the contacts; empty where it never began.
fn answers(home: &Path, scenario: &Scenario<'_>) -> BTreeMap<String, Vec<u8>> {
    let mut answers = BTreeMap::new();
    let Ok(imports) = fs::read_dir(home.join("bucket/imports/acme")) else { return answers };
    for import in imports.map(|entry| entry.unwrap().path()) {
        let summary: serde_json::Value =
            serde_json::from_slice(&fs::read(import.join("summary.json")).unwrap_or_default())
                .unwrap_or_default();
        if !(scenario.starts)(&summary) {
            continue;
        }
        for name in scenario.results {
            answers.insert((*name).to_owned(), fs::read(import.join(name)).unwrap());
        }
        answers.insert("rows".to_owned(), summary["rows"].to_string().into_bytes());
        let notification = home.join("outbox").join(format!("{}.eml", import.file_name().unwrap().display()));
        assert!(notification.is_file(), "no letter: {}", notification.display());
    }
    if !answers.is_empty() {
        answers.insert("contacts".to_owned(), without_import_ids(&list(home)));
    }
    answers
}

fn list(home: &Path) -> Output {
    rollcall(home).args(["contacts", "list", "--program", "acme", "--json"]).output().unwrap()
}

/// The contacts byte for byte, `import_id` included.
fn contacts(home: &Path) -> Vec<u8> {
    let listed = list(home);
    assert!(listed.status.success());
    listed.stdout
}

/// The JSON document that a command answers with.
fn answer(mut command: Command, exit: i32) -> serde_json::Value {
    let done = command.output().unwrap();
    assert_eq!(done.status.code(), Some(exit), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn request(home: &Path, word: &str, id: &str) -> Command {
    let mut command = rollcall(home);
    command.args([word, id, "--json"]);
    command
}

fn without_import_ids(listed: &Output) -> Vec<u8> {
    let mut lines = String::new();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let mut contact: serde_json::Value = serde_json::from_str(line).unwrap();
        for of_this_home in ["import_id", "invitation"] {
            contact.as_object_mut().unwrap().remove(of_this_home);
        }
        writeln!(lines, "{contact}").unwrap();
    }
    assert!(!lines.is_empty(), "{}", String::from_utf8_lossy(&listed.stderr));
    lines.into_bytes()
}

fn prepare(home: &Path, files: &Files) {
    let set = ["program", "set", "acme", "--region", "BR", "--notify", "ops@acme.example"];
    let accounts = ["directory", "load", "accounts", files.accounts.to_str().unwrap()];
    let groups = ["directory", "load", "groups", files.groups.to_str().unwrap(), "--program", "acme"];
    for arguments in [&set[..], &accounts, &groups] {
        let done = rollcall(home).args(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let first = import(home, &files.earlier).output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
}

/// A command that imports first finishes unfinished imports.
fn finish(home: &Path, files: &Files) {
    let done = import(home, &files.one).output().unwrap();
    assert!(done.status.success(), "{}: {}", keep(home), String::from_utf8_lossy(&done.stderr));
}

/// Starts a command and kills it after a while; returns `false` if it had ended before.
fn kill(mut command: Command, after: Duration) -> bool {
    let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(after);
    let ran = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    ran
}

fn import(home: &Path, file: &Path) -> Command {
    let mut command = rollcall(home);
    command.args(["import", file.to_str().unwrap(), "--program", "acme", "--profile", "prospects"]);
    command.args(["--chunk-rows", "60", "--json"]);
    command
}

fn rollcall(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.arg("--home").arg(home);
    command
}

struct Files {
    accounts: PathBuf,
    groups: PathBuf,
    earlier: PathBuf,
    list: PathBuf,
    one: PathBuf,
}

impl Files {
    fn write(folder: &Path) -> Self {
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let mut accounts = String::from("account_id,name,email,activity,partner_of\n");
        let mut list = String::from("Name,E-mail,Group,Phone,Note\n");
        let mut earlier = list.clone();
        for row in 0..ROWS {
            let (person, group) = (row % 700, ["VIP", "Gold", "", "Nowhere"][(row % 7 % 4) as usize]);
            let phone = if row % 11 == 0 { "12" } else { "+55 11 91234-5678" };
            writeln!(list, "Person {person},p{person}@one.example,{group},{phone},\"line\n{row}\"").unwrap();
            if row % 5 == 0 {
                writeln!(accounts, "a{row},Account {row},p{row}@one.example,{},other", row % 9).unwrap();
            }
            if row % 6 == 0 {
                writeln!(earlier, "Person {row},p{row}@one.example,VIP,,before").unwrap();
            }
        }
        Self {
            accounts: file("accounts.csv", &accounts),
            groups: file("groups.csv", "name,workflow,accept,invite\nVIP,welcome,,marketplace\nGold,,,\n"),
            earlier: file("earlier.csv", &earlier),
            list: file("list.csv", &list),
            // Repeats nobody of the list, so its contacts do not affect the comparison.
            one: file("one.csv", "Name,E-mail\nOne,p0@one.example\n"),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            // The version of a dropped file is its time.
            let modified = entry.metadata().unwrap().modified().unwrap();
            fs::File::options().write(true).open(&target).unwrap().set_modified(modified).unwrap();
        }
    }
}

/// Keeps a home for the analysis of a failure.
fn keep(home: &Path) -> String {
    let kept = std::env::temp_dir().join(format!("rollcall-killed-{}", std::process::id()));
    copy(home, &kept);
    kept.display().to_string()
}

fn number(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

/// The moments of the kills, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_nanos((self.0 >> 11) % most.as_nanos().max(1) as u64)
    }
}
