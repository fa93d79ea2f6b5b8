//! Reading and writing an import's papers: small documents of one shape each.

use std::sync::{Arc, Mutex};

use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Papers;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::result::abandoned::GivenUp;
use rollcall_domain::result::chunk_result::{ChunkAnswer, Fragment};
use rollcall_domain::types::names::{ImportId, ProgramName};

use crate::fault::Fault;
use crate::ports::Objects;

/// A plan and its profile, read once and used for many chunks.
#[derive(Debug)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// The plan's profile.
    pub profile: Profile,
}

/// The plans that were read last; a worker meets many chunks of few imports.
#[derive(Debug, Default)]
pub struct Plans(Mutex<Vec<(ImportId, Arc<Loaded>)>>);

impl Plans {
    const HELD: usize = 4;

    /// The plan of an import.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn get(
        &self,
        objects: &impl Objects,
        program: &ProgramName,
        import: &ImportId,
    ) -> Result<Arc<Loaded>, Fault> {
        if let Some(loaded) = self.held(import) {
            return Ok(loaded);
        }
        let papers = Papers::of(program, import);
        let plan = read_plan(objects, &papers).await?.ok_or_else(|| missing("plan.json"))?;
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

pub(crate) async fn read_plan(objects: &impl Objects, papers: &Papers) -> Result<Option<Plan>, Fault> {
    let Some(json) = objects.get(&papers.plan()).await? else { return Ok(None) };
    Plan::from_json(&json).map(Some).map_err(|error| Fault::damaged("reading the plan", error))
}

pub(crate) async fn read_upload(objects: &impl Objects, papers: &Papers) -> Result<Option<Upload>, Fault> {
    let Some(json) = objects.get(&papers.upload()).await? else { return Ok(None) };
    serde_json::from_slice(&json).map(Some).map_err(|error| Fault::damaged("reading upload.json", error))
}

pub(crate) async fn read_fragment(
    objects: &impl Objects,
    papers: &Papers,
    chunk: u32,
) -> Result<Option<Fragment>, Fault> {
    let Some(bytes) = objects.get(&papers.fragment(chunk)).await? else { return Ok(None) };
    Fragment::from_bytes(&bytes).map(Some).map_err(|error| Fault::damaged("reading a fragment", error))
}

/// Writes a chunk's fragment where there is none yet.
pub(crate) async fn put_fragment(
    objects: &impl Objects,
    papers: &Papers,
    message: &ChunkMessage,
    fragment: &Fragment,
) -> Result<bool, Fault> {
    let parts = fragment.to_parts(&message.import_id, message.chunk);
    objects.put_if_absent(&papers.fragment(message.chunk), &parts.each_ref().map(AsRef::as_ref)).await
}

/// Reads what a chunk is answered with; not what it keeps.
pub(crate) async fn read_answer(
    objects: &impl Objects,
    papers: &Papers,
    chunk: u32,
) -> Result<Option<ChunkAnswer>, Fault> {
    let Some(bytes) = objects.get(&papers.fragment(chunk)).await? else { return Ok(None) };
    ChunkAnswer::from_fragment(bytes).map(Some).map_err(|error| Fault::damaged("reading a fragment", error))
}

/// Which rows of a chunk are given up, where some are.
pub(crate) async fn read_given_up(
    objects: &impl Objects,
    papers: &Papers,
    chunk: u32,
) -> Result<Option<GivenUp>, Fault> {
    let Some(json) = objects.get(&papers.given_up(chunk)).await? else { return Ok(None) };
    GivenUp::from_json(&json).map(Some).map_err(|error| Fault::damaged("reading what was given up", error))
}

pub(crate) fn missing(what: &'static str) -> Fault {
    Fault::damaged("reading an import's papers", format_args!("{what} is missing"))
}
