//! Resuming a paused program: its imports go on where they are.

use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::types::names::ProgramName;

use crate::ports::{Answer, Clock, Imports, Objects, Queue, Unfinished};
use crate::split::split_again;

/// Sends the open chunks of a program's imports, after it was resumed. Returns how many imports go on.
///
/// # Errors
/// Where a port fails. The step may be repeated; the sweep would find what it left.
pub async fn resume<I: Imports + Unfinished>(
    objects: &impl Objects,
    imports: &I,
    queue: &impl Queue,
    clock: &impl Clock,
    program: &ProgramName,
    size: ChunkSize,
) -> Answer<usize> {
    let mut resumed = 0;
    for import in imports.unfinished().await? {
        let item = imports.get(&import).await?;
        let Some(item) = item.filter(|item| item.program == *program && item.status.is_none()) else {
            continue;
        };
        split_again(objects, imports, queue, clock, item, size).await?;
        resumed += 1;
    }
    Ok(resumed)
}
