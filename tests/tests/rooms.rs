//! The rooms of the crates: a room of the domain imports only from rooms above it in the list, and no two files import
//! each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the domain, from the ground up: an import points to the same room or to one before it.
const ROOMS: &[&str] = &[
    "types", "clean", "messages", "file", "profile", "plan", "row", "survey", "contacts", "result", "judge",
    "report",
];

/// Crates whose files import each other without a circle.
const CRATES: &[&str] =
    &["shared/domain", "shared/pipeline", "shared/embedded", "shared/aws", "functions/local"];

#[test]
fn rooms_import_downwards_only() {
    let domain = Modules::of("shared/domain");
    let wrong: Vec<String> = domain.imports().filter_map(|(from, to)| upward(from, to)).collect();
    assert!(wrong.is_empty(), "imports that point upwards:\n{}", wrong.join("\n"));
}

#[test]
fn every_test_file_runs() {
    let folder = root().join("tests/tests");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(main.contains(&format!("mod {module};")), "tests/main.rs does not name {module}");
        }
    }
}

/// Says what is wrong with an import, if anything is.
fn upward(from: &str, to: &str) -> Option<String> {
    let (from_room, to_room) = (room(from), room(to));
    let place = |name: &str| ROOMS.iter().position(|known| *known == name);
    match (place(from_room), place(to_room)) {
        (Some(from_place), Some(to_place)) if to_place <= from_place => None,
        (Some(_), Some(_)) => Some(format!("{from} imports {to}: {to_room} is above {from_room}")),
        _ => Some(format!("{from} imports {to}: not a room of {ROOMS:?}")),
    }
}

fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

#[test]
fn every_room_has_its_map() {
    let source = root().join("shared/domain/src");
    let lib = fs::read_to_string(source.join("lib.rs")).unwrap();
    for room in ROOMS {
        assert!(lib.contains(&format!("[`{room}`]")), "lib.rs does not name {room}");
        let map = fs::read_to_string(source.join(room).join("mod.rs")).unwrap();
        let map: String =
            map.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        assert!(
            map.lines().take_while(|line| line.starts_with("//!")).count() >= 5,
            "{room}/mod.rs is no map"
        );
        for entry in fs::read_dir(source.join(room)).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let Some(module) = name
                .strip_suffix(".rs")
                .filter(|module| !["mod", "sample", "options_table"].contains(module))
            else {
                continue;
            };
            assert!(map.contains(module), "{room}/mod.rs does not name {module}");
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for name in CRATES {
        let modules = Modules::of(name);
        let circles = modules.circles();
        assert!(circles.is_empty(), "{name}: files that import each other in a circle: {circles:#?}");
    }
}

/// A circle is found where there is one, and a parent and its children are none.
#[test]
fn circles_are_seen() {
    let modules = |edges: &[(&str, &str)]| {
        let mut imports = BTreeMap::<String, BTreeSet<String>>::new();
        for (from, to) in edges {
            imports.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            imports.entry((*to).to_owned()).or_default();
        }
        Modules { imports }
    };
    assert_eq!(modules(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]).circles(), [["a", "b", "c"]]);
    assert!(modules(&[("a", "b"), ("b", "c"), ("a", "c")]).circles().is_empty());
    assert!(modules(&[("a", "a::b"), ("a::b", "a"), ("a", "a::c"), ("a::c", "a::b")]).circles().is_empty());
    assert_eq!(modules(&[("a::b", "a::c"), ("a::c", "a::b")]).circles().len(), 1);
    assert!(
        upward("clean::phone", "judge::output").is_some() && upward("judge::x", "clean::phone").is_none()
    );
}

/// The modules of a crate, each with those that it imports; tests left out.
struct Modules {
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Modules {
    fn of(name: &str) -> Self {
        let source = root().join(name).join("src");
        let mut files = BTreeMap::new();
        collect(&source, &source, &mut files);
        let known: BTreeSet<String> = files.keys().cloned().collect();
        let imports = files.iter().map(|(module, text)| (module.clone(), imported(module, text, &known)));
        Self { imports: imports.collect() }
    }

    fn imports(&self) -> impl Iterator<Item = (&str, &str)> {
        self.imports.iter().flat_map(|(from, to)| to.iter().map(move |to| (from.as_str(), to.as_str())))
    }

    /// Modules that reach each other; a parent and its children count as one.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut circles = BTreeSet::new();
        for module in self.imports.keys() {
            let reached = self.reached_from(module);
            if reached.contains(module.as_str()) {
                let all: BTreeSet<String> = reached
                    .iter()
                    .filter(|other| self.reached_from(other).contains(module.as_str()))
                    .map(|other| (*other).to_owned())
                    .collect();
                circles.insert(all.into_iter().collect::<Vec<_>>());
            }
        }
        circles.into_iter().filter(|circle| !is_a_family(circle)).collect()
    }

    fn reached_from<'a>(&'a self, module: &str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<&str> = self.imports[module].iter().map(String::as_str).collect();
        while let Some(next) = waiting.pop() {
            if reached.insert(next) {
                waiting.extend(self.imports[next].iter().map(String::as_str));
            }
        }
        reached
    }
}

/// Whether one of the modules is the parent of all others.
fn is_a_family(circle: &[String]) -> bool {
    circle.iter().any(|parent| {
        circle.iter().all(|module| module == parent || module.starts_with(&format!("{parent}::")))
    })
}

/// The modules of the crate that a file imports, as far down as they are files.
fn imported(module: &str, text: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in paths(text) {
        let parts: Vec<&str> = path.split("::").collect();
        let absolute: Vec<&str> = match parts.as_slice() {
            ["crate", rest @ ..] => rest.to_vec(),
            ["super", rest @ ..] => parent(module).into_iter().chain(rest.iter().copied()).collect(),
            ["self", rest @ ..] => module.split("::").chain(rest.iter().copied()).collect(),
            _ => continue,
        };
        let longest = (1..=absolute.len()).rev().map(|length| absolute[..length].join("::"));
        found.extend(longest.into_iter().find(|name| known.contains(name)).filter(|name| name != module));
    }
    found
}

fn parent(module: &str) -> Vec<&str> {
    module.rsplit_once("::").map_or(Vec::new(), |(parent, _)| parent.split("::").collect())
}

/// Every path of a text that begins at the crate or near the file, with those in braces written out.
fn paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join(" ");
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|sign| !sign.is_alphanumeric() && sign != '_' && sign != ':') {
                write_out("", &code[at..], &mut paths);
            }
        }
    }
    paths
}

/// Writes out `a::{b, c::d}` as `a::b` and `a::c::d`; answers how much of the text that was.
fn write_out(before: &str, text: &str, paths: &mut Vec<String>) -> usize {
    let is_path = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == ':';
    let end = text.find(|sign| !is_path(sign)).unwrap_or(text.len());
    let path = format!("{before}{}", &text[..end]);
    if !text[end..].starts_with('{') || !path.ends_with("::") {
        paths.push(path.trim_end_matches(':').to_owned());
        return end;
    }
    let mut at = end + 1;
    while at < text.len() && !text[at..].starts_with('}') {
        let blank = text[at..].find(|sign: char| !sign.is_whitespace() && sign != ',').unwrap_or(0);
        at += blank;
        if text[at..].starts_with('}') {
            break;
        }
        at += write_out(&path, &text[at..], paths).max(1);
    }
    at + 1
}

/// Reads the files of a crate, without their tests.
fn collect(source: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            collect(source, &path, files);
            continue;
        }
        let Some(module) = module_of(source, &path) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        files.insert(module, code.to_owned());
    }
}

/// The module that a file is; nothing for the crate's root and for tests.
fn module_of(source: &Path, path: &Path) -> Option<String> {
    let relative: PathBuf = path.strip_prefix(source).unwrap().with_extension("");
    let mut parts: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    let is_test = parts.last().is_some_and(|last| ["tests", "lib", "main", "sample"].contains(last));
    (!parts.is_empty() && !is_test && path.extension()? == "rs").then(|| parts.join("::"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
