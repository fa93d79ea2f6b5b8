//! A large object that is being written: parts of a multipart upload, or a single put if it stays small.
//!
//! An upload that is dropped before it is finished never appears; the bucket's lifecycle rule removes its parts.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ObjectWriter};

use crate::fault::fault;

/// Bytes of a part: S3 requires at least 5 MiB and accepts 10,000 parts, so 80 GiB in all.
const PART: usize = 8 * 1024 * 1024;

/// An object that is being written.
#[derive(Debug)]
pub struct Upload {
    client: Client,
    bucket: String,
    key: String,
    held: Vec<u8>,
    begun: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Upload {
    pub(crate) fn new(client: Client, bucket: &str, key: &str) -> Self {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        Self { client, bucket, key, held: Vec::new(), begun: None, parts: Vec::new() }
    }

    async fn begin(&mut self) -> Answer<String> {
        if let Some(id) = &self.begun {
            return Ok(id.clone());
        }
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(&self.key);
        let begun = create.content_type(content_type(&self.key)).send().await;
        let begun = begun.map_err(|error| fault("beginning an upload", error))?;
        let id = begun.upload_id().unwrap_or_default().to_owned();
        self.begun = Some(id.clone());
        Ok(id)
    }

    async fn send_part(&mut self, bytes: Vec<u8>) -> Answer<()> {
        let id = self.begin().await?;
        let number = i32::try_from(self.parts.len() + 1)
            .map_err(|_| Fault::permanent("writing a part", "too many parts"))?;
        let part = self.client.upload_part().bucket(&self.bucket).key(&self.key).upload_id(id);
        let sent = part.part_number(number).body(ByteStream::from(bytes)).send().await;
        let sent = sent.map_err(|error| fault("writing a part", error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag().map(Into::into));
        self.parts.push(part.build());
        Ok(())
    }

    async fn put_whole(self) -> Answer<()> {
        let put = self.client.put_object().bucket(&self.bucket).key(&self.key);
        let put = put.content_type(content_type(&self.key)).body(ByteStream::from(self.held));
        put.send().await.map(drop).map_err(|error| fault("writing an object", error))
    }
}

impl ObjectWriter for Upload {
    async fn write(&mut self, bytes: &[u8]) -> Answer<()> {
        self.held.extend_from_slice(bytes);
        while self.held.len() >= PART {
            let rest = self.held.split_off(PART);
            let part = std::mem::replace(&mut self.held, rest);
            self.send_part(part).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Answer<()> {
        let Some(id) = self.begun.clone() else { return self.put_whole().await };
        if !self.held.is_empty() {
            let last = std::mem::take(&mut self.held);
            self.send_part(last).await?;
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(&self.key);
        let complete = complete.upload_id(id).multipart_upload(parts).send().await;
        complete.map(drop).map_err(|error| fault("finishing an upload", error))
    }
}

/// The content type for browsers and mail clients.
pub(crate) fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("csv") => "text/csv; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}
