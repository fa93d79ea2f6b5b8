//! Reads and writes the artifacts of an import: small documents.

use std::sync::{Arc, Mutex};

use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::result::abandoned::Abandoned;
use rollcall_domain::result::chunk_result::{ChunkAnswer, ChunkResult};
use rollcall_domain::types::names::{ImportId, ProgramName};

use crate::fault::Fault;
use crate::ports::{Objects, Pool};

/// A plan and its profile, read once and used for many chunks.
#[derive(Debug)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// The plan's profile.
    pub profile: Arc<Profile>,
}

impl Loaded {
    /// The contacts that the import is about.
    pub(crate) fn pool(&self) -> Pool {
        Pool { program: self.plan.program.clone(), pool: self.profile.pool.clone() }
    }
}

/// The plans that were read last. A worker receives many chunks of few imports.
#[derive(Debug, Default)]
pub struct Plans(Mutex<Vec<(ImportId, Arc<Loaded>)>>);

impl Plans {
    const HELD: usize = 4;

    /// The plan of an import.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn get(
        &self,
        objects: &impl Objects,
        program: &ProgramName,
        import: &ImportId,
    ) -> Result<Arc<Loaded>, Fault> {
        if let Some(loaded) = self.held(import) {
            return Ok(loaded);
        }
        let artifacts = Artifacts::of(program, import);
        let plan = read_plan(objects, &artifacts).await?.ok_or_else(|| missing("plan.json"))?;
        let profile = plan.profile().map_err(|error| Fault::damaged("reading the plan", error))?;
        let loaded = Arc::new(Loaded { plan, profile });
        let mut held = self.0.lock().expect("nothing panics while it holds the plans");
        held.truncate(Self::HELD - 1);
        held.insert(0, (import.clone(), loaded.clone()));
        Ok(loaded)
    }

    fn held(&self, import: &ImportId) -> Option<Arc<Loaded>> {
        let held = self.0.lock().expect("nothing panics while it holds the plans");
        held.iter().find(|(known, _)| known == import).map(|(_, loaded)| loaded.clone())
    }
}

pub(crate) async fn read_plan(objects: &impl Objects, artifacts: &Artifacts) -> Result<Option<Plan>, Fault> {
    let Some(json) = objects.get(&artifacts.plan()).await? else { return Ok(None) };
    Plan::from_json(&json).map(Some).map_err(|error| Fault::damaged("reading the plan", error))
}

pub(crate) async fn read_upload(
    objects: &impl Objects,
    artifacts: &Artifacts,
) -> Result<Option<Upload>, Fault> {
    let Some(json) = objects.get(&artifacts.upload()).await? else { return Ok(None) };
    serde_json::from_slice(&json).map(Some).map_err(|error| Fault::damaged("reading upload.json", error))
}

pub(crate) async fn read_chunk_result(
    objects: &impl Objects,
    artifacts: &Artifacts,
    chunk: u32,
) -> Result<Option<ChunkResult>, Fault> {
    let Some(bytes) = objects.get(&artifacts.chunk_result(chunk)).await? else { return Ok(None) };
    ChunkResult::from_bytes(&bytes).map(Some).map_err(|error| Fault::damaged("reading a chunk result", error))
}

/// Writes a chunk's result if there is none yet.
pub(crate) async fn put_chunk_result(
    objects: &impl Objects,
    artifacts: &Artifacts,
    message: &ChunkMessage,
    chunk_result: &ChunkResult,
) -> Result<bool, Fault> {
    let parts = chunk_result.to_parts(&message.import_id, message.chunk);
    objects.put_if_absent(&artifacts.chunk_result(message.chunk), &parts.each_ref().map(AsRef::as_ref)).await
}

/// Reads the result rows and counts of a chunk, without the contacts to write.
pub(crate) async fn read_answer<O: Objects>(
    objects: &O,
    artifacts: &Artifacts,
    chunk: u32,
) -> Result<Option<ChunkAnswer>, Fault> {
    let (key, damaged) =
        (artifacts.chunk_result(chunk), |error| Fault::damaged("reading a chunk result", error));
    if O::RANGES
        && let Some(object) = objects.describe(&key).await?
    {
        // The contacts to write are most of it, and stay where they are.
        let end = objects.read(&object, object.len.saturating_sub(END)..object.len).await?;
        if let Some(len) = ChunkAnswer::rows_len(&end) {
            let rows = objects.read(&object, 0..len as u64).await?;
            return ChunkAnswer::from_ends(&end, rows).map(Some).map_err(damaged);
        }
    }
    let Some(bytes) = objects.get(&key).await? else { return Ok(None) };
    ChunkAnswer::from_chunk_result(bytes).map(Some).map_err(damaged)
}

/// Bytes at the end of a chunk result in which its last line usually is.
const END: u64 = 32 * 1024;

/// The rows of a chunk that were abandoned, if any.
pub(crate) async fn read_abandoned(
    objects: &impl Objects,
    artifacts: &Artifacts,
    chunk: u32,
) -> Result<Option<Abandoned>, Fault> {
    let Some(json) = objects.get(&artifacts.abandoned(chunk)).await? else { return Ok(None) };
    Abandoned::from_json(&json).map(Some).map_err(|error| Fault::damaged("reading the abandoned rows", error))
}

/// Whether a request to cancel the import exists.
pub(crate) async fn is_cancelled(objects: &impl Objects, artifacts: &Artifacts) -> Result<bool, Fault> {
    Ok(objects.describe(&artifacts.cancelled()).await?.is_some())
}

pub(crate) fn missing(what: &'static str) -> Fault {
    Fault::damaged("reading an import's artifacts", format_args!("{what} is missing"))
}
