//! `rollcall watch` as a person uses it: files are dropped while it runs, and a signal stops it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const GOOD: &str = "Name,E-mail\nAnn,ann@one.example\nBob,bob@two.example\n";

struct Watched {
    child: Child,
    home: PathBuf,
    _folder: tempfile::TempDir,
}

impl Watched {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        for program in ["acme", "globex"] {
            let set = rollcall(&home).args(["program", "set", program, "--region", "BR"]).output().unwrap();
            assert!(set.status.success());
        }
        let watched = Self::on(home, folder);
        wait(|| watched.home.join("bucket/inbox").is_dir().then_some(()));
        watched
    }

    fn on(home: PathBuf, folder: tempfile::TempDir) -> Self {
        let child =
            rollcall(&home).arg("watch").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, home, _folder: folder }
    }

    fn drop(&self, key: &str, text: &str) -> PathBuf {
        let path = self.home.join("bucket/inbox").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Waits for this number of summaries of a program's imports.
    fn summaries(&self, program: &str, count: usize) -> Vec<serde_json::Value> {
        let folder = self.home.join("bucket/imports").join(program);
        wait(|| {
            let imports = fs::read_dir(&folder).ok()?;
            let read =
                |path: PathBuf| serde_json::from_slice(&fs::read(path.join("summary.json")).ok()?).ok();
            let found: Vec<_> = imports.flatten().filter_map(|entry| read(entry.path())).collect();
            (found.len() >= count).then_some(found)
        })
    }

    /// Stops it as a service manager would; returns its exit code and its output.
    fn stop(mut self) -> (Option<i32>, String, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = wait(|| self.child.try_wait().unwrap());
        let (mut out, mut err) = (String::new(), String::new());
        std::io::Read::read_to_string(&mut self.child.stdout.take().unwrap(), &mut out).unwrap();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut err).unwrap();
        (status.code(), out, err)
    }
}

#[test]
fn what_is_dropped_is_imported_and_a_signal_stops_it() {
    let watched = Watched::start();
    watched.drop("acme/directory/groups/groups.csv", "name\nVIP\n");
    watched.drop("globex/prospects/list.csv", GOOD);
    watched.drop("acme/prospects/dry-run/list.csv", GOOD);
    assert_eq!(watched.summaries("globex", 1)[0]["rows"]["created"], 2);
    let acme = watched.summaries("acme", 2);
    let dry = acme.iter().find(|summary| summary["profile"] == "prospects").unwrap();
    assert_eq!((&dry["dry_run"], &dry["rows"]["created"]), (&true.into(), &2.into()));

    // The options file is there before the file is dropped.
    watched.drop("acme/prospects/some.csv.options.toml", "rows = '2'\n");
    watched.drop("acme/prospects/some.csv", GOOD);
    let acme = watched.summaries("acme", 3);
    let some = acme.iter().find(|summary| summary["file"] == "some.csv").unwrap();
    assert_eq!((&some["rows"]["skipped"], &some["rows"]["created"]), (&1.into(), &1.into()));

    let (code, out, err) = watched.stop();
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("inbox/globex/prospects/list.csv completed"), "{out}");
    assert!(out.ends_with("stopped\n"), "{out}");
    assert!(err.is_empty(), "{err}");
}

#[test]
fn a_sidecar_that_comes_after_a_file_is_for_the_next_one() {
    let watched = Watched::start();
    watched.drop("acme/prospects/late.csv", GOOD);
    sleep(Duration::from_millis(100));
    watched.drop("acme/prospects/late.csv.options.toml", "dry_run = true\n");
    assert_eq!(watched.summaries("acme", 1)[0]["dry_run"], false);
    watched.drop("acme/prospects/late.csv", GOOD);
    let both = watched.summaries("acme", 2);
    assert_eq!(both.iter().filter(|summary| summary["dry_run"] == true).count(), 1, "{both:?}");
    watched.drop("acme/prospects/late.csv", GOOD);
    let all = watched.summaries("acme", 3);
    assert_eq!(all.iter().filter(|summary| summary["dry_run"] == true).count(), 1, "{all:?}");
    watched.stop();
}

#[test]
fn a_file_that_still_grows_is_left_alone_until_it_rests() {
    let watched = Watched::start();
    let path = watched.drop("acme/prospects/slow.csv", "Name,E-mail\n");
    for person in 0..8 {
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        writeln!(file, "P{person},p{person}@one.example").unwrap();
        sleep(Duration::from_millis(400));
    }
    let summaries = watched.summaries("acme", 1);
    assert_eq!(summaries.len(), 1);
    assert_eq!(summaries[0]["rows"]["created"], 8);
    watched.stop();
}

/// It has no sidecar: the name of the sidecar would be too long.
#[test]
fn a_name_as_long_as_names_get_is_imported() {
    let watched = Watched::start();
    watched.drop(&format!("acme/prospects/{}.csv", "n".repeat(251)), GOOD);
    assert_eq!(watched.summaries("acme", 1)[0]["rows"]["created"], 2);
    let (code, _, err) = watched.stop();
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

#[test]
fn links_folders_and_strays_are_never_taken() {
    let watched = Watched::start();
    let outside = watched.home.parent().unwrap().join("outside.csv");
    fs::write(&outside, GOOD).unwrap();
    let inbox = watched.home.join("bucket/inbox/acme/prospects");
    fs::create_dir_all(inbox.join("folder.csv")).unwrap();
    std::os::unix::fs::symlink(&outside, inbox.join("link.csv")).unwrap();
    watched.drop("acme/stray.csv", GOOD);
    watched.drop("acme/prospects/.hidden.csv", GOOD);
    watched.drop("acme/prospects/half.csv.part", GOOD);
    watched.drop("acme/prospects/last.csv", GOOD);
    let summaries = watched.summaries("acme", 1);
    assert_eq!(summaries[0]["file"], "last.csv");
    let (_, _, err) = watched.stop();
    assert!(err.contains("link.csv: not taken: it is a link"), "{err}");
    assert!(err.contains("stray.csv: not taken"), "{err}");
    assert_eq!(err.lines().count(), 2, "{err}");
}

#[test]
fn what_was_imported_is_not_imported_again_by_the_next_watch() {
    let watched = Watched::start();
    watched.drop("acme/prospects/list.csv", GOOD);
    watched.summaries("acme", 1);
    let home = watched.home.clone();
    // A command on the same home reports that, and how to go on.
    let mut import = rollcall(&home);
    let beside =
        import.args(["import", "/dev/null", "--program", "acme", "--profile", "prospects"]).output().unwrap();
    assert_eq!(beside.status.code(), Some(2));
    let Watched { mut child, _folder, .. } = watched;
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    wait(|| child.try_wait().unwrap());
    let again = Watched::on(home, _folder);
    again.drop("globex/prospects/list.csv", GOOD);
    again.summaries("globex", 1);
    sleep(Duration::from_secs(2));
    assert_eq!(again.summaries("acme", 1).len(), 1);
    again.stop();
}

#[test]
fn objects_of_every_kind_that_lie_there_are_imported_in_the_order_of_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    assert!(rollcall(&home).args(["program", "set", "acme", "--region", "BR"]).status().unwrap().success());
    let import = |name: &str, text: &str, more: &[&str]| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let mut command = rollcall(&home);
        command.args(["import", file.to_str().unwrap(), "--program", "acme", "--profile", "prospects"]);
        let done = command.args(more).arg("--json").output().unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        summary["import_id"].as_str().unwrap().to_owned()
    };
    let first = import("a.csv", "Name,E-mail\nAnn A,ann@one.example\n", &[]);
    let dry = import("d.csv", "Name,E-mail\nDan,dan@two.example\n", &["--dry-run"]);
    let there = [
        ("prospects/b.csv".to_owned(), "Name,E-mail\nAnn B,ann@one.example\n"),
        (format!("undo/{first}"), "undo\n"),
        (format!("approve/{dry}"), "approve\n"),
        ("prospects/a2.csv".to_owned(), "Name,E-mail\nAnn C,ann@one.example\n"),
    ];
    for (order, (key, text)) in (0..).zip(&there) {
        let path = home.join("bucket/inbox/acme").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let at = std::time::SystemTime::now() - Duration::from_secs(100 - order);
        OpenOptions::new().append(true).open(&path).unwrap().set_modified(at).unwrap();
    }
    let started = Instant::now();
    let watched = Watched::on(home, folder);
    let mut summaries = watched.summaries("acme", 2 + there.len());
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
    summaries.sort_by_key(|summary| summary["import_id"].as_str().unwrap().to_owned());
    let count = |summary: &serde_json::Value, name: &str| summary["rows"][name].as_u64().unwrap_or(0);
    let counts: Vec<_> = summaries[2..]
        .iter()
        .map(|summary| ["created", "updated", "removed", "kept"].map(|name| count(summary, name)))
        .collect();
    assert_eq!(counts, [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]], "{summaries:?}");
    let (code, _, err) = watched.stop();
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

fn rollcall(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.arg("--home").arg(home);
    command
}

fn wait<T>(mut until: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(came) = until() {
            return came;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "it did not come");
        sleep(Duration::from_millis(50));
    }
}
