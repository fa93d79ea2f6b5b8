//! Notification e-mails by SES.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Attachment, Body, Content, Destination, EmailContent, Message, MessageTag};
use jiff::Timestamp;
use rollcall_domain::report::notification::{self, DEFAULT_SENDER, Notification};
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Announcement, Answer, Mail};

use crate::fault::{discreet_fault, unbuilt};
use crate::webhook::Webhooks;

const DOING: &str = "sending a notification";

/// The mail service.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    sender: String,
    configuration_set: Option<String>,
    webhooks: Webhooks,
}

impl Mailer {
    /// The sender if a program's settings name none; and where announcements wait to be told.
    pub fn new(
        client: Client,
        sender: impl Into<String>,
        configuration_set: Option<String>,
        webhooks: Webhooks,
    ) -> Self {
        Self { client, sender: sender.into(), configuration_set, webhooks }
    }
}

impl Mail for Mailer {
    /// If SES refuses an e-mail, it is sent to each recipient separately, so that one bad address does not affect the
    /// others. If SES refuses even that for good, the import ends nevertheless, and the log informs the operators.
    async fn send(&self, import: &ImportId, notification: &Notification) -> Answer<()> {
        if notification.to.is_empty() {
            tracing::warn!(import.id = %import, "the program's settings name no recipient");
            return Ok(());
        }
        let refused = match self.send_to(import, notification, &notification.to).await {
            Err(fault) if !fault.is_transient() => fault,
            sent => return sent,
        };
        let mut reached = 0;
        for to in notification.to.iter().filter(|_| notification.to.len() > 1) {
            reached +=
                usize::from(self.send_to(import, notification, std::slice::from_ref(to)).await.is_ok());
        }
        let all = notification.to.len();
        tracing::error!(import.id = %import, notification.reached = reached, notification.recipients = all, "letter refused: {refused}");
        Ok(())
    }

    async fn announce(&self, announcement: &Announcement) -> Answer<()> {
        self.webhooks.announce(announcement, Timestamp::now()).await
    }
}

impl Mailer {
    async fn send_to(&self, import: &ImportId, notification: &Notification, to: &[String]) -> Answer<()> {
        let from = if notification.from == DEFAULT_SENDER { &self.sender } else { &notification.from };
        let tag = MessageTag::builder().name("rollcall-import").value(import.as_str()).build();
        let send = self
            .client
            .send_email()
            .from_email_address(from)
            .destination(destination(to))
            .content(content(notification)?)
            .email_tags(tag.map_err(|error| unbuilt(DOING, error))?)
            .set_configuration_set_name(self.configuration_set.clone());
        // SES error messages contain addresses: only the code is passed on.
        send.send().await.map(drop).map_err(|error| discreet_fault(DOING, error))
    }
}

/// Several recipients get blind copies: none of them learns of another.
fn destination(to: &[String]) -> Destination {
    let destination = Destination::builder();
    match to {
        [one] => destination.to_addresses(one).build(),
        several => destination.set_bcc_addresses(Some(several.to_vec())).build(),
    }
}

fn attachment(file: &notification::Attachment) -> Answer<Attachment> {
    Attachment::builder()
        .raw_content(Blob::new(file.bytes.clone()))
        .file_name(&file.name)
        .content_type(file.media_type)
        .build()
        .map_err(|error| unbuilt(DOING, error))
}

fn content(notification: &Notification) -> Answer<EmailContent> {
    let text = |data: &str| {
        Content::builder().data(data).charset("UTF-8").build().map_err(|error| unbuilt(DOING, error))
    };
    let body = Body::builder().text(text(&notification.text)?).html(text(&notification.html)?).build();
    let attachment = notification.attachment.as_ref().map(attachment).transpose()?;
    let message = Message::builder()
        .subject(text(&notification.subject)?)
        .body(body)
        .set_attachments(attachment.map(|attachment| vec![attachment]))
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_recipient_sees_another() {
        let [ann, bob] = ["ann@sample.com", "bob@sample.com"].map(str::to_owned);
        let alone = destination(std::slice::from_ref(&ann));
        assert_eq!((alone.to_addresses(), alone.bcc_addresses().len()), (&[ann.clone()][..], 0));
        let both = destination(&[ann.clone(), bob.clone()]);
        assert_eq!((both.to_addresses().len(), both.bcc_addresses()), (0, &[ann, bob][..]));
    }
}
