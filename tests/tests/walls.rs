//! Dependencies between the crates: downwards only.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each crate, the crates of the workspace that it may use, and words that no dependency of it may have in its name.
const WALLS: &[(&str, &[&str], &[&str])] = &[
    ("shared/domain", &[], &["tokio", "aws", "lambda", "rusqlite", "tracing", "log", "reqwest", "hyper"]),
    ("shared/pipeline", &["rollcall-domain"], &["aws", "lambda", "rusqlite"]),
    ("shared/web", &["rollcall-domain", "rollcall-pipeline"], &["aws", "lambda", "rusqlite"]),
    ("shared/embedded", &["rollcall-domain", "rollcall-pipeline"], &["aws", "lambda"]),
    (
        "functions/local",
        &["rollcall-domain", "rollcall-pipeline", "rollcall-web", "rollcall-embedded"],
        &["aws", "lambda"],
    ),
    (
        "functions/console",
        &["rollcall-domain", "rollcall-pipeline", "rollcall-web", "rollcall-aws"],
        &["sdk", "rusqlite"],
    ),
];

#[test]
fn arrows_point_down_only() {
    for (member, host, never) in WALLS {
        for name in dependencies(member) {
            if name.starts_with("rollcall") {
                assert!(host.contains(&name.as_str()), "{member} may not know {name}");
            }
            assert!(
                !never.iter().any(|word| name.split(['-', '_']).any(|part| part == *word)),
                "{member}: {name}"
            );
        }
    }
}

/// Only the SIMD of the splitter and of cells, and the local program's allocator, are `unsafe`; the domain's own lints ban
/// clocks, files, the net and the environment.
#[test]
fn the_domain_keeps_its_wall() {
    let wall = fs::read_to_string(root().join("shared/domain/clippy.toml")).unwrap();
    for banned in ["SystemTime::now", "env::var", "fs::read", "File", "TcpStream"] {
        assert!(wall.contains(banned), "{banned} is not banned");
    }
    let mut unsafe_files = BTreeSet::new();
    look_for_unsafe(&root().join("shared"), &mut unsafe_files);
    look_for_unsafe(&root().join("functions"), &mut unsafe_files);
    assert_eq!(unsafe_files.into_iter().collect::<Vec<_>>(), ["blocks.rs", "memory.rs", "vector.rs"]);
}

/// The local build compiles no SDK: what is built by default depends on none.
#[test]
fn what_is_built_by_default_has_no_sdk() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, members) = workspace.split_once("default-members = [").unwrap();
    let (members, _) = members.split_once(']').unwrap();
    assert!(members.contains("functions/local"));
    for member in
        members.split(',').map(|member| member.trim().trim_matches('"')).filter(|member| !member.is_empty())
    {
        assert!(dependencies(member).iter().all(|name| !name.starts_with("aws")), "{member}");
    }
}

/// Names under `[dependencies]`; those for tests alone do not count.
fn dependencies(member: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
    let (_, after) = manifest.split_once("[dependencies]").unwrap();
    let lines = after.lines().take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    lines.map(name).filter(|name| !name.is_empty() && !name.starts_with('#')).collect()
}

fn look_for_unsafe(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() && name != "target" {
            look_for_unsafe(&path, found);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).unwrap();
            if text.contains("unsafe {") || text.contains("unsafe fn") || text.contains("allow(unsafe_code") {
                found.insert(name);
            }
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
