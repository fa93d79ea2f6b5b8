//! A world in memory: the three stages, driven by messages, on machines that may die.
//!
//! It is faster than a home on disk and goes through more: every message is handled by a machine of the test's choosing,
//! comes again where that failed, and the end state is compared byte by byte.

use std::collections::{BTreeMap, VecDeque};

use jiff::SignedDuration;
use pollster::block_on;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys;
use rollcall_domain::plan::object_keys::{Artifacts, Drop, DropTarget};
use rollcall_domain::report::summary::Summary;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::clock::SetClock;
use rollcall_embedded::memory::{MemoryContacts, MemoryDirectory, MemoryImports, MemoryMail, MemoryObjects};
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_pipeline::assemble::Assembly;
use rollcall_pipeline::finalize::{Finalized, finalize, finalize_begun};
use rollcall_pipeline::ports::{
    Clock, ContactReader, Imports, NotificationClaim, ObjectVersion, Objects, Pool, Ports,
};
use rollcall_pipeline::preview::{Preview, preview};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::split::{split_again, split_import};
use rollcall_pipeline::work::{Plans, Worked, work_chunk};

use crate::faults::Machine;
use crate::test_host::{Course, ResultRow, rows, shuffle};

const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// What starts a stage.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A file was dropped, with options.
    Dropped(ObjectVersion, Vec<(String, String)>),
    /// A chunk is to be worked.
    Chunk(ChunkMessage),
    /// All chunks of an import are closed.
    Finalize(ImportId),
    /// It is the turn of an import that waited.
    Turn(ImportId),
}

/// Whether an event is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It is.
    Done,
    /// It must come again, later.
    Again,
}

/// The adapters, and a clock that only the test moves.
#[derive(Debug)]
pub struct World {
    /// The bucket.
    pub objects: MemoryObjects,
    /// The directory.
    pub directory: MemoryDirectory,
    /// The contacts.
    pub contacts: MemoryContacts,
    /// The imports' state.
    pub imports: MemoryImports,
    /// The letters.
    pub mail: MemoryMail,
    /// The time.
    pub clock: SetClock,
    /// How large chunks are.
    pub size: ChunkSize,
    /// Letters that may have gone out a second time: the machine died between the mail service and our note of it.
    pub excused_letters: std::cell::Cell<usize>,
}

/// The ports of a world.
pub type WorldPorts =
    Ports<MemoryObjects, MemoryDirectory, MemoryContacts, MemoryImports, LocalQueue, SetClock>;

/// A contact as a reader sees it: id, record, groups, and the import that wrote it last.
pub type Shown = (ContactId, String, Vec<String>, ImportId);

/// What an import came to; equal where all that must be equal is.
#[derive(Debug, Clone, PartialEq)]
pub struct Came {
    /// Papers by name, without times; without the report, which shows them.
    pub artifacts: BTreeMap<String, String>,
    /// The contacts of `acme` and their groups.
    pub contacts: Vec<(ContactId, String, Vec<String>)>,
}

impl World {
    /// A world with the program `acme`, in Brazil.
    pub fn with_acme() -> Self {
        let world = Self {
            objects: MemoryObjects::default(),
            directory: MemoryDirectory::default(),
            contacts: MemoryContacts::default(),
            imports: MemoryImports::default(),
            mail: MemoryMail::default(),
            clock: SetClock::at("2026-11-21T08:00:00Z".parse().unwrap()),
            size: ChunkSize::default(),
            excused_letters: std::cell::Cell::new(0),
        };
        let settings = "title = 'Acme'\nregion = 'BR'\nnotify = ['ops@acme.example']\nwebhook_url = 'https://hooks.acme.example/'\n";
        world.put(&object_keys::settings(&ProgramName::parse("acme").unwrap()), settings);
        world
    }

    /// Writes an object.
    pub fn put(&self, key: &str, text: &str) {
        block_on(self.objects.put(key, text.as_bytes().to_vec())).unwrap();
    }

    /// Loads a directory file and wants every row taken.
    pub fn directory(&self, kind: &str, csv: &str) {
        let program = if kind == "accounts" { "_marketplace" } else { "acme" };
        let import = self.import_file(
            program,
            DropTarget::Directory(kind.parse().unwrap()),
            csv.as_bytes(),
            &[],
            &Course::default(),
        );
        assert_eq!(self.summary(&import).status.as_str(), "completed", "{:?}", self.summary(&import));
    }

    /// Imports a file of a profile for `acme`, undisturbed.
    pub fn import(&self, profile: &str, file: &[u8], options: &[(&str, &str)], course: &Course) -> ImportId {
        self.import_file("acme", DropTarget::Profile(profile.parse().unwrap()), file, options, course)
    }

    /// Makes a request about an import of `acme`, such as to undo it.
    pub fn request(&self, what: DropTarget, course: &Course) -> ImportId {
        self.import_file("acme", what, b"please\n", &[], course)
    }

    /// The same as a dry run.
    pub fn request_dry(&self, what: DropTarget, course: &Course) -> ImportId {
        let program = ProgramName::parse("acme").unwrap();
        let drop = Drop { program, what, file: String::new(), dry_run: true };
        self.drive_drop(self.drop_key(&drop.key(), b"please\n", &[]), course)
    }

    /// Imports a file for any owner, undisturbed.
    pub fn load_of(&self, owner: &str, what: DropTarget, file: &[u8]) -> ImportId {
        self.import_file(owner, what, file, &[], &Course::default())
    }

    /// The records of the contacts of `acme` that an import wrote last.
    pub fn records_by(&self, import: &ImportId) -> Vec<String> {
        let acme = ProgramName::parse("acme").unwrap();
        let written = block_on(self.contacts.page(&acme, None, usize::MAX)).unwrap().contacts.into_iter();
        written.filter(|contact| contact.import_id == import.as_str()).map(|contact| contact.record).collect()
    }

    fn import_file(
        &self,
        program: &str,
        what: DropTarget,
        file: &[u8],
        options: &[(&str, &str)],
        course: &Course,
    ) -> ImportId {
        self.drive_drop(self.drop_file(program, what, file, options), course)
    }

    fn drive_drop(&self, dropped: Event, course: &Course) -> ImportId {
        let sound = Machine::sound();
        let mut chunks = self.handle_sized(&sound, dropped, course.size).1;
        let import = self.imports.items().last().expect("the drop began an import").import_id.clone();
        chunks = chunks.into_iter().flat_map(|event| vec![event; course.deliveries]).collect();
        shuffle(&mut chunks, course.order);
        self.drive(chunks.into(), || sound.clone());
        import
    }

    /// This world with a file imported, and then another dropped that is cut into chunks of so many rows.
    pub fn and_dropped(
        mut self,
        profile: &str,
        earlier: &str,
        file: impl AsRef<[u8]>,
        options: &[(&str, &str)],
        rows: u32,
    ) -> (Self, Event) {
        self.import(profile, earlier.as_bytes(), &[], &Course::default());
        self.size = ChunkSize { rows, ..ChunkSize::default() };
        let what = DropTarget::Profile(profile.parse().unwrap());
        let dropped = self.drop_file("acme", what, file.as_ref(), options);
        (self, dropped)
    }

    /// Previews a file of a profile for `acme`.
    pub fn preview(&self, profile: &str, file: &[u8], options: &[(&str, &str)]) -> Preview {
        let what = DropTarget::Profile(profile.parse().unwrap());
        let Event::Dropped(object, given) = self.drop_file("acme", what, file, options) else {
            unreachable!("a file was dropped")
        };
        let drop = Drop::parse(&object.key).unwrap();
        let item = new_item(self.objects.bucket(), &drop, object, given, self.clock.now());
        block_on(preview(&self.objects, &self.directory, &self.contacts, &drop, &item, 100)).unwrap()
    }

    /// Drops a file into the inbox, a second after what was before.
    pub fn drop_file(&self, program: &str, what: DropTarget, file: &[u8], options: &[(&str, &str)]) -> Event {
        let program = ProgramName::parse(program).unwrap();
        let drop = Drop { program, what, file: "list.csv".to_owned(), dry_run: false };
        self.drop_key(&drop.key(), file, options)
    }

    fn drop_key(&self, key: &str, file: &[u8], options: &[(&str, &str)]) -> Event {
        self.clock.advance(1_000);
        self.objects.drop_bytes(key, file.to_vec(), self.clock.now());
        let object = block_on(self.objects.describe(key)).unwrap().unwrap();
        let given = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Event::Dropped(object, given)
    }

    /// Handles events, and those that they cause, until none is left; what failed comes again after the leases.
    pub fn drive(&self, mut events: VecDeque<Event>, mut machine: impl FnMut() -> Machine) {
        let mut rounds = 0;
        while let Some(event) = events.pop_front() {
            rounds += 1;
            assert!(rounds < 10_000, "the import never ends");
            let (handled, caused) = self.handle(&machine(), event.clone());
            events.extend(caused);
            if handled == Handled::Again {
                self.clock.advance(61_000);
                events.push_back(event);
            }
        }
    }

    /// Drives an import until the machine dies; answers what is left on the queue.
    pub fn drive_to_death(&self, dropped: Event, machine: &Machine) -> VecDeque<Event> {
        let mut events = VecDeque::from([dropped]);
        while let Some(event) = events.pop_front() {
            let (handled, caused) = self.handle(machine, event.clone());
            events.extend(caused);
            if handled == Handled::Again {
                events.push_front(event);
                break;
            }
        }
        events
    }

    /// Drives an import as a host does that begins the result files with its first chunks: so many are in when the
    /// finalizer comes, with the answers that their work gave, or read again. Says whether the finalizer came.
    pub fn drive_with_files_begun(&self, dropped: Event, begun: usize, give_answers: bool) -> bool {
        let (_, mut events) = self.handle(&Machine::sound(), dropped);
        let (plans, queue) = (Plans::default(), LocalQueue::with_room(usize::MAX));
        let (ports, mut files, mut ended) = (self.ports(&queue), None, false);
        events.reverse();
        while let Some(event) = events.pop() {
            match event {
                Event::Chunk(chunk) => {
                    let worked = block_on(work_chunk(&ports, &plans, LEASE, &chunk)).unwrap();
                    let Worked::Closed(answer) = worked else { unreachable!("nobody else works") };
                    if (chunk.chunk as usize) < begun {
                        let loaded =
                            block_on(plans.get(&ports.objects, &chunk.program, &chunk.import_id)).unwrap();
                        let files = files.get_or_insert_with(|| {
                            block_on(Assembly::begin(&ports.objects, &loaded.plan)).unwrap()
                        });
                        let answer = answer.filter(|_| give_answers).map(|answer| *answer);
                        block_on(files.add_closed(&ports.objects, &loaded.plan, answer)).unwrap();
                    }
                }
                Event::Finalize(import) => {
                    let over = finalize_begun(&ports, &self.mail, LEASE, &import, None, &mut files);
                    assert!(matches!(block_on(over), Ok(Finalized::Over(_))), "all chunks are closed");
                    ended = true;
                }
                Event::Dropped(..) | Event::Turn(_) => unreachable!("nobody drops a second file"),
            }
            events.extend(std::iter::from_fn(|| queue.try_receive()).map(event_of));
        }
        ended
    }

    /// Runs the stage that an event starts; returns what it sent, even where it failed.
    pub fn handle(&self, machine: &Machine, event: Event) -> (Handled, Vec<Event>) {
        self.handle_sized(machine, event, self.size)
    }

    fn handle_sized(&self, machine: &Machine, event: Event, size: ChunkSize) -> (Handled, Vec<Event>) {
        let queue = LocalQueue::with_room(usize::MAX);
        let letters = self.mail.sent().len();
        let handled = match event {
            Event::Dropped(object, options) => self.split(machine, &queue, object, options, size),
            Event::Chunk(chunk) => self.work(machine, &queue, chunk),
            Event::Finalize(import) => self.finalize(machine, &queue, &import, letters),
            Event::Turn(import) => self.follow_turn(machine, &queue, &import, size),
        };
        (handled, std::iter::from_fn(|| queue.try_receive()).map(event_of).collect())
    }

    fn split(
        &self,
        machine: &Machine,
        queue: &LocalQueue,
        object: ObjectVersion,
        options: Vec<(String, String)>,
        size: ChunkSize,
    ) -> Handled {
        match block_on(split_import(&machine.ports(self.ports(queue)), object, options, size)) {
            Ok(_) => Handled::Done,
            Err(_) => Handled::Again,
        }
    }

    fn follow_turn(
        &self,
        machine: &Machine,
        queue: &LocalQueue,
        import: &ImportId,
        size: ChunkSize,
    ) -> Handled {
        let Ports { objects, imports, queue, clock, .. } = &machine.ports(self.ports(queue));
        let split = async {
            let item = imports.get(import).await?.expect("it waits");
            split_again(objects, imports, queue, clock, item, size).await
        };
        if block_on(split).is_ok() { Handled::Done } else { Handled::Again }
    }

    fn work(&self, machine: &Machine, queue: &LocalQueue, chunk: ChunkMessage) -> Handled {
        let ports = machine.ports(self.ports(queue));
        match block_on(work_chunk(&ports, &Plans::default(), LEASE, &chunk)) {
            Ok(Worked::Closed(_) | Worked::Paused) => Handled::Done,
            Ok(Worked::Busy | Worked::Throttled { .. }) | Err(_) => Handled::Again,
        }
    }

    fn finalize(&self, machine: &Machine, queue: &LocalQueue, import: &ImportId, letters: usize) -> Handled {
        let (ports, mail) = (machine.ports(self.ports(queue)), machine.port(self.mail.clone()));
        let failed = match block_on(finalize(&ports, &mail, LEASE, import, None)) {
            Ok(Finalized::Over(_) | Finalized::NotYet) => return Handled::Done,
            Ok(Finalized::Busy) => return Handled::Again,
            Err(_) => self.mail.sent().len() > letters,
        };
        if failed {
            self.clock.advance(61_000);
            let now = self.clock.now();
            if block_on(self.imports.claim_notification(import, now, now)).unwrap() != NotificationClaim::Sent
            {
                self.excused_letters.set(self.excused_letters.get() + 1);
            }
        }
        Handled::Again
    }

    /// Ends an import that can go no further.
    pub fn abandon(&self, import: &ImportId, reason: &str) {
        let ports = self.ports(&LocalQueue::with_room(0));
        let ended = block_on(finalize(&ports, &self.mail, LEASE, import, Some(reason)));
        assert!(matches!(ended, Ok(Finalized::Over(_))), "it has ended");
    }

    /// The ports of a machine in this world.
    pub fn ports(&self, queue: &LocalQueue) -> WorldPorts {
        Ports {
            objects: self.objects.clone(),
            directory: self.directory.clone(),
            contacts: self.contacts.clone(),
            imports: self.imports.clone(),
            queue: queue.clone(),
            clock: self.clock.clone(),
        }
    }

    /// `summary.json`.
    pub fn summary(&self, import: &ImportId) -> Summary {
        serde_json::from_str(&self.paper(import, "summary.json").expect("the import ended")).unwrap()
    }

    /// One of an import's papers.
    pub fn paper(&self, import: &ImportId, name: &str) -> Option<String> {
        let item = block_on(self.imports.get(import)).unwrap().expect("the import is known");
        let key = format!("{}/{name}", Artifacts::of(&item.program, import).folder());
        block_on(self.objects.get(&key)).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    /// Rows of a result file.
    pub fn rows(&self, import: &ImportId, name: &str) -> Vec<ResultRow> {
        rows(self.paper(import, name).unwrap_or_default().as_bytes())
    }

    /// Letters of an import.
    pub fn letters(&self, import: &ImportId) -> usize {
        self.mail.sent().iter().filter(|(of, _)| of == import).count()
    }

    /// All that must be the same however the import went.
    pub fn came(&self, import: &ImportId) -> Came {
        let mut artifacts = BTreeMap::new();
        for name in ["upload.json", "summary.json", "succeeded.csv", "failed.csv"] {
            if let Some(text) = self.paper(import, name) {
                let timeless =
                    |line: &&str| !line.contains("\"started_at\"") && !line.contains("\"finished_at\"");
                let is_json = name.ends_with(".json");
                let text = if is_json { text.lines().filter(timeless).collect() } else { text };
                artifacts.insert(name.to_owned(), text.replace(import.as_str(), "the import"));
            }
        }
        let item = block_on(self.imports.get(import)).unwrap().expect("the import is known");
        for name in ["succeeded.xlsx", "failed.xlsx"] {
            let key = format!("{}/{name}", Artifacts::of(&item.program, import).folder());
            if let Some(bytes) = block_on(self.objects.get(&key)).unwrap() {
                artifacts.insert(name.to_owned(), bytes.iter().map(|byte| format!("{byte:02x}")).collect());
            }
        }
        assert!(self.paper(import, "report.html").is_some(), "every import has a report");
        Came {
            artifacts,
            contacts: ["partners", "mailing"].iter().flat_map(|pool| self.contacts_of(pool)).collect(),
        }
    }

    /// The contacts of a pool of `acme`, each with the import that wrote it last.
    pub fn shown(&self, pool: &str) -> Vec<Shown> {
        let pool = Pool { program: ProgramName::parse("acme").unwrap(), pool: pool.to_owned() };
        let stamps = self.contacts.stamps(&pool);
        let listed = self.contacts.listed(&pool).into_iter().zip(stamps);
        listed.map(|((id, record, groups), import)| (id, record, groups, import)).collect()
    }

    /// The contacts of a pool of `acme`.
    pub fn contacts_of(&self, pool: &str) -> Vec<(ContactId, String, Vec<String>)> {
        self.contacts.listed(&Pool { program: ProgramName::parse("acme").unwrap(), pool: pool.to_owned() })
    }
}

/// The event that a message is.
pub fn event_of(message: Message) -> Event {
    match message {
        Message::Chunk(chunk) => Event::Chunk(chunk),
        Message::Finalize(_, import) => Event::Finalize(import),
        Message::Turn(import) => Event::Turn(import),
    }
}
