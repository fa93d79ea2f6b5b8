//! Announcements of imports that are over, while the program's server has not taken them: one file for each.
//!
//! Those that were taken, or that nobody tries any more, are kept in `over/`: the import is not announced again.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rollcall_pipeline::ports::Announcement;
use rollcall_pipeline::webhook::{Delivery, next_attempt};
use serde::{Deserialize, Serialize};

use crate::disk::Draft;

/// An announcement, and what came of it so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// What the server is told.
    #[serde(flatten)]
    pub announcement: Announcement,
    /// When the import was over.
    pub announced_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again; `None` where it is over.
    pub next_at: Option<Timestamp>,
    /// Whether the server took it.
    pub taken: bool,
    /// Why the last attempt did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The announcements of a home.
#[derive(Debug, Clone)]
pub struct Webhooks {
    folder: PathBuf,
}

const OVER: &str = "over";
const ENDING: &str = ".json";

impl Webhooks {
    /// The announcements in a folder, which the first of them creates.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Keeps an announcement, which is due at once; one that is known stays as it is.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn announce(&self, announcement: &Announcement, now: Timestamp) -> io::Result<()> {
        let name = format!("{}{ENDING}", announcement.import_id);
        if self.folder.join(OVER).join(&name).exists() {
            return Ok(());
        }
        fs::create_dir_all(self.folder.join(OVER))?;
        let announced = Announced {
            announcement: announcement.clone(),
            announced_at: now,
            attempts: 0,
            next_at: Some(now),
            taken: false,
            reason: None,
        };
        let mut draft = Draft::begin(&self.folder)?;
        serde_json::to_writer(&mut draft.file, &announced)?;
        draft.place(&self.folder.join(&name)).map(drop)
    }

    /// The announcements that wait, by import.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn waiting(&self) -> io::Result<Vec<Announced>> {
        self.in_folder(&self.folder)
    }

    /// The announcements that are over, by import.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn over(&self) -> io::Result<Vec<Announced>> {
        self.in_folder(&self.folder.join(OVER))
    }

    /// Stores what came of an attempt; the announcement as it is then.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn note(&self, announced: &Announced, delivery: &Delivery, now: Timestamp) -> io::Result<Announced> {
        let attempts = announced.attempts.saturating_add(1);
        let (taken, reason, next_at) = match delivery {
            Delivery::Accepted => (true, None, None),
            Delivery::Unwanted(reason) => (false, Some((*reason).to_owned()), None),
            Delivery::Failed(reason) => {
                (false, Some(reason.clone()), next_attempt(announced.announced_at, attempts, now))
            }
        };
        let noted = Announced { attempts, next_at, taken, reason, ..announced.clone() };
        let name = format!("{}{ENDING}", noted.announcement.import_id);
        let waits = self.folder.join(&name);
        let mut draft = Draft::begin(&self.folder)?;
        serde_json::to_writer(&mut draft.file, &noted)?;
        if next_at.is_some() {
            draft.replace(&waits)?;
            return Ok(noted);
        }
        draft.replace(&self.folder.join(OVER).join(&name))?;
        match fs::remove_file(&waits) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(noted),
        }
    }

    fn in_folder(&self, folder: &Path) -> io::Result<Vec<Announced>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            names.extend(name.to_str().filter(|name| name.ends_with(ENDING)).map(str::to_owned));
        }
        names.sort();
        let mut all = Vec::new();
        for name in names {
            match fs::read(folder.join(name)) {
                // It was over meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                json => all.push(serde_json::from_slice(&json?)?),
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::types::names::ImportId;

    use super::*;

    fn announcement() -> Announcement {
        Announcement {
            import_id: ImportId::derive("bucket", "key", "version", Timestamp::UNIX_EPOCH),
            program: "acme".parse().unwrap(),
            body: "{}".to_owned(),
        }
    }

    #[test]
    fn an_announcement_waits_until_it_is_over_and_comes_once() {
        let folder = tempfile::tempdir().unwrap();
        let webhooks = Webhooks::new(&folder.path().join("webhooks"));
        assert!(webhooks.waiting().unwrap().is_empty());
        let at: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        webhooks.announce(&announcement(), at).unwrap();
        webhooks.announce(&announcement(), at + jiff::SignedDuration::from_secs(5)).unwrap();
        let waiting = webhooks.waiting().unwrap();
        assert_eq!((waiting.len(), waiting[0].next_at, waiting[0].attempts), (1, Some(at), 0));
        let failed = Delivery::Failed("the server answered 500".to_owned());
        let noted = webhooks.note(&waiting[0], &failed, at).unwrap();
        assert_eq!(noted.next_at, Some(at + jiff::SignedDuration::from_secs(10)));
        // Another process sees the same.
        let again = Webhooks::new(&folder.path().join("webhooks")).waiting().unwrap();
        assert_eq!(again, std::slice::from_ref(&noted));
        webhooks.note(&noted, &Delivery::Accepted, at).unwrap();
        webhooks.announce(&announcement(), at).unwrap();
        assert!(webhooks.waiting().unwrap().is_empty());
        let over = webhooks.over().unwrap();
        assert_eq!((over.len(), over[0].taken, over[0].attempts, &over[0].reason), (1, true, 2, &None));
    }

    #[test]
    fn after_a_day_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let webhooks = Webhooks::new(folder.path());
        let at: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        webhooks.announce(&announcement(), at).unwrap();
        let waiting = webhooks.waiting().unwrap().remove(0);
        let later = at + jiff::SignedDuration::from_hours(25);
        webhooks.note(&waiting, &Delivery::Failed("no answer in time".to_owned()), later).unwrap();
        assert!(webhooks.waiting().unwrap().is_empty());
        assert_eq!(webhooks.over().unwrap()[0].reason.as_deref(), Some("no answer in time"));
    }
}
