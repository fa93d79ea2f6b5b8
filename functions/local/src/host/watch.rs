//! Watches the inbox: imports each dropped file once it is complete.
//!
//! The watch polls the inbox, which works on every disk and share. It takes a file when two polls in a row, [`REST`]
//! apart, saw it unchanged: a file that is still copied grows. Imports into one pool of a program run one after the
//! other, in the order of the drops; others run side by side, and a dry run waits only for dry runs. A directory file
//! waits until nothing runs, and nothing starts while it is loaded.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys::{Artifacts, Cancel, Drop, DropTarget, PauseRequest, sidecar};
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::webhooks::Announced;
use rollcall_pipeline::cancel::{Cancelled, cancel};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::lane::lane_of_drop;
use rollcall_pipeline::pause::{follow_requests, is_paused};
use rollcall_pipeline::ports::{Answer, Imports, ObjectVersion, Objects};

use super::handover::{self, Handed};
use super::{Done, Host};
use crate::answer::Failure;

/// The interval between polls.
const LOOK: Duration = Duration::from_millis(250);
/// How long a file must be unchanged before it is taken.
const REST: Duration = Duration::from_millis(1_500);
/// How long a file waits after the infrastructure failed on it.
const AGAIN: Duration = Duration::from_secs(30);
/// How often notification e-mails that no mail server has accepted are retried.
pub const MAIL_AGAIN: Duration = Duration::from_secs(60);
/// How often old uploads are removed.
const TIDY_AGAIN: Duration = Duration::from_secs(3_600);
/// `<program>/<profile>/dry-run/` is the deepest folder with drops.
const DEEPEST: usize = 4;

/// Events that the watch reports.
#[derive(Debug)]
pub enum WatchEvent<'a> {
    /// An import is over.
    Imported(&'a Drop, &'a Done),
    /// The infrastructure failed; the file is retried later.
    Failed(&'a Drop, &'a Fault),
    /// The file of another command could not be imported; that command reports it too.
    NotImported(&'a Drop, &'a Failure),
    /// The server of a program was told that an import is over, or did not take it.
    Told(&'a Announced),
    /// A file in the inbox that is never imported, and the reason.
    PassedOver(&'a str, &'static str),
}

/// A file as the last poll saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    len: u64,
    modified: SystemTime,
}

/// The state of a file in the inbox.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// Unchanged since this time.
    Since(Seen, Instant),
    /// Imported, in this version.
    Taken(Seen),
    /// The infrastructure failed on it; retried no sooner than this.
    NotBefore(Instant),
}

/// An import that can begin.
enum Ready {
    /// A file in the inbox.
    Dropped(Drop),
    /// A request of another command.
    Handed(Handed),
}

impl Ready {
    fn drop(&self) -> &Drop {
        match self {
            Ready::Dropped(drop) => drop,
            Ready::Handed(handed) => &handed.drop,
        }
    }
}

/// The imports that run, by program.
type Running<'s> = BTreeMap<String, ScopedJoinHandle<'s, ()>>;

/// The watch over one home.
pub struct Watch<'h, T> {
    host: &'h Host,
    mail_again: Duration,
    tell: T,
    known: Mutex<HashMap<String, Known>>,
    passed_over: Mutex<BTreeSet<String>>,
}

impl<'h, T: Fn(WatchEvent<'_>) + Sync> Watch<'h, T> {
    /// A watch that reports events.
    pub fn new(host: &'h Host, mail_again: Duration, tell: T) -> Self {
        Self { host, mail_again, tell, known: Mutex::default(), passed_over: Mutex::default() }
    }

    /// Watches until `stop` is set; then finishes the running imports.
    pub fn run(&self, stop: &AtomicBool) {
        thread::scope(|scope| {
            let mut running = Running::new();
            let mut mail: Option<ScopedJoinHandle<'_, ()>> = None;
            let (mut mailed, mut tidied) = (Instant::now(), Instant::now());
            let mut telling: Option<ScopedJoinHandle<'_, ()>> = None;
            while !stop.load(Ordering::Relaxed) {
                running.retain(|_, import| !import.is_finished());
                self.start(scope, &mut running);
                let is_sending = mail.as_ref().is_some_and(|mail| !mail.is_finished());
                if mailed.elapsed() >= self.mail_again && !is_sending {
                    mailed = Instant::now();
                    mail = Some(scope.spawn(|| self.host.send_waiting()));
                }
                if tidied.elapsed() >= TIDY_AGAIN {
                    tidied = Instant::now();
                    self.host.forget_uploads();
                }
                let is_telling = telling.as_ref().is_some_and(|telling| !telling.is_finished());
                if !is_telling && self.host.has_due_webhooks() {
                    let tell = |announced: &Announced| (self.tell)(WatchEvent::Told(announced));
                    telling = Some(scope.spawn(move || self.host.tell_webhooks(tell)));
                }
                thread::sleep(LOOK);
            }
        });
    }

    /// Starts imports that are ready; requests of other commands come first.
    fn start<'s>(&'s self, scope: &'s Scope<'s, '_>, running: &mut Running<'s>) {
        let handed = handover::requests(&self.host.home).into_iter().map(Ready::Handed);
        let ready: Vec<Ready> = handed.chain(self.at_rest().into_iter().map(Ready::Dropped)).collect();
        let is_load = |ready: &Ready| matches!(ready.drop().what, DropTarget::Directory(_));
        if ready.iter().any(is_load) {
            if running.is_empty() {
                ready.iter().filter(|ready| is_load(ready)).for_each(|ready| self.import(ready));
            }
            return;
        }
        for ready in ready {
            let lane = self.lane_of(ready.drop());
            running.entry(lane).or_insert_with(|| scope.spawn(move || self.import(&ready)));
        }
    }

    fn import(&self, ready: &Ready) {
        match ready {
            Ready::Dropped(drop) => self.take(drop),
            Ready::Handed(handed) => match self.host.take_handed(handed) {
                Ok(done) => (self.tell)(WatchEvent::Imported(&handed.drop, &done)),
                Err(failure) => (self.tell)(WatchEvent::NotImported(&handed.drop, &failure)),
            },
        }
    }

    /// What runs at most once at a time.
    fn lane_of(&self, drop: &Drop) -> String {
        let lane = block_on(lane_of_drop(self.host.home.bucket(), drop));
        lane.ok().flatten().unwrap_or_else(|| format!("{}#dry-run", drop.program))
    }

    /// Imports one drop, and stores how it went.
    fn take(&self, drop: &Drop) {
        let key = drop.key();
        let known = match self.host.take(drop) {
            Ok(done) => {
                (self.tell)(WatchEvent::Imported(drop, &done));
                seen(&self.host.home.bucket().root().join(&key)).map(Known::Taken)
            }
            Err(Fault::Gone(_)) => None,
            Err(fault) => {
                (self.tell)(WatchEvent::Failed(drop, &fault));
                Some(Known::NotBefore(Instant::now() + AGAIN))
            }
        };
        let mut all = self.known();
        match known {
            Some(known) => _ = all.insert(key, known),
            None => _ = all.remove(&key),
        }
    }

    /// Complete drops that are not imported yet, the oldest first.
    fn at_rest(&self) -> Vec<Drop> {
        let mut there = Vec::new();
        let root = self.host.home.bucket().root();
        self.look_into(&root.join("inbox"), "inbox", DEEPEST, &mut there);
        let present: BTreeSet<&str> = there.iter().map(|(key, _)| key.as_str()).collect();
        self.known().retain(|key, _| present.contains(key.as_str()));
        let mut ready: Vec<(SystemTime, Drop)> = Vec::new();
        for (key, seen) in &there {
            let Some(drop) = Drop::parse(key) else { continue };
            if self.rests(key, *seen) && !self.is_imported(key, *seen) && !self.is_paused(&drop.program) {
                ready.push((seen.modified, drop));
            }
        }
        ready.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.file.cmp(&b.1.file)));
        ready.into_iter().map(|(_, drop)| drop).collect()
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

    fn is_paused(&self, program: &ProgramName) -> bool {
        block_on(is_paused(self.host.home.bucket(), program)).unwrap_or(false)
    }

    fn rests(&self, key: &str, now: Seen) -> bool {
        if self.host.takes_at_once(key) {
            return true;
        }
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

    /// Whether an earlier command imported this version.
    fn is_imported(&self, key: &str, now: Seen) -> bool {
        let bucket = self.host.home.bucket();
        let over = block_on(async {
            let Some(object) = bucket.describe(key).await? else { return Ok(false) };
            let import = ImportId::derive(bucket.bucket(), &object.key, &object.version, object.modified);
            let item = self.host.home.imports().get(&import).await?;
            Answer::Ok(item.is_some_and(|item| item.status.is_some()))
        });
        let over = over.unwrap_or(false);
        if over {
            self.known().insert(key.to_owned(), Known::Taken(now));
        }
        over
    }

    /// Reports once why a file is never imported.
    fn pass_over(&self, key: &str, why: &'static str) {
        let mut told = self.passed_over.lock().expect("nothing panics while it holds the list");
        if told.insert(key.to_owned()) {
            (self.tell)(WatchEvent::PassedOver(key, why));
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().expect("nothing panics while it holds the list")
    }
}

impl Host {
    /// Imports a dropped file. It gets a new modification time first, so that the ids of one home strictly increase,
    /// whatever time its copy has. An import that has begun already continues.
    fn take(&self, drop: &Drop) -> Answer<Done> {
        let (bucket, key) = (self.home.bucket(), drop.key());
        let gone = || Fault::Gone(key.clone());
        let object = block_on(bucket.describe(&key))?.ok_or_else(gone)?;
        let import = ImportId::derive(bucket.bucket(), &object.key, &object.version, object.modified);
        let begun = block_on(self.home.imports().get(&import))?;
        let object = match begun {
            Some(item) => item.object,
            None => {
                let at = self.home.imports().next_drop_time(Timestamp::now())?;
                self.leave_late_sidecar(drop, &bucket.restamped(&object, at)?)?;
                bucket.restamp(&object, at)?;
                block_on(bucket.describe(&key))?.ok_or_else(gone)?
            }
        };
        let summary = self.run(object, Vec::new())?;
        self.done(drop, summary)
    }
}

impl Host {
    /// A sidecar that came after its file is for the next file of that name: notes that this import has none. `object` is
    /// the version that the import will have.
    fn leave_late_sidecar(&self, drop: &Drop, object: &ObjectVersion) -> Answer<()> {
        let bucket = self.home.bucket();
        if !bucket.came_after(&sidecar(&object.key), &object.key)? {
            return Ok(());
        }
        let import = ImportId::derive(bucket.bucket(), &object.key, &object.version, object.modified);
        let noted = Artifacts::of(&drop.program, &import).sidecar();
        block_on(bucket.put_if_absent(&noted, &[])).map(std::mem::drop)
    }
}

fn seen(path: &Path) -> Option<Seen> {
    let metadata = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Seen { len: metadata.len(), modified: metadata.modified().ok()? })
}
