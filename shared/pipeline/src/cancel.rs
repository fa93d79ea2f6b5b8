//! Cancelling: chunks that are not decided yet end as unprocessed, and the import ends with the status `cancelled`.
//!
//! The flag is an object beside the import's artifacts. A worker looks at it when it takes a chunk that has no result.

use rollcall_domain::plan::object_keys::{Artifacts, Cancel};

use crate::ports::{Answer, ImportItem, Imports, Objects};

/// What a request to cancel came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// There is no such import of the program.
    Unknown,
    /// The import is over: nothing changes.
    Over(Box<ImportItem>),
    /// The import ends as soon as its chunks are taken.
    Noted,
}

/// Notes that an import is to be cancelled. Repeating it changes nothing.
///
/// # Errors
/// Where a port fails.
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
