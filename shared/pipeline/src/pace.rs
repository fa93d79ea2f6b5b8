//! Writing to a table that throttles: the pace follows what the table takes, patience lasts to the deadline, and what is
//! done is known.
//!
//! The pace is a number of items a second. It doubles each second until the table first throttles; from then on it grows by
//! a fixed step each second and falls by a part with each throttled answer (additive increase, multiplicative decrease,
//! as TCP does). All writers of a process share it. A batch that cannot be sent before the deadline is not sent.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::ports::Clock;

/// A clock that can wait.
pub trait Timer: Clock {
    /// Waits.
    fn sleep(&self, time: SignedDuration) -> impl Future<Output = ()> + Send;
}

/// Items a second at the beginning.
const FIRST: f64 = 400.0;
/// By how many items a second the pace grows each second.
const STEP: f64 = 40.0;
/// What a throttled answer leaves of the pace.
const PART: f64 = 0.7;
/// The pace never falls below this, and never rises above that.
const SLOWEST: f64 = 10.0;
const FASTEST: f64 = 50_000.0;
/// Throttled answers within this time count as one, for they were sent at one pace.
const ONE: SignedDuration = SignedDuration::from_millis(200);
/// How much may be sent at once after a rest, in seconds of the pace.
const BURST: f64 = 0.1;

/// The pace of all writers of a process; clones share it.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    rate: f64,
    /// When the next item may be sent.
    next: Timestamp,
    throttled_at: Option<Timestamp>,
    deadline: Option<Timestamp>,
}

impl Default for Pace {
    fn default() -> Self {
        let state = State { rate: FIRST, next: Timestamp::MIN, throttled_at: None, deadline: None };
        Self(Arc::new(Mutex::new(state)))
    }
}

impl Pace {
    /// Until when a batch may be sent; `None` for ever.
    pub fn until(&self, deadline: Option<Timestamp>) {
        self.state().deadline = deadline;
    }

    /// Items a second now.
    pub fn rate(&self) -> f64 {
        self.state().rate
    }

    /// How long so many items wait for their turn; `None` where that is after the deadline.
    fn reserve(&self, items: usize, now: Timestamp) -> Option<SignedDuration> {
        let mut state = self.state();
        let rested = now - SignedDuration::from_secs_f64(BURST);
        let start = state.next.max(rested);
        if state.deadline.is_some_and(|deadline| start.max(now) >= deadline) {
            return None;
        }
        state.next = start + SignedDuration::from_secs_f64(items as f64 / state.rate);
        Some(start.duration_since(now).max(SignedDuration::ZERO))
    }

    fn accepted(&self, items: usize) {
        let mut state = self.state();
        let items = items as f64;
        let more = if state.throttled_at.is_none() { items } else { STEP * items / state.rate };
        state.rate = (state.rate + more).min(FASTEST);
    }

    fn throttled(&self, now: Timestamp) {
        let mut state = self.state();
        if state.throttled_at.is_none_or(|at| now >= at + ONE) {
            state.rate = (state.rate * PART).max(SLOWEST);
            state.throttled_at = Some(now);
        }
    }

    fn has_time(&self, now: Timestamp) -> bool {
        self.state().deadline.is_none_or(|deadline| now < deadline)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a batch.
#[derive(Debug)]
pub enum Sent<I> {
    /// The table took it, but for these items, which it had no room for.
    But(Vec<I>),
    /// The table took nothing of it.
    Throttled(Vec<I>),
}

/// Why batches are left.
#[derive(Debug)]
pub struct Stopped {
    /// So many batches from the first on are written.
    pub done: usize,
    /// What stopped the others.
    pub fault: Fault,
}

/// Sends batches in order, so many at a time, at the pace; waits and repeats where the table throttles.
///
/// # Errors
/// Where the deadline comes first ([`Fault::Throttled`]), or where a batch fails. Batches after the first that is left may
/// be written too.
pub async fn send_all<I: Send, F>(
    doing: &'static str,
    pace: &Pace,
    timer: &impl Timer,
    at_a_time: usize,
    batches: Vec<Vec<I>>,
    send: impl Fn(Vec<I>) -> F,
) -> Result<(), Stopped>
where
    F: Future<Output = Result<Sent<I>, Fault>>,
{
    let send = &send;
    let sends = batches.into_iter().map(|batch| send_one(doing, pace, timer, batch, send));
    let mut sent = stream::iter(sends).buffered(at_a_time);
    let mut done = 0;
    while let Some(sent) = sent.next().await {
        match sent {
            Ok(()) => done += 1,
            Err(fault) => return Err(Stopped { done, fault }),
        }
    }
    Ok(())
}

async fn send_one<I, F>(
    doing: &'static str,
    pace: &Pace,
    timer: &impl Timer,
    batch: Vec<I>,
    send: &impl Fn(Vec<I>) -> F,
) -> Result<(), Fault>
where
    F: Future<Output = Result<Sent<I>, Fault>>,
{
    let mut left = batch;
    for attempt in 0_u32.. {
        let Some(wait) = pace.reserve(left.len(), timer.now()) else { break };
        if wait > SignedDuration::ZERO {
            timer.sleep(wait).await;
        }
        if !pace.has_time(timer.now()) {
            break;
        }
        let all = left.len();
        left = match send(left).await? {
            Sent::But(rest) if rest.is_empty() => {
                pace.accepted(all);
                return Ok(());
            }
            Sent::But(rest) | Sent::Throttled(rest) => rest,
        };
        pace.throttled(timer.now());
        timer.sleep(backoff(attempt, all)).await;
    }
    Err(Fault::throttled(doing, format_args!("{} items wait", left.len())))
}

/// Twice as long each time, up to a second; spread, so that writers that collided separate.
fn backoff(attempt: u32, spread: usize) -> SignedDuration {
    let longest = 25_i64 << attempt.min(5);
    let part = (spread as i64 * 37 + i64::from(attempt) * 17) % 50;
    SignedDuration::from_millis(longest / 2 + longest * part / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_doubles_until_the_table_throttles_and_then_grows_by_steps() {
        let pace = Pace::default();
        pace.accepted(400);
        assert_eq!(pace.rate(), 800.0);
        let now = Timestamp::UNIX_EPOCH;
        pace.throttled(now);
        pace.throttled(now);
        assert_eq!(pace.rate(), 560.0);
        pace.accepted(560);
        assert_eq!(pace.rate(), 600.0);
        (1..100).for_each(|at| pace.throttled(now + ONE * at));
        assert_eq!(pace.rate(), SLOWEST);
    }

    #[test]
    fn what_cannot_be_sent_before_the_deadline_is_not_sent() {
        let (pace, now) = (Pace::default(), Timestamp::UNIX_EPOCH);
        pace.until(Some(now + SignedDuration::from_secs(1)));
        assert_eq!(pace.reserve(400, now), Some(SignedDuration::ZERO));
        assert!(pace.reserve(400, now).is_some_and(|wait| wait < SignedDuration::from_secs(1)));
        assert_eq!(pace.reserve(400, now), None);
    }
}
