//! Checks whether a workbook is safe to unpack, and reads facts from its parts that the cells do not show.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::file::packed::Bytes;
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::limits;

/// The beginning of an archive; the second is that of an empty one.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// The beginning of a compound file: an old workbook, or the container of a protected one ([MS-CFB], [MS-OFFCRYPTO]).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0";

pub(super) fn is_zip(beginning: &[u8]) -> bool {
    ZIP.iter().any(|magic| beginning.starts_with(magic))
}

pub(super) fn is_compound(beginning: &[u8]) -> bool {
    beginning.starts_with(COMPOUND)
}

/// The most that a workbook may unpack to: in bytes, and as text for messages.
#[derive(Debug, Clone, Copy)]
struct Most {
    /// All parts together.
    total: (u64, &'static str),
    /// A part that the reader holds in memory as a whole.
    held: (u64, &'static str),
    /// A single text, which the reader holds in memory.
    text: (u64, &'static str),
}

/// Checks that the bytes are an xlsx workbook that unpacks within the limits; returns facts about its parts.
pub(super) fn check(bytes: &Bytes) -> Result<Parts, Finding> {
    let sent = bytes.as_ref().len() as u64;
    let grown = (sent * limits::EXPANSION).max(limits::WORKBOOK_EXPANSION_FREE);
    let most = Most {
        total: if grown < limits::WORKBOOK_UNPACKED_BYTES {
            (grown, limits::EXPANDED)
        } else {
            (limits::WORKBOOK_UNPACKED_BYTES, limits::WORKBOOK_UNPACKED)
        },
        held: (limits::WORKBOOK_STRINGS_BYTES, limits::WORKBOOK_STRINGS),
        text: (limits::WORKBOOK_TEXT_BYTES, limits::WORKBOOK_TEXT),
    };
    check_within(bytes, most)
}

fn check_within(bytes: &Bytes, most: Most) -> Result<Parts, Finding> {
    if is_compound(bytes.as_ref()) {
        return Err(compound(bytes.as_ref()));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone())).map_err(|error| broken(&error))?;
    if let Some(other) = other_format(&archive) {
        return Err(Finding::new(Code::FormatUnsupported).value(other));
    }
    let declared = archive.decompressed_size().unwrap_or(0);
    within(u64::try_from(declared).unwrap_or(u64::MAX), most.total)?;
    let mut measure = Measure { most, total: 0, held: 0 };
    let mut parts = Parts::default();
    for number in 0..archive.len() {
        measure.part(&mut archive, number, &mut parts)?;
    }
    Ok(parts)
}

/// The finding for a compound file: a protected workbook names its one stream; anything else is an old format.
fn compound(bytes: &[u8]) -> Finding {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    match memchr::memmem::find(bytes, &name) {
        Some(_) => Finding::new(Code::WorkbookProtected),
        None => Finding::new(Code::FormatUnsupported).value("an old Excel workbook (xls)"),
    }
}

/// The format of an archive that is not an xlsx workbook.
fn other_format(archive: &ZipArchive<Cursor<Bytes>>) -> Option<&'static str> {
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.to_lowercase()).collect();
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

/// Counts the unpacked bytes of the parts: declared sizes may be wrong.
struct Measure {
    most: Most,
    total: u64,
    held: u64,
}

/// Bytes of a part that are scanned again together with the next ones: a match may be cut between them.
const OVERLAP: usize = 1024;

impl Measure {
    fn part(
        &mut self,
        archive: &mut ZipArchive<Cursor<Bytes>>,
        number: usize,
        parts: &mut Parts,
    ) -> Result<(), Finding> {
        let mut part = archive.by_index(number).map_err(|error| broken(&error))?;
        let name = part.name().map_err(|error| broken(&error))?.to_lowercase();
        // Pictures and other media are never unpacked.
        if !name.ends_with(".xml") && !name.ends_with(".rels") {
            return Ok(());
        }
        let strings = name.ends_with("sharedstrings.xml");
        let held = strings || name.ends_with("styles.xml");
        let mut look = Look::default();
        let mut buffer = vec![0; OVERLAP + 64 * 1024];
        let (mut event, mut kept) = (0, 0);
        loop {
            let read = part.read(&mut buffer[kept..]).map_err(|error| {
                Finding::new(Code::WorkbookInvalid).arg("detail", format!("{name}: {error}"))
            })?;
            if read == 0 {
                look.verdict(strings)?;
                parts.note(name, look);
                return Ok(());
            }
            let end = kept + read;
            if name.ends_with("workbook.xml") || name.ends_with("workbook.xml.rels") {
                look.keep(&buffer[kept..end]);
            }
            self.total += read as u64;
            self.held += if held { read as u64 } else { 0 };
            event = self.run(&buffer[kept..end], event)?;
            within(self.total, self.most.total)?;
            within(self.held, self.most.held)?;
            look.at(&buffer[..end], kept, strings);
            kept = end.min(OVERLAP);
            buffer.copy_within(end - kept..end, 0);
        }
    }

    /// The number of bytes read since the last tag began; the longest run is checked against the limit.
    fn run(&self, bytes: &[u8], before: u64) -> Result<u64, Finding> {
        let Some(first) = memchr::memchr(b'<', bytes) else {
            let longer = before + bytes.len() as u64;
            return within(longer, self.most.text).map(|()| longer);
        };
        within(before + first as u64, self.most.text)?;
        Ok((bytes.len() - memchr::memrchr(b'<', bytes).unwrap_or(first)) as u64)
    }
}

/// Declarations in a part that a reader must not trust or follow.
#[derive(Debug, Default)]
struct Look {
    /// Whether it declares a document type: entities, which may name other files or expand without limit.
    declares: bool,
    /// The number of texts that it declares, at most, and the number of texts that it holds.
    promised: u64,
    strings: u64,
    /// In a sheet: the number of hidden rows, and of groups of merged cells.
    hidden_rows: u64,
    merged_cells: u64,
    /// In a part that locates other parts: its beginning.
    text: Vec<u8>,
}

impl Look {
    /// Scans bytes; the first `seen` were scanned already.
    fn at(&mut self, bytes: &[u8], seen: usize, strings: bool) {
        self.declares |= memchr::memmem::find(bytes, b"<!DOCTYPE").is_some();
        if !strings {
            self.hidden_rows += hidden_rows(bytes, seen);
            self.merged_cells += new(bytes, seen, b"<mergeCell ").count() as u64;
            return;
        }
        for at in memchr::memmem::find_iter(bytes, b"uniqueCount") {
            let rest = bytes[at + "uniqueCount".len()..].iter();
            let digits = rest.skip_while(|byte| matches!(byte, b'=' | b'"' | b'\'' | b' '));
            let number = digits.take_while(|byte| byte.is_ascii_digit());
            let number = number.fold(0_u64, |number, digit| {
                number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
            });
            self.promised = self.promised.max(number);
        }
        self.strings += new(bytes, seen, b"<si").count() as u64;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MOST_KEPT.saturating_sub(self.text.len());
        self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn verdict(&self, strings: bool) -> Result<(), Finding> {
        if self.declares {
            return Err(Finding::new(Code::ArchiveUnsafe).arg("detail", "a document type declaration"));
        }
        if strings {
            let most = (limits::WORKBOOK_STRINGS_COUNT, limits::WORKBOOK_STRINGS_COUNTED);
            within(self.strings.max(self.promised), most)?;
        }
        Ok(())
    }
}

/// The most bytes to keep of a part that locates other parts.
const MOST_KEPT: usize = 1024 * 1024;

/// The places of matches that were not complete in the first `seen` bytes.
fn new<'b>(bytes: &'b [u8], seen: usize, what: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    let from = seen.saturating_sub(what.len() - 1);
    memchr::memmem::find_iter(&bytes[from..], what).map(move |at| from + at)
}

fn hidden_rows(bytes: &[u8], seen: usize) -> u64 {
    let is_row = |at: &usize| {
        let tag = memchr::memrchr(b'<', &bytes[..*at]).map_or(&b""[..], |start| &bytes[start..*at]);
        tag.starts_with(b"<row ") || tag.starts_with(b"<x:row ")
    };
    let hidden = [&b" hidden=\"1\""[..], b" hidden=\"true\""];
    hidden.iter().map(|said| new(bytes, seen, said).filter(is_row).count() as u64).sum()
}

/// Facts from the parts of a workbook other than cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// Hidden rows and merged groups of cells, by the part's name in lower case.
    sheets: BTreeMap<String, (u64, u64)>,
    /// The part of the workbook itself, and the one that locates its sheets.
    book: Vec<u8>,
    places: Vec<u8>,
}

impl Parts {
    fn note(&mut self, name: String, look: Look) {
        if name.ends_with("workbook.xml.rels") {
            self.places = look.text;
        } else if name.ends_with("workbook.xml") {
            self.book = look.text;
        } else if look.hidden_rows > 0 || look.merged_cells > 0 {
            self.sheets.insert(name, (look.hidden_rows, look.merged_cells));
        }
    }

    /// Hidden rows and merged groups of cells of a sheet, by its index among all sheets.
    pub(super) fn of_sheet(&self, number: usize) -> (u64, u64) {
        let id = tags(&self.book, "sheet").nth(number).and_then(|tag| attribute(tag, "id"));
        let target = id.and_then(|id| {
            let mut places = tags(&self.places, "Relationship");
            places.find(|tag| attribute(tag, "Id") == Some(id)).and_then(|tag| attribute(tag, "Target"))
        });
        let Some(target) = target else { return (0, 0) };
        let part = target.trim_start_matches('/').trim_start_matches("xl/").to_lowercase();
        let here = |(name, _): &(&String, &(u64, u64))| name.ends_with(&*part);
        self.sheets.iter().find(here).map_or((0, 0), |(_, counts)| *counts)
    }
}

/// The tags with a name, with or without a prefix.
fn tags<'x>(xml: &'x [u8], name: &'x str) -> impl Iterator<Item = &'x str> {
    let starts = memchr::memchr_iter(b'<', xml).filter_map(move |at| {
        let end = memchr::memchr(b'>', &xml[at..])?;
        std::str::from_utf8(&xml[at + 1..at + end]).ok()
    });
    starts.filter(move |tag| {
        let own = tag.split([' ', '/', '\n', '\r', '\t']).next().unwrap_or_default();
        own.rsplit(':').next() == Some(name)
    })
}

/// The value of an attribute, its name with or without a prefix.
fn attribute<'x>(tag: &'x str, name: &str) -> Option<&'x str> {
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let quote = after.trim_start().chars().next()?;
        let (_, value) = after.split_once(quote)?;
        let (value, behind) = value.split_once(quote)?;
        let own = before.trim_end().rsplit([' ', '\n', '\r', '\t', ':']).next();
        if own == Some(name) {
            return Some(value);
        }
        rest = behind;
    }
    None
}

fn within(bytes: u64, (most, limit): (u64, &'static str)) -> Result<(), Finding> {
    if bytes > most { Err(Finding::new(Code::ArchiveUnsafe).arg("limit", limit)) } else { Ok(()) }
}

fn broken(error: &ZipError) -> Finding {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Finding::new(Code::WorkbookProtected),
        other => Finding::new(Code::WorkbookInvalid).arg("detail", other),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const MOST: Most = Most { total: (1_000_000, "all"), held: (50_000, "held"), text: (150_000, "text") };

    fn packed(parts: &[(&str, String)]) -> Bytes {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, part) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(part.as_bytes()).unwrap();
        }
        Bytes::new(writer.finish().unwrap().into_inner())
    }

    fn limit(parts: &[(&str, String)]) -> Option<String> {
        let types = ("[Content_Types].xml", "<a/>".to_owned());
        let parts: Vec<_> = [types].into_iter().chain(parts.to_vec()).collect();
        let finding = check_within(&packed(&parts), MOST).err()?;
        assert_eq!(finding.code, Code::ArchiveUnsafe);
        finding.args.into_iter().find(|(name, _)| *name == "limit").map(|(_, limit)| limit)
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let tags = |count: usize| "<c/>".repeat(count);
        let sheet = "xl/worksheets/sheet1.xml";
        for (part, told) in [
            ((sheet, tags(20_000)), None),
            ((sheet, tags(300_000)), Some("all")),
            (("xl/sharedStrings.xml", tags(20_000)), Some("held")),
            ((sheet, format!("<t>{}</t>", "x".repeat(300_000))), Some("text")),
            ((sheet, format!("<t>{}</t>", "x".repeat(100_000))), None),
            (("xl/media/image1.png", "x".repeat(900_000)), None),
        ] {
            assert_eq!(limit(std::slice::from_ref(&part)).as_deref(), told, "{}", part.0);
        }
    }

    #[test]
    fn a_size_that_is_declared_wrong_helps_nobody() {
        let mut bytes = packed(&[("[Content_Types].xml", "<c/>".repeat(300_000))]).as_ref().to_vec();
        let declared = 1_200_000_u32.to_le_bytes();
        while let Some(at) = memchr::memmem::find(&bytes, &declared) {
            bytes[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
        assert!(check_within(&Bytes::new(bytes), MOST).is_err());
    }

    #[test]
    fn hidden_rows_and_merged_cells_are_those_of_the_sheet() {
        let row = |hidden: &str| format!("<row r=\"1\" {}{hidden}><c/></row>", "spans=\"1:4\" ".repeat(40));
        let long = row("").repeat(300) + &row("hidden=\"1\"").repeat(500) + "<col hidden=\"1\"/>";
        let sheet = "<sheet name=\"A\" r:id=\"r7\"/><sheet name=\"B\" r:id='r8'/>";
        let place = "<Relationship Target=\"worksheets/sheet2.xml\" Id=\"r7\"/>";
        let place = format!("{place}<Relationship Id=\"r8\" Target=\"/xl/worksheets/Sheet1.xml\"/>");
        let parts = check_within(
            &packed(&[
                ("[Content_Types].xml", String::new()),
                ("xl/workbook.xml", format!("<workbook><sheets>{sheet}</sheets></workbook>")),
                ("xl/_rels/workbook.xml.rels", place),
                ("xl/worksheets/Sheet1.xml", long + &"<mergeCell ref=\"A1:B1\"/>".repeat(3)),
                ("xl/worksheets/sheet2.xml", row("hidden=\"true\"")),
            ]),
            Most { total: (10_000_000, "all"), ..MOST },
        );
        let parts = parts.unwrap();
        assert_eq!((parts.of_sheet(0), parts.of_sheet(1), parts.of_sheet(2)), ((1, 0), (500, 3), (0, 0)));
    }

    #[test]
    fn other_archives_are_named() {
        for (name, what) in [
            ("list.csv", "a zip archive"),
            ("content.xml", "an OpenDocument file"),
            ("xl/workbook.bin", "a binary workbook (xlsb)"),
        ] {
            let finding = check(&packed(&[(name, "x".to_owned())])).unwrap_err();
            assert_eq!((finding.code, finding.value.as_deref()), (Code::FormatUnsupported, Some(what)));
        }
    }
}
