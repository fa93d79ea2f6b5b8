//! The adapters of the embedded host: a folder for the bucket, one SQLite file for the tables, a channel for the
//! queues, a folder of `.eml` files for the mail; and everything again in memory, for tests.
//!
//! | port | on a home | in memory |
//! | --- | --- | --- |
//! | `Objects` | [`bucket::Bucket`] | [`memory::MemoryObjects`] |
//! | `Queue` | [`queue::LocalQueue`] | the same |
//! | `Directory` | [`store::DirectoryStore`] | [`memory::MemoryDirectory`] |
//! | `Contacts` | [`store::ContactStore`] | [`memory::MemoryContacts`] |
//! | `Imports` | [`store::ImportStore`] | [`memory::MemoryImports`] |
//! | `Mail` | [`outbox::Outbox`] | [`memory::MemoryMail`] |
//! | `Clock` | [`clock::SystemClock`] | [`clock::SetClock`] |
//!
//! [`home::Home`] opens all of a home at once. The futures of these adapters do their work when polled and never
//! wait for a reactor: any executor drives them, `pollster` on a plain thread included.

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
