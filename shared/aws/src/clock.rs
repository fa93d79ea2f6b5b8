//! The machine's clock.

use jiff::Timestamp;
use rollcall_pipeline::ports::Clock;

/// The time as the machine has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
