//! The state of an import: its phase, how much is done, and its summary once it is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::phase::{Phase, phase};
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, Objects};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::Desk;
use crate::host::Host;

/// How much is done of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Done {
    /// How many are done.
    pub done: u64,
    /// How many there are; null where that is not known yet.
    pub all: Option<u64>,
}

/// The state of an import. Once it is over it has the members of `summary.json` too.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportState {
    /// The import.
    pub import_id: String,
    /// The program.
    pub program: String,
    /// The profile.
    pub profile: String,
    /// The file's name.
    pub file: String,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// What it is doing: `splitting`, `waiting` for its turn, `paused`, `working`, `finalizing` or `over`.
    #[schema(value_type = String)]
    pub phase: Phase,
    /// How it ended; null before.
    pub status: Option<String>,
    /// When it was started.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// Its chunks.
    pub chunks: Done,
    /// Its rows: `done` of `all`; and, once it is over, how many of each outcome.
    #[schema(value_type = Object)]
    pub rows: Value,
    /// Rows that are judged in a second; left out where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_per_second: Option<u64>,
    /// Seconds that are left; left out where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// The other members of the summary.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: serde_json::Map<String, Value>,
}

/// What of a plan shows progress: it never changes, so it is read once.
#[derive(Debug)]
struct Sizes {
    file: String,
    dry_run: bool,
    /// Rows to judge; an undo has none: its chunks are contacts.
    rows: Option<u64>,
    chunks: Vec<u32>,
    steps: u32,
}

/// The plans of imports that were asked about.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<HashMap<ImportId, Arc<Sizes>>>);

impl Plans {
    const HELD: usize = 64;

    async fn get<H: Host>(&self, host: &H, item: &ImportItem) -> Answer<Option<Arc<Sizes>>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&item.import_id).cloned();
        if held.is_some() {
            return Ok(held);
        }
        let key = Artifacts::of(&item.program, &item.import_id).plan();
        let Some(json) = host.objects().get(&key).await? else { return Ok(None) };
        let plan = Plan::from_json(&json).map_err(|error| Fault::damaged("reading a plan", error))?;
        let sizes = Arc::new(Sizes {
            dry_run: plan.dry_run,
            rows: plan.undoes.is_none().then_some(plan.rows),
            chunks: plan.chunks.iter().map(|chunk| chunk.rows).collect(),
            steps: plan.steps(),
            file: plan.file,
        });
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= Self::HELD {
            held.clear();
        }
        held.insert(item.import_id.clone(), Arc::clone(&sizes));
        Ok(Some(sizes))
    }
}

impl<H: Host> Desk<H> {
    /// The state of an import now. It is over once its status is stored, not when its summary can be read: only then
    /// may it be approved or undone.
    pub(crate) async fn state(&self, item: &ImportItem) -> Answer<ImportState> {
        let mut state = begun(item);
        if let Some(chunks) = item.chunks.filter(|_| item.status.is_some()) {
            state.chunks = Done { done: u64::from(chunks), all: Some(u64::from(chunks)) };
        }
        match (item.status, self.summary(item).await?) {
            (None, _) => self.follow(item, &mut state).await?,
            (Some(_), Some(summary)) => end(&mut state, &summary),
            (Some(status), None) => (state.phase, state.status) = (Phase::Over, Some(status.to_string())),
        }
        Ok(state)
    }

    /// The summary of an import that is over, where it is still kept.
    pub(crate) async fn summary(&self, item: &ImportItem) -> Answer<Option<Summary>> {
        if item.status.is_none() {
            return Ok(None);
        }
        let key = Artifacts::of(&item.program, &item.import_id).summary();
        let json = self.host.objects().get(&key).await?;
        let read = json.map(|json| serde_json::from_slice(&json)).transpose();
        read.map_err(|error| Fault::damaged("reading a summary", error))
    }

    /// How far an import is that runs.
    async fn follow(&self, item: &ImportItem, state: &mut ImportState) -> Answer<()> {
        state.phase = phase(self.host.objects(), self.host.imports(), item).await?;
        let sizes = self.plans.get(&self.host, item).await?;
        let Some(sizes) = sizes.filter(|_| item.chunks.is_some()) else { return Ok(()) };
        let open = self.host.imports().open_chunks(&item.import_id).await?;
        // The steps after the chunks only write: a row is done when it is judged.
        let judging: Vec<u32> =
            open.iter().copied().filter(|step| (*step as usize) < sizes.chunks.len()).collect();
        let left: u64 = judging.iter().map(|chunk| u64::from(sizes.chunks[*chunk as usize])).sum();
        let done = sizes.rows.unwrap_or_default().saturating_sub(left);
        state.dry_run = sizes.dry_run;
        state.file.clone_from(&sizes.file);
        let all = u64::from(sizes.steps);
        state.chunks = Done { done: all.saturating_sub(open.len() as u64), all: Some(all) };
        state.rows = serde_json::json!({ "done": done, "all": sizes.rows });
        let seconds = self.host.now().duration_since(item.started_at).as_secs_f64();
        if done > 0 && seconds > 0.0 {
            let rate = done as f64 / seconds;
            state.rows_per_second = Some(rate.round() as u64);
            state.seconds_left = (left > 0).then_some((left as f64 / rate).ceil() as u64);
        }
        Ok(())
    }
}

fn begun(item: &ImportItem) -> ImportState {
    ImportState {
        import_id: item.import_id.to_string(),
        program: item.program.to_string(),
        profile: item.profile.clone(),
        file: item.object.key.rsplit('/').next().unwrap_or_default().to_owned(),
        dry_run: item.dry_run,
        phase: Phase::Splitting,
        status: None,
        started_at: format!("{:.3}", item.started_at),
        chunks: Done::default(),
        rows: serde_json::json!({ "done": 0, "all": null }),
        rows_per_second: None,
        seconds_left: None,
        more: serde_json::Map::new(),
    }
}

/// Lays the members of the summary over the state.
fn end(state: &mut ImportState, summary: &Summary) {
    let Ok(Value::Object(mut members)) = serde_json::to_value(summary) else { return };
    state.phase = Phase::Over;
    state.status = Some(summary.status.to_string());
    state.dry_run = summary.head.dry_run;
    state.profile.clone_from(&summary.head.profile);
    state.file.clone_from(&summary.head.file);
    let mut rows = members.remove("rows").unwrap_or_default();
    let read = rows.get("read").cloned().unwrap_or_default();
    if let Value::Object(rows) = &mut rows {
        rows.insert("done".to_owned(), read.clone());
        rows.insert("all".to_owned(), read);
    }
    state.rows = rows;
    for own in ["import_id", "program", "profile", "file", "dry_run", "status", "started_at"] {
        members.remove(own);
    }
    state.more = members;
}
