//! Abandons a chunk or a whole import that cannot go on, so that every import ends and every row has a result.

use jiff::SignedDuration;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::result::abandoned::{Abandoned, unprocessed};

use crate::artifacts::{Loaded, Plans, missing, put_chunk_result, read_chunk_result};
use crate::ports::{Answer, Clock, Contacts, Directory, Host, Imports, Objects, Ports, Queue, Take};
use crate::work::{Worked, close, keep};

/// Abandons a chunk: applies its result if there is one, otherwise stores that its rows are unprocessed; then closes
/// it.
///
/// `last`: this is the last attempt. Then a result that cannot be applied is abandoned too.
///
/// # Errors
/// If a port fails. The stage may run again and continues where it was.
pub async fn abandon_chunk(
    host: &impl Host,
    plans: &Plans,
    lease: SignedDuration,
    message: &ChunkMessage,
    last: bool,
) -> Answer<Worked> {
    let Ports { objects, directory, contacts, imports, queue, clock } = host.ports();
    let (program, import, chunk) = (&message.program, &message.import_id, message.chunk);
    let now = clock.now();
    match imports.take(import, chunk, now, now + lease).await? {
        Take::Leased => return Ok(Worked::Busy),
        Take::Closed => {
            if imports.open_chunks(import).await?.is_empty() {
                queue.send_finalize(program, import).await?;
            }
        }
        Take::Taken => {
            let loaded = plans.get(objects, program, import).await?;
            answer_for(objects, directory, contacts, &loaded, message, last).await?;
            close(host, &loaded, message).await?;
        }
    }
    Ok(Worked::Closed(None))
}

/// Makes sure that a chunk result exists, and that it is either stored or marked as not stored.
async fn answer_for(
    objects: &impl Objects,
    directory: &impl Directory,
    contacts: &impl Contacts,
    loaded: &Loaded,
    message: &ChunkMessage,
    last: bool,
) -> Answer<()> {
    let artifacts = Artifacts::of(&message.program, &message.import_id);
    let chunk = loaded.plan.chunk_of(message.chunk);
    let chunk_result = match read_chunk_result(objects, &artifacts, chunk).await? {
        Some(chunk_result) => chunk_result,
        None => {
            let chunk_result = unprocessed(&loaded.plan, &loaded.profile, message);
            if put_chunk_result(objects, &artifacts, message, &chunk_result).await? {
                return Ok(());
            }
            // Another worker has judged it in the meantime: its result counts.
            read_chunk_result(objects, &artifacts, chunk).await?.ok_or_else(|| missing("a chunk result"))?
        }
    };
    if loaded.plan.is_gated() && loaded.plan.is_judging(message.chunk) {
        return Ok(());
    }
    match keep(directory, contacts, loaded, chunk, &chunk_result).await {
        Err(fault) if last || !fault.is_transient() => {
            let abandoned = Abandoned::of(&loaded.plan, &chunk_result);
            objects.put_if_absent(&artifacts.abandoned(chunk), &[&abandoned.to_json()]).await.map(drop)
        }
        kept => kept,
    }
}
