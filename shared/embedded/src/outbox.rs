//! The mail as a folder of notification e-mails, one `.eml` per import, which mail programs can open and forward; and
//! by SMTP if the home names a server. A file next to each e-mail for SMTP (`.delivery.json`) holds its delivery
//! state.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Announcement, Answer, Mail};

use serde::{Deserialize, Serialize};

use crate::disk::{Draft, fault, remove_drafts};
use crate::smtp::{Delivery, Reply, Smtp};
use crate::webhooks::Webhooks;

/// The notification e-mails of a home.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
    smtp: Option<Arc<Smtp>>,
    /// The imports whose e-mails are being sent.
    sending: Arc<Mutex<BTreeSet<String>>>,
    webhooks: Webhooks,
}

/// The right to send an import's e-mail. One thread has it at a time, so that no recipient gets an e-mail twice.
struct Sending<'o> {
    outbox: &'o Outbox,
    import: &'o str,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.outbox.sending().remove(self.import);
    }
}

/// `<import>.delivery.json`: the recipients and the delivery state of an e-mail.
#[derive(Debug, Serialize, Deserialize)]
struct Posting {
    from: String,
    to: Vec<String>,
    state: Delivery,
    /// The recipients for whom the server took it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sent: Vec<String>,
    /// The recipients that the server refused for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
}

impl Posting {
    fn new(from: String, to: Vec<String>) -> Self {
        Self { from, to, state: Delivery::Waiting, sent: Vec::new(), refused: Vec::new() }
    }

    /// The recipients who still have to get it.
    fn open(&self) -> Vec<String> {
        let over = |to: &&String| !self.sent.contains(to) && !self.refused.contains(to);
        self.to.iter().filter(over).cloned().collect()
    }

    /// Notes the server's reply for some recipients.
    fn answered(&mut self, reply: Reply, to: Vec<String>) {
        match reply {
            Reply::Taken => self.sent.extend(to),
            Reply::Refused | Reply::RefusedAll => self.refused.extend(to),
            Reply::Later | Reply::Away => {}
        }
        self.state = match (self.open().is_empty(), self.sent.is_empty()) {
            (false, _) => Delivery::Waiting,
            (true, false) => Delivery::Sent,
            (true, true) => Delivery::Refused,
        };
    }
}

const POSTING: &str = ".delivery.json";
const WEBHOOKS: &str = "webhooks";

impl Outbox {
    /// Opens the folder; creates it if needed, and removes unfinished files.
    ///
    /// # Errors
    /// If the folder cannot be created or written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        remove_drafts(folder)?;
        Ok(Self::open_shared(folder))
    }

    /// Opens the folder for reading.
    pub fn open_shared(folder: &Path) -> Self {
        let webhooks = Webhooks::new(&folder.join(WEBHOOKS));
        Self { folder: folder.to_owned(), smtp: None, sending: Arc::default(), webhooks }
    }

    /// The announcements for webhooks.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// The path of an import's notification.
    pub fn notification(&self, import: &ImportId) -> PathBuf {
        self.folder.join(format!("{import}.eml"))
    }

    /// Sends e-mails by SMTP too.
    ///
    /// # Errors
    /// The form of a valid address, if the server's address is invalid.
    pub fn with_smtp(self, url: &str) -> Result<Self, &'static str> {
        Ok(Self { smtp: Some(Arc::new(Smtp::parse(url)?)), ..self })
    }

    /// The delivery state of an import's e-mail; `None` if it is not sent by SMTP.
    pub fn delivery(&self, import: &ImportId) -> Option<Delivery> {
        self.posting(&self.posting_of(import.as_str())).map(|posting| posting.state)
    }

    /// The recipients that the mail server refused for good.
    pub fn refused(&self, import: &ImportId) -> Vec<String> {
        self.posting(&self.posting_of(import.as_str())).map(|posting| posting.refused).unwrap_or_default()
    }

    /// Sends waiting e-mails again; stops when the server still cannot accept one.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn send_waiting(&self) -> io::Result<()> {
        let Some(smtp) = &self.smtp else { return Ok(()) };
        let mut names: Vec<_> =
            fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        for import in names.iter().filter_map(|name| name.to_str()?.strip_suffix(POSTING)) {
            let waiting = |posting: &Posting| posting.state == Delivery::Waiting;
            let Some(_sending) = self.begin_sending(import) else { continue };
            let Some(posting) = self.posting(&self.posting_of(import)).filter(waiting) else { continue };
            if self.deliver(smtp, import, posting)? == Delivery::Waiting {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The right to send an import's e-mail; `None` while another thread sends it.
    fn begin_sending<'o>(&'o self, import: &'o str) -> Option<Sending<'o>> {
        // Not `then_some`: what is made and dropped again would end another thread's right.
        self.sending().insert(import.to_owned()).then(|| Sending { outbox: self, import })
    }

    fn sending(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an e-mail and stores its delivery state. If the server does not take it for all recipients, each gets it
    /// separately, so that a bad address does not affect the others.
    fn deliver(&self, smtp: &Smtp, import: &str, mut posting: Posting) -> io::Result<Delivery> {
        let message = fs::read(self.folder.join(format!("{import}.eml")))?;
        let open = posting.open();
        let reply = smtp.send(&posting.from, &open, &message);
        if open.len() == 1 || !matches!(reply, Reply::Refused | Reply::Later) {
            posting.answered(reply, open);
            self.note(import, &posting)?;
            return Ok(posting.state);
        }
        for to in open {
            let to = vec![to];
            let reply = smtp.send(&posting.from, &to, &message);
            posting.answered(reply, to);
            // Noted each time: who has got it does not get it again after a crash.
            self.note(import, &posting)?;
            if reply == Reply::Away {
                break;
            }
        }
        Ok(posting.state)
    }

    fn note(&self, import: &str, posting: &Posting) -> io::Result<()> {
        let mut draft = Draft::begin(&self.folder)?;
        serde_json::to_writer(&mut draft.file, posting)?;
        draft.replace(&self.posting_of(import))
    }

    fn posting_of(&self, import: &str) -> PathBuf {
        self.folder.join(format!("{import}{POSTING}"))
    }

    fn posting(&self, path: &Path) -> Option<Posting> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    fn write(&self, import: &ImportId, notification: &Notification) -> io::Result<()> {
        let mut draft = Draft::begin(&self.folder)?;
        draft.file.write_all(&message(import, notification, jiff::Timestamp::now().as_second())?)?;
        draft.replace(&self.notification(import))
    }

    /// Sends an e-mail once: one that the server accepted before a crash is not sent again.
    fn post(&self, import: &ImportId, notification: &Notification) -> io::Result<()> {
        let Some(smtp) = self.smtp.as_ref().filter(|_| !notification.to.is_empty()) else { return Ok(()) };
        let Some(_sending) = self.begin_sending(import.as_str()) else { return Ok(()) };
        let begun = self.posting(&self.posting_of(import.as_str()));
        if begun.as_ref().is_some_and(|posting| posting.state != Delivery::Waiting) {
            return Ok(());
        }
        let posting = Posting::new(notification.from.clone(), notification.to.clone());
        // A crash may have come between two recipients.
        let posting = begun.filter(|begun| begun.to == posting.to).unwrap_or(posting);
        self.note(import.as_str(), &posting)?;
        self.deliver(smtp, import.as_str(), posting).map(drop)
    }
}

impl Mail for Outbox {
    async fn send(&self, import: &ImportId, notification: &Notification) -> Answer<()> {
        let sent = self.write(import, notification).and_then(|()| self.post(import, notification));
        sent.map_err(|error| fault("writing a notification", &error))
    }

    async fn announce(&self, announcement: &Announcement) -> Answer<()> {
        let kept = self.webhooks.announce(announcement, jiff::Timestamp::now());
        kept.map_err(|error| fault("keeping an announcement", &error))
    }
}

/// An e-mail as mail programs read it; the same notification gives the same bytes except for its date.
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
        .body(body(MimePart::new(alternatives, BodyPart::Multipart(parts)), import, notification));
    message.write_to_vec()
}

/// The text, and the attached file if there is one.
fn body<'a>(text: MimePart<'a>, import: &ImportId, notification: &'a Notification) -> MimePart<'a> {
    let Some(file) = &notification.attachment else { return text };
    let attachment =
        MimePart::new(file.media_type, BodyPart::from(file.bytes.as_slice())).attachment(file.name.as_str());
    let mixed = ContentType::new("multipart/mixed").attribute("boundary", format!("rollcall-mixed-{import}"));
    MimePart::new(mixed, BodyPart::Multipart(vec![text, attachment]))
}

/// The recipients; an e-mail without recipients is written nevertheless.
fn recipients(notification: &Notification) -> HeaderType<'_> {
    if notification.to.is_empty() {
        return Raw::new("undisclosed-recipients:;").into();
    }
    let address = |to: &'_ String| Address::new_address(None::<String>, to.clone());
    Address::new_list(notification.to.iter().map(address).collect()).into()
}
