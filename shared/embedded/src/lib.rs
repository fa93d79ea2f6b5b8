//! The adapters of the embedded host: a folder for the bucket, one SQLite file for the tables, a channel for the
//! queues, a folder of `.eml` files for the mail; and the same in memory, for tests.
//!
//! | port | on a home | in memory |
//! | --- | --- | --- |
//! | `Objects` | [`bucket::Bucket`] | [`memory::MemoryObjects`] |
//! | `Queue` | [`queue::LocalQueue`] | the same |
//! | `Directory` | [`store::DirectoryStore`] | [`memory::MemoryDirectory`] |
//! | `Contacts` | [`store::ContactStore`] | [`memory::MemoryContacts`] |
//! | `Imports` | [`store::ImportStore`] | [`memory::MemoryImports`] |
//! | `Mail` | [`outbox::Outbox`], with [`webhooks::Webhooks`] | [`memory::MemoryMail`] |
//! | `WebhookClient` | [`webhook_client::HttpsClient`] | |
//! | `Clock` | [`clock::SystemClock`] | [`clock::SetClock`] |
//!
//! [`home::Home`] opens all of a home at once. The futures of these adapters do their work when polled and never wait
//! for a reactor: any executor can run them, including `pollster` on a plain thread.
//!
//! # Example
//!
//! A home is opened, a file is dropped and imported. The command line does the same on threads:
//!
//! ```
//! use jiff::{SignedDuration, Timestamp};
//! use pollster::block_on;
//! use rollcall_domain::plan::import_plan::ChunkSize;
//! use rollcall_embedded::clock::SystemClock;
//! use rollcall_embedded::home::Home;
//! use rollcall_embedded::queue::{LocalQueue, Message};
//! use rollcall_pipeline::finalize::finalize;
//! use rollcall_pipeline::ports::{Objects, Ports};
//! use rollcall_pipeline::split::split_import;
//! use rollcall_pipeline::work::{Plans, work_chunk};
//!
//! let folder = tempfile::tempdir()?;
//! let home = Home::open(&folder.path().join("home"))?;
//! let list = folder.path().join("list.csv");
//! std::fs::write(&list, "Name,E-mail\nAna,ana@one.example\n")?;
//! let ports = Ports {
//!     objects: home.bucket().clone(),
//!     directory: home.directory(),
//!     contacts: home.contacts(),
//!     imports: home.imports(),
//!     queue: LocalQueue::with_room(10),
//!     clock: SystemClock,
//! };
//! let (plans, lease) = (Plans::default(), SignedDuration::ZERO);
//!
//! block_on(async {
//!     ports.objects.put("settings/acme.toml", b"title = 'Acme'".to_vec()).await?;
//!     home.bucket().drop_file(&list, "inbox/acme/prospects/list.csv", Timestamp::now())?;
//!     let dropped = ports.objects.describe("inbox/acme/prospects/list.csv").await?.expect("it was dropped");
//!     split_import(&ports, dropped, Vec::new(), ChunkSize::default()).await?;
//!     while let Some(message) = ports.queue.try_receive() {
//!         match message {
//!             Message::Chunk(chunk) => drop(work_chunk(&ports, &plans, lease, &chunk).await?),
//!             Message::Finalize(_, import) => drop(finalize(&ports, home.outbox(), lease, &import, None).await?),
//!             // Nothing else writes into this pool: no import waits for its turn.
//!             Message::Turn(_) => {}
//!         }
//!     }
//!     Ok::<(), rollcall_pipeline::fault::Fault>(())
//! })?;
//! let imports = home.listing().imports()?;
//! let notification = home.outbox().notification(&imports[0].import_id);
//! assert!(std::fs::read_to_string(notification)?.contains("Subject:"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bucket;
pub mod clock;
mod disk;
pub mod home;
pub mod memory;
pub mod outbox;
mod past_cache;
pub mod queue;
pub mod smtp;
pub mod store;
pub mod webhook_client;
pub mod webhooks;
