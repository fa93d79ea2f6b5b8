//! A simulated AWS: the real stages over ports with virtual time and AWS's own rates.
//!
//! Time is tokio's, paused: it advances when nothing is left to do. Everything runs on one thread, and one seed decides
//! latencies, throttles and lost answers, so a run is the same each time. A row may stand for many rows
//! ([`Scenario::weight`]): it is judged once and costs as many writes, bytes and microseconds as those. The numbers are
//! constants beside their source.

mod lambda;
mod ports;
mod queue;
mod table;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::memory::{MemoryContacts, MemoryDirectory, MemoryImports, MemoryObjects};
use rollcall_pipeline::pace::Timer;
use rollcall_pipeline::ports::{Clock, Imports, Objects};

use self::lambda::Body;
use self::queue::Sqs;
pub use self::table::own_time;
use self::table::{COLD, QUOTA, Table};

/// When a simulation begins.
const BEGIN: &str = "2026-11-21T08:00:00Z";

/// One file that is dropped.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// After so many seconds.
    pub after: u64,
    /// For this program.
    pub program: String,
    /// So many rows.
    pub rows: u64,
    /// Which list: files with the same number name the same people.
    pub list: usize,
}

impl Dropped {
    /// A file with people of its own.
    pub fn of(after: u64, program: &str, rows: u64, list: usize) -> Self {
        Self { after, program: program.to_owned(), rows, list }
    }
}

/// What goes wrong, or is slow.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// One call in so many fails, half of them after their work was done; 0 for none.
    pub lost: u64,
    /// Of a hundred batches the table refuses so many, whatever the pace.
    pub refused: u64,
    /// The table takes nothing from this second to that one.
    pub away: std::ops::Range<u64>,
    /// The writes a second that the table takes, where it never grows.
    pub limit: Option<u64>,
    /// The first splitter is killed after so many seconds.
    pub splitter_dies: Option<u64>,
    /// The part of the usual bandwidth between functions and the bucket.
    pub link: f64,
    /// The mail service takes nothing from this second to that one.
    pub no_mail: std::ops::Range<u64>,
}

impl Default for Trouble {
    fn default() -> Self {
        Self { lost: 0, refused: 0, away: 0..0, limit: None, splitter_dies: None, link: 1.0, no_mail: 0..0 }
    }
}

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The files, in the order in which they are dropped.
    pub files: Vec<Dropped>,
    /// How many rows each row stands for.
    pub weight: u64,
    /// The table of contacts took many writes before.
    pub warm: bool,
    /// Seeds the dice.
    pub seed: u64,
    /// Splitters, workers and finalizers at the same time.
    pub splitters: usize,
    /// See above.
    pub workers: usize,
    /// See above.
    pub finalizers: usize,
    /// Megabytes of a splitter.
    pub memory: u64,
    /// What goes wrong.
    pub trouble: Trouble,
}

impl Scenario {
    /// One import of so many rows.
    pub fn of(rows: u64, weight: u64, warm: bool) -> Self {
        Self::with(vec![Dropped::of(0, "acme", rows, 0)], weight, warm)
    }

    /// Imports of these files.
    pub fn with(files: Vec<Dropped>, weight: u64, warm: bool) -> Self {
        let (splitters, workers, finalizers, memory) = lambda::DEFAULTS;
        let trouble = Trouble::default();
        Self { files, weight, warm, seed: 1, splitters, workers, finalizers, memory, trouble }
    }

    /// The same with trouble.
    pub fn but(self, trouble: Trouble) -> Self {
        Self { trouble, ..self }
    }
}

/// When an import came how far, in seconds after its drop.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steps {
    /// Its plan was written.
    pub planned: f64,
    /// It had its turn.
    pub turn: f64,
    /// Its last chunk was sent.
    pub sent: f64,
    /// Its first chunk was closed.
    pub first_closed: f64,
    /// Its last chunk was closed.
    pub closed: f64,
    /// Its last finalizer began.
    pub finalizing: f64,
    /// Its summary was written.
    pub summary: f64,
}

/// What an import came to.
#[derive(Debug, Clone)]
pub struct Came {
    /// When it came how far.
    pub steps: Steps,
    /// The program.
    pub program: String,
    /// The totals, by simulated row.
    pub summary: Summary,
    /// Seconds from the drop to the e-mail.
    pub seconds: f64,
}

impl Steps {
    fn since(self, dropped: f64) -> Self {
        let Self { planned, turn, sent, first_closed, closed, finalizing, summary } = self;
        let [planned, turn, sent, first_closed, closed, finalizing, summary] =
            [planned, turn, sent, first_closed, closed, finalizing, summary].map(|at| at - dropped);
        Self { planned, turn, sent, first_closed, closed, finalizing, summary }
    }
}

/// What a simulation came to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The imports in the order of their ends.
    pub imports: Vec<Came>,
    /// Files of which no import ended in time.
    pub unended: usize,
    /// What happened, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// Write units that the table of contacts took.
    pub written: u64,
    /// The same in each second.
    pub written_in: Vec<u64>,
}

impl Outcome {
    /// How often something happened.
    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }
}

/// Virtual time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimClock(tokio::time::Instant, Timestamp);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.1 + SignedDuration::try_from(self.0.elapsed()).expect("hours")
    }
}

impl Timer for SimClock {
    async fn sleep(&self, time: SignedDuration) {
        tokio::time::sleep(time.unsigned_abs()).await;
    }
}

/// The services, shared by all functions.
pub(crate) struct Cloud {
    pub(crate) clock: SimClock,
    pub(crate) objects: MemoryObjects,
    pub(crate) directory: MemoryDirectory,
    pub(crate) contacts: MemoryContacts,
    pub(crate) imports: MemoryImports,
    pub(crate) table: Mutex<Table>,
    pub(crate) chunks: Arc<Sqs<Body>>,
    pub(crate) dead: Arc<Sqs<Body>>,
    pub(crate) finalize: Arc<Sqs<Body>>,
    pub(crate) mails: Mutex<BTreeMap<ImportId, Timestamp>>,
    pub(crate) counts: Mutex<BTreeMap<&'static str, u64>>,
    steps: Mutex<BTreeMap<ImportId, Steps>>,
    pub(crate) keeps: AtomicU32,
    /// Splitters that may still begin.
    pub(crate) splitters: tokio::sync::Semaphore,
    dice: Mutex<u64>,
    pub(crate) weight: u64,
    pub(crate) trouble: Trouble,
    pub(crate) size: ChunkSize,
}

impl Cloud {
    pub(crate) fn count(&self, what: &'static str) {
        *self.counts.lock().expect("one thread").entry(what).or_default() += 1;
    }

    /// Notes that an import came to a step now; seconds since the simulation began.
    pub(crate) fn note(&self, import: &ImportId, set: impl FnOnce(&mut Steps, f64)) {
        let now = self.clock.0.elapsed().as_secs_f64();
        set(self.steps.lock().expect("one thread").entry(import.clone()).or_default(), now);
    }

    /// A number below a bound (splitmix64).
    pub(crate) fn roll(&self, below: u64) -> u64 {
        let mut dice = self.dice.lock().expect("one thread");
        *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    /// Whether the table refuses a batch for another reason than its throughput.
    pub(crate) fn refuses(&self, now: f64) -> bool {
        let Trouble { refused, away, .. } = &self.trouble;
        let gone = away.start as f64 <= now && now < away.end as f64;
        gone || *refused > 0 && self.roll(100) < *refused
    }

    /// Whether the mail service takes nothing now.
    pub(crate) fn refuses_mail(&self) -> bool {
        self.trouble.no_mail.contains(&self.clock.0.elapsed().as_secs())
    }

    /// Whether a call fails, and whether it did its work before.
    pub(crate) fn fails(&self) -> Option<bool> {
        (self.trouble.lost > 0 && self.roll(self.trouble.lost) == 0).then(|| self.roll(2) == 0)
    }

    /// Waits for about so many milliseconds; one call in a hundred takes five times as long.
    pub(crate) async fn latency(&self, milliseconds: u64) {
        let times = if self.roll(100) == 0 { 5 } else { 1 };
        let micros = milliseconds * (700 + self.roll(600)) * times;
        tokio::time::sleep(std::time::Duration::from_micros(micros)).await;
    }
}

/// Runs a simulation until all imports have ended, or so many hours have passed.
pub fn simulate(scenario: &Scenario, hours: u64) -> Outcome {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, run(scenario.clone(), hours))
}

async fn run(scenario: Scenario, hours: u64) -> Outcome {
    let cloud = Arc::new(cloud(&scenario));
    lambda::start(&cloud, &scenario);
    let dropped = Arc::new(Mutex::new(Vec::new()));
    let files = scenario.files.clone();
    let (of_cloud, noted) = (cloud.clone(), dropped.clone());
    let weight = scenario.weight;
    tokio::task::spawn_local(async move {
        for (number, file) in files.into_iter().enumerate() {
            let at = of_cloud.clock.0 + std::time::Duration::from_secs(file.after);
            tokio::time::sleep_until(at).await;
            noted
                .lock()
                .expect("one thread")
                .push((lambda::drop_file(&of_cloud, number, &file, weight), file.program));
        }
    });
    let all = scenario.files.len();
    let end = cloud.clock.0 + std::time::Duration::from_secs(hours * 3600);
    while cloud.mails.lock().expect("one thread").len() < all && tokio::time::Instant::now() < end {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    let dropped = dropped.lock().expect("one thread").clone();
    outcome(&cloud, &dropped, all)
}

fn cloud(scenario: &Scenario) -> Cloud {
    let dead = Arc::new(Sqs::new(lambda::FINALIZER_VISIBILITY, 10, None));
    let cloud = Cloud {
        clock: SimClock(tokio::time::Instant::now(), BEGIN.parse().expect("a time")),
        objects: MemoryObjects::default(),
        directory: MemoryDirectory::default(),
        contacts: MemoryContacts::default(),
        imports: MemoryImports::default(),
        table: Mutex::new(table(scenario)),
        chunks: Arc::new(Sqs::new(lambda::WORKER_VISIBILITY, lambda::RECEIVES, Some(dead.clone()))),
        dead,
        finalize: Arc::new(Sqs::new(lambda::FINALIZER_VISIBILITY, 5, None)),
        mails: Mutex::default(),
        counts: Mutex::default(),
        steps: Mutex::default(),
        keeps: AtomicU32::new(0),
        splitters: tokio::sync::Semaphore::new(scenario.splitters),
        dice: Mutex::new(scenario.seed),
        weight: scenario.weight,
        trouble: scenario.trouble.clone(),
        size: ChunkSize {
            rows: u32::try_from((lambda::CHUNK_ROWS / scenario.weight).max(1)).expect("a few rows"),
            bytes: 600_000,
            memory: scenario.memory * 1024 * 1024 / 4 * 3 / scenario.weight,
        },
    };
    let programs: std::collections::BTreeSet<&str> =
        scenario.files.iter().map(|file| file.program.as_str()).collect();
    for program in programs {
        let program = ProgramName::parse(program).expect("a program");
        let settings = "notify = ['ops@acme.example']\n";
        cloud.objects.drop_bytes(
            &object_keys::settings(&program),
            settings.as_bytes().to_vec(),
            cloud.clock.now(),
        );
    }
    cloud
}

fn table(scenario: &Scenario) -> Table {
    match scenario.trouble.limit {
        Some(limit) => Table::fixed(limit as f64),
        None => Table::new(if scenario.warm { QUOTA } else { COLD }),
    }
}

fn outcome(cloud: &Cloud, dropped: &[(ImportId, String)], all: usize) -> Outcome {
    let mails = cloud.mails.lock().expect("one thread").clone();
    let mut imports = Vec::new();
    for (import, program) in dropped {
        let Some(mailed) = mails.get(import) else { continue };
        let item = block_on(cloud.imports.get(import)).expect("in memory").expect("it began");
        let name = ProgramName::parse(program).expect("a program");
        let key = object_keys::Artifacts::of(&name, import).summary();
        let json = block_on(cloud.objects.get(&key)).expect("in memory").expect("it ended");
        let seconds = mailed.duration_since(item.object.modified).as_secs_f64();
        let summary = serde_json::from_slice(&json).expect("a summary");
        let steps = cloud.steps.lock().expect("one thread").get(import).copied().unwrap_or_default();
        let dropped = item.object.modified.duration_since(cloud.clock.1).as_secs_f64();
        let steps = steps.since(dropped);
        imports.push((*mailed, Came { program: program.clone(), summary, seconds, steps }));
    }
    imports.sort_by_key(|(mailed, _)| *mailed);
    let table = cloud.table.lock().expect("one thread");
    Outcome {
        unended: all - imports.len(),
        imports: imports.into_iter().map(|(_, came)| came).collect(),
        counts: cloud.counts.lock().expect("one thread").clone(),
        written: table.written(),
        written_in: table.seconds(),
    }
}
