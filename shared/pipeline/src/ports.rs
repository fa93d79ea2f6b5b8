//! The ports: what the plots need of the world, small as roles.
//!
//! Every call may be repeated: a plot that was interrupted runs again from its start. Each port says what a
//! repetition does. An empty list does nothing and answers an empty list. Adapters decide which of their
//! errors are worth another try ([`Fault`]); the plots never do.

use std::future::Future;
use std::ops::Range;

use jiff::Timestamp;
pub use rollcall_domain::contacts::contact::Wanted;
pub use rollcall_domain::contacts::directory::DirectoryItem;
use rollcall_domain::contacts::directory::{Candidates, MatchKey};
pub use rollcall_domain::contacts::writes::ContactWrite;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_domain::types::outcome::Status;

use crate::fault::Fault;

/// An answer of a port.
pub type Answer<T> = Result<T, Fault>;

/// One version of one object: every read of an import sees the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ObjectVersion {
    /// The object's key.
    pub key: String,
    /// What tells this version from another under the same key.
    pub version: String,
    /// Length in bytes.
    pub len: u64,
    /// When it was written; part of the import id.
    pub modified: Timestamp,
}

/// An object that was dropped, with what came along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The version that was dropped.
    pub object: ObjectVersion,
    /// Options from its metadata: name and value.
    pub options: Vec<(String, String)>,
}

/// The ports that work on an import, each a host's own; `()` where a host has none. A plot names those it uses, and
/// no other can be reached from it. The mail is not among them: only who ends imports has it.
#[derive(Debug, Clone)]
pub struct Ports<O, D, C, I, Q, K> {
    /// The bucket.
    pub objects: O,
    /// The directory.
    pub directory: D,
    /// The contacts.
    pub contacts: C,
    /// The imports' own state.
    pub imports: I,
    /// The queues.
    pub queue: Q,
    /// The time.
    pub clock: K,
}

/// The bucket: read by version, written whole or not at all.
pub trait Objects: Send + Sync {
    /// A large object while it is written; it appears when it is finished, dropped unfinished it never was.
    type Writer: ObjectWriter;
    /// How many objects are worth reading side by side: more than one where a read waits for a network.
    const AT_ONCE: usize = 1;

    /// The bucket's name, part of the import id.
    fn bucket(&self) -> &str;
    /// What is under a key now; `None` where nothing is.
    fn describe(&self, key: &str) -> impl Future<Output = Answer<Option<ObjectVersion>>> + Send;
    /// Bytes of one version; shorter than asked for only at its end. [`Fault::Gone`] where that version is not
    /// there any more.
    fn read(&self, object: &ObjectVersion, range: Range<u64>)
    -> impl Future<Output = Answer<Vec<u8>>> + Send;
    /// A small object whole; `None` where nothing is.
    fn get(&self, key: &str) -> impl Future<Output = Answer<Option<Vec<u8>>>> + Send;
    /// Writes an object, over what was there. Repeating it is safe.
    fn put(&self, key: &str, bytes: Vec<u8>) -> impl Future<Output = Answer<()>> + Send;
    /// Writes an object where nothing is; `false` where something is already, which then stays. Durable when
    /// answered: the caller goes on to write what this object promises.
    fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> impl Future<Output = Answer<bool>> + Send;
    /// Begins a large object.
    fn create(&self, key: &str) -> impl Future<Output = Answer<Self::Writer>> + Send;
}

/// A large object while it is written.
pub trait ObjectWriter: Send {
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Answer<()>> + Send;
    /// Makes the object appear, over what was there.
    fn finish(self) -> impl Future<Output = Answer<()>> + Send;
}

/// The queues. Messages may arrive twice, late, and in any order.
pub trait Queue: Send + Sync {
    /// Sends one chunk to the workers; waits where the queue is full. Sending twice is safe.
    fn send_chunk(&self, message: ChunkMessage) -> impl Future<Output = Answer<()>> + Send;
    /// Says that all chunks of an import are closed. Sending twice is safe.
    fn send_finalize(
        &self,
        program: &ProgramName,
        import: &ImportId,
    ) -> impl Future<Output = Answer<()>> + Send;
}

/// The directory: read by workers, written by its own loads. Accounts belong to the marketplace and are shared,
/// everything else to one program.
pub trait Directory: Send + Sync {
    /// The accounts behind each match key, in the order of the keys. Keys are distinct.
    fn candidates(&self, keys: &[MatchKey]) -> impl Future<Output = Answer<Vec<Candidates>>> + Send;
    /// The entries (JSON) behind each (kind, key) of a program, in the order asked; several where several
    /// entries share the key, then sorted by id. Pairs are distinct.
    fn find(
        &self,
        program: &ProgramName,
        wanted: &[(Kind, String)],
    ) -> impl Future<Output = Answer<Vec<Vec<String>>>> + Send;
    /// The entries of these ids as they are now, in the order of the ids, for a load to compare with.
    fn read(
        &self,
        owner: &ProgramName,
        kind: Kind,
        ids: &[String],
    ) -> impl Future<Output = Answer<Vec<Option<DirectoryItem>>>> + Send;
    /// Adds and updates entries by id; keys that an entry has no more stop finding it. Repeating it is safe.
    fn keep(
        &self,
        owner: &ProgramName,
        kind: Kind,
        items: &[DirectoryItem],
    ) -> impl Future<Output = Answer<()>> + Send;
}

/// Whose contacts: one program's, of one pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pool {
    /// The tenant.
    pub program: ProgramName,
    /// The pool of the profile.
    pub pool: String,
}

/// The contacts: read before judging, written after the fragment is durable.
pub trait Contacts: Send + Sync {
    /// The records (JSON) and memberships (anything) wanted, in the order asked, as they were BEFORE this
    /// import: what the import itself wrote is not seen. Wanted are distinct.
    fn read(
        &self,
        pool: &Pool,
        import: &ImportId,
        wanted: &[Wanted],
    ) -> impl Future<Output = Answer<Vec<Option<String>>>> + Send;
    /// Keeps what a chunk's rows leave behind. Repeating it changes nothing. A `repeated` record is kept only
    /// where none of this import with a lower row number and none of a newer import is; the record before the
    /// import stays beside it.
    fn keep(
        &self,
        pool: &Pool,
        import: &ImportId,
        chunk: u32,
        records: &[ContactWrite<'_>],
    ) -> impl Future<Output = Answer<()>> + Send;
    /// Replaces (DIG-5): the floor of the pool rises to this import, and never falls; a contact written by an
    /// older import reads as absent from then on, its memberships too. Repeating it is safe.
    fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
    /// The import has ended: the records kept beside repeated ones may go. Repeating it is safe.
    fn end_import(&self, pool: &Pool, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
}

/// How a chunk was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Nobody else works on it until the lease ends.
    Taken,
    /// It is done; nothing is to be written any more.
    Closed,
    /// Somebody holds a live lease: hand the message back.
    Leased,
}

/// Who may send the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationClaim {
    /// The caller, until the lease ends.
    Claimed,
    /// Nobody: it went out.
    Sent,
    /// Somebody else is at it.
    Held,
}

/// What is known of an import besides its papers in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImportItem {
    /// The import.
    pub import_id: ImportId,
    /// Whose.
    pub program: ProgramName,
    /// The profile's name, or `directory/<kind>`.
    pub profile: String,
    /// The object that was dropped.
    pub object: ObjectVersion,
    /// Nothing is to be written.
    pub dry_run: bool,
    /// Options that came with the drop, as given: name and value.
    pub options: Vec<(String, String)>,
    /// When the import began.
    pub started_at: Timestamp,
    /// How many chunks there are, once the plan is sealed.
    pub chunks: Option<u32>,
    /// How it ended, once it has.
    pub status: Option<Status>,
}

/// The imports' own state: which chunks are closed, who sends the letter.
pub trait Imports: Send + Sync {
    /// Notes a new import; one that is known already stays as it is and is answered.
    fn begin(&self, item: ImportItem) -> impl Future<Output = Answer<ImportItem>> + Send;
    /// The import, if it is known.
    fn get(&self, import: &ImportId) -> impl Future<Output = Answer<Option<ImportItem>>> + Send;
    /// Says how many chunks there are, before the first is sent. Repeating it with the same number is safe.
    fn seal(&self, import: &ImportId, chunks: u32) -> impl Future<Output = Answer<()>> + Send;
    /// The numbers of the chunks that are not closed yet, ascending.
    fn open_chunks(&self, import: &ImportId) -> impl Future<Output = Answer<Vec<u32>>> + Send;
    /// Takes a chunk for as long as the lease says.
    fn take(
        &self,
        import: &ImportId,
        chunk: u32,
        now: Timestamp,
        lease: Timestamp,
    ) -> impl Future<Output = Answer<Take>> + Send;
    /// Closes a chunk once, and answers how many are open still. Closing it again changes nothing.
    fn close(&self, import: &ImportId, chunk: u32) -> impl Future<Output = Answer<u32>> + Send;
    /// Claims the letter for as long as the lease says.
    fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> impl Future<Output = Answer<NotificationClaim>> + Send;
    /// Notes that the letter went out.
    fn notification_sent(&self, import: &ImportId) -> impl Future<Output = Answer<()>> + Send;
    /// Notes how the import ended. Repeating it is safe.
    fn finish(&self, import: &ImportId, status: Status) -> impl Future<Output = Answer<()>> + Send;
}

/// The mail service.
pub trait Mail: Send + Sync {
    /// Sends a letter; answered when the service has accepted it. A repetition is a second letter.
    fn send(&self, import: &ImportId, notification: &Notification)
    -> impl Future<Output = Answer<()>> + Send;
}

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
