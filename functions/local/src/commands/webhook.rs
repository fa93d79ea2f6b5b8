//! `rollcall webhook`: the secret that a program's server checks requests with, and what it has not taken yet.

use std::path::Path;

use rollcall_domain::types::names::ProgramName;
use rollcall_domain::types::secret::Secret;
use rollcall_embedded::home::Home;
use rollcall_embedded::webhooks::Announced;
use rollcall_pipeline::migrate::Sources;
use serde::Serialize;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::programs::program_of;

/// Show the secret of a program's webhook, and what its server was told
#[derive(Debug, clap::Subcommand)]
pub enum Webhook {
    /// Print the secret with which the server checks the signature of a request
    Secret {
        /// The program; may be left out where there is only one
        #[arg(long, value_name = "PROGRAM")]
        program: Option<String>,
    },
    /// List imports that servers are told of: the ones that wait, then those that are over
    List {
        /// Only those of one program
        #[arg(long, value_name = "PROGRAM")]
        program: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

impl Webhook {
    /// Shows the secret or the list.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Webhook::Secret { program } => secret(home, program.as_deref()),
            Webhook::List { program, json } => list(home, program.as_deref(), json),
        }
    }
}

fn secret(home: &Path, program: Option<&str>) -> Result<Exit, Failure> {
    let home = Home::open_shared(home)?;
    let program = match program {
        Some(program) => program_of(&home, program)?,
        None => only_program(&home)?,
    };
    let key = Secret::new(home.secret()).webhook_key(&program);
    answer::print(&format!("{}\n", key.reveal()))?;
    Ok(Exit::Well)
}

fn only_program(home: &Home) -> Result<ProgramName, Failure> {
    let keys = pollster::block_on(home.bucket().list("settings/"))?;
    let name = |key: &String| ProgramName::parse(key.strip_prefix("settings/")?.strip_suffix(".toml")?).ok();
    let programs: Vec<ProgramName> = keys.iter().filter_map(name).collect();
    match &programs[..] {
        [program] => Ok(program.clone()),
        [] => Err(Failure::said("there is no program yet; `rollcall program set` makes one")),
        _ => Err(Failure::said(
            "there are several programs, each with its own secret; choose one with --program",
        )),
    }
}

/// An announcement in the list.
#[derive(Debug, Serialize)]
struct Line {
    import_id: String,
    program: String,
    state: &'static str,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn list(home: &Path, program: Option<&str>, json: bool) -> Result<Exit, Failure> {
    let home = Home::open_shared(home)?;
    let program = program.map(|program| program_of(&home, program)).transpose()?;
    let webhooks = home.outbox().webhooks();
    let all = webhooks.waiting()?.into_iter().chain(webhooks.over()?);
    let wanted =
        |one: &Announced| program.as_ref().is_none_or(|program| one.announcement.program == *program);
    let lines: Vec<Line> = all.filter(wanted).map(line).collect();
    if json {
        answer::print(&answer::pretty(&lines))?;
        return Ok(Exit::Well);
    }
    let mut table = Table::new([
        Column::words("import").whole(),
        Column::words("program").whole(),
        Column::words("state"),
        Column::numbers("attempts"),
        Column::words("next"),
        Column::words("reason").wrapped(),
    ]);
    for line in lines {
        let (next, reason) = (line.next_at.unwrap_or_default(), line.reason.unwrap_or_default());
        let (state, attempts) = (line.state.to_owned(), line.attempts.to_string());
        table.add([line.import_id, line.program, state, attempts, next, reason]);
    }
    answer::print(&table.render(0))?;
    Ok(Exit::Well)
}

fn line(one: Announced) -> Line {
    Line {
        import_id: one.announcement.import_id.to_string(),
        program: one.announcement.program.to_string(),
        state: match (one.taken, one.next_at) {
            (true, _) => "taken",
            (false, Some(_)) => "waiting",
            (false, None) => "given up",
        },
        attempts: one.attempts,
        next_at: one.next_at.map(|at| format!("{at:.0}")),
        reason: one.reason,
    }
}
