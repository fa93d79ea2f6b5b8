//! The output of a command: its exit code, a failure in one line, documents and texts on standard output.

mod document;
mod table;
mod text;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rollcall_domain::report::upload::Detection;
use rollcall_domain::types::outcome::Status;
use rollcall_embedded::home::HomeError;
use rollcall_pipeline::fault::Fault;

pub use document::{document, failed_document, line, pretty};
pub use table::{Column, Table, width};
pub use text::{import_text, mapping, outcome_text, quoted, refusal};

/// The exit code of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All rows were accepted.
    Well = 0,
    /// Done, but some rows were rejected or are unprocessed.
    Rows = 1,
    /// Refused, wrong usage, or failed.
    Refused = 2,
}

impl Exit {
    /// The exit code of an import's status.
    pub fn of(status: Status) -> Self {
        match status {
            Status::Completed => Exit::Well,
            Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled => Exit::Rows,
            Status::Refused | Status::Failed => Exit::Refused,
        }
    }
}

/// An encoding's name, with a mark if it is doubtful.
pub fn encoding(name: &str, detection: &Detection) -> String {
    match detection.doubt() {
        None => name.to_owned(),
        Some(0) => format!("{name}, not certain"),
        Some(line) => format!("{name}, not certain: see line {line}"),
    }
}

/// The reason why a command failed, in one line with the fix.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A text.
    #[error("{0}")]
    Said(String),
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The infrastructure failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Standard output is closed, or cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// A failure with this text.
    pub fn said(words: impl Into<String>) -> Self {
        Failure::Said(words.into())
    }
}

/// Ends the program: writes a failure to one line of standard error.
pub fn end(done: Result<Exit, Failure>) -> Exit {
    match done {
        Ok(exit) => exit,
        // The reader has closed the pipe, as in `rollcall contacts list | head`.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Exit::Well,
        Err(failure) => {
            say(&failure);
            Exit::Refused
        }
    }
}

/// Ends the program after wrong arguments, or a request for help.
pub fn usage(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        // If nobody reads the output, there is nothing left to do.
        let _ = error.print();
        return Exit::Well;
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return Exit::Refused;
    }
    let text = error.to_string();
    let said = text.split("\n\nUsage:").next().unwrap_or_default();
    say(said.strip_prefix("error: ").unwrap_or(said));
    Exit::Refused
}

/// The last line written.
static SAID: Mutex<String> = Mutex::new(String::new());
/// Whether standard output holds a part of the output.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Writes one line to standard error.
pub fn say(what: impl Display) {
    let text = what.to_string();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // If standard error cannot be written, there is no way to report it.
    let _ = writeln!(io::stderr().lock(), "rollcall: {line}");
    if let Ok(mut said) = SAID.lock() {
        *said = line;
    }
}

/// Marks that standard output holds output from here on.
pub fn answered() {
    ANSWERED.store(true, Ordering::Relaxed);
}

/// Writes the last line as a JSON document, if there is no other output.
pub fn print_error_where_nothing_is() {
    let said = SAID.lock().map(|said| said.clone()).unwrap_or_default();
    if !ANSWERED.load(Ordering::Relaxed) {
        // If nobody reads the output, there is nothing left to do.
        let _ = print(&format!("{}\n", serde_json::json!({ "error": said })));
    }
}

/// Writes a text to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes a file to standard output.
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    answered();
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}
