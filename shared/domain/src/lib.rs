//! Rollcall: domain.

pub mod code;
pub mod finding;
pub mod locale;
pub mod messages;
mod numbers;
pub mod summary;
pub mod tally;
pub mod upload;
