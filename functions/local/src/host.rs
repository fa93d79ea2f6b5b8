//! The host works on a home. It first finishes imports that an earlier command left; then it drops a file and runs the
//! stages.

mod ahead;
mod handover;
mod news;
mod queued;
mod requests;
mod run;
mod waiting;
mod watch;
mod webhooks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, available_parallelism};

use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use rollcall_domain::messages::catalogue::Messages;
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::plan::import_plan::{ChunkSize, Plan};
use rollcall_domain::plan::object_keys::{Artifacts, Drop};
use rollcall_domain::report::problem::ProblemWriter;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::bucket::PreparedDrop;
use rollcall_embedded::home::{Home, HomeError};
use rollcall_embedded::smtp::Delivery;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::pause::is_paused;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, ObjectVersion, Objects};
use rollcall_pipeline::request::new_item;
use serde::de::DeserializeOwned;

use crate::answer::{Failure, say};
use crate::memory;
pub use handover::Workplace;
use news::News;
pub use requests::{cancel_import, find_import};
use run::{Ran, Run};
pub use waiting::WaitFor;
pub use watch::{MAIL_AGAIN, Watch, WatchEvent};
pub use webhooks::webhook_text;

/// The settings of the host.
#[derive(Debug, Clone, Copy)]
pub struct Tune {
    /// Threads that judge rows.
    pub workers: usize,
    /// The sizes of chunks.
    pub size: ChunkSize,
    /// Shows a progress bar on standard error.
    pub progress: bool,
}

impl Tune {
    /// More threads than this do not help.
    const MOST_WORKERS: usize = 256;

    /// The host's default.
    pub fn new(workers: Option<u32>, rows: Option<u32>, bytes: Option<u64>, progress: bool) -> Self {
        // One more than there are cores: a worker that waits for the disk leaves its core to another.
        let cores = || available_parallelism().map_or(1, usize::from) + 1;
        let workers = workers.map_or_else(cores, |workers| workers as usize).min(Self::MOST_WORKERS);
        let size = ChunkSize::default();
        let size = ChunkSize { rows: rows.unwrap_or(size.rows), bytes: bytes.unwrap_or(size.bytes), ..size };
        Self { workers, size, progress }
    }
}

/// An ended import.
#[derive(Debug)]
pub struct Done {
    /// Its totals.
    pub summary: Summary,
    /// The verdict on the file and its detected properties.
    pub upload: Upload,
    /// The folder of its results, absolute.
    pub results: PathBuf,
    /// Its notification e-mail, if it wrote one.
    pub notification: Option<PathBuf>,
    /// The delivery state of the e-mail, if a mail server is set.
    pub delivery: Option<Delivery>,
    /// The recipients that the mail server refused.
    pub refused: Vec<String>,
    /// Whether the e-mail has no recipients.
    pub to_nobody: bool,
    /// The program's language.
    pub locale: Locale,
    /// The labels of the profile's fields.
    pub labels: Labels,
}

impl Done {
    /// The results of an import; `None` if it has none yet.
    ///
    /// # Errors
    /// If the results cannot be read.
    pub fn read(home: &Home, program: &ProgramName, import: &ImportId) -> Answer<Option<Self>> {
        let artifacts = Artifacts::of(program, import);
        let Some(summary) = read(home, &artifacts.summary())? else { return Ok(None) };
        let Some(upload) = read(home, &artifacts.upload())? else { return Ok(None) };
        let results = home.bucket().root().join(artifacts.folder());
        let notification = home.outbox().notification(import).canonicalize().ok();
        let (delivery, refused) = (home.outbox().delivery(import), home.outbox().refused(import));
        // An import that failed early has no plan: then the field names serve as labels.
        let plan: Option<Plan> = read(home, &artifacts.plan()).unwrap_or_default();
        let to_nobody = plan
            .as_ref()
            .is_some_and(|plan| plan.settings.notify.is_empty() && plan.options.notify.is_empty());
        let locale = plan.as_ref().map(|plan| plan.settings.locale).unwrap_or_default();
        let labels =
            plan.and_then(|plan| plan.profile().ok()).map(|profile| profile.labels()).unwrap_or_default();
        Ok(Some(Self {
            summary,
            upload,
            results,
            notification,
            delivery,
            refused,
            to_nobody,
            locale,
            labels,
        }))
    }

    /// The words of the program's language.
    pub fn words(&self) -> &'static Messages {
        Messages::of(self.locale)
    }

    /// Describes the problems of the import.
    pub fn writer(&self) -> ProblemWriter<'_> {
        ProblemWriter { words: self.words(), labels: &self.labels, upload: &self.upload }
    }

    /// Whether some row is in `failed.csv`.
    pub fn has_failed_rows(&self) -> bool {
        let rows = self.summary.rows;
        rows.rejected + rows.unprocessed > 0 && self.results.join("failed.csv").is_file()
    }

    /// The file of failed rows for correction: the workbook, if there is one.
    pub fn failed_file(&self) -> &'static str {
        if self.results.join("failed.xlsx").is_file() { "failed.xlsx" } else { "failed.csv" }
    }
}

/// Opens a home for a command that writes only settings. A command that works on the home may read them at any time.
///
/// # Errors
/// If the home cannot be used.
pub fn open_for_settings(path: &Path) -> Result<Home, HomeError> {
    match Home::open(path) {
        Err(HomeError::InUse(_)) => Home::open_shared(path),
        other => other,
    }
}

/// Reads one of an import's documents.
pub fn read<T: DeserializeOwned>(home: &Home, key: &str) -> Answer<Option<T>> {
    let Some(json) = block_on(home.bucket().get(key))? else { return Ok(None) };
    let read = serde_json::from_slice(&json).map(Some);
    read.map_err(|error| Fault::damaged("reading an import's artifacts", format_args!("{key}: {error}")))
}

/// How long an undo brings back what a replace removed; then it is deleted for good.
const UNDONE_UNTIL: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long an upload of the desk is kept to which nothing was written; an import has a copy of its own.
const UPLOADS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Bytes of a file whose rows need the indexes in memory.
const LARGE: u64 = 1 << 20;

/// A home that this command works on.
#[derive(Debug)]
pub struct Host {
    home: Home,
    tune: Tune,
    /// Held from the moment an import gets its id until it is begun: imports begin in the order of their ids.
    begins: Mutex<()>,
    /// Held while the state of an import is stored and its file appears.
    shows: Mutex<()>,
    /// Wakes the watch.
    news: News,
    /// Programs whose server did not take what this command told it: it is not asked again and again.
    silent: Mutex<BTreeSet<ProgramName>>,
}

impl Host {
    /// Opens a home to work on it, and finishes imports that an earlier command left unfinished, in order of import id.
    ///
    /// # Errors
    /// If the home is in use or cannot be used.
    pub fn open(path: &Path, tune: Tune) -> Result<Self, Failure> {
        let host = Self {
            home: Home::open(path)?,
            tune,
            begins: Mutex::default(),
            shows: Mutex::default(),
            news: News::default(),
            silent: Mutex::default(),
        };
        host.finish_all()?;
        host.home.bucket().forget_prepared()?;
        host.home.contacts().tidy_before(Timestamp::now() - UNDONE_UNTIL)?;
        host.forget_uploads();
        host.send_waiting();
        Ok(host)
    }

    /// Finishes imports that an earlier command left; those of a paused program stay.
    fn finish_all(&self) -> Result<(), Failure> {
        let mut left = Vec::new();
        for item in self.home.listing().unfinished_imports()? {
            if !block_on(is_paused(self.home.bucket(), &item.program))? {
                self.home.bucket().show_prepared(&item.object)?;
                left.push(item);
            }
        }
        // Where an import with a higher id has its turn already, that one ends first.
        while !left.is_empty() {
            let mut waiting = Vec::new();
            let before = left.len();
            for item in left {
                if !self.finish(&item)? {
                    waiting.push(item);
                }
            }
            if waiting.len() == before {
                for item in &waiting {
                    say(format_args!("an earlier import cannot be finished: {}: {WAITS}", item.import_id));
                }
                break;
            }
            left = waiting;
        }
        Ok(())
    }

    /// Opens a home as soon as no other command works on it.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn open_when_free(path: &Path, tune: Tune, wait: WaitFor) -> Result<Self, Failure> {
        wait.until_free(path, || Self::open(path, tune))
    }

    /// Retries e-mails that no mail server has accepted yet; an import never waits for them.
    pub(super) fn send_waiting(&self) {
        if let Err(error) = self.home.outbox().send_waiting() {
            say(format_args!("notification e-mails cannot be sent: {error}"));
        }
    }

    /// Removes uploads that nobody came back to.
    pub(super) fn forget_uploads(&self) {
        if let Err(fault) = self.home.bucket().forget_uploads(Timestamp::now() - UPLOADS_KEPT) {
            say(fault);
        }
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Drops a file into the bucket and imports it.
    ///
    /// # Errors
    /// If the infrastructure fails: the import stays unfinished, and the next command finishes it.
    pub fn import(&self, source: &Path, drop: &Drop, given: Vec<(String, String)>) -> Result<Done, Failure> {
        self.refuse_paused(&drop.program)?;
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        let (bucket, key) = (self.home.bucket(), drop.key());
        let is_large = source.metadata().is_ok_and(|source| source.len() >= LARGE);
        let prepared = thread::scope(|scope| {
            // The copy is the kernel's work, so another core is free.
            if is_large {
                scope.spawn(|| self.home.expect_many());
            }
            bucket.prepare_drop(source, &key, at)
        })?;
        self.import_prepared(prepared, drop, given)
    }

    /// Starts nothing for a program whose imports wait.
    fn refuse_paused(&self, program: &ProgramName) -> Result<(), Failure> {
        if !block_on(is_paused(self.home.bucket(), program))? {
            return Ok(());
        }
        Err(Failure::said(format!(
            "the program {program} is paused: `rollcall program resume {program}` lets its imports go on"
        )))
    }

    /// Imports an object that is about to appear in the bucket.
    fn import_prepared(
        &self,
        prepared: PreparedDrop,
        drop: &Drop,
        given: Vec<(String, String)>,
    ) -> Result<Done, Failure> {
        let object = prepared.object().clone();
        self.begin(prepared, drop, given.clone())?;
        match self.run(object, given).map_err(unfinished)? {
            Ran::Over(summary) => Ok(self.done(drop, *summary)?),
            Ran::Waiting => Err(unfinished(Fault::transient("waiting for a turn", WAITS))),
        }
    }

    /// While this is held, no other import begins.
    fn begins_alone(&self) -> MutexGuard<'_, ()> {
        self.begins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The imports that are begun and not over, in the order of their ids. Their files are in the bucket.
    fn begun(&self) -> Answer<Vec<ImportItem>> {
        let _shown = self.shows.lock().unwrap_or_else(PoisonError::into_inner);
        self.home.listing().unfinished_imports()
    }

    /// Shows an object in the bucket as an import that is begun.
    fn begin(&self, prepared: PreparedDrop, drop: &Drop, given: Vec<(String, String)>) -> Answer<ImportId> {
        // The import is stored before the file appears: the file is never in the bucket without an import. If the command is
        // killed in between, the next command shows the file.
        let object = prepared.object().clone();
        let item = new_item(self.home.bucket().bucket(), drop, object, given, Timestamp::now());
        let import = {
            let _shows = self.shows.lock().unwrap_or_else(PoisonError::into_inner);
            let import = block_on(self.home.imports().begin(item))?.import_id;
            prepared.show()?;
            import
        };
        self.news.tell();
        Ok(import)
    }

    fn done(&self, drop: &Drop, summary: Summary) -> Answer<Done> {
        let import = summary.head.import_id.parse();
        let import = import.map_err(|error| Fault::damaged("reading summary.json", error))?;
        let done = Done::read(&self.home, &drop.program, &import)?;
        done.ok_or_else(|| Fault::damaged("reading an import's artifacts", "an answer is missing"))
    }

    /// Finishes an import that an earlier command began; returns `false` if another import has its turn.
    fn finish(&self, item: &ImportItem) -> Result<bool, Failure> {
        match self.run(item.object.clone(), item.options.clone()) {
            Ok(Ran::Over(_)) => Ok(true),
            Ok(Ran::Waiting) => Ok(false),
            // If an import cannot be finished, the others are finished nevertheless.
            Err(fault) if fault.is_of_the_import() => {
                say(format_args!("an earlier import cannot be finished: {}: {fault}", item.import_id));
                self.let_pass(&item.import_id)?;
                Ok(true)
            }
            Err(fault) => Err(unfinished(fault)),
        }
    }

    /// An import that cannot be finished leaves its lane, so that others go on.
    fn let_pass(&self, import: &ImportId) -> Answer<()> {
        let imports = self.home.imports();
        if let Some(lane) = block_on(imports.get(import))?.and_then(|item| item.lane) {
            block_on(imports.leave_lane(import, &lane))?;
        }
        Ok(())
    }

    /// Runs the stages over an object; an import that cannot go on ends as failed.
    fn run(&self, object: ObjectVersion, given: Vec<(String, String)>) -> Answer<Ran> {
        let run = Run::new(&self.home, self.tune, &object);
        let ran = match run.all(object, given) {
            Err(fault) if fault.is_of_the_import() => run.fail(&fault),
            done => done,
        };
        drop(run);
        memory::give_back();
        ran
    }
}

/// Why an import waits.
const WAITS: &str = "an earlier import of the same program and profile is not finished";

/// Describes an import on which the infrastructure failed.
fn unfinished(fault: Fault) -> Failure {
    Failure::said(format!(
        "{fault}; the import is not finished: mend that, and the next import finishes it first"
    ))
}
