//! Translates a batch of messages into chunks, and their outcomes into the batch's response.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Diagnostic, tracing};
use rollcall_aws::metrics::{self, ChunkFigures};
use rollcall_aws::{
    Bucket, ContactsTable, DirectoryTable, GIVEN_BACK, ImportsTable, Queues, SystemClock, decode_chunk,
    receives, retry_after,
};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::pace::come_again;
use rollcall_pipeline::ports::{Clock, Ports};
use rollcall_pipeline::work::{Plans, Worked, work_chunk};

/// A worker: it sends no mail.
pub(crate) struct Worker {
    pub(crate) ports: Ports<Bucket, DirectoryTable, ContactsTable, ImportsTable, Queues, SystemClock>,
    pub(crate) plans: Plans,
    /// The duration of a lease on a chunk; longer than the function may run.
    pub(crate) lease: SignedDuration,
}

/// Every message of the batch failed.
#[derive(Debug)]
pub(crate) struct AllFailed(Fault);

impl From<AllFailed> for Diagnostic {
    fn from(AllFailed(fault): AllFailed) -> Self {
        let error_type = if fault.is_transient() { "Transient" } else { "Permanent" };
        Self { error_type: error_type.to_owned(), error_message: fault.to_string() }
    }
}

/// The time that is left for what follows the last write: the note how far a chunk came, and its message.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// Works every chunk of a batch; returns only the ids of those that failed.
pub(crate) async fn handle(
    worker: &Worker,
    event: SqsEvent,
    deadline: Timestamp,
) -> Result<SqsBatchResponse, AllFailed> {
    worker.ports.contacts.pace().until(Some(deadline - MARGIN));
    let worked = join_all(event.records.iter().map(|message| work(worker, message))).await;
    let failed = event.records.iter().zip(&worked).filter(|(_, worked)| {
        !matches!(worked, Ok(Worked::Closed(_) | Worked::Paused | Worked::Throttled { .. }))
    });
    let mut answer = SqsBatchResponse::default();
    answer.batch_item_failures = failed.map(|(message, _)| failure(message)).collect();
    let all_failed = worked.iter().all(Result::is_err);
    match worked.into_iter().find_map(Result::err) {
        // The function's error metric counts failures that a partial batch response hides.
        Some(fault) if all_failed => Err(AllFailed(fault)),
        _ => Ok(answer),
    }
}

fn failure(message: &SqsMessage) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.clone().unwrap_or_default();
    failure
}

/// How often in a row a chunk was given back that came no further.
fn given_back(message: &SqsMessage) -> u32 {
    let count = message.message_attributes.get(GIVEN_BACK).and_then(|count| count.string_value.as_deref());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

async fn work(worker: &Worker, message: &SqsMessage) -> Result<Worked, Fault> {
    let id = message.message_id.as_deref().unwrap_or_default();
    let body = message.body.as_deref().unwrap_or_default();
    let chunk = match decode_chunk(&worker.ports.objects, body).await {
        Ok(chunk) => chunk,
        Err(fault) => {
            tracing::error!(message.id = id, "{fault}");
            return Err(fault);
        }
    };
    let (import_id, number) = (&chunk.import_id, chunk.chunk);
    let began = worker.ports.clock.now();
    let worked = work_chunk(&worker.ports, &worker.plans, worker.lease, &chunk).await;
    match &worked {
        Ok(Worked::Closed(answer)) => {
            tracing::info!(import.id = %import_id, chunk.number = number, "closed");
            if let Some(answer) = answer {
                let rows = &answer.tally.rows;
                let took = worker.ports.clock.now().duration_since(began);
                let retries = receives(&message.attributes).saturating_sub(1);
                let figures = ChunkFigures { rows: rows.sum(), rejected: rows.rejected, took, retries };
                metrics::chunk(&chunk.program, &figures);
            }
        }
        Ok(Worked::Throttled { wrote }) => {
            let (times, delay) = come_again(given_back(message), *wrote, number);
            tracing::warn!(import.id = %import_id, chunk.number = number, chunk.wrote = wrote,
                chunk.delay = delay.as_secs(), write.rate = worker.ports.contacts.pace().rate(),
                "throttled: given back");
            worker.ports.queue.send_later(&chunk.program, body, times, delay).await?;
        }
        Ok(Worked::Paused) => tracing::info!(import.id = %import_id, chunk.number = number, "paused"),
        Ok(Worked::Busy) => {
            tracing::info!(import.id = %import_id, chunk.number = number, "busy: retried later");
        }
        Err(fault) => {
            tracing::error!(import.id = %import_id, chunk.number = number, message.id = id, "{fault}");
            if let (true, Some(after)) = (fault.is_transient(), retry_after(receives(&message.attributes))) {
                let receipt = message.receipt_handle.as_deref().unwrap_or_default();
                // Where this fails too, the visibility timeout says when.
                let _ = worker.ports.queue.retry_after(receipt, after).await;
            }
        }
    }
    worked
}
