//! The commands, one file each: arguments, `run`, then its steps in the order in which they are called.

pub mod approve;
pub mod cancel;
pub mod contacts;
pub mod demo;
pub mod directory;
pub mod import;
pub mod imports;
pub mod mappings;
pub mod preview;
pub mod profiles;
pub mod program;
pub mod serve;
pub mod watch;

use std::io::IsTerminal;
use std::path::Path;

use rollcall_domain::types::outcome::Status;

use crate::answer;
use crate::answer::{Exit, Failure};
use crate::drop::{ImportArguments, StartError};
use crate::host::{Done, Host, Tune};
use crate::typos;

/// How a command that imports works.
#[derive(Debug, Clone, clap::Args)]
pub struct Tuning {
    /// Threads that judge rows [default: one more than there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Tuning")]
    workers: Option<u32>,
    /// Rows that are judged at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Tuning")]
    chunk_rows: Option<u32>,
    /// Bytes that are judged at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Tuning")]
    chunk_bytes: Option<u64>,
}

impl Tuning {
    fn tune(&self, json: bool) -> Tune {
        let progress = !json && std::io::stderr().is_terminal();
        Tune::new(self.workers, self.chunk_rows, self.chunk_bytes, progress)
    }
}

/// Reads `OPTION=VALUE`. A header may hold the sign, a field's name never does.
fn option(text: &str) -> Result<(String, String), String> {
    let names_what_was_sent = ["map.", "value."].iter().any(|name| text.trim_start().starts_with(name));
    let parts = if names_what_was_sent { text.rsplit_once('=') } else { text.split_once('=') };
    match parts {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("takes OPTION=VALUE, such as delimiter=;".to_owned()),
    }
}

/// Imports a file and answers as people or programs want it.
fn deliver(asked: &ImportArguments, home: &Path, tune: Tune, json: bool) -> Result<Exit, Failure> {
    match attempt(asked, home, tune) {
        Ok(done) => tell(asked, home, &done, json),
        Err(StartError { status, errors, failure }) => {
            if json {
                answer::print(&answer::failed_document(asked, status, errors, &failure.to_string()))?;
            }
            Err(failure)
        }
    }
}

fn attempt(asked: &ImportArguments, home: &Path, tune: Tune) -> Result<Done, StartError> {
    let drop = asked.drop()?;
    asked.check_source()?;
    typos::check(home, &drop, &asked.given)?;
    let host = Host::open(home, tune)?;
    let own = asked.source.file_name().unwrap_or_default().to_string_lossy();
    if own != *drop.file {
        answer::say(format_args!(
            "the file is imported as {}: the name {own} starts no import in a bucket",
            drop.file
        ));
    }
    Ok(host.import(&asked.source, &drop, asked.given.clone())?)
}

/// Says how an import ended: the whole answer on standard output; of one that was not taken, why on standard error.
fn tell(asked: &ImportArguments, home: &Path, done: &Done, json: bool) -> Result<Exit, Failure> {
    if json {
        answer::print(&answer::document(&done.summary, &done.results))?;
    } else {
        answer::print(&answer::import_text(asked, home, done))?;
    }
    if matches!(done.summary.status, Status::Refused | Status::Failed) {
        answer::say(answer::refusal(done));
    }
    Ok(Exit::of(done.summary.status))
}
