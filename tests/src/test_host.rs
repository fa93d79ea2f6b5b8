//! A host for tests: a home in a folder that goes with the test, and the three stages run step by step in it.
//!
//! Everything runs on one thread, so a test decides in which order chunks are worked, which come twice, and in how
//! many rows a file is cut.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use pollster::block_on;
use rollcall_domain::contacts::contact::Record;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys;
use rollcall_domain::plan::object_keys::{Artifacts, Drop, DropTarget};
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::types::names::{ImportId, ProfileName, ProgramName};
use rollcall_embedded::bucket::Bucket;
use rollcall_embedded::clock::SetClock;
use rollcall_embedded::home::Home;
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_embedded::store::{ContactStore, DirectoryStore, ImportStore, ListedContact};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::finalize::{Finalized, finalize};
use rollcall_pipeline::ports::{Clock, ObjectVersion, Objects, Ports};
use rollcall_pipeline::preview::{Preview, preview};
use rollcall_pipeline::split::{Split, split_import};
use rollcall_pipeline::work::{Plans, work_chunk};

/// Longer than any test works on a chunk.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// How a test runs the workers.
#[derive(Debug, Clone)]
pub struct Course {
    /// How large chunks are.
    pub size: ChunkSize,
    /// Seeds the order in which chunks are worked; 0 is the file's order.
    pub order: u64,
    /// Every chunk is delivered this often.
    pub deliveries: usize,
}

impl Default for Course {
    fn default() -> Self {
        Self { size: ChunkSize::default(), order: 0, deliveries: 1 }
    }
}

/// A home and a clock of its own.
pub struct TestHost {
    folder: tempfile::TempDir,
    /// The home.
    pub home: Home,
    /// The time, which only the test moves.
    pub clock: SetClock,
}

/// What an import came to.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The import.
    pub import_id: ImportId,
    /// `upload.json`.
    pub upload: Upload,
    /// `summary.json`.
    pub summary: Summary,
    /// The bytes of `succeeded.csv`; empty where it does not exist.
    pub succeeded: Vec<u8>,
    /// The bytes of `failed.csv`; empty where it does not exist.
    pub failed: Vec<u8>,
    /// `report.html`.
    pub report: String,
    /// The notification that was sent, if one was.
    pub notification: Option<String>,
    /// The folder of its results and artifacts.
    pub folder: PathBuf,
}

/// A result row by column.
pub type ResultRow = BTreeMap<String, String>;

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHost {
    /// A host without programs.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        Self { folder, home, clock: SetClock::at("2026-11-21T08:00:00Z".parse().unwrap()) }
    }

    /// A host with the program `acme`, in Brazil and in English, which has a recipient.
    pub fn with_acme() -> Self {
        let host = Self::new();
        host.program("acme", "title = 'Acme'\nregion = 'BR'\nnotify = ['ops@acme.example']\n");
        host
    }

    /// Sets a program up.
    pub fn program(&self, name: &str, settings: &str) {
        let key = object_keys::settings(&ProgramName::parse(name).unwrap());
        block_on(self.home.bucket().put(&key, settings.as_bytes().to_vec())).unwrap();
    }

    /// Puts a profile of one's own into the bucket.
    pub fn profile(&self, name: &str, toml: &str) {
        Profile::parse(toml).unwrap();
        let key = object_keys::profile(&ProfileName::parse(name).unwrap());
        block_on(self.home.bucket().put(&key, toml.as_bytes().to_vec())).unwrap();
    }

    /// Loads a directory file and wants every row taken.
    pub fn directory(&self, program: &str, kind: &str, csv: &str) -> Imported {
        let imported = self.load(program, kind, csv);
        assert_eq!(imported.summary.status.as_str(), "completed", "{:?}", imported.summary);
        imported
    }

    /// Loads a directory file.
    pub fn load(&self, program: &str, kind: &str, csv: &str) -> Imported {
        let what = DropTarget::Directory(kind.parse().unwrap());
        let program = if kind == "accounts" { "_marketplace" } else { program };
        self.run(program, what, "directory.csv", csv.as_bytes(), &[], &Course::default())
    }

    /// Imports a file of a profile for `acme`.
    pub fn import(&self, profile: &str, file: impl AsRef<[u8]>) -> Imported {
        self.import_with(profile, file, &[], &Course::default())
    }

    /// Imports a file of a profile for `acme`, with options and in a course of its own.
    pub fn import_with(
        &self,
        profile: &str,
        file: impl AsRef<[u8]>,
        options: &[(&str, &str)],
        course: &Course,
    ) -> Imported {
        let what = DropTarget::Profile(ProfileName::parse(profile).unwrap());
        self.run("acme", what, "list.csv", file.as_ref(), options, course)
    }

    /// Imports a file for any program, under any name.
    pub fn run(
        &self,
        program: &str,
        what: DropTarget,
        file: &str,
        bytes: &[u8],
        options: &[(&str, &str)],
        course: &Course,
    ) -> Imported {
        let object = self.drop_file(program, what, file, bytes);
        let queue = LocalQueue::with_room(1_000_000);
        let import_id = self.split(&queue, object, options, course.size);
        self.work(&queue, course);
        self.answer(&import_id)
    }

    /// Previews a file of a profile for `acme`.
    pub fn preview(&self, profile: &str, file: &str, options: &[(&str, &str)]) -> Preview {
        self.preview_of(profile, file.as_bytes(), options)
    }

    /// Previews any bytes as a file of a profile for `acme`.
    pub fn preview_of(&self, profile: &str, file: &[u8], options: &[(&str, &str)]) -> Preview {
        let what = DropTarget::Profile(ProfileName::parse(profile).unwrap());
        let object = self.drop_file("acme", what, "preview.csv", file);
        let drop = Drop::parse(&object.key).unwrap();
        let given = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (directory, contacts) = (self.home.directory(), self.home.contacts());
        block_on(preview(self.home.bucket(), &directory, &contacts, &drop, object, given, 100)).unwrap()
    }

    /// Drops a file into the inbox, a while after the one before.
    pub fn drop_file(&self, program: &str, what: DropTarget, file: &str, bytes: &[u8]) -> ObjectVersion {
        self.clock.advance(1_000);
        let program = ProgramName::parse(program).unwrap();
        let key = Drop { program, what, file: file.to_owned(), dry_run: false }.key();
        let source = self.folder.path().join("source");
        std::fs::write(&source, bytes).unwrap();
        self.home.bucket().drop_file(&source, &key, self.clock.now()).unwrap();
        block_on(self.home.bucket().describe(&key)).unwrap().unwrap()
    }

    /// Runs the first stage.
    pub fn split(
        &self,
        queue: &LocalQueue,
        object: ObjectVersion,
        options: &[(&str, &str)],
        size: ChunkSize,
    ) -> ImportId {
        let given = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let Ports { objects, imports, queue, clock, .. } = &self.ports(queue.clone());
        let split = split_import(objects, imports, queue, clock, object, given, size);
        match block_on(split).unwrap() {
            Split::Refused(import)
            | Split::Sent(import)
            | Split::Over(import)
            | Split::Waiting(import)
            | Split::Paused(import) => import,
            Split::NotOurs => panic!("the object starts no import"),
        }
    }

    /// Runs the second and the third stage until the queues are empty.
    pub fn work(&self, queue: &LocalQueue, course: &Course) {
        let plans = Plans::default();
        // A gated import has a second round of chunks, after its decision.
        while self.work_round(queue, &plans, course) {}
    }

    /// Works on all chunks that are there, then on the ends of imports; answers whether there was any.
    fn work_round(&self, queue: &LocalQueue, plans: &Plans, course: &Course) -> bool {
        let mut chunks: Vec<ChunkMessage> = Vec::new();
        let mut finals = Vec::new();
        let mut sort = |message| match message {
            Message::Chunk(chunk) => chunks.extend(std::iter::repeat_n(chunk, course.deliveries)),
            Message::Finalize(_, import) => finals.push(import),
            Message::Turn(_) => unreachable!("a test drops one file after the other"),
        };
        while let Some(message) = queue.try_receive() {
            sort(message);
        }
        shuffle(&mut chunks, course.order);
        let any = !chunks.is_empty() || !finals.is_empty();
        for chunk in chunks {
            self.work_one(queue, plans, chunk);
        }
        finals.sort_unstable();
        finals.dedup();
        for import in finals {
            self.finalize_with(queue, &import);
        }
        any
    }

    /// Runs the second stage on one chunk.
    pub fn work_one(&self, queue: &LocalQueue, plans: &Plans, chunk: ChunkMessage) {
        block_on(work_chunk(&self.ports(queue.clone()), plans, LEASE, &chunk)).unwrap();
    }

    /// Runs the third stage.
    pub fn finalize(&self, import: &ImportId) -> Finalized {
        self.finalize_with(&LocalQueue::with_room(1_000), import)
    }

    fn finalize_with(&self, queue: &LocalQueue, import: &ImportId) -> Finalized {
        block_on(finalize(&self.ports(queue.clone()), self.home.outbox(), LEASE, import, None)).unwrap()
    }

    fn ports<Q>(&self, queue: Q) -> Ports<Bucket, DirectoryStore, ContactStore, ImportStore, Q, SetClock> {
        Ports {
            objects: self.home.bucket().clone(),
            directory: self.home.directory(),
            contacts: self.home.contacts(),
            imports: self.home.imports(),
            queue,
            clock: self.clock.clone(),
        }
    }

    /// Reads what an import answered.
    pub fn answer(&self, import_id: &ImportId) -> Imported {
        let item = self.home.listing().imports().unwrap();
        let item = item.into_iter().find(|item| item.import_id == *import_id).expect("the import is known");
        let artifacts = Artifacts::of(&item.program, import_id);
        let read = |key: String| block_on(self.home.bucket().get(&key)).unwrap();
        let json = |key: String| read(key.clone()).unwrap_or_else(|| panic!("{key} is missing"));
        Imported {
            import_id: import_id.clone(),
            upload: serde_json::from_slice(&json(artifacts.upload())).unwrap(),
            summary: serde_json::from_slice(&json(artifacts.summary())).unwrap(),
            succeeded: read(artifacts.succeeded()).unwrap_or_default(),
            failed: read(artifacts.failed()).unwrap_or_default(),
            report: String::from_utf8(json(artifacts.report())).unwrap(),
            notification: std::fs::read_to_string(self.home.outbox().notification(import_id)).ok(),
            folder: self.home.bucket().root().join(artifacts.folder()),
        }
    }

    /// The contacts of `acme` as the store keeps them, in order of their ids.
    pub fn contacts(&self) -> Vec<ListedContact> {
        let mut contacts = Vec::new();
        let acme = ProgramName::parse("acme").unwrap();
        let listed = self.home.listing().contacts::<Fault>(&acme, |contact| {
            contacts.push(contact);
            Ok(())
        });
        listed.unwrap();
        contacts
    }

    /// The records of `acme`'s contacts, by name.
    pub fn records(&self) -> Vec<Record> {
        let read = |contact: ListedContact| serde_json::from_str(&contact.record).unwrap();
        let mut records: Vec<Record> = self.contacts().into_iter().map(read).collect();
        records.sort_by(|one, other| one.name.cmp(&other.name));
        records
    }

    /// Moves the clock.
    pub fn later(&self, seconds: i64) -> Timestamp {
        self.clock.advance(seconds * 1_000);
        self.clock.now()
    }

    /// The home's folder.
    pub fn path(&self) -> &Path {
        self.home.path()
    }
}

impl Imported {
    /// How the import ended.
    pub fn status(&self) -> &str {
        self.summary.status.as_str()
    }

    /// Rows of `succeeded.csv`, by column.
    pub fn succeeded_rows(&self) -> Vec<ResultRow> {
        rows(&self.succeeded)
    }

    /// Rows of `failed.csv`, by column.
    pub fn failed_rows(&self) -> Vec<ResultRow> {
        rows(&self.failed)
    }

    /// Each row's number and outcome, both files together, in file order.
    pub fn outcomes(&self) -> Vec<(u64, String)> {
        let both = self.succeeded_rows().into_iter().chain(self.failed_rows());
        let outcome =
            |row: ResultRow| (row["rollcall_row"].parse().unwrap(), row["rollcall_outcome"].clone());
        let mut outcomes: Vec<_> = both.map(outcome).collect();
        outcomes.sort();
        outcomes
    }

    /// The errors of each row of `failed.csv`.
    pub fn errors(&self) -> Vec<(u64, String)> {
        let told = |row: ResultRow| (row["rollcall_row"].parse().unwrap(), row["rollcall_errors"].clone());
        self.failed_rows().into_iter().map(told).collect()
    }

    /// Codes of the file's verdict.
    pub fn file_codes(&self) -> Vec<&'static str> {
        self.upload.verdict.errors.iter().map(|finding| finding.code.as_str()).collect()
    }
}

/// Reads a result file as a program of the sender's would.
pub fn rows(file: &[u8]) -> Vec<ResultRow> {
    let Some(text) = file.strip_prefix(b"\xef\xbb\xbf") else {
        assert!(file.is_empty(), "a result file begins with a byte order mark");
        return Vec::new();
    };
    let header_end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let count = |sign: u8| text[..header_end].iter().filter(|byte| **byte == sign).count();
    let delimiter = *b",;|\t".iter().max_by_key(|sign| count(**sign)).unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text);
    reader.deserialize().map(Result::unwrap).collect()
}

/// A fixed shuffle for a seed: no random source, so that a failure comes again.
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for place in (1..items.len()).rev().filter(|_| seed > 0) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(place, (state >> 33) as usize % (place + 1));
    }
}
