//! Translates a message into an attempt, and its outcome into the next message.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, tracing};
use rollcall_aws::{Bucket, HttpsClient, Secret, WebhookMessage, Webhooks};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::webhook::{Delivery, deliver, next_attempt};

/// What it takes to deliver an announcement.
pub(crate) struct Sender {
    pub(crate) bucket: Bucket,
    pub(crate) webhooks: Webhooks,
    pub(crate) client: HttpsClient,
    pub(crate) secret: Secret,
}

/// The message comes again.
#[derive(Debug)]
pub(crate) struct NotHandled(Fault);

impl From<NotHandled> for Diagnostic {
    fn from(NotHandled(fault): NotHandled) -> Self {
        let error_type = if fault.is_transient() { "Transient" } else { "Permanent" };
        Self { error_type: error_type.to_owned(), error_message: fault.to_string() }
    }
}

/// Follows each message of a batch; a batch has one.
pub(crate) async fn handle(sender: &Sender, event: SqsEvent) -> Result<(), NotHandled> {
    for message in &event.records {
        follow(sender, message).await.map_err(NotHandled)?;
    }
    Ok(())
}

/// Tells a server what is due, and sends on what is not due or was not taken. The message itself is then dropped; a crash
/// in between tells the server twice, which it can see by the id.
async fn follow(sender: &Sender, message: &SqsMessage) -> Result<(), Fault> {
    let message = WebhookMessage::parse(message.body.as_deref().unwrap_or_default())?;
    let now = Timestamp::now();
    if now < message.next_at {
        return sender.webhooks.send(&message, now).await;
    }
    let announcement = &message.announcement;
    let delivery = deliver(&sender.bucket, &sender.client, &sender.secret, announcement, now).await?;
    let (import, program, made) = (&announcement.import_id, &announcement.program, message.made + 1);
    match delivery {
        Delivery::Accepted => {
            tracing::info!(import.id = %import, program.name = %program, webhook.made = made, "webhook taken");
        }
        Delivery::Unwanted(reason) => {
            tracing::info!(import.id = %import, program.name = %program, "webhook unwanted: {reason}");
        }
        Delivery::Failed(reason) => {
            let now = Timestamp::now();
            let Some(next_at) = next_attempt(message.announced_at, made, now) else {
                // The alarm's metric filter matches this text.
                tracing::error!(import.id = %import, program.name = %program, "webhook given up: {reason}");
                return Ok(());
            };
            tracing::warn!(import.id = %import, program.name = %program, webhook.made = made, "webhook not taken: {reason}");
            sender.webhooks.send(&WebhookMessage { made, next_at, ..message }, now).await?;
        }
    }
    Ok(())
}
