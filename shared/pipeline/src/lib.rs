//! The three plots over ports: split, work, finalize. Knows the domain; no SDK, no adapter, no clock.

pub mod fault;
pub mod ports;
