//! Cancels an import: chunks that are not decided yet end as unprocessed, and the import ends with the status
//! `cancelled`.
//!
//! The flag is an object among the import's artifacts. A worker checks it when it takes a chunk without a result.

use rollcall_domain::plan::object_keys::{Artifacts, Cancel};

use crate::ports::{Answer, ImportItem, Imports, Objects};

/// The result of a request to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// The program has no such import.
    Unknown,
    /// The import has ended: nothing changes.
    Over(Box<ImportItem>),
    /// The request is stored: the import ends as soon as workers have taken its chunks.
    Noted,
}

/// Stores a request to cancel an import. Repeating it changes nothing.
///
/// # Errors
/// If a port fails.
pub async fn cancel(objects: &impl Objects, imports: &impl Imports, cancel: &Cancel) -> Answer<Cancelled> {
    let item = imports.get(&cancel.import_id).await?;
    let Some(item) = item.filter(|item| item.program == cancel.program) else {
        return Ok(Cancelled::Unknown);
    };
    if item.status.is_some() {
        return Ok(Cancelled::Over(Box::new(item)));
    }
    objects
        .put_if_absent(&Artifacts::of(&cancel.program, &cancel.import_id).cancelled(), &[b"cancelled\n"])
        .await?;
    Ok(Cancelled::Noted)
}
