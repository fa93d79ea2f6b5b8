//! The bucket in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::migrate::Sources;
use rollcall_pipeline::ports::{Answer, Dropped, ObjectVersion, ObjectWriter, Objects};

use crate::store::lock;

/// A bucket; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    objects: BTreeMap<String, Object>,
    /// Counts writes: this gives versions and times.
    writes: u64,
}

#[derive(Debug)]
struct Object {
    bytes: Vec<u8>,
    version: u64,
    modified: Timestamp,
}

impl MemoryObjects {
    /// Drops a file as a sender would, with this modification time.
    pub fn drop_bytes(&self, key: &str, bytes: Vec<u8>, modified: Timestamp) {
        lock(&self.0).write(key, bytes, Some(modified));
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        lock(&self.0).objects.remove(key);
    }

    /// All keys, ascending.
    pub fn keys(&self) -> Vec<String> {
        lock(&self.0).objects.keys().cloned().collect()
    }
}

impl Shelf {
    /// Without an explicit time, a write is a millisecond after the previous one.
    fn write(&mut self, key: &str, bytes: Vec<u8>, modified: Option<Timestamp>) {
        self.writes += 1;
        let version = self.writes;
        let counted = Timestamp::from_millisecond(1_700_000_000_000 + version.cast_signed());
        let modified = modified.or(counted.ok()).unwrap_or_default();
        self.objects.insert(key.to_owned(), Object { bytes, version, modified });
    }
}

impl Objects for MemoryObjects {
    const AT_ONCE: usize = 3;
    type Writer = MemoryWriter;

    fn bucket(&self) -> &str {
        "memory"
    }

    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        let shelf = lock(&self.0);
        Ok(shelf.objects.get(key).map(|object| ObjectVersion {
            key: key.to_owned(),
            version: object.version.to_string(),
            len: object.bytes.len() as u64,
            modified: object.modified,
        }))
    }

    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        let shelf = lock(&self.0);
        let same = |held: &&Object| held.version.to_string() == object.version;
        let Some(held) = shelf.objects.get(&object.key).filter(same) else {
            return Err(Fault::Gone(object.key.clone()));
        };
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(held.bytes.len());
        let (start, end) = (place(range.start), place(range.end));
        Ok(held.bytes[start..end.max(start)].to_vec())
    }

    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        Ok(lock(&self.0).objects.get(key).map(|object| object.bytes.clone()))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Answer<()> {
        lock(&self.0).write(key, bytes, None);
        Ok(())
    }

    async fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> Answer<bool> {
        let mut shelf = lock(&self.0);
        let absent = !shelf.objects.contains_key(key);
        if absent {
            shelf.write(key, parts.concat(), None);
        }
        Ok(absent)
    }

    async fn create(&self, key: &str) -> Answer<MemoryWriter> {
        Ok(MemoryWriter { objects: self.clone(), key: key.to_owned(), bytes: Vec::new() })
    }
}

impl Sources for MemoryObjects {
    async fn list(&self, prefix: &str) -> Answer<Vec<String>> {
        Ok(self.keys().into_iter().filter(|key| key.starts_with(prefix)).collect())
    }

    async fn written(&self, prefix: &str, span: Range<Timestamp>) -> Answer<Vec<String>> {
        let mut written = Vec::new();
        for key in self.list(prefix).await? {
            let object = self.describe(&key).await?;
            written.extend(object.filter(|object| span.contains(&object.modified)).map(|_| key));
        }
        Ok(written)
    }

    async fn found(&self, key: &str) -> Answer<Option<Dropped>> {
        Ok(self.describe(key).await?.map(|object| Dropped { object, options: Vec::new() }))
    }
}

/// A large object that is being written into the bucket.
#[derive(Debug)]
pub struct MemoryWriter {
    objects: MemoryObjects,
    key: String,
    bytes: Vec<u8>,
}

impl ObjectWriter for MemoryWriter {
    async fn write(&mut self, bytes: &[u8]) -> Answer<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self) -> Answer<()> {
        lock(&self.objects.0).write(&self.key, self.bytes, None);
        Ok(())
    }
}
