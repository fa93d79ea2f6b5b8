//! The webhook: announcements that wait in a queue, and the requests that tell them.

mod client;

use jiff::{SignedDuration, Timestamp};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Announcement, Answer};
use serde::{Deserialize, Serialize};

use crate::fault::fault;
use crate::queue::LONGEST_DELAY;
pub use client::HttpsClient;

const DOING: &str = "announcing an import";

/// An announcement that waits to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookMessage {
    /// Version of the message format.
    pub v: u32,
    /// What is to be told.
    pub announcement: Announcement,
    /// Since when.
    pub announced_at: Timestamp,
    /// How often it was tried.
    pub made: u32,
    /// When it is tried next.
    pub next_at: Timestamp,
}

impl WebhookMessage {
    /// The version that this code writes and reads.
    pub const VERSION: u32 = 1;

    /// The message of a body.
    ///
    /// # Errors
    /// Where it is none of ours; the text of the body is not repeated.
    pub fn parse(body: &str) -> Answer<Self> {
        let unreadable = |what: String| Fault::permanent("reading a message", what);
        let message: Self = serde_json::from_str(body)
            .map_err(|error| unreadable(format!("at {}:{}", error.line(), error.column())))?;
        if message.v > Self::VERSION {
            return Err(unreadable(format!("version {} is newer than {}", message.v, Self::VERSION)));
        }
        Ok(message)
    }
}

/// The queue of announcements. SQS delays a message for a quarter of an hour at most, so one that is to wait for longer
/// is received and sent again: no function waits.
#[derive(Debug, Clone)]
pub struct Webhooks {
    client: aws_sdk_sqs::Client,
    queue: String,
}

impl Webhooks {
    /// The queue with this URL.
    pub fn new(client: aws_sdk_sqs::Client, queue: impl Into<String>) -> Self {
        Self { client, queue: queue.into() }
    }

    /// Sends an announcement that is told as soon as possible. Sending it twice is safe: it has one id.
    ///
    /// # Errors
    /// Where SQS does not accept it.
    pub async fn announce(&self, announcement: &Announcement, now: Timestamp) -> Answer<()> {
        let (v, announcement) = (WebhookMessage::VERSION, announcement.clone());
        let message = WebhookMessage { v, announcement, announced_at: now, made: 0, next_at: now };
        self.send(&message, now).await
    }

    /// Sends a message to be received when it is due, or as late before that as SQS can delay it.
    ///
    /// # Errors
    /// Where SQS does not accept it.
    pub async fn send(&self, message: &WebhookMessage, now: Timestamp) -> Answer<()> {
        let body = serde_json::to_string(message).map_err(|error| Fault::permanent(DOING, error))?;
        let send = self.client.send_message().queue_url(&self.queue).message_body(body);
        // A fair queue: no program waits behind the announcements of another, whose server may be slow.
        let send = send.message_group_id(message.announcement.program.as_str());
        let sent = send.delay_seconds(delay(message.next_at, now)).send().await;
        sent.map(drop).map_err(|error| fault(DOING, error))
    }
}

fn delay(next: Timestamp, now: Timestamp) -> i32 {
    // A part of a second counts: a message that comes too soon is sent once more.
    let seconds = (next.duration_since(now) + SignedDuration::from_millis(999)).as_secs();
    i32::try_from(seconds).unwrap_or(LONGEST_DELAY).clamp(0, LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_what_is_left_and_at_most_a_quarter_of_an_hour() {
        let now: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        for (milliseconds, seconds) in
            [(-5_000, 0), (0, 0), (1, 1), (10_000, 10), (900_000, 900), (14_400_000, 900)]
        {
            assert_eq!(delay(now + SignedDuration::from_millis(milliseconds), now), seconds);
        }
    }

    #[test]
    fn a_message_reads_back_and_a_newer_one_is_refused() {
        let announcement = Announcement {
            import_id: "20261121T080000000Z-aaaaaaaaaa".parse().unwrap(),
            program: "acme".parse().unwrap(),
            body: "{}".into(),
        };
        let at = "2026-03-01T09:30:00.5Z".parse().unwrap();
        let message = WebhookMessage { v: 1, announcement, announced_at: at, made: 3, next_at: at };
        let body = serde_json::to_string(&message).unwrap();
        assert_eq!(WebhookMessage::parse(&body).unwrap(), message);
        let newer = body.replacen("\"v\":1", "\"v\":2", 1);
        assert!(WebhookMessage::parse(&newer).unwrap_err().to_string().contains("version 2"));
        assert!(WebhookMessage::parse("{\"v\":1}").is_err());
    }
}
