//! When a message that failed comes again.

use std::collections::HashMap;

use jiff::SignedDuration;

/// How often a message was received, this time included, by its attributes.
pub fn receives(attributes: &HashMap<String, String>) -> u64 {
    let count = attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// How long a message that failed waits, by how often it was received; `None` for the visibility timeout. The first retries
/// come soon, because most faults pass at once. Later ones wait, so that a service that is away for a while uses up no
/// receives.
pub fn retry_after(receives: u64) -> Option<SignedDuration> {
    match receives {
        1 => Some(SignedDuration::from_secs(15)),
        2 => Some(SignedDuration::from_secs(120)),
        _ => None,
    }
}
