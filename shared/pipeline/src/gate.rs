//! The gate between judging and writing, used only if an option requests it.
//!
//! All chunks are judged and their results stored before anything is written. Then the finalizer decides once, from
//! the counts of all chunks: it either has every chunk written (a second message per chunk) or refuses the import. So
//! a gated import has two steps per chunk: step `n` judges chunk `n`, step `chunks + n` writes it.

use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::result::removed::accepted_contacts;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::id::ContactId;
use serde::{Deserialize, Serialize};

use crate::artifacts::{is_cancelled, missing, read_answer};
use crate::fault::Fault;
use crate::ports::{Answer, Contacts, Host, Imports, Objects, Ports, Queue};
use crate::removal;
use crate::removal::Removal;

/// What the gate decided; written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decision {
    /// Whether the chunks are written.
    pub(crate) passed: bool,
    /// Rows that were rejected, over all chunks.
    pub(crate) rejected: u64,
    /// The import was cancelled before anything was written.
    pub(crate) cancelled: bool,
    /// What a replacing import removes; nothing where it is not known, because some row is unprocessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removal: Option<Removal>,
    /// An approved import would remove others than its dry run showed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) removal_changed: bool,
}

impl Decision {
    /// The limits that the counts exceed, and an approval that does not cover what the import removes.
    pub(crate) fn exceeded(&self, plan: &Plan) -> Vec<Finding> {
        let mut exceeded = Vec::new();
        if let Some(removal) = self.removal.as_ref().filter(|_| self.removal_changed) {
            exceeded.push(Finding::new(Code::RemovalChanged).arg("found", removal.removed.to_string()));
        }
        if let Some(limit) = plan.options.max_rejected.filter(|limit| !limit.allows(self.rejected, plan.rows))
        {
            let finding = Finding::new(Code::TooManyRejected).arg("found", self.rejected.to_string());
            exceeded.push(finding.arg("limit", limit.to_string()));
        }
        exceeded.extend(self.removal.as_ref().and_then(|removal| removal.exceeds(&plan.options)));
        exceeded
    }
}

/// The state of a gated import.
pub(crate) enum Gate {
    /// Chunks are still being judged or written.
    Closed,
    /// All chunks are written, or the import is refused.
    Done,
}

/// Advances a gated import: decides once all chunks are judged, and sends the chunks that are to be written.
pub(crate) async fn advance(host: &impl Host, artifacts: &Artifacts, plan: &Plan) -> Answer<Gate> {
    let Ports { objects, contacts, imports, queue, .. } = host.ports();
    let open = imports.open_chunks(&plan.import_id).await?;
    if open.iter().any(|step| plan.is_judging(*step)) {
        return Ok(Gate::Closed);
    }
    let decision = decide(objects, contacts, artifacts, plan).await?;
    if !decision.passed || open.is_empty() {
        return Ok(Gate::Done);
    }
    for step in open {
        queue.send_chunk(ChunkMessage::without_rows(plan, step)).await?;
    }
    Ok(Gate::Closed)
}

/// The decision that is there, or the one that the counts of all chunks make.
pub(crate) async fn decide(
    objects: &impl Objects,
    contacts: &impl Contacts,
    artifacts: &Artifacts,
    plan: &Plan,
) -> Answer<Decision> {
    if let Some(decision) = read(objects, artifacts).await? {
        return Ok(decision);
    }
    let mut judged = Judged::default();
    for chunk in 0..plan.chunks.len() as u32 {
        match read_answer(objects, artifacts, chunk).await? {
            Some(answer) => {
                judged.rejected += answer.tally.rows.rejected;
                judged.is_complete &= answer.tally.rows.unprocessed == 0;
                if plan.options.replace {
                    judged.accepted.extend(accepted_contacts(plan, &answer));
                }
            }
            None => judged.is_complete = false,
        }
    }
    let cancelled = is_cancelled(objects, artifacts).await?;
    let removal = match plan.options.replace && judged.is_complete {
        true => Some(removal::find(objects, contacts, artifacts, plan, judged.accepted).await?),
        false => None,
    };
    let removal_changed = match (&plan.approves, &removal) {
        (Some(dry_run), Some(_)) => {
            let shown = Artifacts::of(&plan.program, dry_run).removed();
            !removal::is_same(objects, &shown, &artifacts.removed()).await?
        }
        _ => false,
    };
    let rejected = judged.rejected;
    let mut decision = Decision { passed: true, rejected, cancelled, removal, removal_changed };
    decision.passed = !cancelled && decision.exceeded(plan).is_empty();
    record(objects, artifacts, plan, decision).await
}

/// The decision that is there, or that nothing of the import is written, because it failed before.
pub(crate) async fn close_for_good(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
) -> Answer<Decision> {
    if let Some(decision) = read(objects, artifacts).await? {
        return Ok(decision);
    }
    let decision =
        Decision { passed: false, rejected: 0, cancelled: true, removal: None, removal_changed: false };
    record(objects, artifacts, plan, decision).await
}

/// Writes a decision where there is none yet; that of a dry run is not kept.
async fn record(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    decision: Decision,
) -> Answer<Decision> {
    if plan.dry_run {
        return Ok(decision);
    }
    let json = serde_json::to_vec(&decision).expect("plain data serialises");
    if objects.put_if_absent(&artifacts.gate(), &[&json]).await? {
        return Ok(decision);
    }
    read(objects, artifacts).await?.ok_or_else(|| missing("the gate's decision"))
}

/// What all chunks together came to.
struct Judged {
    rejected: u64,
    /// The contacts of accepted rows, where they are asked for.
    accepted: Vec<ContactId>,
    /// No row is unprocessed.
    is_complete: bool,
}

impl Default for Judged {
    fn default() -> Self {
        Self { rejected: 0, accepted: Vec::new(), is_complete: true }
    }
}

/// The decision, where it is made.
pub(crate) async fn read(objects: &impl Objects, artifacts: &Artifacts) -> Answer<Option<Decision>> {
    let Some(json) = objects.get(&artifacts.gate()).await? else { return Ok(None) };
    serde_json::from_slice(&json)
        .map(Some)
        .map_err(|error| Fault::damaged("reading the gate's decision", error))
}
