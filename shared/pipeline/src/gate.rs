//! The gate between judging and writing, used only if an option requests it.
//!
//! All chunks are judged and their results stored before anything is written. Then the finalizer decides once, from
//! the counts of all chunks: it either has every chunk written (a second message per chunk) or refuses the import. So
//! a gated import has two steps per chunk: step `n` judges chunk `n`, step `chunks + n` writes it.

use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use serde::{Deserialize, Serialize};

use crate::artifacts::{is_cancelled, missing, read_answer};
use crate::fault::Fault;
use crate::ports::{Answer, Imports, Objects, Queue};

/// The decision of the gate; written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decision {
    /// Whether the chunks are written.
    pub(crate) passed: bool,
    /// Rows that were rejected, over all chunks.
    pub(crate) rejected: u64,
    /// The import was cancelled before anything was written.
    pub(crate) cancelled: bool,
}

/// The state of a gated import.
pub(crate) enum Gate {
    /// Chunks are still being judged or written.
    Closed,
    /// All chunks are written, or the import is refused.
    Done,
}

/// Handles the gate of an import: decides once all chunks are judged, and sends the messages to write them.
pub(crate) async fn look_after(
    objects: &impl Objects,
    imports: &impl Imports,
    queue: &impl Queue,
    artifacts: &Artifacts,
    plan: &Plan,
) -> Answer<Gate> {
    let open = imports.open_chunks(&plan.import_id).await?;
    if open.iter().any(|step| plan.is_judging(*step)) {
        return Ok(Gate::Closed);
    }
    let decision = decide(objects, artifacts, plan).await?;
    if !decision.passed || open.is_empty() {
        return Ok(Gate::Done);
    }
    for step in open {
        queue.send_chunk(ChunkMessage::to_write(plan, step)).await?;
    }
    Ok(Gate::Closed)
}

/// The stored decision, or a new one from the counts of all chunks.
pub(crate) async fn decide(objects: &impl Objects, artifacts: &Artifacts, plan: &Plan) -> Answer<Decision> {
    if let Some(decision) = read(objects, artifacts).await? {
        return Ok(decision);
    }
    let mut rejected = 0;
    for chunk in 0..plan.chunks.len() as u32 {
        let answer = read_answer(objects, artifacts, chunk).await?;
        rejected += answer.map_or(0, |answer| answer.tally.rows.rejected);
    }
    let allowed = plan.options.max_rejected.is_none_or(|limit| limit.allows(rejected, plan.rows));
    let cancelled = is_cancelled(objects, artifacts).await?;
    let decision = Decision { passed: allowed && !cancelled, rejected, cancelled };
    if plan.dry_run {
        return Ok(decision);
    }
    let json = serde_json::to_vec(&decision).expect("plain data serialises");
    if objects.put_if_absent(&artifacts.gate(), &[&json]).await? {
        return Ok(decision);
    }
    read(objects, artifacts).await?.ok_or_else(|| missing("the gate's decision"))
}

async fn read(objects: &impl Objects, artifacts: &Artifacts) -> Answer<Option<Decision>> {
    let Some(json) = objects.get(&artifacts.gate()).await? else { return Ok(None) };
    serde_json::from_slice(&json)
        .map(Some)
        .map_err(|error| Fault::damaged("reading the gate's decision", error))
}
