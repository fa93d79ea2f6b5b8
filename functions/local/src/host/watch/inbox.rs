//! What lies in the inbox: complete files, and objects that ask for a pause or a cancellation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Instant, SystemTime};

use pollster::block_on;
use rollcall_domain::plan::object_keys::{Cancel, Drop, PauseRequest};
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::cancel::{Cancelled, cancel};
use rollcall_pipeline::pause::follow_requests;
use rollcall_pipeline::ports::{Answer, Imports, ObjectVersion, Objects};

use super::{DEEPEST, Known, REST, Seen, Watch, WatchEvent};

impl<T: Fn(WatchEvent<'_>) + Sync> Watch<'_, T> {
    /// Complete drops of which no import is begun yet, each with the time of its file.
    pub(super) fn at_rest(&self) -> Vec<(SystemTime, Drop)> {
        let mut there = Vec::new();
        let root = self.host.home.bucket().root();
        self.look_into(&root.join("inbox"), "inbox", DEEPEST, &mut there);
        let present: BTreeSet<&str> = there.iter().map(|(key, _)| key.as_str()).collect();
        self.known().retain(|key, _| present.contains(key.as_str()));
        let fresh = there.iter().filter(|(key, seen)| self.rests(key, *seen) && !self.is_begun(key, *seen));
        fresh.filter_map(|(key, seen)| Some((seen.modified, Drop::parse(key)?))).collect()
    }

    fn look_into(&self, folder: &Path, prefix: &str, deep: usize, there: &mut Vec<(String, Seen)>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                self.pass_over(&format!("{prefix}/{}", entry.file_name().display()), "its name is not UTF-8");
                continue;
            };
            let key = format!("{prefix}/{name}");
            match entry.file_type() {
                Ok(kind) if kind.is_symlink() => self.pass_over(&key, "it is a link; copy the file itself"),
                Ok(kind) if kind.is_dir() && deep > 1 => self.look_into(&entry.path(), &key, deep - 1, there),
                Ok(kind) if kind.is_file() => {
                    if let Some(request) = PauseRequest::parse(&key) {
                        self.follow_pause(&request);
                        continue;
                    }
                    if let Some(cancel) = Cancel::parse(&key) {
                        self.cancel(&cancel);
                        continue;
                    }
                    if Drop::parse(&key).is_none()
                        && rollcall_domain::plan::object_keys::starts_an_import(&name)
                    {
                        self.pass_over(&key, "files are dropped into inbox/<program>/<profile>/");
                    }
                    there.extend(seen(&entry.path()).map(|seen| (key, seen)));
                }
                _ => {}
            }
        }
    }

    /// Cancels an import, once for each object that requests it.
    fn cancel(&self, request: &Cancel) {
        let home = &self.host.home;
        match block_on(cancel(home.bucket(), &home.imports(), request)) {
            Ok(Cancelled::Noted | Cancelled::Over(_)) => {}
            Ok(Cancelled::Unknown) => self.pass_over(&request.key(), "there is no such import to cancel"),
            Err(_) => self.pass_over(&request.key(), "the import could not be cancelled"),
        }
    }

    /// Pauses a program, or lets it go on; the object that was written last stands.
    fn follow_pause(&self, request: &PauseRequest) {
        if block_on(follow_requests(self.host.home.bucket(), &request.program)).is_err() {
            self.pass_over(&request.key(), "the program could not be paused or resumed");
        }
    }

    fn rests(&self, key: &str, now: Seen) -> bool {
        let mut known = self.known();
        match known.get(key) {
            Some(Known::Taken(then)) if *then == now => false,
            Some(Known::NotBefore(when)) => Instant::now() >= *when,
            Some(Known::Since(then, since)) if *then == now => since.elapsed() >= REST,
            _ => {
                known.insert(key.to_owned(), Known::Since(now, Instant::now()));
                false
            }
        }
    }

    /// Whether there is an import of this version: it runs, or is over.
    fn is_begun(&self, key: &str, now: Seen) -> bool {
        let bucket = self.host.home.bucket();
        let begun = block_on(async {
            let Some(object) = bucket.describe(key).await? else { return Ok(false) };
            let import = ImportId::derive(bucket.bucket(), &object.key, &object.version, object.modified);
            Answer::Ok(self.host.home.imports().get(&import).await?.is_some())
        });
        let begun = begun.unwrap_or(false);
        if begun {
            self.known().insert(key.to_owned(), Known::Taken(now));
        }
        begun
    }

    /// Stores that a version was imported, also where no import of its own is left of it.
    pub(super) fn note_taken(&self, object: &ObjectVersion) {
        let bucket = self.host.home.bucket();
        let Some(now) = seen(&bucket.root().join(&object.key)) else { return };
        // What was written there in the meantime is not imported yet.
        if block_on(bucket.describe(&object.key)).is_ok_and(|there| there.as_ref() == Some(object)) {
            self.known().insert(object.key.clone(), Known::Taken(now));
        }
    }

    /// Reports once why a file is never imported.
    fn pass_over(&self, key: &str, why: &'static str) {
        let mut told = self.passed_over.lock().expect("nothing panics while it holds the list");
        if told.insert(key.to_owned()) {
            (self.tell)(WatchEvent::PassedOver(key, why));
        }
    }
}

fn seen(path: &Path) -> Option<Seen> {
    let metadata = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Seen { len: metadata.len(), modified: metadata.modified().ok()? })
}
