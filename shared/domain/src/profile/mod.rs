//! The rules of an import, as data: the profile of a kind of file, the options of one drop, the settings of a
//! program.
//!
//! In: TOML texts. Out: a compiled [`compiled::Profile`], or an error that names the line and the fix.
//!
//! - [`raw`]: a profile as in its TOML file. [`lint`]: checks it and compiles it. [`compiled`]: the result.
//! - [`built_in`]: reads profiles, and contains the built-in ones.
//! - [`options`], [`settings`]: options of a drop, settings of a program. [`toml_table`]: helpers that both use.
//! - [`webhook_url`]: the address of a server that a program's imports are told to.
//! - [`change_rules`]: how an import changes existing contacts. [`share`]: a limit of rows.
//! - [`header`]: folds headers for comparison. [`template`]: the file to fill in.
//! - `aliases`: the headers of all profiles. [`source`], `kinds`: the columns that fill a field.

pub(crate) mod aliases;
pub mod built_in;
pub mod change_rules;
pub mod compiled;
pub mod error;
pub mod header;
pub(crate) mod kinds;
pub mod lint;
pub mod options;
#[cfg(feature = "schema")]
pub mod options_table;
pub mod raw;
pub mod settings;
pub mod share;
pub mod source;
pub mod template;
pub mod toml_table;
pub mod webhook_url;
