//! Parses a message of the finalizer by its form: a message from a dead-letter queue is unchanged.

use rollcall_aws::{Bucket, DropEvent, FinalizeMessage, ImportMessage, decode_chunk};
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_pipeline::fault::Fault;
use serde::Deserialize;
use serde_json::Value;

/// The task.
#[derive(Debug)]
pub(crate) enum FinalizerRequest {
    /// Finalize an import.
    Finalize(FinalizeMessage),
    /// A chunk failed for good.
    GiveUp(Box<ChunkMessage>),
    /// Objects could not be split; with the cause.
    Fail(Vec<DropEvent>, String),
    /// The event of dropped objects never reached the splitter.
    Undelivered(Vec<DropEvent>),
    /// The turn of an import has come, or the sweep looks at it.
    Import(ImportMessage),
    /// A scheduled search for files failed; with the cause. The next search finds the same files.
    NotLooked(String),
}

/// The record that Lambda writes about an event that failed for good.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedEvent {
    request_payload: Value,
    #[serde(default)]
    response_payload: Option<Value>,
}

impl FinalizerRequest {
    /// Parses a message's body.
    ///
    /// # Errors
    /// A permanent fault, if the form is unknown.
    pub(crate) async fn read(bucket: &Bucket, body: &str) -> Result<Self, Fault> {
        let unreadable = |what: String| Fault::permanent("reading a message", what);
        let place = |error: serde_json::Error| unreadable(format!("at {}:{}", error.line(), error.column()));
        let value: Value = serde_json::from_str(body).map_err(place)?;
        if value.get("detail").is_some() {
            return DropEvent::all(&value).map(Self::Undelivered).map_err(unreadable);
        }
        if value.get("requestPayload").is_some() {
            let event: FailedEvent = serde_json::from_value(value).map_err(place)?;
            if event.request_payload.get("rollcall").is_some() {
                return Ok(Self::NotLooked(event.why()));
            }
            let drops = DropEvent::all(&event.request_payload).map_err(unreadable)?;
            return Ok(Self::Fail(drops, event.why()));
        }
        if value.get("chunk").is_some() || value.get("stored_at").is_some() {
            return Ok(Self::GiveUp(Box::new(decode_chunk(bucket, body).await?)));
        }
        if value.get("turn").is_some() || value.get("sweep").is_some() {
            return serde_json::from_value(value).map(Self::Import).map_err(place);
        }
        let message: FinalizeMessage = serde_json::from_value(value).map_err(place)?;
        if message.v != FinalizeMessage::VERSION {
            return Err(unreadable(format!("version {} is not {}", message.v, FinalizeMessage::VERSION)));
        }
        Ok(Self::Finalize(message))
    }
}

impl FailedEvent {
    fn why(&self) -> String {
        let message = self.response_payload.as_ref().and_then(|answer| answer.get("errorMessage"));
        let message = message.and_then(Value::as_str).unwrap_or("the splitter did not answer");
        message.lines().next().unwrap_or_default().chars().take(300).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_event_says_why() {
        let why = |json: Value| serde_json::from_value::<FailedEvent>(json).unwrap().why();
        let payload = serde_json::json!({});
        let answered = serde_json::json!({"requestPayload": payload, "responsePayload":
            {"errorType": "Permanent", "errorMessage": "reading an object: AccessDenied\nand more"}});
        assert_eq!(why(answered), "reading an object: AccessDenied");
        assert_eq!(why(serde_json::json!({"requestPayload": payload})), "the splitter did not answer");
    }
}
