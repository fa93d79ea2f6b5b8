//! Cleaning of cells that identify somebody: mail address, phone number, website.
//!
//! Each function takes a cell without outer blanks and writes the one form that the value has from there on (in
//! identities, match keys, contacts) into a buffer of the caller's. A plain value takes a short path through a table;
//! everything else goes to the library that judges it, and tests hold the two equal.

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
mod readable;
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
pub use readable::readable_domain;
pub use repair::{Holds, repair};
pub use several::values;
pub use website::{WebsiteFault, clean_website, website_key};
pub use window::is_window;
pub use wrapping::{decode_entities, formula_text, unwrap_address};
