//! Contacts as a list that can be imported again: the columns of the profile, cells that no spreadsheet runs.
//!
//! The list is a result file to an import (it has `rollcall_row`): an apostrophe before a formula is taken off again. Its
//! bytes are taken piece by piece, so memory does not grow with the number of contacts.

use std::collections::BTreeSet;

use rollcall_domain::contacts::contact::Record;
use rollcall_domain::contacts::view::{Contact, Membership};
use rollcall_domain::file::workbook_stream::{SheetFull, WorkbookStream};
use rollcall_domain::file::write::{guard, write_guarded_cell};
use rollcall_domain::plan::columns::RESULT_ROW;
use rollcall_domain::profile::compiled::{Field, Profile};
use rollcall_domain::profile::template::list_delimiter;
use rollcall_domain::row::fold::fold_name;
use rollcall_domain::types::field_kind::FieldKind;
use rollcall_domain::types::locale::Locale;

use crate::contacts::ContactFilter;
use crate::fault::Fault;
use crate::ports::{Answer, ListedContact};

/// Columns after the profile's, of the names that a result file has: an import passes over them.
const OURS: [&str; 5] =
    [RESULT_ROW, "rollcall_contact_id", "rollcall_account_id", "rollcall_account_name", "rollcall_invite_to"];

/// What the contacts of a list have: every one of them is looked at before the header is written.
#[derive(Debug, Default)]
pub struct ColumnScan {
    profiles: BTreeSet<String>,
    filled: BTreeSet<String>,
    additional: BTreeSet<String>,
    lines: u64,
}

impl ColumnScan {
    /// Looks at a contact, where the filter may let it through.
    ///
    /// # Errors
    /// Where its record cannot be read.
    pub fn look(&mut self, filter: &ContactFilter, listed: &ListedContact) -> Answer<()> {
        let record: Record = serde_json::from_str(&listed.record)
            .map_err(|error| Fault::permanent("reading the tables", error))?;
        if filter.may_have(listed, &record) {
            self.profiles.insert(record.profile);
            self.filled.extend(record.fields.into_keys());
            self.additional.extend(record.additional.into_keys());
            self.lines += listed.groups.len().max(1) as u64;
        }
        Ok(())
    }

    /// How many lines the list has at most.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The profiles of the contacts, and the one that was asked for. A list of several cannot be imported.
    pub fn profiles(&self, filter: &ContactFilter) -> Vec<String> {
        let all: BTreeSet<&String> = filter.profile.iter().chain(&self.profiles).collect();
        all.into_iter().cloned().collect()
    }

    /// The columns under the one profile; none but ours where there is no contact.
    pub fn columns(self, profile: Option<&Profile>, locale: Locale) -> Columns {
        let Some(profile) = profile else {
            return Columns { fields: Vec::new(), additional: Vec::new(), delimiter: b',' };
        };
        let has_field = |field: &&Field| {
            field.required || field.kind == FieldKind::Group || self.filled.contains(&*field.name)
        };
        let fields = profile.fields.iter().filter(has_field).map(|field| field.name.to_string());
        Columns {
            fields: fields.collect(),
            additional: self.additional.into_iter().collect(),
            delimiter: list_delimiter(profile, locale),
        }
    }
}

/// The columns of a list.
#[derive(Debug)]
pub struct Columns {
    /// The fields of the profile, by name.
    fields: Vec<String>,
    /// The sender's own columns that are kept with contacts.
    additional: Vec<String>,
    delimiter: u8,
}

impl Columns {
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
    Csv(Vec<u8>),
    Workbook(Box<WorkbookStream>),
}

impl Export {
    /// A CSV file, as a spreadsheet of the program's language opens it.
    pub fn csv(columns: Columns) -> Self {
        let mut out = b"\xef\xbb\xbf".to_vec();
        write_line(&mut out, columns.header(), columns.delimiter);
        Self { columns, rows: 0, form: Form::Csv(out) }
    }

    /// A workbook.
    ///
    /// # Errors
    /// Where a sheet does not hold that many columns.
    pub fn workbook(columns: Columns) -> Result<Self, SheetFull> {
        let header: Vec<String> = columns.header().map(guarded).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let form = Form::Workbook(Box::new(WorkbookStream::begin(&header)?));
        Ok(Self { columns, rows: 0, form })
    }

    /// Adds a contact: a line for each of its groups, where its profile has groups.
    ///
    /// # Errors
    /// Where the sheet is full.
    pub fn add(&mut self, contact: &Contact, profile: Option<&Profile>) -> Result<(), SheetFull> {
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
    ) -> Result<(), SheetFull> {
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
            Form::Csv(out) => write_line(out, cells, self.columns.delimiter),
            Form::Workbook(stream) => {
                let cells: Vec<String> = cells.map(guarded).collect();
                stream.add_row(cells.iter().map(String::as_str))?;
            }
        }
        Ok(())
    }

    /// The bytes that are ready.
    pub fn take(&mut self) -> Vec<u8> {
        match &mut self.form {
            Form::Csv(out) => std::mem::take(out),
            Form::Workbook(stream) => stream.take(),
        }
    }

    /// The lines so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The last bytes.
    pub fn finish(self) -> Vec<u8> {
        match self.form {
            Form::Csv(out) => out,
            Form::Workbook(stream) => stream.finish(),
        }
    }
}

fn folded(group: &str) -> String {
    let mut key = String::new();
    fold_name(group, &mut key);
    key
}

fn write_line<'c>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'c str>, delimiter: u8) {
    for (number, cell) in cells.enumerate() {
        if number > 0 {
            out.push(delimiter);
        }
        write_guarded_cell(out, cell, delimiter);
    }
    out.extend_from_slice(b"\r\n");
}

/// A cell as a result file has it.
fn guarded(cell: &str) -> String {
    let prefix = if guard(cell) { "'" } else { "" };
    format!("{prefix}{cell}")
}
