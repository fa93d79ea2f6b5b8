//! The sweep: ensures that no import hangs, whatever was lost.
//!
//! If an import is open for longer than its messages can be in flight, the sweep splits it again; this sends the
//! missing messages. If it is still open after the same time again, the sweep abandons its chunks one by one; if that
//! fails, the import ends as failed.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::types::names::{ImportId, ProgramName};

use crate::abandon::abandon_chunk;
use crate::artifacts::Plans;
use crate::finalize::finalize;
use crate::ports::{Answer, Clock, Host, ImportItem, Imports, Mail, Ports, Queue};
use crate::split::split_again;
use crate::work::Worked;

/// The sweep's state of an import that has not ended.
pub trait Unfinished: Send + Sync {
    /// Imports that have not ended, each with the time when the sweep sent its missing chunks again.
    fn unfinished(&self) -> impl Future<Output = Answer<Vec<(ImportId, Option<Timestamp>)>>> + Send;
    /// Stores that the missing chunks were sent again. Repeating it is safe.
    fn note_swept(&self, import: &ImportId, at: Timestamp) -> impl Future<Output = Answer<()>> + Send;
}

/// The action of the sweep on an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    /// Its messages may still be in flight.
    Young,
    /// It has ended.
    Over,
    /// All its chunks are closed: the finalizer received another message.
    ToldAgain,
    /// The missing chunks were sent again.
    SentAgain,
    /// Its open chunks were abandoned, except for chunks that a worker holds now: the next sweep handles them.
    Abandoned,
    /// It could not go on and was ended as failed.
    Failed,
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

/// Sweeps one import that has not ended.
///
/// # Errors
/// If a port fails temporarily; the next sweep tries again.
pub async fn sweep_import<H: Host<Imports: Unfinished>>(
    host: &H,
    mail: &impl Mail,
    plans: &Plans,
    sweep_config: SweepConfig,
    import: &ImportId,
    swept_at: Option<Timestamp>,
) -> Answer<Swept> {
    let Ports { objects, imports, queue, clock, .. } = host.ports();
    let Some(item) = imports.get(import).await? else { return Ok(Swept::Over) };
    if let Some(status) = item.status {
        // Its end was stored, but it is still in the list of unfinished imports.
        imports.finish(import, status).await?;
        return Ok(Swept::Over);
    }
    let now = clock.now();
    let since = swept_at.unwrap_or(item.started_at);
    if now < since + sweep_config.wait {
        return Ok(Swept::Young);
    }
    if item.chunks.is_some() && imports.open_chunks(import).await?.is_empty() {
        queue.send_finalize(&item.program, import).await?;
        return Ok(Swept::ToldAgain);
    }
    let went_on = if swept_at.is_none() {
        imports.note_swept(import, now).await?;
        split_again(objects, imports, queue, item, sweep_config.size).await.map(|_| Swept::SentAgain)
    } else {
        let giving_up = GivingUp { host, plans, lease: sweep_config.lease };
        split_again(objects, imports, &giving_up, item, sweep_config.size).await.map(|_| Swept::Abandoned)
    };
    match went_on {
        Err(fault) if !fault.is_transient() => {
            let why = fault.to_string();
            finalize(host, mail, sweep_config.lease, import, Some(&why)).await?;
            Ok(Swept::Failed)
        }
        went_on => went_on,
    }
}

/// A queue that abandons each chunk that it is sent.
struct GivingUp<'a, H> {
    host: &'a H,
    plans: &'a Plans,
    lease: SignedDuration,
}

impl<H: Host> Queue for GivingUp<'_, H> {
    async fn send_chunk(&self, message: ChunkMessage) -> Answer<()> {
        match abandon_chunk(self.host, self.plans, self.lease, &message, true).await? {
            Worked::Closed(_) | Worked::Busy => Ok(()),
        }
    }

    async fn send_finalize(&self, program: &ProgramName, import: &ImportId) -> Answer<()> {
        self.host.ports().queue.send_finalize(program, import).await
    }
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
