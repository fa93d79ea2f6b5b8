//! Turns a sheet of a workbook into the text of a delimited file: commas, line feeds, one line for each row.
//!
//! This is a kind of decoding, so it belongs to the domain: bytes in, text out, no file access and no clock. Row `n`
//! of the sheet is record `n` of the text, and blank rows are empty lines, so survey, cut and workers need no special
//! case.
//!
//! Memory holds the packed workbook, its shared strings and one row: cells are read one after the other.

mod archive;
mod cell;
mod rows;

use std::io::Cursor;

use calamine::{Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use serde::{Deserialize, Serialize};

use crate::file::packed::Bytes;
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::limits;
pub(crate) use rows::Rows;
pub use rows::SheetText;

/// The delimiter of the text that a sheet is converted to.
pub const DELIMITER: u8 = b',';

/// The sheet to read, and the least number of cells in each of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// A sheet is a rectangle: cells missing at the end of a row are empty, up to this column.
    pub width: u32,
    /// Properties that a person who views the sheet might not expect.
    #[serde(default)]
    pub notes: SheetNotes,
}

/// Parts that are read, and reported because a person who views the workbook does not see them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SheetNotes {
    /// Hidden sheets of the workbook: they are not read unless the option names one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_sheets: Vec<String>,
    /// Hidden rows of the sheet: they are read like all others.
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

/// Whether a file begins like a workbook: a zip archive, or a compound file (an old or a protected workbook).
pub fn is_workbook(beginning: &[u8]) -> bool {
    archive::is_zip(beginning) || archive::is_compound(beginning)
}

/// A sheet that holds a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its index among all sheets, from 0.
    number: usize,
    /// The sheet's name.
    pub name: String,
    /// Whether the sheet is not hidden.
    pub visible: bool,
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
    /// The file's verdict: not a supported workbook, protected, broken, or larger than the limits when unpacked.
    pub fn open(bytes: Vec<u8>) -> Result<Self, Finding> {
        let bytes = Bytes::new(bytes);
        let parts = archive::check(&bytes)?;
        let book = Xlsx::new(Cursor::new(bytes)).map_err(|error| invalid(&error))?;
        if book.sheets_metadata().len() > limits::WORKBOOK_SHEETS {
            return Err(Finding::new(Code::ArchiveUnsafe).arg("limit", limits::WORKBOOK_SHEETS_COUNTED));
        }
        Ok(Self { book, parts })
    }

    /// The sheets that hold tables, in the workbook's order.
    pub fn tables(&self) -> Vec<Table> {
        let sheets = self.book.sheets_metadata().iter().enumerate();
        let tables = sheets.filter(|(_, sheet)| sheet.typ == SheetType::WorkSheet);
        let table = |(number, sheet): (usize, &calamine::Sheet)| Table {
            number,
            name: sheet.name.clone(),
            visible: sheet.visible == SheetVisible::Visible,
        };
        tables.map(table).collect()
    }

    /// The hidden rows and the merged cells of a sheet.
    pub fn hidden_and_merged(&self, table: &Table) -> (u64, u64) {
        self.parts.of_sheet(table.number)
    }

    /// The rows of a sheet, one after the other.
    ///
    /// # Errors
    /// If the sheet cannot be read.
    pub(crate) fn rows(&mut self, name: &str) -> Result<Rows<'_>, Finding> {
        let cells = self.book.worksheet_cells_reader(name).map_err(|error| invalid(&error))?;
        Ok(Rows::new(cells))
    }

    /// The text of a sheet, piece by piece.
    ///
    /// # Errors
    /// If the sheet cannot be read.
    pub fn into_text(self, sheet: &Sheet) -> Result<SheetText, Finding> {
        SheetText::new(self.book, sheet)
    }
}

fn invalid(error: &XlsxError) -> Finding {
    match error {
        XlsxError::Password => Finding::new(Code::WorkbookProtected),
        other => Finding::new(Code::WorkbookInvalid).arg("detail", other),
    }
}
