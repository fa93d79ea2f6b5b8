//! The queues on SQS.
//!
//! An SQS message holds 1 MiB. A larger chunk (one row may be that large, once escaped) is put into the bucket, and its
//! message names the object.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ObjectVersion, Objects, Queue};
use rollcall_pipeline::sweep::Backlog;
use serde::{Deserialize, Serialize};

use crate::drops::DropEvent;
use crate::fault::{fault, unbuilt};
use crate::objects::Bucket;

/// Maximal bytes of an SQS message.
const MESSAGE: usize = 1024 * 1024;
/// The message attribute that counts how often in a row a chunk was given back that came no further.
pub const GIVEN_BACK: &str = "given_back";
/// SQS delays a message for at most so many seconds.
pub(crate) const LONGEST_DELAY: i32 = 900;
/// Messages that are sent at the same time.
const SENDS_AT_ONCE: usize = 16;

/// The queues of an installation.
#[derive(Debug, Clone)]
pub struct Queues {
    client: Client,
    bucket: Bucket,
    chunks: String,
    finalize: String,
}

/// A message to the finalizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalizeMessage {
    /// Version of the message format.
    pub v: u32,
    /// The program.
    pub program: ProgramName,
    /// The import.
    pub import_id: ImportId,
    /// The cause if it cannot go on; otherwise absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A message to the finalizer about one import: its turn has come, or the sweep looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMessage {
    /// Its turn in the lane has come.
    Turn(ImportId),
    /// The sweep looks at it.
    Sweep(ImportId),
}

impl FinalizeMessage {
    /// The version that this code writes and reads.
    pub const VERSION: u32 = 1;
}

/// Names the object of a chunk that is too large for a message.
#[derive(Debug, Serialize, Deserialize)]
struct OffloadedMessage {
    stored_at: String,
}

impl Queues {
    /// The queues with these URLs; a worker needs no chunk queue, a finalizer no finalize queue.
    pub fn new(
        client: Client,
        bucket: Bucket,
        chunks: impl Into<String>,
        finalize: impl Into<String>,
    ) -> Self {
        Self { client, bucket, chunks: chunks.into(), finalize: finalize.into() }
    }

    /// Announces that an import cannot go on. Sending twice is safe.
    ///
    /// # Errors
    /// If SQS does not accept the message.
    pub async fn send_failed(&self, program: &ProgramName, import: &ImportId, why: &str) -> Answer<()> {
        self.finalize(program, import, Some(why.to_owned())).await
    }

    /// Asks the finalizer to import an object whose event was lost: the message is such an event.
    ///
    /// # Errors
    /// Where SQS does not accept the message.
    pub async fn send_lost(&self, queue: &str, object: &ObjectVersion) -> Answer<()> {
        let event = DropEvent::bridged(self.bucket.bucket(), object);
        self.send(queue, encode(&event)?).await
    }

    /// Asks the finalizer to sweep imports, one message each, so that a time limit is nobody else's.
    ///
    /// # Errors
    /// Where SQS does not accept a message; the next sweep asks again.
    pub async fn send_sweeps(&self, imports: &[ImportId]) -> Answer<()> {
        let sends = imports.iter().map(async |import| {
            self.send(&self.finalize, encode(&ImportMessage::Sweep(import.clone()))?).await
        });
        stream::iter(sends).buffer_unordered(SENDS_AT_ONCE).try_collect().await
    }

    async fn finalize(&self, program: &ProgramName, import: &ImportId, failed: Option<String>) -> Answer<()> {
        let (program, import_id) = (program.clone(), import.clone());
        let message = FinalizeMessage { v: FinalizeMessage::VERSION, program, import_id, failed };
        self.send(&self.finalize, encode(&message)?).await
    }

    async fn send(&self, queue: &str, body: String) -> Answer<()> {
        let sent = self.client.send_message().queue_url(queue).message_body(body).send().await;
        sent.map(drop).map_err(|error| fault("sending a message", error))
    }

    /// Sends a chunk's message again as it is, for later: the queue counts its receives anew. The caller then drops the
    /// message. A crash in between leaves both, which is safe.
    ///
    /// # Errors
    /// Where SQS does not accept the message.
    pub async fn send_later(
        &self,
        program: &ProgramName,
        body: &str,
        given_back: u32,
        delay: SignedDuration,
    ) -> Answer<()> {
        let group = Some(program.to_string());
        self.send_again(&self.chunks, group, body, given_back, delay).await
    }

    /// The same for a message of the finalizer.
    ///
    /// # Errors
    /// Where SQS does not accept the message.
    pub async fn finalize_later(&self, body: &str, given_back: u32, delay: SignedDuration) -> Answer<()> {
        self.send_again(&self.finalize, None, body, given_back, delay).await
    }

    async fn send_again(
        &self,
        queue: &str,
        group: Option<String>,
        body: &str,
        given_back: u32,
        delay: SignedDuration,
    ) -> Answer<()> {
        let count = MessageAttributeValue::builder().data_type("Number").string_value(given_back.to_string());
        let count = count.build().map_err(|error| unbuilt("sending a message", error))?;
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(LONGEST_DELAY).clamp(0, LONGEST_DELAY);
        let send = self.client.send_message().queue_url(queue).message_body(body);
        let send = send.set_message_group_id(group).delay_seconds(seconds);
        let sent = send.message_attributes(GIVEN_BACK, count).send().await;
        sent.map(drop).map_err(|error| fault("sending a message", error))
    }

    /// Lets a chunk's message that failed appear again sooner than after the visibility timeout.
    ///
    /// # Errors
    /// Where SQS does not accept it: then it appears after that.
    pub async fn retry_after(&self, receipt: &str, delay: SignedDuration) -> Answer<()> {
        self.show_after(&self.chunks, receipt, delay).await
    }

    /// The same for a message of the finalizer.
    ///
    /// # Errors
    /// As [`Self::retry_after`].
    pub async fn retry_finalize_after(&self, receipt: &str, delay: SignedDuration) -> Answer<()> {
        self.show_after(&self.finalize, receipt, delay).await
    }

    async fn show_after(&self, queue: &str, receipt: &str, delay: SignedDuration) -> Answer<()> {
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(LONGEST_DELAY);
        let change = self.client.change_message_visibility().queue_url(queue);
        let sent = change.receipt_handle(receipt).visibility_timeout(seconds).send().await;
        sent.map(drop).map_err(|error| fault("returning a message", error))
    }

    /// A fair queue: the program is the group, so that no program waits behind the chunks of another.
    async fn send_to_workers(&self, program: &ProgramName, body: String) -> Answer<()> {
        let send = self.client.send_message().queue_url(&self.chunks).message_body(body);
        let sent = send.message_group_id(program.as_str()).send().await;
        sent.map(drop).map_err(|error| fault("sending a message", error))
    }
}

impl Queue for Queues {
    /// A message has up to a mebibyte, so several of them are not one batch.
    const AT_ONCE: usize = SENDS_AT_ONCE;

    async fn send_chunk(&self, message: ChunkMessage) -> Answer<()> {
        let mut body = encode(&message)?;
        if body.len() > MESSAGE {
            let artifacts = Artifacts::of(&message.program, &message.import_id);
            let stored_at = format!("{}.message", artifacts.chunk_result(message.chunk));
            self.bucket.put(&stored_at, body.into_bytes()).await?;
            body = encode(&OffloadedMessage { stored_at })?;
        }
        self.send_to_workers(&message.program, body).await
    }

    async fn send_finalize(&self, program: &ProgramName, import: &ImportId) -> Answer<()> {
        self.finalize(program, import, None).await
    }

    async fn send_turn(&self, import: &ImportId) -> Answer<()> {
        self.send(&self.finalize, encode(&ImportMessage::Turn(import.clone()))?).await
    }
}

impl Backlog for Queues {
    async fn waiting_chunks(&self) -> Answer<u64> {
        use aws_sdk_sqs::types::QueueAttributeName as Name;
        let counts = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let ask = self.client.get_queue_attributes().queue_url(&self.chunks);
        let got = ask.set_attribute_names(Some(counts.to_vec())).send().await;
        let got = got.map_err(|error| fault("counting the messages of a queue", error))?;
        let attributes = got.attributes().cloned().unwrap_or_default();
        Ok(counts.iter().filter_map(|name| attributes.get(name)?.parse::<u64>().ok()).sum())
    }
}

/// JSON escapes the other characters that SQS refuses, but not these two, which occur only in texts.
fn encode(message: &impl Serialize) -> Answer<String> {
    let json =
        serde_json::to_string(message).map_err(|error| Fault::permanent("writing a message", error))?;
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        return Ok(json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"));
    }
    Ok(json)
}

/// The chunk in a message's body, or in the object that the message names.
///
/// # Errors
/// A permanent fault if there is no chunk, or it no longer exists: a retry does not help.
pub async fn decode_chunk(bucket: &Bucket, body: &str) -> Answer<ChunkMessage> {
    // Report the position of the error, not the text there: that may be a cell.
    let unreadable = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        Fault::permanent("reading a chunk's message", format_args!("unreadable at {line}:{column}"))
    };
    if let Ok(OffloadedMessage { stored_at }) = serde_json::from_str(body) {
        let bytes = bucket.get(&stored_at).await?;
        let bytes = bytes
            .ok_or_else(|| Fault::permanent("reading a chunk's message", "the object no longer exists"))?;
        return serde_json::from_slice(&bytes).map_err(unreadable);
    }
    serde_json::from_str(body).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_the_queue_refuses_are_escaped() {
        let text = "a\u{fffe}b\u{ffff}\u{1}é";
        let json = encode(&text).unwrap();
        assert_eq!(json, "\"a\\ufffeb\\uffff\\u0001é\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
