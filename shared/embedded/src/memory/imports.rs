//! The state of imports in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_domain::types::outcome::Status;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, NotificationClaim, Take};
use rollcall_pipeline::sweep::Unfinished;

use crate::store::lock;

/// Imports; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryImports(Arc<Mutex<States>>);

#[derive(Debug, Default)]
struct States {
    items: BTreeMap<ImportId, ImportItem>,
    closed: BTreeSet<(ImportId, u32)>,
    leases: HashMap<(ImportId, u32), Timestamp>,
    /// The end of the claim on the notification; `None` once it was sent.
    letters: HashMap<ImportId, Option<Timestamp>>,
    /// The time when the sweep sent the missing chunks again.
    swept: HashMap<ImportId, Timestamp>,
    /// How many dry runs a program may make on a day.
    dry_runs_per_day: Option<u32>,
    /// The dry runs that were counted.
    dry_runs: BTreeSet<(ProgramName, Date, ImportId)>,
}

impl States {
    fn open(&self, import: &ImportId) -> Vec<u32> {
        let chunks = self.items.get(import).and_then(|item| item.chunks).unwrap_or(0);
        (0..chunks).filter(|chunk| !self.closed.contains(&(import.clone(), *chunk))).collect()
    }
}

impl MemoryImports {
    /// Sets how many dry runs a program may make on a day.
    pub fn set_dry_runs_per_day(&self, limit: u32) {
        lock(&self.0).dry_runs_per_day = Some(limit);
    }

    /// All imports, in the order of their ids.
    pub fn items(&self) -> Vec<ImportItem> {
        lock(&self.0).items.values().cloned().collect()
    }
}

impl Unfinished for MemoryImports {
    async fn unfinished(&self) -> Answer<Vec<(ImportId, Option<Timestamp>)>> {
        let states = lock(&self.0);
        let open = states.items.values().filter(|item| item.status.is_none());
        Ok(open.map(|item| (item.import_id.clone(), states.swept.get(&item.import_id).copied())).collect())
    }

    async fn note_swept(&self, import: &ImportId, at: Timestamp) -> Answer<()> {
        lock(&self.0).swept.insert(import.clone(), at);
        Ok(())
    }
}

impl Imports for MemoryImports {
    async fn begin(&self, item: ImportItem) -> Answer<ImportItem> {
        Ok(lock(&self.0).items.entry(item.import_id.clone()).or_insert(item).clone())
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
        Ok(lock(&self.0).items.get(import).cloned())
    }

    async fn seal(&self, import: &ImportId, chunks: u32) -> Answer<()> {
        if let Some(item) = lock(&self.0).items.get_mut(import) {
            item.chunks = Some(chunks);
        }
        Ok(())
    }

    async fn open_chunks(&self, import: &ImportId) -> Answer<Vec<u32>> {
        Ok(lock(&self.0).open(import))
    }

    async fn take(&self, import: &ImportId, chunk: u32, now: Timestamp, lease: Timestamp) -> Answer<Take> {
        let mut states = lock(&self.0);
        let key = (import.clone(), chunk);
        if states.closed.contains(&key) {
            return Ok(Take::Closed);
        }
        if states.leases.get(&key).is_some_and(|until| *until > now) {
            return Ok(Take::Leased);
        }
        states.leases.insert(key, lease);
        Ok(Take::Taken)
    }

    async fn close(&self, import: &ImportId, chunk: u32) -> Answer<u32> {
        let mut states = lock(&self.0);
        states.closed.insert((import.clone(), chunk));
        Ok(u32::try_from(states.open(import).len()).unwrap_or(u32::MAX))
    }

    async fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<NotificationClaim> {
        let mut states = lock(&self.0);
        match states.letters.get(import) {
            Some(None) => Ok(NotificationClaim::Sent),
            Some(Some(until)) if *until > now => Ok(NotificationClaim::Held),
            _ => {
                states.letters.insert(import.clone(), Some(lease));
                Ok(NotificationClaim::Claimed)
            }
        }
    }

    async fn notification_sent(&self, import: &ImportId) -> Answer<()> {
        lock(&self.0).letters.insert(import.clone(), None);
        Ok(())
    }

    async fn finish(&self, import: &ImportId, status: Status) -> Answer<()> {
        if let Some(item) = lock(&self.0).items.get_mut(import) {
            item.status = Some(status);
        }
        Ok(())
    }
}
