//! Keys of objects in the bucket: this file builds and parses all of them.

use crate::types::kind::Kind;
use crate::types::names::{ImportId, ProfileName, ProgramName};

/// The request of an object under `inbox/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drop {
    /// The program.
    pub program: ProgramName,
    /// The target of the file.
    pub what: DropTarget,
    /// The file's name, without folders.
    pub file: String,
    /// Dropped into the profile's `dry-run/` folder.
    pub dry_run: bool,
}

/// Rows for a profile, or entries for the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DropTarget {
    /// `inbox/<program>/<profile>/…`
    Profile(ProfileName),
    /// `inbox/<program>/directory/<kind>/…`
    Directory(Kind),
    /// `inbox/<program>/approve/<import-id>`: imports what this dry run showed.
    Approve(ImportId),
}

impl Drop {
    /// Parses an object key; `None` if it does not start an import.
    pub fn parse(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("inbox/")?.split('/');
        let program = ProgramName::parse(parts.next()?).ok()?;
        let second = parts.next()?;
        let rest: Vec<&str> = parts.collect();
        let (what, dry_run, file) = match (second, rest.as_slice()) {
            ("directory", [kind, file]) => (DropTarget::Directory(kind.parse().ok()?), false, *file),
            ("approve", [id]) if ImportId::parse(id).is_ok() => {
                (DropTarget::Approve(ImportId::parse(id).ok()?), false, *id)
            }
            (profile, ["dry-run", file]) => {
                (DropTarget::Profile(ProfileName::parse(profile).ok()?), true, *file)
            }
            ("cancel", [id]) if ImportId::parse(id).is_ok() => return None,
            (profile, [file]) => (DropTarget::Profile(ProfileName::parse(profile).ok()?), false, *file),
            _ => return None,
        };
        let owner_fits = program.is_marketplace() == (what == DropTarget::Directory(Kind::Accounts));
        (owner_fits && starts_an_import(file)).then(|| Self { program, what, file: file.to_owned(), dry_run })
    }

    /// The key, which [`Drop::parse`] parses.
    pub fn key(&self) -> String {
        match &self.what {
            DropTarget::Profile(profile) if self.dry_run => {
                format!("inbox/{}/{profile}/dry-run/{}", self.program, self.file)
            }
            DropTarget::Profile(profile) => format!("inbox/{}/{profile}/{}", self.program, self.file),
            DropTarget::Directory(kind) => format!("inbox/{}/directory/{kind}/{}", self.program, self.file),
            DropTarget::Approve(id) => format!("inbox/{}/approve/{id}", self.program),
        }
    }
}

/// An object `inbox/<program>/cancel/<import-id>`: a request to cancel the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// The program of the import.
    pub program: ProgramName,
    /// The import.
    pub import_id: ImportId,
}

impl Cancel {
    /// Parses an object key; `None` if it does not cancel an import.
    pub fn parse(key: &str) -> Option<Self> {
        let (program, rest) = key.strip_prefix("inbox/")?.split_once('/')?;
        let import_id = ImportId::parse(rest.strip_prefix("cancel/")?).ok()?;
        Some(Self { program: ProgramName::parse(program).ok()?, import_id })
    }

    /// The key, which [`Cancel::parse`] parses.
    pub fn key(&self) -> String {
        format!("inbox/{}/cancel/{}", self.program, self.import_id)
    }
}

/// Whether an object with this name starts an import (contract.md, "Bucket").
pub fn starts_an_import(file: &str) -> bool {
    !(file.is_empty()
        || file.starts_with('.')
        || file.starts_with("~$")
        || [".tmp", ".part", ".options.toml"].iter().any(|ending| file.ends_with(ending)))
}

/// The sidecar that holds the options of one drop.
pub fn sidecar(key: &str) -> String {
    format!("{key}.options.toml")
}

/// The claim of an import on a version of a sidecar.
pub fn sidecar_claim(program: &ProgramName, digest: &str) -> String {
    format!("imports/{program}/sidecars/{digest}")
}

/// The program's settings.
pub fn settings(program: &ProgramName) -> String {
    format!("settings/{program}.toml")
}

/// A custom profile.
pub fn profile(name: &ProfileName) -> String {
    format!("settings/profiles/{name}.toml")
}

/// The mapping that is saved for files with this header.
pub fn saved_mapping(program: &ProgramName, profile: &str, fingerprint: &str) -> String {
    format!("settings/mappings/{program}/{profile}/{fingerprint}.toml")
}

/// The folder of one import.
pub fn import(program: &ProgramName, import: &ImportId) -> String {
    format!("imports/{program}/{import}")
}

/// The results and artifacts of one import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifacts(String);

impl Artifacts {
    /// The keys of an import's artifacts.
    pub fn of(program: &ProgramName, import_id: &ImportId) -> Self {
        Self(import(program, import_id))
    }

    /// The folder itself, without a closing slash.
    pub fn folder(&self) -> &str {
        &self.0
    }
    /// The upload summary.
    pub fn upload(&self) -> String {
        format!("{}/upload.json", self.0)
    }
    /// The imported rows.
    pub fn succeeded(&self) -> String {
        format!("{}/succeeded.csv", self.0)
    }
    /// The rows that were not imported.
    pub fn failed(&self) -> String {
        format!("{}/failed.csv", self.0)
    }
    /// The same rows as a workbook, if the import read a workbook.
    pub fn succeeded_workbook(&self) -> String {
        format!("{}/succeeded.xlsx", self.0)
    }
    /// The rows that were not imported as a workbook, if the import read a workbook.
    pub fn failed_workbook(&self) -> String {
        format!("{}/failed.xlsx", self.0)
    }
    /// Fields of existing contacts that were changed.
    pub fn changes(&self) -> String {
        format!("{}/changes.csv", self.0)
    }
    /// The text of the sidecar that the import used; empty if it used none.
    pub fn sidecar(&self) -> String {
        format!("{}/options.toml", self.0)
    }
    /// In a dry run: the import that approves it.
    pub fn approval(&self) -> String {
        format!("{}/approval", self.0)
    }
    /// In a gated import: whether its chunks are written.
    pub fn gate(&self) -> String {
        format!("{}/gate.json", self.0)
    }
    /// A marker: the import is to be cancelled.
    pub fn cancelled(&self) -> String {
        format!("{}/cancelled", self.0)
    }
    /// The totals; written last.
    pub fn summary(&self) -> String {
        format!("{}/summary.json", self.0)
    }
    /// The report for a person.
    pub fn report(&self) -> String {
        format!("{}/report.html", self.0)
    }
    /// The snapshot that every later step follows.
    pub fn plan(&self) -> String {
        format!("{}/plan.json", self.0)
    }
    /// A chunk result: the redo record.
    pub fn chunk_result(&self, chunk: u32) -> String {
        format!("{}/chunks/{chunk}", self.0)
    }
    /// Rows of a judged chunk of which it is unknown whether they were stored.
    pub fn abandoned(&self, chunk: u32) -> String {
        format!("{}/chunks/{chunk}.given-up", self.0)
    }
}
