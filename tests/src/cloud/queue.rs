//! A standard queue of SQS with message groups (a fair queue): at least once, in no order, with visibility, receives and a
//! dead-letter queue. A group that has fewer messages with workers comes first, which is what fair queues promise.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A message as a function receives it.
#[derive(Debug, Clone)]
pub(crate) struct Message<B> {
    id: u64,
    /// Its group.
    pub(crate) group: String,
    /// What it says.
    pub(crate) body: B,
    receives: u32,
    /// How often it was given back.
    pub(crate) given_back: u32,
}

/// A queue.
#[derive(Debug)]
pub(crate) struct Sqs<B> {
    state: Mutex<State<B>>,
    arrived: Notify,
    visibility: Duration,
    receives: u32,
    dead: Option<Arc<Sqs<B>>>,
}

#[derive(Debug)]
struct State<B> {
    next: u64,
    ready: BTreeMap<String, VecDeque<Message<B>>>,
    taken: BTreeMap<u64, Message<B>>,
    of_group: BTreeMap<String, u64>,
    served: BTreeMap<String, u64>,
    delayed: u64,
    /// Since when there is always something to receive.
    busy_since: Option<Instant>,
}

impl<B: Clone + 'static> Sqs<B> {
    pub(super) fn new(visibility: Duration, receives: u32, dead: Option<Arc<Self>>) -> Self {
        let state = State {
            next: 0,
            ready: BTreeMap::new(),
            taken: BTreeMap::new(),
            of_group: BTreeMap::new(),
            served: BTreeMap::new(),
            delayed: 0,
            busy_since: None,
        };
        Self { state: Mutex::new(state), arrived: Notify::new(), visibility, receives, dead }
    }

    pub(super) fn send(&self, group: &str, body: B) {
        self.push(group, body, 0, 0);
    }

    /// Sends a message that appears later.
    pub(super) fn send_later(self: &Arc<Self>, group: &str, body: B, given_back: u32, delay: Duration) {
        self.state().delayed += 1;
        let (queue, group) = (self.clone(), group.to_owned());
        tokio::task::spawn_local(async move {
            tokio::time::sleep(delay).await;
            queue.state().delayed -= 1;
            queue.push(&group, body, 0, given_back);
        });
    }

    fn push(&self, group: &str, body: B, receives: u32, given_back: u32) {
        let mut state = self.state();
        state.next += 1;
        let message = Message { id: state.next, group: group.to_owned(), body, receives, given_back };
        state.ready.entry(group.to_owned()).or_default().push_back(message);
        state.busy_since.get_or_insert_with(Instant::now);
        drop(state);
        self.arrived.notify_waiters();
    }

    /// Waits for messages and takes up to so many.
    pub(super) async fn receive(self: &Arc<Self>, most: usize) -> Vec<Message<B>> {
        loop {
            let arrived = self.arrived.notified();
            let batch = self.take(most);
            if !batch.is_empty() {
                self.hide(&batch);
                return batch;
            }
            arrived.await;
        }
    }

    /// The same for the n-th environment of an event source: beyond the first ones each begins only where there was
    /// something to receive for long enough.
    pub(super) async fn receive_as(
        self: &Arc<Self>,
        number: usize,
        first: usize,
        more_a_second: f64,
        most: usize,
    ) -> Vec<Message<B>> {
        let from = Duration::from_secs_f64(number.saturating_sub(first - 1) as f64 / more_a_second);
        while number >= first && self.busy_for() < from {
            let left = from.saturating_sub(self.busy_for()).max(Duration::from_millis(200));
            tokio::time::timeout(left, self.arrived.notified()).await.ok();
        }
        self.receive(most).await
    }

    fn take(&self, most: usize) -> Vec<Message<B>> {
        let mut state = self.state();
        let mut batch = Vec::new();
        while batch.len() < most {
            let Some(mut message) = state.next() else { break };
            message.receives += 1;
            state.taken.insert(message.id, message.clone());
            batch.push(message);
        }
        if state.ready.is_empty() {
            state.busy_since = None;
        }
        batch
    }

    /// Messages that are not deleted appear again after the visibility timeout, or go to the dead-letter queue.
    fn hide(self: &Arc<Self>, batch: &[Message<B>]) {
        let (queue, ids): (_, Vec<u64>) = (self.clone(), batch.iter().map(|message| message.id).collect());
        tokio::task::spawn_local(async move {
            tokio::time::sleep(queue.visibility).await;
            for id in ids {
                let Some(message) = queue.state().forget(id) else { continue };
                let full = message.receives >= queue.receives;
                match &queue.dead {
                    Some(dead) if full => dead.send(&message.group, message.body),
                    _ => queue.push(&message.group, message.body, message.receives, message.given_back),
                }
            }
        });
    }

    pub(super) fn delete(&self, message: &Message<B>) {
        self.state().forget(message.id);
    }

    pub(super) fn waiting(&self) -> u64 {
        let state = self.state();
        state.ready.values().map(VecDeque::len).sum::<usize>() as u64
            + state.taken.len() as u64
            + state.delayed
    }

    /// For how long there was always something to receive.
    pub(super) fn busy_for(&self) -> Duration {
        self.state().busy_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<B>> {
        self.state.lock().expect("one thread")
    }
}

impl<B: Clone> State<B> {
    fn next(&mut self) -> Option<Message<B>> {
        let count = |of: &BTreeMap<String, u64>, group: &String| of.get(group).copied().unwrap_or(0);
        let group = self
            .ready
            .keys()
            .min_by_key(|group| (count(&self.of_group, group), count(&self.served, group)))?
            .clone();
        let waiting = self.ready.get_mut(&group)?;
        let message = waiting.pop_front()?;
        if waiting.is_empty() {
            self.ready.remove(&group);
        }
        *self.of_group.entry(group.clone()).or_default() += 1;
        *self.served.entry(group).or_default() += 1;
        Some(message)
    }

    fn forget(&mut self, id: u64) -> Option<Message<B>> {
        let message = self.taken.remove(&id)?;
        if let Some(count) = self.of_group.get_mut(&message.group) {
            *count -= 1;
        }
        Some(message)
    }
}
