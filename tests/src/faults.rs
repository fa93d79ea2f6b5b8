//! A machine that dies: every call of a port is numbered, and from the k-th on all fail.
//!
//! A test runs a stage with k = 0, 1, 2, … until it comes through untouched; after each it runs the stage again on
//! the same adapters without faults, as a redelivery would, and looks at the end state.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use rollcall_domain::contacts::directory::{Candidates, MatchKey};
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_domain::types::outcome::Status;
use rollcall_domain::types::secret::Secret;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::migrate::Sources;
use rollcall_pipeline::ports::{
    Announcement, Answer, ContactListing, ContactPage, ContactReader, ContactState, ContactWrite, Contacts,
    Directory, DirectoryItem, Dropped, Earlier, ImportItem, Imports, ListedContact, Mail, NotificationClaim,
    ObjectVersion, ObjectWriter, Objects, Pool, Ports, Queue, Take, Turn, UndoWrite, Wanted,
};
use rollcall_pipeline::sweep::{Backlog, Standing, Unfinished};

/// Whether the machine dies before or after the call did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The call does nothing.
    Before,
    /// The call does its work, and nobody hears of it.
    After,
}

/// When a machine dies; shared by all its ports.
#[derive(Debug, Clone)]
pub struct Machine {
    calls: Arc<AtomicU64>,
    dies_at: u64,
    side: Side,
    /// It never dies, but stumbles: the seed of when.
    stumbles: Option<u64>,
}

impl Machine {
    /// A machine that dies at the k-th call, counted from 0.
    pub fn dying_at(call: u64, side: Side) -> Self {
        Self { calls: Arc::default(), dies_at: call, side, stumbles: None }
    }

    /// A machine that lives on, and on which calls fail in fits of three at times that a seed decides: some before
    /// their work, some after it.
    pub fn stumbling(seed: u64) -> Self {
        Self { stumbles: Some(seed), ..Self::sound() }
    }

    /// A machine that never dies and counts.
    pub fn sound() -> Self {
        Self::dying_at(u64::MAX, Side::Before)
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Whether it died.
    pub fn is_dead(&self) -> bool {
        self.calls() > self.dies_at
    }

    /// A port of this machine.
    pub fn port<P>(&self, port: P) -> Faulty<P> {
        Faulty { machine: self.clone(), port }
    }

    /// All ports of this machine.
    pub fn ports<O, D, C, I, Q, K>(&self, ports: Ports<O, D, C, I, Q, K>) -> FaultyPorts<O, D, C, I, Q, K> {
        Ports {
            objects: self.port(ports.objects),
            directory: self.port(ports.directory),
            contacts: self.port(ports.contacts),
            imports: self.port(ports.imports),
            queue: self.port(ports.queue),
            clock: ports.clock,
        }
    }

    /// One call.
    async fn call<T>(&self, work: impl Future<Output = Answer<T>>) -> Answer<T> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.stumbles.and_then(|seed| stumble(seed, number)) {
            Some(Side::Before) => return Err(injected()),
            Some(Side::After) => return work.await.and_then(|_| Err(injected())),
            None => {}
        }
        if number > self.dies_at || number == self.dies_at && self.side == Side::Before {
            return Err(injected());
        }
        let answer = work.await;
        if number == self.dies_at { Err(injected()) } else { answer }
    }
}

/// Whether a call of a stumbling machine fails: in one fit of three calls out of five.
fn stumble(seed: u64, number: u64) -> Option<Side> {
    // SplitMix64. A product alone spreads the fits so evenly that a stage of many calls never gets through.
    let mut mixed = seed.wrapping_add((number / 3).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let side = if (mixed >> 8).wrapping_add(number).is_multiple_of(2) { Side::Before } else { Side::After };
    mixed.is_multiple_of(5).then_some(side)
}

fn injected() -> Fault {
    Fault::permanent("calling a port", "injected")
}

/// All ports of a machine that may die; its clock never fails.
pub type FaultyPorts<O, D, C, I, Q, K> = Ports<Faulty<O>, Faulty<D>, Faulty<C>, Faulty<I>, Faulty<Q>, K>;

/// A port of a machine that may die.
#[derive(Debug, Clone)]
pub struct Faulty<P> {
    machine: Machine,
    /// The adapter underneath.
    pub port: P,
}

impl<P: Objects> Objects for Faulty<P> {
    const AT_ONCE: usize = P::AT_ONCE;
    const RANGES: bool = P::RANGES;
    type Writer = Faulty<P::Writer>;

    fn bucket(&self) -> &str {
        self.port.bucket()
    }
    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        self.machine.call(self.port.describe(key)).await
    }
    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        self.machine.call(self.port.read(object, range)).await
    }
    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        self.machine.call(self.port.get(key)).await
    }
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Answer<()> {
        self.machine.call(self.port.put(key, bytes)).await
    }
    async fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> Answer<bool> {
        self.machine.call(self.port.put_if_absent(key, parts)).await
    }
    async fn create(&self, key: &str) -> Answer<Self::Writer> {
        let writer = self.machine.call(self.port.create(key)).await?;
        Ok(self.machine.port(writer))
    }
}

impl<W: ObjectWriter> ObjectWriter for Faulty<W> {
    async fn write(&mut self, bytes: &[u8]) -> Answer<()> {
        self.machine.call(self.port.write(bytes)).await
    }
    async fn finish(self) -> Answer<()> {
        self.machine.call(self.port.finish()).await
    }
}

impl<P: Queue> Queue for Faulty<P> {
    const AT_ONCE: usize = P::AT_ONCE;

    async fn send_chunk(&self, message: ChunkMessage) -> Answer<()> {
        self.machine.call(self.port.send_chunk(message)).await
    }
    async fn send_finalize(&self, program: &ProgramName, import: &ImportId) -> Answer<()> {
        self.machine.call(self.port.send_finalize(program, import)).await
    }
    async fn send_turn(&self, import: &ImportId) -> Answer<()> {
        self.machine.call(self.port.send_turn(import)).await
    }
}

impl<P: Backlog> Backlog for Faulty<P> {
    async fn waiting_chunks(&self) -> Answer<u64> {
        self.machine.call(self.port.waiting_chunks()).await
    }
}

impl<P: Unfinished> Unfinished for Faulty<P> {
    async fn unfinished(&self) -> Answer<Vec<ImportId>> {
        self.machine.call(self.port.unfinished()).await
    }
    async fn standing(&self, import: &ImportId) -> Answer<Standing> {
        self.machine.call(self.port.standing(import)).await
    }
    async fn received(&self, import: &ImportId, since: Timestamp) -> Answer<Vec<u32>> {
        self.machine.call(self.port.received(import, since)).await
    }
    async fn note_swept(&self, import: &ImportId, at: Timestamp) -> Answer<()> {
        self.machine.call(self.port.note_swept(import, at)).await
    }
}

impl<P: Directory> Directory for Faulty<P> {
    fn secret(&self) -> Answer<&Secret> {
        self.port.secret()
    }
    async fn candidates(&self, keys: &[MatchKey]) -> Answer<Vec<Candidates>> {
        self.machine.call(self.port.candidates(keys)).await
    }
    async fn find(&self, program: &ProgramName, wanted: &[(Kind, String)]) -> Answer<Vec<Vec<String>>> {
        self.machine.call(self.port.find(program, wanted)).await
    }
    async fn owners_with(&self, owners: &[ProgramName], wanted: (Kind, &str)) -> Answer<Vec<bool>> {
        self.machine.call(self.port.owners_with(owners, wanted)).await
    }
    async fn read(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> Answer<Vec<Option<DirectoryItem>>> {
        self.machine.call(self.port.read(owner, kind, ids)).await
    }
    async fn keep(&self, owner: &ProgramName, kind: Kind, items: &[DirectoryItem]) -> Answer<()> {
        self.machine.call(self.port.keep(owner, kind, items)).await
    }
}

impl<P: ContactListing> ContactListing for Faulty<P> {
    async fn next(&mut self) -> Answer<Vec<(ContactId, String)>> {
        self.machine.call(self.port.next()).await
    }
}

impl<P: Contacts> Contacts for Faulty<P> {
    type Listing = Faulty<P::Listing>;

    async fn now(&self, pool: &Pool, ids: &[ContactId]) -> Answer<Vec<Option<ContactState>>> {
        self.machine.call(self.port.now(pool, ids)).await
    }
    async fn lower_cutoff(&self, pool: &Pool, from: &ImportId, to: Option<&ImportId>) -> Answer<()> {
        self.machine.call(self.port.lower_cutoff(pool, from, to)).await
    }
    async fn undo(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        self.machine.call(self.port.undo(pool, undone, writes)).await
    }
    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<Earlier>>> {
        self.machine.call(self.port.read(pool, import, wanted)).await
    }
    async fn keep(
        &self,
        pool: &Pool,
        import: &ImportId,
        chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> Answer<()> {
        self.machine.call(self.port.keep(pool, import, chunk, records)).await
    }
    async fn list(&self, pool: &Pool, import: &ImportId) -> Answer<Self::Listing> {
        let listing = self.machine.call(self.port.list(pool, import)).await?;
        Ok(self.machine.port(listing))
    }
    async fn cutoff(&self, pool: &Pool) -> Answer<Option<ImportId>> {
        self.machine.call(self.port.cutoff(pool)).await
    }
    async fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        self.machine.call(self.port.raise_cutoff(pool, import)).await
    }
    async fn end_import(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        self.machine.call(self.port.end_import(pool, import)).await
    }
}

impl<P: Sources> Sources for Faulty<P> {
    async fn list(&self, prefix: &str) -> Answer<Vec<String>> {
        self.machine.call(self.port.list(prefix)).await
    }
    async fn found(&self, key: &str) -> Answer<Option<Dropped>> {
        self.machine.call(self.port.found(key)).await
    }
}

impl<P: ContactReader> ContactReader for Faulty<P> {
    async fn page(&self, program: &ProgramName, cursor: Option<&str>, limit: usize) -> Answer<ContactPage> {
        self.machine.call(self.port.page(program, cursor, limit)).await
    }
    async fn find(&self, program: &ProgramName, contact: &ContactId) -> Answer<Option<ListedContact>> {
        self.machine.call(self.port.find(program, contact)).await
    }
    async fn erase(&self, program: &ProgramName, contact: &ContactId) -> Answer<bool> {
        self.machine.call(self.port.erase(program, contact)).await
    }
}

impl<P: Imports> Imports for Faulty<P> {
    async fn begin(&self, item: ImportItem) -> Answer<ImportItem> {
        self.machine.call(self.port.begin(item)).await
    }
    async fn admit_dry_run(&self, item: &ImportItem) -> Answer<Option<u32>> {
        self.machine.call(self.port.admit_dry_run(item)).await
    }
    async fn get(&self, import: &ImportId) -> Answer<Option<ImportItem>> {
        self.machine.call(self.port.get(import)).await
    }
    async fn seal(&self, import: &ImportId, chunks: u32) -> Answer<()> {
        self.machine.call(self.port.seal(import, chunks)).await
    }
    async fn open_chunks(&self, import: &ImportId) -> Answer<Vec<u32>> {
        self.machine.call(self.port.open_chunks(import)).await
    }
    async fn take(&self, import: &ImportId, chunk: u32, now: Timestamp, lease: Timestamp) -> Answer<Take> {
        self.machine.call(self.port.take(import, chunk, now, lease)).await
    }
    async fn close(&self, import: &ImportId, chunk: u32, now: Timestamp) -> Answer<u32> {
        self.machine.call(self.port.close(import, chunk, now)).await
    }
    async fn give_back(&self, import: &ImportId, chunk: u32, kept: u32) -> Answer<()> {
        self.machine.call(self.port.give_back(import, chunk, kept)).await
    }
    async fn kept(&self, import: &ImportId, chunk: u32) -> Answer<u32> {
        self.machine.call(self.port.kept(import, chunk)).await
    }
    async fn join_lane(&self, import: &ImportId, lane: &str) -> Answer<()> {
        self.machine.call(self.port.join_lane(import, lane)).await
    }
    async fn take_turn(&self, import: &ImportId, lane: &str, now: Timestamp) -> Answer<Turn> {
        self.machine.call(self.port.take_turn(import, lane, now)).await
    }
    async fn leave_lane(&self, import: &ImportId, lane: &str) -> Answer<Option<ImportId>> {
        self.machine.call(self.port.leave_lane(import, lane)).await
    }
    async fn turn_of(&self, lane: &str) -> Answer<Option<ImportId>> {
        self.machine.call(self.port.turn_of(lane)).await
    }
    async fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<NotificationClaim> {
        self.machine.call(self.port.claim_notification(import, now, lease)).await
    }
    async fn release_notification(&self, import: &ImportId) -> Answer<()> {
        self.machine.call(self.port.release_notification(import)).await
    }
    async fn notification_sent(&self, import: &ImportId) -> Answer<()> {
        self.machine.call(self.port.notification_sent(import)).await
    }
    async fn finish(&self, import: &ImportId, status: Status) -> Answer<()> {
        self.machine.call(self.port.finish(import, status)).await
    }

    async fn replace_options(&self, item: &ImportItem, options: Vec<(String, String)>) -> Answer<()> {
        self.machine.call(self.port.replace_options(item, options)).await
    }
}

impl<P: Mail> Mail for Faulty<P> {
    async fn send(&self, import: &ImportId, notification: &Notification) -> Answer<()> {
        self.machine.call(self.port.send(import, notification)).await
    }
    async fn announce(&self, announcement: &Announcement) -> Answer<()> {
        self.machine.call(self.port.announce(announcement)).await
    }
}
