//! Unpacks gzip, zstd, or a zip archive with one member. Content decides, not the name.
//!
//! The packed file is held in memory and unpacked piece by piece. The unpacked bytes are counted: the size in the
//! header may be wrong.

mod zip;
mod zstd;

use std::io::{Cursor, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::limits;

/// The packing of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// gzip (RFC 1952), of one member or several.
    Gzip,
    /// Zstandard (RFC 8878), of one frame or several.
    Zstd,
    /// A zip archive that holds one file.
    Zip,
}

impl Packing {
    /// The name in `upload.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Zip => "zip",
        }
    }

    /// The packing that the beginning of a file suggests. A zip archive may also be a workbook: only the whole file shows
    /// that.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let magics: [(&[u8], Packing); 4] = [
            (b"\x1f\x8b", Packing::Gzip),
            (b"\x28\xb5\x2f\xfd", Packing::Zstd),
            (b"PK\x03\x04", Packing::Zip),
            (b"PK\x05\x06", Packing::Zip),
        ];
        magics.into_iter().find(|(magic, _)| beginning.starts_with(magic)).map(|(_, packing)| packing)
    }
}

/// The bytes of a packed file; copies share them.
#[derive(Debug, Clone)]
pub struct Bytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Bytes {
    /// Takes a file's bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }

    /// The packing of the file; `None` for a workbook or another archive that is not unpacked.
    pub fn packing(&self) -> Option<Packing> {
        match Packing::of(self.as_ref()) {
            Some(Packing::Zip) if !zip::holds_one_file(self) => None,
            packing => packing,
        }
    }
}

/// The content of a packed file, piece by piece.
pub struct Unpacked {
    packing: Packing,
    reader: Box<dyn Read + Send>,
    read: u64,
    most: (u64, &'static str),
}

/// Bytes of the content that are enough to identify it.
const BEGINNING: usize = 4096;

/// Facts about a packed file's content from the first pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its first bytes.
    pub beginning: Vec<u8>,
    /// Its length in bytes.
    pub len: u64,
}

impl Unpacked {
    /// Starts at the beginning of the content.
    ///
    /// # Errors
    /// The file's verdict, if it cannot be unpacked at all.
    pub fn open(packing: Packing, bytes: Bytes) -> Result<Self, Finding> {
        let sent = bytes.as_ref().len() as u64;
        let expanded = (sent * limits::EXPANSION, limits::EXPANDED);
        let expanded =
            if expanded.0 > limits::EXPANSION_FREE { expanded } else { (limits::EXPANSION_FREE, "16 MiB") };
        let most =
            [expanded, (limits::UNPACKED_BYTES, limits::UNPACKED)].into_iter().min_by_key(|most| most.0);
        let reader: Box<dyn Read + Send> = match packing {
            Packing::Gzip => Box::new(MultiGzDecoder::new(Cursor::new(bytes))),
            Packing::Zstd => Box::new(zstd::Frames::new(bytes)),
            Packing::Zip => Box::new(zip::Member::open(bytes)?),
        };
        Ok(Self { packing, reader, read: 0, most: most.unwrap_or(expanded) })
    }

    /// Unpacks the whole file once to check that this is safe, and to examine the content.
    ///
    /// # Errors
    /// The file's verdict: damaged, truncated, protected, or larger than the limits when unpacked.
    pub fn look(packing: Packing, bytes: Bytes) -> Result<Content, Finding> {
        let mut unpacked = Self::open(packing, bytes)?;
        let mut beginning = Vec::new();
        while let Some(piece) = unpacked.next(256 * 1024)? {
            let room = BEGINNING.saturating_sub(beginning.len());
            beginning.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        Ok(Content { beginning, len: unpacked.read })
    }

    /// The next piece, of `size` bytes except for the last; `None` after the last.
    ///
    /// # Errors
    /// If the file is damaged from here on, or has exceeded the limits.
    pub fn next(&mut self, size: usize) -> Result<Option<Vec<u8>>, Finding> {
        let mut piece = Vec::with_capacity(size);
        let read = self.reader.by_ref().take(size as u64).read_to_end(&mut piece);
        self.read += piece.len() as u64;
        if self.read > self.most.0 {
            return Err(Finding::new(Code::ArchiveUnsafe).arg("limit", self.most.1));
        }
        read.map_err(|error| damaged(self.packing, error))?;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}

fn damaged(packing: Packing, error: impl std::fmt::Display) -> Finding {
    Finding::new(Code::FormatUnsupported).value(format!("a damaged {} archive ({error})", packing.as_str()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn unpack(bytes: &[u8]) -> Result<Vec<u8>, Code> {
        let bytes = Bytes::new(bytes.to_vec());
        let packing = bytes.packing().expect("it is packed");
        let content = Unpacked::look(packing, bytes.clone()).map_err(|finding| finding.code)?;
        let mut unpacked = Unpacked::open(packing, bytes).map_err(|finding| finding.code)?;
        let mut whole = Vec::new();
        while let Some(piece) = unpacked.next(7).map_err(|finding| finding.code)? {
            whole.extend(piece);
        }
        assert_eq!(content.len, whole.len() as u64);
        assert!(whole.starts_with(&content.beginning));
        Ok(whole)
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let text = b"Name,E-mail\nAnn,ann@one.example\n".repeat(1_000);
        for pack in [gzip, zstd] {
            assert_eq!(unpack(&pack(&text)), Ok(text.clone()));
            assert_eq!(unpack(&pack(b"")), Ok(Vec::new()));
            assert_eq!(unpack(&[pack(b"Name\n"), pack(b"Ann\n")].concat()), Ok(b"Name\nAnn\n".to_vec()));
        }
    }

    #[test]
    fn what_is_cut_or_damaged_is_refused() {
        let text = b"Name,E-mail\nAnn,ann@one.example\n".repeat(1_000);
        for pack in [gzip, zstd] {
            let whole = pack(&text);
            for len in [5, whole.len() / 2, whole.len() - 1] {
                assert_eq!(unpack(&whole[..len]), Err(Code::FormatUnsupported), "{len}");
            }
            let more = [&whole[..], b"more"].concat();
            assert_eq!(unpack(&more), Err(Code::FormatUnsupported));
            let mut damaged = whole.clone();
            let last = damaged.len() - 2;
            damaged[last] ^= 0xff;
            assert_eq!(unpack(&damaged), Err(Code::FormatUnsupported));
        }
    }

    #[test]
    fn what_grows_beyond_measure_is_refused() {
        let bomb = vec![b'x'; 20 << 20];
        for pack in [gzip, zstd] {
            assert_eq!(unpack(&pack(&bomb)), Err(Code::ArchiveUnsafe));
            assert!(unpack(&pack(&bomb[..15 << 20])).is_ok());
        }
    }
}
