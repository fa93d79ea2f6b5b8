//! The queues within one process.
//!
//! Sending waits while the queue is full, receiving while it is empty. Both block the thread that polls them, so the
//! splitter and the workers run on separate threads.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, Queue};
use rollcall_pipeline::sweep::Backlog;

/// A message for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A chunk to work.
    Chunk(ChunkMessage),
    /// All chunks of an import are closed.
    Finalize(ProgramName, ImportId),
    /// It is the turn of an import that waited in its lane.
    Turn(ImportId),
}

/// The queues of a home, shared by clones.
#[derive(Debug, Clone)]
pub struct LocalQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    room: usize,
    lanes: Mutex<Lanes>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lanes {
    finalize: VecDeque<(ProgramName, ImportId)>,
    turns: VecDeque<ImportId>,
    chunks: VecDeque<ChunkMessage>,
    /// Messages to retry, with the times of their retries; never more than there are workers.
    back: Vec<(Instant, Message)>,
    closed: bool,
}

impl LocalQueue {
    /// Queues that hold at most this many chunks; one chunk always has room.
    pub fn with_room(chunks: usize) -> Self {
        let lanes = Mutex::default();
        Self(Arc::new(Shared { room: chunks.max(1), lanes, changed: Condvar::new() }))
    }

    /// Waits for a message; `None` once the queues are closed and empty.
    pub fn receive(&self) -> Option<Message> {
        let mut lanes = self.lanes();
        loop {
            if let Some(message) = lanes.next(Instant::now()) {
                self.0.changed.notify_all();
                return Some(message);
            }
            let due = lanes.back.iter().map(|(due, _)| *due).min();
            lanes = match due {
                None if lanes.closed => return None,
                None => self.0.changed.wait(lanes).unwrap_or_else(PoisonError::into_inner),
                Some(due) => self.wait_until(lanes, due),
            };
        }
    }

    /// Takes a message if there is one now.
    pub fn try_receive(&self) -> Option<Message> {
        let message = self.lanes().next(Instant::now());
        self.0.changed.notify_all();
        message
    }

    /// Returns a message for a later retry. Never waits for room.
    pub fn return_later(&self, message: Message, after: Duration) {
        let now = Instant::now();
        let due = now.checked_add(after).unwrap_or(now);
        self.lanes().back.push((due, message));
        self.0.changed.notify_all();
    }

    /// Accepts no more messages; waiting ones are still delivered.
    pub fn close(&self) {
        self.lanes().closed = true;
        self.0.changed.notify_all();
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until<'l>(&self, lanes: MutexGuard<'l, Lanes>, due: Instant) -> MutexGuard<'l, Lanes> {
        let rest = due.saturating_duration_since(Instant::now());
        self.0.changed.wait_timeout(lanes, rest).unwrap_or_else(PoisonError::into_inner).0
    }

    fn send(&self, push: impl FnOnce(&mut Lanes), is_full: impl Fn(&Lanes) -> bool) -> Answer<()> {
        let mut lanes = self.lanes();
        while !lanes.closed && is_full(&lanes) {
            lanes = self.0.changed.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
        if lanes.closed {
            return Err(Fault::permanent("sending a message", "the queue is closed"));
        }
        push(&mut lanes);
        self.0.changed.notify_all();
        Ok(())
    }
}

impl Lanes {
    /// The order of delivery: ends of imports, then chunks in order, then messages to retry whose time has come.
    fn next(&mut self, now: Instant) -> Option<Message> {
        if let Some((program, import)) = self.finalize.pop_front() {
            return Some(Message::Finalize(program, import));
        }
        if let Some(import) = self.turns.pop_front() {
            return Some(Message::Turn(import));
        }
        if let Some(chunk) = self.chunks.pop_front() {
            return Some(Message::Chunk(chunk));
        }
        let due = self.back.iter().position(|(due, _)| *due <= now)?;
        Some(self.back.remove(due).1)
    }
}

impl Queue for LocalQueue {
    async fn send_chunk(&self, message: ChunkMessage) -> Answer<()> {
        // A message without rows takes no room: its sender may be the only worker.
        let room = if message.text.is_empty() { usize::MAX } else { self.0.room };
        self.send(|lanes| lanes.chunks.push_back(message), |lanes| lanes.chunks.len() >= room)
    }

    async fn send_finalize(&self, program: &ProgramName, import: &ImportId) -> Answer<()> {
        let message = (program.clone(), import.clone());
        self.send(|lanes| lanes.finalize.push_back(message), |_| false)
    }

    /// Never refused: where the queue is closed, the host itself begins the next import.
    async fn send_turn(&self, import: &ImportId) -> Answer<()> {
        self.lanes().turns.push_back(import.clone());
        self.0.changed.notify_all();
        Ok(())
    }
}

impl Backlog for LocalQueue {
    async fn waiting_chunks(&self) -> Answer<u64> {
        Ok(self.lanes().chunks.len() as u64)
    }
}
