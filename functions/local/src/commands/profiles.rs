//! `rollcall profiles`: the profiles, which define the kinds of files.

mod template;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::built_in::BUILT_IN;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ProfileName;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::drop::cannot_read;
use template::TemplateArguments;

/// List, show and check import profiles, and write their templates
#[derive(Debug, clap::Subcommand)]
pub enum Profiles {
    /// List the built-in and the custom profiles
    List,
    /// Show one profile with everything it inherits
    Show {
        /// The profile
        name: String,
    },
    /// Check a custom profile before it is used
    Check {
        /// The file
        file: PathBuf,
    },
    Template(TemplateArguments),
}

impl Profiles {
    /// Shows or checks profiles.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Profiles::List => list(home),
            Profiles::Show { name } => show(home, &name),
            Profiles::Check { file } => check(&file),
            Profiles::Template(asked) => asked.run(home),
        }
    }
}

fn list(home: &Path) -> Result<Exit, Failure> {
    let titles = ["profile", "title", "where"];
    let mut table = Table::new(titles.map(Column::words));
    let own = own_profiles(home);
    for (name, _) in BUILT_IN.iter().filter(|(name, _)| !own.iter().any(|(own, _)| own == name)) {
        let title = Profile::built_in(name).map(|profile| profile.title(Locale::En).to_owned());
        table.add([*name, title.as_deref().unwrap_or_default(), "built in"]);
    }
    for (name, file) in own {
        let read = read(&file);
        let title = match &read {
            Ok(profile) => profile.title(Locale::En).to_owned(),
            Err(error) => format!("not valid: {error}"),
        };
        table.add([name, title, file.display().to_string()]);
    }
    answer::print(&table.render(0))?;
    Ok(Exit::Well)
}

/// Name and file of the custom profiles of the home, by name.
fn own_profiles(home: &Path) -> Vec<(String, PathBuf)> {
    let folder = home.join("bucket/settings/profiles");
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let name = |file: &PathBuf| {
        let stem = file.file_stem()?.to_str()?;
        ProfileName::parse(stem).ok().map(|name| name.to_string())
    };
    let toml = files.filter(|file| file.extension().is_some_and(|ending| ending == "toml"));
    let mut own: Vec<_> = toml.filter_map(|file| Some((name(&file)?, file))).collect();
    own.sort();
    own
}

fn show(home: &Path, name: &str) -> Result<Exit, Failure> {
    answer::print(&profile(home, name)?.to_toml())?;
    Ok(Exit::Well)
}

/// A custom profile takes precedence over a built-in one of the same name; `directory/<kind>` is that of directory files.
pub(super) fn profile(home: &Path, name: &str) -> Result<Arc<Profile>, Failure> {
    let unknown =
        || Failure::said(format!("no such profile: {name}; `rollcall profiles list` shows those there are"));
    if let Some(kind) = name.strip_prefix("directory/") {
        return kind.parse().map(Profile::of_directory).map_err(|_| unknown_kind(kind));
    }
    let own = ProfileName::parse(name).ok().map(|name| home.join("bucket").join(object_keys::profile(&name)));
    match own.filter(|file| file.is_file()) {
        Some(file) => read(&file),
        None => Profile::built_in(name).ok_or_else(unknown),
    }
}

fn unknown_kind(kind: &str) -> Failure {
    let kinds = Kind::ALL.map(|kind| format!("directory/{kind}")).join(", ");
    Failure::said(format!("no such kind of directory file: {kind}; one of {kinds}"))
}

fn check(file: &Path) -> Result<Exit, Failure> {
    let profile = read(file)?;
    answer::print(&format!("{}: a valid profile of {} fields\n", profile.name, profile.fields.len()))?;
    let name = profile.name.as_str();
    if file.file_stem().is_none_or(|stem| stem != name) {
        answer::say(format_args!("as a profile of one's own it has to be named {name}.toml"));
    }
    Ok(Exit::Well)
}

fn read(file: &Path) -> Result<Arc<Profile>, Failure> {
    let bytes = fs::read(file).map_err(|error| cannot_read(file, &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Failure::said(format!("{}: {}", file.display(), not_utf8(error.as_bytes()))))?;
    Profile::parse(&text).map_err(|error| Failure::said(format!("{}: {error}", file.display())))
}

fn not_utf8(bytes: &[u8]) -> String {
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let line = bytes[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
    format!("line {line}: is not UTF-8; save it as UTF-8")
}
