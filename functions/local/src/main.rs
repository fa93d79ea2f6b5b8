//! The embedded host and command line `rollcall`: the three stages on a folder of one machine.
//!
//! - [`commands`]: one file for each command, all in the same form: its arguments, then `run`.
//! - [`host`]: finishes imports of an earlier command, drops a file, runs the stages on threads.
//! - [`answer`]: the output of a command: exit codes, failures, documents, tables.

mod answer;
mod commands;
mod desk;
mod drop;
mod host;
mod interrupt;
mod memory;
mod programs;
mod progress;
mod typos;

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use answer::{Exit, Failure};
use clap::{CommandFactory, Parser, Subcommand};

/// Imports lists of people and companies: validates, matches and stores every row, and writes a result for each.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, about, long_about = None, arg_required_else_help = true)]
#[command(after_help = "Begin with `rollcall demo`.\n\
    Exit codes: 0 all rows taken; 1 done, some rows rejected or unprocessed; 2 refused, wrong usage, or failed.")]
struct Cli {
    /// Home folder: files, tables and results
    #[arg(long, global = true, value_name = "DIR", env = "ROLLCALL_HOME", default_value = "./rollcall-home")]
    home: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(commands::demo::Demo),
    Import(commands::import::Import),
    Preview(commands::preview::PreviewFile),
    Approve(commands::approve::Approve),
    Cancel(commands::cancel::Cancel),
    Undo(commands::undo::Undo),
    #[command(subcommand)]
    Directory(commands::directory::Directory),
    #[command(subcommand)]
    Program(commands::program::Program),
    Serve(commands::serve::Serve),
    Watch(commands::watch::Watching),
    #[command(subcommand)]
    Profiles(commands::profiles::Profiles),
    #[command(subcommand)]
    Imports(commands::imports::Imports),
    #[command(subcommand)]
    Mappings(commands::mappings::Mappings),
    #[command(subcommand)]
    Contacts(commands::contacts::Contacts),
    #[command(subcommand)]
    Webhook(commands::webhook::Webhook),
    Completions(commands::completions::Completions),
    #[command(hide = true)]
    Manual(commands::completions::Manual),
}

fn main() -> ExitCode {
    memory::give_back_soon();
    panic::set_hook(Box::new(|what| {
        answer::say(format_args!("an error in the program: {what}; please report it"))
    }));
    let exit = match Cli::try_parse() {
        Ok(cli) => panic::catch_unwind(AssertUnwindSafe(|| run(cli))).map_or(Exit::Refused, answer::end),
        Err(error) => answer::usage(&error),
    };
    if exit == Exit::Refused && wants_json() {
        answer::print_error_where_nothing_is();
    }
    ExitCode::from(exit as u8)
}

/// Whether the output is to be JSON, judging by arguments that may be invalid.
fn wants_json() -> bool {
    std::env::args_os().skip(1).take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    let home = cli.home.as_path();
    match cli.command {
        Command::Demo(demo) => demo.run(home),
        Command::Import(import) => import.run(home),
        Command::Preview(preview) => preview.run(home),
        Command::Approve(approve) => approve.run(home),
        Command::Cancel(cancel) => cancel.run(home),
        Command::Undo(undo) => undo.run(home),
        Command::Directory(directory) => directory.run(home),
        Command::Program(program) => program.run(home),
        Command::Serve(serve) => serve.run(home),
        Command::Watch(watch) => watch.run(home),
        Command::Profiles(profiles) => profiles.run(home),
        Command::Imports(imports) => imports.run(home),
        Command::Mappings(mappings) => mappings.run(home),
        Command::Contacts(contacts) => contacts.run(home),
        Command::Webhook(webhook) => webhook.run(home),
        Command::Completions(completions) => completions.run(&mut Cli::command()),
        Command::Manual(manual) => manual.run(Cli::command()),
    }
}
