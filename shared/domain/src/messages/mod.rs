//! Texts for people, in five languages.
//!
//! In: a finding, an outcome or a status. Out: its text in English, Portuguese, German, French or Spanish, from
//! `locales/*.toml`; and a finding as JSON, with its message in all of them.
//!
//! - [`catalogue`]: the texts of one language, and how a finding fills their slots.
//! - [`labels`]: the names of a profile's fields for people.
//! - [`localized`]: a finding as JSON.

pub mod catalogue;
pub mod labels;
pub mod localized;
