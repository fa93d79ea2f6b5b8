//! `rollcall demo`: a home with a sample program, a directory and an import of each profile, to explore.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use pollster::block_on;
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::{MARKETPLACE, ProgramName};
use rollcall_pipeline::ports::Objects;

use super::Tuning;
use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::drop::ImportArguments;
use crate::host::{Done, Host};

/// Create a home with a sample program and directory, and import a sample of each profile
#[derive(Debug, clap::Args)]
pub struct Demo {
    #[command(flatten)]
    tuning: Tuning,
}

macro_rules! samples {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("../../samples/", $name)))),*]
    };
}

/// The sample files: one for each profile, and one for each kind of directory entry that they refer to.
const SAMPLES: &[(&str, &[u8])] = samples![
    "prospects.csv" "partners.csv" "mailing.csv" "leads.csv" "accounts.csv"
    "directory/accounts.csv" "directory/groups.csv" "directory/tags.csv" "directory/agents.csv"
    "directory/owners.csv" "directory/companies.csv" "directory/cadences.csv"
];

/// The kinds of directory entries that the samples need.
const KINDS: [Kind; 7] =
    [Kind::Accounts, Kind::Groups, Kind::Tags, Kind::Agents, Kind::Owners, Kind::Companies, Kind::Cadences];

/// The profiles whose sample imports are reported in one line each, with their options.
const OTHERS: [(&str, &[(&str, &str)]); 4] =
    [("partners", &[]), ("mailing", &[("validate_agent", "true")]), ("leads", &[]), ("accounts", &[])];

impl Demo {
    /// Writes the samples and imports them; existing content of the home stays.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let host = Host::open_when_free(home, self.tuning.tune(false), self.tuning.wait())?;
        let program = set_up(&host)?;
        let folder = host.home().path().join("samples");
        write_samples(&folder)?;
        for kind in KINDS {
            load(&host, &folder, &program, kind)?;
        }
        let asked = sample(&folder, &program, "prospects", &[]);
        let done = import(&host, &asked)?;
        answer::print(&answer::import_text(&asked, home, &done))?;
        let import_other = |(profile, given)| import(&host, &sample(&folder, &program, profile, given));
        let others: Vec<Done> = OTHERS.into_iter().map(import_other).collect::<Result<_, _>>()?;
        answer::print(&told(&others))?;
        answer::print(&next(home, &folder, &program, &done))?;
        Ok(Exit::Well)
    }
}

/// Creates a program with an unused name.
fn set_up(host: &Host) -> Result<ProgramName, Failure> {
    let bucket = host.home().bucket();
    for number in 1.. {
        let name = if number == 1 { "demo".to_owned() } else { format!("demo-{number}") };
        let program = ProgramName::parse(&name).map_err(|error| Failure::said(error.to_string()))?;
        let settings = Settings {
            title: "Demo".to_owned(),
            region: Some("BR".to_owned()),
            locale: Locale::En,
            time_zone: Some("America/Sao_Paulo".to_owned()),
            sender: Some("rollcall@demo.example".to_owned()),
            notify: vec!["you@demo.example".to_owned()],
            notify_domains: Vec::new(),
            ..Settings::default()
        };
        if block_on(bucket.put_if_absent(&object_keys::settings(&program), &[settings.to_toml().as_bytes()]))?
        {
            return Ok(program);
        }
    }
    Err(Failure::said("no name is free for a sample program"))
}

/// Writes the samples to a folder where users can change them and import them again; changed ones stay.
fn write_samples(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::said(format!("cannot write {}: {error}", folder.display()));
    fs::create_dir_all(folder.join("directory")).map_err(failed)?;
    for (name, bytes) in SAMPLES {
        let path = folder.join(name);
        if !path.exists() {
            fs::write(path, bytes).map_err(failed)?;
        }
    }
    Ok(())
}

fn load(host: &Host, folder: &Path, program: &ProgramName, kind: Kind) -> Result<Done, Failure> {
    let owner = if kind == Kind::Accounts { MARKETPLACE } else { program.as_str() };
    import(
        host,
        &ImportArguments::directory(folder.join(format!("directory/{kind}.csv")), owner.to_owned(), kind),
    )
}

/// The request to import the sample of a profile.
fn sample(folder: &Path, program: &ProgramName, profile: &str, given: &[(&str, &str)]) -> ImportArguments {
    let source = folder.join(format!("{profile}.csv"));
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ImportArguments::rows(source, program.to_string(), profile.to_owned(), false, given)
}

fn import(host: &Host, asked: &ImportArguments) -> Result<Done, Failure> {
    asked.check_source()?;
    let drop = asked.drop().map_err(|unbegun| unbegun.failure)?;
    host.import(&asked.source, &drop, asked.given.clone())
}

/// Describes imports in one line each.
fn told(others: &[Done]) -> String {
    let mut table = Table::new([
        Column::words("file").whole(),
        Column::words("profile").whole(),
        Column::numbers("rows"),
        Column::numbers("taken"),
        Column::numbers("rejected"),
        Column::words("import").whole(),
    ]);
    for done in others {
        let (head, rows) = (&done.summary.head, &done.summary.rows);
        table.add([
            head.file.clone(),
            head.profile.clone(),
            rows.read.to_string(),
            rows.accepted().to_string(),
            rows.rejected.to_string(),
            head.import_id.clone(),
        ]);
    }
    format!("\nThe other profiles\n{}", table.render(2))
}

fn next(home: &Path, folder: &Path, program: &ProgramName, done: &Done) -> String {
    let shown = |path: PathBuf| path.display().to_string();
    let rollcall = format!("rollcall --home {}", answer::quoted(&home.to_string_lossy()));
    let leads = answer::quoted(&shown(folder.join("leads.csv")));
    let mut out = String::from("\nLook at\n");
    let mut look = |what: &str, place: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {what:<12}{place}");
    };
    look("report", shown(done.results.join("report.html")));
    look("rejected", shown(done.results.join("failed.csv")));
    if let Some(notification) = &done.notification {
        look("letter", shown(notification.clone()));
    }
    if let Some(folder) = done.results.parent() {
        look("imports", shown(folder.to_owned()));
    }
    look("samples", shown(folder.to_owned()));
    out.push_str("\nTry\n");
    for arguments in [
        format!("preview {leads} --program {program} --profile leads"),
        format!("contacts list --program {program}"),
        "imports list".to_owned(),
        "profiles template accounts --locale pt".to_owned(),
    ] {
        let _ = writeln!(out, "  {rollcall} {arguments}");
    }
    out
}
