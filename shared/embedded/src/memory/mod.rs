//! The ports in memory, for tests: maps under a lock, with the same behaviour as on a home.

mod contacts;
mod directory;
mod imports;
mod mail;
mod objects;

pub use contacts::MemoryContacts;
pub use directory::MemoryDirectory;
pub use imports::MemoryImports;
pub use mail::MemoryMail;
pub use objects::{MemoryObjects, MemoryWriter};
