//! The worker: receives chunks from SQS, writes chunk results, contacts and directory entries.

mod handler;

use aws_lambda_events::sqs::SqsEvent;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use rollcall_aws::client::{DynamoDb, S3, SecretsManager, Sqs};
use rollcall_aws::{Bucket, ContactsTable, DirectoryTable, Environment, ImportsTable, Queues, SystemClock};
use rollcall_pipeline::ports::Ports;
use rollcall_pipeline::work::Plans;

use crate::handler::Worker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let worker = wire().await?;
    run(service_fn(|event: LambdaEvent<SqsEvent>| {
        let deadline = Timestamp::from_millisecond(event.context.deadline.cast_signed());
        handler::handle(&worker, event.payload, deadline.unwrap_or(Timestamp::MAX))
    }))
    .await
}

async fn wire() -> Result<Worker, Error> {
    let mut environment = Environment::new(|name| std::env::var(name).ok());
    let bucket = environment.text("ROLLCALL_BUCKET");
    let directory = environment.text("ROLLCALL_DIRECTORY_TABLE");
    let contacts = environment.text("ROLLCALL_CONTACTS_TABLE");
    let imports = environment.text("ROLLCALL_IMPORTS_TABLE");
    let finalize_queue = environment.text("ROLLCALL_FINALIZE_QUEUE_URL");
    let chunk_queue = environment.text("ROLLCALL_CHUNK_QUEUE_URL");
    let lease = SignedDuration::from_secs(environment.number("ROLLCALL_LEASE_SECONDS"));
    let secret = environment.text("ROLLCALL_SECRET_ARN");
    let days = environment.number("ROLLCALL_IMPORT_DAYS");
    environment.finish()?;
    let config = rollcall_aws::config().await;
    let secret = rollcall_aws::secret(&SecretsManager::new(&config), &secret).await?;
    let (dynamodb, bucket) = (DynamoDb::new(&config), Bucket::new(S3::new(&config), bucket));
    let ports = Ports {
        queue: Queues::new(Sqs::new(&config), bucket.clone(), chunk_queue, finalize_queue),
        objects: bucket,
        directory: DirectoryTable::new(dynamodb.clone(), directory).with_secret(secret),
        contacts: ContactsTable::new(dynamodb.clone(), contacts),
        imports: ImportsTable::new(dynamodb, imports).kept_for(days),
        clock: SystemClock,
    };
    Ok(Worker { ports, plans: Plans::default(), lease })
}
