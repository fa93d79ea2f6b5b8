//! A workbook to the same text that a delimited file is: commas, line feeds, one line a row of the sheet.
//!
//! It is a kind of decoding, so it stands in the domain: bytes in, text out, no file and no clock. Row `n` of the
//! sheet is record `n` of the text, blank rows being empty lines; survey, cut and workers need not know.
//!
//! Memory is the workbook as it was sent, its shared strings and one row: cells are read one after the other.

mod archive;
mod cell;
mod rows;

use std::io::Cursor;

use calamine::{Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use serde::{Deserialize, Serialize};

use crate::finding::{Code, Finding};
use crate::limits;
use crate::options::{FirstLine, Options};
use crate::packed::Bytes;
use crate::preamble::{self, Headers};
use crate::profile::Profile;
pub use rows::SheetText;
use rows::{CellReader, Rows};

/// What separates the cells of the text that a sheet becomes.
pub const DELIMITER: u8 = b',';

/// The sheet that is read, and how many cells each of its rows has at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// A sheet is a rectangle: cells that a row leaves out at its end are empty, up to this column.
    pub width: u32,
    /// What a person who sees the sheet might not expect.
    #[serde(default)]
    pub notes: SheetNotes,
}

/// What is taken, and said, because who looks at the workbook does not see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetNotes {
    /// Sheets of the workbook that are hidden: not read, unless they are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_sheets: Vec<String>,
    /// Rows of the sheet that are hidden: they are read as all others.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hidden_rows: u64,
    /// Groups of merged cells in the sheet: the first cell has the value, the others are empty.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub merged_cells: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

type Book = Xlsx<Cursor<Bytes>>;

/// Whether a file begins as workbooks do: a zip archive, or the compound file that an old or a protected one is.
pub fn is_workbook(beginning: &[u8]) -> bool {
    archive::is_zip(beginning) || archive::is_compound(beginning)
}

/// A workbook whose sheets can be read.
pub struct Workbook {
    book: Book,
    parts: archive::Parts,
}

impl Workbook {
    /// Opens a workbook from all of its bytes.
    ///
    /// # Errors
    /// With the file's verdict: no workbook that is read, protected, broken, or unpacking to more than is safe.
    pub fn open(bytes: Vec<u8>) -> Result<Self, Finding> {
        let bytes = Bytes::new(bytes);
        let parts = archive::check(&bytes)?;
        let book = Xlsx::new(Cursor::new(bytes)).map_err(|error| invalid(&error))?;
        if book.sheets_metadata().len() > limits::WORKBOOK_SHEETS {
            return Err(Finding::new(Code::ArchiveUnsafe).arg("limit", limits::WORKBOOK_SHEETS_COUNTED));
        }
        Ok(Self { book, parts })
    }

    /// Chooses the sheet: by the sender's word, else the first one that is visible.
    ///
    /// # Errors
    /// Where there is no such sheet, or it cannot be read.
    pub fn choose(&mut self, profile: Option<&Profile>, options: &Options) -> Result<Sheet, Finding> {
        let asked = options.sheet.as_deref().map(str::trim);
        let sheets = self.book.sheets_metadata();
        let is_table = |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet;
        let chosen = match asked {
            Some(name) => sheets.iter().position(|sheet| is_table(&sheet) && same(&sheet.name, name)),
            None => {
                sheets.iter().position(|sheet| is_table(&sheet) && sheet.visible == SheetVisible::Visible)
            }
        };
        let Some(number) = chosen else {
            let names: Vec<&str> = sheets.iter().filter(is_table).map(|sheet| &*sheet.name).collect();
            let finding = Finding::new(Code::SheetMissing).arg("sheets", names.join(", "));
            return Err(asked.into_iter().fold(finding, Finding::value));
        };
        let name = sheets[number].name.clone();
        let hidden = sheets.iter().filter(|sheet| is_table(sheet) && sheet.visible != SheetVisible::Visible);
        let hidden_sheets = hidden.map(|sheet| sheet.name.clone()).collect();
        let (hidden_rows, merged_cells) = self.parts.of_sheet(number);
        let notes = SheetNotes { hidden_sheets, hidden_rows, merged_cells };
        let headers = profile.and_then(|profile| Headers::of(profile, options));
        let width = width(self.cells(&name)?, headers, options)?;
        Ok(Sheet { name, width, notes })
    }

    fn cells(&mut self, name: &str) -> Result<CellReader<'_>, Finding> {
        self.book.worksheet_cells_reader(name).map_err(|error| invalid(&error))
    }

    /// The text of a sheet, piece by piece.
    ///
    /// # Errors
    /// Where the sheet cannot be read.
    pub fn into_text(self, sheet: &Sheet) -> Result<SheetText, Finding> {
        SheetText::new(self.book, sheet)
    }
}

/// Sheets are told apart as spreadsheets do it: case does not count.
fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.to_lowercase()
}

/// How many cells each row has at least: as many as the header, or without one as the widest row and the sender say.
fn width(cells: CellReader<'_>, headers: Option<Headers<'_>>, options: &Options) -> Result<u32, Finding> {
    let mut rows = Rows::new(cells);
    let (mut first, mut widest, mut seen) = (0, 0, 0);
    while let Some(number) = rows.advance()? {
        let width = rows.filled().len() as u32;
        if options.first_line != FirstLine::Header {
            let passed = options.first_line == FirstLine::Ignore && number == 0;
            widest = if passed { widest } else { widest.max(width) };
            continue;
        }
        let names: Vec<&str> = rows.filled().iter().map(String::as_str).collect();
        match headers {
            Some(headers) if seen == 0 && headers.names_none(&names) => first = width,
            Some(headers) if seen > 0 && headers.names_all(&names) => return Ok(width),
            Some(_) if seen > 0 && seen < preamble::MOST => {}
            _ if seen > 0 => return Ok(first),
            _ => return Ok(width),
        }
        // A row of nothing but blanks is no record.
        seen += usize::from(names.iter().any(|name| !name.trim().is_empty()));
    }
    let named = options.columns.as_ref().map_or(0, Vec::len) as u32;
    Ok(widest.max(named).max(first))
}

fn invalid(error: &XlsxError) -> Finding {
    match error {
        XlsxError::Password => Finding::new(Code::WorkbookProtected),
        other => Finding::new(Code::WorkbookInvalid).arg("detail", other),
    }
}
