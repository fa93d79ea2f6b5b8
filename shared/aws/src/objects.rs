//! The bucket on S3.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::Object;
use jiff::Timestamp;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::migrate::Sources;
use rollcall_pipeline::ports::{Answer, Dropped, ObjectVersion, Objects};

use crate::body::{Reader, Which};
use crate::fault::{fault, status};
use crate::upload::{Upload, content_type};

/// The entity tag identifies an object without a version id; once overwritten, that version no longer exists.
pub(crate) const BY_TAG: &str = "etag:";
/// Prefix of metadata that holds options of a drop.
const OPTION: &str = "rollcall-";
/// The tag of artifacts; a lifecycle rule removes tagged objects.
pub(crate) const WORKING_PAPER: &str = "rollcall=working-paper";

/// One bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Bucket {
    /// The bucket of this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// One version of an object (`None`: the current one), with the options in its metadata.
    ///
    /// # Errors
    /// If S3 cannot be reached.
    pub async fn dropped(&self, key: &str, version: Option<&str>) -> Answer<Option<Dropped>> {
        let head =
            self.client.head_object().bucket(&self.name).key(key).set_version_id(version.map(Into::into));
        match head.send().await {
            Ok(head) => {
                let options = options_of(&head);
                Ok(Some(Dropped { object: version_of(key, &head)?, options }))
            }
            Err(error) if is_absent(status(&error), version) => Ok(None),
            Err(error) => Err(fault("describing an object", error)),
        }
    }

    fn reader<'a>(&'a self, key: &'a str) -> Reader<'a> {
        Reader { client: &self.client, bucket: &self.name, key }
    }

    /// The keys under a prefix of the objects that are wanted, ascending.
    async fn keys(&self, prefix: &str, wanted: impl Fn(&Object) -> bool + Send) -> Answer<Vec<String>> {
        let mut pages =
            self.client.list_objects_v2().bucket(&self.name).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault("listing objects", error))?;
            let found = page.contents().iter().filter(|object| wanted(object));
            keys.extend(found.filter_map(|object| object.key().map(str::to_owned)));
        }
        Ok(keys)
    }
}

/// 404 means absent; a delete marker requested by its version returns 405.
fn is_absent(status: Option<u16>, version: Option<&str>) -> bool {
    status == Some(404) || (version.is_some() && status == Some(405))
}

fn version_of(key: &str, head: &HeadObjectOutput) -> Answer<ObjectVersion> {
    // "null" is not one version: it is the last object written while versioning was off.
    let version = match head.version_id() {
        Some(id) if id != "null" => id.to_owned(),
        _ => format!("{BY_TAG}{}", head.e_tag().unwrap_or_default()),
    };
    let modified = head.last_modified().and_then(timestamp);
    Ok(ObjectVersion {
        key: key.to_owned(),
        version,
        len: head.content_length().and_then(|len| u64::try_from(len).ok()).unwrap_or(0),
        modified: modified
            .ok_or_else(|| Fault::permanent("describing an object", "no last-modified in the answer"))?,
    })
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

fn options_of(head: &HeadObjectOutput) -> Vec<(String, String)> {
    let metadata = head.metadata().into_iter().flatten();
    let mut options: Vec<(String, String)> = metadata
        .filter_map(|(name, value)| Some((option_of(name.strip_prefix(OPTION)?), value.clone())))
        .collect();
    options.sort();
    options
}

/// Not every client can set a metadata name with an underscore; a header after `map.` stays unchanged.
fn option_of(name: &str) -> String {
    if name.starts_with("map.") { name.to_owned() } else { name.replace('-', "_") }
}

impl Sources for Bucket {
    async fn list(&self, prefix: &str) -> Answer<Vec<String>> {
        self.keys(prefix, |_| true).await
    }

    async fn written(&self, prefix: &str, span: Range<Timestamp>) -> Answer<Vec<String>> {
        let within = |object: &Object| {
            let modified = object.last_modified().and_then(timestamp);
            modified.is_some_and(|modified| span.contains(&modified))
        };
        self.keys(prefix, within).await
    }

    async fn found(&self, key: &str) -> Answer<Option<Dropped>> {
        self.dropped(key, None).await
    }
}

impl Objects for Bucket {
    /// A chunk result has about a megabyte, and a response takes some tens of milliseconds.
    const AT_ONCE: usize = 32;
    const RANGES: bool = true;
    type Writer = Upload;

    fn bucket(&self) -> &str {
        &self.name
    }

    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        Ok(self.dropped(key, None).await?.map(|dropped| dropped.object))
    }

    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        let end = range.end.min(object.len);
        if range.start >= end {
            return Ok(Vec::new());
        }
        let which = match object.version.strip_prefix(BY_TAG) {
            Some(tag) => Which::Tag(tag.to_owned()),
            None => Which::Version(object.version.clone()),
        };
        let bytes = self.reader(&object.key).read(which, Some(range.start..end)).await?;
        bytes.ok_or_else(|| Fault::Gone(object.key.clone()))
    }

    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        self.reader(key).read(Which::Current, None).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Answer<()> {
        let put = self.client.put_object().bucket(&self.name).key(key).body(ByteStream::from(bytes));
        let put = put.content_type(content_type(key)).set_tagging(tagging(key));
        put.send().await.map(drop).map_err(|error| fault("writing an object", error))
    }

    async fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> Answer<bool> {
        let body = ByteStream::from(parts.concat());
        let put = self.client.put_object().bucket(&self.name).key(key).body(body);
        let put = put.content_type(content_type(key)).set_tagging(tagging(key));
        // S3 accepts one of several writers and returns 412 to the others. If the response to an attempt is lost and
        // the SDK repeats it, the repetition finds its own object and gets 412 too; then the caller reads the
        // existing object.
        match put.if_none_match("*").send().await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(412) => Ok(false),
            Err(error) => Err(fault("writing an object", error)),
        }
    }

    async fn create(&self, key: &str) -> Answer<Upload> {
        Ok(Upload::new(self.client.clone(), &self.name, key))
    }
}

/// The plan and everything under `chunks/` is not needed once the import has ended.
fn tagging(key: &str) -> Option<String> {
    let working = key.starts_with("imports/") && (key.ends_with("/plan.json") || key.contains("/chunks/"));
    working.then(|| WORKING_PAPER.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_papers_are_tagged_and_results_are_not() {
        let tagged = |key: &str| tagging(key).is_some();
        assert!(tagged("imports/acme/i/plan.json") && tagged("imports/acme/i/chunks/0"));
        assert!(!tagged("imports/acme/i/summary.json") && !tagged("inbox/acme/chunks/plan.json"));
    }

    #[test]
    fn a_result_file_says_what_it_is() {
        assert_eq!(content_type("imports/a/i/failed.csv"), "text/csv; charset=utf-8");
        assert_eq!(content_type("imports/a/i/chunks/0"), "application/octet-stream");
    }
}
