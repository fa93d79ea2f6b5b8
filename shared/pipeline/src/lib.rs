//! Rollcall: pipeline.
