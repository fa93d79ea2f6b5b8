//! A large object that is being written: parts of a multipart upload, or a single put if it stays small. Parts are sent side
//! by side, while the next one is written.
//!
//! An upload that is dropped before it is finished never appears; the bucket's lifecycle rule removes its parts.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ObjectWriter};
use tokio::task::JoinSet;

use crate::fault::fault;

/// Bytes of a part: S3 requires at least 5 MiB and accepts 10,000 parts, so 80 GiB in all.
const PART: usize = 8 * 1024 * 1024;

/// Parts that are sent at the same time; each is held in memory meanwhile, and an import writes three to five files.
const PARTS_AT_ONCE: usize = 4;

/// An object that is being written.
#[derive(Debug)]
pub struct Upload {
    client: Client,
    bucket: String,
    key: String,
    held: Vec<u8>,
    begun: Option<String>,
    /// Parts that were begun to be sent, those that are on their way, and those that arrived.
    begun_parts: i32,
    sending: JoinSet<Answer<CompletedPart>>,
    parts: Vec<CompletedPart>,
}

impl Upload {
    pub(crate) fn new(client: Client, bucket: &str, key: &str) -> Self {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        Self {
            client,
            bucket,
            key,
            held: Vec::new(),
            begun: None,
            begun_parts: 0,
            sending: JoinSet::new(),
            parts: Vec::new(),
        }
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
        while self.sending.len() >= PARTS_AT_ONCE {
            self.await_part().await?;
        }
        self.begun_parts += 1;
        let number = self.begun_parts;
        let part = self.client.upload_part().bucket(&self.bucket).key(&self.key).upload_id(id);
        let part = part.part_number(number).body(ByteStream::from(bytes));
        self.sending.spawn(async move {
            let sent = part.send().await.map_err(|error| fault("writing a part", error))?;
            let part = CompletedPart::builder().part_number(number);
            Ok(part.set_e_tag(sent.e_tag().map(Into::into)).build())
        });
        Ok(())
    }

    /// Waits until one more part has arrived; `false` where none is on its way.
    async fn await_part(&mut self) -> Answer<bool> {
        match self.sending.join_next().await {
            Some(Ok(part)) => self.parts.push(part?),
            Some(Err(stopped)) => return Err(Fault::transient("writing a part", stopped)),
            None => return Ok(false),
        }
        Ok(true)
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
        while self.await_part().await? {}
        self.parts.sort_unstable_by_key(|part| part.part_number());
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
