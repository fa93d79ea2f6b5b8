//! Journeys, properties, faults and contracts, across the crates.

pub mod house;
pub mod phones;
