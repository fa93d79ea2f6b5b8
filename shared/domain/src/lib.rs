//! Rollcall: domain.

pub mod code;
pub mod finding;
pub mod letter;
pub mod locale;
pub mod messages;
mod numbers;
mod problem;
pub mod report;
#[cfg(test)]
mod sample;
pub mod summary;
pub mod tally;
pub mod upload;
