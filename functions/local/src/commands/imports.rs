//! Soon.
use crate::answer::{Exit, Failure};
use std::path::Path;
/// Soon
#[derive(Debug, clap::Subcommand)]
pub enum Imports {
    /// soon
    List,
}
impl Imports {
    pub fn run(self, _home: &Path) -> Result<Exit, Failure> {
        Ok(Exit::Well)
    }
}
