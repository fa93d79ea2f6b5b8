//! Documents about the whole import, for programs and for people.
//!
//! In: counts, findings, the survey. Out: `summary.json`, `upload.json`, `report.html`, the notification e-mail.
//!
//! - [`summary`], [`upload`]: the documents for programs.
//! - [`problem`]: a problem, in words for people. [`html`]: the report. [`notification`]: the e-mail.

pub mod html;
pub mod notification;
pub mod problem;
#[cfg(test)]
mod sample;
pub mod summary;
pub mod upload;
