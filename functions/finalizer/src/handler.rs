//! Translates messages and the sweep's schedule into stages, and their outcomes into the function's answer.

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use jiff::SignedDuration;
use lambda_runtime::{Diagnostic, tracing};
use rollcall_aws::metrics::ImportTimes;
use rollcall_aws::{
    Bucket, ContactsTable, DirectoryTable, DropEvent, ImportMessage, ImportsTable, Mailer, Queues,
    SystemClock, metrics, receives,
};
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::abandon::abandon_chunk;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::finalize::{Finalized, finalize};
use rollcall_pipeline::ports::{Clock, Dropped, Imports, Objects, Ports};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::split::{Split, split_again};
use rollcall_pipeline::sweep::{SweepConfig, Unfinished, fail_import, sweep_import};
use rollcall_pipeline::work::{Plans, Worked};
use serde_json::{Value, json};

use crate::inbox;
use crate::message::FinalizerRequest;
use crate::retried;

/// How often, and at what interval, the finalizer checks whether another one has sent the notification.
const ATTEMPTS: u32 = 5;
const MOMENT: Duration = Duration::from_millis(800);

/// A finalizer.
pub(crate) struct Finalizer {
    pub(crate) ports: Ports<Bucket, DirectoryTable, ContactsTable, ImportsTable, Queues, SystemClock>,
    pub(crate) mail: Mailer,
    pub(crate) plans: Plans,
    /// How long the sweep waits, and the duration of leases on chunks and notifications.
    pub(crate) sweep_config: SweepConfig,
    /// How often a message in the dead-letter queue is received before that queue drops it; the last attempt is
    /// final.
    pub(crate) receives: u32,
    /// The URL of the queue of imports that end.
    pub(crate) finalize_queue: String,
    /// The queue of failed events, where the finalizer puts the events that were lost.
    pub(crate) failed_events: String,
    /// The age from which on a dropped file should have an import.
    pub(crate) settled: SignedDuration,
}

/// The failure of an event or a message.
#[derive(Debug)]
pub(crate) struct FinalizeError(Fault);

impl From<FinalizeError> for Diagnostic {
    fn from(FinalizeError(fault): FinalizeError) -> Self {
        let error_type = if fault.is_transient() { "Transient" } else { "Permanent" };
        Self { error_type: error_type.to_owned(), error_message: fault.to_string() }
    }
}

/// Handles a batch of messages, or sweeps on the schedule's event.
pub(crate) async fn handle(finalizer: &Finalizer, event: Value) -> Result<Value, FinalizeError> {
    if event.get("rollcall").and_then(Value::as_str) == Some("sweep") {
        return sweep(finalizer).await.map_err(FinalizeError);
    }
    if event.get("rollcall").and_then(Value::as_str) == Some("compare") {
        return inbox::compare(finalizer).await.map_err(FinalizeError);
    }
    let event: SqsEvent = serde_json::from_value(event)
        .map_err(|_| FinalizeError(Fault::permanent("reading an event", "neither messages nor the sweep")))?;
    let mut answer = SqsBatchResponse::default();
    let mut fault = None;
    for message in &event.records {
        match follow(finalizer, message).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(other) => {
                if retried::is_sent_later(finalizer, message, &other).await {
                    continue;
                }
                fault = Some(other);
            }
        }
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = message.message_id.clone().unwrap_or_default();
        answer.batch_item_failures.push(failure);
    }
    match fault {
        Some(fault) if answer.batch_item_failures.len() == event.records.len() => Err(FinalizeError(fault)),
        _ => Ok(json!(answer)),
    }
}

/// Handles one message; `false` if it is to be delivered again though nothing failed.
async fn follow(finalizer: &Finalizer, message: &SqsMessage) -> Result<bool, Fault> {
    let body = message.body.as_deref().unwrap_or_default();
    let followed = match FinalizerRequest::read(&finalizer.ports.objects, body).await? {
        FinalizerRequest::Finalize(asked) => {
            answer(finalizer, &asked.import_id, asked.failed.as_deref()).await
        }
        FinalizerRequest::GiveUp(chunk) => abandon(finalizer, &chunk, is_last(finalizer, message)).await,
        FinalizerRequest::Fail(drops, why) => fail(finalizer, &drops, &why).await,
        FinalizerRequest::Undelivered(drops) => inbox::import(finalizer, &drops).await,
        FinalizerRequest::Import(ImportMessage::Turn(import)) => take_turn(finalizer, &import).await,
        FinalizerRequest::Import(ImportMessage::Sweep(import)) => sweep_one(finalizer, &import).await,
        FinalizerRequest::NotLooked(why) => {
            // The alarm's metric filter matches this text.
            tracing::error!("scheduled migration failed: {why}");
            Ok(true)
        }
    };
    if let Err(fault) = &followed {
        tracing::error!(message.id = message.message_id.as_deref(), "{fault}");
    }
    followed
}

fn is_last(finalizer: &Finalizer, message: &SqsMessage) -> bool {
    receives(&message.attributes) >= u64::from(finalizer.receives)
}

/// Several of the last workers may each announce that all chunks are closed. The later finalizer waits a moment for
/// the first; otherwise its message would stay hidden for the queue's visibility timeout.
async fn answer(finalizer: &Finalizer, import: &ImportId, failed: Option<&str>) -> Result<bool, Fault> {
    let Finalizer { ports, mail, sweep_config, .. } = finalizer;
    let before = ports.imports.get(import).await?;
    for _ in 0..ATTEMPTS {
        match finalize(ports, mail, sweep_config.lease, import, failed).await? {
            Finalized::Over(summary) => {
                tracing::info!(import.id = %import, "{}", summary.status.as_str());
                if let Some(item) = before.as_ref().filter(|item| item.status.is_none()) {
                    let turn_at = ports.imports.standing(import).await?.turn_at;
                    let times =
                        ImportTimes { dropped_at: item.object.modified, turn_at, now: ports.clock.now() };
                    metrics::import(&summary, &times);
                }
            }
            Finalized::NotYet => tracing::info!(import.id = %import, "not yet"),
            Finalized::Busy => {
                tokio::time::sleep(MOMENT).await;
                continue;
            }
        }
        return Ok(true);
    }
    tracing::info!(import.id = %import, "busy: retried later");
    Ok(false)
}

async fn abandon(finalizer: &Finalizer, chunk: &ChunkMessage, last: bool) -> Result<bool, Fault> {
    let Finalizer { ports, plans, sweep_config, .. } = finalizer;
    let abandoned = abandon_chunk(ports, plans, sweep_config.lease, chunk, last).await?;
    // Log only whether it is closed: a chunk's outcome contains its rows.
    let closed = matches!(abandoned, Worked::Closed(_));
    tracing::warn!(import.id = %chunk.import_id, chunk.number = chunk.chunk, chunk.closed = closed, "dead chunk");
    Ok(closed)
}

async fn fail(finalizer: &Finalizer, drops: &[DropEvent], why: &str) -> Result<bool, Fault> {
    let Finalizer { ports, mail, sweep_config, .. } = finalizer;
    let bucket = &ports.objects;
    for event in drops {
        let Some(drop) = Drop::parse(&event.key).filter(|_| event.bucket == bucket.bucket()) else {
            continue;
        };
        // The cause that hid the object from the splitter may hide it here too. Then the data of the event must be
        // enough.
        let found = bucket.dropped(&event.key, event.version.as_deref()).await.ok().flatten();
        let Dropped { object, options } =
            found.unwrap_or_else(|| Dropped { object: event.object(), options: Vec::new() });
        let item = new_item(bucket.bucket(), &drop, object, options, ports.clock.now());
        tracing::error!(import.id = %item.import_id, "the splitter failed for good: {why}");
        fail_import(ports, mail, sweep_config.lease, item, why).await?;
    }
    Ok(true)
}

/// Sends the chunks of an import whose turn has come.
async fn take_turn(finalizer: &Finalizer, import: &ImportId) -> Result<bool, Fault> {
    let Finalizer { ports, mail, sweep_config, .. } = finalizer;
    let Ports { objects, imports, queue, clock, .. } = ports;
    let Some(item) = imports.get(import).await? else { return Ok(true) };
    match split_again(objects, imports, queue, clock, item, sweep_config.size).await {
        Ok(split) => {
            let waits = matches!(split, Split::Waiting(_));
            tracing::info!(import.id = %import, import.waits = waits, "its turn");
            Ok(true)
        }
        Err(fault) if fault.is_of_the_import() => {
            tracing::error!(import.id = %import, "ends: {fault}");
            let ended = finalize(ports, mail, sweep_config.lease, import, Some(&fault.to_string())).await?;
            Ok(!matches!(ended, Finalized::Busy))
        }
        Err(fault) => Err(fault),
    }
}

/// Asks for a look at every import that has not ended: one message each, so that a failure in one, or its time,
/// does not affect the others. The heartbeat says that the sweep runs, and how old the oldest import is.
async fn sweep(finalizer: &Finalizer) -> Result<Value, Fault> {
    let ports = &finalizer.ports;
    let unfinished = ports.imports.unfinished().await?;
    let now = ports.clock.now();
    ports.queue.send_sweeps(&unfinished).await?;
    let written = unfinished.iter().filter_map(ImportId::written_at).min();
    let oldest = written.map(|written| now.duration_since(written)).unwrap_or_default();
    metrics::heartbeat(unfinished.len(), oldest);
    tracing::info!(sweep.unfinished = unfinished.len(), "sweep done");
    Ok(json!({ "unfinished": unfinished.len() }))
}

async fn sweep_one(finalizer: &Finalizer, import: &ImportId) -> Result<bool, Fault> {
    let Finalizer { ports, mail, plans, sweep_config, .. } = finalizer;
    let swept = sweep_import(ports, mail, plans, *sweep_config, import).await?;
    if swept.is_finding() {
        // The alarm's metric filter reads this.
        tracing::warn!(import.id = %import, sweep.did = ?swept, "swept");
    } else {
        tracing::info!(import.id = %import, sweep.did = ?swept, "nothing to sweep");
    }
    Ok(true)
}
