//! The contracts of the ports on the adapters of AWS, against the emulator that `AWS_ENDPOINT_URL` names.
//!
//! `tests/e2e/test_adapters.py` starts one and runs these; without one they are left out.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sqs::types::MessageSystemAttributeName;
use rollcall_aws::client::{DynamoDb, S3, SdkConfig, SecretsManager, Ses, Sqs};
use rollcall_aws::{
    Bucket, ContactsTable, DirectoryTable, FinalizeMessage, ImportMessage, ImportsTable, Mailer, Queues,
    Webhooks, config, decode_chunk,
};
use rollcall_pipeline::ports::Objects;
use rollcall_tests::contracts::contacts::contacts_contract;
use rollcall_tests::contracts::directory::directory_contract;
use rollcall_tests::contracts::imports::imports_contract;
use rollcall_tests::contracts::mail::mail_contract;
use rollcall_tests::contracts::objects::objects_contract;
use rollcall_tests::contracts::queue::{Received, chunk, queue_contract};
use rollcall_tests::contracts::reader::reader_contract;

fn name(what: &str) -> String {
    format!("{what}-{:08x}", fastrand::u32(..))
}

async fn bucket(config: &SdkConfig, versioned: bool) -> Bucket {
    let (client, name) = (S3::new(config), name("contract"));
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1);
    client.create_bucket().bucket(&name).create_bucket_configuration(place.build()).send().await.unwrap();
    if versioned {
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        client.put_bucket_versioning().bucket(&name).versioning_configuration(on).send().await.unwrap();
    }
    Bucket::new(client, name)
}

async fn table(config: &SdkConfig, keys: &[&str]) -> (DynamoDb, String) {
    let (client, name) = (DynamoDb::new(config), name("contract"));
    let mut create = client.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    for (key, role) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let text = AttributeDefinition::builder().attribute_name(*key).attribute_type(ScalarAttributeType::S);
        let part = KeySchemaElement::builder().attribute_name(*key).key_type(role);
        create = create.attribute_definitions(text.build().unwrap()).key_schema(part.build().unwrap());
    }
    create.send().await.unwrap();
    (client, name)
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn objects() {
    let config = config().await;
    objects_contract(bucket(&config, true).await).await;
    objects_contract(bucket(&config, false).await).await;
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn a_file_of_several_parts() {
    use rollcall_pipeline::ports::ObjectWriter;
    let bucket = bucket(&config().await, true).await;
    let piece: Vec<u8> = (0..=250).cycle().take(3_000_000).collect();
    let mut writer = bucket.create("parts.csv").await.unwrap();
    for _ in 0..7 {
        writer.write(&piece).await.unwrap();
    }
    writer.finish().await.unwrap();
    assert!(bucket.get("parts.csv").await.unwrap().unwrap() == piece.repeat(7));
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn directory() {
    let (client, name) = table(&config().await, &["pk"]).await;
    directory_contract(DirectoryTable::new(client, name)).await;
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn contacts() {
    let (client, name) = table(&config().await, &["pk", "sk"]).await;
    contacts_contract(ContactsTable::new(client, name)).await;
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn contact_reader() {
    let (client, name) = table(&config().await, &["pk", "sk"]).await;
    reader_contract(ContactsTable::new(client, name)).await;
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn secret() {
    let client = SecretsManager::new(&config().await);
    let id = name("secret");
    assert!(rollcall_aws::secret(&client, &id).await.is_err(), "an absent secret is no empty one");
    client.create_secret().name(&id).secret_string("key").send().await.unwrap();
    let read = rollcall_aws::secret(&client, &id).await.unwrap();
    assert_eq!(read.seal("x"), rollcall_aws::Secret::new(b"key").seal("x"));
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn imports() {
    let (client, name) = table(&config().await, &["pk", "sk"]).await;
    imports_contract(ImportsTable::new(client, name)).await;
}

async fn receive(client: &Sqs, bucket: &Bucket, queue: &str, received: &mut Vec<Received>) {
    loop {
        let receive = client.receive_message().queue_url(queue).max_number_of_messages(10);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        let some = receive.send().await.unwrap();
        if some.messages().is_empty() {
            return;
        }
        for message in some.messages() {
            let body = message.body().unwrap();
            if let Ok(ImportMessage::Turn(import)) = serde_json::from_str(body) {
                received.push(Received::Turn(import));
            } else {
                received.push(match serde_json::from_str::<FinalizeMessage>(body) {
                    Ok(asked) if !body.contains("\"chunk\"") => {
                        Received::Finalize(asked.program, asked.import_id)
                    }
                    _ => {
                        let chunk = decode_chunk(bucket, body).await.unwrap();
                        // A fair queue: no program waits behind the chunks of another.
                        let attributes = message.attributes().unwrap();
                        let group = &attributes[&MessageSystemAttributeName::MessageGroupId];
                        assert_eq!(group, chunk.program.as_str());
                        Received::Chunk(chunk)
                    }
                });
            }
            let handle = message.receipt_handle().unwrap();
            client.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn queue() {
    let config = config().await;
    let (client, bucket) = (Sqs::new(&config), bucket(&config, true).await);
    let mut urls = Vec::new();
    for what in ["chunks", "finalize"] {
        let made = client.create_queue().queue_name(name(what)).send().await.unwrap();
        urls.push(made.queue_url().unwrap().to_owned());
    }
    let queues = Queues::new(client.clone(), bucket.clone(), &urls[0], &urls[1]);
    let receive = async || {
        let mut received = Vec::new();
        for url in &urls {
            receive(&client, &bucket, url, &mut received).await;
        }
        received
    };
    queue_contract(queues.clone(), receive).await;

    // Larger than a message may be, and with what a message may not hold.
    use rollcall_pipeline::ports::Queue;
    for text in ["\"\n".repeat(400_000), "a\u{fffe}\u{ffff}\u{7f}".to_owned()] {
        let large = chunk(7, &text);
        queues.send_chunk(large.clone()).await.unwrap();
        assert!(receive().await == [Received::Chunk(large)]);
    }
}

#[tokio::test]
#[ignore = "needs the emulator"]
async fn mail() {
    let config = config().await;
    let client = Ses::new(&config);
    for identity in ["rollcall@sample.com", "sample.com"] {
        client.create_email_identity().email_identity(identity).send().await.unwrap();
    }
    let webhooks = Webhooks::new(Sqs::new(&config), "none");
    let mailer = Mailer::new(client, "rollcall@sample.com", None, webhooks);
    // The emulator's record is read by the end-to-end tests; here it is enough that the service accepts.
    let sent = async |_: &_| vec!["ann@sample.com, bob@sample.com".to_owned()];
    mail_contract(mailer, sent).await;
}
