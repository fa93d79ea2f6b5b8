//! Cleans the cells that identify a person: mail address, phone number, website.
//!
//! Each function takes a cell without outer blanks and writes its cleaned form, which identities, match keys and
//! contacts use, to the caller's buffer. A plain value takes a fast path through a table; the reference library
//! handles all other values, and tests check that both agree.
//!
//! - Values that identify: [`email`] with `domain_name`, [`phone`], [`website`], `document`. `names`: lists of domains.
//! - Other kinds: [`date`], `window` (hours of a day), `flag` (yes and no in five languages).
//! - Before a cell is read: [`repair`] removes invisible characters, `misread` undoes UTF-8 read as Windows-1252,
//!   `wrapping` removes brackets, `mailto:` and formulas around a value, `several` finds several values in one cell.
//! - `empty_word`: words such as `N/A` that count as an empty cell. `corrupted`: values destroyed before they were sent.

mod corrupted;
pub mod date;
mod document;
mod domain_name;
pub mod email;
mod empty_word;
mod flag;
mod misread;
mod names;
pub mod phone;
pub mod repair;
mod several;
pub mod website;
mod window;
mod wrapping;

pub use corrupted::{NOT_CALCULATED, corrupted};
pub use date::{DateFault, DayOrder, clean_date, read_moment};
pub use document::{Repaired, clean_document};
pub use email::{EmailFault, EmailNotes, clean_email, email_domain};
pub use empty_word::is_empty_word;
pub use flag::parse_flag;
pub use misread::undo_misreading;
pub use phone::{PhoneFault, PhoneNotes, Region, clean_phone};
pub use repair::{Holds, repair};
pub use several::values;
pub use website::{WebsiteFault, clean_website, website_key};
pub use window::is_window;
pub use wrapping::{decode_entities, formula_text, unwrap_address};
