//! The three functions as Lambda runs them: environments, time limits, deliveries; and the sweep's schedule.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use pollster::block_on;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::abandon::abandon_chunk;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::finalize::{Finalized, finalize};
use rollcall_pipeline::lane::announce;
use rollcall_pipeline::pace::come_again;
use rollcall_pipeline::ports::{Answer, Clock, ImportItem, Imports, Objects, Ports};
use rollcall_pipeline::request::new_item;
use rollcall_pipeline::split::{plan_import, send_planned, split_again};
use rollcall_pipeline::sweep::{SweepConfig, Unfinished, sweep_import};
use rollcall_pipeline::work::{Plans, Worked, work_chunk};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::ports::Port;
use super::queue::{Message, Sqs};
use super::{Cloud, Dropped, Scenario};

/// The numbers of infra/template.yaml at the standard pace.
const WORKER: Duration = Duration::from_secs(60);
const WORKER_LEASE: SignedDuration = SignedDuration::from_secs(75);
pub(super) const WORKER_VISIBILITY: Duration = Duration::from_secs(360);
pub(super) const RECEIVES: u32 = 5;
/// Splitters, workers and finalizers at the same time, and megabytes of a splitter: the parameters' defaults.
pub(super) const DEFAULTS: (usize, usize, usize, u64) = (20, 40, 10, 1_024);
const SPLITTER: Duration = Duration::from_secs(900);
const FINALIZER: Duration = Duration::from_secs(900);
const FINALIZER_LEASE: SignedDuration = SignedDuration::from_secs(930);
pub(super) const FINALIZER_VISIBILITY: Duration = Duration::from_secs(5_400);
const SWEEP_EVERY: Duration = Duration::from_secs(600);
const SWEEP_AFTER: SignedDuration = SignedDuration::from_secs(2_100);
const MESSAGES: usize = 4;
pub(super) const CHUNK_ROWS: u64 = 2_000;
/// What is left of a function's time after its last write (functions/worker).
const MARGIN: SignedDuration = SignedDuration::from_secs(5);
/// Events of one second may come in any order (functions/splitter).
const EVENTS_WITHIN: SignedDuration = SignedDuration::from_secs(3);

/// An event source begins with five environments and adds 300 a minute (Lambda Developer Guide, SQS).
const AT_ONCE: usize = 5;
const MORE_A_SECOND: f64 = 5.0;
/// From start to first poll, with the download of the package.
const COLD_START: Duration = Duration::from_millis(200);
/// Microseconds of a row in a function with 1,024 MB, which has 0.58 of a processor.
const ROW_MICROS: u64 = 13;

/// What a message says.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// A chunk.
    Chunk(Arc<ChunkMessage>),
    /// All chunks of an import are closed.
    Finalize(ImportId),
    /// The turn of an import has come.
    Turn(ImportId),
    /// The sweep looks at an import.
    Sweep(ImportId),
}

/// Starts the functions.
pub(super) fn start(cloud: &Arc<Cloud>, scenario: &Scenario) {
    for number in 0..scenario.workers {
        spawn_local(work(cloud.clone(), number));
    }
    for _ in 0..scenario.finalizers {
        spawn_local(finish(cloud.clone(), cloud.finalize.clone()));
    }
    for _ in 0..2 {
        spawn_local(finish(cloud.clone(), cloud.dead.clone()));
    }
    spawn_local(sweep(cloud.clone()));
}

/// Drops a file; its import.
pub(super) fn drop_file(cloud: &Arc<Cloud>, number: usize, file: &Dropped, weight: u64) -> ImportId {
    let key = format!("inbox/{}/prospects/list-{number}.csv", file.program);
    let mut text = "Name;E-mail\n".to_owned();
    for row in 0..(file.rows / weight).max(1) {
        text.push_str(&format!("N{row};p{list}x{row}@mail.example\n", list = file.list));
    }
    cloud.objects.drop_bytes(&key, text.into_bytes(), cloud.clock.now());
    let object = block_on(cloud.objects.describe(&key)).expect("in memory").expect("it was dropped");
    let drop = Drop::parse(&key).expect("a key of the inbox");
    let item = new_item(cloud.objects.bucket(), &drop, object, Vec::new(), cloud.clock.now());
    let import = item.import_id.clone();
    spawn_local(split(cloud.clone(), item));
    import
}

/// Waits for a splitter. Where none is free Lambda keeps the event, and tries it again after a second, and after twice as long
/// each time, up to five minutes (Lambda Developer Guide, asynchronous invocation).
async fn splitter(cloud: &Cloud) -> tokio::sync::SemaphorePermit<'_> {
    for attempt in 0_u32.. {
        if let Ok(splitter) = cloud.splitters.try_acquire() {
            return splitter;
        }
        cloud.count("events that waited for a splitter");
        let longest = (1_000 << attempt.min(9)).min(300_000);
        sleep(Duration::from_millis(longest / 2 + cloud.roll(longest / 2))).await;
    }
    unreachable!("it tries for ever")
}

/// The splitter: an event is tried again twice.
async fn split(cloud: Arc<Cloud>, item: ImportItem) {
    sleep(Duration::from_millis(500 + cloud.roll(1_000))).await;
    for attempt in 0..3 {
        sleep(Duration::from_secs(60 * attempt)).await;
        let _splitter = splitter(&cloud).await;
        sleep(COLD_START).await;
        let killed = cloud.trouble.splitter_dies.filter(|_| attempt == 0).map(Duration::from_secs);
        match timeout(killed.unwrap_or(SPLITTER), split_once(&cloud, &item)).await {
            Ok(true) => return,
            Ok(false) => cloud.count("splitters that failed"),
            Err(_) => cloud.count("splitters that ran out of time"),
        }
    }
    let port = Port::new(&cloud);
    let _ = finalize(&port.ports(), &port, FINALIZER_LEASE, &item.import_id, Some("not split")).await;
}

async fn split_once(cloud: &Arc<Cloud>, item: &ImportItem) -> bool {
    let port = Port::new(cloud);
    let Ports { objects, imports, queue, clock, .. } = &port.ports();
    let Ok(item) = announce(objects, imports, item.clone()).await else { return false };
    if item.status.is_some() {
        return true;
    }
    let Ok(plan) = plan_import(objects, imports, &item, cloud.size).await else { return false };
    let left = EVENTS_WITHIN - clock.now().duration_since(item.object.modified);
    sleep(Duration::try_from(left).unwrap_or_default()).await;
    send_planned(objects, imports, queue, clock, &item, &plan).await.is_ok()
}

/// One environment of the worker.
async fn work(cloud: Arc<Cloud>, number: usize) {
    let (port, plans) = (Port::new(&cloud), Plans::default());
    let ports = port.ports();
    let cpu = tokio::sync::Mutex::new(());
    let mut cold = true;
    loop {
        let batch = cloud.chunks.receive_as(number, AT_ONCE, MORE_A_SECOND, MESSAGES).await;
        if std::mem::take(&mut cold) {
            sleep(COLD_START).await;
        }
        let deadline = cloud.clock.now() + SignedDuration::try_from(WORKER).expect("a minute");
        port.pace().until(Some(deadline - MARGIN));
        let chunks = batch.iter().map(async |message| {
            let Body::Chunk(chunk) = &message.body else { return };
            {
                let _cpu = cpu.lock().await;
                let rows = chunk.text.lines().count() as u64 * cloud.weight;
                sleep(Duration::from_micros(rows * ROW_MICROS)).await;
            }
            let worked = work_chunk(&ports, &plans, WORKER_LEASE, chunk).await;
            answer(&cloud, message, &worked);
        });
        if timeout(WORKER, join_all(chunks)).await.is_err() {
            cloud.count("workers that ran out of time");
        }
    }
}

fn answer(cloud: &Cloud, message: &Message<Body>, worked: &rollcall_pipeline::ports::Answer<Worked>) {
    match worked {
        Ok(Worked::Closed(_)) => cloud.count("chunks"),
        Ok(Worked::Paused) => {}
        Ok(Worked::Throttled { wrote }) => {
            cloud.count("chunks given back");
            let Body::Chunk(chunk) = &message.body else { return };
            let wrote = u32::try_from(u64::from(*wrote) * cloud.weight).unwrap_or(u32::MAX);
            let (times, delay) = come_again(message.given_back, wrote, chunk.chunk);
            cloud.chunks.send_later(&message.group, message.body.clone(), times, delay.unsigned_abs());
        }
        Ok(Worked::Busy) => return cloud.count("chunks that were busy"),
        Err(_) => {
            match message.receives() {
                1 => cloud.chunks.show_after(message, Duration::from_secs(15)),
                2 => cloud.chunks.show_after(message, Duration::from_secs(120)),
                _ => {}
            }
            return cloud.count("chunks that failed");
        }
    }
    cloud.chunks.delete(message);
}

/// One environment of the finalizer, for one of its queues.
async fn finish(cloud: Arc<Cloud>, queue: Arc<Sqs<Body>>) {
    loop {
        let batch = queue.receive(1).await;
        sleep(Duration::from_millis(20)).await;
        for message in &batch {
            match timeout(FINALIZER, finish_one(&cloud, &message.body)).await {
                Ok(Ok(true)) => queue.delete(message),
                Ok(Ok(false)) => cloud.count("finalizers that were busy"),
                Ok(Err(fault)) => come_back(&cloud, &queue, message, &fault),
                Err(_) => cloud.count("finalizers that ran out of time"),
            }
        }
    }
}

/// A message whose work failed comes again as functions/finalizer says.
fn come_back(cloud: &Cloud, queue: &Arc<Sqs<Body>>, message: &Message<Body>, fault: &Fault) {
    cloud.count("finalizers that failed");
    if !Arc::ptr_eq(queue, &cloud.finalize) {
        return;
    }
    if let Fault::Throttled { .. } = fault {
        let delay = Duration::from_secs((30 << message.given_back.min(5)).min(900));
        queue.send_later(&message.group, message.body.clone(), message.given_back + 1, delay);
        return queue.delete(message);
    }
    match message.receives() {
        1 => queue.show_after(message, Duration::from_secs(15)),
        2 => queue.show_after(message, Duration::from_secs(120)),
        _ => {}
    }
}

/// Whether a message is done with.
async fn finish_one(cloud: &Arc<Cloud>, body: &Body) -> Answer<bool> {
    let (port, plans) = (Port::new(cloud), Plans::default());
    let ports = port.ports();
    Ok(match body {
        Body::Finalize(import) => finish_import(cloud, import).await?,
        Body::Turn(import) => {
            let Ports { objects, imports, queue, clock, .. } = &ports;
            let Some(item) = Imports::get(imports, import).await? else { return Ok(true) };
            split_again(objects, imports, queue, clock, item, cloud.size).await?;
            true
        }
        Body::Sweep(import) => {
            let config = SweepConfig { wait: SWEEP_AFTER, lease: FINALIZER_LEASE, size: cloud.size };
            if sweep_import(&ports, &port, &plans, config, import).await?.is_finding() {
                cloud.count("findings of the sweep");
            }
            true
        }
        Body::Chunk(chunk) => {
            cloud.count("dead chunks");
            let abandoned = abandon_chunk(&ports, &plans, FINALIZER_LEASE, chunk, false).await?;
            matches!(abandoned, Worked::Closed(_))
        }
    })
}

/// Finalizes; waits a moment for another finalizer of the same import.
async fn finish_import(cloud: &Arc<Cloud>, import: &ImportId) -> Answer<bool> {
    let port = Port::new(cloud);
    cloud.note(import, |steps, now| steps.finalizing = now);
    for _ in 0..5 {
        match finalize(&port.ports(), &port, FINALIZER_LEASE, import, None).await? {
            Finalized::Over(_) | Finalized::NotYet => return Ok(true),
            Finalized::Busy => sleep(Duration::from_millis(800)).await,
        }
    }
    Ok(false)
}

/// The schedule of the sweep: one message an import.
async fn sweep(cloud: Arc<Cloud>) {
    loop {
        sleep(SWEEP_EVERY).await;
        for import in block_on(cloud.imports.unfinished()).expect("in memory") {
            cloud.finalize.send("", Body::Sweep(import));
        }
    }
}
