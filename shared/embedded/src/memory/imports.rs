//! The state of imports in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_domain::types::outcome::Status;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, NotificationClaim, Take, Turn};
use rollcall_pipeline::sweep::{Standing, Unfinished};

use crate::store::lock;

/// Imports; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryImports(Arc<Mutex<States>>);

#[derive(Debug, Default)]
struct States {
    imports: BTreeMap<ImportId, State>,
    /// The imports of each lane, and the one that has its turn.
    lanes: HashMap<String, (BTreeSet<ImportId>, Option<ImportId>)>,
    /// How many dry runs a program may make on a day.
    dry_runs_per_day: Option<u32>,
    /// The dry runs that were counted.
    dry_runs: BTreeSet<(ProgramName, Date, ImportId)>,
}

#[derive(Debug)]
struct State {
    item: ImportItem,
    closed: BTreeSet<u32>,
    /// When a chunk was taken last, and the end of its lease.
    taken: BTreeMap<u32, (Timestamp, Timestamp)>,
    /// How many writes of a chunk are done.
    kept: BTreeMap<u32, u32>,
    /// The end of the claim on the notification.
    claimed: Option<Timestamp>,
    sent: bool,
    standing: Standing,
}

impl State {
    fn of(item: ImportItem) -> Self {
        let (closed, taken, kept) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { item, closed, taken, kept, claimed: None, sent: false, standing: Standing::default() }
    }

    fn chunks(&self) -> u32 {
        self.item.chunks.unwrap_or(0)
    }

    fn open(&self) -> Vec<u32> {
        (0..self.chunks()).filter(|chunk| !self.closed.contains(chunk)).collect()
    }
}

impl MemoryImports {
    /// Sets how many dry runs a program may make on a day.
    pub fn set_dry_runs_per_day(&self, limit: u32) {
        lock(&self.0).dry_runs_per_day = Some(limit);
    }

    /// All imports, in the order of their ids.
    pub fn items(&self) -> Vec<ImportItem> {
        lock(&self.0).imports.values().map(|state| state.item.clone()).collect()
    }

    /// What a change of an import's state comes to; the default where the import is unknown.
    fn change<T: Default>(&self, import: &ImportId, change: impl FnOnce(&mut State) -> T) -> Answer<T> {
        Ok(lock(&self.0).imports.get_mut(import).map(change).unwrap_or_default())
    }
}

impl Unfinished for MemoryImports {
    async fn unfinished(&self) -> Answer<Vec<ImportId>> {
        let states = lock(&self.0);
        let open = states.imports.values().filter(|state| state.item.status.is_none());
        Ok(open.map(|state| state.item.import_id.clone()).collect())
    }

    async fn standing(&self, import: &ImportId) -> Answer<Standing> {
        self.change(import, |state| state.standing)
    }

    async fn received(&self, import: &ImportId, since: Timestamp) -> Answer<Vec<u32>> {
        self.change(import, |state| {
            let taken = state.taken.iter().filter(|(_, (at, _))| *at >= since).map(|(chunk, _)| *chunk);
            taken.filter(|chunk| !state.closed.contains(chunk)).collect()
        })
    }

    async fn note_swept(&self, import: &ImportId, at: Timestamp) -> Answer<()> {
        self.change(import, |state| state.standing.swept_at = Some(at))
    }
}

impl Imports for MemoryImports {
    async fn begin(&self, item: ImportItem) -> Answer<ImportItem> {
        let mut states = lock(&self.0);
        let state = states.imports.entry(item.import_id.clone()).or_insert_with(|| State::of(item));
        Ok(state.item.clone())
    }

    async fn admit_dry_run(&self, item: &ImportItem) -> Answer<Option<u32>> {
        let mut states = lock(&self.0);
        let Some(limit) = states.dry_runs_per_day else { return Ok(None) };
        let day = item.started_at.to_zoned(TimeZone::UTC).date();
        let run = (item.program.clone(), day, item.import_id.clone());
        let same_day =
            states.dry_runs.iter().filter(|(program, at, _)| *program == item.program && *at == day);
        let made = same_day.count() as u32;
        if states.dry_runs.contains(&run) || (made < limit && states.dry_runs.insert(run)) {
            return Ok(None);
        }
        Ok(Some(limit))
    }

    async fn get(&self, import: &ImportId) -> Answer<Option<ImportItem>> {
        Ok(lock(&self.0).imports.get(import).map(|state| state.item.clone()))
    }

    async fn seal(&self, import: &ImportId, chunks: u32) -> Answer<()> {
        self.change(import, |state| state.item.chunks = Some(chunks))
    }

    async fn open_chunks(&self, import: &ImportId) -> Answer<Vec<u32>> {
        self.change(import, |state| state.open())
    }

    async fn take(&self, import: &ImportId, chunk: u32, now: Timestamp, lease: Timestamp) -> Answer<Take> {
        let taken = self.change(import, |state| {
            if state.closed.contains(&chunk) {
                return Some(Take::Closed);
            }
            if state.taken.get(&chunk).is_some_and(|(_, until)| *until > now) {
                return Some(Take::Leased);
            }
            state.taken.insert(chunk, (now, lease));
            Some(Take::Taken)
        })?;
        Ok(taken.unwrap_or(Take::Taken))
    }

    async fn close(&self, import: &ImportId, chunk: u32, now: Timestamp) -> Answer<u32> {
        self.change(import, |state| {
            if state.closed.insert(chunk) {
                state.standing.moved_at = state.standing.moved_at.max(Some(now));
            }
            // Chunks that the plan does not have are few: counting all others at each close would take most of the time.
            let beyond = state.closed.range(state.chunks()..).count();
            state.chunks() - u32::try_from(state.closed.len() - beyond).unwrap_or(u32::MAX)
        })
    }

    async fn give_back(&self, import: &ImportId, chunk: u32, kept: u32) -> Answer<()> {
        self.change(import, |state| {
            let known = state.kept.entry(chunk).or_default();
            *known = kept.max(*known);
            if let Some((at, until)) = state.taken.get_mut(&chunk) {
                *until = *at;
            }
        })
    }

    async fn kept(&self, import: &ImportId, chunk: u32) -> Answer<u32> {
        self.change(import, |state| state.kept.get(&chunk).copied().unwrap_or(0))
    }

    async fn join_lane(&self, import: &ImportId, lane: &str) -> Answer<()> {
        let mut states = lock(&self.0);
        let Some(state) = states.imports.get_mut(import) else { return Ok(()) };
        state.item.lane.get_or_insert_with(|| lane.to_owned());
        states.lanes.entry(lane.to_owned()).or_default().0.insert(import.clone());
        Ok(())
    }

    async fn take_turn(&self, import: &ImportId, lane: &str, now: Timestamp) -> Answer<Turn> {
        let mut states = lock(&self.0);
        let (waiting, holder) = states.lanes.entry(lane.to_owned()).or_default();
        if holder.as_ref() == Some(import) {
            return Ok(Turn::Taken);
        }
        if holder.is_some() || waiting.first() != Some(import) {
            return Ok(Turn::Waiting);
        }
        *holder = Some(import.clone());
        if let Some(state) = states.imports.get_mut(import) {
            state.standing.moved_at = state.standing.moved_at.max(Some(now));
            state.standing.turn_at.get_or_insert(now);
        }
        Ok(Turn::Taken)
    }

    async fn leave_lane(&self, import: &ImportId, lane: &str) -> Answer<Option<ImportId>> {
        let mut states = lock(&self.0);
        let Some((waiting, holder)) = states.lanes.get_mut(lane) else { return Ok(None) };
        waiting.remove(import);
        holder.take_if(|holder| holder == import);
        Ok(waiting.first().filter(|_| holder.is_none()).cloned())
    }

    async fn turn_of(&self, lane: &str) -> Answer<Option<ImportId>> {
        Ok(lock(&self.0).lanes.get(lane).and_then(|(_, holder)| holder.clone()))
    }

    async fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<NotificationClaim> {
        let claim = self.change(import, |state| {
            if state.sent {
                return Some(NotificationClaim::Sent);
            }
            if state.claimed.is_some_and(|until| until > now) {
                return Some(NotificationClaim::Held);
            }
            state.claimed = Some(lease);
            Some(NotificationClaim::Claimed)
        })?;
        Ok(claim.unwrap_or(NotificationClaim::Claimed))
    }

    async fn release_notification(&self, import: &ImportId) -> Answer<()> {
        self.change(import, |state| state.claimed = None)
    }

    async fn notification_sent(&self, import: &ImportId) -> Answer<()> {
        self.change(import, |state| state.sent = true)
    }

    async fn finish(&self, import: &ImportId, status: Status) -> Answer<()> {
        self.change(import, |state| state.item.status = Some(status))
    }

    async fn replace_options(&self, item: &ImportItem, options: Vec<(String, String)>) -> Answer<()> {
        self.change(&item.import_id, |state| state.item.options = options)
    }
}
