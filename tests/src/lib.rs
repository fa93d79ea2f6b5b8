//! Journeys, properties, faults and contracts, across the crates.

pub mod house;
pub mod list;
pub mod phones;
