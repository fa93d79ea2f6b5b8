//! Reads a result file record by record, in pieces.

use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::split::records;
use rollcall_domain::result::traces::HarmlessColumns;

use crate::ports::{Answer, ObjectVersion, Objects};

/// Bytes of a file that are read at once.
pub(super) const PIECE: u64 = 4 * 1024 * 1024;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A result file, read record by record in pieces.
pub(super) struct Csv<'a, O> {
    objects: &'a O,
    object: &'a ObjectVersion,
    at: u64,
    rest: Vec<u8>,
    /// The first record with its byte order mark and its end.
    pub(super) header: Vec<u8>,
    pub(super) columns: HarmlessColumns,
    pub(super) delimiter: u8,
}

impl<'a, O: Objects> Csv<'a, O> {
    pub(super) async fn open(objects: &'a O, object: &'a ObjectVersion) -> Answer<Self> {
        let columns = HarmlessColumns::default();
        let mut csv =
            Self { objects, object, at: 0, rest: Vec::new(), header: Vec::new(), columns, delimiter: b',' };
        csv.fill().await?;
        let mark = if csv.rest.starts_with(BOM) { BOM.len() } else { 0 };
        csv.delimiter = delimiter_of(&csv.rest[mark..]);
        if let Some(first) = records(&csv.rest[mark..], csv.delimiter).next() {
            let mut cells = Cells::default();
            let record = &csv.rest[mark..][first.body];
            cells.parse(&String::from_utf8_lossy(record), csv.delimiter);
            csv.columns = HarmlessColumns::of_header(&cells);
            csv.header = csv.rest.drain(..mark + first.end).collect();
        }
        Ok(csv)
    }

    /// Reads a piece; `false` at the end of the file.
    async fn fill(&mut self) -> Answer<bool> {
        if self.at >= self.object.len {
            return Ok(false);
        }
        let piece = self.objects.read(self.object, self.at..self.object.len.min(self.at + PIECE)).await?;
        self.at += piece.len().max(1) as u64;
        self.rest.extend_from_slice(&piece);
        Ok(true)
    }

    /// The next whole records.
    pub(super) async fn next(&mut self) -> Answer<Option<Vec<u8>>> {
        while self.fill().await? {
            // The last record may not be whole yet.
            if let Some(record) = records(&self.rest, self.delimiter).without_last().last() {
                return Ok(Some(self.rest.drain(..record.end).collect()));
            }
        }
        let rest = std::mem::take(&mut self.rest);
        Ok((!rest.is_empty()).then_some(rest))
    }
}

/// The delimiter of a result file, which is beside the name of one of its own columns.
fn delimiter_of(text: &[u8]) -> u8 {
    let text = String::from_utf8_lossy(&text[..text.len().min(1024 * 1024)]);
    let beside = |name: &str| {
        let at = text.find(name)?;
        let before = text.as_bytes()[..at].last().copied();
        let after = text.as_bytes().get(at + name.len()).copied();
        before.or(after).filter(|sign| b",;|\t^".contains(sign))
    };
    beside("rollcall_row").or_else(|| beside("rollcall_contact_id")).unwrap_or(b',')
}
