//! Public corpora of awkward files: `tests/corpora/run` fetches them by name and runs this.
//!
//! What such a file means to one of our profiles is not known, so it is imported as a list whose columns are named by
//! position, and as it is: nothing may panic, and what must hold of every import does.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use rollcall_tests::invariants;
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

#[test]
#[ignore = "fetches packages: run by tests/corpora/run"]
fn public_corpora_are_answered_for() {
    let folder =
        PathBuf::from(std::env::var("ROLLCALL_CORPORA").expect("tests/corpora/run says where they are"));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 100, "the corpora are there: {}", files.len());
    let (mut statuses, mut broken) = (BTreeMap::new(), Vec::new());
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(path).unwrap();
        for options in [&[][..], &[("first_line", "data"), ("columns", "name,email")]] {
            match catch_unwind(AssertUnwindSafe(|| answered(&bytes, options))) {
                Ok(status) => *statuses.entry(status).or_insert(0) += 1,
                Err(_) => broken.push(name.clone()),
            }
        }
    }
    println!("{} files: {statuses:?}", files.len());
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Imports and previews a file; how it ended, with the file's codes.
fn answered(bytes: &[u8], options: &[(&str, &str)]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    let world = World::with_acme();
    let import = world.import("prospects", bytes, options, &Course::default());
    invariants::answered_once(&world, &import);
    invariants::is_result_file(&world, &import, "prospects", options);
    let summary = world.summary(&import);
    let preview = World::with_acme().preview("prospects", bytes, options);
    let codes: Vec<&str> = preview.verdict.errors.iter().map(|finding| finding.code.as_str()).collect();
    let status = summary.status.as_str();
    assert_eq!(preview.verdict.accepted, status != "refused", "the preview says what the import says");
    if codes.is_empty() { status.to_owned() } else { codes.join("+") }
}
