//! Journeys, properties, faults and contracts, across the crates.

pub mod contracts;
pub mod faults;
pub mod fixtures;
pub mod house;
pub mod list;
pub mod phones;
pub mod reader;
pub mod world;
