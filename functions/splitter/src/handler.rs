//! Translates an event into dropped objects, and a fault into a response to Lambda.

use std::time::Duration;

use jiff::SignedDuration;
use lambda_runtime::{Diagnostic, tracing};
use rollcall_aws::{Bucket, DropEvent, ImportsTable, Queues, SystemClock};
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::{Cancel, Drop, PauseRequest};
use rollcall_pipeline::cancel::{Cancelled, cancel};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::lane::announce;
use rollcall_pipeline::migrate::{Migration, look};
use rollcall_pipeline::pause::follow_requests;
use rollcall_pipeline::ports::{Clock, Dropped, ImportItem, Imports, Objects};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::resume::resume;
use rollcall_pipeline::split::{Split, claimed_by_another, plan_import, send_planned};
use serde::Deserialize;
use serde_json::Value;

/// How late the event of a file may come, so that a file of the same second that was dropped later still waits for it.
const EVENTS_WITHIN: SignedDuration = SignedDuration::from_secs(3);

/// The ports of a splitter.
pub(crate) struct Splitter {
    pub(crate) bucket: Bucket,
    pub(crate) queues: Queues,
    pub(crate) imports: ImportsTable,
    pub(crate) clock: SystemClock,
    /// Sizes of chunks: their messages must fit into the queue.
    pub(crate) size: ChunkSize,
}

/// The event failed. Lambda retries it, then sends it to the finalizer.
#[derive(Debug)]
pub(crate) struct SplitError(Fault);

impl From<SplitError> for Diagnostic {
    fn from(SplitError(fault): SplitError) -> Self {
        let error_type = if fault.is_transient() { "Transient" } else { "Permanent" };
        Self { error_type: error_type.to_owned(), error_message: fault.to_string() }
    }
}

/// Splits every object that an event names, or that a migration's schedule finds. A failure of one does not affect the
/// others.
pub(crate) async fn handle(splitter: &Splitter, event: Value) -> Result<(), SplitError> {
    let is_migration = event.get("rollcall").and_then(Value::as_str) == Some("migrate");
    let split =
        if is_migration { migrate(splitter, &event).await } else { split_drops(splitter, &event).await };
    split.map_err(SplitError)
}

async fn split_drops(splitter: &Splitter, event: &Value) -> Result<(), Fault> {
    let drops = DropEvent::all(event).map_err(|what| Fault::permanent("reading an event", what))?;
    let mut all = Ok(());
    for drop in drops {
        all = split_drop(splitter, &drop).await.and(all);
    }
    all
}

async fn split_drop(splitter: &Splitter, event: &DropEvent) -> Result<(), Fault> {
    if let Some(request) = Cancel::parse(&event.key) {
        let cancelled = cancel(&splitter.bucket, &splitter.imports, &request).await.inspect_err(log)?;
        let noted = cancelled == Cancelled::Noted;
        tracing::info!(import.id = %request.import_id, import.cancelled = noted, "asked to cancel");
        return Ok(());
    }
    if let Some(request) = PauseRequest::parse(&event.key) {
        return follow_pause(splitter, &request).await.inspect_err(log);
    }
    let Some(drop) = Drop::parse(&event.key).filter(|_| event.bucket == splitter.bucket.bucket()) else {
        tracing::info!("an object that starts no import");
        return Ok(());
    };
    let found = splitter.bucket.dropped(&event.key, event.version.as_deref()).await.inspect_err(log)?;
    let there = found.is_some();
    let Dropped { object, options } =
        found.unwrap_or_else(|| Dropped { object: event.object(), options: Vec::new() });
    let item = new_item(splitter.bucket.bucket(), &drop, object, options, splitter.clock.now());
    if there {
        return split(splitter, item).await;
    }
    let item = splitter.imports.begin(item).await.inspect_err(log)?;
    end(splitter, &item, &Fault::Gone(event.key.clone()).to_string()).await
}

/// Pauses a program, or sends the open chunks of its imports again.
async fn follow_pause(splitter: &Splitter, request: &PauseRequest) -> Result<(), Fault> {
    let Splitter { bucket, queues, imports, clock, size } = splitter;
    let program = &request.program;
    if follow_requests(bucket, program).await? {
        tracing::info!(program.name = %program, "paused");
        return Ok(());
    }
    let resumed = resume(bucket, imports, queues, clock, program, *size).await?;
    tracing::info!(program.name = %program, program.imports = resumed, "resumed");
    Ok(())
}

/// Splits the files that a schedule finds; an expected file that is missing is a failed import.
async fn migrate(splitter: &Splitter, event: &Value) -> Result<(), Fault> {
    let read = Migration::deserialize(event).map_err(|error| error.to_string());
    let checked = read.and_then(|migration| migration.check().map(|()| migration));
    let migration = checked.map_err(|what| Fault::permanent("reading a migration", what))?;
    let looked =
        look(&splitter.bucket, &splitter.imports, &splitter.clock, &migration).await.inspect_err(log)?;
    let found = looked.new.len();
    tracing::info!(migration.program = %migration.program, migration.profile = %migration.profile,
        migration.found = found, "looked for files");
    let mut all = Ok(());
    for item in looked.new {
        all = split(splitter, item).await.and(all);
    }
    if let Some((item, why)) = looked.missing {
        let item = splitter.imports.begin(item).await.inspect_err(log)?;
        // The alarm's metric filter matches this text.
        tracing::error!(import.id = %item.import_id, migration.program = %migration.program,
            migration.profile = %migration.profile, "expected file missing");
        end(splitter, &item, &why).await?;
    }
    all
}

async fn split(splitter: &Splitter, item: ImportItem) -> Result<(), Fault> {
    let import_id = &item.import_id;
    match announce_and_split(splitter, item.clone()).await {
        Ok(Split::Over(_)) => tracing::info!(import.id = %import_id, "over already"),
        Ok(Split::Refused(_)) => tracing::info!(import.id = %import_id, "refused"),
        Ok(Split::Waiting(_)) => tracing::info!(import.id = %import_id, "waits for its turn"),
        Ok(Split::Paused(_)) => tracing::info!(import.id = %import_id, "paused"),
        Ok(Split::Sent(_) | Split::NotOurs) => tracing::info!(import.id = %import_id, "sent"),
        Err(fault) => {
            tracing::error!(import.id = %import_id, "{fault}");
            // If the import is at fault, it ends now, without useless retries.
            return if fault.is_of_the_import() {
                end(splitter, &item, &fault.to_string()).await
            } else {
                Err(fault)
            };
        }
    }
    Ok(())
}

/// Lets an import join its lane, and splits it. A request that was made before joins nothing.
async fn announce_and_split(splitter: &Splitter, item: ImportItem) -> Result<Split, Fault> {
    let Splitter { bucket, queues, imports, clock, size } = splitter;
    if let Some(import) = claimed_by_another(bucket, imports, &item).await? {
        return Ok(Split::Over(import));
    }
    let item = announce(bucket, imports, item).await?;
    if item.status.is_some() {
        return Ok(Split::Over(item.import_id));
    }
    let plan = plan_import(bucket, imports, &item, *size).await?;
    let_earlier_join(splitter, &item).await;
    send_planned(bucket, imports, queues, clock, &item, &plan).await
}

/// Files that are dropped at once are imported in the order of their ids, which have the time in seconds on S3. Their
/// events come in any order: an import asks for its turn only once the earlier ones had the time to join the lane. The file
/// is surveyed meanwhile.
async fn let_earlier_join(splitter: &Splitter, item: &ImportItem) {
    if item.lane.is_none() || item.chunks.is_some() {
        return;
    }
    let age = splitter.clock.now().duration_since(item.object.modified);
    if let Ok(left) = Duration::try_from(EVENTS_WITHIN - age) {
        tokio::time::sleep(left.min(Duration::from_secs(EVENTS_WITHIN.unsigned_abs().as_secs()))).await;
    }
}

async fn end(splitter: &Splitter, item: &ImportItem, why: &str) -> Result<(), Fault> {
    tracing::error!(import.id = %item.import_id, "ends: {why}");
    splitter.queues.send_failed(&item.program, &item.import_id, why).await
}

fn log(fault: &Fault) {
    tracing::error!("{fault}");
}
