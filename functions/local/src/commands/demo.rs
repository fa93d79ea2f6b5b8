//! Soon.
use crate::answer::{Exit, Failure};
use std::path::Path;
/// Soon
#[derive(Debug, clap::Args)]
pub struct Demo {}
impl Demo {
    pub fn run(self, _home: &Path) -> Result<Exit, Failure> {
        Ok(Exit::Well)
    }
}
