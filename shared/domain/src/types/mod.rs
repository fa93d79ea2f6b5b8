//! Small types that every room uses. They hold data and make no decisions.
//!
//! - [`code`], [`finding`]: the codes of the contract; a finding: one observation about a file, row or cell.
//! - [`outcome`]: the outcome of a row and the status of an import.
//! - [`names`], [`id`]: names of programs, profiles and imports; contact ids and the hashes they come from.
//! - [`secret`]: the installation's secret, which makes invitations and seals values. [`webhook_key`]: the key of a
//!   program's webhook, which it makes too.
//! - [`public_address`]: whether an IP address is one of the public internet.
//! - [`kind`], [`field_kind`]: kinds of directory files; kinds of fields.
//! - [`bytes`]: tests of all bytes of a text.
//! - [`limits`], [`locale`], [`number_format`], [`millis`]: limits, languages, numbers as people write them, times.

pub mod bytes;
pub mod code;
pub mod field_kind;
pub mod finding;
pub mod id;
pub mod kind;
pub mod limits;
pub mod locale;
pub mod millis;
pub mod names;
pub mod number_format;
pub mod outcome;
pub mod public_address;
pub mod secret;
pub mod webhook_key;
