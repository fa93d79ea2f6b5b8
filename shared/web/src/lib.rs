//! The desk: one application over the ports of the pipeline, for programs (`/api`) and for people (the console).
//!
//! - [`app`]: what every request passes, then the routes.
//! - [`api`]: the interface for programs, one file for each kind of thing.
//! - [`pages`]: the console.
//! - [`host`]: what a host gives besides the ports.
//! - [`access`]: who may do what.
//! - [`problem`] has the refusals, each with a code.
//! - [`words`]: the texts, in five languages.

pub mod access;
mod api;
pub mod app;
mod beginning;
mod extract;
pub mod host;
mod pages;
pub mod problem;
pub mod template;
pub mod words;
