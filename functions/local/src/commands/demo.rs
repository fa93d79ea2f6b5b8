//! `rollcall demo`: a home with a sample program, a directory and an import, to look around in.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use pollster::block_on;
use rollcall_domain::directory::Kind;
use rollcall_domain::keys;
use rollcall_domain::locale::Locale;
use rollcall_domain::names::{MARKETPLACE, ProgramName};
use rollcall_domain::settings::Settings;
use rollcall_pipeline::ports::Objects;

use super::Tuning;
use crate::answer::{self, Exit, Failure};
use crate::drop::Asked;
use crate::host::{Done, Host};

/// Make a home with a sample program and directory, import a sample file, say what to look at next
#[derive(Debug, clap::Args)]
pub struct Demo {
    #[command(flatten)]
    tuning: Tuning,
}

const PROSPECTS: &[u8] = include_bytes!("../../samples/prospects.csv");
const ACCOUNTS: &[u8] = include_bytes!("../../samples/accounts.csv");
const GROUPS: &[u8] = include_bytes!("../../samples/groups.csv");

impl Demo {
    /// Makes the samples and imports them; what is in the home already is left alone.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let host = Host::open(home, self.tuning.tune(false))?;
        let program = set_up(&host)?;
        let folder = host.home().path().join("samples");
        let load = |file: &str, owner: &str, kind| {
            let asked = Asked::directory(folder.join(file), owner.to_owned(), kind);
            import(&host, &asked)
        };
        write_samples(&folder)?;
        load("accounts.csv", MARKETPLACE, Kind::Accounts)?;
        load("groups.csv", program.as_str(), Kind::Groups)?;
        let (source, profile) = (folder.join("prospects.csv"), "prospects".to_owned());
        let asked = Asked::rows(source, program.to_string(), profile, false, Vec::new());
        let done = import(&host, &asked)?;
        answer::print(&answer::import_text(&asked, home, &done))?;
        answer::print(&next(home, &folder, &program, &done))?;
        Ok(Exit::Well)
    }
}

/// Sets up a program of a name that is free.
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
            ..Settings::default()
        };
        if block_on(bucket.put_if_absent(&keys::settings(&program), settings.to_toml().into_bytes()))? {
            return Ok(program);
        }
    }
    Err(Failure::said("no name is free for a sample program"))
}

/// Writes the samples where the reader finds them, to be changed and imported again; changed ones stay.
fn write_samples(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::said(format!("cannot write {}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    for (name, bytes) in [("prospects.csv", PROSPECTS), ("accounts.csv", ACCOUNTS), ("groups.csv", GROUPS)] {
        let path = folder.join(name);
        if !path.exists() {
            fs::write(path, bytes).map_err(failed)?;
        }
    }
    Ok(())
}

fn import(host: &Host, asked: &Asked) -> Result<Done, Failure> {
    asked.check_source()?;
    let drop = asked.drop().map_err(|unbegun| unbegun.failure)?;
    host.import(&asked.source, &drop, Vec::new())
}

fn next(home: &Path, folder: &Path, program: &ProgramName, done: &Done) -> String {
    let shown = |path: PathBuf| path.display().to_string();
    let rollcall = format!("rollcall --home {}", answer::quoted(&home.to_string_lossy()));
    let prospects = answer::quoted(&shown(folder.join("prospects.csv")));
    let mut out = String::from("\nLook at\n");
    let mut look = |what: &str, place: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {what:<12}{place}");
    };
    look("report", shown(done.results.join("report.html")));
    look("rejected", shown(done.results.join("failed.csv")));
    if let Some(letter) = &done.letter {
        look("letter", shown(letter.clone()));
    }
    look("samples", shown(folder.to_owned()));
    out.push_str("\nTry\n");
    for arguments in [
        format!("preview {prospects} --program {program} --profile prospects --rows 20"),
        format!("contacts list --program {program}"),
        "imports list".to_owned(),
        "profiles list".to_owned(),
    ] {
        let _ = writeln!(out, "  {rollcall} {arguments}");
    }
    out
}
