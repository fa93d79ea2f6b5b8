//! Adapters of the ports on S3, SQS, DynamoDB and SES: the only place that knows an SDK's error.
//!
//! - [`Bucket`]: objects, read by version, written whole or not at all
//! - [`Queues`]: chunks for the workers, finished imports for the finalizer
//! - [`DirectoryTable`], [`ContactsTable`], [`ImportsTable`]: one table for each owner of data
//! - [`Mailer`]: notification e-mails
//!
//! Every adapter is a client and a name; the caller chooses the name. The calls made here are the functions'
//! permissions: `infra/template.yaml` lists exactly these, and a test compares the two.

mod clock;
mod connect;
mod contacts;
mod directory;
mod drops;
mod environment;
mod fault;
mod imports;
mod mail;
mod objects;
mod queue;
mod table;
mod upload;

pub use clock::SystemClock;
pub use connect::{config, mail_config};
pub use contacts::ContactsTable;
pub use directory::DirectoryTable;
pub use drops::DropEvent;
pub use environment::{Environment, Wrong};
pub use imports::ImportsTable;
pub use mail::Mailer;
pub use objects::Bucket;
pub use queue::{FinalizeMessage, Queues, decode_chunk};
pub use upload::Upload;

/// The SDK clients from which adapters are made.
pub mod client {
    pub use aws_config::SdkConfig;
    pub use aws_sdk_dynamodb::Client as DynamoDb;
    pub use aws_sdk_s3::Client as S3;
    pub use aws_sdk_sesv2::Client as Ses;
    pub use aws_sdk_sqs::Client as Sqs;
}
