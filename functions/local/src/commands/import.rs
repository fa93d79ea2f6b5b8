//! `rollcall import`: one file, once.

use std::path::{Path, PathBuf};

use super::{Tuning, deliver, option};
use crate::answer::{Exit, Failure};
use crate::drop::ImportArguments;

/// Import a file: check, match and keep its rows, and answer for each
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file
    file: PathBuf,
    /// Whom the import belongs to
    #[arg(long, value_name = "P")]
    program: String,
    /// What the file promises; `rollcall profiles list` shows those there are
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// Check and match everything, keep nothing
    #[arg(long)]
    dry_run: bool,
    /// An option of the drop, such as delimiter=; or map.Header=field
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// Answer with one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tuning: Tuning,
}

impl Import {
    /// Imports the file.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let tune = self.tuning.tune(self.json);
        let asked = ImportArguments::rows(self.file, self.program, self.profile, self.dry_run, self.options);
        deliver(&asked, home, tune, self.json)
    }
}
