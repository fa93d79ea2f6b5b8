//! `rollcall completions` and the hidden `rollcall manual`: files for shells and for `man`, generated from the
//! arguments.

use std::path::PathBuf;

use clap_complete::Shell;

use crate::answer;
use crate::answer::{Exit, Failure};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Writes them.
    pub fn run(&self, command: &mut clap::Command) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "rollcall", &mut script);
        answer::print_bytes(&script)?;
        Ok(Exit::Well)
    }
}

/// Write the manual pages to a folder
#[derive(Debug, clap::Args)]
pub struct Manual {
    /// Folder; created if it does not exist
    folder: PathBuf,
}

impl Manual {
    /// Writes a page for each command.
    pub fn run(&self, command: clap::Command) -> Result<Exit, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::said(format!("cannot write the manual to {}: {error}", self.folder.display()))
        };
        std::fs::create_dir_all(&self.folder).map_err(cannot)?;
        clap_mangen::generate_to(command, &self.folder).map_err(cannot)?;
        answer::print(&format!("{}\n", self.folder.display()))?;
        Ok(Exit::Well)
    }
}
