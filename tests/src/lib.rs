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
pub mod slow;
pub mod targets;
pub mod test_host;
pub mod world;

/// How many cases a property is tried with: the variable `ROLLCALL_CASES`, or the usual number.
pub fn cases(usual: u32) -> u32 {
    std::env::var("ROLLCALL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
