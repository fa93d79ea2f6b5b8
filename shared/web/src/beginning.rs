//! The beginning of a large file as if it were all of it: a preview need not read gigabytes.

use std::ops::Range;

use rollcall_domain::file::packed::Packing;
use rollcall_domain::file::workbook::is_workbook;
use rollcall_pipeline::ports::{Answer, ObjectVersion, Objects};
use serde::Serialize;
use utoipa::ToSchema;

/// Files up to here are read whole.
const WHOLE: u64 = 24 * 1024 * 1024;
/// Bytes of a larger file that are read: more than the rows that a preview looks at, unless they are very long.
const READ: u64 = 4 * 1024 * 1024;

/// How much of a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Partial {
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A bucket in which one large file ends after the last line of its beginning. Nothing is written through it.
pub(crate) struct Beginning<'a, O> {
    objects: &'a O,
    whole: &'a ObjectVersion,
    end: u64,
}

impl<'a, O: Objects> Beginning<'a, O> {
    /// Looks where the beginning of an object ends: packed files and workbooks are read whole, they have a limit.
    pub(crate) async fn of(objects: &'a O, whole: &'a ObjectVersion) -> Answer<Self> {
        if whole.len <= WHOLE {
            return Ok(Self { objects, whole, end: whole.len });
        }
        let bytes = objects.read(whole, 0..READ).await?;
        let is_packed = Packing::of(&bytes).is_some() || is_workbook(&bytes);
        let end = if is_packed { whole.len } else { last_line(&bytes) as u64 };
        Ok(Self { objects, whole, end })
    }

    /// The object as it is shown.
    pub(crate) fn object(&self) -> ObjectVersion {
        ObjectVersion { len: self.end, ..self.whole.clone() }
    }

    /// How much is shown; `None` where it is all.
    pub(crate) fn partial(&self) -> Option<Partial> {
        (self.end < self.whole.len).then_some(Partial { bytes_read: self.end, bytes: self.whole.len })
    }
}

/// Where the last line ends that no quotation marks hold open; all of it where there is no such line.
fn last_line(bytes: &[u8]) -> usize {
    let mut open = false;
    let mut last = bytes.len();
    for at in memchr::memchr2_iter(b'"', b'\n', bytes) {
        if bytes[at] == b'"' {
            open = !open;
        } else if !open {
            last = at + 1;
        }
    }
    // In UTF-16 little-endian the line feed has a second byte.
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.get(last) == Some(&0) && last % 2 == 1;
    if wide && last < bytes.len() { last + 1 } else { last }
}

impl<O: Objects> Objects for Beginning<'_, O> {
    type Writer = O::Writer;
    const AT_ONCE: usize = O::AT_ONCE;

    fn bucket(&self) -> &str {
        self.objects.bucket()
    }

    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        if key == self.whole.key { Ok(Some(self.object())) } else { self.objects.describe(key).await }
    }

    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        if object.key != self.whole.key {
            return self.objects.read(object, range).await;
        }
        let range = range.start.min(self.end)..range.end.min(self.end);
        self.objects.read(self.whole, range).await
    }

    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        self.objects.get(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Answer<()> {
        self.objects.put(key, bytes).await
    }

    async fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> Answer<bool> {
        self.objects.put_if_absent(key, parts).await
    }

    async fn create(&self, key: &str) -> Answer<O::Writer> {
        self.objects.create(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_ends_with_a_whole_line() {
        for (text, end) in [
            (b"a,b\n1,2\n3,".as_slice(), 8),
            (b"a\n\"b\nc", 2),
            (b"a\n\"b\nc\"\nd", 8),
            (b"no line", 7),
            (b"\xff\xfea\0\n\0b\0", 6),
        ] {
            assert_eq!(last_line(text), end, "{text:?}");
        }
    }
}
