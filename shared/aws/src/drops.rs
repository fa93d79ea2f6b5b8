//! The objects that an event names: a notification from S3, directly or through EventBridge.

use jiff::Timestamp;
use rollcall_pipeline::ports::ObjectVersion;
use serde::Deserialize;
use serde_json::{Value, json};

/// An object in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropEvent {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The version, if the bucket has versions.
    pub version: Option<String>,
    /// The entity tag.
    pub tag: Option<String>,
    /// Length in bytes.
    pub len: u64,
    /// The time of the event.
    pub at: Timestamp,
}

impl DropEvent {
    /// Reads every object from an event; a test event names none.
    ///
    /// # Errors
    /// If it is another kind of event.
    pub fn all(event: &Value) -> Result<Vec<Self>, String> {
        if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
            return Ok(Vec::new());
        }
        let unreadable = |error: serde_json::Error| format!("not an event of a bucket: {error}");
        if event.get("detail").is_some() {
            return Bridged::deserialize(event).map(|event| vec![event.into()]).map_err(unreadable);
        }
        let event = Notified::deserialize(event).map_err(unreadable)?;
        let created = |record: &Record| {
            let name = record.event_name.strip_prefix("s3:").unwrap_or(&record.event_name);
            name.starts_with("ObjectCreated:")
        };
        Ok(event.records.into_iter().filter(created).map(Into::into).collect())
    }

    /// The event of an object as EventBridge gives it.
    pub(crate) fn bridged(bucket: &str, object: &ObjectVersion) -> Value {
        let mut named = json!({ "key": object.key, "size": object.len });
        let (member, version) = match object.version.strip_prefix("etag:") {
            Some(tag) => ("etag", tag),
            None => ("version-id", object.version.as_str()),
        };
        named[member] = version.into();
        json!({
            "source": "rollcall", "detail-type": "Object Created", "time": object.modified,
            "detail": { "bucket": { "name": bucket }, "object": named },
        })
    }

    /// The version in the event, for an object that no longer exists.
    pub fn object(&self) -> ObjectVersion {
        let tag = || format!("etag:{}", self.tag.as_deref().unwrap_or_default());
        ObjectVersion {
            key: self.key.clone(),
            version: self.version.clone().unwrap_or_else(tag),
            len: self.len,
            modified: self.at,
        }
    }
}

#[derive(Deserialize)]
struct Notified {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    event_time: Timestamp,
    s3: Place,
}

#[derive(Deserialize)]
struct Place {
    bucket: Named,
    object: Object,
}

#[derive(Deserialize)]
struct Bridged {
    time: Timestamp,
    detail: Place,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(default)]
    size: u64,
    #[serde(default, alias = "eTag")]
    etag: Option<String>,
    #[serde(default, rename = "versionId", alias = "version-id")]
    version: Option<String>,
}

impl From<Record> for DropEvent {
    /// S3 notifications encode the key like a form: a blank as `+`, everything else as `%XX`.
    fn from(record: Record) -> Self {
        let key = decode(&record.s3.object.key);
        Self::of(record.s3, key, record.event_time)
    }
}

impl From<Bridged> for DropEvent {
    /// EventBridge does not encode the key.
    fn from(event: Bridged) -> Self {
        let key = event.detail.object.key.clone();
        Self::of(event.detail, key, event.time)
    }
}

impl DropEvent {
    fn of(place: Place, key: String, at: Timestamp) -> Self {
        let Place { bucket, object } = place;
        // "null": written while versioning was off.
        let version = object.version.filter(|version| !version.is_empty() && version != "null");
        let tag = object.etag.map(|tag| tag.trim_matches('"').to_owned());
        Self { bucket: bucket.name, key, version, tag, len: object.size, at }
    }
}

fn decode(key: &str) -> String {
    let bytes = key.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(value) = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(value);
            at += 3;
        } else {
            decoded.push(if *byte == b'+' { b' ' } else { *byte });
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str) -> Value {
        json!({"eventName": "ObjectCreated:Put", "eventTime": "2026-11-21T10:00:00.123Z", "s3": {
            "bucket": {"name": "b"}, "object": {"key": key, "size": 3, "eTag": "t", "versionId": "v"}}})
    }

    #[test]
    fn keys_of_notifications_are_decoded() {
        for (key, decoded) in [
            ("inbox/acme/prospects/a+b.csv", "inbox/acme/prospects/a b.csv"),
            ("inbox/acme/prospects/a%2Bb.csv", "inbox/acme/prospects/a+b.csv"),
            ("inbox/acme/prospects/c%C3%A9dula+50%25.csv", "inbox/acme/prospects/cédula 50%.csv"),
            ("a%2", "a%2"),
            ("%zz", "%zz"),
        ] {
            assert_eq!(decode(key), decoded);
        }
    }

    #[test]
    fn a_notification_names_each_of_its_objects() {
        let removed = json!({"eventName": "ObjectRemoved:Delete", "eventTime": "2026-11-21T10:00:00Z", "s3": {
            "bucket": {"name": "b"}, "object": {"key": "k"}}});
        let event = json!({"Records": [record("x"), record("y+z"), removed]});
        let drops = DropEvent::all(&event).unwrap();
        assert_eq!(drops.iter().map(|drop| drop.key.as_str()).collect::<Vec<_>>(), ["x", "y z"]);
        assert_eq!((drops[0].version.as_deref(), drops[0].len), (Some("v"), 3));
    }

    #[test]
    fn a_test_event_names_none_and_others_are_told() {
        assert_eq!(DropEvent::all(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent"})), Ok(vec![]));
        assert!(DropEvent::all(&json!({"hello": 1})).is_err());
    }

    #[test]
    fn an_event_of_ours_reads_back() {
        for version in ["v9", "etag:t"] {
            let modified = "2026-11-21T10:00:00Z".parse().unwrap();
            let object = ObjectVersion { key: "a+b %.csv".into(), version: version.into(), len: 7, modified };
            let read = DropEvent::all(&DropEvent::bridged("b", &object)).unwrap();
            assert_eq!((read[0].bucket.as_str(), read[0].object()), ("b", object));
        }
    }

    #[test]
    fn eventbridge_gives_the_key_as_it_is() {
        let event = json!({"detail-type": "Object Created", "source": "aws.s3", "time": "2026-11-21T10:00:00Z",
            "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b %.csv", "size": 7, "etag": "t",
            "version-id": "v9", "sequencer": "1"}}});
        let drop = &DropEvent::all(&event).unwrap()[0];
        assert_eq!((drop.key.as_str(), drop.version.as_deref(), drop.len), ("a+b %.csv", Some("v9"), 7));
        let unversioned = DropEvent { version: None, ..drop.clone() };
        assert_eq!(unversioned.object().version, "etag:t");
    }
}
