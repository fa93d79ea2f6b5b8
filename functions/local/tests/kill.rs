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

#[test]
fn killed_at_any_moment_the_next_command_finishes() {
    let kills: u32 = number("ROLLCALL_KILLS").unwrap_or(24);
    let mut dice =
        Dice(u64::from(number("ROLLCALL_KILL_SEED").unwrap_or(1)).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let folder = tempfile::tempdir().unwrap();
    let files = Files::write(folder.path());
    let prepared = folder.path().join("prepared");
    prepare(&prepared, &files);

    let undisturbed = folder.path().join("undisturbed");
    copy(&prepared, &undisturbed);
    let started = Instant::now();
    assert_eq!(import(&undisturbed, &files.list).output().unwrap().status.code(), Some(1));
    let takes = started.elapsed();
    finish(&undisturbed, &files);
    let wanted = answers(&undisturbed);
    assert!(wanted.iter().any(|(name, bytes)| name == "succeeded.csv" && bytes.len() > 10_000));

    let (mut killed, mut unbegun, mut homes) = (0, 0, 0);
    while killed < kills {
        let home = folder.path().join(format!("home-{homes}"));
        homes += 1;
        copy(&prepared, &home);
        killed += u32::from(kill(import(&home, &files.list), dice.below(takes)));
        // The command that finishes is sometimes killed too.
        while dice.below(Duration::from_nanos(3)).as_nanos() > 0 && killed < kills {
            killed += u32::from(kill(import(&home, &files.one), dice.below(takes)));
        }
        finish(&home, &files);
        let came = answers(&home);
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

/// The results of an import of the list, and the contacts; empty if it never began.
fn answers(home: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut answers = BTreeMap::new();
    let Ok(imports) = fs::read_dir(home.join("bucket/imports/acme")) else { return answers };
    for import in imports.map(|entry| entry.unwrap().path()) {
        let summary: serde_json::Value =
            serde_json::from_slice(&fs::read(import.join("summary.json")).unwrap_or_default())
                .unwrap_or_default();
        if summary["file"] != "list.csv" {
            continue;
        }
        for name in ["succeeded.csv", "failed.csv"] {
            answers.insert(name.to_owned(), fs::read(import.join(name)).unwrap());
        }
        answers.insert("rows".to_owned(), summary["rows"].to_string().into_bytes());
        let notification = home.join("outbox").join(format!("{}.eml", import.file_name().unwrap().display()));
        assert!(notification.is_file(), "no letter: {}", notification.display());
    }
    if !answers.is_empty() {
        let mut list = rollcall(home);
        let listed = list.args(["contacts", "list", "--program", "acme", "--json"]).output().unwrap();
        answers.insert("contacts".to_owned(), without_import_ids(&listed));
    }
    answers
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
