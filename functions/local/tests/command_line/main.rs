//! The command line as users and scripts meet it: every command, exit code and document, on the real binary.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

mod beside;
mod contacts;
mod home;
mod import;
mod journeys;
mod mappings;
mod place;
mod preview;
mod several;
mod typos;

const GOOD: &str = "Name,Email,Group\nAnn,ann@x.example,Gold\nBob,bob@x.example,\n";
const MIXED: &str = "Name,Email,Group\nAnn,ann@x.example,Gold\nBob,bob@,\n,,\nCid,cid@x.example,Silver\n";
