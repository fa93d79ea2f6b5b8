//! Imports that are begun here and run by the watch: what the desk asks for.

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys::{Drop, DropTarget};
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::bucket::PreparedDrop;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, Imports, Objects};
use rollcall_pipeline::request::new_item;
use rollcall_web::host::{Claim, Start, numbered};
use serde::{Deserialize, Serialize};

use super::Host;

/// What is kept of a request that may be repeated: enough to start the very same import.
#[derive(Debug, Serialize, Deserialize)]
struct Claimed {
    request: String,
    import_id: ImportId,
    key: String,
    at: Timestamp,
}

/// How many names a file may get besides its own.
const NAMES: u64 = 10_000;

impl Host {
    /// Begins an import of bytes that are in the bucket under another key; `None` where its claim belongs to another
    /// request.
    ///
    /// # Errors
    /// Where the bucket or the tables cannot be used.
    pub fn queue(&self, start: &Start<'_>) -> Answer<Option<ImportId>> {
        // One after the other: two of them must not choose the same name.
        let _alone = self.begins_alone();
        let claimed = start.claim.map(|claim| self.claimed(claim)).transpose()?.flatten();
        let (drop, at) = match &claimed {
            Some(claimed) if start.claim.is_some_and(|claim| claim.request != claimed.request) => {
                return Ok(None);
            }
            Some(claimed) if self.is_begun(&claimed.import_id)? => {
                return Ok(Some(claimed.import_id.clone()));
            }
            // The claim was made, and the machine stopped before the import began.
            Some(claimed) => (Drop::parse(&claimed.key), claimed.at),
            None => {
                (Some(self.free_name(start.drop)?), self.home.imports().next_drop_time(Timestamp::now())?)
            }
        };
        let drop = drop.ok_or_else(|| Fault::damaged("starting an import", "its claim names no drop"))?;
        let source = self.home.bucket().root().join(&start.source.key);
        let prepared = self.home.bucket().prepare_drop(&source, &drop.key(), at)?;
        if let (Some(claim), None) = (start.claim, &claimed) {
            self.claim(claim, &drop, at, &prepared)?;
        }
        self.begin(prepared, &drop, start.options.to_vec()).map(Some)
    }

    fn claimed(&self, claim: Claim<'_>) -> Answer<Option<Claimed>> {
        let json = block_on(self.home.bucket().get(claim.key))?;
        let read = json.map(|json| serde_json::from_slice(&json)).transpose();
        read.map_err(|error| Fault::damaged("reading a claim", error))
    }

    fn claim(&self, claim: Claim<'_>, drop: &Drop, at: Timestamp, prepared: &PreparedDrop) -> Answer<()> {
        let bucket = self.home.bucket();
        let item = new_item(bucket.bucket(), drop, prepared.object().clone(), Vec::new(), at);
        let (request, key) = (claim.request.to_owned(), drop.key());
        let claimed = Claimed { request, import_id: item.import_id, key, at };
        let json =
            serde_json::to_vec(&claimed).map_err(|error| Fault::permanent("writing a claim", error))?;
        block_on(bucket.put(claim.key, json))
    }

    fn is_begun(&self, import: &ImportId) -> Answer<bool> {
        Ok(block_on(self.home.imports().get(import))?.is_some())
    }

    /// The drop under a name that no other object has: what an import or an approval needs is never replaced.
    fn free_name(&self, drop: &Drop) -> Answer<Drop> {
        for number in 1..NAMES {
            let named = Drop { file: numbered(&drop.file, number), ..drop.clone() };
            if block_on(self.home.bucket().describe(&named.key()))?.is_none() {
                return Ok(named);
            }
        }
        Err(Fault::permanent("starting an import", "there are too many files of this name in the inbox"))
    }

    /// Begins an import that a small object asks for. Asked again, it is the same one; an undo that is over is another one:
    /// the desk asks for it only where the first did not complete, or was a dry run. The import claims the dry run that it
    /// approves once it has begun, so no claim names an import that never begins.
    ///
    /// # Errors
    /// Where the bucket or the tables cannot be used.
    pub fn queue_request(&self, drop: &Drop) -> Answer<ImportId> {
        let _alone = self.begins_alone();
        let bucket = self.home.bucket();
        if let Some(object) = block_on(bucket.describe(&drop.key()))? {
            let import = ImportId::derive(bucket.bucket(), &object.key, &object.version, object.modified);
            if let Some(item) = block_on(self.home.imports().get(&import))?
                && !(item.status.is_some() && is_new_each_time(drop))
            {
                return Ok(import);
            }
        }
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        let prepared = bucket.prepare_bytes(b"asked for by the desk\n", &drop.key(), at)?;
        self.begin(prepared, drop, Vec::new())
    }
}

fn is_new_each_time(drop: &Drop) -> bool {
    matches!(drop.what, DropTarget::Undo(_))
}
