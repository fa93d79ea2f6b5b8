//! The machine's clock.

use jiff::Timestamp;
use rollcall_pipeline::ports::Clock;

/// The current time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
