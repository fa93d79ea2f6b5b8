//! When a message of the finalizer that failed comes again. Its queue hides it for six time limits of the function, an hour
//! and a half, because one may be at work on it; most faults pass much sooner.

use aws_lambda_events::sqs::SqsMessage;
use jiff::SignedDuration;
use lambda_runtime::tracing;
use rollcall_aws::{GIVEN_BACK, receives, retry_after};
use rollcall_pipeline::fault::Fault;

use crate::handler::Finalizer;

/// The first wait of a message that was throttled, and the longest; seconds.
const FIRST_WAIT: i64 = 30;
const LONGEST: i64 = 900;

/// How long a message waits that a service took no more for, by how often it was given back before.
fn throttled_after(given_back: u32) -> SignedDuration {
    SignedDuration::from_secs((FIRST_WAIT << given_back.min(5)).min(LONGEST))
}

/// Lets a message of the finalize queue that failed come again soon. `true` where it was sent anew, because a service takes
/// no more for now: this counts as no failure, and uses up no receive. Other queues keep their own time.
pub(crate) async fn is_sent_later(finalizer: &Finalizer, message: &SqsMessage, fault: &Fault) -> bool {
    if !fault.is_transient() || !is_from(message, &finalizer.finalize_queue) {
        return false;
    }
    let queue = &finalizer.ports.queue;
    if let Fault::Throttled { .. } = fault {
        let given_back = given_back(message);
        let body = message.body.as_deref().unwrap_or_default();
        let delay = throttled_after(given_back);
        tracing::warn!(message.delay = delay.as_secs(), "throttled: given back");
        return queue.finalize_later(body, given_back + 1, delay).await.is_ok();
    }
    if let Some(after) = retry_after(receives(&message.attributes)) {
        let receipt = message.receipt_handle.as_deref().unwrap_or_default();
        // Where this fails too, the visibility timeout says when.
        let _ = queue.retry_finalize_after(receipt, after).await;
    }
    false
}

/// Whether a message came from the queue with this URL: the end of both names it.
fn is_from(message: &SqsMessage, url: &str) -> bool {
    let arn = message.event_source_arn.as_deref().unwrap_or_default();
    arn.rsplit(':').next() == url.rsplit('/').next()
}

fn given_back(message: &SqsMessage) -> u32 {
    let count = message.message_attributes.get(GIVEN_BACK).and_then(|count| count.string_value.as_deref());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_throttled_comes_again_in_half_a_minute_and_ever_later() {
        let seconds = [0, 1, 2, 3, 4, 5, 40].map(|times| throttled_after(times).as_secs());
        assert_eq!(seconds, [30, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn a_message_of_another_queue_keeps_its_time() {
        let mut message = SqsMessage::default();
        let is_from =
            |message: &SqsMessage| is_from(message, "https://sqs.eu-west-1.amazonaws.com/123/finalize");
        assert!(!is_from(&message));
        message.event_source_arn = Some("arn:aws:sqs:eu-west-1:123:dead".to_owned());
        assert!(!is_from(&message));
        message.event_source_arn = Some("arn:aws:sqs:eu-west-1:123:finalize".to_owned());
        assert!(is_from(&message));
    }
}
