//! Watches the inbox: imports each dropped file once it is complete.
//!
//! The watch polls the inbox, which works on every disk and share. It takes a file when two polls in a row, [`REST`]
//! apart, saw it unchanged: a file that is still copied grows. An import first begins: it gets its id and is stored. Then it
//! runs, when its turn comes: imports into one pool of a program run one after the other, in the order of their ids
//! ([`turns`]), whatever started them; others run side by side, and a dry run waits only for dry runs. A directory file
//! waits until nothing runs, and nothing starts while it is loaded.

mod inbox;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys::{Artifacts, Drop, sidecar};
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::webhooks::Announced;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, ObjectVersion, Objects};
use rollcall_pipeline::request::new_item;

use super::run::Ran;
use super::{Done, Host, handover, unfinished};
use crate::answer::{Failure, say};
use turns::{Begun, Later, Ready};

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

/// The watch over one home.
pub struct Watch<'h, T> {
    host: &'h Host,
    mail_again: Duration,
    tell: T,
    known: Mutex<HashMap<String, Known>>,
    passed_over: Mutex<BTreeSet<String>>,
    /// What runs, by lane.
    running: Mutex<BTreeMap<String, String>>,
    /// Imports that did not end and run again.
    later: Mutex<BTreeMap<ImportId, Later>>,
    /// The lanes of imports that are begun.
    lanes: Mutex<BTreeMap<ImportId, String>>,
}

impl<'h, T: Fn(WatchEvent<'_>) + Sync> Watch<'h, T> {
    /// A watch that reports events.
    pub fn new(host: &'h Host, mail_again: Duration, tell: T) -> Self {
        Self {
            host,
            mail_again,
            tell,
            known: Mutex::default(),
            passed_over: Mutex::default(),
            running: Mutex::default(),
            later: Mutex::default(),
            lanes: Mutex::default(),
        }
    }

    /// Watches until `stop` is set; then finishes the running imports.
    pub fn run(&self, stop: &AtomicBool) {
        thread::scope(|scope| {
            let mut mail: Option<ScopedJoinHandle<'_, ()>> = None;
            let (mut mailed, mut tidied) = (Instant::now(), Instant::now());
            let mut telling: Option<ScopedJoinHandle<'_, ()>> = None;
            let mut is_broken = false;
            while !stop.load(Ordering::Relaxed) {
                let started = self.start(scope);
                if let Some(fault) = started.as_ref().err().filter(|_| !is_broken) {
                    say(format_args!("imports cannot begin: {fault}; tried again"));
                }
                is_broken = started.is_err();
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
                self.host.news.wait(LOOK);
            }
        });
    }

    /// Starts what is ready, at most one in each lane.
    fn start<'s>(&'s self, scope: &'s Scope<'s, '_>) -> Answer<()> {
        let ready = self.ready()?;
        if ready.iter().any(|(_, ready)| ready.is_load()) {
            if self.running().is_empty() {
                ready.iter().filter(|(_, ready)| ready.is_load()).for_each(|(_, ready)| self.work(ready));
                self.host.news.tell();
            }
            return Ok(());
        }
        for (lane, ready) in ready {
            let name = ready.name();
            let mut running = self.running();
            if running.contains_key(&lane) || running.values().any(|other| *other == name) {
                continue;
            }
            running.insert(lane.clone(), name);
            scope.spawn(move || {
                let _running = RunningIn { watch: self, lane };
                self.work(&ready);
            });
        }
        Ok(())
    }

    fn work(&self, ready: &Ready) {
        match ready {
            Ready::Run(begun) => self.run_begun(begun),
            Ready::Dropped(drop) => self.begin_dropped(drop),
            Ready::Handed(handed) => {
                if let Err(failure) = self.host.begin_handed(handed) {
                    (self.tell)(WatchEvent::NotImported(&handed.drop, &failure));
                }
            }
        }
    }

    fn begin_dropped(&self, drop: &Drop) {
        match self.host.begin_dropped(drop) {
            Ok(()) => {}
            Err(Fault::Gone(_)) => _ = self.known().remove(&drop.key()),
            Err(fault) => {
                (self.tell)(WatchEvent::Failed(drop, &fault));
                self.known().insert(drop.key(), Known::NotBefore(Instant::now() + AGAIN));
            }
        }
    }

    /// Runs an import. If it cannot end now, it runs again later, and those after it in its lane wait.
    fn run_begun(&self, begun: &Begun) {
        let Begun { item, drop, handed } = begun;
        let import = &item.import_id;
        match self.host.run_begun(item, drop) {
            Ok(Some(done)) => {
                self.note_taken(&item.object);
                (self.tell)(WatchEvent::Imported(drop, &done));
                let answered = handed.as_ref().map(|handed| handover::answer_done(handed, &done));
                if let Some(Err(failure)) = answered {
                    (self.tell)(WatchEvent::NotImported(drop, &failure));
                }
            }
            // The lane knows another import, perhaps one that this watch counts to another lane: that one goes first.
            Ok(None) => self.run_later(import, LOOK, false),
            Err(fault) => {
                if !self.is_paused(&item.program) {
                    self.run_later(import, AGAIN, !fault.is_of_the_import());
                }
                self.report_fault(begun, fault);
            }
        }
    }

    /// Reports that an import did not end, and tells the command that waits for it.
    fn report_fault(&self, begun: &Begun, fault: Fault) {
        let Some(handed) = &begun.handed else { return (self.tell)(WatchEvent::Failed(&begun.drop, &fault)) };
        let failure = unfinished(fault);
        let answered = handover::answer_failure(handed, &failure);
        (self.tell)(WatchEvent::NotImported(&begun.drop, answered.as_ref().err().unwrap_or(&failure)));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().expect("nothing panics while it holds the list")
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.running.lock().expect("nothing panics while it holds the list")
    }

    fn later(&self) -> MutexGuard<'_, BTreeMap<ImportId, Later>> {
        self.later.lock().expect("nothing panics while it holds the list")
    }

    fn lanes(&self) -> MutexGuard<'_, BTreeMap<ImportId, String>> {
        self.lanes.lock().expect("nothing panics while it holds the list")
    }
}

/// Work in a lane. When it ends, however it ends, the next in the lane can start at once.
struct RunningIn<'w, 'h, T: Fn(WatchEvent<'_>) + Sync> {
    watch: &'w Watch<'h, T>,
    lane: String,
}

impl<T: Fn(WatchEvent<'_>) + Sync> std::ops::Drop for RunningIn<'_, '_, T> {
    fn drop(&mut self) {
        self.watch.running().remove(&self.lane);
        self.watch.host.news.tell();
    }
}

impl Host {
    /// Begins the import of a dropped file. It gets a new modification time first, so that the ids of one home strictly
    /// increase, whatever time its copy has.
    fn begin_dropped(&self, drop: &Drop) -> Answer<()> {
        let _alone = self.begins_alone();
        let (bucket, key) = (self.home.bucket(), drop.key());
        let object = block_on(bucket.describe(&key))?.ok_or_else(|| Fault::Gone(key.clone()))?;
        let import = ImportId::derive(bucket.bucket(), &object.key, &object.version, object.modified);
        if block_on(self.home.imports().get(&import))?.is_some() {
            return Ok(());
        }
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        self.leave_late_sidecar(drop, &bucket.restamped(&object, at)?)?;
        let object = bucket.restamp(&object, at)?;
        let item = new_item(bucket.bucket(), drop, object, Vec::new(), Timestamp::now());
        block_on(self.home.imports().begin(item)).map(|_| ())
    }

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

    /// Runs an import that is begun; `None` where another import has its turn.
    fn run_begun(&self, item: &ImportItem, drop: &Drop) -> Answer<Option<Done>> {
        match self.run(item.object.clone(), item.options.clone()) {
            Ok(Ran::Over(summary)) => self.done(drop, *summary).map(Some),
            Ok(Ran::Waiting) => Ok(None),
            Err(fault) => {
                if fault.is_of_the_import() {
                    self.let_pass(&item.import_id)?;
                }
                Err(fault)
            }
        }
    }
}
