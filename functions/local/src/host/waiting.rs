//! Waits until no other command works on the home.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rollcall_embedded::home::HomeError;

use crate::answer::{Failure, say};

/// How often a command checks whether the home is free.
const LOOK: Duration = Duration::from_millis(200);

/// How long a command waits for another one that works on the home.
#[derive(Debug, Clone, Copy)]
pub struct WaitFor(pub Duration);

impl WaitFor {
    /// Tries until the home is free, and reports once that it waits.
    ///
    /// # Errors
    /// The last failure, if the waiting time is over; any failure with another cause at once.
    pub fn until_free<T>(
        self,
        path: &Path,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let started = Instant::now();
        let mut told = false;
        loop {
            match attempt() {
                Err(Failure::Home(HomeError::InUse(_))) if started.elapsed() < self.0 => {}
                other => return other,
            }
            if !told {
                say(format_args!("waiting for another command that works on {}", path.display()));
                told = true;
            }
            thread::sleep(LOOK);
        }
    }
}
