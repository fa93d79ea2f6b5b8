//! Documents about the whole import, for programs and for people.
//!
//! In: counts, findings, the survey. Out: `summary.json`, `upload.json`, `report.html`, the notification e-mail.
//!
//! - [`summary`]: the status that an import ends with, and `summary.json`. [`upload`]: `upload.json`.
//! - [`problem`]: a problem, in words for people. [`html`]: the report. [`notification`]: the e-mail. [`webhook`]:
//!   what a program's server is told.

pub mod html;
pub mod notification;
pub mod problem;
#[cfg(test)]
mod sample;
pub mod summary;
pub mod upload;
pub mod webhook;
