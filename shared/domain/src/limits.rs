//! Every limit, in one place; each stands in the message of its code.

/// Characters of a cell, as in a spreadsheet (`value_too_long`).
pub const CELL_CHARACTERS: usize = 32_767;
/// Bytes of a row (`row_too_large`), tested before the cells.
pub const ROW_BYTES: usize = 256 * 1024;
/// The same, as messages say it.
pub const ROW: &str = "256 KiB";
/// Bytes of a row that is too large which are looked at: its cells up to there are told and shown.
pub const ROW_SEEN: usize = 4 * 1024 * 1024;
/// Columns of a file (`too_many_columns`).
pub const COLUMNS: usize = 1_000;
/// Bytes of a file (`file_too_large`).
pub const FILE_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// The same, as messages say it.
pub const FILE: &str = "16 GiB";
/// Rows of a file (`too_many_rows`).
pub const ROWS: u64 = 100_000_000;
