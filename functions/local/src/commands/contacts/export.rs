//! Contacts as a list that can be imported again: the columns of the profile, cells that no spreadsheet runs.
//!
//! The list is a result file to an import (it has `rollcall_row`): an apostrophe before a formula is taken off again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use rollcall_domain::contacts::contact::Record;
use rollcall_domain::contacts::view::{Contact, Membership};
use rollcall_domain::file::workbook_stream::{SheetFull, WorkbookStream};
use rollcall_domain::file::write::{guard, write_guarded_cell};
use rollcall_domain::plan::columns::RESULT_ROW;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::template::list_delimiter;
use rollcall_domain::row::fold::fold_name;
use rollcall_domain::types::field_kind::FieldKind;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::Home;
use rollcall_pipeline::contacts::ContactFilter;
use rollcall_pipeline::fault::Fault;

use crate::answer;
use crate::answer::Failure;
use crate::commands::profiles::profile;

/// Columns after the profile's, of the names that a result file has: an import passes over them.
const OURS: [&str; 5] =
    [RESULT_ROW, "rollcall_contact_id", "rollcall_account_id", "rollcall_account_name", "rollcall_invite_to"];

/// The columns of an export.
#[derive(Debug)]
pub struct Columns {
    /// The fields of the profile, by name.
    fields: Vec<String>,
    /// The sender's own columns that are kept with contacts.
    additional: Vec<String>,
    delimiter: u8,
}

impl Columns {
    /// The columns that the contacts of a filter need. Reads all of them once: the header is written first.
    ///
    /// # Errors
    /// Where the contacts are of several profiles: no list of all could be imported.
    pub fn of(
        home: &Home,
        program: &ProgramName,
        filter: &ContactFilter,
        locale: Locale,
    ) -> Result<Self, Failure> {
        let (mut profiles, mut filled) = (BTreeSet::new(), BTreeSet::new());
        let mut additional = BTreeSet::new();
        home.listing().contacts(program, |listed| -> Result<(), Failure> {
            let record: Record = serde_json::from_str(&listed.record)
                .map_err(|error| Fault::permanent("reading the tables", error))?;
            if filter.may_have(&listed, &record) {
                profiles.insert(record.profile);
                filled.extend(record.fields.into_keys());
                additional.extend(record.additional.into_keys());
            }
            Ok(())
        })?;
        let mut profiles: Vec<String> = filter.profile.clone().into_iter().chain(profiles).collect();
        profiles.dedup();
        let name = match profiles.as_slice() {
            [] => return Ok(Self { fields: Vec::new(), additional: Vec::new(), delimiter: b',' }),
            [one] => one,
            several => {
                let words = "the contacts are of several profiles, and a list is imported under one";
                return Err(Failure::said(format!(
                    "{words}; choose it with --profile: {}",
                    several.join(", ")
                )));
            }
        };
        let profile = profile(home.path(), name)?;
        let has_field = |field: &&rollcall_domain::profile::compiled::Field| {
            field.required || field.kind == FieldKind::Group || filled.contains(&*field.name)
        };
        let fields = profile.fields.iter().filter(has_field).map(|field| field.name.to_string());
        Ok(Self {
            fields: fields.collect(),
            additional: additional.into_iter().collect(),
            delimiter: list_delimiter(&profile, locale),
        })
    }

    fn header(&self) -> impl Iterator<Item = &str> {
        let own = self.fields.iter().chain(&self.additional).map(String::as_str);
        own.chain(OURS)
    }
}

/// A list that is being written.
#[derive(Debug)]
pub struct Export {
    columns: Columns,
    rows: u64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Csv(BufWriter<Stdout>),
    Workbook { file: BufWriter<File>, path: PathBuf, stream: Box<WorkbookStream> },
}

impl Export {
    /// A CSV file on standard output, as a spreadsheet of the program's language opens it.
    ///
    /// # Errors
    /// Where standard output cannot be written.
    pub fn csv(columns: Columns) -> Result<Self, Failure> {
        answer::answered();
        let mut out = BufWriter::new(std::io::stdout());
        out.write_all(b"\xef\xbb\xbf")?;
        out.write_all(&line(columns.header(), columns.delimiter))?;
        Ok(Self { columns, rows: 0, form: Form::Csv(out) })
    }

    /// A workbook in a new file.
    ///
    /// # Errors
    /// Where the file exists or cannot be written.
    pub fn workbook(columns: Columns, path: &Path) -> Result<Self, Failure> {
        let header: Vec<String> = columns.header().map(guarded).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let stream = Box::new(WorkbookStream::begin(&header).map_err(too_much)?);
        let file = File::create_new(path).map_err(|error| cannot_write(path, &error))?;
        let form = Form::Workbook { file: BufWriter::new(file), path: path.to_owned(), stream };
        Ok(Self { columns, rows: 0, form })
    }

    /// Adds a contact: a line for each of its groups, where its profile has groups.
    ///
    /// # Errors
    /// Where the list cannot be written.
    pub fn add(&mut self, contact: &Contact, profile: Option<&Profile>) -> Result<(), Failure> {
        let group = profile.and_then(|profile| {
            profile.fields_of(FieldKind::Group).next().map(|field| profile.fields[field].name.to_string())
        });
        if group.is_none() || contact.memberships.is_empty() {
            return self.add_line(contact, None, &contact.invite_to);
        }
        // The group of the record comes first: imported again, the first line changes nothing.
        let own = group.as_ref().and_then(|field| contact.fields.get(field)).map_or("", String::as_str);
        let is_own = |membership: &&Membership| folded(&membership.group) == folded(own);
        if let Some(membership) = contact.memberships.iter().find(is_own) {
            self.add_line(contact, None, &membership.invite_to)?;
        }
        for membership in contact.memberships.iter().filter(|membership| !is_own(membership)) {
            let group = group.as_deref().map(|field| (field, membership.group.as_str()));
            self.add_line(contact, group, &membership.invite_to)?;
        }
        Ok(())
    }

    fn add_line(
        &mut self,
        contact: &Contact,
        group: Option<(&str, &str)>,
        invite_to: &str,
    ) -> Result<(), Failure> {
        self.rows += 1;
        let row = self.rows.to_string();
        let id = contact.contact_id.to_string();
        let field = |name: &String| match group {
            Some((field, group)) if field == name => group,
            _ => contact.fields.get(name).map_or("", String::as_str),
        };
        let own = |header: &String| contact.additional.get(header).map_or("", String::as_str);
        let account = contact.account_id.as_deref().unwrap_or_default();
        let account_name = if account.is_empty() { "" } else { &contact.name };
        let cells = self.columns.fields.iter().map(field).chain(self.columns.additional.iter().map(own));
        let cells = cells.chain([&*row, &id, account, account_name, invite_to]);
        match &mut self.form {
            Form::Csv(out) => out.write_all(&line(cells, self.columns.delimiter))?,
            Form::Workbook { file, path, stream } => {
                let cells: Vec<String> = cells.map(guarded).collect();
                stream.add_row(cells.iter().map(String::as_str)).map_err(too_much)?;
                file.write_all(&stream.take()).map_err(|error| cannot_write(path, &error))?;
            }
        }
        Ok(())
    }

    /// Ends the list.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(self) -> Result<(), Failure> {
        match self.form {
            Form::Csv(mut out) => out.flush()?,
            Form::Workbook { mut file, path, stream } => {
                let written = file.write_all(&stream.finish()).and_then(|()| file.flush());
                written.map_err(|error| cannot_write(&path, &error))?;
                answer::print(&format!("{} is written, with {} lines\n", path.display(), self.rows))?;
            }
        }
        Ok(())
    }
}

fn folded(group: &str) -> String {
    let mut key = String::new();
    fold_name(group, &mut key);
    key
}

fn line<'c>(cells: impl Iterator<Item = &'c str>, delimiter: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, cell) in cells.enumerate() {
        if number > 0 {
            out.push(delimiter);
        }
        write_guarded_cell(&mut out, cell, delimiter);
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// A cell as a result file has it.
fn guarded(cell: &str) -> String {
    let prefix = if guard(cell) { "'" } else { "" };
    format!("{prefix}{cell}")
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
