//! The sweep: ensures that no import hangs, whatever was lost.
//!
//! The sweep acts only on an import of which nothing has moved for longer than its messages can be in flight: no chunk was
//! closed, and nothing was sent. It first sends again what is open. It abandons a chunk only where a worker received it
//! after that and the chunk is still open; a chunk that nobody received still waits in the queue, and goes on waiting. An
//! import that waits for its turn, or whose program is paused, is left alone.

use jiff::{SignedDuration, Timestamp};
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::types::names::ImportId;

use crate::abandon::abandon_chunk;
use crate::artifacts::{Loaded, Plans};
use crate::finalize::finalize;
use crate::pause::is_paused;
use crate::ports::{Answer, Clock, Host, ImportItem, Imports, Mail, Ports, Queue, Turn};
pub use crate::ports::{Backlog, Standing, Unfinished};
use crate::split::{Cutter, Split, source_of, split_again};

/// The action of the sweep on an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    /// It moved, or its messages may still be in flight.
    Young,
    /// It has ended.
    Over,
    /// Another import of its lane has its turn.
    Waiting,
    /// Its program is paused.
    Paused,
    /// Nothing moved, but chunks wait in the queue: its own may be among them.
    Queued,
    /// All its chunks are closed: the finalizer was told again.
    ToldAgain,
    /// The open chunks were sent again.
    SentAgain,
    /// Chunks that workers received and did not close were abandoned; the others were sent again.
    Abandoned,
    /// It could not go on and was ended as failed.
    Failed,
}

impl Swept {
    /// Whether the import hung.
    pub fn is_finding(self) -> bool {
        matches!(self, Self::ToldAgain | Self::SentAgain | Self::Abandoned | Self::Failed)
    }
}

/// The settings of the sweep.
#[derive(Debug, Clone, Copy)]
pub struct SweepConfig {
    /// Longer than a message can be in flight: visibility timeout × receives.
    pub wait: SignedDuration,
    /// The length of a lease on a chunk or a notification.
    pub lease: SignedDuration,
    /// Chunk sizes for a file that has no plan yet.
    pub size: ChunkSize,
}

/// While chunks wait in the queue, the sweep waits this many times longer: messages that got lost must be sent again one
/// day, however busy the queue is.
const BUSY_WAITS: i32 = 4;

/// Sweeps one import that has not ended.
///
/// # Errors
/// Where a port fails for now; the next sweep tries again.
pub async fn sweep_import<H: Host<Imports: Unfinished, Queue: Backlog>>(
    host: &H,
    mail: &impl Mail,
    plans: &Plans,
    sweep_config: SweepConfig,
    import: &ImportId,
) -> Answer<Swept> {
    let Ports { objects, imports, queue, clock, .. } = host.ports();
    let Some(item) = imports.get(import).await? else { return Ok(Swept::Over) };
    if let Some(status) = item.status {
        // Its end was stored, but it is still in the list of unfinished imports.
        crate::lane::hand_on(imports, queue, &item).await?;
        imports.finish(import, status).await?;
        return Ok(Swept::Over);
    }
    let standing = imports.standing(import).await?;
    let moved = standing.moved_at.unwrap_or(item.started_at);
    let still = moved.max(standing.swept_at.unwrap_or(moved));
    let now = clock.now();
    if now < still + sweep_config.wait {
        return Ok(Swept::Young);
    }
    if is_paused(objects, &item.program).await? {
        return Ok(Swept::Paused);
    }
    let acted = act(host, plans, sweep_config, &item, &standing).await;
    match acted {
        Err(fault) if !fault.is_transient() => {
            let why = fault.to_string();
            finalize(host, mail, sweep_config.lease, import, Some(&why)).await?;
            Ok(Swept::Failed)
        }
        Ok(swept) if swept.is_finding() => {
            // Noted after it is done: a sweep that dies in between is repeated.
            imports.note_swept(import, clock.now()).await?;
            Ok(swept)
        }
        acted => acted,
    }
}

/// Does what an import needs that has not moved for long enough.
async fn act<H: Host<Imports: Unfinished, Queue: Backlog>>(
    host: &H,
    plans: &Plans,
    sweep_config: SweepConfig,
    item: &ImportItem,
    standing: &Standing,
) -> Answer<Swept> {
    let Ports { objects, imports, queue, clock, .. } = host.ports();
    let import = &item.import_id;
    if item.chunks.is_none() {
        return send_again(host, sweep_config, item).await;
    }
    let open = imports.open_chunks(import).await?;
    if open.is_empty() {
        queue.send_finalize(&item.program, import).await?;
        return Ok(Swept::ToldAgain);
    }
    let loaded = plans.get(objects, &item.program, import).await?;
    if crate::lane::take_turn(imports, queue, clock, item, &loaded.plan).await? == Turn::Waiting {
        return Ok(Swept::Waiting);
    }
    let moved = standing.moved_at.unwrap_or(item.started_at);
    let still = moved.max(standing.swept_at.unwrap_or(moved));
    let is_long = clock.now() >= still + sweep_config.wait * BUSY_WAITS;
    if !is_long && queue.waiting_chunks().await? > 0 {
        return Ok(Swept::Queued);
    }
    match standing.swept_at.filter(|swept| *swept >= moved) {
        None => send_again(host, sweep_config, item).await,
        Some(swept) => end_open(host, plans, sweep_config, item, &loaded, swept).await,
    }
}

async fn send_again(host: &impl Host, sweep_config: SweepConfig, item: &ImportItem) -> Answer<Swept> {
    let Ports { objects, imports, queue, clock, .. } = host.ports();
    Ok(match split_again(objects, imports, queue, clock, item.clone(), sweep_config.size).await? {
        Split::Waiting(_) => Swept::Waiting,
        Split::Paused(_) => Swept::Paused,
        _ => Swept::SentAgain,
    })
}

/// The chunks are open although they were sent again: abandons those that a worker received since, sends the others.
async fn end_open<H: Host<Imports: Unfinished>>(
    host: &H,
    plans: &Plans,
    sweep_config: SweepConfig,
    item: &ImportItem,
    loaded: &Loaded,
    swept: Timestamp,
) -> Answer<Swept> {
    let Ports { objects, imports, queue, .. } = host.ports();
    let received = imports.received(&item.import_id, swept).await?;
    if received.is_empty() {
        return send_again(host, sweep_config, item).await;
    }
    let source = source_of(imports, item, &loaded.plan).await?;
    let mut cutter = Cutter::new(objects, &source, &loaded.plan);
    let open = imports.open_chunks(&item.import_id).await?;
    for step in &open {
        let message = cutter.step(*step).await?;
        if received.binary_search(step).is_ok() {
            // A worker that holds it now is left to the next sweep.
            abandon_chunk(host, plans, sweep_config.lease, &message, true).await?;
        } else if loaded.plan.is_judging(*step) {
            queue.send_chunk(message).await?;
        }
    }
    if !open.iter().any(|step| loaded.plan.is_judging(*step)) {
        // All are judged: the gate sends what is to be written.
        queue.send_finalize(&item.program, &item.import_id).await?;
    }
    Ok(Swept::Abandoned)
}

/// Ends an import that an event began and that could not be split, as failed and with a notification.
///
/// # Errors
/// If a port fails; the stage may run again.
pub async fn fail_import(
    host: &impl Host,
    mail: &impl Mail,
    lease: SignedDuration,
    item: ImportItem,
    why: &str,
) -> Answer<()> {
    let item = host.ports().imports.begin(item).await?;
    finalize(host, mail, lease, &item.import_id, Some(why)).await.map(drop)
}
