//! Rollcall: domain.

pub mod cells;
pub mod delimiter;
pub mod split;
pub mod write;
