//! Keys of objects in the bucket: this file builds and parses all of them.

use crate::types::id::ContactId;
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
    /// `inbox/<program>/undo/<import-id>`: undoes this import; below `undo/dry-run/` it only says what would happen.
    Undo(ImportId),
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
            ("undo", [id]) if ImportId::parse(id).is_ok() => {
                (DropTarget::Undo(ImportId::parse(id).ok()?), false, *id)
            }
            ("undo", ["dry-run", id]) if ImportId::parse(id).is_ok() => {
                (DropTarget::Undo(ImportId::parse(id).ok()?), true, *id)
            }
            (profile, ["dry-run", file]) => {
                (DropTarget::Profile(ProfileName::parse(profile).ok()?), true, *file)
            }
            ("cancel", [id]) if ImportId::parse(id).is_ok() => return None,
            (profile, [file]) => (DropTarget::Profile(ProfileName::parse(profile).ok()?), false, *file),
            _ => return None,
        };
        let owner_fits = match what {
            DropTarget::Directory(kind) => kind.may_belong_to(&program),
            _ => !program.is_marketplace(),
        };
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
            DropTarget::Undo(id) if self.dry_run => format!("inbox/{}/undo/dry-run/{id}", self.program),
            DropTarget::Undo(id) => format!("inbox/{}/undo/{id}", self.program),
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

/// An object `inbox/<program>/pause` or `inbox/<program>/resume`: the program's imports wait, or go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseRequest {
    /// Whose imports.
    pub program: ProgramName,
    /// To pause; else to resume.
    pub pause: bool,
}

impl PauseRequest {
    /// Reads an object key; `None` where it asks for neither.
    pub fn parse(key: &str) -> Option<Self> {
        let (program, word) = key.strip_prefix("inbox/")?.split_once('/')?;
        let pause = match word {
            "pause" => true,
            "resume" => false,
            _ => return None,
        };
        Some(Self { program: ProgramName::parse(program).ok()?, pause })
    }

    /// The key that [`PauseRequest::parse`] reads back.
    pub fn key(&self) -> String {
        format!("inbox/{}/{}", self.program, if self.pause { "pause" } else { "resume" })
    }
}

/// Whether an object of this name starts an import (contract.md, "Bucket").
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

/// Whether the imports of a program wait.
pub fn paused(program: &ProgramName) -> String {
    format!("imports/{program}/paused")
}

/// The program's settings.
pub fn settings(program: &ProgramName) -> String {
    format!("settings/{program}.toml")
}

/// The folder of an installation's own profiles.
pub const PROFILES: &str = "settings/profiles/";

/// A custom profile.
pub fn profile(name: &ProfileName) -> String {
    format!("settings/profiles/{name}.toml")
}

/// The mapping that is saved for files with this header.
pub fn saved_mapping(program: &ProgramName, profile: &str, fingerprint: &str) -> String {
    format!("settings/mappings/{program}/{profile}/{fingerprint}.toml")
}

/// When a contact of the program was erased last: without it, no contact has a mark.
pub fn last_erasure(program: &ProgramName) -> String {
    format!("erased/{program}/last")
}

/// The mark that a contact was erased.
pub fn erased(program: &ProgramName, contact: &ContactId) -> String {
    format!("erased/{program}/{contact}")
}

/// A list of contacts that is fetched once, where a response cannot be as long.
pub fn export(program: &ProgramName, id: &str, ending: &str) -> String {
    format!("uploads/{program}/exports/{id}/contacts-{program}.{ending}")
}

/// The prefix of the folders of a program's imports.
pub fn imports(program: &ProgramName) -> String {
    format!("imports/{program}/")
}

/// A file that waits for its import: `uploads/<program>/<upload-id>/…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    folder: String,
    /// The upload's id.
    pub id: String,
}

impl Held {
    /// Characters of an id: 128 random bits as base32.
    const ID: usize = 26;

    /// The keys of an upload; `None` where that is no id of one.
    pub fn parse(program: &ProgramName, id: &str) -> Option<Self> {
        let is_one = id.len() == Self::ID && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
        is_one.then(|| Self { folder: format!("uploads/{program}/{id}"), id: id.to_owned() })
    }

    /// What was said of the file before it came.
    pub fn about(&self) -> String {
        format!("{}/about.json", self.folder)
    }

    /// The bytes.
    pub fn file(&self) -> String {
        format!("{}/file", self.folder)
    }

    /// What a reader chose for it last: columns, values, rows.
    pub fn chosen(&self) -> String {
        format!("{}/chosen.json", self.folder)
    }

    /// The cells that were typed over, after so many changes. Each change is an object, written if there is none: of two
    /// people who type at once, neither loses a cell.
    pub fn cells(&self, change: u64) -> String {
        format!("{}/cells-{change}.json", self.folder)
    }

    /// A change up to which all are there: later ones are looked for.
    pub fn cells_known(&self) -> String {
        format!("{}/cells.json", self.folder)
    }
}

/// The prefix of the uploads of a program.
pub fn uploads(program: &ProgramName) -> String {
    format!("uploads/{program}/")
}

/// The claim of a request that may be repeated, by the digest of its key.
pub fn request_claim(program: &ProgramName, digest: &str) -> String {
    format!("uploads/{program}/requests/{digest}")
}

/// Longest name of an object, so that its sidecar's name still fits a file system.
const NAME_BYTES: usize = 200;

/// The name of a file in a bucket: its own, changed where it would start no import or not fit into a key.
pub fn object_name(file: &str) -> String {
    let plain = |sign: char| if sign.is_control() || matches!(sign, '/' | '\\') { '_' } else { sign };
    let mut name: String = file.chars().map(plain).collect();
    if name.starts_with('.') || name.starts_with("~$") || name.is_empty() {
        name.insert(0, '_');
    }
    // The folder of dry runs has this name.
    if !starts_an_import(&name) || name == "dry-run" {
        name.push('_');
    }
    shorten(name)
}

/// Shortens a long name in its middle: beginning and end tell it from others.
fn shorten(name: String) -> String {
    if name.len() <= NAME_BYTES {
        return name;
    }
    let ending = name.rfind('.').filter(|at| name.len() - at <= 16).unwrap_or(name.len());
    let room = NAME_BYTES - (name.len() - ending);
    let kept = (0..=room).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{}", &name[..kept], &name[ending..])
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
    /// Contacts that a replacing import removes.
    pub fn removed(&self) -> String {
        format!("{}/removed.csv", self.0)
    }
    /// The text of the sidecar that served the import; empty where none did.
    pub fn sidecar(&self) -> String {
        format!("{}/options.toml", self.0)
    }
    /// In a dry run: the import that approves it.
    pub fn approval(&self) -> String {
        format!("{}/approval", self.0)
    }
    /// Of an import: the one that undoes it.
    pub fn undone_by(&self) -> String {
        format!("{}/undone", self.0)
    }
    /// Of an undo: what became of each contact.
    pub fn undone(&self) -> String {
        format!("{}/undone.csv", self.0)
    }
    /// Of a gated import: whether its chunks are written.
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
    /// The marks of repeated rows, where the file has any.
    pub fn marks(&self) -> String {
        format!("{}/chunks/marks", self.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_gets_a_name_that_starts_an_import() {
        for (name, object) in [
            ("fair.csv", "fair.csv"),
            (".hidden.csv", "_.hidden.csv"),
            ("~$book.xlsx", "_~$book.xlsx"),
            ("rows.tmp", "rows.tmp_"),
            ("rows.part", "rows.part_"),
            ("a.options.toml", "a.options.toml_"),
            ("dry-run", "dry-run_"),
            ("a\\b\n.csv", "a_b_.csv"),
        ] {
            assert_eq!(object_name(name), object);
            assert!(starts_an_import(&object_name(name)));
        }
        let long = object_name(&format!("{}.csv", "é".repeat(120)));
        assert!(long.len() <= NAME_BYTES && long.ends_with("é.csv"), "{long}");
    }
}
