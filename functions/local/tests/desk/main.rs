//! The desk over real HTTP: access, uploads, previews, imports.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

mod access;
mod bad_input;
mod client;
mod contacts;
mod imports;
mod turns;
mod undo;
mod webhook;
