//! Every fixture through the real binary: `preview` and `import` end with a document and its exit code, and no
//! fixture crashes them.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

struct Fixture {
    path: PathBuf,
    profile: String,
    set: Vec<String>,
}

/// The files under `tests/fixtures`, with the options in the files next to them.
fn fixtures() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let folders = entries(&root).into_iter().filter(|path| path.is_dir());
    let mut paths: Vec<PathBuf> = folders.flat_map(|folder| entries(&folder)).collect();
    paths.retain(|path| !path.to_string_lossy().ends_with(".options.toml"));
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn read(path: PathBuf) -> Fixture {
    let profile = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let sidecar = PathBuf::from(format!("{}.options.toml", path.display()));
    let options: BTreeMap<String, String> =
        toml::from_str(&std::fs::read_to_string(sidecar).unwrap_or_default()).unwrap();
    Fixture { path, profile, set: options.iter().map(|(name, value)| format!("{name}={value}")).collect() }
}

fn run(home: &Path, command: &[&str], fixture: Option<&Fixture>) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    program.args(command).arg("--home").arg(home).stdin(Stdio::null());
    if let Some(fixture) = fixture {
        program.arg(&fixture.path).args(["--program", "acme", "--profile", &fixture.profile, "--json"]);
        fixture.set.iter().for_each(|set| {
            program.args(["--set", set]);
        });
    }
    program.output().unwrap()
}

fn document(output: &Output, fixture: &Fixture) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{}: {error}: {output:?}", fixture.path.display()))
}

#[test]
fn every_fixture_of_text_is_previewed_and_imported() {
    preview_and_import(|fixture| !is_archive(fixture));
}

#[test]
fn every_workbook_and_packed_fixture_is_previewed_and_imported() {
    preview_and_import(is_archive);
}

fn is_archive(fixture: &Fixture) -> bool {
    fixture.path.extension().is_some_and(|ending| ending != "csv")
}

fn preview_and_import(chosen: impl Fn(&Fixture) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    assert!(run(&home, &["program", "set", "acme", "--region", "BR"], None).status.success());
    let fixtures: Vec<Fixture> = fixtures().into_iter().filter(chosen).collect();
    assert!(fixtures.len() > 30, "the fixtures are there: {}", fixtures.len());
    for fixture in &fixtures {
        let name = fixture.path.display();
        let previewed = document(&run(&home, &["preview"], Some(fixture)), fixture);
        let output = run(&home, &["import", "--dry-run"], Some(fixture));
        let summary = document(&output, fixture);
        let status = summary["status"].as_str().unwrap();
        let code = match status {
            "completed" => 0,
            "completed_with_errors" => 1,
            "refused" => 2,
            other => panic!("{name}: {other}"),
        };
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
        assert_eq!(previewed["verdict"]["accepted"], Value::Bool(status != "refused"), "{name}");
        if status == "refused" {
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(told.trim_end().lines().count(), 1, "{name}: one line says why: {told}");
        }
    }
}
