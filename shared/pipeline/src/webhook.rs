//! The webhook: the server of a program is told when an import is over, as Standard Webhooks says.
//!
//! The finalizer gives the host an [`Announcement`] before the import counts as ended. The host keeps it, and calls
//! [`deliver`] until the server has taken it, at the times of [`next_attempt`]. The address is that of the settings at the
//! time of the attempt, so that a wrong one can be corrected, and one that is removed is told nothing more.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::profile::webhook_url::WebhookUrl;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::webhook::WebhookBody;
use rollcall_domain::types::names::ProgramName;
use rollcall_domain::types::secret::Secret;

use crate::fault::Fault;
use crate::ports::{Announcement, Answer, Objects, WebhookClient, WebhookRequest};

/// How long an announcement is tried again.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// The delay after the first attempt; each further one is three times as long.
const FIRST_DELAY: SignedDuration = SignedDuration::from_secs(10);
/// The longest delay.
const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(4);
/// How long a server has to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it.
    Accepted,
    /// It did not, and may later; the reason, without an address.
    Failed(String),
    /// Nobody wants to be told any more; the reason.
    Unwanted(&'static str),
}

/// The announcement of an import that is over; `None` where its program has no webhook.
///
/// # Errors
/// Where the summary names no import.
pub(crate) fn announcement(settings: &Settings, summary: &Summary) -> Answer<Option<Announcement>> {
    if settings.webhook_url.is_none() {
        return Ok(None);
    }
    let noted = |error: String| Fault::damaged("reading summary.json", error);
    let head = &summary.head;
    Ok(Some(Announcement {
        import_id: head.import_id.parse().map_err(|error| noted(format!("{error}")))?,
        program: ProgramName::parse(&head.program).map_err(|error| noted(error.to_string()))?,
        body: WebhookBody::of(summary).to_json(),
    }))
}

/// When to try again what was announced at a time and tried so often, the last time now; `None` where a day is over.
pub fn next_attempt(announced_at: Timestamp, made: u32, now: Timestamp) -> Option<Timestamp> {
    let factor = 3_i32.saturating_pow(made.saturating_sub(1));
    let next = now + FIRST_DELAY.saturating_mul(factor).min(LONGEST_DELAY);
    (next <= announced_at + LONGEST).then_some(next)
}

/// Tells the program's server, once. The import's id is the message's, so a server that took it twice can see that.
///
/// # Errors
/// Where the settings cannot be read.
pub async fn deliver(
    objects: &impl Objects,
    client: &impl WebhookClient,
    secret: &Secret,
    announcement: &Announcement,
    now: Timestamp,
) -> Answer<Delivery> {
    let Some(text) = objects.get(&object_keys::settings(&announcement.program)).await? else {
        return Ok(Delivery::Unwanted("the program is not set up any more"));
    };
    let Ok(settings) = Settings::parse(&String::from_utf8_lossy(&text)) else {
        return Ok(Delivery::Failed("the program's settings are not valid".to_owned()));
    };
    let Some(url) = settings.webhook_url else { return Ok(Delivery::Unwanted("webhook_url was removed")) };
    let Ok(url) = WebhookUrl::parse(&url) else {
        return Ok(Delivery::Failed("webhook_url is not valid".to_owned()));
    };
    let request = request(url, secret, announcement, now);
    Ok(match client.post(&request).await {
        Ok(200..=299) => Delivery::Accepted,
        Ok(410) => Delivery::Unwanted("the server answered 410: it wants to be told nothing more"),
        Ok(status @ 300..=399) => {
            Delivery::Failed(format!("the server answered {status}; redirects are not followed"))
        }
        Ok(status) => Delivery::Failed(format!("the server answered {status}")),
        Err(fault) => Delivery::Failed(fault.to_string()),
    })
}

/// The signed request of an attempt.
fn request(url: WebhookUrl, secret: &Secret, announcement: &Announcement, now: Timestamp) -> WebhookRequest {
    let (id, seconds, body) = (announcement.import_id.to_string(), now.as_second(), &announcement.body);
    let signature = secret.webhook_key(&announcement.program).sign(&id, seconds, body);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signature),
    ];
    WebhookRequest { url, headers, body: body.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_and_end_after_a_day() {
        let announced: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        let (mut now, mut made, mut delays) = (announced, 0, Vec::new());
        loop {
            made += 1;
            let Some(next) = next_attempt(announced, made, now) else { break };
            delays.push(next.duration_since(now).as_secs());
            now = next;
        }
        assert_eq!(delays, [10, 30, 90, 270, 810, 2430, 7290, 14400, 14400, 14400, 14400, 14400]);
        assert!(now.duration_since(announced) > SignedDuration::from_hours(22));
        // A machine that was off for a week tries once.
        assert_eq!(next_attempt(announced, 1, announced + SignedDuration::from_hours(168)), None);
        assert!(next_attempt(announced, u32::MAX, announced).is_some());
    }
}
