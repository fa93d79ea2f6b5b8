//! A bucket whose reads take time, as over a network.

use std::ops::Range;
use std::time::Duration;

use rollcall_embedded::memory::{MemoryObjects, MemoryWriter};
use rollcall_pipeline::ports::{Answer, ObjectVersion, Objects};

/// A bucket in memory of which each read takes so long; reads do not wait for each other.
#[derive(Debug, Clone)]
pub struct SlowReads(pub MemoryObjects, pub Duration);

impl Objects for SlowReads {
    const AT_ONCE: usize = 32;
    const RANGES: bool = true;
    type Writer = MemoryWriter;

    fn bucket(&self) -> &str {
        self.0.bucket()
    }
    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        self.0.describe(key).await
    }
    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        tokio::time::sleep(self.1).await;
        self.0.read(object, range).await
    }
    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        self.0.get(key).await
    }
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Answer<()> {
        self.0.put(key, bytes).await
    }
    async fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> Answer<bool> {
        self.0.put_if_absent(key, parts).await
    }
    async fn create(&self, key: &str) -> Answer<MemoryWriter> {
        self.0.create(key).await
    }
}
