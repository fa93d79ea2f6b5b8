//! `rollcall contacts`: the contacts as a reader sees them now.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use pollster::block_on;
use rollcall_domain::contacts::contact::Record;
use rollcall_domain::contacts::directory::{Account, Group, SignUp};
use rollcall_domain::contacts::view::{Contact, StoredContact, cadence_keys};
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ProfileName, ProgramName};
use rollcall_embedded::home::Home;
use rollcall_embedded::store::{DirectoryStore, ListedContact};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Directory;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};

/// Show the contacts of a program
#[derive(Debug, clap::Subcommand)]
pub enum Contacts {
    /// List the contacts, in order of their ids
    List(List),
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// Program of the contacts
    #[arg(long, value_name = "PROGRAM")]
    program: String,
    /// Print one line of JSON for each contact
    #[arg(long)]
    json: bool,
}

/// The number of contacts that are looked up in the directory at once, and for which the widths of a table are
/// computed.
const BATCH: usize = 500;

impl Contacts {
    /// Writes the contacts.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let Contacts::List(list) = self;
        let program = ProgramName::parse(&list.program).map_err(|error| Failure::said(error.to_string()))?;
        let home = Home::open_shared(home)?;
        let settings = object_keys::settings(&program);
        if !home.bucket().root().join(&settings).is_file() {
            let words = format!("no such program: {program}; `rollcall program set {program}` makes it");
            return Err(Failure::said(words));
        }
        let mut out = Out { lines: BufWriter::new(std::io::stdout().lock()), json: list.json };
        let mut reader =
            Reader { home: &home, directory: home.directory(), program: &program, profiles: HashMap::new() };
        let mut batch = Vec::with_capacity(BATCH);
        home.listing().contacts(&program, |contact| {
            batch.push(contact);
            if batch.len() == BATCH {
                out.write(&reader.resolve(std::mem::take(&mut batch))?)
            } else {
                Ok(())
            }
        })?;
        out.write(&reader.resolve(batch)?)?;
        out.lines.flush()?;
        Ok(Exit::Well)
    }
}

/// Reads the directory entries of contacts.
struct Reader<'h> {
    home: &'h Home,
    directory: DirectoryStore,
    program: &'h ProgramName,
    /// The profiles of contacts seen so far; `None` if a profile no longer exists.
    profiles: HashMap<String, Option<Profile>>,
}

impl Reader<'_> {
    fn resolve(&mut self, listed: Vec<ListedContact>) -> Result<Vec<Contact>, Failure> {
        let records: Vec<Record> =
            listed.iter().map(|contact| parsed("contact", &contact.record)).collect::<Result<_, _>>()?;
        let accounts = self.accounts(&records)?;
        let groups =
            self.entries::<Group>(Kind::Groups, listed.iter().flat_map(|contact| contact.groups.clone()))?;
        let invitation = |contact: &ListedContact| contact.contact_id.invitation(self.home.secret());
        let invitations: Vec<String> = listed.iter().map(invitation).collect();
        let mut sign_ups = self.entries::<SignUp>(Kind::SignUps, invitations.iter().cloned())?;
        let cadences: Vec<Vec<String>> = records.iter().map(|record| self.cadence_keys(record)).collect();
        let running = self.entries::<Value>(Kind::Cadences, cadences.iter().flatten().cloned())?;
        let in_cadence = |keys: &Vec<String>| {
            keys.iter().any(|key| running.get(key).is_some_and(|entries| !entries.is_empty()))
        };
        let contacts = listed.iter().zip(records).zip(invitations).zip(&cadences);
        type Read<'l> = (((&'l ListedContact, Record), String), &'l Vec<String>);
        let resolve = |(((listed, record), invitation), cadences): Read<'_>| {
            let group = |key: &String| groups.get(key).and_then(|found| found.first().cloned());
            let named =
                |key: &String| group(key).unwrap_or_else(|| Group { name: key.clone(), ..Group::default() });
            let account = record.account_id.as_ref().and_then(|id| accounts.get(id).cloned());
            StoredContact {
                program: self.program,
                contact_id: listed.contact_id,
                import_id: &listed.import_id,
                groups: listed.groups.iter().map(named).collect(),
                sign_ups: sign_ups.remove(&invitation).unwrap_or_default(),
                in_cadence: in_cadence(cadences),
                invitation,
                record,
                account,
            }
            .resolve()
        };
        Ok(contacts.map(resolve).collect())
    }

    fn cadence_keys(&mut self, record: &Record) -> Vec<String> {
        let bucket = self.home.bucket();
        let read = || {
            let own = ProfileName::parse(&record.profile)
                .ok()
                .map(|name| bucket.root().join(object_keys::profile(&name)));
            let own = own.and_then(|file| std::fs::read_to_string(file).ok());
            own.and_then(|text| Profile::parse(&text).ok()).or_else(|| Profile::built_in(&record.profile))
        };
        let profile = self.profiles.entry(record.profile.clone()).or_insert_with(read);
        profile.as_ref().map(|profile| cadence_keys(profile, record)).unwrap_or_default()
    }

    /// The current data of the matched accounts.
    fn accounts(&self, records: &[Record]) -> Result<HashMap<String, Account>, Failure> {
        let ids = distinct(records.iter().filter_map(|record| record.account_id.clone()));
        let items = block_on(self.directory.read(&ProgramName::marketplace(), Kind::Accounts, &ids))?;
        let found = ids.into_iter().zip(items).filter_map(|(id, item)| Some((id, item?)));
        found.map(|(id, item)| Ok((id, parsed("account", &item.json)?))).collect()
    }

    /// The entries under keys.
    fn entries<T: DeserializeOwned>(
        &self,
        kind: Kind,
        keys: impl Iterator<Item = String>,
    ) -> Result<HashMap<String, Vec<T>>, Failure> {
        let wanted: Vec<(Kind, String)> = distinct(keys).into_iter().map(|key| (kind, key)).collect();
        let found = block_on(self.directory.find(self.program, &wanted))?;
        let entries = wanted.into_iter().zip(found).map(|((_, key), entries)| {
            let parsed: Result<Vec<T>, Failure> =
                entries.iter().map(|entry| Ok(parsed(kind.as_str(), entry)?)).collect();
            Ok((key, parsed?))
        });
        entries.collect()
    }
}

fn distinct(keys: impl Iterator<Item = String>) -> Vec<String> {
    let mut keys: Vec<String> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn parsed<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, Fault> {
    serde_json::from_str(json)
        .map_err(|error| Fault::permanent("reading the tables", format_args!("{what}: {error}")))
}

/// Writes contacts as lines of JSON, or as tables.
struct Out<W: Write> {
    lines: BufWriter<W>,
    json: bool,
}

impl<W: Write> Out<W> {
    fn write(&mut self, contacts: &[Contact]) -> Result<(), Failure> {
        if contacts.is_empty() {
            return Ok(());
        }
        answer::answered();
        if !self.json {
            return self.write_table(contacts);
        }
        for contact in contacts {
            serde_json::to_writer(&mut self.lines, contact).map_err(std::io::Error::from)?;
            self.lines.write_all(b"\n")?;
        }
        Ok(())
    }

    fn write_table(&mut self, contacts: &[Contact]) -> Result<(), Failure> {
        let titles = ["status", "name", "e-mail", "phones", "account", "groups", "invite to"];
        let id = Column::words("contact").whole();
        let mut table = Table::new(std::iter::once(id).chain(titles.map(Column::words)));
        for contact in contacts {
            let status = serde_json::to_value(contact.status).unwrap_or_default();
            table.add([
                contact.contact_id.to_string(),
                status.as_str().unwrap_or_default().to_owned(),
                contact.name.clone(),
                contact.email.clone(),
                contact.phones.join(" "),
                contact.account_id.clone().unwrap_or_default(),
                contact.groups.join(", "),
                contact.invite_to.clone(),
            ]);
        }
        self.lines.write_all(table.render(0).as_bytes())?;
        Ok(())
    }
}
