//! What a packed file is, and whether it is safe to unpack.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::Bytes;
use crate::finding::{Code, Finding};
use crate::limits;

/// How an archive begins; the second is an empty one.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// How a compound file begins: an old workbook, or the shell of a protected one ([MS-CFB], [MS-OFFCRYPTO]).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0";

pub(super) fn is_zip(beginning: &[u8]) -> bool {
    ZIP.iter().any(|magic| beginning.starts_with(magic))
}

pub(super) fn is_compound(beginning: &[u8]) -> bool {
    beginning.starts_with(COMPOUND)
}

/// Checks that the bytes are an xlsx workbook that unpacks to no more than is safe.
pub(super) fn check(bytes: &Bytes) -> Result<(), Finding> {
    if is_compound(bytes.as_ref()) {
        return Err(compound(bytes.as_ref()));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone())).map_err(|error| broken(&error))?;
    if let Some(other) = other_format(&archive) {
        return Err(Finding::new(Code::FormatUnsupported).value(other));
    }
    let declared = archive.decompressed_size().unwrap_or(0);
    if declared > u128::from(limits::WORKBOOK_UNPACKED_BYTES) {
        return Err(unpacked());
    }
    let mut measure = Measure::default();
    for number in 0..archive.len() {
        measure.part(&mut archive, number)?;
    }
    Ok(())
}

/// A protected workbook names its one stream; anything else of that kind is of an older time.
fn compound(bytes: &[u8]) -> Finding {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    match memchr::memmem::find(bytes, &name) {
        Some(_) => Finding::new(Code::WorkbookProtected),
        None => Finding::new(Code::FormatUnsupported).value("an old Excel workbook (xls)"),
    }
}

/// What an archive is that is no xlsx workbook.
fn other_format(archive: &ZipArchive<Cursor<Bytes>>) -> Option<&'static str> {
    let names: Vec<String> = archive.file_names().map(str::to_lowercase).collect();
    let any = |end: &str| names.iter().any(|name| name.ends_with(end));
    if any("workbook.bin") {
        Some("a binary workbook (xlsb)")
    } else if any("content.xml") {
        Some("an OpenDocument file")
    } else if !any("[content_types].xml") && !any("workbook.xml") {
        Some("a zip archive")
    } else if names.iter().any(|name| name.starts_with("word/") || name.starts_with("ppt/")) {
        Some("an Office document that is no workbook")
    } else {
        None
    }
}

/// What the parts unpack to, counted: a size may be declared wrong.
#[derive(Default)]
struct Measure {
    /// All parts.
    total: u64,
    /// Parts that are held in memory as a whole.
    held: u64,
}

impl Measure {
    fn part(&mut self, archive: &mut ZipArchive<Cursor<Bytes>>, number: usize) -> Result<(), Finding> {
        let mut part = archive.by_index(number).map_err(|error| broken(&error))?;
        let name = part.name().to_lowercase();
        // Pictures and the like are never unpacked.
        if !name.ends_with(".xml") && !name.ends_with(".rels") {
            return Ok(());
        }
        let held = name.ends_with("sharedstrings.xml") || name.ends_with("styles.xml");
        let mut buffer = vec![0; 64 * 1024];
        let mut event = 0;
        loop {
            let read = part.read(&mut buffer).map_err(|error| {
                Finding::new(Code::WorkbookInvalid).arg("detail", format!("{}: {error}", part.name()))
            })?;
            if read == 0 {
                return Ok(());
            }
            self.total += read as u64;
            self.held += if held { read as u64 } else { 0 };
            if self.total > limits::WORKBOOK_UNPACKED_BYTES {
                return Err(unpacked());
            }
            if self.held > limits::WORKBOOK_STRINGS_BYTES {
                return Err(Finding::new(Code::ArchiveUnsafe).arg("limit", limits::WORKBOOK_STRINGS));
            }
            event = run(&buffer[..read], event);
            if event > limits::WORKBOOK_TEXT_BYTES {
                return Err(Finding::new(Code::ArchiveUnsafe).arg("limit", limits::WORKBOOK_TEXT));
            }
        }
    }
}

/// The longest run without a tag, of what was read so far: the reader holds each in memory.
fn run(bytes: &[u8], before: usize) -> usize {
    let Some(first) = memchr::memchr(b'<', bytes) else { return before + bytes.len() };
    let whole = before + first;
    if whole > limits::WORKBOOK_TEXT_BYTES {
        return whole;
    }
    bytes.len() - memchr::memrchr(b'<', bytes).unwrap_or(first)
}

fn unpacked() -> Finding {
    Finding::new(Code::ArchiveUnsafe).arg("limit", limits::WORKBOOK_UNPACKED)
}

fn broken(error: &ZipError) -> Finding {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Finding::new(Code::WorkbookProtected),
        other => Finding::new(Code::WorkbookInvalid).arg("detail", other),
    }
}
