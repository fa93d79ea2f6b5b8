//! Workbooks that spreadsheets open and the reader does not: what is odd about them is put right before they are read.
//!
//! Phones, exports and old libraries write sheets without a relationship, blank types and states, targets such as
//! `./worksheets/sheet1.xml`, a blank range, cells with a blank type. Only the parts that are odd are written anew; all
//! others are copied as they are packed.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write as _};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::archive::Parts;
use super::odd::{BEGINNING, BLANK_TYPE, has_odd_range, is_of_cell, range_tag};
use super::xml::{attribute, tags};
use crate::file::packed::Bytes;

/// A sheet whose text is longer is read as it is.
const LONGEST_SHEET: u64 = 64 * 1024 * 1024;

const TYPES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook with its odd parts put right; nothing where none is odd, or it cannot be done.
pub(super) fn mended(bytes: &Bytes, parts: &mut Parts) -> Option<Bytes> {
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone())).ok()?;
    let has_package = archive.file_names().flatten().any(|name| name.eq_ignore_ascii_case(PACKAGE));
    let package = (!has_package && parts.has_book()).then(|| package(&parts.book_name));
    let book = if parts.has_book() { book(parts) } else { None };
    if package.is_none() && book.is_none() && parts.odd_sheets.is_empty() {
        return None;
    }
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..archive.len() {
        let part = archive.by_index_raw(number).ok()?;
        let own = part.name().ok()?.to_string();
        let name = own.to_lowercase();
        match &book {
            Some((book, _)) if name == parts.book_name => put(&mut out, &own, book.as_bytes())?,
            Some((_, places)) if name == parts.places_name => put(&mut out, &own, places.as_bytes())?,
            _ if parts.odd_sheets.contains(&name) && part.size() <= LONGEST_SHEET => {
                drop(part);
                let mut text = Vec::new();
                archive.by_index(number).ok()?.take(LONGEST_SHEET).read_to_end(&mut text).ok()?;
                put(&mut out, &own, &sheet(&text))?;
            }
            _ => out.raw_copy_file(part).ok()?,
        }
    }
    if let Some(package) = package {
        put(&mut out, PACKAGE, package.as_bytes())?;
    }
    if let Some((book, places)) = book {
        parts.replace_book(book, places);
    }
    Some(Bytes::new(out.finish().ok()?.into_inner()))
}

fn put(out: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str, bytes: &[u8]) -> Option<()> {
    let fast = SimpleFileOptions::default().compression_level(Some(1));
    out.start_file(name, fast).ok()?;
    out.write_all(bytes).ok()
}

const PACKAGE: &str = "_rels/.rels";

/// The part that says where the workbook is.
fn package(book: &str) -> String {
    let of = format!("Id=\"rId1\" Type=\"{TYPES}/officeDocument\" Target=\"/{book}\"");
    format!("<Relationships><Relationship {of}/></Relationships>")
}

/// A sheet as the workbook's own part names it.
struct SheetTag<'x> {
    name: &'x str,
    state: &'x str,
    kind: &'static str,
    target: String,
}

/// The workbook's own part and its relationships without what is odd; nothing where nothing is.
fn book(parts: &Parts) -> Option<(String, String)> {
    let (mut odd, mut sheets) = (false, Vec::new());
    for tag in tags(&parts.book, "sheet") {
        let (sheet, is_odd) = sheet_tag(tag, parts);
        odd |= is_odd;
        sheets.extend(sheet);
    }
    if !odd || sheets.is_empty() {
        return None;
    }
    let first_date = tags(&parts.book, "workbookPr").find_map(|tag| attribute(tag, "date1904"));
    let (mut book, mut places) = (String::from("<workbook xmlns:r=\"r\">"), String::from("<Relationships>"));
    // Writing to a string cannot fail.
    if let Some(date) = first_date {
        let _ = write!(book, "<workbookPr date1904=\"{date}\"/>");
    }
    book.push_str("<sheets>");
    for (number, sheet) in sheets.iter().enumerate() {
        let SheetTag { name, state, kind, target } = sheet;
        let name = name.replace('"', "&quot;");
        let _ = write!(book, "<sheet name=\"{name}\" state=\"{state}\" r:id=\"rId{number}\"/>");
        let place = format!("Id=\"rId{number}\" Type=\"{TYPES}/{kind}\" Target=\"{target}\"");
        let _ = write!(places, "<Relationship {place}/>");
    }
    Some((book + "</sheets></workbook>", places + "</Relationships>"))
}

/// What a tag says of a sheet, and whether the reader would stop at it. A sheet without a place is none.
fn sheet_tag<'x>(tag: &'x str, parts: &'x Parts) -> (Option<SheetTag<'x>>, bool) {
    let place = attribute(tag, "id")
        .filter(|id| !id.is_empty())
        .and_then(|id| tags(&parts.places, "Relationship").find(|place| attribute(place, "Id") == Some(id)));
    let Some(place) = place else { return (None, true) };
    let said_state = attribute(tag, "state");
    let state = match said_state {
        Some("hidden") => "hidden",
        Some("veryHidden") => "veryHidden",
        _ => "visible",
    };
    let said_kind = attribute(place, "Type").and_then(|kind| kind.rsplit('/').next()).unwrap_or_default();
    let kind = match said_kind {
        "chartsheet" => "chartsheet",
        "dialogsheet" => "dialogsheet",
        // It holds commands, and no table.
        macros if macros.to_lowercase().ends_with("macrosheet") => "dialogsheet",
        _ => "worksheet",
    };
    let said_target = attribute(place, "Target").unwrap_or_default();
    let target = resolved(said_target, &parts.book_name);
    let is_odd = said_state.is_some_and(|said| said != state)
        || said_kind != kind
        || said_target.split('/').any(|step| matches!(step, "." | ".."));
    let name = attribute(tag, "name").unwrap_or_default();
    (Some(SheetTag { name, state, kind, target }), is_odd)
}

/// A target from the root of the archive.
fn resolved(target: &str, book: &str) -> String {
    let folder = book.rsplit_once('/').map_or("", |(folder, _)| folder);
    let whole = match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{folder}/{target}"),
    };
    let mut steps: Vec<&str> = Vec::new();
    for step in whole.split('/') {
        match step {
            "" | "." => {}
            ".." => _ = steps.pop(),
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}

/// A sheet without an odd range and without blank types.
fn sheet(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    let beginning = &text[..text.len().min(BEGINNING)];
    if has_odd_range(beginning)
        && let Some(tag) = range_tag(beginning)
    {
        // The tag is a part of the text, so its address tells its place. The reader does not ask for its partner.
        let start = tag.as_ptr() as usize - text.as_ptr() as usize - 1;
        let end = start + tag.len() + 2;
        out.extend_from_slice(&text[..start]);
        from = end;
    }
    for at in memchr::memmem::find_iter(text, BLANK_TYPE) {
        if at >= from && is_of_cell(text, at) {
            out.extend_from_slice(&text[from..at]);
            from = at + BLANK_TYPE.len();
        }
    }
    out.extend_from_slice(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_lead_from_the_root() {
        for (target, resolved_target) in [
            ("worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"),
            ("./worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"),
            ("../xl/worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"),
            ("/xl/worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"),
            ("../../../sheet1.xml", "/sheet1.xml"),
        ] {
            assert_eq!(resolved(target, "xl/workbook.xml"), resolved_target);
        }
    }

    #[test]
    fn a_sheet_keeps_all_but_what_is_odd() {
        let text =
            b"<worksheet><dimension ref=\"\"/><c r=\"A1\" t=\"\"><v>1</v></c><t>a t=\"\"</t></worksheet>";
        let plain = b"<worksheet><c r=\"A1\"><v>1</v></c><t>a t=\"\"</t></worksheet>";
        assert_eq!(sheet(text), plain);
        assert_eq!(sheet(plain), plain);
        let open = b"<worksheet><dimension ref=\"\"></dimension><c/></worksheet>";
        assert!(!sheet(open).windows(10).any(|part| part == b"<dimension"));
    }
}
