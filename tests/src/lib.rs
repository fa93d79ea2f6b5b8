//! Journeys, properties, faults and contracts, across the crates.

pub mod phones;
