//! The mail in memory.

use std::sync::{Arc, Mutex};

use rollcall_domain::report::notification::Letter;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, Mail};

use crate::store::lock;

/// Letters in the order they were sent; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryMail(Arc<Mutex<Vec<(ImportId, Letter)>>>);

impl MemoryMail {
    /// The letters sent so far.
    pub fn sent(&self) -> Vec<(ImportId, Letter)> {
        lock(&self.0).clone()
    }
}

impl Mail for MemoryMail {
    async fn send(&self, import: &ImportId, letter: &Letter) -> Answer<()> {
        lock(&self.0).push((import.clone(), letter.clone()));
        Ok(())
    }
}
