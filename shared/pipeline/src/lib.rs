//! The three stages over ports: split, work, finalize. Knows the domain; no SDK, no adapter, no clock.
//!
//! - [`split`]: an object was dropped. Surveys it, writes the plan, sends its chunks.
//! - [`work`]: a chunk arrived. Judges its rows once, stores its result and its contacts, closes it.
//! - [`finalize`]: all chunks are closed. Assembles the results, sends the notification e-mail.
//! - [`assemble`]: writes both result files, in file order.
//! - [`abandon`]: a chunk failed for good. Stores results for its rows, so that the import can end.
//! - [`approve`]: an import that writes exactly what a dry run showed.
//! - [`undo`]: an import that takes back what another one wrote.
//! - [`cancel`]: an import is to end without the chunks that are not decided yet.
//! - [`lane`]: imports into one pool take turns.
//! - [`pace`]: writes to a table that throttles.
//! - [`pause`]: the imports of a program wait.
//! - [`resume`]: a program's imports go on.
//! - [`phase`]: what an import is doing.
//! - [`sweep`]: an import hangs. Sends what is missing once more, then abandons what workers could not end.
//! - [`history`]: which import wrote which field of a contact, and when.
//! - [`inbox`]: dropped files whose event was lost are found and imported.
//! - [`migrate`]: a schedule says to look for files. New ones are split like drops.
//! - [`request`]: the settings, profile and options of an import.
//! - [`preview`]: shows what an import would do, without starting one.
//! - [`export`]: contacts as a list that can be imported again.
//! - [`erase`]: erases a contact, in files of earlier imports too.
//! - [`webhook`]: the server of a program is told when an import is over.
//! - [`contacts`]: contacts as people see them now, page by page.
//!
//! # Example
//!
//! The three stages over ports in memory:
//!
//! ```
//! use jiff::{SignedDuration, Timestamp};
//! use pollster::block_on;
//! use rollcall_domain::plan::import_plan::ChunkSize;
//! use rollcall_embedded::clock::SetClock;
//! use rollcall_embedded::memory::*;
//! use rollcall_embedded::queue::{LocalQueue, Message};
//! use rollcall_pipeline::finalize::finalize;
//! use rollcall_pipeline::ports::{Objects, Ports};
//! use rollcall_pipeline::split::{Split, split_import};
//! use rollcall_pipeline::work::{Plans, work_chunk};
//!
//! let (objects, mail) = (MemoryObjects::default(), MemoryMail::default());
//! let now: Timestamp = "2026-03-01T09:30:00Z".parse()?;
//! objects.drop_bytes("settings/acme.toml", b"region = 'BR'".to_vec(), now);
//! objects.drop_bytes("inbox/acme/prospects/list.csv", b"Name,E-mail\nAna,ana@one.example\n".to_vec(), now);
//! let ports = Ports {
//!     objects,
//!     directory: MemoryDirectory::default(),
//!     contacts: MemoryContacts::default(),
//!     imports: MemoryImports::default(),
//!     queue: LocalQueue::with_room(10),
//!     clock: SetClock::at(now),
//! };
//! let (plans, lease) = (Plans::default(), SignedDuration::from_secs(60));
//!
//! block_on(async {
//!     let dropped = ports.objects.describe("inbox/acme/prospects/list.csv").await?.expect("it was dropped");
//!     let split = split_import(&ports, dropped, Vec::new(), ChunkSize::default()).await?;
//!     assert!(matches!(split, Split::Sent(_)));
//!     while let Some(message) = ports.queue.try_receive() {
//!         match message {
//!             Message::Chunk(chunk) => drop(work_chunk(&ports, &plans, lease, &chunk).await?),
//!             Message::Finalize(_, import) => drop(finalize(&ports, &mail, lease, &import, None).await?),
//!             Message::Turn(_) => unreachable!("nobody waits for a turn"),
//!         }
//!     }
//!     Ok::<(), rollcall_pipeline::fault::Fault>(())
//! })?;
//! assert!(ports.objects.keys().iter().any(|key| key.ends_with("/succeeded.csv")));
//! assert!(ports.objects.keys().iter().any(|key| key.ends_with("/summary.json")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod abandon;
pub mod approve;
mod artifacts;
pub mod assemble;
pub mod cancel;
pub mod contacts;
pub mod erase;
pub mod export;
pub mod fault;
pub mod finalize;
mod gate;
mod head;
pub mod history;
pub mod inbox;
pub mod lane;
pub mod migrate;
pub mod pace;
mod patch;
pub mod pause;
pub mod phase;
pub mod ports;
pub mod preview;
mod removal;
pub mod request;
pub mod resume;
mod sidecar;
pub mod split;
mod suppressions;
mod survey;
pub mod sweep;
mod text;
pub mod undo;
pub mod webhook;
pub mod work;
