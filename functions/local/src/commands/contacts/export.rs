//! Contacts as a list that can be imported again, on standard output or in a new file.

use std::fs::File;
use std::io::{BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use rollcall_domain::contacts::view::Contact;
use rollcall_domain::file::workbook_stream::SheetFull;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::Home;
use rollcall_pipeline::contacts::ContactFilter;
use rollcall_pipeline::export::{ColumnScan, Columns, Export};

use crate::answer;
use crate::answer::Failure;
use crate::commands::profiles::profile;

/// The columns that the contacts of a filter need. Reads all of them once: the header is written first.
///
/// # Errors
/// Where the contacts are of several profiles: no list of all could be imported.
pub fn columns(
    home: &Home,
    program: &ProgramName,
    filter: &ContactFilter,
    locale: Locale,
) -> Result<Columns, Failure> {
    let mut scan = ColumnScan::default();
    home.listing().contacts(program, |listed| -> Result<(), Failure> { Ok(scan.look(filter, &listed)?) })?;
    let profile = match scan.profiles(filter).as_slice() {
        [] => None,
        [one] => Some(profile(home.path(), one)?),
        several => {
            let words = "the contacts are of several profiles, and a list is imported under one";
            return Err(Failure::said(format!("{words}; choose it with --profile: {}", several.join(", "))));
        }
    };
    Ok(scan.columns(profile.as_deref(), locale))
}

/// A list and where it goes.
#[derive(Debug)]
pub struct Written {
    export: Export,
    to: Target,
}

#[derive(Debug)]
enum Target {
    Output(BufWriter<Stdout>),
    File(BufWriter<File>, PathBuf),
}

impl Written {
    /// A CSV file on standard output.
    pub fn csv(columns: Columns) -> Self {
        answer::answered();
        Self { export: Export::csv(columns), to: Target::Output(BufWriter::new(std::io::stdout())) }
    }

    /// A workbook in a new file.
    ///
    /// # Errors
    /// Where the file exists or cannot be written.
    pub fn workbook(columns: Columns, path: &Path) -> Result<Self, Failure> {
        let export = Export::workbook(columns).map_err(too_much)?;
        let file = File::create_new(path).map_err(|error| cannot_write(path, &error))?;
        Ok(Self { export, to: Target::File(BufWriter::new(file), path.to_owned()) })
    }

    /// Adds a contact.
    ///
    /// # Errors
    /// Where the list cannot be written.
    pub fn add(&mut self, contact: &Contact, profile: Option<&Profile>) -> Result<(), Failure> {
        self.export.add(contact, profile).map_err(too_much)?;
        self.to.write(&self.export.take())
    }

    /// Ends the list.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        let rows = self.export.rows();
        self.to.write(&self.export.finish())?;
        match self.to {
            Target::Output(mut out) => out.flush()?,
            Target::File(mut file, path) => {
                file.flush().map_err(|error| cannot_write(&path, &error))?;
                answer::print(&format!("{} is written, with {rows} lines\n", path.display()))?;
            }
        }
        Ok(())
    }
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Target::Output(out) => Ok(out.write_all(bytes)?),
            Target::File(file, path) => file.write_all(bytes).map_err(|error| cannot_write(path, &error)),
        }
    }
}

fn too_much(full: SheetFull) -> Failure {
    Failure::said(format!("{full}: write a CSV file with --csv, or fewer contacts with --limit"))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let words = match error.kind() {
        std::io::ErrorKind::AlreadyExists => "it exists already; choose another name".to_owned(),
        _ => error.to_string(),
    };
    Failure::said(format!("cannot write {}: {words}", path.display()))
}
