//! Notification e-mails by SES.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Attachment, Body, Content, Destination, EmailContent, Message, MessageTag};
use jiff::Timestamp;
use rollcall_domain::report::notification::{self, DEFAULT_SENDER, Notification};
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Announcement, Answer, Mail};

use crate::fault::{discreet_fault, unbuilt};
use crate::table::pause;
use crate::webhook::Webhooks;

const DOING: &str = "sending a notification";
/// The pauses between attempts while SES throttles: from a quarter of a second to three, some six seconds in all. What is
/// throttled longer comes again as a message.
const FIRST_PAUSE: u32 = 4;
const LAST_PAUSE: u32 = 7;

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
        let send =
            || async { send.clone().send().await.map(drop).map_err(|error| discreet_fault(DOING, error)) };
        while_throttled(send).await
    }
}

/// Sends again where the service says that it takes no more for now: then it has sent nothing. Any other failure may mean
/// that the e-mail was sent.
async fn while_throttled<F>(send: impl Fn() -> F) -> Answer<()>
where
    F: Future<Output = Answer<()>>,
{
    for attempt in FIRST_PAUSE..=LAST_PAUSE {
        match send().await {
            Err(Fault::Throttled { .. }) => pause(attempt).await,
            sent => return sent,
        }
    }
    send().await
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

    /// Answers of the mail service, the last one first; how often it was asked.
    fn asked(answers: Vec<Answer<()>>) -> (Answer<()>, usize) {
        let (answers, asked) = (std::sync::Mutex::new(answers), std::sync::atomic::AtomicUsize::new(0));
        let send = || {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let answer = answers.lock().unwrap().pop().unwrap();
            async { answer }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let sent = runtime.block_on(while_throttled(send));
        (sent, asked.into_inner())
    }

    #[test]
    fn only_what_was_throttled_is_sent_again() {
        let throttled = || Err(Fault::throttled(DOING, "TooManyRequestsException"));
        let (sent, times) = asked(vec![Ok(()), throttled(), throttled()]);
        assert!(sent.is_ok() && times == 3);
        // It may have been sent.
        let (sent, times) = asked(vec![Ok(()), Err(Fault::transient(DOING, "time-out"))]);
        assert!(sent.is_err() && times == 1);
    }

    #[test]
    fn no_recipient_sees_another() {
        let [ann, bob] = ["ann@sample.com", "bob@sample.com"].map(str::to_owned);
        let alone = destination(std::slice::from_ref(&ann));
        assert_eq!((alone.to_addresses(), alone.bcc_addresses().len()), (&[ann.clone()][..], 0));
        let both = destination(&[ann.clone(), bob.clone()]);
        assert_eq!((both.to_addresses().len(), both.bcc_addresses()), (0, &[ann, bob][..]));
    }
}
