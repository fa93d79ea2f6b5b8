//! The tables of a home: one SQLite file, readable by any SQLite tool.
//!
//! Rows are in plain tables ([`schema`]), which are the source of truth. Three things make them fast: rows are appended
//! in the order of arrival, a row of contacts holds several of them ([`blocks`]), and a packed index ([`index`]) finds them.
//! Its entries are hints: a hint may point to a contact that was deleted, or to one of another key, so the reader checks
//! each. No hint is ever missing.
//!
//! One connection writes, several read. The ports' futures do their work when they are polled.

mod blocks;
mod contacts;
mod database;
mod directory;
mod filter;
mod hash;
mod hints;
mod imports;
mod index;
mod keep;
mod listing;
mod pool_listing;
mod reader;
mod schema;
mod undo;
mod view;

pub use contacts::ContactStore;
pub(crate) use database::lock;
pub use database::{Database, OpenError};
pub use directory::DirectoryStore;
pub use imports::ImportStore;
pub use listing::Listing;
pub use pool_listing::PoolListing;
pub use rollcall_pipeline::ports::ListedContact;
