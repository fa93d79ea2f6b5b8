//! The console: the pages and the HTTP interface of `rollcall-web`, behind an HTTP API with a JWT authorizer.

mod caller;
mod host;
mod nothing;
mod starting;

use axum::Router;
use lambda_http::{Error, Request, run, service_fn, tracing};
use rollcall_aws::client::{DynamoDb, S3, SecretsManager};
use rollcall_aws::{Bucket, ContactsTable, DirectoryTable, Environment, ImportsTable, SystemClock};
use rollcall_pipeline::ports::Ports;
use rollcall_web::access::Access;
use rollcall_web::app::{App, router};
use tower::ServiceExt;

use crate::host::Console;
use crate::nothing::NoQueue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let (console, claim) = wire().await?;
    let desk: Router = router(App::new(console, Access::Asserted));
    run(service_fn(|request: Request| desk.clone().oneshot(caller::identified(request, &claim)))).await
}

/// The console, and the claim of a token that names the programs.
async fn wire() -> Result<(Console, String), Error> {
    let mut environment = Environment::new(|name| std::env::var(name).ok());
    let bucket = environment.text("ROLLCALL_BUCKET");
    let directory = environment.text("ROLLCALL_DIRECTORY_TABLE");
    let contacts = environment.text("ROLLCALL_CONTACTS_TABLE");
    let imports = environment.text("ROLLCALL_IMPORTS_TABLE");
    let secret = environment.text("ROLLCALL_SECRET_ARN");
    let claim = environment.text("ROLLCALL_PROGRAMS_CLAIM");
    let days = environment.number("ROLLCALL_IMPORT_DAYS");
    environment.finish()?;
    let config = rollcall_aws::config().await;
    let secret = rollcall_aws::secret(&SecretsManager::new(&config), &secret).await?;
    let dynamodb = DynamoDb::new(&config);
    let ports = Ports {
        objects: Bucket::new(S3::new(&config), bucket),
        directory: DirectoryTable::new(dynamodb.clone(), directory).with_secret(secret),
        contacts: ContactsTable::new(dynamodb.clone(), contacts),
        imports: ImportsTable::new(dynamodb, imports).kept_for(days),
        queue: NoQueue,
        clock: SystemClock,
    };
    Ok((Console::new(ports).await?, claim))
}
