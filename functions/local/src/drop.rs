//! A requested import: checked before anything is dropped into the bucket.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rollcall_domain::plan::object_keys::{Drop, DropTarget, object_name};
use rollcall_domain::profile::options::Options;
use rollcall_domain::result::tally::CodeCount;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ProfileName, ProgramName};
use rollcall_domain::types::outcome::Status;

use crate::answer::Failure;

/// A file to import or to preview, as it was requested.
#[derive(Debug, Clone)]
pub struct ImportArguments {
    /// The file on the machine.
    pub source: PathBuf,
    /// The program, as given.
    pub program: String,
    /// The profile as given, or `directory/<kind>`.
    pub profile: String,
    /// Nothing is to be written.
    pub dry_run: bool,
    /// Options as given: name and value.
    pub given: Vec<(String, String)>,
}

/// Why an import never began.
#[derive(Debug)]
pub struct StartError {
    /// The text of its document.
    pub status: Status,
    /// The codes of the refusal.
    pub errors: Vec<CodeCount>,
    /// The text for people.
    pub failure: Failure,
}

impl<F: Into<Failure>> From<F> for StartError {
    fn from(failure: F) -> Self {
        Self { status: Status::Failed, errors: Vec::new(), failure: failure.into() }
    }
}

impl StartError {
    /// A refusal with this code and text.
    pub fn refused(code: Code, words: String) -> Self {
        let count = CodeCount { code, column: None, rows: 0, first_rows: Vec::new(), examples: Vec::new() };
        Self { status: Status::Refused, errors: vec![count], failure: Failure::said(words) }
    }
}

impl ImportArguments {
    /// A file of rows for a profile. The option `dry_run=true` means the same as the switch.
    pub fn rows(
        source: PathBuf,
        program: String,
        profile: String,
        dry_run: bool,
        given: Vec<(String, String)>,
    ) -> Self {
        let said =
            Options::read(&given.iter().filter(|(name, _)| is_dry_run(name)).cloned().collect::<Vec<_>>());
        let dry_run = dry_run || said.is_ok_and(|options| options.dry_run);
        Self { source, program, profile, dry_run, given }
    }

    /// A file of the directory.
    pub fn directory(source: PathBuf, owner: String, kind: Kind) -> Self {
        let profile = format!("directory/{kind}");
        Self { source, program: owner, profile, dry_run: false, given: Vec::new() }
    }

    /// The name of the object: the file's own, changed where it would start no import or not fit into a key.
    pub fn file_name(&self) -> String {
        object_name(&self.source.file_name().unwrap_or_default().to_string_lossy())
    }

    /// Checks program and profile.
    ///
    /// # Errors
    /// Where no such name is possible.
    pub fn drop(&self) -> Result<Drop, StartError> {
        let program = ProgramName::parse(&self.program)
            .map_err(|error| StartError::refused(Code::ProgramUnknown, error.to_string()))?;
        let what = match self.profile.strip_prefix("directory/").map(str::parse::<Kind>) {
            Some(Ok(kind)) => DropTarget::Directory(kind),
            _ => DropTarget::Profile(
                ProfileName::parse(&self.profile)
                    .map_err(|error| StartError::refused(Code::ProfileUnknown, error.to_string()))?,
            ),
        };
        let drop = Drop { program, what, file: self.file_name(), dry_run: self.dry_run };
        if Drop::parse(&drop.key()).as_ref() == Some(&drop) {
            return Ok(drop);
        }
        Err(if drop.program.is_marketplace() {
            let words = "the marketplace takes no rows; give the program that they belong to";
            StartError::refused(Code::ProgramUnknown, words.to_owned())
        } else {
            let words =
                format!("no such profile: {}; `rollcall profiles list` shows those there are", self.profile);
            StartError::refused(Code::ProfileUnknown, words)
        })
    }

    /// Checks that the path is a readable file.
    ///
    /// # Errors
    /// In one line that says what is wrong with it.
    pub fn check_source(&self) -> Result<(), Failure> {
        let path = &self.source;
        let shown = path.display();
        let metadata = fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
        if metadata.is_dir() {
            return Err(Failure::said(format!("a folder, not a file: {shown}; give one file")));
        }
        if !metadata.is_file() {
            return Err(Failure::said(format!("not a regular file: {shown}; save it to a file first")));
        }
        File::open(path).map_err(|error| cannot_read(path, &error))?;
        Ok(())
    }
}

/// Why a file cannot be read, in one line.
pub fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    Failure::said(match error.kind() {
        std::io::ErrorKind::NotFound => format!("no such file: {shown}"),
        std::io::ErrorKind::PermissionDenied => format!("cannot read {shown}: permission denied"),
        std::io::ErrorKind::IsADirectory => format!("a folder, not a file: {shown}; give one file"),
        _ => format!("cannot read {shown}: {error}"),
    })
}

/// Whether an option means the same as the dry-run switch.
pub fn is_dry_run(name: &str) -> bool {
    name.replace('-', "_") == "dry_run"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dry_run_has_two_forms() {
        let asked = |dry_run, value: &str| {
            let given = vec![("dry-run".to_owned(), value.to_owned())];
            ImportArguments::rows("a.csv".into(), "p".into(), "prospects".into(), dry_run, given).dry_run
        };
        assert!(asked(false, "true") && asked(true, "false"));
        assert!(!asked(false, "false") && !asked(false, "maybe"));
    }
}
