//! Wakes the watch: what is there to do now need not wait for the next poll.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Whether something happened since the watch looked last.
#[derive(Debug, Default)]
pub struct News {
    came: Mutex<bool>,
    changed: Condvar,
}

impl News {
    /// An import began or ended.
    pub fn tell(&self) {
        *self.came.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits for news, at most this long.
    pub fn wait(&self, most: Duration) {
        let came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(came, most, |came| !*came);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}
