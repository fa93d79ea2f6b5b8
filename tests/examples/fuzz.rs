//! Fuzzes a target for some seconds, on stable Rust and without coverage:
//! `cargo run --release -p rollcall-tests --example fuzz -- round_trip 60`; `all` takes turns, `--seed N` begins elsewhere.
//!
//! `seeds FOLDER` writes what it begins with, a folder for each target, for fuzzing with coverage to begin with it too.
//! What fails is written beside the build and named; it belongs into the fixtures.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rollcall_tests::mutate::{Dice, mutate};
use rollcall_tests::seeds;
use rollcall_tests::targets::{self, Target};

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("all", String::as_str);
    if name == "seeds" {
        let folder = PathBuf::from(arguments.get(1).map_or("fuzz/corpus", String::as_str));
        return match write_seeds(&folder) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error}", folder.display());
                ExitCode::from(2)
            }
        };
    }
    let seconds = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed = arguments
        .iter()
        .skip_while(|one| *one != "--seed")
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let chosen: Vec<Target> =
        targets::ALL.into_iter().filter(|(own, _)| name == "all" || *own == name).collect();
    if chosen.is_empty() {
        eprintln!("no such target: {name}");
        return ExitCode::from(2);
    }
    let mut failed = false;
    for target in chosen {
        let (runs, found) = fuzz(target, Duration::from_secs(seconds), seed);
        println!("{}: {runs} executions in {seconds} s, {} failed", target.0, found.len());
        found.iter().for_each(|path| println!("  {}", path.display()));
        failed |= !found.is_empty();
    }
    ExitCode::from(u8::from(failed))
}

fn write_seeds(folder: &Path) -> io::Result<()> {
    for (name, _) in targets::ALL {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds::of(name).iter().enumerate() {
            fs::write(folder.join(number.to_string()), seed)?;
        }
    }
    Ok(())
}

fn fuzz((name, target): Target, time: Duration, seed: u64) -> (u64, Vec<PathBuf>) {
    let seeds = seeds::of(name);
    let (mut dice, mut runs, mut found) = (Dice::new(seed), 0, Vec::new());
    let end = Instant::now() + time;
    while Instant::now() < end && found.len() < 5 {
        let (one, other) = (&seeds[dice.below(seeds.len())], &seeds[dice.below(seeds.len())]);
        let input = mutate(one, other, &mut dice);
        runs += 1;
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            let folder = PathBuf::from("target/fuzz-found");
            fs::create_dir_all(&folder).expect("the build's folder can be written to");
            let path = folder.join(format!("{name}-{seed}-{runs}"));
            fs::write(&path, &input).expect("the build's folder can be written to");
            found.push(path);
        }
    }
    (runs, found)
}
