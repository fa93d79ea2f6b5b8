//! The mail as a folder of notification e-mails, one `.eml` per import. Any mail program can read it or send it on.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, Mail};

use crate::disk::{Draft, fault, remove_drafts};

/// The notification e-mails of a home.
#[derive(Debug, Clone)]
pub struct Outbox(PathBuf);

impl Outbox {
    /// Opens the folder; creates it if needed, and removes unfinished files.
    ///
    /// # Errors
    /// When the folder cannot be created or written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        remove_drafts(folder)?;
        Ok(Self::open_shared(folder))
    }

    /// Opens the folder for reading.
    pub fn open_shared(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The path of an import's notification.
    pub fn notification(&self, import: &ImportId) -> PathBuf {
        self.0.join(format!("{import}.eml"))
    }
}

impl Mail for Outbox {
    async fn send(&self, import: &ImportId, notification: &Notification) -> Answer<()> {
        let write = || {
            let mut draft = Draft::begin(&self.0)?;
            draft.file.write_all(&message(import, notification, jiff::Timestamp::now().as_second())?)?;
            draft.replace(&self.notification(import))
        };
        write().map_err(|error| fault("writing a notification", &error))
    }
}

/// An e-mail in the format of mail programs; the same notification gives the same bytes except for its date.
fn message(import: &ImportId, notification: &Notification, seconds: i64) -> io::Result<Vec<u8>> {
    let parts = vec![
        MimePart::new("text/plain", BodyPart::from(notification.text.as_str())),
        MimePart::new("text/html", BodyPart::from(notification.html.as_str())),
    ];
    let alternatives =
        ContentType::new("multipart/alternative").attribute("boundary", format!("rollcall-{import}"));
    let message = MessageBuilder::new()
        .from(Address::new_address(None::<&str>, notification.from.as_str()))
        .header("To", recipients(notification))
        .subject(notification.subject.as_str())
        .date(seconds)
        .message_id(format!("{import}@rollcall"))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .body(MimePart::new(alternatives, BodyPart::Multipart(parts)));
    message.write_to_vec()
}

/// The recipients; an e-mail without recipients is written all the same.
fn recipients(notification: &Notification) -> HeaderType<'_> {
    if notification.to.is_empty() {
        return Raw::new("undisclosed-recipients:;").into();
    }
    let address = |to: &'_ String| Address::new_address(None::<String>, to.clone());
    Address::new_list(notification.to.iter().map(address).collect()).into()
}
