//! `rollcall import`: imports files, each one as a separate import.

use std::path::{Path, PathBuf};

use super::{Delivery, Form, Tuning, option};
use crate::answer;
use crate::answer::{Exit, Failure};
use crate::drop::{ImportArguments, STANDARD_INPUT};
use crate::interrupt;

/// Import files: validate, match and store their rows, and write a result for each row
#[derive(Debug, clap::Args)]
pub struct Import {
    /// Files to import, each as its own import; `-` reads standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Program that the imports belong to
    #[arg(long, value_name = "PROGRAM")]
    program: String,
    /// Import profile; `rollcall profiles list` shows the names
    #[arg(long, value_name = "PROFILE")]
    profile: String,
    /// File name for standard input
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    name: String,
    /// Validate and match every row, store nothing
    #[arg(long)]
    dry_run: bool,
    /// Import option, such as delimiter=; or map.Header=field; may be repeated
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// Print one JSON document; for several files, one line of JSON each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tuning: Tuning,
}

impl Import {
    /// Imports the files in the order of the arguments. If one cannot be imported, the others are imported
    /// nevertheless.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        interrupt::say_what_goes_on()?;
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
