//! The tables of a home: one SQLite file, readable by any SQLite tool.
//!
//! Rows are plain tables ([`schema`]) and hold the truth. What makes them fast is beside them: rows are appended
//! in the order they come, and a packed index ([`index`]) finds them again. Its entries are hints: one may point
//! to a row that is gone or is another's, so every row that is found is looked at; none is ever missing.
//!
//! One connection writes, a few read. The ports' futures do their work when they are polled.

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
