//! The queues on SQS.
//!
//! An SQS message holds 1 MiB. A larger chunk (one row may be that large, once escaped) is put into the bucket, and its
//! message names the object.

use aws_sdk_sqs::Client;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ObjectVersion, Objects, Queue};
use serde::{Deserialize, Serialize};

use crate::drops::DropEvent;
use crate::fault::fault;
use crate::objects::Bucket;

/// Maximal bytes of an SQS message.
const MESSAGE: usize = 1024 * 1024;

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

    async fn finalize(&self, program: &ProgramName, import: &ImportId, failed: Option<String>) -> Answer<()> {
        let (program, import_id) = (program.clone(), import.clone());
        let message = FinalizeMessage { v: FinalizeMessage::VERSION, program, import_id, failed };
        self.send(&self.finalize, encode(&message)?).await
    }

    async fn send(&self, queue: &str, body: String) -> Answer<()> {
        let sent = self.client.send_message().queue_url(queue).message_body(body).send().await;
        sent.map(drop).map_err(|error| fault("sending a message", error))
    }
}

impl Queue for Queues {
    async fn send_chunk(&self, message: ChunkMessage) -> Answer<()> {
        let mut body = encode(&message)?;
        if body.len() > MESSAGE {
            let artifacts = Artifacts::of(&message.program, &message.import_id);
            let stored_at = format!("{}.message", artifacts.chunk_result(message.chunk));
            self.bucket.put(&stored_at, body.into_bytes()).await?;
            body = encode(&OffloadedMessage { stored_at })?;
        }
        self.send(&self.chunks, body).await
    }

    async fn send_finalize(&self, program: &ProgramName, import: &ImportId) -> Answer<()> {
        self.finalize(program, import, None).await
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
