//! Journeys, properties, faults and contracts, across the crates.

pub mod cloud;
pub mod contracts;
pub mod faults;
pub mod fixtures;
pub mod hostile;
pub mod invariants;
pub mod list;
pub mod mutate;
pub mod phones;
pub mod reader;
pub mod seeds;
pub mod targets;
pub mod test_host;
pub mod world;
