//! Rollcall: domain.

pub mod clean;
