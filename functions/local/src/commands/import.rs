//! `rollcall import`: files, each of them one import.

use std::path::{Path, PathBuf};

use super::{Delivery, Form, Tuning, option};
use crate::answer;
use crate::answer::{Exit, Failure};
use crate::drop::{ImportArguments, STANDARD_INPUT};

/// Import files: check, match and keep their rows, and answer for each
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The files, each of them an import; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Whom the imports belong to
    #[arg(long, value_name = "P")]
    program: String,
    /// What the files promise; `rollcall profiles list` shows those there are
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// What standard input is called as a file
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    name: String,
    /// Check and match everything, keep nothing
    #[arg(long)]
    dry_run: bool,
    /// An option of the drop, such as delimiter=; or map.Header=field
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// Answer with one JSON document; of several files, with one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tuning: Tuning,
}

impl Import {
    /// Imports the files in the order in which they are given. One that cannot be imported does not hold up the others.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let several = self.files.len() > 1;
        if self.files.iter().filter(|file| is_standard_input(file)).count() > 1 {
            return Err(Failure::said("standard input can be read once: give `-` once"));
        }
        let form = match (self.json, several) {
            (false, _) => Form::Text,
            (true, false) => Form::Document,
            (true, true) => Form::Lines,
        };
        let mut delivery = Delivery::new(home, &self.tuning, form);
        let mut worst = Exit::Well;
        for (number, file) in self.files.iter().enumerate() {
            if number > 0 && form == Form::Text {
                answer::print("\n")?;
            }
            let exit = delivery.deliver(&self.asked(file));
            worst = worst.max(if several { answer::end(exit) } else { exit? });
        }
        Ok(worst)
    }

    fn asked(&self, file: &Path) -> ImportArguments {
        let (program, profile) = (self.program.clone(), self.profile.clone());
        let asked =
            ImportArguments::rows(file.to_owned(), program, profile, self.dry_run, self.options.clone());
        if is_standard_input(file) { asked.named(&self.name) } else { asked }
    }
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == STANDARD_INPUT
}
