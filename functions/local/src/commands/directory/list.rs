//! `rollcall directory list`: the entries of a kind; of suppressions only their counts, for nobody can read them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Stdout, Write};
use std::path::Path;

use rollcall_domain::contacts::directory::{Account, DirectoryItem};
use rollcall_domain::contacts::mask;
use rollcall_domain::contacts::suppression::ANY;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::Home;
use rollcall_pipeline::fault::Fault;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::programs::program_of;

/// List the entries of a kind, in the order of their ids
///
/// A table shows the first 100. Of suppressions there is nothing to show but their reasons and how many they are. With
/// --program, addresses of accounts are masked as that program sees them.
#[derive(Debug, clap::Args)]
pub struct List {
    /// accounts, groups, tags, agents, owners, companies, cadences, sign-ups or suppressions
    kind: Kind,
    /// Program of the entries; not needed for accounts and suppressions
    #[arg(long, value_name = "PROGRAM")]
    program: Option<String>,
    /// At most this many entries [default: 100 in a table, else all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Entries in a table where no other limit is given.
const SHOWN: usize = 100;

impl List {
    /// Lists the entries.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let home = Home::open_shared(home)?;
        let program = self.program.as_ref().map(|name| program_of(&home, name)).transpose()?;
        if self.kind == Kind::Suppressions {
            return suppressions(&home, program, self.json);
        }
        let owner = match (self.kind, &program) {
            (Kind::Accounts, _) => ProgramName::marketplace(),
            (_, Some(program)) => program.clone(),
            (kind, None) => return Err(Failure::said(format!("{kind} belong to a program: add --program"))),
        };
        let limit = self.limit.unwrap_or(if self.json { usize::MAX } else { SHOWN });
        let mut out = if self.json { Output::json() } else { Output::table(self.kind) };
        let mut more = false;
        let listed = home.listing().entries(&owner, self.kind, |item| -> Result<(), Stop> {
            if out.count() == limit {
                more = true;
                return Err(Stop::Enough);
            }
            let entry = shown(self.kind, program.as_ref(), &item)?;
            out.add(entry).map_err(Stop::Failed)
        });
        if let Err(Stop::Failed(failure)) = listed {
            return Err(failure);
        }
        out.finish()?;
        if more && !self.json {
            answer::print(&format!(
                "\nThe first {limit} entries are shown, and there are more: --limit N shows more of them, --json all.\n"
            ))?;
        }
        Ok(Exit::Well)
    }
}

/// Why the reading of entries ends before their end.
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

/// An entry as a program may see it.
fn shown(
    kind: Kind,
    program: Option<&ProgramName>,
    item: &DirectoryItem,
) -> Result<Map<String, Value>, Fault> {
    let unreadable = |error| Fault::permanent("listing the directory", error);
    let mut entry: Map<String, Value> = serde_json::from_str(&item.json).map_err(unreadable)?;
    if let Some(program) = program.filter(|_| kind == Kind::Accounts) {
        let account: Account = serde_json::from_str(&item.json).map_err(unreadable)?;
        if account.is_masked_for(program) {
            entry.insert("email".to_owned(), mask::account_email(&account, program, false).into());
            entry.insert("name".to_owned(), mask::account_name(&account, program, false).into());
        }
    }
    Ok(entry)
}

/// Where entries are written.
enum Output {
    Json { out: BufWriter<Stdout>, count: usize },
    Table { fields: Vec<String>, table: Table, count: usize },
}

impl Output {
    fn json() -> Self {
        Output::Json { out: BufWriter::new(std::io::stdout()), count: 0 }
    }

    fn table(kind: Kind) -> Self {
        let profile = Profile::of_directory(kind);
        let fields: Vec<String> = profile.fields.iter().map(|field| field.name.to_string()).collect();
        let table = Table::new(fields.iter().map(Column::words));
        Output::Table { fields, table, count: 0 }
    }

    fn count(&self) -> usize {
        match self {
            Output::Json { count, .. } | Output::Table { count, .. } => *count,
        }
    }

    fn add(&mut self, entry: Map<String, Value>) -> Result<(), Failure> {
        match self {
            Output::Json { out, count } => {
                answer::answered();
                out.write_all(if *count == 0 { b"[\n" } else { b",\n" })?;
                serde_json::to_writer(&mut *out, &entry).map_err(std::io::Error::from)?;
                *count += 1;
            }
            Output::Table { fields, table, count } => {
                table.add(fields.iter().map(|field| entry.get(field).map(cell).unwrap_or_default()));
                *count += 1;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Output::Json { mut out, count } => {
                answer::answered();
                out.write_all(if count == 0 { b"[]\n" } else { b"\n]\n" })?;
                Ok(out.flush()?)
            }
            Output::Table { table, .. } => answer::print(&table.render(0)),
        }
    }
}

/// A value as people read it.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(" | "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// How many suppressions have a reason.
#[derive(Debug, Serialize)]
struct Suppressions {
    /// The program, or `_marketplace`: of all programs.
    program: String,
    reason: String,
    emails: usize,
    phones: usize,
}

/// Shows the suppressions of a program, and those of all programs.
fn suppressions(home: &Home, program: Option<ProgramName>, json: bool) -> Result<Exit, Failure> {
    let mut counted = Vec::new();
    for owner in program.into_iter().chain([ProgramName::marketplace()]) {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        home.listing().entries(&owner, Kind::Suppressions, |item| -> Result<(), Failure> {
            if item.id != ANY {
                let entry = shown(Kind::Suppressions, None, &item)?;
                let reason = entry.get("reason").map(cell).unwrap_or_default();
                keys.entry(reason).or_default().extend(item.keys);
            }
            Ok(())
        })?;
        let count =
            |keys: &BTreeSet<String>, kind: &str| keys.iter().filter(|key| key.starts_with(kind)).count();
        counted.extend(keys.into_iter().map(|(reason, keys)| Suppressions {
            program: owner.to_string(),
            reason,
            emails: count(&keys, "e:"),
            phones: count(&keys, "p:"),
        }));
    }
    if json {
        answer::print(&answer::pretty(&counted))?;
        return Ok(Exit::Well);
    }
    let words = ["program", "reason"].map(Column::words);
    let mut table = Table::new(words.into_iter().chain(["e-mails", "phones"].map(Column::numbers)));
    for one in &counted {
        let program = if one.program.starts_with('_') { "(all)" } else { &one.program };
        table.add([program.to_owned(), one.reason.clone(), one.emails.to_string(), one.phones.to_string()]);
    }
    answer::print(&table.render(0))?;
    Ok(Exit::Well)
}
