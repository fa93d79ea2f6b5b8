//! Writes the long list of contacts, or the directory that knows some of them, to standard output:
//! `cargo run --release -p rollcall-tests --example list -- contacts 1000000`.

use std::io::{self, BufWriter, Write};

use rollcall_tests::list;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let rows = arguments.next().and_then(|rows| rows.parse().ok()).unwrap_or(list::ROWS);
    let mut out = BufWriter::new(io::stdout().lock());
    match what.as_str() {
        "contacts" => list::contacts(&mut out, rows)?,
        "accounts" => list::accounts(&mut out, rows)?,
        _ => return Err(io::Error::other("takes contacts or accounts, and how many rows")),
    }
    out.flush()
}
