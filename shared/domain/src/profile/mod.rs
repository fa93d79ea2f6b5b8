//! What an import accepts, as data: the profile of a kind of file, the options of one drop, the settings of a program.
//!
//! In: TOML texts. Out: a compiled [`compiled::Profile`], or an error that names the line and the fix.
//!
//! - [`raw`]: a profile as its TOML file says it. [`lint`]: checks it and compiles it. [`compiled`]: the result.
//! - [`built_in`]: reads profiles, and holds those that come with the program.
//! - [`options`], [`settings`]: options of a drop, settings of a program. [`toml_table`]: helpers that both use.
//! - [`header`]: when two headers count as the same. [`aliases`]: what columns are called, for all profiles.
//! - [`source`], [`kinds`]: which columns fill a field. [`template`]: the file to fill in.

pub(crate) mod aliases;
pub mod built_in;
pub mod compiled;
pub mod error;
pub mod header;
pub(crate) mod kinds;
pub mod lint;
pub mod options;
pub mod raw;
pub mod settings;
pub mod source;
pub mod template;
pub mod toml_table;
