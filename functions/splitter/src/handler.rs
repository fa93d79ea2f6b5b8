//! From an event to dropped objects, and from a fault to what Lambda is told.

use lambda_runtime::{Diagnostic, tracing};
use rollcall_aws::{Bucket, DropEvent, Dropped, ImportsTable, Queues, SystemClock};
use rollcall_domain::keys::Drop;
use rollcall_domain::plan::ChunkSize;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Clock, ImportItem, Imports, Objects};
use rollcall_pipeline::split::{Split, new_item, split_again};
use serde_json::Value;

/// The ports of a splitter.
pub(crate) struct Splitter {
    pub(crate) bucket: Bucket,
    pub(crate) queues: Queues,
    pub(crate) imports: ImportsTable,
    pub(crate) clock: SystemClock,
    /// How large chunks are: their messages must fit into the queue.
    pub(crate) size: ChunkSize,
}

/// The event could not be followed; Lambda tries again, then hands it to the finalizer.
#[derive(Debug)]
pub(crate) struct NotSplit(Fault);

impl From<NotSplit> for Diagnostic {
    fn from(NotSplit(fault): NotSplit) -> Self {
        let error_type = if fault.is_transient() { "Transient" } else { "Permanent" };
        Self { error_type: error_type.to_owned(), error_message: fault.to_string() }
    }
}

/// Splits every object that an event names. One that cannot be split keeps none of the others from it.
pub(crate) async fn handle(splitter: &Splitter, event: Value) -> Result<(), NotSplit> {
    let drops =
        DropEvent::all(&event).map_err(|what| NotSplit(Fault::permanent("reading an event", what)))?;
    let mut fault = None;
    for drop in drops {
        if let Err(other) = split(splitter, &drop).await {
            tracing::error!("{other}");
            fault = Some(other);
        }
    }
    fault.map_or(Ok(()), |fault| Err(NotSplit(fault)))
}

async fn split(splitter: &Splitter, event: &DropEvent) -> Result<(), Fault> {
    let Some(drop) = Drop::parse(&event.key).filter(|_| event.bucket == splitter.bucket.bucket()) else {
        tracing::info!("an object that starts no import");
        return Ok(());
    };
    let found = splitter.bucket.dropped(&event.key, event.version.as_deref()).await?;
    let there = found.is_some();
    let Dropped { object, options } =
        found.unwrap_or_else(|| Dropped { object: event.object(), options: Vec::new() });
    let item = new_item(splitter.bucket.bucket(), &drop, object, options, splitter.clock.now());
    if !there {
        let fault = Fault::Gone(event.key.clone());
        return end(splitter, splitter.imports.begin(item).await?, &fault).await;
    }
    let split =
        split_again(&splitter.bucket, &splitter.imports, &splitter.queues, item.clone(), splitter.size).await;
    let import_id = &item.import_id;
    match split {
        Ok(Split::Over(_)) => tracing::info!(import.id = %import_id, "over already"),
        Ok(Split::Refused(_)) => tracing::info!(import.id = %import_id, "refused"),
        Ok(Split::Sent(_) | Split::NotOurs) => tracing::info!(import.id = %import_id, "sent"),
        // It lies with the import: it ends now, and not after tries that are of no use.
        Err(fault) if fault.is_of_the_import() => return end(splitter, item, &fault).await,
        Err(fault) => return Err(fault),
    }
    Ok(())
}

async fn end(splitter: &Splitter, item: ImportItem, fault: &Fault) -> Result<(), Fault> {
    tracing::error!(import.id = %item.import_id, "{fault}");
    splitter.queues.send_failed(&item.program, &item.import_id, &fault.to_string()).await
}
