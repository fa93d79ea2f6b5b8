//! Converts the cells of a sheet to rows, and rows to lines of text.

use calamine::{DataRef, XlsxCellReader};
use self_cell::{MutBorrow, self_cell};

use crate::clean::NOT_CALCULATED;
use crate::file::packed::Bytes;
use crate::file::workbook::{Book, DELIMITER, Sheet, cell, invalid};
use crate::file::write::write_record;
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::limits;

pub(super) type CellReader<'a> = XlsxCellReader<'a, std::io::Cursor<Bytes>>;

/// The approximate size of a piece of text.
const PIECE: usize = 1024 * 1024;

/// A sheet, row by row.
pub(crate) struct Rows<'a> {
    cells: CellReader<'a>,
    /// The first cell of the next row.
    ahead: Option<(u32, u32, DataRef<'a>)>,
    /// The cells of the current row; those from `filled` on belong to earlier rows.
    row: Vec<String>,
    filled: usize,
    /// The number of the last row, from 0.
    last: Option<u32>,
    /// Whether the last cell was read: the reader must not be called again.
    over: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(cells: CellReader<'a>) -> Self {
        Self { cells, ahead: None, row: Vec::new(), filled: 0, last: None, over: false }
    }

    /// The cells of the current row, up to the last filled one.
    pub(crate) fn filled(&self) -> &[String] {
        &self.row[..self.filled]
    }

    /// Goes on to the next row that is not blank and returns its number, from 0; `None` after the last.
    pub(crate) fn advance(&mut self) -> Result<Option<u32>, Finding> {
        self.filled = 0;
        let first = match self.ahead.take() {
            Some(ahead) => Some(ahead),
            None => self.next_filled()?,
        };
        let Some((number, column, value)) = first else { return Ok(None) };
        self.check_order(number)?;
        self.put(column, &value)?;
        while let Some((row, column, value)) = self.next_filled()? {
            if row != number {
                self.ahead = Some((row, column, value));
                break;
            }
            self.put(column, &value)?;
        }
        Ok(Some(number))
    }

    /// Checks that row numbers increase and stay within the limit of a sheet.
    fn check_order(&mut self, number: u32) -> Result<(), Finding> {
        let invalid = |detail: String| Err(Finding::new(Code::WorkbookInvalid).arg("detail", detail));
        if number >= limits::SHEET_ROWS {
            return invalid(format!("row {number} is beyond the last one"));
        }
        match self.last.replace(number) {
            Some(last) if number <= last => {
                invalid(format!("row {} stands behind row {}", number + 1, last + 1))
            }
            _ => Ok(()),
        }
    }

    fn next_filled(&mut self) -> Result<Option<(u32, u32, DataRef<'a>)>, Finding> {
        while !self.over {
            match self.cells.next_cell_with_formula_metadata().map_err(|error| invalid(&error))? {
                None => self.over = true,
                Some(cell) if cell.formula.is_some() && matches!(cell.value, DataRef::Empty) => {
                    return Ok(Some((cell.pos.0, cell.pos.1, DataRef::SharedString(NOT_CALCULATED))));
                }
                Some(cell) if cell::is_empty(&cell.value) => {}
                Some(cell) => return Ok(Some((cell.pos.0, cell.pos.1, cell.value))),
            }
        }
        Ok(None)
    }

    fn put(&mut self, column: u32, value: &DataRef<'_>) -> Result<(), Finding> {
        let column = column as usize;
        if column >= limits::SHEET_COLUMNS {
            let finding = Finding::new(Code::TooManyColumns).arg("limit", limits::COLUMNS);
            return Err(finding.arg("columns", column + 1));
        }
        if column >= self.row.len() {
            self.row.resize(column + 1, String::new());
        }
        if column >= self.filled {
            self.row[self.filled..=column].iter_mut().for_each(String::clear);
            self.filled = column + 1;
        }
        self.row[column].clear();
        cell::write(value, &mut self.row[column]);
        Ok(())
    }
}

/// Converts the rows of a sheet to text.
struct Lines<'a> {
    rows: Rows<'a>,
    width: usize,
    /// Lines written so far.
    written: u32,
    /// The error in the row after those already returned.
    broken: Option<Finding>,
}

impl<'a> Lines<'a> {
    /// Appends about one piece of text; nothing after the last row.
    fn read(&mut self) -> Result<Vec<u8>, Finding> {
        if let Some(finding) = &self.broken {
            return Err(finding.clone());
        }
        let mut out = Vec::with_capacity(PIECE + PIECE / 8);
        while out.len() < PIECE {
            let number = match self.rows.advance() {
                Ok(Some(number)) => number,
                Ok(None) => break,
                Err(finding) if out.is_empty() => return Err(finding),
                Err(finding) => {
                    self.broken = Some(finding);
                    break;
                }
            };
            // Blank rows in between become empty lines, so line numbers equal the sheet's row numbers.
            out.resize(out.len() + (number - self.written) as usize, b'\n');
            let filled = self.rows.filled().iter().map(String::as_str);
            let left_out = self.width.saturating_sub(filled.len());
            write_record(&mut out, filled.chain(std::iter::repeat_n("", left_out)), DELIMITER);
            out.push(b'\n');
            self.written = number + 1;
        }
        Ok(out)
    }
}

self_cell!(
    struct OpenSheet {
        owner: MutBorrow<Book>,
        #[not_covariant]
        dependent: Lines,
    }
);

/// The text of a sheet, piece by piece. It owns the workbook and the reader that borrows from it.
pub struct SheetText(OpenSheet);

impl SheetText {
    pub(super) fn new(book: Book, sheet: &Sheet) -> Result<Self, Finding> {
        let opened = OpenSheet::try_new(MutBorrow::new(book), |book| {
            let cells = book.borrow_mut().worksheet_cells_reader(&sheet.name);
            let rows = Rows::new(cells.map_err(|error| invalid(&error))?);
            Ok(Lines { rows, width: sheet.width as usize, written: 0, broken: None })
        });
        Ok(Self(opened?))
    }

    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// If the sheet is broken from here on.
    pub fn read(&mut self) -> Result<Option<Vec<u8>>, Finding> {
        let piece = self.0.with_dependent_mut(|_, lines| lines.read())?;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}
