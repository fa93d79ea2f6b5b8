//! Rollcall: domain.
