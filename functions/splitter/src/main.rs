//! The splitter: handles dropped objects, and schedules that search for files.

mod handler;

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use rollcall_aws::client::{DynamoDb, S3, Sqs};
use rollcall_aws::{Bucket, Environment, ImportsTable, Queues, SystemClock};
use rollcall_domain::plan::import_plan::ChunkSize;
use serde_json::Value;

use crate::handler::Splitter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let splitter = wire().await?;
    run(service_fn(|event: LambdaEvent<Value>| handler::handle(&splitter, event.payload))).await
}

async fn wire() -> Result<Splitter, Error> {
    let mut environment = Environment::new(|name| std::env::var(name).ok());
    let bucket = environment.text("ROLLCALL_BUCKET");
    let imports = environment.text("ROLLCALL_IMPORTS_TABLE");
    let chunk_queue = environment.text("ROLLCALL_CHUNK_QUEUE_URL");
    let finalize_queue = environment.text("ROLLCALL_FINALIZE_QUEUE_URL");
    let size = ChunkSize {
        rows: environment.number("ROLLCALL_CHUNK_ROWS"),
        bytes: environment.number("ROLLCALL_CHUNK_BYTES"),
        memory: environment.memory_for_keys(),
    };
    let (days, dry_runs) =
        (environment.number("ROLLCALL_IMPORT_DAYS"), environment.number("ROLLCALL_DRY_RUNS_PER_DAY"));
    environment.finish()?;
    let config = rollcall_aws::config().await;
    let bucket = Bucket::new(S3::new(&config), bucket);
    Ok(Splitter {
        queues: Queues::new(Sqs::new(&config), bucket.clone(), chunk_queue, finalize_queue),
        bucket,
        imports: ImportsTable::new(DynamoDb::new(&config), imports)
            .kept_for(days)
            .with_dry_runs_per_day(dry_runs),
        clock: SystemClock,
        size,
    })
}
