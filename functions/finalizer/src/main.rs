//! The finalizer: imports whose chunks are closed, chunks and events that failed for good, and the sweep.

mod handler;
mod inbox;
mod message;
mod retried;

use jiff::SignedDuration;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use rollcall_aws::client::{DynamoDb, S3, Ses, Sqs};
use rollcall_aws::{
    Bucket, ContactsTable, DirectoryTable, Environment, ImportsTable, Mailer, Queues, SystemClock, Webhooks,
};
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_pipeline::ports::Ports;
use rollcall_pipeline::sweep::SweepConfig;
use rollcall_pipeline::work::Plans;
use serde_json::Value;

use crate::handler::Finalizer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let finalizer = wire().await?;
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&finalizer, event.payload))).await
}

async fn wire() -> Result<Finalizer, Error> {
    let mut environment = Environment::new(|name| std::env::var(name).ok());
    let bucket = environment.text("ROLLCALL_BUCKET");
    let directory = environment.text("ROLLCALL_DIRECTORY_TABLE");
    let contacts = environment.text("ROLLCALL_CONTACTS_TABLE");
    let imports = environment.text("ROLLCALL_IMPORTS_TABLE");
    let chunk_queue = environment.text("ROLLCALL_CHUNK_QUEUE_URL");
    let finalize_queue = environment.text("ROLLCALL_FINALIZE_QUEUE_URL");
    let failed_events = environment.text("ROLLCALL_FAILED_EVENT_QUEUE_URL");
    let webhook_queue = environment.text("ROLLCALL_WEBHOOK_QUEUE_URL");
    let settled = SignedDuration::from_secs(environment.number("ROLLCALL_COMPARE_AFTER_SECONDS"));
    let (days, dry_runs) =
        (environment.number("ROLLCALL_IMPORT_DAYS"), environment.number("ROLLCALL_DRY_RUNS_PER_DAY"));
    let sender = environment.text("ROLLCALL_SENDER");
    let configuration_set = environment.optional("ROLLCALL_CONFIGURATION_SET");
    let receives = environment.number("ROLLCALL_DEAD_RECEIVES");
    let sweep_config = SweepConfig {
        wait: SignedDuration::from_secs(environment.number("ROLLCALL_SWEEP_AFTER_SECONDS")),
        lease: SignedDuration::from_secs(environment.number("ROLLCALL_LEASE_SECONDS")),
        size: ChunkSize {
            rows: environment.number("ROLLCALL_CHUNK_ROWS"),
            bytes: environment.number("ROLLCALL_CHUNK_BYTES"),
            memory: environment.memory_for_keys(),
        },
    };
    environment.finish()?;
    let config = rollcall_aws::config().await;
    let ses = Ses::new(&rollcall_aws::mail_config(&config));
    let (dynamodb, bucket) = (DynamoDb::new(&config), Bucket::new(S3::new(&config), bucket));
    let ports = Ports {
        queue: Queues::new(Sqs::new(&config), bucket.clone(), chunk_queue, finalize_queue.clone()),
        objects: bucket,
        directory: DirectoryTable::new(dynamodb.clone(), directory),
        contacts: ContactsTable::new(dynamodb.clone(), contacts),
        imports: ImportsTable::new(dynamodb, imports).kept_for(days).with_dry_runs_per_day(dry_runs),
        clock: SystemClock,
    };
    let mail = Mailer::new(ses, sender, configuration_set, Webhooks::new(Sqs::new(&config), webhook_queue));
    let plans = Plans::default();
    Ok(Finalizer { ports, mail, plans, sweep_config, receives, finalize_queue, failed_events, settled })
}
