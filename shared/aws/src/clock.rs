//! The machine's clock.

use jiff::{SignedDuration, Timestamp};
use rollcall_pipeline::pace::Timer;
use rollcall_pipeline::ports::Clock;

/// The current time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl Timer for SystemClock {
    async fn sleep(&self, time: SignedDuration) {
        tokio::time::sleep(time.unsigned_abs()).await;
    }
}
