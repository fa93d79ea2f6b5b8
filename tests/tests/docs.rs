//! The pages in `docs/` and the JSON Schemas, compared with the types that they describe.
//!
//! `ROLLCALL_WRITE_SCHEMAS=1 cargo test -p rollcall-tests --test all docs` writes `docs/schemas/*.schema.json` anew.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use rollcall_domain::plan::columns;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::options_table::OptionsTable;
use rollcall_domain::profile::raw::RawProfile;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::kind::Kind;
use rollcall_tests::test_host::TestHost;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The longest function, and the most parameters, that need no reason in `docs/decisions.md`.
const LONGEST: usize = 60;
const MOST_PARAMETERS: usize = 6;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The names in backticks on a page.
fn names_on(page: &str) -> Vec<&str> {
    page.split('`').skip(1).step_by(2).collect()
}

fn assert_named<'a>(file: &str, wanted: impl IntoIterator<Item = &'a str>) {
    let text = page(file);
    let named = names_on(&text);
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "docs/{file} does not name {missing:?}");
}

/// A file that a program reads is described as it is written, a file that people write as it is read.
fn schema<T: JsonSchema>(title: &str, output: bool) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = if output { settings.for_serialize() } else { settings.for_deserialize() };
    let mut schema = serde_json::to_value(settings.into_generator().into_root_schema_for::<T>()).unwrap();
    schema["title"] = title.into();
    schema
}

fn schemas() -> [(&'static str, Value); 5] {
    [
        ("profile", schema::<RawProfile>("A Rollcall profile", false)),
        ("settings", schema::<Settings>("Settings of a Rollcall program", false)),
        ("options", schema::<OptionsTable>("Options of a drop", false)),
        ("upload", schema::<Upload>("upload.json", true)),
        ("summary", schema::<Summary>("summary.json", true)),
    ]
}

/// Names of the members of an object's schema.
fn members(schema: &Value) -> Vec<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

/// Names of the members of a definition within a schema.
fn members_of<'a>(schema: &'a Value, definition: &str) -> Vec<&'a str> {
    members(&schema["$defs"][definition])
}

/// Members of the schema and of all its definitions.
fn all_members(schema: &Value) -> Vec<&str> {
    let definitions = schema["$defs"].as_object().unwrap();
    let definitions = definitions.values().filter(|definition| definition["properties"].is_object());
    members(schema).into_iter().chain(definitions.flat_map(members)).collect()
}

/// The options that the program knows, from its own error message.
fn options() -> Vec<String> {
    let error = Options::read(&[("?".to_owned(), String::new())]).unwrap_err().to_string();
    let (_, names) = error.split_once("one of ").unwrap();
    names.split(", ").map(|name| name.split('.').next().unwrap().to_owned()).collect()
}

#[test]
fn schemas_are_those_of_the_types() {
    for (name, schema) in schemas() {
        let path = root().join(format!("docs/schemas/{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("ROLLCALL_WRITE_SCHEMAS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "docs/schemas/{name}.schema.json differs: set ROLLCALL_WRITE_SCHEMAS=1");
    }
}

#[test]
fn built_in_profiles_name_their_schema() {
    let folder = root().join("shared/domain/profiles");
    let mut profiles = 0;
    for folder in [folder.clone(), folder.join("directory")] {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // Words that all profiles share are no profiles.
            let shared = ["aliases", "qualifiers"].contains(&path.file_stem().unwrap().to_str().unwrap());
            if !shared && path.extension().is_some_and(|ending| ending == "toml") {
                let text = fs::read_to_string(&path).unwrap();
                let schema = text.lines().next().unwrap().strip_prefix("#:schema ").unwrap();
                assert!(folder.join(schema).is_file(), "{}: {schema}", path.display());
                profiles += 1;
            }
        }
    }
    assert_eq!(profiles, 13);
}

#[test]
fn the_table_of_options_has_every_option() {
    let schema = schema::<OptionsTable>("", false);
    let (mut table, mut known) = (members(&schema), options());
    table.sort_unstable();
    known.sort_unstable();
    assert_eq!(table, known);
}

#[test]
fn every_option_is_on_its_page() {
    let names = options();
    assert_named("options.md", names.iter().map(String::as_str).filter(|name| *name != "map"));
    assert_named("options.md", ["map.<header>"]);
}

/// A row of a table that stands twice is one that somebody will change once.
#[test]
fn no_table_has_a_key_twice() {
    for entry in fs::read_dir(root().join("docs")).unwrap().map(Result::unwrap) {
        let Some(name) = entry.file_name().into_string().ok().filter(|name| name.ends_with(".md")) else {
            continue;
        };
        let mut seen: Vec<String> = Vec::new();
        for line in page(&name).lines() {
            let Some(row) = line.strip_prefix("| ") else {
                seen.clear();
                continue;
            };
            let key = row.split(" | ").next().unwrap_or_default().to_owned();
            if !key.starts_with('`') {
                continue;
            }
            assert!(!seen.contains(&key), "{name}: {key} stands twice in a table");
            seen.push(key);
        }
    }
}

#[test]
fn every_setting_is_on_its_page() {
    assert_named("settings.md", members(&schema::<Settings>("", false)));
}

#[test]
fn every_profile_key_is_on_its_page() {
    let schema = schema::<RawProfile>("", false);
    assert_named("profiles.md", all_members(&schema));
    for words in ["FieldKind", "UnknownColumns", "Pick", "KeyKind"] {
        assert_named("profiles.md", choices(&schema["$defs"][words]));
    }
}

/// The values of an enumeration, each with a description or without.
fn choices(schema: &Value) -> Vec<&str> {
    let plain = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let one = described.clone().filter_map(|one| one["const"].as_str());
    let several = described.flat_map(|one| one["enum"].as_array().into_iter().flatten());
    plain.chain(one).chain(several.filter_map(Value::as_str)).collect()
}

#[test]
fn every_directory_column_is_on_its_page() {
    let text = page("directory.md");
    for kind in Kind::ALL {
        let heading = format!("\n## {kind}\n");
        let (_, section) = text.split_once(&heading).unwrap_or_else(|| panic!("no section {kind}"));
        let section = section.split("\n## ").next().unwrap();
        let named = names_on(section);
        for field in &Profile::of_directory(kind).fields {
            assert!(named.contains(&&*field.name), "docs/directory.md: {kind} lacks {}", field.name);
        }
    }
}

#[test]
fn every_result_column_and_member_is_on_its_page() {
    let result = columns::SUCCEEDED.iter().chain(&columns::FAILED).chain(&columns::CHANGES);
    assert_named("results.md", result.copied().chain([columns::SURPLUS]));
    let (upload, summary) = (schema::<Upload>("", true), schema::<Summary>("", true));
    assert_named("results.md", all_members(&upload));
    assert_named("results.md", all_members(&summary));
    assert_named("results.md", members_of(&summary, "Counts"));
    assert_named("results.md", choices(&summary["$defs"]["Status"]));
}

#[test]
fn every_code_is_on_its_page() {
    assert_named("results.md", Code::ALL.iter().map(|code| code.as_str()));
}

/// The schemas describe what an import writes, not only what the types say.
#[test]
fn documents_have_the_members_of_their_schema() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", "Name,E-mail,Fax\nAna,ana@one.example,1\nBob,bob,2\n");
    let written = [
        (serde_json::to_value(imported.upload).unwrap(), schema::<Upload>("", true)),
        (serde_json::to_value(imported.summary).unwrap(), schema::<Summary>("", true)),
    ];
    for (document, schema) in written {
        let document = document.as_object().unwrap();
        let known = members(&schema);
        let unknown: Vec<_> = document.keys().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        for required in schema["required"].as_array().unwrap() {
            assert!(document.contains_key(required.as_str().unwrap()), "{required}");
        }
    }
}

/// The TOML blocks of a page.
fn examples(page: &str) -> Vec<&str> {
    page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn examples_on_the_pages_are_valid() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (mut profiles, mut settings) = (0, 0);
    for text in [readme, page("settings.md"), page("profiles.md")] {
        for example in examples(&text) {
            if example.contains("[[fields]]") {
                Profile::parse(example).unwrap();
                profiles += 1;
            } else {
                let read = Settings::parse(example).unwrap();
                Options::read(&read.default_options()).unwrap();
                settings += 1;
            }
        }
    }
    assert_eq!((profiles, settings), (2, 2));
}

/// Links between the pages lead somewhere.
#[test]
fn links_lead_to_files() {
    let link = Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").unwrap();
    let mut pages: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)).into();
    pages.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    for path in pages.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        for found in link.captures_iter(&fs::read_to_string(path).unwrap()) {
            let target = path.parent().unwrap().join(&found[1]);
            assert!(target.exists(), "{}: {}", path.display(), &found[1]);
        }
    }
}

/// A function of the sources: its name with file, its lines and its parameters.
struct Function {
    name: String,
    lines: usize,
    parameters: usize,
}

/// A long function, or one with many parameters, has a reason in `docs/decisions.md`; a reason without such a function
/// is removed.
#[test]
fn long_functions_have_a_reason() {
    let mut found = Vec::new();
    for folder in ["shared", "functions"] {
        look_for_functions(&root().join(folder), &mut found);
    }
    assert!(found.len() > 1_000, "only {} functions found", found.len());
    let large = found.into_iter().filter(|f| f.lines > LONGEST || f.parameters > MOST_PARAMETERS);
    let mut large: Vec<String> = large.map(|function| function.name).collect();
    let text = page("decisions.md");
    let (_, section) = text.split_once("\n## Long functions\n").unwrap();
    let excused = section.split("\n## ").next().unwrap();
    let rows = excused.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut excused: Vec<&str> = rows.collect();
    large.sort_unstable();
    excused.sort_unstable();
    assert_eq!(large, excused);
}

fn look_for_functions(folder: &Path, found: &mut Vec<Function>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["tests", "target"].contains(&name) {
            look_for_functions(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            functions_of(&path, found);
        }
    }
}

/// rustfmt closes a function at the indent where it begins it, so its end is found without parsing.
fn functions_of(path: &Path, found: &mut Vec<Function>) {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let begin =
        Regex::new(r"^(\s*)(?:pub(?:\([^)]*\))? )?(?:const )?(?:async )?(?:unsafe )?fn (\w+)").unwrap();
    for (at, line) in lines.iter().enumerate() {
        let Some(begun) = begin.captures(line) else { continue };
        let opens = lines[at..].iter().find(|line| line.ends_with([';', '{', '}']));
        if opens.is_none_or(|line| !line.ends_with('{')) {
            continue;
        }
        let end = format!("{}}}", &begun[1]);
        let Some(length) = lines[at..].iter().position(|line| *line == end) else { continue };
        let file = path.strip_prefix(root()).unwrap().display();
        let name = format!("{file}: {}", &begun[2]);
        let parameters = parameters_of(&lines[at..=at + length].join("\n"));
        found.push(Function { name, lines: length + 1, parameters });
    }
}

/// Counts the parameters of a function, `self` among them: colons and commas outside of brackets within the first pair of
/// parentheses.
fn parameters_of(function: &str) -> usize {
    let (mut depth, mut count, mut filled) = (0_usize, 0, false);
    let mut before = ' ';
    // Not the parentheses of `pub(super)`.
    let (_, signature) = function.split_once("fn ").unwrap_or_default();
    for c in signature.chars().skip_while(|c| *c != '(') {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if before == '-' => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 1 => {
                count += 1;
                filled = false;
            }
            c if depth >= 1 && !c.is_whitespace() => filled = true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        before = c;
    }
    count + usize::from(filled)
}

#[test]
fn parameters_are_counted() {
    for (function, parameters) in [
        ("fn none() {", 0),
        ("fn one(a: u8) -> B {", 1),
        ("fn two(&self, a: Vec<(u8, u8)>) {", 2),
        ("fn three(\n    a: impl Fn(u8, u8) -> u8,\n    b: [u8; 2],\n    c: &mut dyn FnMut(&str),\n) {", 3),
    ] {
        assert_eq!(parameters_of(function), parameters, "{function}");
    }
}
