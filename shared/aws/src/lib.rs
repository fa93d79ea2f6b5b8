//! Adapters of the ports on S3, SQS, DynamoDB and SES: only this crate handles the errors of the SDK.
//!
//! - [`Bucket`]: objects, read by version, written whole or not at all
//! - [`Link`]: a request to the bucket that a browser may send, and what else the console does there
//! - [`Queues`]: chunks for the workers, finished imports for the finalizer
//! - [`DirectoryTable`], [`ContactsTable`], [`ImportsTable`]: one table for each owner of data
//! - [`Mailer`]: notification e-mails
//! - [`Webhooks`], [`HttpsClient`]: announcements of imports that are over, and the requests that tell them
//! - [`secret`]: the installation's secret, for functions that judge rows
//!
//! Every adapter is a client and a name; the caller chooses the name. The calls made here determine the functions'
//! permissions: `infra/template.yaml` lists exactly these, and a test compares the two.
//!
//! # Example
//!
//! The ports of a worker, from the environment of its function:
//!
//! ```no_run
//! use rollcall_aws::client::{DynamoDb, S3, Sqs};
//! use rollcall_aws::{Bucket, ContactsTable, DirectoryTable, Environment, ImportsTable, Queues, SystemClock};
//! use rollcall_pipeline::ports::Ports;
//!
//! # async fn wire() -> Result<(), rollcall_aws::Wrong> {
//! let mut environment = Environment::new(|name| std::env::var(name).ok());
//! let bucket = environment.text("ROLLCALL_BUCKET");
//! let directory = environment.text("ROLLCALL_DIRECTORY_TABLE");
//! let contacts = environment.text("ROLLCALL_CONTACTS_TABLE");
//! let imports = environment.text("ROLLCALL_IMPORTS_TABLE");
//! let finalize_queue = environment.text("ROLLCALL_FINALIZE_QUEUE_URL");
//! environment.finish()?;
//!
//! let config = rollcall_aws::config().await;
//! let (dynamodb, objects) = (DynamoDb::new(&config), Bucket::new(S3::new(&config), bucket));
//! let ports = Ports {
//!     queue: Queues::new(Sqs::new(&config), objects.clone(), String::new(), finalize_queue),
//!     objects,
//!     directory: DirectoryTable::new(dynamodb.clone(), directory),
//!     contacts: ContactsTable::new(dynamodb.clone(), contacts),
//!     imports: ImportsTable::new(dynamodb, imports),
//!     clock: SystemClock,
//! };
//! # let _ = ports;
//! # Ok(())
//! # }
//! ```

mod body;
mod clock;
mod connect;
mod contacts;
mod directory;
mod drops;
mod environment;
mod fault;
mod imports;
mod links;
mod mail;
pub mod metrics;
mod objects;
mod queue;
mod redelivery;
mod secret;
mod table;
mod upload;
mod webhook;

pub use clock::SystemClock;
pub use connect::{config, mail_config};
pub use contacts::ContactsTable;
pub use directory::DirectoryTable;
pub use drops::DropEvent;
pub use environment::{Environment, Wrong};
pub use imports::ImportsTable;
pub use links::Link;
pub use mail::Mailer;
pub use objects::Bucket;
pub use queue::{FinalizeMessage, GIVEN_BACK, ImportMessage, Queues, decode_chunk};
pub use redelivery::{receives, retry_after};
pub use rollcall_domain::types::secret::Secret;
pub use secret::secret;
pub use upload::Upload;
pub use webhook::{HttpsClient, WebhookMessage, Webhooks};

/// The SDK clients from which adapters are made.
pub mod client {
    pub use aws_config::SdkConfig;
    pub use aws_sdk_dynamodb::Client as DynamoDb;
    pub use aws_sdk_s3::Client as S3;
    pub use aws_sdk_secretsmanager::Client as SecretsManager;
    pub use aws_sdk_sesv2::Client as Ses;
    pub use aws_sdk_sqs::Client as Sqs;
}
