//! The core of Rollcall, without any I/O: files, rows, rules, matches and reports as plain functions of their input.
//!
//! The modules are rooms, in the order of a row's journey. A room imports only from rooms above it in this list:
//!
//! | room | holds |
//! | --- | --- |
//! | [`types`] | small types that every room knows: codes, findings, names, limits, ids |
//! | [`clean`] | cleaners of single cells: phone, e-mail, website, date, document |
//! | [`messages`] | texts in five languages, and a finding as JSON |
//! | [`file`] | bytes to records and back: unpack, decode, read workbooks, split, write CSV |
//! | [`profile`] | what an import accepts: profiles, options of a drop, settings of a program |
//! | [`plan`] | the snapshot that every later step follows: columns, chunks, object keys |
//! | [`row`] | a record becomes a row of cleaned fields with its identity |
//! | [`survey`] | the whole file, read once: header, delimiter, repeats, the verdict on the file |
//! | [`contacts`] | contacts and the directory: what is stored, how rows match accounts, masks |
//! | [`result`] | result rows, counts, and the stored result of a chunk |
//! | [`judge`] | the decision on each row of a chunk |
//! | [`report`] | answers about the whole import: summary, upload summary, report, notification e-mail |
//!
//! A test keeps this order (`tests/tests/rooms.rs`).

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
