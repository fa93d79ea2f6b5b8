//! Contacts and the directory: the stored records, and the matching of rows with them.
//!
//! In: cleaned rows, directory entries, stored contacts. Out: the matched account, the contact to write, and a
//! contact as a reader sees it now.
//!
//! - [`contact`]: a stored contact. [`writes`]: the writes of a chunk. [`directory`]: directory entries.
//! - [`matching`]: the account that a row matches. [`mask`]: which address a program
//!   may see, and which one an invitation may go to.
//! - [`view`]: a contact as it is now, with account, groups and masks resolved.

pub mod contact;
pub mod directory;
pub mod mask;
pub mod matching;
pub mod view;
pub mod writes;
