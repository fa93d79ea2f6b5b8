//! `rollcall contacts list`: contacts as a table, as JSON lines, or as a list that can be imported again.

use std::io::{BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use pollster::block_on;
use rollcall_domain::contacts::search::Search;
use rollcall_domain::contacts::view::Contact;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::row::fold::fold_name;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::Home;
use rollcall_pipeline::contacts::{ContactFilter, Resolver};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Directory, ListedContact};

use super::export::{Written, columns};
use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::host::find_import;
use crate::programs::{program_of, settings_of};

/// List contacts, in the order of their ids
///
/// A table shows the first 100. JSON, CSV and workbook have all of them, as far as memory never grows with their
/// number. A CSV file or a workbook has the columns of the profile, one line for each group of a contact, and can be
/// imported again.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Program of the contacts
    #[arg(long, value_name = "PROGRAM")]
    program: String,
    /// Only contacts that this profile wrote last
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Only contacts in this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only contacts with these words in name, e-mail, phone or company; case and accents do not count
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only contacts that this import wrote last
    #[arg(long, value_name = "IMPORT-ID")]
    import: Option<String>,
    /// At most this many contacts [default: 100 in a table, else all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print one line of JSON for each contact
    #[arg(long)]
    json: bool,
    /// Print a CSV file that can be imported again
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Write a workbook into this file, which must not exist yet
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "csv"])]
    xlsx: Option<PathBuf>,
}

/// How many contacts the directory is asked about at once, and how many a table's widths are made for.
const BATCH: usize = 500;
/// Contacts in a table where no other limit is given.
const SHOWN: usize = 100;

impl List {
    /// Writes the contacts.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let home = Home::open_shared(home)?;
        let program = program_of(&home, &self.program)?;
        let filter = self.filter(&home, &program)?;
        let mut out = self.output(&home, &program, &filter)?;
        let is_table = matches!(out, Output::Table(_));
        let limit = self.limit.unwrap_or(if is_table { SHOWN } else { usize::MAX });
        let more = write_all(&home, &program, &filter, limit, &mut out)?;
        out.finish()?;
        if more && is_table {
            answer::print(&format!(
                "\nThe first {limit} contacts are shown, and there are more: --limit N shows more of them, --search finds \
                 some; --csv, --xlsx FILE or --json writes all.\n"
            ))?;
        }
        Ok(Exit::Well)
    }

    fn filter(&self, home: &Home, program: &ProgramName) -> Result<ContactFilter, Failure> {
        if let Some(profile) = &self.profile {
            crate::typos::check_profile(home.bucket().root(), profile)?;
        }
        if let Some(group) = &self.group {
            check_group(home, program, group)?;
        }
        let import = self.import.as_ref().map(|id| find_import(home, id)).transpose()?;
        Ok(ContactFilter {
            profile: self.profile.clone(),
            group: self.group.clone(),
            import: import.map(|item| item.import_id),
            search: self.search.as_deref().and_then(Search::new),
        })
    }

    fn output(&self, home: &Home, program: &ProgramName, filter: &ContactFilter) -> Result<Output, Failure> {
        if self.json {
            return Ok(Output::Json(BufWriter::new(std::io::stdout())));
        }
        if !self.csv && self.xlsx.is_none() {
            return Ok(Output::Table(BufWriter::new(std::io::stdout())));
        }
        let settings: Settings = settings_of(home, program)?.unwrap_or_default();
        let columns = columns(home, program, filter, settings.locale)?;
        Ok(Output::Export(Box::new(match &self.xlsx {
            None => Written::csv(columns),
            Some(file) => Written::workbook(columns, file)?,
        })))
    }
}

fn check_group(home: &Home, program: &ProgramName, name: &str) -> Result<(), Failure> {
    let mut key = String::new();
    fold_name(name, &mut key);
    let found = block_on(home.directory().find(program, &[(Kind::Groups, key)]))?;
    if found.iter().all(Vec::is_empty) {
        let list = format!("`rollcall directory list groups --program {program}`");
        return Err(Failure::said(format!("no such group: {name}; {list} shows those there are")));
    }
    Ok(())
}

/// Why the reading of contacts ends before their end.
enum Stop {
    /// The limit is reached.
    Enough,
    Failed(Failure),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Failed(fault.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(failure)
    }
}

/// Writes the contacts that a filter lets through; answers whether there are more than the limit.
fn write_all(
    home: &Home,
    program: &ProgramName,
    filter: &ContactFilter,
    limit: usize,
    out: &mut Output,
) -> Result<bool, Failure> {
    let directory = home.directory();
    let mut resolver = Resolver::new(home.bucket(), &directory, program.clone());
    let mut left = limit;
    let mut batch = Vec::with_capacity(BATCH);
    let mut write = |batch: Vec<ListedContact>| {
        let mut contacts = block_on(resolver.resolve(batch, filter))?;
        let enough = contacts.len() > left;
        contacts.truncate(left);
        left -= contacts.len();
        out.write(&contacts, &resolver)?;
        if enough { Err(Stop::Enough) } else { Ok(()) }
    };
    let written = home.listing().contacts(program, |contact| {
        batch.push(contact);
        if batch.len() == BATCH { write(std::mem::take(&mut batch)) } else { Ok(()) }
    });
    match written.and_then(|()| write(batch)) {
        Ok(()) => Ok(false),
        Err(Stop::Enough) => Ok(true),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

/// Where contacts are written.
enum Output {
    Json(BufWriter<Stdout>),
    Table(BufWriter<Stdout>),
    Export(Box<Written>),
}

impl Output {
    fn write<O, D>(&mut self, contacts: &[Contact], resolver: &Resolver<'_, O, D>) -> Result<(), Failure>
    where
        O: rollcall_pipeline::ports::Objects,
        D: Directory,
    {
        if contacts.is_empty() {
            return Ok(());
        }
        match self {
            Output::Json(lines) => {
                answer::answered();
                for contact in contacts {
                    serde_json::to_writer(&mut *lines, contact).map_err(std::io::Error::from)?;
                    lines.write_all(b"\n")?;
                }
            }
            Output::Table(lines) => {
                answer::answered();
                lines.write_all(table(contacts).as_bytes())?;
            }
            Output::Export(export) => {
                for contact in contacts {
                    export.add(contact, resolver.profile(&contact.profile))?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Output::Json(mut lines) | Output::Table(mut lines) => Ok(lines.flush()?),
            Output::Export(export) => export.finish(),
        }
    }
}

fn table(contacts: &[Contact]) -> String {
    let titles = ["status", "name", "e-mail", "phones", "account", "groups", "invite to"];
    let id = Column::words("contact").whole();
    let mut table = Table::new(std::iter::once(id).chain(titles.map(Column::words)));
    for contact in contacts {
        let status = serde_json::to_value(contact.status).unwrap_or_default();
        let status = status.as_str().unwrap_or_default();
        table.add([
            contact.contact_id.to_string(),
            if contact.suppressed { "suppressed".to_owned() } else { status.to_owned() },
            contact.name.clone(),
            contact.email.clone(),
            contact.phones.join(" "),
            contact.account_id.clone().unwrap_or_default(),
            contact.groups.join(", "),
            contact.invite_to.clone(),
        ]);
    }
    table.render(0)
}
