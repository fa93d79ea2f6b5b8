//! Dropped files whose event was lost: they are found by comparing the inbox with the imports, and imported here.

use lambda_runtime::tracing;
use rollcall_aws::DropEvent;
use rollcall_domain::plan::object_keys::{Cancel, Drop, PauseRequest};
use rollcall_pipeline::cancel::cancel;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::inbox::without_import;
use rollcall_pipeline::lane::announce;
use rollcall_pipeline::pause::follow_requests;
use rollcall_pipeline::ports::{Clock, ImportItem, Objects, Ports};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::resume::resume;
use rollcall_pipeline::split::split_again;
use rollcall_pipeline::sweep::fail_import;
use serde_json::{Value, json};

use crate::handler::Finalizer;

/// Compares the inbox with the imports: each file that has none gets a message of its own, so that its time limit and
/// its failure are nobody else's.
pub(crate) async fn compare(finalizer: &Finalizer) -> Result<Value, Fault> {
    let Ports { objects, imports, queue, clock, .. } = &finalizer.ports;
    let lost = without_import(objects, imports, clock, finalizer.settled).await?;
    for object in &lost {
        queue.send_lost(&finalizer.failed_events, object).await?;
    }
    tracing::info!(inbox.lost = lost.len(), "inbox compared");
    Ok(json!({ "lost": lost.len() }))
}

/// Imports what an event names that never reached the splitter. Repeating it is safe.
pub(crate) async fn import(finalizer: &Finalizer, drops: &[DropEvent]) -> Result<bool, Fault> {
    for event in drops {
        import_one(finalizer, event).await?;
    }
    Ok(true)
}

async fn import_one(finalizer: &Finalizer, event: &DropEvent) -> Result<(), Fault> {
    let Ports { objects: bucket, imports, clock, .. } = &finalizer.ports;
    if event.bucket != bucket.bucket() {
        return Ok(());
    }
    if let Some(request) = Cancel::parse(&event.key) {
        return cancel(bucket, imports, &request).await.map(drop);
    }
    if let Some(request) = PauseRequest::parse(&event.key) {
        return follow_pause(finalizer, &request).await;
    }
    let Some(drop) = Drop::parse(&event.key) else { return Ok(()) };
    let Some(dropped) = bucket.dropped(&event.key, event.version.as_deref()).await? else {
        tracing::info!("an object that is gone and has no import");
        return Ok(());
    };
    let item = new_item(bucket.bucket(), &drop, dropped.object, dropped.options, clock.now());
    tracing::warn!(import.id = %item.import_id, "dropped without an import");
    split(finalizer, item).await
}

async fn follow_pause(finalizer: &Finalizer, request: &PauseRequest) -> Result<(), Fault> {
    let Ports { objects, imports, queue, clock, .. } = &finalizer.ports;
    if !follow_requests(objects, &request.program).await? {
        let size = finalizer.sweep_config.size;
        resume(objects, imports, queue, clock, &request.program, size).await?;
    }
    Ok(())
}

async fn split(finalizer: &Finalizer, item: ImportItem) -> Result<(), Fault> {
    let Finalizer { ports, mail, sweep_config, .. } = finalizer;
    let Ports { objects, imports, queue, clock, .. } = ports;
    let announced = announce(objects, imports, item.clone()).await?;
    match split_again(objects, imports, queue, clock, announced, sweep_config.size).await {
        Err(fault) if fault.is_of_the_import() => {
            fail_import(ports, mail, sweep_config.lease, item, &fault.to_string()).await
        }
        split => split.map(drop),
    }
}
