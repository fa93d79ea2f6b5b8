//! One file as if it were in the bucket; settings and profiles come from the real bucket. Read only.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use jiff::Timestamp;
use rollcall_domain::plan::object_keys;
use rollcall_embedded::bucket::{Bucket, BucketWriter};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ObjectVersion, Objects};

/// A bucket with one additional object; it accepts no writes.
pub struct FileObjects<'a> {
    path: &'a Path,
    key: &'a str,
    bucket: Option<Bucket>,
}

impl<'a> FileObjects<'a> {
    /// Adds a file under a key to the objects of the bucket.
    pub fn new(path: &'a Path, key: &'a str, bucket: Option<Bucket>) -> Self {
        Self { path, key, bucket }
    }

    /// The file as an object.
    ///
    /// # Errors
    /// If the file no longer exists.
    pub fn version(&self) -> Answer<ObjectVersion> {
        let metadata = fs::metadata(self.path).map_err(|error| self.fault(&error))?;
        let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let modified = modified.unwrap_or(Timestamp::UNIX_EPOCH);
        let version = modified.as_nanosecond().to_string();
        Ok(ObjectVersion { key: self.key.to_owned(), version, len: metadata.len(), modified })
    }

    fn fault(&self, error: &std::io::Error) -> Fault {
        Fault::permanent("reading the file", format_args!("{}: {error}", self.path.display()))
    }

    fn read_range(&self, range: Range<u64>) -> std::io::Result<Vec<u8>> {
        let mut file = File::open(self.path)?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = Vec::new();
        file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn writes_nothing<T>() -> Answer<T> {
    Err(Fault::permanent("previewing a file", "a preview writes nothing"))
}

impl Objects for FileObjects<'_> {
    type Writer = BucketWriter;

    fn bucket(&self) -> &str {
        self.bucket.as_ref().map_or("bucket", Objects::bucket)
    }

    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        if key == self.key { self.version().map(Some) } else { Ok(None) }
    }

    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        debug_assert_eq!(object.key, self.key);
        self.read_range(range).map_err(|error| self.fault(&error))
    }

    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        // The options of an earlier drop with this name do not apply to this file.
        match &self.bucket {
            Some(bucket) if key != object_keys::sidecar(self.key) => bucket.get(key).await,
            _ => Ok(None),
        }
    }

    async fn put(&self, _: &str, _: Vec<u8>) -> Answer<()> {
        writes_nothing()
    }

    async fn put_if_absent(&self, _: &str, _: &[&[u8]]) -> Answer<bool> {
        writes_nothing()
    }

    async fn create(&self, _: &str) -> Answer<BucketWriter> {
        writes_nothing()
    }
}
