//! Reads the options in a sidecar. They apply to one drop: the first one of that name after the sidecar. A sidecar that
//! came after a file is for the next file of that name.
//!
//! The import that reads a version of a sidecar first claims it, with an object that stays. A later import of the
//! same name finds that claim and ignores the sidecar. Nothing needs to be deleted for that, so it also works on a
//! host without the permission to delete. A second delivery of the first import finds its own claim.

use rollcall_domain::plan::object_keys;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::types::id::{base32, sha256};
use rollcall_domain::types::names::ImportId;

use crate::fault::Fault;
use crate::ports::{Answer, ImportItem, ObjectVersion, Objects};

/// Characters of a claim's name: 80 bits.
const DIGEST: usize = 16;

/// The text of the sidecar for an import; `None` if there is none, or if another import used it.
///
/// # Errors
/// If a port fails.
pub(crate) async fn read(objects: &impl Objects, item: &ImportItem) -> Answer<Option<Vec<u8>>> {
    let noted = Artifacts::of(&item.program, &item.import_id).sidecar();
    if let Some(text) = objects.get(&noted).await? {
        return Ok(some_text(text));
    }
    let text = find(objects, item).await?.unwrap_or_default();
    // A retry of this import reads the same text as the first attempt, whatever is dropped in between.
    if objects.put_if_absent(&noted, &[&text]).await? {
        return Ok(some_text(text));
    }
    Ok(objects.get(&noted).await?.and_then(some_text))
}

/// A sidecar without text has no options.
fn some_text(text: Vec<u8>) -> Option<Vec<u8>> {
    Some(text).filter(|text| !text.is_empty())
}

async fn find(objects: &impl Objects, item: &ImportItem) -> Answer<Option<Vec<u8>>> {
    let key = object_keys::sidecar(&item.object.key);
    let is_before = |sidecar: &ObjectVersion| !objects.is_after(sidecar, &item.object);
    let Some(sidecar) = objects.describe(&key).await?.filter(is_before) else {
        return Ok(None);
    };
    if !serves(objects, item, &sidecar).await? {
        return Ok(None);
    }
    text_of(objects, &sidecar).await.map(Some)
}

/// The same without a claim: for a preview, and for a failed import.
///
/// # Errors
/// If a port fails.
pub(crate) async fn peek(objects: &impl Objects, item: &ImportItem) -> Answer<Option<Vec<u8>>> {
    let key = object_keys::sidecar(&item.object.key);
    let is_before = |sidecar: &ObjectVersion| !objects.is_after(sidecar, &item.object);
    let Some(sidecar) = objects.describe(&key).await?.filter(is_before) else {
        return Ok(None);
    };
    let claimed_by = objects.get(&claim_key(item, &sidecar)).await?;
    if claimed_by.is_some_and(|import| import != item.import_id.as_str().as_bytes()) {
        return Ok(None);
    }
    text_of(objects, &sidecar).await.map(Some)
}

/// If the sidecar is overwritten at this moment, the next attempt reads it.
async fn text_of(objects: &impl Objects, sidecar: &ObjectVersion) -> Answer<Vec<u8>> {
    objects.read(sidecar, 0..sidecar.len).await.map_err(|fault| match fault {
        Fault::Gone(key) => Fault::transient("reading a sidecar", format_args!("{key} was written anew")),
        fault => fault,
    })
}

/// Claims a version of a sidecar for an import; returns whether the import holds the claim.
async fn serves(objects: &impl Objects, item: &ImportItem, sidecar: &ObjectVersion) -> Answer<bool> {
    let claim = claim_key(item, sidecar);
    let import: &ImportId = &item.import_id;
    if objects.put_if_absent(&claim, &[import.as_str().as_bytes()]).await? {
        return Ok(true);
    }
    let claimed_by = objects.get(&claim).await?;
    Ok(claimed_by.is_some_and(|claimed_by| claimed_by == import.as_str().as_bytes()))
}

fn claim_key(item: &ImportItem, sidecar: &ObjectVersion) -> String {
    let mut digest = String::new();
    base32(&sha256(&[&sidecar.key, &sidecar.version, &sidecar.modified.to_string()]), &mut digest);
    digest.truncate(DIGEST);
    object_keys::sidecar_claim(&item.program, &digest)
}
