//! The ports of one execution environment of a function: the adapters in memory, with latencies, bandwidth and throttles.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rollcall_domain::contacts::directory::{Candidates, MatchKey};
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_domain::types::outcome::Status;
use rollcall_domain::types::secret::Secret;
use rollcall_embedded::memory::{MemoryListing, MemoryObjects};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::pace::{Pace, Sent, Stopped, send_all};
use rollcall_pipeline::ports::{
    Answer, Clock, ContactState, ContactWrite, Contacts, Directory, DirectoryItem, Earlier, ImportItem,
    Imports, Mail, NotificationClaim, ObjectVersion, ObjectWriter, Objects, Pool, Ports, Queue, Take, Turn,
    UndoWrite, Wanted,
};
use rollcall_pipeline::sweep::{Backlog, Standing, Unfinished};

use tokio::time::Instant;

use super::lambda::Body;
use super::queue::Sqs;
use super::{Cloud, SimClock};

/// Bytes a second between a function and S3, each way (what 600 Mbit/s carry).
const LINK: f64 = 75_000_000.0;
/// Bytes that are on their way to S3 at most: four parts of an upload (shared/aws/src/upload.rs).
const PARTS: f64 = 4.0 * 8.0 * 1024.0 * 1024.0;
/// A row of a list has some 200 bytes, ours have 28; our result rows and contacts, which repeat it, are a half as large.
const BYTES_OF_A_ROW: f64 = 200.0 / 28.0;
const BYTES_OF_RESULTS: f64 = 2.2;
/// The two ways of a link.
const FROM: usize = 0;
const TO: usize = 1;
/// Milliseconds of calls, medians as published or seen: S3 first byte, S3 write, DynamoDB, SQS, SES.
const GET: u64 = 20;
const PUT: u64 = 30;
const TABLE: u64 = 6;
const SEND: u64 = 12;
const MAIL: u64 = 150;
/// After so many the SDK asks again where no answer came.
const ASKED_AGAIN: u64 = 300;
/// Items of one BatchWriteItem, and batches at a time (shared/aws/src/table.rs).
const BATCH: usize = 25;
const AT_A_TIME: usize = 8;

/// The ports of an execution environment; all are this one.
#[derive(Clone)]
pub(crate) struct Port(Arc<Env>);

struct Env {
    cloud: Arc<Cloud>,
    pace: Pace,
    /// When the link from S3 is free, and that to it.
    links: Mutex<[Instant; 2]>,
    /// Bytes of a drop that were read at once here, where a function reads them bit by bit.
    owed: Mutex<usize>,
}

pub(crate) type SimPorts = Ports<Port, Port, Port, Port, Port, SimClock>;

impl Port {
    pub(super) fn new(cloud: &Arc<Cloud>) -> Self {
        let links = Mutex::new([Instant::now(); 2]);
        Self(Arc::new(Env { cloud: cloud.clone(), pace: Pace::default(), links, owed: Mutex::default() }))
    }

    pub(super) fn ports(&self) -> SimPorts {
        Ports {
            objects: self.clone(),
            directory: self.clone(),
            contacts: self.clone(),
            imports: self.clone(),
            queue: self.clone(),
            clock: self.cloud().clock,
        }
    }

    pub(super) fn pace(&self) -> &Pace {
        &self.0.pace
    }

    fn cloud(&self) -> &Cloud {
        &self.0.cloud
    }

    /// A call: it takes its time. Where no answer comes, the SDK asks again; now and then in vain, and the write is done.
    async fn call<T>(&self, milliseconds: u64, work: impl Future<Output = Answer<T>> + Send) -> Answer<T> {
        self.cloud().latency(milliseconds).await;
        if self.cloud().fails().is_some() {
            self.cloud().latency(ASKED_AGAIN + milliseconds).await;
            if self.cloud().roll(4) == 0 {
                return work.await.and_then(|_| Err(lost()));
            }
        }
        work.await
    }

    /// A call that may be made twice.
    async fn ask<T>(&self, milliseconds: u64, work: impl Future<Output = Answer<T>> + Send) -> Answer<T> {
        self.cloud().latency(milliseconds).await;
        if self.cloud().fails().is_some() {
            self.cloud().latency(ASKED_AGAIN + milliseconds).await;
        }
        work.await
    }

    /// Sends a message; twice where the first answer is lost.
    async fn enqueue(&self, queue: &Sqs<Body>, group: &str, body: Body) -> Answer<()> {
        self.cloud().latency(SEND).await;
        if self.cloud().fails() == Some(true) {
            queue.send(group, body.clone());
            self.cloud().latency(ASKED_AGAIN + SEND).await;
        }
        queue.send(group, body);
        Ok(())
    }

    /// Carries bytes from S3 to the function, or the other way; others wait meanwhile. What is in `parts` need not have arrived.
    async fn carry(&self, way: usize, bytes: usize, times: f64, parts: f64) {
        let bytes = bytes as f64 * self.cloud().weight as f64 * times;
        let rate = LINK * self.cloud().trouble.link;
        let free = {
            let mut links = self.0.links.lock().expect("one thread");
            links[way] = links[way].max(Instant::now()) + Duration::from_secs_f64(bytes / rate);
            links[way]
        };
        let early = Duration::from_secs_f64(parts / rate);
        tokio::time::sleep_until(free.checked_sub(early).unwrap_or(free)).await;
    }

    /// Waits for as many of the bytes of a drop as were to be read by now.
    async fn pay(&self, bytes: usize) {
        let bytes = {
            let mut owed = self.0.owed.lock().expect("one thread");
            let bytes = bytes.min(*owed);
            *owed -= bytes;
            bytes
        };
        self.carry(FROM, bytes, BYTES_OF_A_ROW, 0.0).await;
    }

    /// Writes so many units to the table of contacts, as the adapter does.
    async fn write_units(&self, units: usize) -> Result<(), Stopped> {
        let clock = self.cloud().clock;
        let batches: Vec<Vec<()>> =
            (0..units.div_ceil(BATCH)).map(|batch| vec![(); BATCH.min(units - batch * BATCH)]).collect();
        let send = |batch: Vec<()>| async move {
            let all = batch.len();
            self.ask(TABLE, async { Ok(()) }).await?;
            let now = self.cloud().clock.0.elapsed().as_secs_f64();
            let refused = self.cloud().refuses(now);
            let room = if refused { 0 } else { all };
            let taken = self.cloud().table.lock().expect("one thread").take(now, room);
            if taken < all {
                self.cloud().count("throttled batches");
            }
            Ok(if taken == 0 { Sent::Throttled(batch) } else { Sent::But(vec![(); all - taken]) })
        };
        send_all("keeping contacts", self.pace(), &clock, AT_A_TIME, batches, send).await
    }
}

fn lost() -> Fault {
    Fault::transient("calling a service", "the answer was lost")
}

impl Objects for Port {
    const AT_ONCE: usize = 32;
    const RANGES: bool = true;
    type Writer = SimWriter;

    fn bucket(&self) -> &str {
        self.cloud().objects.bucket()
    }
    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        self.ask(GET, self.cloud().objects.describe(key)).await
    }
    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        let bytes = self.ask(GET, self.cloud().objects.read(object, range.clone())).await?;
        if object.key.starts_with("inbox/") {
            *self.0.owed.lock().expect("one thread") += bytes.len();
            return Ok(bytes);
        }
        // What follows the rows of a chunk result is read first, and is small however many rows each stands for.
        if range.start == 0 && range.end < object.len {
            self.carry(FROM, bytes.len(), BYTES_OF_RESULTS, 0.0).await;
        }
        Ok(bytes)
    }
    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        let bytes = self.ask(GET, self.cloud().objects.get(key)).await?;
        // The plan is as large as it is, whatever a row stands for.
        if key.contains("/chunks/") {
            self.carry(FROM, bytes.as_ref().map_or(0, Vec::len), BYTES_OF_RESULTS, 0.0).await;
        }
        Ok(bytes)
    }
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Answer<()> {
        if key.ends_with("/upload.json") {
            self.pay(usize::MAX).await;
        }
        let put = self.call(PUT, self.cloud().objects.put(key, bytes)).await;
        if let Some(import) = key.strip_suffix("/summary.json").and_then(|folder| folder.rsplit('/').next()) {
            let import = ImportId::parse(import).expect("the folder of an import");
            self.cloud().note(&import, |steps, now| steps.summary = now);
        }
        put
    }
    async fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> Answer<bool> {
        if key.contains("/chunks/") {
            self.carry(TO, parts.iter().map(|part| part.len()).sum(), BYTES_OF_RESULTS, 0.0).await;
        }
        self.call(PUT, self.cloud().objects.put_if_absent(key, parts)).await
    }
    async fn create(&self, key: &str) -> Answer<SimWriter> {
        // Nothing is asked before the first part is full (shared/aws/src/upload.rs).
        let inner = self.cloud().objects.create(key).await?;
        Ok(SimWriter { inner, port: self.clone() })
    }
}

/// A large object that is written in parts.
pub(crate) struct SimWriter {
    inner: <MemoryObjects as Objects>::Writer,
    port: Port,
}

impl ObjectWriter for SimWriter {
    async fn write(&mut self, bytes: &[u8]) -> Answer<()> {
        // Parts are sent side by side while the next one is written.
        self.port.carry(TO, bytes.len(), BYTES_OF_RESULTS, PARTS).await;
        self.inner.write(bytes).await
    }
    async fn finish(self) -> Answer<()> {
        let port = self.port.clone();
        port.carry(TO, 0, 1.0, 0.0).await;
        port.call(PUT, self.inner.finish()).await
    }
}

impl Directory for Port {
    fn secret(&self) -> Answer<&Secret> {
        self.cloud().directory.secret()
    }
    async fn candidates(&self, keys: &[MatchKey]) -> Answer<Vec<Candidates>> {
        // A batch holds 100 keys.
        let batches = keys.len() as u64 * self.cloud().weight / 100 / AT_A_TIME as u64;
        self.ask(TABLE * batches.max(1), self.cloud().directory.candidates(keys)).await
    }
    async fn find(&self, program: &ProgramName, wanted: &[(Kind, String)]) -> Answer<Vec<Vec<String>>> {
        self.ask(TABLE, self.cloud().directory.find(program, wanted)).await
    }
    async fn owners_with(&self, owners: &[ProgramName], wanted: (Kind, &str)) -> Answer<Vec<bool>> {
        self.call(TABLE, self.cloud().directory.owners_with(owners, wanted)).await
    }
    async fn read(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> Answer<Vec<Option<DirectoryItem>>> {
        self.call(TABLE, self.cloud().directory.read(owner, kind, ids)).await
    }
    async fn keep(&self, owner: &ProgramName, kind: Kind, items: &[DirectoryItem]) -> Answer<()> {
        self.call(TABLE, self.cloud().directory.keep(owner, kind, items)).await
    }
}

impl Contacts for Port {
    type Listing = MemoryListing;

    async fn list(&self, pool: &Pool, import: &ImportId) -> Answer<MemoryListing> {
        self.call(TABLE, self.cloud().contacts.list(pool, import)).await
    }
    async fn cutoff(&self, pool: &Pool) -> Answer<Option<ImportId>> {
        self.call(TABLE, self.cloud().contacts.cutoff(pool)).await
    }
    async fn now(&self, pool: &Pool, ids: &[ContactId]) -> Answer<Vec<Option<ContactState>>> {
        self.call(TABLE, self.cloud().contacts.now(pool, ids)).await
    }
    async fn lower_cutoff(&self, pool: &Pool, from: &ImportId, to: Option<&ImportId>) -> Answer<()> {
        self.call(TABLE, self.cloud().contacts.lower_cutoff(pool, from, to)).await
    }
    async fn undo(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        self.call(TABLE, self.cloud().contacts.undo(pool, undone, writes)).await
    }
    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<Earlier>>> {
        let batches = wanted.len() as u64 * self.cloud().weight / 100 / AT_A_TIME as u64;
        self.ask(TABLE * batches.max(1), self.cloud().contacts.read(pool, import, wanted)).await
    }
    async fn keep(
        &self,
        pool: &Pool,
        import: &ImportId,
        _chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> Answer<()> {
        let weight = self.cloud().weight as usize;
        let stopped = self.write_units(records.len() * weight).await.err();
        let kept = stopped.as_ref().map_or(records.len(), |stopped| stopped.done * BATCH / weight);
        // The store in memory takes each chunk once; a table takes what comes.
        let call = self.cloud().keeps.fetch_add(1, Ordering::Relaxed);
        self.cloud().contacts.keep(pool, import, call, &records[..kept]).await?;
        match stopped.map(|stopped| stopped.fault) {
            None => Ok(()),
            Some(Fault::Throttled { doing, cause, .. }) => {
                self.cloud().count("chunks that stopped half-way");
                Err(Fault::Throttled { doing, cause, kept })
            }
            Some(fault) => Err(fault),
        }
    }
    async fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        self.call(TABLE, self.cloud().contacts.raise_cutoff(pool, import)).await
    }
    async fn end_import(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        self.call(TABLE, self.cloud().contacts.end_import(pool, import)).await
    }
}

impl Imports for Port {
    async fn begin(&self, item: ImportItem) -> Answer<ImportItem> {
        self.call(TABLE, self.cloud().imports.begin(item)).await
    }
    async fn get(&self, import: &ImportId) -> Answer<Option<ImportItem>> {
        self.ask(TABLE, self.cloud().imports.get(import)).await
    }
    async fn seal(&self, import: &ImportId, chunks: u32) -> Answer<()> {
        self.cloud()
            .note(import, |steps, now| steps.planned = if steps.planned > 0.0 { steps.planned } else { now });
        self.call(TABLE, self.cloud().imports.seal(import, chunks)).await
    }
    async fn open_chunks(&self, import: &ImportId) -> Answer<Vec<u32>> {
        self.ask(TABLE, self.cloud().imports.open_chunks(import)).await
    }
    async fn take(&self, import: &ImportId, chunk: u32, now: Timestamp, lease: Timestamp) -> Answer<Take> {
        self.call(TABLE, self.cloud().imports.take(import, chunk, now, lease)).await
    }
    async fn close(&self, import: &ImportId, chunk: u32, now: Timestamp) -> Answer<u32> {
        let closed = self.call(2 * TABLE, self.cloud().imports.close(import, chunk, now)).await;
        self.cloud().note(import, |steps, now| {
            steps.closed = now;
            steps.first_closed = if steps.first_closed > 0.0 { steps.first_closed } else { now };
        });
        closed
    }
    async fn give_back(&self, import: &ImportId, chunk: u32, kept: u32) -> Answer<()> {
        self.call(TABLE, self.cloud().imports.give_back(import, chunk, kept)).await
    }
    async fn kept(&self, import: &ImportId, chunk: u32) -> Answer<u32> {
        self.ask(TABLE, self.cloud().imports.kept(import, chunk)).await
    }
    async fn join_lane(&self, import: &ImportId, lane: &str) -> Answer<()> {
        self.call(2 * TABLE, self.cloud().imports.join_lane(import, lane)).await
    }
    async fn take_turn(&self, import: &ImportId, lane: &str, now: Timestamp) -> Answer<Turn> {
        let turn = self.call(3 * TABLE, self.cloud().imports.take_turn(import, lane, now)).await;
        if matches!(turn, Ok(Turn::Taken)) {
            self.cloud()
                .note(import, |steps, now| steps.turn = if steps.turn > 0.0 { steps.turn } else { now });
        }
        turn
    }
    async fn leave_lane(&self, import: &ImportId, lane: &str) -> Answer<Option<ImportId>> {
        self.call(4 * TABLE, self.cloud().imports.leave_lane(import, lane)).await
    }
    async fn turn_of(&self, lane: &str) -> Answer<Option<ImportId>> {
        self.call(TABLE, self.cloud().imports.turn_of(lane)).await
    }
    async fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<NotificationClaim> {
        self.call(TABLE, self.cloud().imports.claim_notification(import, now, lease)).await
    }
    async fn release_notification(&self, import: &ImportId) -> Answer<()> {
        self.call(TABLE, self.cloud().imports.release_notification(import)).await
    }
    async fn notification_sent(&self, import: &ImportId) -> Answer<()> {
        self.call(TABLE, self.cloud().imports.notification_sent(import)).await
    }
    async fn finish(&self, import: &ImportId, status: Status) -> Answer<()> {
        self.call(2 * TABLE, self.cloud().imports.finish(import, status)).await
    }

    async fn replace_options(&self, item: &ImportItem, options: Vec<(String, String)>) -> Answer<()> {
        self.call(TABLE, self.cloud().imports.replace_options(item, options)).await
    }
}

impl Unfinished for Port {
    async fn unfinished(&self) -> Answer<Vec<ImportId>> {
        self.ask(TABLE, self.cloud().imports.unfinished()).await
    }
    async fn standing(&self, import: &ImportId) -> Answer<Standing> {
        self.ask(TABLE, self.cloud().imports.standing(import)).await
    }
    async fn received(&self, import: &ImportId, since: Timestamp) -> Answer<Vec<u32>> {
        self.call(TABLE, self.cloud().imports.received(import, since)).await
    }
    async fn note_swept(&self, import: &ImportId, at: Timestamp) -> Answer<()> {
        self.call(TABLE, self.cloud().imports.note_swept(import, at)).await
    }
}

impl Queue for Port {
    const AT_ONCE: usize = 16;

    async fn send_chunk(&self, message: ChunkMessage) -> Answer<()> {
        let group = message.program.to_string();
        self.pay(message.text.len()).await;
        self.cloud().note(&message.import_id, |steps, now| steps.sent = now);
        self.enqueue(&self.cloud().chunks, &group, Body::Chunk(Arc::new(message))).await
    }
    async fn send_finalize(&self, program: &ProgramName, import: &ImportId) -> Answer<()> {
        self.enqueue(&self.cloud().finalize, program.as_str(), Body::Finalize(import.clone())).await
    }
    async fn send_turn(&self, import: &ImportId) -> Answer<()> {
        self.enqueue(&self.cloud().finalize, "", Body::Turn(import.clone())).await
    }
}

impl Backlog for Port {
    async fn waiting_chunks(&self) -> Answer<u64> {
        self.call(SEND, async { Ok(self.cloud().chunks.waiting()) }).await
    }
}

impl Mail for Port {
    async fn send(&self, import: &ImportId, _notification: &Notification) -> Answer<()> {
        self.cloud().latency(MAIL).await;
        if self.cloud().refuses_mail() {
            return Err(Fault::throttled("sending a notification", "too many"));
        }
        self.cloud().count("e-mails");
        let now = self.cloud().clock.now();
        self.cloud().mails.lock().expect("one thread").entry(import.clone()).or_insert(now);
        Ok(())
    }
}
