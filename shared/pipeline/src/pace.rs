//! Writing to a table that throttles: the pace follows what the table takes, patience lasts to the deadline, and what is
//! done is known.
//!
//! The pace is a number of items a second. It doubles each second for as long as the table refuses nothing; where it refused
//! something lately, the pace grows by a fixed step each second and falls by a part with each refusal (additive increase,
//! multiplicative decrease, as TCP does). So what other writers leave, as they end, is taken up at once.
//! How far it falls depends on the part that the table takes: a table that takes most of what is sent is busy, and the pace
//! falls a little; a table that takes the lesser part is overrun, and the pace falls quickly. So a table that refuses a part of
//! all calls, whatever the pace, is still written at a good pace. All writers of a process share it. A batch that cannot be
//! sent before the deadline is not sent.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::ports::Clock;

/// A clock that can wait.
pub trait Timer: Clock {
    /// Waits.
    fn sleep(&self, time: SignedDuration) -> impl Future<Output = ()> + Send;
}

/// Items a second at the beginning.
const FIRST: f64 = 800.0;
/// By how many items a second the pace grows each second, where the table refused something lately.
const STEP: f64 = 40.0;
/// What lately is.
const LATELY: SignedDuration = SignedDuration::from_secs(1);
/// What a refusal leaves of the pace where the table takes most of what is sent, and where it does not.
const BUSY: f64 = 0.95;
const OVERRUN: f64 = 0.85;
/// Below this part of what is sent a table is overrun.
const MOST: f64 = 0.4;
/// How much each answer counts in the mean of that part.
const WEIGHT: f64 = 0.1;
/// The pace never falls below this, and never rises above that.
const SLOWEST: f64 = 10.0;
const FASTEST: f64 = 50_000.0;
/// Refusals within this time count as one, for they were sent at one pace.
const ONE: SignedDuration = SignedDuration::from_millis(400);
/// The pace for which one batch at a time is enough.
const OF_ONE: f64 = 100.0;
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
    /// When the table last refused something.
    refused_at: Option<Timestamp>,
    /// The part of what is sent that the table takes, a mean over the last answers.
    taken: f64,
    deadline: Option<Timestamp>,
}

impl Default for Pace {
    fn default() -> Self {
        let state = State { rate: FIRST, next: Timestamp::MIN, refused_at: None, taken: 1.0, deadline: None };
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

    /// How many batches to send at a time. At a slow pace few: otherwise all are half done at the deadline, and none counts.
    fn at_once(&self, most: usize) -> usize {
        ((self.rate() / OF_ONE).ceil() as usize).clamp(1, most)
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

    /// The table took so many of the items that were sent.
    fn answered(&self, sent: usize, taken: usize, now: Timestamp) {
        let mut state = self.state();
        let (sent, taken) = (sent.max(1) as f64, taken as f64);
        state.taken += WEIGHT * (taken / sent - state.taken);
        let lately = state.refused_at.is_some_and(|at| now < at + LATELY);
        let more = if lately { STEP * taken / state.rate } else { taken };
        state.rate = (state.rate + more).min(FASTEST);
        if taken < sent && state.refused_at.is_none_or(|at| now >= at + ONE) {
            let left = if state.taken < MOST { OVERRUN } else { BUSY };
            state.rate = (state.rate * left).max(SLOWEST);
            state.refused_at = Some(now);
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

/// Sends batches in order, at most so many at a time, at the pace; waits and repeats where the table throttles.
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
    let mut batches = batches.into_iter();
    let mut sending = FuturesOrdered::new();
    let mut done = 0;
    loop {
        while sending.len() < pace.at_once(at_a_time)
            && let Some(batch) = batches.next()
        {
            sending.push_back(send_one(doing, pace, timer, batch, &send));
        }
        match sending.next().await {
            Some(Ok(())) => done += 1,
            Some(Err(fault)) => return Err(Stopped { done, fault }),
            None => return Ok(()),
        }
    }
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
    let mut attempt = 0_u32;
    while let Some(wait) = pace.reserve(left.len(), timer.now()) {
        if wait > SignedDuration::ZERO {
            timer.sleep(wait).await;
        }
        if !pace.has_time(timer.now()) {
            break;
        }
        let all = left.len();
        left = match send(left).await? {
            Sent::But(rest) | Sent::Throttled(rest) => rest,
        };
        pace.answered(all, all - left.len(), timer.now());
        if left.is_empty() {
            return Ok(());
        }
        // Where something was taken there is room: only a refusal of all makes the waits longer.
        attempt = if left.len() < all { 0 } else { attempt + 1 };
        timer.sleep(backoff(attempt, all)).await;
    }
    Err(Fault::throttled(doing, format_args!("{} items wait", left.len())))
}

/// When a chunk that was given back comes again, and how often in a row it came no further.
///
/// A chunk that came further waits by how little it wrote, for the table takes: ten seconds for one batch, one for ten, and
/// not at all for more. One that came no further waits ten seconds, and twice as long each time, up to five minutes. The waits
/// of chunks are spread, so that they do not come back at once.
pub fn come_again(given_back: u32, wrote: u32, chunk: u32) -> (u32, SignedDuration) {
    /// Seconds.
    const FIRST_WAIT: u32 = 10;
    const LONGEST: u32 = 300;
    /// Items of a batch.
    const BATCH: u32 = 25;
    let (times, longest) = match wrote {
        0 => (given_back.saturating_add(1), (FIRST_WAIT << given_back.min(8)).min(LONGEST)),
        _ => (0, FIRST_WAIT * BATCH / wrote.max(BATCH)),
    };
    let seconds = longest / 2 + chunk % (longest - longest / 2).max(1);
    (times, SignedDuration::from_secs(i64::from(seconds)))
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

    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    #[test]
    fn the_pace_doubles_where_nothing_is_refused_and_else_grows_by_steps() {
        let (pace, now) = (Pace::default(), Timestamp::UNIX_EPOCH);
        pace.answered(800, 800, now);
        assert_eq!(pace.rate(), 1_600.0);
        pace.answered(1_600, 0, now);
        pace.answered(25, 0, now);
        let fallen = 1_600.0 * BUSY;
        assert_eq!(pace.rate(), fallen);
        pace.answered(1_520, 1_520, now + ONE);
        assert_eq!(pace.rate(), fallen + STEP);
        pace.answered(1_560, 1_560, now + LATELY);
        assert_eq!(pace.rate(), 2.0 * (fallen + STEP));
    }

    #[test]
    fn the_pace_falls_quickly_where_the_table_takes_little() {
        let (pace, now) = (Pace::default(), Timestamp::UNIX_EPOCH);
        (1..200).for_each(|at| pace.answered(25, 0, now + SECOND * at));
        assert_eq!(pace.rate(), SLOWEST);
    }

    /// At each pace the table refuses the same part, so a slower pace would write less and be refused as much.
    #[test]
    fn a_table_that_refuses_a_part_of_all_calls_is_written_at_a_good_pace() {
        for (every, refused) in [(2, 25), (3, 25), (10, 25), (1, 12)] {
            let pace = Pace::default();
            let (mut at, mut taken) = (0.0, 0);
            for call in 1_i64.. {
                at += 25.0 / pace.rate();
                if at >= 60.0 {
                    break;
                }
                let took = if call % every == 0 { 25 - refused } else { 25 };
                taken += took;
                pace.answered(25, took, Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(at));
            }
            assert!(taken > 5_000, "{refused} of 25 in each {every}: {taken} in a minute");
        }
    }

    #[test]
    fn a_chunk_that_comes_further_waits_by_how_little_it_wrote() {
        let seconds = |given_back, wrote| come_again(given_back, wrote, 0).1.as_secs();
        assert_eq!([1, 25, 100, 250, 2_000].map(|wrote| seconds(7, wrote)), [5, 5, 1, 0, 0]);
        assert_eq!([0, 1, 2, 5, 40].map(|times| seconds(times, 0)), [5, 10, 20, 150, 150]);
        assert_eq!(come_again(3, 1, 0).0, 0);
        assert_eq!(come_again(3, 0, 0).0, 4);
        let spread: std::collections::BTreeSet<i64> =
            (0..10_000).map(|chunk| come_again(9, 0, chunk).1.as_secs()).collect();
        assert_eq!(spread, (150..300).collect());
    }

    #[test]
    fn what_cannot_be_sent_before_the_deadline_is_not_sent() {
        let (pace, now) = (Pace::default(), Timestamp::UNIX_EPOCH);
        pace.until(Some(now + SignedDuration::from_secs(1)));
        assert_eq!(pace.reserve(800, now), Some(SignedDuration::ZERO));
        assert!(pace.reserve(800, now).is_some_and(|wait| wait < SignedDuration::from_secs(1)));
        assert_eq!(pace.reserve(800, now), None);
    }
}
