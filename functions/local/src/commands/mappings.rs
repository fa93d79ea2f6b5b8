//! `rollcall mappings`: the mappings saved for files with the same header.

use std::path::{Path, PathBuf};

use pollster::block_on;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::{Artifacts, saved_mapping};
use rollcall_domain::plan::saved_mapping::{fingerprint, judging_options, reading_options, to_toml};
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::home::Home;
use rollcall_pipeline::ports::Objects;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::host::open_for_settings;

/// Save, list and remove mappings: how files with one header are read
#[derive(Debug, clap::Subcommand)]
pub enum Mappings {
    /// Save the mapping of an import for all files with the same header
    Save {
        /// Id of the import
        id: String,
    },
    /// List the saved mappings of a program
    List {
        /// The program
        #[arg(long, value_name = "PROGRAM")]
        program: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Remove a saved mapping
    Remove {
        /// Fingerprint of the header, as the list shows it
        fingerprint: String,
        /// The program
        #[arg(long, value_name = "PROGRAM")]
        program: String,
        /// Import profile, if several have a mapping for this header
        #[arg(long, value_name = "PROFILE")]
        profile: Option<String>,
    },
}

impl Mappings {
    /// Saves, shows or removes mappings.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Mappings::Save { id } => save(home, &id),
            Mappings::List { program, json } => list(home, &program, json),
            Mappings::Remove { fingerprint, program, profile } => {
                remove(home, &fingerprint, &program, profile.as_deref())
            }
        }
    }
}

/// A saved mapping in a list.
#[derive(Debug, serde::Serialize)]
struct Saved {
    fingerprint: String,
    profile: String,
    options: Vec<String>,
    #[serde(skip)]
    key: String,
}

fn save(path: &Path, id: &str) -> Result<Exit, Failure> {
    let unknown =
        || Failure::said(format!("no such import: {id}; `rollcall imports list` shows those there are"));
    let import = ImportId::parse(id).map_err(|_| unknown())?;
    let home = open_for_settings(path)?;
    let items = home.listing().imports()?;
    let item = items.into_iter().find(|item| item.import_id == import).ok_or_else(unknown)?;
    let bytes = block_on(home.bucket().get(&Artifacts::of(&item.program, &import).plan()))?;
    let bytes = bytes.ok_or_else(|| Failure::said("the working papers of the import are gone"))?;
    let plan = Plan::from_json(&bytes).map_err(Failure::said)?;
    if !plan.mapping.has_header {
        return Err(Failure::said("the file has no header that others could be told by"));
    }
    let mut options = reading_options(&plan.mapping, &plan.options);
    options.extend(judging_options(&plan.options));
    let shares = [("max_rejected", plan.options.max_rejected), ("max_removed", plan.options.max_removed)];
    options
        .extend(shares.iter().filter_map(|(name, share)| Some(((*name).to_owned(), (*share)?.to_string()))));
    if options.is_empty() {
        return Err(Failure::said(
            "the import had no option that a mapping keeps; its columns are known without",
        ));
    }
    let fingerprint = fingerprint(&plan.mapping);
    let key = saved_mapping(&item.program, &item.profile, &fingerprint);
    block_on(home.bucket().put(&key, to_toml(&options).into_bytes()))?;
    answer::print(&format!(
        "Saved as {fingerprint}: it holds for every file of {} ({}) with this header\n",
        item.program, item.profile
    ))?;
    Ok(Exit::Well)
}

fn list(path: &Path, program: &str, json: bool) -> Result<Exit, Failure> {
    let home = Home::open_shared(path)?;
    let saved = read_all(&home, &parse(program)?)?;
    let mut table = Table::new([
        Column::words("fingerprint").whole(),
        Column::words("profile"),
        Column::words("options"),
    ]);
    for one in &saved {
        table.add([one.fingerprint.clone(), one.profile.clone(), one.options.join(", ")]);
    }
    answer::print(&if json { answer::pretty(&saved) } else { table.render(0) })?;
    Ok(Exit::Well)
}

fn remove(path: &Path, fingerprint: &str, program: &str, profile: Option<&str>) -> Result<Exit, Failure> {
    let home = open_for_settings(path)?;
    let mut saved = read_all(&home, &parse(program)?)?;
    saved.retain(|one| one.fingerprint == fingerprint && profile.is_none_or(|name| name == one.profile));
    match saved.as_slice() {
        [one] => {
            home.bucket().remove(&one.key)?;
            answer::print(&format!("Removed {fingerprint} ({})\n", one.profile))?;
            Ok(Exit::Well)
        }
        [] => Err(Failure::said(format!(
            "no such mapping: {fingerprint}; `rollcall mappings list --program {program}` shows those there are"
        ))),
        several => {
            let profiles: Vec<&str> = several.iter().map(|one| one.profile.as_str()).collect();
            Err(Failure::said(format!("say which with --profile: one of {}", profiles.join(", "))))
        }
    }
}

fn parse(program: &str) -> Result<ProgramName, Failure> {
    ProgramName::parse(program).map_err(|error| Failure::said(error.to_string()))
}

/// All mappings of a program, in order of profile and fingerprint.
fn read_all(home: &Home, program: &ProgramName) -> Result<Vec<Saved>, Failure> {
    let folder = home.bucket().root().join(format!("settings/mappings/{program}"));
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    let mut saved = Vec::new();
    for file in files {
        let (Some(profile), Some(fingerprint)) = (
            file.parent().and_then(|parent| parent.strip_prefix(&folder).ok()).and_then(Path::to_str),
            file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".toml")),
        ) else {
            continue;
        };
        let profile = profile.replace('\\', "/");
        let text = std::fs::read_to_string(&file).map_err(|error| Failure::said(error.to_string()))?;
        let pairs = rollcall_domain::profile::toml_table::read_table(&text).map_err(Failure::said)?;
        saved.push(Saved {
            key: saved_mapping(program, &profile, fingerprint),
            fingerprint: fingerprint.to_owned(),
            options: pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
            profile,
        });
    }
    saved.sort_by(|one, other| (&one.profile, &one.fingerprint).cmp(&(&other.profile, &other.fingerprint)));
    Ok(saved)
}

/// Every file below a folder; none if there is no such folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|error| Failure::said(error.to_string()))?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
