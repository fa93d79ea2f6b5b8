//! Rollcall: embedded.
