//! `rollcall import` of several files and of standard input; completions and the manual.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::place::{Place, Ran, told};
use crate::{GOOD, MIXED};

const OTHER: &str = "Name,Email\nDora,dora@x.example\n";

fn import(place: &Place, files: &[&str], more: &[&str]) -> Ran {
    place.run(&[&["import"], files, &["--program", "acme", "--profile", "prospects"], more].concat())
}

#[test]
fn several_files_are_imports_of_their_own_and_the_worst_end_is_the_exit_code() {
    let good = "good.csv";
    for (files, code, statuses) in [
        (vec![good, "other.csv"], 0, vec!["completed", "completed"]),
        (vec![good, "mixed.csv"], 1, vec!["completed", "completed_with_errors"]),
        (vec!["empty.csv", good], 2, vec!["refused", "completed"]),
        (vec!["nope.csv", "mixed.csv", good], 2, vec!["failed", "completed_with_errors", "completed"]),
    ] {
        let place = Place::new();
        for (name, text) in [(good, GOOD), ("other.csv", OTHER), ("mixed.csv", MIXED), ("empty.csv", "")] {
            place.file(name, text);
        }
        let ran = import(&place, &files, &["--json"]);
        let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ends: Vec<&str> = lines.iter().map(|line| line["status"].as_str().unwrap()).collect();
        assert_eq!((ran.code, ends), (code, statuses), "{files:?}: {ran:?}");
        let names: Vec<&str> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
        assert_eq!(names, files);
        let text = import(&place, &files, &[]);
        assert_eq!(text.code, code, "{text:?}");
        assert!(text.out.contains("good.csv (acme, prospects)"), "{text:?}");
    }
}

fn piped(place: &Place, arguments: &[&str], text: &str) -> Ran {
    let mut child = place
        .command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    told(child.wait_with_output().unwrap())
}

#[test]
fn standard_input_is_a_file_with_a_name() {
    let place = Place::new();
    let whose = ["--program", "acme", "--profile", "prospects"];
    let preview = piped(&place, &[&["preview", "-", "--json"], &whose[..]].concat(), GOOD);
    assert_eq!((preview.code, &preview.json()["rows"][1]["row"]), (0, &2.into()));
    for (name, file) in [(&["--name", "from a pipe.csv"][..], "from a pipe.csv"), (&[], "stdin")] {
        let ran = piped(&place, &[&["import", "-", "--json"], &whose[..], name].concat(), GOOD);
        assert_eq!((ran.code, &ran.json()["file"]), (0, &file.into()), "{ran:?}");
        let kept = place.path().join("rollcall-home/bucket/inbox/acme/prospects").join(file);
        assert_eq!(fs::read_to_string(kept).unwrap(), GOOD);
    }
    let dry = piped(&place, &[&["import", "-", "--dry-run", "--name", "a.csv"], &whose[..]].concat(), GOOD);
    assert!(dry.out.contains("import - --name a.csv"), "{dry:?}");
    import(&place, &["-", "-"], &[]).says(2, &["standard input"]);
    piped(&place, &[&["import", "-"], &whose[..]].concat(), "").says(2, &["stdin"]);
}

#[test]
fn shells_and_man_get_their_files() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.ok(&["completions", shell]).out;
        assert!(script.contains("rollcall") && script.contains("preview"), "{shell}");
    }
    place.run(&["completions", "cash"]).says(2, &["cash"]);
    place.ok(&["manual", "man1"]);
    for page in ["rollcall.1", "rollcall-import.1", "rollcall-imports-list.1"] {
        let text = fs::read_to_string(place.path().join("man1").join(page)).unwrap();
        assert!(text.contains(".TH") && text.contains("SYNOPSIS"), "{page}");
    }
    assert!(!place.ok(&["--help"]).out.contains("manual"));
}

#[test]
fn a_list_of_imports_keeps_status_and_dry_run_mark_in_a_narrow_terminal() {
    let place = Place::new();
    let file = place.file("a list with rather a long name.csv", MIXED);
    import(&place, &[&file], &["--dry-run"]);
    for columns in ["40", "80", "200"] {
        let out = place.command().args(["imports", "list"]).env("COLUMNS", columns).output().unwrap();
        let list = told(out).out;
        let words = list.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(list.contains("completed_with_errors") && list.contains("dry run"), "{columns}: {list}");
        assert!(words.contains("a list with rather a long name.csv"), "{columns}: {list}");
        let widest = list.lines().map(|line| line.chars().count()).max();
        assert!(columns != "80" || widest <= Some(80), "{list}");
    }
}

#[test]
fn what_is_to_be_done_is_never_cut() {
    let place = Place::new();
    place.ok(&["program", "set", "acme", "--locale", "de"]);
    let file = place.file("mixed.csv", MIXED);
    let whose = ["import", &file, "--program", "acme", "--profile", "prospects"];
    let out = place.command().args(whose).env("COLUMNS", "80").output().unwrap();
    let out = told(out).out;
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for fix in ["ein Import legt nie eine an", "eine einzelne Adresse je Zelle"] {
        assert!(words.contains(fix), "{fix}: {out}");
    }
    assert!(!out.contains('…'), "{out}");
}

#[test]
fn an_undo_is_marked_in_a_list_of_imports() {
    let place = Place::new();
    place.import(&place.file("a.csv", "Name,Email\nAnn,ann@one.example\n"));
    let id = place.ok(&["imports", "list", "--json"]).json()[1]["import_id"].as_str().unwrap().to_owned();
    place.ok(&["undo", &id, "--dry-run"]);
    place.ok(&["undo", &id]);
    let listed = place.ok(&["imports", "list", "--json"]).json();
    let undoes: Vec<Option<&str>> =
        listed.as_array().unwrap().iter().map(|one| one["undoes"].as_str()).collect();
    assert_eq!(undoes, [None, None, Some(&*id), Some(&*id)]);
    for (columns, marks) in
        [("200", ["completed (undo)", "completed (undo, dry run)"]), ("80", ["undo: ", "undo, dry run: "])]
    {
        let out = place.command().args(["imports", "list"]).env("COLUMNS", columns).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(marks.iter().all(|mark| text.contains(mark)), "{text}");
    }
}
