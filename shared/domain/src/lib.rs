//! The core of Rollcall, without any I/O: files, rows, rules, matches and reports as plain functions of their input.
//!
//! The modules are rooms, in the order of a row's journey. A room imports only from rooms above it in this list:
//!
//! | room | holds |
//! | --- | --- |
//! | [`types`] | small types that every room uses: codes, findings, names, limits, ids |
//! | [`clean`] | cleaners of single cells: phone, e-mail, website, date, document |
//! | [`messages`] | texts in five languages, and a finding as JSON |
//! | [`file`](mod@file) | bytes to records and back: unpack, decode, read workbooks, split, write CSV |
//! | [`profile`] | the rules of an import: profiles, options of a drop, settings of a program |
//! | [`plan`] | the snapshot that every later step follows: columns, chunks, object keys |
//! | [`row`] | converts a record to a row of cleaned fields with its identity |
//! | [`survey`] | the whole file, read once: header, delimiter, repeats, the verdict on the file |
//! | [`contacts`] | contacts and the directory: stored records, matching of rows with accounts, masks |
//! | [`result`] | result rows, counts, and the stored result of a chunk |
//! | [`judge`] | the decision on each row of a chunk |
//! | [`report`] | documents about the whole import: summary, upload summary, report, notification e-mail |
//!
//! A test keeps this order (`tests/tests/rooms.rs`).
//!
//! # Example
//!
//! A phone without its calling code is completed with the region, and a finding reports that. A header in any of the
//! five languages names its field:
//!
//! ```
//! use rollcall_domain::clean::{Region, clean_phone};
//! use rollcall_domain::messages::catalogue::Messages;
//! use rollcall_domain::profile::compiled::Profile;
//! use rollcall_domain::types::code::Code;
//! use rollcall_domain::types::finding::Finding;
//! use rollcall_domain::types::locale::Locale;
//!
//! let mut phone = String::new();
//! let notes = clean_phone("(11) 96123-4567", Region::parse("BR"), &mut phone)?;
//! assert_eq!(phone, "+5511961234567");
//! assert!(notes.country_assumed);
//!
//! let leads = Profile::built_in("leads").expect("it is built in");
//! let field = leads.field_of_header("Telefone").expect("Portuguese for phone");
//! let finding = Finding::on(Code::PhoneCountryAssumed, &leads.fields[field].column(Some(3))).arg("region", "BR");
//! assert_eq!(finding.key(), "phone:phone_country_assumed");
//! let text = Messages::of(Locale::En).text(&finding, &leads.labels());
//! assert_eq!(text, "the country code is missing, BR was assumed");
//! # Ok::<(), rollcall_domain::clean::PhoneFault>(())
//! ```

pub mod clean;
pub mod contacts;
pub mod file;
pub mod judge;
pub mod messages;
pub mod plan;
pub mod profile;
pub mod report;
pub mod result;
pub mod row;
pub mod survey;
pub mod types;
