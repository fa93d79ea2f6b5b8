//! Imports that the console starts: a file or a small request appears in the inbox, and its event does the rest.

use rollcall_domain::plan::object_keys::{Drop, DropTarget, sidecar};
use rollcall_domain::plan::saved_mapping::to_toml;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, Objects};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::split::claimed_by_another;
use rollcall_web::host::{Claim, Host, Start, numbered};
use serde::{Deserialize, Serialize};

use crate::host::Console;

const DOING: &str = "starting an import";
/// How many numbers a name may get before it gets the time.
const NAMES: u64 = 9;

/// What is kept of a request that may be repeated: enough to start the very same import.
#[derive(Debug, Serialize, Deserialize)]
struct Claimed {
    request: String,
    key: String,
    import_id: Option<ImportId>,
}

impl Console {
    /// Starts an import of bytes that are in the bucket under another key; `None` where its claim belongs to another
    /// request.
    pub(crate) async fn start_import(&self, start: &Start<'_>) -> Answer<Option<ImportId>> {
        let Some(claim) = start.claim else {
            let drop = self.reserve(start).await?;
            return self.put_into_inbox(start, &drop).await.map(Some);
        };
        let claimed = match self.claimed(claim).await? {
            Some(claimed) => claimed,
            None => self.claim(claim, start).await?,
        };
        if claimed.request != claim.request {
            return Ok(None);
        }
        if claimed.import_id.is_some() {
            return Ok(claimed.import_id);
        }
        // The claim was made, and its function ended before the import began.
        let drop =
            Drop::parse(&claimed.key).ok_or_else(|| Fault::damaged(DOING, "its claim names no drop"))?;
        let import_id = self.put_into_inbox(start, &drop).await?;
        let begun = Claimed { import_id: Some(import_id.clone()), ..claimed };
        self.objects().put(claim.key, json(&begun)?).await?;
        Ok(Some(import_id))
    }

    async fn claimed(&self, claim: Claim<'_>) -> Answer<Option<Claimed>> {
        let json = self.objects().get(claim.key).await?;
        let read = json.map(|json| serde_json::from_slice(&json)).transpose();
        read.map_err(|error| Fault::damaged("reading a claim", error))
    }

    /// Claims a request; of several at the same time one does, and the others follow its claim.
    async fn claim(&self, claim: Claim<'_>, start: &Start<'_>) -> Answer<Claimed> {
        let drop = self.reserve(start).await?;
        let own = Claimed { request: claim.request.to_owned(), key: drop.key(), import_id: None };
        if self.objects().put_if_absent(claim.key, &[&json(&own)?]).await? {
            return Ok(own);
        }
        // The options were for a file that will not come.
        self.objects().remove(&sidecar(&own.key)).await?;
        let earlier = self.claimed(claim).await?;
        earlier.ok_or_else(|| Fault::transient(DOING, "its claim was removed"))
    }

    /// The drop under a name that nothing else has, with its options beside it: they reserve the name, so that of
    /// several requests each gets its own.
    async fn reserve(&self, start: &Start<'_>) -> Answer<Drop> {
        let options = to_toml(start.options).into_bytes();
        let now = self.now().as_millisecond().unsigned_abs();
        for number in (1..=NAMES).chain([now]) {
            let named = Drop { file: numbered(&start.drop.file, number), ..start.drop.clone() };
            let key = named.key();
            if self.objects().describe(&key).await?.is_none()
                && self.objects().put_if_absent(&sidecar(&key), &[&options]).await?
            {
                return Ok(named);
            }
        }
        Err(Fault::transient(DOING, "files of this name are dropped at the same time"))
    }

    /// Copies the bytes into the inbox once, and notes the import, so that it is known before its event comes.
    async fn put_into_inbox(&self, start: &Start<'_>, drop: &Drop) -> Answer<ImportId> {
        if self.objects().describe(&drop.key()).await?.is_none() {
            self.objects().copy_if_absent(start.source, &drop.key()).await?;
        }
        Ok(self.imports().begin(self.item(drop).await?).await?.import_id)
    }

    /// Starts an import that a small object asks for. Asked again it is the same one; an undo that is over is another.
    pub(crate) async fn start_request(&self, drop: &Drop) -> Answer<ImportId> {
        if self.objects().describe(&drop.key()).await?.is_some() {
            let item = self.item(drop).await?;
            let known = self.imports().get(&item.import_id).await?;
            let again =
                |known: &ImportItem| known.status.is_some() && matches!(drop.what, DropTarget::Undo(_));
            if let Some(known) = known.filter(|known| !again(known)) {
                return Ok(known.import_id);
            }
        }
        self.objects().put(&drop.key(), b"asked for by the console\n".to_vec()).await?;
        let item = self.item(drop).await?;
        match claimed_by_another(self.objects(), self.imports(), &item).await? {
            Some(earlier) => Ok(earlier),
            None => Ok(self.imports().begin(item).await?.import_id),
        }
    }

    /// The import that the current object of a drop is.
    async fn item(&self, drop: &Drop) -> Answer<ImportItem> {
        let object = self.objects().describe(&drop.key()).await?;
        let object = object.ok_or_else(|| Fault::transient(DOING, "its object is gone"))?;
        Ok(new_item(self.objects().bucket(), drop, object, Vec::new(), self.now()))
    }
}

fn json(claimed: &Claimed) -> Answer<Vec<u8>> {
    serde_json::to_vec(claimed).map_err(|error| Fault::permanent("writing a claim", error))
}
