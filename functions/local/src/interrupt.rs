//! Ctrl-C during an import.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::answer::{Failure, say};

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// The exit code of a program that Ctrl-C ended, as shells give it.
const EXIT: i32 = 128 + SIGINT;

/// From now on Ctrl-C ends the program with a word on what becomes of its import.
pub fn say_what_goes_on() -> Result<(), Failure> {
    let asked = Arc::new(AtomicBool::new(false));
    flag::register(SIGINT, Arc::clone(&asked))?;
    thread::spawn(move || {
        while !asked.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
        }
        say(
            "stopped; nothing is lost: the watch, or the next command that imports, finishes what has begun. `rollcall imports list` \
             shows it, and `rollcall cancel` ends it without the rows that are not decided yet",
        );
        process::exit(EXIT)
    });
    Ok(())
}
