//! All limits; the message of each code states its limit.

/// Characters of a cell, as in a spreadsheet (`value_too_long`).
pub const CELL_CHARACTERS: usize = 32_767;
/// Bytes of a row (`row_too_large`), checked before the cells.
pub const ROW_BYTES: usize = 256 * 1024;
/// The same, for messages.
pub const ROW: &str = "256 KiB";
/// Bytes that are parsed of a row that is too large: result files show its cells up to there.
pub const ROW_SEEN: usize = 4 * 1024 * 1024;
/// Bytes of a contact's record (`not_stored`): a store keeps the previous and the new record in one item, of at most
/// 400 KiB.
pub const RECORD_BYTES: usize = 190 * 1024;
/// The same, for messages.
pub const RECORD: &str = "190 KiB";
/// Bytes of a directory entry with its id and, twice, its keys (`not_stored`): one item in a store.
pub const ENTRY_BYTES: usize = 390 * 1024;
/// The same, for messages.
pub const ENTRY: &str = "390 KiB";
/// Columns of a file (`too_many_columns`).
pub const COLUMNS: usize = 1_000;
/// Columns of a header that are mapped: the sender's, and those that Rollcall adds.
pub const HEADER_COLUMNS: usize = COLUMNS + 32;
/// Characters of a header (`header_too_long`).
pub const HEADER_CHARACTERS: usize = 1_000;
/// The most bytes of a header within the limit of characters: a longer one is not mapped.
pub const HEADER_BYTES: usize = 4 * HEADER_CHARACTERS;
/// Characters that documents show of a header that is too long.
pub const HEADER_SHOWN: usize = 100;
/// Up to this number of columns without a field, the nearest field of each is suggested.
pub const HINTED_COLUMNS: usize = 100;
/// Bytes of a file (`file_too_large`).
pub const FILE_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// The same, for messages.
pub const FILE: &str = "16 GiB";
/// Rows of a file (`too_many_rows`).
pub const ROWS: u64 = 100_000_000;
/// Bytes of a packed file before it is unpacked (`file_too_large`): it is held in memory as a whole.
pub const PACKED_BYTES: u64 = 256 * 1024 * 1024;
/// The same, for messages.
pub const PACKED: &str = "256 MiB (packed)";
/// Bytes that a packed file unpacks to (`archive_unsafe`).
pub const UNPACKED_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// The same, for messages.
pub const UNPACKED: &str = "4 GiB";
/// How many times its size a packed file may unpack to (`archive_unsafe`), if that is more than [`EXPANSION_FREE`]:
/// lists usually shrink to a tenth, rarely to a fiftieth.
pub const EXPANSION: u64 = 200;
/// Bytes that every packed file may unpack to.
pub const EXPANSION_FREE: u64 = 16 * 1024 * 1024;
/// The ratio, for messages.
pub const EXPANDED: &str = "200 times its size";
/// Bytes of a workbook before it is unpacked (`file_too_large`): it is held in memory as a whole.
pub const WORKBOOK_BYTES: u64 = 256 * 1024 * 1024;
/// The same, for messages.
pub const WORKBOOK: &str = "256 MiB (xlsx)";
/// Bytes that a workbook's parts unpack to (`archive_unsafe`).
pub const WORKBOOK_UNPACKED_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// The same, for messages.
pub const WORKBOOK_UNPACKED: &str = "4 GiB";
/// Bytes that every workbook may unpack to; a larger one may unpack to [`EXPANSION`] times its size
/// (`archive_unsafe`).
pub const WORKBOOK_EXPANSION_FREE: u64 = 64 * 1024 * 1024;
/// Bytes that its shared strings and styles unpack to (`archive_unsafe`): they are held in memory.
pub const WORKBOOK_STRINGS_BYTES: u64 = 512 * 1024 * 1024;
/// The same, for messages.
pub const WORKBOOK_STRINGS: &str = "512 MiB";
/// Bytes of one text in it (`archive_unsafe`), many times the limit of a cell.
pub const WORKBOOK_TEXT_BYTES: u64 = 16 * 1024 * 1024;
/// The same, for messages.
pub const WORKBOOK_TEXT: &str = "16 MiB";
/// Texts in it (`archive_unsafe`): each uses memory, however short it is.
pub const WORKBOOK_STRINGS_COUNT: u64 = 16_000_000;
/// The same, for messages.
pub const WORKBOOK_STRINGS_COUNTED: &str = "16,000,000 shared strings";
/// Sheets of a workbook (`archive_unsafe`).
pub const WORKBOOK_SHEETS: usize = 1_000;
/// The same, for messages.
pub const WORKBOOK_SHEETS_COUNTED: &str = "1,000 sheets";
/// Columns that a sheet can have. A file with more than [`COLUMNS`] is read up to this number; a broken sheet may
/// name any column.
pub const SHEET_COLUMNS: usize = 16_384;
/// Rows that a sheet can have.
pub const SHEET_ROWS: u32 = 1_048_576;
/// Addresses that the option `notify` of a drop may name.
pub const NOTIFIED: usize = 10;
