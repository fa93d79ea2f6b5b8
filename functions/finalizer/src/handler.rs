//! Translates messages and the sweep's schedule into stages, and their outcomes into the function's answer.

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use jiff::SignedDuration;
use lambda_runtime::{Diagnostic, tracing};
use rollcall_aws::{
    Bucket, ContactsTable, DirectoryTable, DropEvent, ImportsTable, Mailer, Queues, SystemClock,
};
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::abandon::abandon_chunk;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::finalize::{Finalized, finalize};
use rollcall_pipeline::ports::{Clock, Dropped, Objects, Ports};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::sweep::{SweepConfig, Swept, Unfinished, fail_import, sweep_import};
use rollcall_pipeline::work::{Plans, Worked};
use serde_json::{Value, json};

use crate::inbox;
use crate::message::FinalizerRequest;

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
            Err(other) => fault = Some(other),
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
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse::<u32>().ok()).is_some_and(|count| count >= finalizer.receives)
}

/// Several of the last workers may each announce that all chunks are closed. The later finalizer waits a moment for
/// the first; otherwise its message would stay hidden for the queue's visibility timeout.
async fn answer(finalizer: &Finalizer, import: &ImportId, failed: Option<&str>) -> Result<bool, Fault> {
    let Finalizer { ports, mail, sweep_config, .. } = finalizer;
    for _ in 0..ATTEMPTS {
        match finalize(ports, mail, sweep_config.lease, import, failed).await? {
            Finalized::Over(summary) => tracing::info!(import.id = %import, "{}", summary.status.as_str()),
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

/// Sweeps every import that has not ended; a failure in one does not affect the others.
async fn sweep(finalizer: &Finalizer) -> Result<Value, Fault> {
    let mut found = 0;
    for (import, swept_at) in finalizer.ports.imports.unfinished().await? {
        match sweep_one(finalizer, &import, swept_at).await {
            Ok(Swept::Young | Swept::Over) => {}
            Ok(swept) => {
                found += 1;
                tracing::warn!(import.id = %import, sweep.did = ?swept, "swept");
            }
            Err(fault) => {
                found += 1;
                tracing::error!(import.id = %import, "sweep: {fault}");
            }
        }
    }
    // The alarm's metric filter matches this text.
    tracing::info!(sweep.findings = found, "sweep done");
    Ok(json!({ "findings": found }))
}

async fn sweep_one(
    finalizer: &Finalizer,
    import: &ImportId,
    swept_at: Option<jiff::Timestamp>,
) -> Result<Swept, Fault> {
    let Finalizer { ports, mail, plans, sweep_config, .. } = finalizer;
    sweep_import(ports, mail, plans, *sweep_config, import, swept_at).await
}
