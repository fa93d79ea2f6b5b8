//! Prints how a simulated AWS fares under load (G11): `cargo run --release -p rollcall-tests --example load [NAME…]`.
//!
//! Names: `1m-cold 1m-warm 10m 10m-warm 100m 100m-warm small fair twice`; without one, all of them. One call in 20,000 fails, or
//! in as many as `ROLLCALL_LOST` says; 0 for none. `small` has as many splitters and finalizers as `ROLLCALL_SPLITTERS` and
//! `ROLLCALL_FINALIZERS` say.

use std::process::ExitCode;

use rollcall_domain::types::outcome::Status;
use rollcall_tests::cloud::{Dropped, Outcome, Scenario, Trouble, own_time, simulate};

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|named| named == name);
    let mut good = true;
    println!(
        "| what | drop to e-mail | the table's own time | ratio | written twice | given back | abandoned |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, rows, weight, warm) in [
        ("1m-cold", 1_000_000, 200, false),
        ("1m-warm", 1_000_000, 200, true),
        ("10m", 10_000_000, 400, false),
        ("10m-warm", 10_000_000, 400, true),
        ("100m", 100_000_000, 1_000, false),
        ("100m-warm", 100_000_000, 1_000, true),
    ] {
        if wanted(name) {
            good &= large(name, rows, weight, warm);
        }
    }
    if wanted("small") {
        good &= small();
    }
    if wanted("fair") {
        good &= fair();
    }
    if wanted("twice") {
        good &= twice();
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_good(outcome: &Outcome) -> bool {
    let all = outcome.imports.iter().all(|import| import.summary.status == Status::Completed);
    if !all || outcome.unended > 0 {
        println!("not all completed: {} unended, {:?}", outcome.unended, outcome.counts);
    }
    all && outcome.unended == 0
}

/// Megabytes of a splitter that hold the keys of so many rows (infra/README.md, limits).
fn memory_of(rows: u64) -> u64 {
    let enough = [(14_680_064, 1_024), (29_360_128, 2_048), (58_720_256, 3_072)];
    enough.iter().find(|(most, _)| rows <= *most).map_or(6_144, |(_, memory)| *memory)
}

/// One import, alone.
fn large(name: &str, rows: u64, weight: u64, warm: bool) -> bool {
    let lost = std::env::var("ROLLCALL_LOST").ok().and_then(|lost| lost.parse().ok()).unwrap_or(20_000);
    let scenario = Scenario::of(rows, weight, warm).but(Trouble { lost, ..Trouble::default() });
    let scenario = Scenario { memory: memory_of(rows), ..scenario };
    let outcome = simulate(&scenario, 12);
    let own = own_time(rows, warm);
    let seconds = outcome.imports.first().map_or(f64::NAN, |import| import.seconds);
    let unprocessed: u64 = outcome.imports.iter().map(|import| import.summary.rows.unprocessed).sum();
    println!(
        "| {name} | {seconds:.0} s | {own:.0} s | {:.2} | {:.2} % | {} | {} |",
        seconds / own,
        (outcome.written as f64 / rows as f64 - 1.0) * 100.0,
        outcome.count("chunks given back"),
        unprocessed * weight
    );
    eprintln!("{name}: {:?}", outcome.counts);
    if let Some(import) = outcome.imports.first() {
        eprintln!("{name}: seconds after the drop: {:.1?}", import.steps);
        eprintln!(
            "{name}: writes in each second: {:?}",
            outcome.written_in.iter().take(60).collect::<Vec<_>>()
        );
    }
    is_good(&outcome)
}

/// A thousand small imports a minute for an hour, of a hundred programs.
fn small() -> bool {
    let files = (0..60_000_u64)
        .map(|number| Dropped::of(number * 60 / 1_000, &format!("p{}", number % 100), 20, number as usize));
    let number = |name: &str, usual| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let scenario = Scenario::with(files.collect(), 1, true);
    let (splitters, finalizers) = (
        number("ROLLCALL_SPLITTERS", scenario.splitters),
        number("ROLLCALL_FINALIZERS", scenario.finalizers),
    );
    let outcome = simulate(&Scenario { splitters, finalizers, ..scenario }, 4);
    let mut seconds: Vec<f64> = outcome.imports.iter().map(|import| import.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let at = |part: f64| seconds.get((seconds.len() as f64 * part) as usize).copied().unwrap_or(f64::NAN);
    println!(
        "1,000 imports of 20 rows a minute for an hour: drop to e-mail {:.1} s median, {:.1} s 99 %, {:.1} s longest",
        at(0.5),
        at(0.99),
        seconds.last().copied().unwrap_or(f64::NAN)
    );
    eprintln!("small: {:?}", outcome.counts);
    is_good(&outcome)
}

/// Ten rows of one program behind ten million of another.
fn fair() -> bool {
    let files = vec![Dropped::of(0, "large", 10_000_000, 0), Dropped::of(300, "small", 1, 1)];
    let outcome = simulate(&Scenario::with(files, 400, false), 12);
    let of = |program: &str| {
        outcome
            .imports
            .iter()
            .find(|import| import.program == program)
            .map_or(f64::NAN, |import| import.seconds)
    };
    println!(
        "a few rows behind 10 M of another program: {:.0} s; the 10 M take {:.0} s",
        of("small"),
        of("large")
    );
    is_good(&outcome)
}

/// Seventeen million rows, and the same file once more a minute later.
fn twice() -> bool {
    let files = vec![Dropped::of(0, "acme", 17_000_000, 0), Dropped::of(60, "acme", 17_000_000, 0)];
    let scenario = Scenario { memory: memory_of(17_000_000), ..Scenario::with(files, 1_000, false) };
    let outcome = simulate(&scenario, 12);
    let seconds: Vec<String> =
        outcome.imports.iter().map(|import| format!("{:.0} s", import.seconds)).collect();
    println!("the same 17 M rows twice: {}; {} writes", seconds.join(" and "), outcome.written);
    is_good(&outcome)
}
