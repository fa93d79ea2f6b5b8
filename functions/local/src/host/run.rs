//! Runs one import: the splitter and the workers on separate threads, with a queue between them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::SignedDuration;
use pollster::block_on;
use rollcall_domain::plan::object_keys::{Artifacts, Drop};
use rollcall_domain::report::summary::Summary;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::bucket::{Bucket, BucketWriter};
use rollcall_embedded::clock::SystemClock;
use rollcall_embedded::home::Home;
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_embedded::store::{ContactStore, DirectoryStore, ImportStore};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::finalize::{Finalized, finalize_begun};
use rollcall_pipeline::ports::{Answer, Imports, ObjectVersion, Objects, Ports};
use rollcall_pipeline::split::{Split, split_import};
use rollcall_pipeline::work::{Plans, Worked, work_chunk};

use super::Tune;
use super::ahead::Ahead;
use crate::progress;

/// Only one process works on a home, so an existing lease has outlived its holder: leases end at once.
const LEASE: SignedDuration = SignedDuration::ZERO;
/// The delay of a message that is retried.
const WAIT: Duration = Duration::from_millis(100);
/// How often a temporary fault is retried; then it counts as permanent.
const TRIES: u32 = 50;

/// How a run of an import ended.
#[derive(Debug)]
pub enum Ran {
    /// The import is over.
    Over(Box<Summary>),
    /// An earlier import of its lane has its turn; nothing is lost, and it runs again later.
    Waiting,
}

/// One import that is running.
pub struct Run<'h> {
    home: &'h Home,
    ports: Ports<Bucket, DirectoryStore, ContactStore, ImportStore, LocalQueue, SystemClock>,
    plans: Plans,
    /// The result files that have been begun.
    ahead: Ahead<BucketWriter>,
    tune: Tune,
    import: ImportId,
    /// Held by the thread that finalizes.
    finalizing: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: Option<Answer<Ran>>,
    over: bool,
    tries: u32,
}

impl<'h> Run<'h> {
    /// Prepares for an object.
    pub fn new(home: &'h Home, tune: Tune, object: &ObjectVersion) -> Self {
        let ports = Ports {
            objects: home.bucket().clone(),
            directory: home.directory(),
            contacts: home.contacts(),
            imports: home.imports(),
            queue: LocalQueue::with_room(tune.workers),
            clock: SystemClock,
        };
        Self {
            home,
            ports,
            plans: Plans::default(),
            ahead: Ahead::default(),
            tune,
            import: ImportId::derive(home.bucket().bucket(), &object.key, &object.version, object.modified),
            finalizing: Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// Splits, works and finalizes.
    pub fn all(&self, object: ObjectVersion, given: Vec<(String, String)>) -> Answer<Ran> {
        let program = Drop::parse(&object.key).map(|drop| drop.program);
        thread::scope(|scope| {
            scope.spawn(|| self.guard(|| self.split(&object, &given)));
            for _ in 0..self.tune.workers {
                scope.spawn(|| self.guard(|| self.work()));
            }
            if let Some(program) = program.filter(|_| self.tune.progress) {
                scope.spawn(move || {
                    let artifacts = Artifacts::of(&program, &self.import);
                    progress::show(self.home, &artifacts, &self.import, || self.is_over());
                });
            }
        });
        self.take_end()
    }

    /// Ends an import that cannot go on.
    pub fn fail(&self, fault: &Fault) -> Answer<Ran> {
        match self.finalize(Some(&fault.to_string()))? {
            Finalized::Over(summary) => Ok(Ran::Over(summary)),
            _ => Err(Fault::damaged("answering a failed import", fault)),
        }
    }

    fn split(&self, object: &ObjectVersion, given: &[(String, String)]) {
        loop {
            let (dropped, given) = (object.clone(), given.to_vec());
            match block_on(split_import(&self.ports, dropped, given, self.tune.size)) {
                Ok(Split::Sent(_) | Split::Refused(_)) => return,
                Ok(Split::Over(import)) if import == self.import => return self.answer_again(),
                // A request that was made before: the import that it started answers.
                Ok(Split::Over(import)) => return self.end(self.answer_of(object, &import)),
                Ok(Split::Waiting(_)) => return self.end(Ok(Ran::Waiting)),
                Ok(Split::Paused(_)) => return self.end(Err(paused())),
                Ok(Split::NotOurs) => {
                    return self.end(Err(Fault::damaged("splitting an import", "no key of the inbox")));
                }
                Err(fault) if self.may_pass(&fault) => thread::sleep(WAIT),
                Err(fault) => return self.end(Err(fault)),
            }
        }
    }

    /// The import has ended already: its summary exists.
    fn answer_again(&self) {
        let answer = self.finalize(None).and_then(|finalized| match finalized {
            Finalized::Over(summary) => Ok(Ran::Over(summary)),
            _ => Err(Fault::damaged("reading an import's artifacts", "summary.json is missing")),
        });
        self.end(answer);
    }

    /// Another import of the same program answers the request. This one is forgotten: it never starts anything.
    fn answer_of(&self, object: &ObjectVersion, import: &ImportId) -> Answer<Ran> {
        let program = Drop::parse(&object.key).map(|drop| drop.program);
        let summary = program.map(|program| Artifacts::of(&program, import).summary());
        if let Some(summary) = summary.map(|key| super::read(self.home, &key)).transpose()?.flatten() {
            self.ports.imports.forget(&self.import)?;
            return Ok(Ran::Over(Box::new(summary)));
        }
        let is_running =
            block_on(self.ports.imports.get(import))?.is_some_and(|import| import.status.is_none());
        if is_running {
            return Ok(Ran::Waiting);
        }
        Err(Fault::damaged("reading an import's artifacts", "summary.json is missing"))
    }

    fn work(&self) {
        while let Some(message) = self.ports.queue.receive() {
            if self.is_over() {
                return;
            }
            match self.take(&message) {
                Ok(true) => {}
                Ok(false) => self.ports.queue.return_later(message, WAIT),
                Err(fault) if self.may_pass(&fault) => self.ports.queue.return_later(message, WAIT),
                Err(fault) => self.end(Err(fault)),
            }
        }
    }

    /// Handles a message; returns `false` to retry it later.
    fn take(&self, message: &Message) -> Answer<bool> {
        match message {
            Message::Chunk(chunk) => match block_on(work_chunk(&self.ports, &self.plans, LEASE, chunk))? {
                Worked::Closed(answer) => {
                    let plan =
                        block_on(self.plans.get(&self.ports.objects, &chunk.program, &chunk.import_id))?;
                    self.ahead.add(
                        &self.ports.objects,
                        &plan.plan,
                        chunk.chunk,
                        answer.map(|answer| *answer),
                    );
                    Ok(true)
                }
                Worked::Busy | Worked::Throttled { .. } => Ok(false),
                Worked::Paused => Err(paused()),
            },
            // The host itself begins the next import.
            Message::Turn(_) => Ok(true),
            Message::Finalize(..) => self.finalize_once(),
        }
    }

    /// Finalizes the import unless another thread has: the splitter and the worker of the last chunk may both find
    /// that all chunks are closed.
    fn finalize_once(&self) -> Answer<bool> {
        let _finalizing = self.finalizing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_over() {
            return Ok(true);
        }
        match self.finalize_and_rest()? {
            Finalized::Over(summary) => {
                self.end(Ok(Ran::Over(summary)));
                Ok(true)
            }
            Finalized::NotYet => Ok(true),
            Finalized::Busy => Ok(false),
        }
    }

    /// Finalizes the import while another thread prepares the tables for closing.
    fn finalize_and_rest(&self) -> Answer<Finalized> {
        thread::scope(|scope| {
            scope.spawn(|| self.home.come_to_rest());
            self.finalize(None)
        })
    }

    fn finalize(&self, failed: Option<&str>) -> Answer<Finalized> {
        let mut begun = self.ahead.take();
        let mail = self.home.outbox();
        block_on(finalize_begun(&self.ports, mail, LEASE, &self.import, failed, &mut begun))
    }

    /// A panic ends the import; otherwise the other threads would wait forever.
    fn guard(&self, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.end(Err(Fault::damaged("working on the import", "stopped by an error in the program")));
        }
    }

    fn may_pass(&self, fault: &Fault) -> bool {
        let mut state = self.state();
        state.tries += u32::from(fault.is_transient());
        fault.is_transient() && state.tries <= TRIES
    }

    /// Ends the import; the first result counts.
    fn end(&self, how: Answer<Ran>) {
        let mut state = self.state();
        if !state.over {
            state.over = true;
            state.ended = Some(how);
        }
        drop(state);
        self.ports.queue.close();
    }

    fn is_over(&self) -> bool {
        self.state().over
    }

    fn take_end(&self) -> Answer<Ran> {
        let ended = self.state().ended.take();
        ended.unwrap_or_else(|| Err(Fault::damaged("working on the import", "ended without an answer")))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The program was paused meanwhile: the import goes on when it is resumed.
fn paused() -> Fault {
    Fault::permanent("working on the import", "the program is paused")
}
