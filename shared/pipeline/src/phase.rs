//! The phase of an import, for those who wait for it.

use rollcall_domain::plan::object_keys::Artifacts;

use crate::artifacts::read_plan;
use crate::pause::is_paused;
use crate::ports::{Answer, ImportItem, Imports, Objects};

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its file is surveyed.
    Splitting,
    /// An earlier import into the same pool has its turn.
    Waiting,
    /// Its program is paused.
    Paused,
    /// Its chunks are judged and written.
    Working,
    /// All its chunks are closed; the results are assembled.
    Finalizing,
    /// It is over.
    Over,
}

impl Phase {
    /// The phase as programs read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Splitting => "splitting",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Working => "working",
            Self::Finalizing => "finalizing",
            Self::Over => "over",
        }
    }
}

/// The phase of an import now.
///
/// # Errors
/// Where a port fails.
pub async fn phase(objects: &impl Objects, imports: &impl Imports, item: &ImportItem) -> Answer<Phase> {
    if item.status.is_some() {
        return Ok(Phase::Over);
    }
    if item.chunks.is_some() && imports.open_chunks(&item.import_id).await?.is_empty() {
        return Ok(Phase::Finalizing);
    }
    if is_paused(objects, &item.program).await? {
        return Ok(Phase::Paused);
    }
    if item.chunks.is_none() {
        return Ok(Phase::Splitting);
    }
    let Some(lane) = &item.lane else { return Ok(Phase::Working) };
    if imports.turn_of(lane).await?.as_ref() == Some(&item.import_id) {
        return Ok(Phase::Working);
    }
    // A dry run that an option asked for left its lane.
    let plan = read_plan(objects, &Artifacts::of(&item.program, &item.import_id)).await?;
    Ok(if plan.is_some_and(|plan| plan.dry_run) { Phase::Working } else { Phase::Waiting })
}
