//! The ports: the external services that the stages use, one small trait for each role.
//!
//! Every call may be repeated: an interrupted stage runs again from its start. Each port documents the effect of a
//! repetition. An empty list has no effect and returns an empty list. Adapters decide which of their errors are worth
//! a retry ([`Fault`]); the stages never do.

use std::future::Future;
use std::ops::Range;

use jiff::Timestamp;
pub use rollcall_domain::contacts::contact::Wanted;
pub use rollcall_domain::contacts::directory::DirectoryItem;
use rollcall_domain::contacts::directory::{Candidates, MatchKey};
pub use rollcall_domain::contacts::state::{ContactState, Earlier, UndoChange, UndoWrite};
pub use rollcall_domain::contacts::writes::ContactWrite;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::profile::webhook_url::WebhookUrl;
use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_domain::types::outcome::Status;
use rollcall_domain::types::secret::Secret;

use crate::fault::Fault;

/// The result of a port call.
pub type Answer<T> = Result<T, Fault>;

/// One version of one object: every read of an import sees the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ObjectVersion {
    /// The object's key.
    pub key: String,
    /// Distinguishes this version from another under the same key.
    pub version: String,
    /// Length in bytes.
    pub len: u64,
    /// When it was written; part of the import id.
    pub modified: Timestamp,
}

/// A dropped object with its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The version that was dropped.
    pub object: ObjectVersion,
    /// Options from its metadata: name and value.
    pub options: Vec<(String, String)>,
}

/// The ports that work on an import. Mail is not among them: only the finalizer sends it.
#[derive(Debug, Clone)]
pub struct Ports<O, D, C, I, Q, K> {
    /// The bucket.
    pub objects: O,
    /// The directory.
    pub directory: D,
    /// The contacts.
    pub contacts: C,
    /// The state of imports.
    pub imports: I,
    /// The queues.
    pub queue: Q,
    /// The time.
    pub clock: K,
}

/// A host of the stages: one type for each port.
pub trait Host: Send + Sync {
    /// The bucket.
    type Objects: Objects;
    /// The directory.
    type Directory: Directory;
    /// The contacts.
    type Contacts: Contacts;
    /// The state of imports.
    type Imports: Imports;
    /// The queues.
    type Queue: Queue;
    /// The time.
    type Clock: Clock;

    /// Its ports.
    fn ports(&self) -> &PortsOf<Self>;
}

/// The ports of a host.
pub type PortsOf<H> = Ports<
    <H as Host>::Objects,
    <H as Host>::Directory,
    <H as Host>::Contacts,
    <H as Host>::Imports,
    <H as Host>::Queue,
    <H as Host>::Clock,
>;

impl<O, D, C, I, Q, K> Host for Ports<O, D, C, I, Q, K>
where
    O: Objects,
    D: Directory,
    C: Contacts,
    I: Imports,
    Q: Queue,
    K: Clock,
{
    type Objects = O;
    type Directory = D;
    type Contacts = C;
    type Imports = I;
    type Queue = Q;
    type Clock = K;

    fn ports(&self) -> &Self {
        self
    }
}

/// The bucket: reads by version, writes an object whole or not at all.
pub trait Objects: Send + Sync {
    /// A large object that is being written. It appears when it is finished; if it is dropped before that, nothing
    /// appears.
    type Writer: ObjectWriter;
    /// The number of objects to read at the same time: more than one if reads wait for a network.
    const AT_ONCE: usize = 1;
    /// Whether to read parts of an object instead of all of it, where the network is what limits.
    const RANGES: bool = false;

    /// The bucket's name, part of the import id.
    fn bucket(&self) -> &str;
    /// The current object under a key; `None` if there is none.
    fn describe(&self, key: &str) -> impl Future<Output = Answer<Option<ObjectVersion>>> + Send;
    /// Bytes of one version; shorter than requested only at its end. [`Fault::Gone`] if that version no longer
    /// exists.
    fn read(&self, object: &ObjectVersion, range: Range<u64>)
    -> impl Future<Output = Answer<Vec<u8>>> + Send;
    /// A whole small object; `None` if there is none.
    fn get(&self, key: &str) -> impl Future<Output = Answer<Option<Vec<u8>>>> + Send;
    /// Writes an object and replaces an existing one. Repeating it is safe.
    fn put(&self, key: &str, bytes: Vec<u8>) -> impl Future<Output = Answer<()>> + Send;
    /// Writes an object if there is none; returns `false` if one exists, which then stays. The object is durable when
    /// the call returns: the caller continues with the writes that this object announces.
    fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> impl Future<Output = Answer<bool>> + Send;
    /// Whether an object was dropped after another, as far as their times tell. S3 has whole seconds: within the same
    /// second it counts as dropped before.
    fn is_after(&self, one: &ObjectVersion, other: &ObjectVersion) -> bool {
        one.modified > other.modified
    }
    /// Begins a large object.
    fn create(&self, key: &str) -> impl Future<Output = Answer<Self::Writer>> + Send;
}

/// A large object that is being written.
pub trait ObjectWriter: Send {
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Answer<()>> + Send;
    /// Makes the object appear and replaces an existing one.
    fn finish(self) -> impl Future<Output = Answer<()>> + Send;
}

/// The queues. Messages may arrive twice, late, and in any order.
pub trait Queue: Send + Sync {
    /// How many chunks to send at the same time: more than one where a send waits for a network.
    const AT_ONCE: usize = 1;

    /// Sends one chunk to the workers; waits while the queue is full. Sending twice is safe.
    fn send_chunk(&self, message: ChunkMessage) -> impl Future<Output = Answer<()>> + Send;
    /// Announces that all chunks of an import are closed. Sending twice is safe.
    fn send_finalize(
        &self,
        program: &ProgramName,
        import: &ImportId,
    ) -> impl Future<Output = Answer<()>> + Send;
    /// Announces that it is the turn of an import that waited in its lane. Sending twice is safe.
    fn send_turn(&self, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
}

/// The directory: workers read it, directory loads write it. Accounts belong to the marketplace and are shared, other
/// entries belong to one program, suppressions to either.
pub trait Directory: Send + Sync {
    /// The installation's secret: suppressions are kept and looked up in its HMAC.
    ///
    /// # Errors
    /// Where the host was not given it.
    fn secret(&self) -> Answer<&Secret>;
    /// The accounts under each match key, in the order of the keys. Keys are distinct.
    fn candidates(&self, keys: &[MatchKey]) -> impl Future<Output = Answer<Vec<Candidates>>> + Send;
    /// The entries (JSON) under each (kind, key) of a program, in the order requested. Several entries may share a
    /// key; they are sorted by id. Pairs are distinct.
    fn find(
        &self,
        program: &ProgramName,
        wanted: &[(Kind, String)],
    ) -> impl Future<Output = Answer<Vec<Vec<String>>>> + Send;
    /// Which of these owners have an entry under a key, in the order of the owners.
    fn owners_with(
        &self,
        owners: &[ProgramName],
        wanted: (Kind, &str),
    ) -> impl Future<Output = Answer<Vec<bool>>> + Send {
        async move {
            let mut with = Vec::with_capacity(owners.len());
            for owner in owners {
                let found = self.find(owner, &[(wanted.0, wanted.1.to_owned())]).await?;
                with.push(found.iter().any(|entries| !entries.is_empty()));
            }
            Ok(with)
        }
    }
    /// The current entries with these ids, in the order of the ids. A load compares with them.
    fn read(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> impl Future<Output = Answer<Vec<Option<DirectoryItem>>>> + Send;
    /// The entries (JSON) of a kind in the order of their ids, where a store can list them and has at most so many. Only
    /// hints rest on them.
    fn list(
        &self,
        owner: &ProgramName,
        kind: Kind,
        most: usize,
    ) -> impl Future<Output = Answer<Option<Vec<String>>>> + Send {
        let _ = (owner, kind, most);
        async { Ok(None) }
    }
    /// Adds and updates entries by id. Keys that an entry no longer has do not find it any more. Repeating it is
    /// safe.
    fn keep(
        &self,
        owner: &ProgramName,
        kind: Kind,
        items: &[DirectoryItem],
    ) -> impl Future<Output = Answer<()>> + Send;
}

/// The contacts of one pool of a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pool {
    /// The tenant.
    pub program: ProgramName,
    /// The pool of the profile.
    pub pool: String,
}

/// The contacts: read before judging, written after the chunk result is durable.
pub trait Contacts: Send + Sync {
    /// All contacts of a pool, page by page.
    type Listing: ContactListing;

    /// The requested records (JSON) and memberships (any value), in the order requested, as they were BEFORE this
    /// import, each with the import that wrote it: writes of the import itself are not seen. Requests are distinct.
    fn read(
        &self,
        pool: &Pool,
        import: &ImportId,
        wanted: &[Wanted],
    ) -> impl Future<Output = Answer<Vec<Option<Earlier>>>> + Send;
    /// These contacts as they are now, in the order requested; also those below the cutoff. Ids are distinct.
    fn now(
        &self,
        pool: &Pool,
        ids: &[ContactId],
    ) -> impl Future<Output = Answer<Vec<Option<ContactState>>>> + Send;
    /// Writes the contacts of a chunk. Repeating it changes nothing. A `repeated` record is stored only where no
    /// lower row of this import and no newer import has written; the record before the import stays beside it. A
    /// `repeated` row without a record leaves the contact and its last import as they were before this import, and
    /// higher rows of the import then store nothing.
    /// Where the store takes no more for now, [`Fault::Throttled`] says how many of the records are written.
    fn keep(
        &self,
        pool: &Pool,
        import: &ImportId,
        chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> impl Future<Output = Answer<()>> + Send;
    /// All contacts of a pool as they were before the import, which has not written yet.
    fn list(&self, pool: &Pool, import: &ImportId) -> impl Future<Output = Answer<Self::Listing>> + Send;
    /// The cutoff of a pool: contacts that an older import wrote read as absent.
    fn cutoff(&self, pool: &Pool) -> impl Future<Output = Answer<Option<ImportId>>> + Send;
    /// Replaces (DIG-5): raises the cutoff of the pool to this import; it never falls. A contact that an older import
    /// wrote reads as absent from then on, its memberships too. Repeating it is safe.
    fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
    /// Undoes a replace: the cutoff of the pool goes back, where it still is this import's. Repeating it is safe.
    fn lower_cutoff(
        &self,
        pool: &Pool,
        from: &ImportId,
        to: Option<&ImportId>,
    ) -> impl Future<Output = Answer<()>> + Send;
    /// Undoes writes of an import. A contact that has another last import than expected stays, and so does a membership
    /// that another import added. Repeating it changes nothing.
    fn undo(
        &self,
        pool: &Pool,
        undone: &ImportId,
        writes: &[UndoWrite],
    ) -> impl Future<Output = Answer<()>> + Send;
    /// The import has ended: the copies of earlier records may be removed. Repeating it is safe.
    fn end_import(&self, pool: &Pool, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
}

/// The contacts of a pool while they are listed, in the order of their ids as text.
pub trait ContactListing: Send {
    /// The next ones, each with its record (JSON); none at the end.
    fn next(&mut self) -> impl Future<Output = Answer<Vec<(ContactId, String)>>> + Send;
}

/// A contact as it is stored, with its present values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedContact {
    /// The contact.
    pub contact_id: ContactId,
    /// Its pool within the program.
    pub pool: String,
    /// The import that wrote it last.
    pub import_id: String,
    /// Its record, JSON.
    pub record: String,
    /// The keys of its groups, ascending.
    pub groups: Vec<String>,
}

/// Some contacts of a program, and where the next ones are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPage {
    /// The contacts; a page may have fewer than requested, or none, and still be followed by another.
    pub contacts: Vec<ListedContact>,
    /// Continues after this page; `None` where it is the last one.
    pub next: Option<String>,
}

/// The contacts as people read them, and the end of one. Contacts below the cutoff of their pool are absent.
pub trait ContactReader: Send + Sync {
    /// About `limit` contacts of a program, after those of the page that `cursor` came with. The order is the store's
    /// own and does not change; a contact that is there all the time is in exactly one page. A cursor that no page came
    /// with is [`Fault::Damaged`].
    fn page(
        &self,
        program: &ProgramName,
        cursor: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Answer<ContactPage>> + Send;
    /// One contact of a program, whichever pool it is in.
    fn find(
        &self,
        program: &ProgramName,
        contact: &ContactId,
    ) -> impl Future<Output = Answer<Option<ListedContact>>> + Send;
    /// Removes a contact with its memberships and every copy of its record, also where it is below the cutoff; `false`
    /// where there was nothing. Repeating it is safe.
    fn erase(&self, program: &ProgramName, contact: &ContactId) -> impl Future<Output = Answer<bool>> + Send;
}

/// The result of a worker's request for a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// The worker holds the chunk until the lease ends.
    Taken,
    /// The chunk is closed; nothing more may be written.
    Closed,
    /// Another worker holds a live lease: retry the message later.
    Leased,
}

/// The result of a finalizer's request to send the notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationClaim {
    /// The caller sends it; the claim holds until the lease ends.
    Claimed,
    /// It was sent already.
    Sent,
    /// Another finalizer is sending it.
    Held,
}

/// The state of an import outside its artifacts in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImportItem {
    /// The import.
    pub import_id: ImportId,
    /// The program.
    pub program: ProgramName,
    /// The profile's name, or `directory/<kind>`.
    pub profile: String,
    /// The object that was dropped.
    pub object: ObjectVersion,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// Options from the drop, unparsed: name and value.
    pub options: Vec<(String, String)>,
    /// The start time of the import.
    pub started_at: Timestamp,
    /// The lane in which it takes its turn; `None` where it waits for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// How many chunks there are, once the plan is written.
    pub chunks: Option<u32>,
    /// The status, once the import has ended.
    pub status: Option<Status>,
}

/// The answer to an import that asks for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is the import's turn, until it leaves the lane.
    Taken,
    /// Another import of the lane has its turn, or comes before.
    Waiting,
}

/// The state of imports: which chunks are closed, whose turn it is, who sends the notification.
pub trait Imports: Send + Sync {
    /// Stores a new import. A known one stays as it is and is returned.
    fn begin(&self, item: ImportItem) -> impl Future<Output = Answer<ImportItem>> + Send;
    /// Counts a dry run of its program and day; once, however often it is asked. `Some` limit where the program has
    /// used up its dry runs: it is not to be made. A host without quotas admits all.
    fn admit_dry_run(&self, _item: &ImportItem) -> impl Future<Output = Answer<Option<u32>>> + Send {
        async { Ok(None) }
    }
    /// The import, if it is known.
    fn get(&self, import: &ImportId) -> impl Future<Output = Answer<Option<ImportItem>>> + Send;
    /// Stores the number of chunks, before the first is sent. Repeating it with the same number is safe.
    fn seal(&self, import: &ImportId, chunks: u32) -> impl Future<Output = Answer<()>> + Send;
    /// The numbers of the chunks that are not closed yet, ascending.
    fn open_chunks(&self, import: &ImportId) -> impl Future<Output = Answer<Vec<u32>>> + Send;
    /// Takes a chunk for the duration of the lease.
    fn take(
        &self,
        import: &ImportId,
        chunk: u32,
        now: Timestamp,
        lease: Timestamp,
    ) -> impl Future<Output = Answer<Take>> + Send;
    /// Closes a chunk once, notes that the import moved, and returns how many are still open. Closing it again changes
    /// nothing.
    fn close(
        &self,
        import: &ImportId,
        chunk: u32,
        now: Timestamp,
    ) -> impl Future<Output = Answer<u32>> + Send;
    /// Stores that so many of a chunk's first writes are done, and ends the lease: others may take it. Less than is stored
    /// changes nothing. Repeating it is safe.
    fn give_back(&self, import: &ImportId, chunk: u32, kept: u32) -> impl Future<Output = Answer<()>> + Send;
    /// How many writes of a chunk are done, as far as that was stored.
    fn kept(&self, import: &ImportId, chunk: u32) -> impl Future<Output = Answer<u32>> + Send;
    /// Stores the lane of an import, once, and makes it wait there for its turn. Repeating it is safe, until the import
    /// leaves the lane.
    fn join_lane(&self, import: &ImportId, lane: &str) -> impl Future<Output = Answer<()>> + Send;
    /// Asks for the turn of an import: it is given to the lowest id in the lane, while no other import has it. The turn
    /// is kept until the import leaves the lane; asking again gives the same answer.
    fn take_turn(
        &self,
        import: &ImportId,
        lane: &str,
        now: Timestamp,
    ) -> impl Future<Output = Answer<Turn>> + Send;
    /// Leaves the lane and gives the turn back. Returns the import whose turn comes next, while no import has it: the
    /// caller announces it. Repeating it is safe.
    fn leave_lane(
        &self,
        import: &ImportId,
        lane: &str,
    ) -> impl Future<Output = Answer<Option<ImportId>>> + Send;
    /// The import that has its turn in a lane.
    fn turn_of(&self, lane: &str) -> impl Future<Output = Answer<Option<ImportId>>> + Send;
    /// Claims the notification for the length of the lease.
    fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> impl Future<Output = Answer<NotificationClaim>> + Send;
    /// Gives a claim back by which nothing was sent: the next one need not wait for the lease.
    fn release_notification(&self, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
    /// Stores that the notification was sent.
    fn notification_sent(&self, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
    /// Stores the status of an ended import. Repeating it is safe.
    fn finish(&self, import: &ImportId, status: Status) -> impl Future<Output = Answer<()>> + Send;
    /// Stores these options in place of those that the drop gave. Only for an import that is over: nothing reads them to
    /// split it again. Repeating it is safe.
    fn replace_options(
        &self,
        item: &ImportItem,
        options: Vec<(String, String)>,
    ) -> impl Future<Output = Answer<()>> + Send;
}

/// How far an import that has not ended has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// When it last moved: a chunk was closed, or its turn came.
    pub moved_at: Option<Timestamp>,
    /// When its turn came.
    pub turn_at: Option<Timestamp>,
    /// When the sweep last acted on it.
    pub swept_at: Option<Timestamp>,
}

/// The sweep's view of imports that have not ended.
pub trait Unfinished: Send + Sync {
    /// Imports that have not ended, ascending.
    fn unfinished(&self) -> impl Future<Output = Answer<Vec<ImportId>>> + Send;
    /// How far an import has come.
    fn standing(&self, import: &ImportId) -> impl Future<Output = Answer<Standing>> + Send;
    /// The open chunks that a worker has taken since a time, ascending.
    fn received(&self, import: &ImportId, since: Timestamp) -> impl Future<Output = Answer<Vec<u32>>> + Send;
    /// Stores that the sweep acted. Repeating it is safe.
    fn note_swept(&self, import: &ImportId, at: Timestamp) -> impl Future<Output = Answer<()>> + Send;
}

/// The chunks that wait in the queue.
pub trait Backlog: Send + Sync {
    /// About how many chunks wait for a worker or are with one, of all imports.
    fn waiting_chunks(&self) -> impl Future<Output = Answer<u64>> + Send;
}

/// The mail service, and what else is told when an import is over.
pub trait Mail: Send + Sync {
    /// Sends a notification; returns when the service has accepted it. A repetition sends a second e-mail.
    fn send(&self, import: &ImportId, notification: &Notification)
    -> impl Future<Output = Answer<()>> + Send;
    /// Keeps, for the webhook, that an import is over, before it counts as ended. Repeating it keeps the same one. A host
    /// whose webhook follows from the creation of `summary.json` has nothing to keep.
    fn announce(&self, announcement: &Announcement) -> impl Future<Output = Answer<()>> + Send {
        let _ = announcement;
        async { Ok(()) }
    }
}

/// What a program's server is told when an import is over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Announcement {
    /// The import; the id of the message.
    pub import_id: ImportId,
    /// The program.
    pub program: ProgramName,
    /// The body of the request (JSON).
    pub body: String,
}

/// A signed request of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// Where it goes.
    pub url: WebhookUrl,
    /// Its headers, the signature among them.
    pub headers: [(&'static str, String); 4],
    /// Its body.
    pub body: String,
}

/// Why a request got no response. The words hold no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFault {
    /// The name of the host has no address.
    #[error("the name of the server is not known")]
    NameUnknown,
    /// The name has an address that is not public.
    #[error("the address of the server is private")]
    Private,
    /// The certificate of the server is not valid for its name, or nobody knows who issued it.
    #[error("the certificate of the server is not trusted")]
    Untrusted,
    /// No response in time.
    #[error("the server did not answer in time")]
    NoAnswer,
    /// No connection, or one that was lost.
    #[error("there is no connection to the server")]
    Lost,
}

/// Sends requests of webhooks.
pub trait WebhookClient: Send + Sync {
    /// Sends a request over TLS and returns the status of the response. It looks the name up once, refuses it where an
    /// address is not public, connects to what it looked up, and follows no redirect.
    fn post(&self, request: &WebhookRequest) -> impl Future<Output = Result<u16, WebhookFault>> + Send;
}

/// The time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}
