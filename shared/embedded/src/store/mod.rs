//! The tables of a home: one SQLite file, readable by any SQLite tool.
//!
//! Rows are in plain tables ([`schema`]), which are the source of truth. Two things make them fast: rows are appended
//! in the order of arrival, and a packed index ([`index`]) finds them. Its entries are hints: a hint may point to a
//! row that was deleted or belongs to another key, so the reader checks every row. No hint is ever missing.
//!
//! One connection writes, several read. The ports' futures do their work when they are polled.

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
mod schema;

pub use contacts::ContactStore;
pub(crate) use database::lock;
pub use database::{Database, OpenError};
pub use directory::DirectoryStore;
pub use imports::ImportStore;
pub use listing::{ListedContact, Listing};
