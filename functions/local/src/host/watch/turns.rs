//! Whose turn it is: what begins or runs next in each lane.
//!
//! Imports that are begun come first, in the order of their ids; then requests of other commands and dropped files, the
//! oldest first. An import gets its id when it begins, so the order of the ids is the order of the turns.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use pollster::block_on;
use rollcall_domain::plan::object_keys::{Drop, DropTarget};
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::lane::lane_of_drop;
use rollcall_pipeline::pause::is_paused;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports};

use super::{Watch, WatchEvent};
use crate::host::handover::{Handed, answer_import, requests};

/// Something that can be done now.
#[derive(Debug)]
pub(super) enum Ready {
    /// An import that is begun can run.
    Run(Box<Begun>),
    /// The import of a file in the inbox can begin.
    Dropped(Drop),
    /// The import that another command requests can begin.
    Handed(Handed),
}

/// An import that is begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) item: ImportItem,
    pub(super) drop: Drop,
    /// The request of the command that waits for it.
    pub(super) handed: Option<Handed>,
}

impl Ready {
    pub(super) fn drop(&self) -> &Drop {
        match self {
            Ready::Run(begun) => &begun.drop,
            Ready::Dropped(drop) => drop,
            Ready::Handed(handed) => &handed.drop,
        }
    }

    /// Its name among all that can be done.
    pub(super) fn name(&self) -> String {
        match self {
            Ready::Run(begun) => begun.item.import_id.to_string(),
            Ready::Dropped(drop) => drop.key(),
            Ready::Handed(handed) => handed.folder.display().to_string(),
        }
    }

    pub(super) fn is_load(&self) -> bool {
        matches!(self.drop().what, DropTarget::Directory(_))
    }
}

/// An import that did not end and runs again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Later {
    not_before: Instant,
    /// Whether later imports of its lane wait for it.
    blocks: bool,
}

impl<T: Fn(WatchEvent<'_>) + Sync> Watch<'_, T> {
    /// What can be done now, each with its lane, in the order of the turns.
    pub(super) fn ready(&self) -> Answer<Vec<(String, Ready)>> {
        let dropped = self.at_rest();
        let begun = self.host.begun()?;
        let (mut handed, fresh) = self.sorted_requests(&begun)?;
        let mut paused = Paused::default();
        let mut ready = Vec::new();
        let mut blocked = BTreeSet::new();
        self.forget_others(&begun);
        for item in begun {
            let Some(drop) = Drop::parse(&item.object.key) else { continue };
            if paused.has(self, &item.program) {
                continue;
            }
            let lane = self.lane_of_begun(&item.import_id, &drop);
            let later = self.later().get(&item.import_id).copied();
            match later.filter(|later| Instant::now() < later.not_before) {
                Some(later) => blocked.extend(lane.filter(|_| later.blocks)),
                None => {
                    let lane = lane.unwrap_or_else(|| dry_runs(&drop));
                    let handed = handed.remove(&item.import_id);
                    if !blocked.contains(&lane) {
                        ready.push((lane, Ready::Run(Box::new(Begun { item, drop, handed }))));
                    }
                }
            }
        }
        let dropped = dropped.into_iter().filter(|(_, drop)| !paused.has(self, &drop.program));
        let mut unbegun: Vec<(SystemTime, String, Ready)> =
            dropped.map(|(at, drop)| (at, drop.key(), Ready::Dropped(drop))).collect();
        let fresh = fresh.into_iter();
        unbegun.extend(fresh.map(|handed| (handed.asked_at, handed.drop.key(), Ready::Handed(handed))));
        unbegun.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut lanes = BTreeMap::new();
        for (_, _, one) in unbegun {
            let lane = self.lane_of_unbegun(&mut lanes, one.drop());
            if !blocked.contains(&lane) {
                ready.push((lane, one));
            }
        }
        Ok(ready)
    }

    /// The requests of other commands: those of imports that are begun, and the others. What is over is answered.
    fn sorted_requests(&self, begun: &[ImportItem]) -> Answer<(BTreeMap<ImportId, Handed>, Vec<Handed>)> {
        let (mut waiting, mut fresh) = (BTreeMap::new(), Vec::new());
        for handed in requests(&self.host.home) {
            let Some(import) = handed.import.clone() else {
                fresh.push(handed);
                continue;
            };
            if begun.iter().any(|item| item.import_id == import) {
                waiting.insert(import, handed);
                continue;
            }
            match block_on(self.host.home.imports().get(&import))? {
                // The watch noted the id and ended before the import began.
                None => fresh.push(handed),
                Some(item) if item.status.is_some() => {
                    if let Err(failure) = answer_import(&handed, &import) {
                        (self.tell)(WatchEvent::NotImported(&handed.drop, &failure));
                    }
                }
                // It began a moment ago: the next look finds it.
                Some(_) => {}
            }
        }
        Ok((waiting, fresh))
    }

    /// Runs an import again after a while.
    pub(super) fn run_later(&self, import: &ImportId, after: Duration, blocks: bool) {
        self.later().insert(import.clone(), Later { not_before: Instant::now() + after, blocks });
    }

    /// Forgets what was noted on imports that are over.
    fn forget_others(&self, begun: &[ImportItem]) {
        let is_begun = |import: &ImportId| begun.binary_search_by(|item| item.import_id.cmp(import)).is_ok();
        self.later().retain(|import, _| is_begun(import));
        self.lanes().retain(|import, _| is_begun(import));
    }

    fn lane_of_begun(&self, import: &ImportId, drop: &Drop) -> Option<String> {
        if let Some(lane) = self.lanes().get(import) {
            return Some(lane.clone());
        }
        let lane = self.lane_of(drop)?;
        self.lanes().insert(import.clone(), lane.clone());
        Some(lane)
    }

    /// The lane of a drop; those of one folder have one lane, except where each names an earlier import.
    fn lane_of_unbegun(&self, known: &mut BTreeMap<String, String>, drop: &Drop) -> String {
        let key = drop.key();
        let names_an_import = matches!(drop.what, DropTarget::Approve(_) | DropTarget::Undo(_));
        let folder = key.rsplit_once('/').filter(|_| !names_an_import).map_or(&*key, |(folder, _)| folder);
        let lane = known.entry(folder.to_owned());
        lane.or_insert_with(|| self.lane_of(drop).unwrap_or_else(|| dry_runs(drop))).clone()
    }

    fn lane_of(&self, drop: &Drop) -> Option<String> {
        block_on(lane_of_drop(self.host.home.bucket(), &self.host.home.imports(), drop)).ok().flatten()
    }

    pub(super) fn is_paused(&self, program: &ProgramName) -> bool {
        block_on(is_paused(self.host.home.bucket(), program)).unwrap_or(false)
    }
}

/// The lane of imports that wait for nobody: one at a time of each program.
fn dry_runs(drop: &Drop) -> String {
    format!("{}#dry-run", drop.program)
}

/// The programs that are paused, as far as somebody asked.
#[derive(Default)]
struct Paused(BTreeMap<ProgramName, bool>);

impl Paused {
    fn has<T: Fn(WatchEvent<'_>) + Sync>(&mut self, watch: &Watch<'_, T>, program: &ProgramName) -> bool {
        *self.0.entry(program.clone()).or_insert_with(|| watch.is_paused(program))
    }
}
