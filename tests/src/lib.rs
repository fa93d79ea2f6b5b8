//! Journeys, properties, faults and contracts, across the crates.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

pub mod contracts;
pub mod faults;
pub mod house;
pub mod list;
pub mod phones;
pub mod world;
