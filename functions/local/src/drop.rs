//! A requested import: checked before anything is dropped into the bucket.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rollcall_domain::plan::object_keys::{Drop, DropTarget, object_name};
use rollcall_domain::profile::options::Options;
use rollcall_domain::result::tally::CodeCount;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ProfileName, ProgramName};
use rollcall_domain::types::outcome::Status;
use tempfile::NamedTempFile;

use crate::answer::Failure;

/// A file to import or to preview, as it was requested.
#[derive(Debug, Clone)]
pub struct ImportArguments {
    /// The file on the machine.
    pub source: PathBuf,
    /// The program, unchecked.
    pub program: String,
    /// The profile, unchecked, or `directory/<kind>`.
    pub profile: String,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// The options, unparsed: name and value.
    pub given: Vec<(String, String)>,
    /// The name of the file, if it differs from the source's name.
    pub name: Option<String>,
}

/// The path that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// A file that can be read from its beginning: the source itself, or a copy of standard input.
#[derive(Debug)]
pub enum Readable {
    /// The source.
    Source(PathBuf),
    /// A copy, which is removed when it is dropped.
    Copy(NamedTempFile),
}

impl Readable {
    /// Its path.
    pub fn path(&self) -> &Path {
        match self {
            Readable::Source(path) => path,
            Readable::Copy(file) => file.path(),
        }
    }
}

/// The reason why an import never began.
#[derive(Debug)]
pub struct StartError {
    /// The status in its document.
    pub status: Status,
    /// The codes of the refusal.
    pub errors: Vec<CodeCount>,
    /// The failure for people.
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
        Self { source, program, profile, dry_run, given, name: None }
    }

    /// A file of the directory.
    pub fn directory(source: PathBuf, owner: String, kind: Kind) -> Self {
        let profile = format!("directory/{kind}");
        Self { source, program: owner, profile, dry_run: false, given: Vec::new(), name: None }
    }

    /// The name of the object: the file's name, changed if it would start no import or not fit into a key.
    pub fn file_name(&self) -> String {
        object_name(&self.own_name())
    }

    /// The name of the file for its sender.
    pub fn own_name(&self) -> String {
        let own = || self.source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.name.clone().unwrap_or_else(own)
    }

    /// Sets the name of standard input.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// Whether the file is standard input.
    pub fn is_standard_input(&self) -> bool {
        self.source.as_os_str() == STANDARD_INPUT
    }

    /// The file to read; standard input is copied first, because a file is read several times.
    ///
    /// # Errors
    /// One line with the file that cannot be read or written.
    pub fn readable(&self) -> Result<Readable, Failure> {
        if !self.is_standard_input() {
            return Ok(Readable::Source(self.source.clone()));
        }
        let copied = NamedTempFile::new().and_then(|mut file| {
            io::copy(&mut io::stdin().lock(), file.as_file_mut())?;
            Ok(file)
        });
        copied.map(Readable::Copy).map_err(|error| {
            let folder = std::env::temp_dir();
            Failure::said(format!("cannot copy standard input to {}: {error}", folder.display()))
        })
    }

    /// Checks program and profile.
    ///
    /// # Errors
    /// If a name is invalid.
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
    /// One line with the problem.
    pub fn check_source(&self) -> Result<(), Failure> {
        if self.is_standard_input() {
            return Ok(());
        }
        let path = &self.source;
        let shown = path.display();
        let metadata = fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
        if metadata.is_dir() {
            return Err(Failure::said(format!("a folder, not a file: {shown}; give one file")));
        }
        if !metadata.is_file() {
            return Err(Failure::said(format!(
                "not a regular file: {shown}; save it to a file first, or give `-` for standard input"
            )));
        }
        File::open(path).map_err(|error| cannot_read(path, &error))?;
        Ok(())
    }
}

/// The reason why a file cannot be read, in one line.
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
