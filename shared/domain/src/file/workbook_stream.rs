//! Streams records to a workbook: every cell is text, memory stays constant, the same records give the same bytes.
//!
//! The workbook is a ZIP archive whose entries declare their lengths after their content (data descriptors), so
//! nothing has to be written twice. Cells hold their text themselves (inline strings), without a table of shared
//! strings.

use std::io::Write;

use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;

use crate::types::limits;

/// The most UTF-16 code units in a cell; a spreadsheet reports a longer one as damaged.
const CELL_UNITS: usize = 32_767;
/// Lengths are 32-bit numbers; records that need a larger sheet get no workbook.
const MOST_BYTES: u64 = u32::MAX as u64;
/// 1 January 1980, the first day that an archive can store.
const DAY: u16 = 0x21;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Rollcall" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const WORKBOOK_RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
/// Format 1 is text (49, `@`), format 2 text in bold.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs></styleSheet>"#;
const SHEET_START: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>"#;
const SHEET_END: &str = "</sheetData></worksheet>";

/// The records do not fit a sheet, so they get no workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than a sheet of a workbook holds")]
pub struct SheetFull;

/// A workbook that is being written.
#[derive(Debug)]
pub struct WorkbookStream {
    /// Bytes that [`take`](Self::take) has not returned yet.
    out: Vec<u8>,
    /// The number of bytes that it has returned.
    taken: u64,
    entries: Vec<Entry>,
    sheet: EntryWriter,
    rows: u32,
    xml: String,
}

#[derive(Debug)]
struct Entry {
    name: &'static str,
    offset: u64,
    crc: u32,
    packed: u64,
    len: u64,
}

/// An entry that is being compressed.
#[derive(Debug)]
struct EntryWriter {
    offset: u64,
    packer: DeflateEncoder<Vec<u8>>,
    crc: Crc,
    len: u64,
    packed: u64,
}

impl EntryWriter {
    fn new(offset: u64) -> Self {
        let packer = DeflateEncoder::new(Vec::new(), Compression::fast());
        Self { offset, packer, crc: Crc::new(), len: 0, packed: 0 }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.len += bytes.len() as u64;
        self.packer.write_all(bytes).expect("memory takes all that is written");
    }

    /// Appends the compressed bytes to the archive.
    fn drain(&mut self, out: &mut Vec<u8>) {
        let packed = self.packer.get_mut();
        self.packed += packed.len() as u64;
        out.append(packed);
    }

    fn finish(self, name: &'static str, out: &mut Vec<u8>) -> Entry {
        let rest = self.packer.finish().expect("memory takes all that is written");
        out.extend_from_slice(&rest);
        let packed = self.packed + rest.len() as u64;
        Entry { name, offset: self.offset, crc: self.crc.sum(), packed, len: self.len }
    }
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

impl WorkbookStream {
    /// Starts a workbook of one sheet; the header is its first row.
    pub fn begin(header: &[&str]) -> Result<Self, SheetFull> {
        let (mut out, mut entries) = (Vec::new(), Vec::new());
        let parts = [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", RELATIONS),
            ("xl/workbook.xml", WORKBOOK),
            ("xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS),
            ("xl/styles.xml", STYLES),
        ];
        for (name, content) in parts {
            let mut entry = begin_entry(name, &mut out, 0);
            entry.write(content.as_bytes());
            let entry = entry.finish(name, &mut out);
            end_entry(&entry, &mut out);
            entries.push(entry);
        }
        let mut sheet = begin_entry(SHEET, &mut out, 0);
        sheet.write(SHEET_START.as_bytes());
        let columns = header.len();
        // The column format makes cells that a user adds later text too.
        let columns = format!(
            "<cols><col min=\"1\" max=\"{columns}\" width=\"18\" style=\"1\" customWidth=\"1\"/></cols><sheetData>"
        );
        sheet.write(columns.as_bytes());
        let mut stream = Self { out, taken: 0, entries, sheet, rows: 0, xml: String::new() };
        stream.add(header.iter().copied(), 2)?;
        Ok(stream)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If a sheet cannot hold the row: then these records get no workbook.
    pub fn add_row<'a>(&mut self, cells: impl Iterator<Item = &'a str>) -> Result<(), SheetFull> {
        self.add(cells, 1)
    }

    fn add<'a>(&mut self, cells: impl Iterator<Item = &'a str>, style: u8) -> Result<(), SheetFull> {
        if self.rows >= limits::SHEET_ROWS {
            return Err(SheetFull);
        }
        self.rows += 1;
        self.xml.clear();
        self.xml.push_str("<row>");
        for (column, cell) in cells.enumerate() {
            write_cell(&mut self.xml, column, cell, style)?;
        }
        self.xml.push_str("</row>");
        self.sheet.write(self.xml.as_bytes());
        if self.sheet.len > MOST_BYTES - (SHEET_END.len() as u64) { Err(SheetFull) } else { Ok(()) }
    }

    /// Returns the bytes that are ready.
    pub fn take(&mut self) -> Vec<u8> {
        self.sheet.drain(&mut self.out);
        self.taken += self.out.len() as u64;
        std::mem::take(&mut self.out)
    }

    /// Ends the workbook; returns its last bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.sheet.write(SHEET_END.as_bytes());
        let Self { mut out, taken, mut entries, mut sheet, .. } = self;
        sheet.drain(&mut out);
        let entry = sheet.finish(SHEET, &mut out);
        end_entry(&entry, &mut out);
        entries.push(entry);
        write_directory(&entries, taken, &mut out);
        out
    }
}

/// Writes a cell. An empty one needs no format: the column provides it.
fn write_cell(xml: &mut String, column: usize, cell: &str, style: u8) -> Result<(), SheetFull> {
    if column >= limits::SHEET_COLUMNS || cell.encode_utf16().count() > CELL_UNITS {
        return Err(SheetFull);
    }
    if cell.is_empty() {
        // Cells without a reference follow one another: an empty one keeps the position of the next.
        xml.push_str("<c/>");
        return Ok(());
    }
    xml.push_str(if style == 2 { "<c s=\"2\"" } else { "<c s=\"1\"" });
    xml.push_str(" t=\"inlineStr\"><is><t xml:space=\"preserve\">");
    write_text(xml, cell);
    xml.push_str("</t></is></c>");
    Ok(())
}

/// Writes a text as XML; characters that XML cannot hold are escaped as spreadsheets do, `_x000B_`.
fn write_text(xml: &mut String, text: &str) {
    use std::fmt::Write as _;
    for (at, sign) in text.char_indices() {
        match sign {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '_' if is_escape(&text.as_bytes()[at..]) => xml.push_str("_x005F_"),
            '\t' | '\n' => xml.push(sign),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                write!(xml, "_x{:04X}_", u32::from(sign)).expect("a text takes all that is written to it");
            }
            _ => xml.push(sign),
        }
    }
}

/// Whether a text begins like such an escape, which a reader would decode.
fn is_escape(text: &[u8]) -> bool {
    matches!(text, [b'_', b'x', a, b, c, d, b'_', ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()))
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u64) {
    // All lengths and offsets were checked against the 32-bit limit.
    out.extend_from_slice(&u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
}

/// Version, flags (lengths follow, names are UTF-8), method (deflate), time and date.
fn put_common(out: &mut Vec<u8>) {
    for value in [20, 0x0808, 8, 0, DAY] {
        put16(out, value);
    }
}

fn begin_entry(name: &str, out: &mut Vec<u8>, taken: u64) -> EntryWriter {
    let offset = taken + out.len() as u64;
    put32(out, 0x0403_4b50);
    put_common(out);
    [0, 0, 0].into_iter().for_each(|value| put32(out, value));
    put16(out, name.len() as u16);
    put16(out, 0);
    out.extend_from_slice(name.as_bytes());
    EntryWriter::new(offset)
}

fn end_entry(entry: &Entry, out: &mut Vec<u8>) {
    for value in [0x0807_4b50, u64::from(entry.crc), entry.packed, entry.len] {
        put32(out, value);
    }
}

fn write_directory(entries: &[Entry], taken: u64, out: &mut Vec<u8>) {
    let start = taken + out.len() as u64;
    for entry in entries {
        put32(out, 0x0201_4b50);
        put16(out, 20);
        put_common(out);
        [u64::from(entry.crc), entry.packed, entry.len].into_iter().for_each(|value| put32(out, value));
        put16(out, entry.name.len() as u16);
        [0, 0, 0, 0].into_iter().for_each(|value| put16(out, value));
        put32(out, 0);
        put32(out, entry.offset);
        out.extend_from_slice(entry.name.as_bytes());
    }
    let length = taken + out.len() as u64 - start;
    put32(out, 0x0605_4b50);
    [0, 0, entries.len() as u16, entries.len() as u16].into_iter().for_each(|value| put16(out, value));
    put32(out, length);
    put32(out, start);
    put16(out, 0);
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader, Xlsx};
    use proptest::prelude::*;

    use super::*;

    fn written(rows: &[Vec<String>]) -> Vec<u8> {
        let mut stream =
            WorkbookStream::begin(&rows[0].iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let mut bytes = stream.take();
        for row in &rows[1..] {
            stream.add_row(row.iter().map(String::as_str)).unwrap();
            bytes.extend(stream.take());
        }
        bytes.extend(stream.finish());
        bytes
    }

    fn read(bytes: Vec<u8>) -> Vec<Vec<String>> {
        let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range("Rollcall").unwrap();
        let text = |cell: &Data| match cell {
            Data::Empty => String::new(),
            Data::String(text) => text.clone(),
            other => panic!("no text: {other:?}"),
        };
        range.rows().map(|row| row.iter().map(text).collect()).collect()
    }

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn cells_come_back_as_text() {
        let given = rows(&[
            &["Name", "Note <&>", "3"],
            &["  Ann ", "", "'=1+1"],
            &["", "a\tb\nc", "00123"],
            &["\u{b}", "_x0041_ _x005F_", "x\ry"],
            &["é \u{1f600}", "1e5", "2026-01-02"],
        ]);
        assert_eq!(read(written(&given)), given);
    }

    #[test]
    fn the_same_rows_are_the_same_bytes_however_they_are_taken() {
        let given = rows(&[&["a", "b"], &["1", "2"], &["3", "4"]]);
        let mut stream = WorkbookStream::begin(&["a", "b"]).unwrap();
        given[1..].iter().for_each(|row| stream.add_row(row.iter().map(String::as_str)).unwrap());
        assert_eq!(stream.finish(), written(&given));
    }

    #[test]
    fn what_a_sheet_cannot_hold_is_refused() {
        let mut stream = WorkbookStream::begin(&["a"]).unwrap();
        let long = "x".repeat(CELL_UNITS);
        assert_eq!(stream.add_row([long.as_str()].into_iter()), Ok(()));
        let longer = format!("{long}x");
        assert_eq!(stream.add_row([longer.as_str()].into_iter()), Err(SheetFull));
        stream.rows = limits::SHEET_ROWS - 1;
        assert_eq!(stream.add_row(["x"].into_iter()), Ok(()));
        assert_eq!(stream.add_row(["x"].into_iter()), Err(SheetFull));
    }

    proptest! {
        #[test]
        fn any_cells_come_back(cells in prop::collection::vec(prop::collection::vec("\\PC*|[_x0-9A-F]{0,12}", 3), 1..8)) {
            let header = rows(&[&["a", "b", "c"]]);
            let given: Vec<Vec<String>> = header.into_iter().chain(cells).chain(rows(&[&["z", "z", "z"]])).collect();
            prop_assert_eq!(read(written(&given)), given);
        }
    }
}
