//! Writes that bypass the system's page cache (direct I/O).
//!
//! Bytes that are made durable at once and not read soon need no copy in the page cache: they go to the disk
//! directly. File systems without direct I/O get ordinary writes; the bytes are the same.

use std::fs::File;
use std::io::{self, Write};

/// Bytes of a block; a direct write covers a whole block.
pub(crate) const BLOCK: usize = 1 << 20;

/// Memory, offset and length of a direct write are multiples of this: the largest sector and page in use.
const ALIGNED: usize = 4096;

/// A buffer for one block, aligned for a direct write.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    start: usize,
}

impl Block {
    pub(crate) fn new() -> Self {
        let mut bytes: Vec<u8> = Vec::with_capacity(BLOCK + ALIGNED);
        let start = bytes.as_ptr().align_offset(ALIGNED).min(ALIGNED);
        bytes.resize(start, 0);
        Self { bytes, start }
    }

    /// Copies the bytes that fit, and returns the rest.
    pub(crate) fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let room = BLOCK - self.as_slice().len();
        let (here, rest) = bytes.split_at(room.min(bytes.len()));
        self.bytes.extend_from_slice(here);
        rest
    }

    pub(crate) fn is_full(&self) -> bool {
        self.as_slice().len() == BLOCK
    }

    /// Appends its bytes to the file, and empties the block.
    pub(crate) fn write_to(&mut self, file: &File) -> io::Result<()> {
        let bytes = self.as_slice();
        let written = write_past_cache(file, &bytes[..bytes.len() / ALIGNED * ALIGNED])?;
        let mut file = file;
        file.write_all(&bytes[written..])?;
        self.bytes.truncate(self.start);
        Ok(())
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// Writes as much as the file accepts by direct I/O; returns how many bytes that was.
#[cfg(target_os = "linux")]
fn write_past_cache(mut file: &File, bytes: &[u8]) -> io::Result<usize> {
    use std::io::ErrorKind;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let Ok(flags) = fcntl_getfl(file) else { return Ok(0) };
    if bytes.is_empty() || fcntl_setfl(file, flags | OFlags::DIRECT).is_err() {
        return Ok(0);
    }
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(more) if more > 0 => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Direct I/O is not possible here, or not for this number of bytes. Ordinary writes do the rest, or
            // report the error.
            _ => break,
        }
    }
    fcntl_setfl(file, flags)?;
    Ok(written)
}

#[cfg(not(target_os = "linux"))]
fn write_past_cache(_file: &File, _bytes: &[u8]) -> io::Result<usize> {
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_every_byte_whatever_the_lengths() {
        let folder = tempfile::tempdir().unwrap();
        for lengths in
            [vec![], vec![1], vec![ALIGNED], vec![BLOCK], vec![BLOCK + 1, 5], vec![3 * BLOCK - 7, 7, 9]]
        {
            let path = folder.path().join("file");
            let file = File::create(&path).unwrap();
            let (mut block, mut all) = (Block::new(), Vec::new());
            for length in lengths {
                let bytes: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
                all.extend_from_slice(&bytes);
                let mut rest = block.fill(&bytes);
                while block.is_full() {
                    block.write_to(&file).unwrap();
                    rest = block.fill(rest);
                }
            }
            block.write_to(&file).unwrap();
            assert!(std::fs::read(&path).unwrap() == all, "{} bytes", all.len());
        }
    }

    #[test]
    fn a_place_that_is_not_aligned_is_written_plainly() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = File::create(folder.path().join("file")).unwrap();
        file.write_all(b"abc").unwrap();
        let mut block = Block::new();
        assert!(block.fill(&[7; 2 * ALIGNED]).is_empty());
        block.write_to(&file).unwrap();
        let all = std::fs::read(folder.path().join("file")).unwrap();
        assert!(all.len() == 3 + 2 * ALIGNED && all.starts_with(b"abc\x07"));
    }
}
