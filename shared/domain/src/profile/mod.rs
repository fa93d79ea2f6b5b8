//! What an import accepts, as data: the profile of a kind of file, the options of one drop, the settings of a program.
//!
//! In: TOML texts. Out: a compiled [`compiled::Profile`], or an error that names the line and the fix.
//!
//! - [`raw`]: a profile as its TOML file says it. [`lint`]: checks it and compiles it. [`compiled`]: the result.
//! - [`built_in`]: reads profiles, and holds those that come with the program.
//! - [`options`], [`settings`]: options of a drop, settings of a program. [`toml_table`]: helpers that both use.
//! - [`change_rules`]: how an import changes contacts that exist. [`share`]: a limit of rows.
//! - [`header`]: when two headers count as the same. [`template`]: the file to fill in.

pub mod built_in;
pub mod change_rules;
pub mod compiled;
pub mod error;
pub mod header;
pub mod lint;
pub mod options;
#[cfg(feature = "schema")]
pub mod options_table;
pub mod raw;
pub mod settings;
pub mod share;
pub mod template;
pub mod toml_table;
