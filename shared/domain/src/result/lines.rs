//! Lines of result files, each with its row number.

use std::ops::Range;

use crate::file::cells::Cells;
use crate::file::split::records;

/// A line of a result file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its range in the file, including its terminator.
    pub range: Range<usize>,
    /// The row's number.
    pub row: u64,
    /// Its cells.
    pub cells: Vec<String>,
}

/// Parses lines; `row_column` is the position of `rollcall_row`.
pub fn lines(bytes: &[u8], delimiter: u8, row_column: usize) -> Vec<Line> {
    let text = String::from_utf8_lossy(bytes);
    let (mut cells, mut lines) = (Cells::default(), Vec::new());
    for record in records(text.as_bytes(), delimiter) {
        let start = record.body.start;
        cells.parse(&text[record.body], delimiter);
        let row = cells.get(row_column).parse().unwrap_or(0);
        lines.push(Line { range: start..record.end, row, cells: cells.iter().map(str::to_owned).collect() });
    }
    lines
}
