//! The mail in memory.

use std::sync::{Arc, Mutex};

use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Announcement, Answer, Mail};

use crate::store::lock;

/// Notifications and announcements in the order they were sent; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryMail {
    sent: Arc<Mutex<Vec<(ImportId, Notification)>>>,
    announced: Arc<Mutex<Vec<Announcement>>>,
}

impl MemoryMail {
    /// The notifications sent so far.
    pub fn sent(&self) -> Vec<(ImportId, Notification)> {
        lock(&self.sent).clone()
    }

    /// What webhooks are to tell so far, repetitions too.
    pub fn announced(&self) -> Vec<Announcement> {
        lock(&self.announced).clone()
    }
}

impl Mail for MemoryMail {
    async fn send(&self, import: &ImportId, notification: &Notification) -> Answer<()> {
        lock(&self.sent).push((import.clone(), notification.clone()));
        Ok(())
    }

    async fn announce(&self, announcement: &Announcement) -> Answer<()> {
        lock(&self.announced).push(announcement.clone());
        Ok(())
    }
}
