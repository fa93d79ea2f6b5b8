//! The commands, one file each: arguments, `run`, then its steps in the order of the calls.

pub mod approve;
pub mod cancel;
pub mod completions;
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
pub mod undo;
pub mod watch;
pub mod webhook;

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use rollcall_domain::types::outcome::Status;

use crate::answer;
use crate::answer::{Exit, Failure};
use crate::drop::{ImportArguments, StartError};
use crate::host::{Done, Tune, WaitFor, Workplace};
use crate::typos;

/// How a command that imports works.
#[derive(Debug, Clone, clap::Args)]
pub struct Tuning {
    /// Number of worker threads [default: one more than cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Tuning")]
    workers: Option<u32>,
    /// Maximal rows of a chunk
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Tuning")]
    chunk_rows: Option<u32>,
    /// Maximal bytes of a chunk
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Tuning")]
    chunk_bytes: Option<u64>,
    /// Seconds to wait for another command that uses the home
    #[arg(long, value_name = "SECONDS", default_value_t = 600, help_heading = "Tuning")]
    wait: u64,
}

impl Tuning {
    fn wait(&self) -> WaitFor {
        WaitFor(Duration::from_secs(self.wait))
    }

    fn tune(&self, json: bool) -> Tune {
        let progress = !json && std::io::stderr().is_terminal();
        Tune::new(self.workers, self.chunk_rows, self.chunk_bytes, progress)
    }
}

/// Parses `OPTION=VALUE`. A header may contain `=`, but a field's name never does.
fn option(text: &str) -> Result<(String, String), String> {
    let names_what_was_sent = ["map.", "value."].iter().any(|name| text.trim_start().starts_with(name));
    let parts = if names_what_was_sent { text.rsplit_once('=') } else { text.split_once('=') };
    match parts {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("takes OPTION=VALUE, such as delimiter=;".to_owned()),
    }
}

/// The form of the output on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// For people.
    Text,
    /// One JSON document.
    Document,
    /// One JSON document per line, one line per import.
    Lines,
}

/// Runs the imports of a command. It opens the home at the first file with valid names.
struct Delivery<'a> {
    home: &'a Path,
    tuning: &'a Tuning,
    form: Form,
    workplace: Option<Workplace>,
}

impl<'a> Delivery<'a> {
    fn new(home: &'a Path, tuning: &'a Tuning, form: Form) -> Self {
        Self { home, tuning, form, workplace: None }
    }

    /// Imports a file and writes the output for people or programs.
    fn deliver(&mut self, asked: &ImportArguments) -> Result<Exit, Failure> {
        match self.attempt(asked) {
            Ok(done) => self.tell(asked, &done),
            Err(StartError { status, errors, failure }) => {
                if self.form != Form::Text {
                    let why = failure.to_string();
                    let document = answer::failed_document(asked, status, errors, &why);
                    answer::print(&self.written(&document))?;
                }
                Err(failure)
            }
        }
    }

    fn attempt(&mut self, asked: &ImportArguments) -> Result<Done, StartError> {
        let drop = asked.drop()?;
        asked.check_source()?;
        typos::check(self.home, &drop, &asked.given)?;
        let own = asked.own_name();
        if own != *drop.file {
            answer::say(format_args!(
                "the file is imported as {}: the name {own} starts no import in a bucket",
                drop.file
            ));
        }
        let source = asked.readable()?;
        let workplace = match self.workplace.take() {
            Some(workplace) => workplace,
            None => {
                let tune = self.tuning.tune(self.form != Form::Text);
                Workplace::open(self.home, tune, self.tuning.wait())?
            }
        };
        let workplace = self.workplace.insert(workplace);
        Ok(workplace.import(source.path(), &drop, asked.given.clone())?)
    }

    /// Reports the end of an import: the whole output on standard output; if the file was refused, the reason on
    /// standard error.
    fn tell(&self, asked: &ImportArguments, done: &Done) -> Result<Exit, Failure> {
        if self.form == Form::Text {
            answer::print(&answer::import_text(asked, self.home, done))?;
        } else {
            answer::print(&self.written(&answer::document(&done.summary, &done.results)))?;
        }
        if matches!(done.summary.status, Status::Refused | Status::Failed) {
            answer::say(answer::refusal(done));
        }
        Ok(Exit::of(done.summary.status))
    }

    fn written(&self, document: &impl serde::Serialize) -> String {
        if self.form == Form::Lines { answer::line(document) } else { answer::pretty(document) }
    }
}
