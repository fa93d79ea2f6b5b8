//! The webhook: tells the servers of programs that imports are over, until they take it, for a day.

mod handler;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use rollcall_aws::client::{S3, SecretsManager, Sqs};
use rollcall_aws::{Bucket, Environment, HttpsClient, Webhooks};

use crate::handler::Sender;

/// In debug builds, requests go to this server instead of to their host: for tests. Releases do not read it.
#[cfg(debug_assertions)]
const TEST_VARIABLE: &str = "ROLLCALL_TEST_WEBHOOK_TO";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let sender = wire().await?;
    run(service_fn(|event: LambdaEvent<SqsEvent>| handler::handle(&sender, event.payload))).await
}

async fn wire() -> Result<Sender, Error> {
    let mut environment = Environment::new(|name| std::env::var(name).ok());
    let bucket = environment.text("ROLLCALL_BUCKET");
    let queue = environment.text("ROLLCALL_WEBHOOK_QUEUE_URL");
    let secret = environment.text("ROLLCALL_SECRET_ARN");
    environment.finish()?;
    let config = rollcall_aws::config().await;
    let secret = rollcall_aws::secret(&SecretsManager::new(&config), &secret).await?;
    Ok(Sender {
        bucket: Bucket::new(S3::new(&config), bucket),
        webhooks: Webhooks::new(Sqs::new(&config), queue),
        client: client(),
        secret,
    })
}

fn client() -> HttpsClient {
    #[cfg(debug_assertions)]
    if let Ok(address) = std::env::var(TEST_VARIABLE) {
        return HttpsClient::to_a_test(&address);
    }
    HttpsClient::new()
}
