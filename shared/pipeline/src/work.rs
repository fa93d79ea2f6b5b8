//! The second stage: a chunk arrived.
//!
//! A chunk is judged once. Its result is written before anything else; a worker that finds one applies it instead of
//! judging. So a crash at any point, and any number of deliveries, have the same final result.

use jiff::SignedDuration;
use rollcall_domain::judge::chunk_judge::{ApprovedRows, ChunkJudge, LookupAnswers, Lookups};
use rollcall_domain::plan::chunk::{ChunkMessage, VERSION};
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::result::abandoned::unprocessed;
use rollcall_domain::result::chunk_result::{ChunkAnswer, ChunkResult, Writes};
use rollcall_domain::types::names::{ImportId, ProgramName};

use rollcall_domain::types::kind::Kind;

pub use crate::artifacts::{Loaded, Plans};
use crate::artifacts::{is_cancelled, missing, put_chunk_result, read_answer, read_chunk_result};
use crate::fault::Fault;
use crate::pause::is_paused;
use crate::ports::{
    Answer, Clock, ContactWrite, Contacts, Directory, Host, Imports, Objects, Pool, Ports, Queue, Take,
};
use crate::suppressions;
use crate::undo;

/// The outcome of a chunk message.
#[derive(Debug, Clone, PartialEq)]
pub enum Worked {
    /// The chunk is closed; with its result if this call judged it.
    Closed(Option<Box<ChunkAnswer>>),
    /// Another worker holds it: retry the message later.
    Busy,
    /// A service takes no more for now: retry the message later. This counts as no failure, and what is written is
    /// noted.
    Throttled {
        /// So many of the chunk's writes came to those of earlier deliveries.
        wrote: u32,
    },
    /// The program is paused: the message is done with, and the resumption sends the chunk again.
    Paused,
}

/// Judges the rows of a chunk and stores their contacts.
///
/// # Errors
/// If a port fails. The message is delivered again and the stage continues where it was.
pub async fn work_chunk(
    host: &impl Host,
    plans: &Plans,
    lease: SignedDuration,
    message: &ChunkMessage,
) -> Answer<Worked> {
    match work_taken(host, plans, lease, message).await {
        Err(Fault::Throttled { kept, .. }) => {
            let (import, chunk, imports) = (&message.import_id, message.chunk, &host.ports().imports);
            let kept = u32::try_from(kept).unwrap_or(u32::MAX);
            let wrote = if kept == 0 { 0 } else { kept.saturating_sub(imports.kept(import, chunk).await?) };
            imports.give_back(import, chunk, kept).await?;
            Ok(Worked::Throttled { wrote })
        }
        Err(fault) if fault.is_transient() => {
            // The next delivery need not wait for the lease. Where that fails too, it does.
            let _ = host.ports().imports.give_back(&message.import_id, message.chunk, 0).await;
            Err(fault)
        }
        worked => worked,
    }
}

async fn work_taken(
    host: &impl Host,
    plans: &Plans,
    lease: SignedDuration,
    message: &ChunkMessage,
) -> Answer<Worked> {
    if message.v != VERSION {
        return Err(Fault::damaged(
            "reading a chunk",
            format_args!("version {} is not {VERSION}", message.v),
        ));
    }
    let Ports { objects, directory, contacts, imports, queue, clock } = host.ports();
    let (program, import, chunk) = (&message.program, &message.import_id, message.chunk);
    if is_paused(objects, program).await? {
        return Ok(Worked::Paused);
    }
    let now = clock.now();
    match imports.take(import, chunk, now, now + lease).await? {
        Take::Taken => {}
        Take::Leased => return Ok(Worked::Busy),
        Take::Closed => {
            let loaded = plans.get(objects, program, import).await?;
            // Its worker may have died before it could say that the chunk was the last one.
            let open = imports.close(import, chunk, now).await?;
            announce_end(queue, &loaded, program, import, open).await?;
            return Ok(Worked::Closed(None));
        }
    }
    let loaded = plans.get(objects, program, import).await?;
    if !loaded.plan.is_judging(chunk) {
        return write_judged(host, &loaded, message).await;
    }
    if loaded.plan.undoes.is_some() {
        undo::work(host, &loaded, message).await?;
        close(host, &loaded, message).await?;
        return Ok(Worked::Closed(None));
    }
    let artifacts = Artifacts::of(program, import);
    let mut begun = false;
    let chunk_result = match read_chunk_result(objects, &artifacts, chunk).await? {
        Some(chunk_result) => {
            begun = true;
            chunk_result
        }
        None if is_cancelled(objects, &artifacts).await? => {
            leave_unprocessed(objects, &artifacts, &loaded, message).await?
        }
        None => judge(objects, directory, contacts, &loaded, &artifacts, message).await?,
    };
    if !loaded.plan.is_gated() {
        keep_rest(host, &loaded, chunk, &chunk_result, begun).await?;
    }
    close(host, &loaded, message).await?;
    Ok(Worked::Closed(Some(Box::new(chunk_result.answer))))
}

/// The second step of a gated import: writes a chunk that was judged.
async fn write_judged(host: &impl Host, loaded: &Loaded, message: &ChunkMessage) -> Answer<Worked> {
    let chunk = loaded.plan.chunk_of(message.chunk);
    let artifacts = Artifacts::of(&message.program, &message.import_id);
    let chunk_result = read_chunk_result(&host.ports().objects, &artifacts, chunk).await?;
    let chunk_result = chunk_result.ok_or_else(|| missing("a chunk result"))?;
    keep_rest(host, loaded, message.chunk, &chunk_result, true).await?;
    close(host, loaded, message).await?;
    Ok(Worked::Closed(None))
}

/// Closes a step, and notifies the finalizer if it was the last one to judge or to write.
pub(crate) async fn close(host: &impl Host, loaded: &Loaded, message: &ChunkMessage) -> Answer<()> {
    let (program, import) = (&message.program, &message.import_id);
    let Ports { imports, queue, clock, .. } = host.ports();
    let open = imports.close(import, message.chunk, clock.now()).await?;
    announce_end(queue, loaded, program, import, open).await
}

/// Tells the finalizer where so many open steps mean that all chunks are judged, or all are written.
async fn announce_end(
    queue: &impl Queue,
    loaded: &Loaded,
    program: &ProgramName,
    import: &ImportId,
    open: u32,
) -> Answer<()> {
    let judged = loaded.plan.is_gated() && open as usize == loaded.plan.chunks.len();
    if open == 0 || judged {
        queue.send_finalize(program, import).await?;
    }
    Ok(())
}

/// Judges, and writes the chunk result: the single point where a chunk is decided.
async fn judge(
    objects: &impl Objects,
    directory: &impl Directory,
    contacts: &impl Contacts,
    loaded: &Loaded,
    artifacts: &Artifacts,
    message: &ChunkMessage,
) -> Answer<ChunkResult> {
    let approved = approved_rows(objects, loaded, message).await?;
    let judge = ChunkJudge::open(&loaded.plan, &loaded.profile, message).with_approved(approved);
    let mut judge = judge.with_secret(directory.secret()?);
    let mut wanted = judge.wanted();
    let found = look_up(directory, contacts, loaded, &mut judge, &mut wanted).await?;
    let chunk_result =
        judge.judge(&wanted, &found).map_err(|error| Fault::damaged("judging a chunk", error))?;
    if put_chunk_result(objects, artifacts, message, &chunk_result).await? {
        return Ok(chunk_result);
    }
    read_chunk_result(objects, artifacts, message.chunk).await?.ok_or_else(|| missing("a chunk result"))
}

/// Writes a chunk result in which no row is processed, if there is no result yet.
async fn leave_unprocessed(
    objects: &impl Objects,
    artifacts: &Artifacts,
    loaded: &Loaded,
    message: &ChunkMessage,
) -> Answer<ChunkResult> {
    let chunk_result = unprocessed(&loaded.plan, &loaded.profile, message);
    if put_chunk_result(objects, artifacts, message, &chunk_result).await? {
        return Ok(chunk_result);
    }
    read_chunk_result(objects, artifacts, message.chunk).await?.ok_or_else(|| missing("a chunk result"))
}

/// The rows of the dry run that this import approves.
async fn approved_rows(
    objects: &impl Objects,
    loaded: &Loaded,
    message: &ChunkMessage,
) -> Answer<Option<ApprovedRows>> {
    let Some(dry_run) = &loaded.plan.approves else { return Ok(None) };
    let answer = read_answer(objects, &Artifacts::of(&message.program, dry_run), message.chunk).await?;
    let answer = answer.ok_or_else(|| missing("a chunk result of the dry run"))?;
    Ok(Some(ApprovedRows::of(&loaded.plan, answer)))
}

/// Reads the directory and the contacts, each once for all rows.
pub(crate) async fn look_up(
    directory: &impl Directory,
    contacts: &impl Contacts,
    loaded: &Loaded,
    judge: &mut ChunkJudge<'_>,
    wanted: &mut Lookups,
) -> Answer<LookupAnswers> {
    let plan = &loaded.plan;
    let mut found = LookupAnswers {
        accounts: directory.candidates(&wanted.accounts).await?,
        entries: directory.find(&plan.program, &wanted.entries).await?,
        ..LookupAnswers::default()
    };
    let similar = wanted.similar(&found.entries);
    if !similar.is_empty() {
        found.entries.extend(directory.find(&plan.program, &similar).await?);
        wanted.entries.extend(similar);
    }
    if let Some(kind) = loaded.profile.directory {
        found.items = directory.read(&plan.program, kind, &wanted.ids).await?;
    } else {
        found.contacts = contacts.read(&pool(loaded), &plan.import_id, &wanted.contacts).await?;
        let reach = || judge.reach_keys(&found);
        found.suppressed = suppressions::suppressed(directory, &plan.program, reach).await?;
    }
    Ok(found)
}

/// Stores the contacts of a chunk result, from where an earlier delivery had to stop.
async fn keep_rest(
    host: &impl Host,
    loaded: &Loaded,
    step: u32,
    chunk_result: &ChunkResult,
    begun: bool,
) -> Answer<()> {
    let Ports { directory, contacts, imports, .. } = host.ports();
    let import = &loaded.plan.import_id;
    let from = if begun { imports.kept(import, step).await? } else { 0 };
    let chunk = loaded.plan.chunk_of(step);
    match keep_from(directory, contacts, loaded, chunk, chunk_result, from as usize).await {
        Err(Fault::Throttled { doing, cause, kept }) => {
            Err(Fault::Throttled { doing, cause, kept: from as usize + kept })
        }
        kept => kept,
    }
}

/// Stores the contacts of a chunk result; a dry run's result has none.
pub(crate) async fn keep(
    directory: &impl Directory,
    contacts: &impl Contacts,
    loaded: &Loaded,
    chunk: u32,
    chunk_result: &ChunkResult,
) -> Answer<()> {
    keep_from(directory, contacts, loaded, chunk, chunk_result, 0).await
}

async fn keep_from(
    directory: &impl Directory,
    contacts: &impl Contacts,
    loaded: &Loaded,
    chunk: u32,
    chunk_result: &ChunkResult,
    from: usize,
) -> Answer<()> {
    let plan = &loaded.plan;
    match (&chunk_result.writes, loaded.profile.directory) {
        (Writes::Contacts(writes), _) if !writes.is_empty() => {
            let writes: Vec<ContactWrite<'_>> = writes.iter().skip(from).collect();
            contacts.keep(&pool(loaded), &plan.import_id, chunk, &writes).await
        }
        (Writes::Directory(items), Some(Kind::Suppressions)) if !items.is_empty() => {
            suppressions::keep(directory, &plan.program, items).await
        }
        (Writes::Directory(items), Some(kind)) if !items.is_empty() => {
            directory.keep(&plan.program, kind, items).await
        }
        _ => Ok(()),
    }
}

pub(crate) fn pool(loaded: &Loaded) -> Pool {
    loaded.pool()
}
