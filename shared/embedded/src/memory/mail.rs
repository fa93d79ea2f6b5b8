//! The mail in memory.

use std::sync::{Arc, Mutex};

use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, Mail};

use crate::store::lock;

/// Notifications in the order they were sent; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryMail(Arc<Mutex<Vec<(ImportId, Notification)>>>);

impl MemoryMail {
    /// The notifications sent so far.
    pub fn sent(&self) -> Vec<(ImportId, Notification)> {
        lock(&self.0).clone()
    }
}

impl Mail for MemoryMail {
    async fn send(&self, import: &ImportId, notification: &Notification) -> Answer<()> {
        lock(&self.0).push((import.clone(), notification.clone()));
        Ok(())
    }
}
