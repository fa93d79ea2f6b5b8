//! The embedded host and command line `rollcall`.
fn main() {}
