//! Journeys, properties, faults and contracts, across the crates.
