//! Translates a batch of messages into chunks, and their outcomes into the batch's response.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use jiff::SignedDuration;
use lambda_runtime::{Diagnostic, tracing};
use rollcall_aws::{Bucket, ContactsTable, DirectoryTable, ImportsTable, Queues, SystemClock, decode_chunk};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Ports;
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

/// Processes every chunk of a batch; returns only the ids of those that failed.
pub(crate) async fn handle(worker: &Worker, event: SqsEvent) -> Result<SqsBatchResponse, AllFailed> {
    let worked = join_all(event.records.iter().map(|message| work(worker, message))).await;
    let failed =
        event.records.iter().zip(&worked).filter(|(_, worked)| !matches!(worked, Ok(Worked::Closed(_))));
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
    let worked = work_chunk(&worker.ports, &worker.plans, worker.lease, &chunk).await;
    match &worked {
        Ok(Worked::Closed(_)) => tracing::info!(import.id = %import_id, chunk.number = number, "closed"),
        Ok(Worked::Busy) => {
            tracing::info!(import.id = %import_id, chunk.number = number, "busy: retried later");
        }
        Err(fault) => {
            tracing::error!(import.id = %import_id, chunk.number = number, message.id = id, "{fault}");
        }
    }
    worked
}
