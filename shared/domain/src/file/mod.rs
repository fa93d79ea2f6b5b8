//! Converts the bytes of an object to records, and records to bytes. This room does not know profiles.
//!
//! In: the object's bytes. Out: UTF-8 text, the ends of its records, the cells of a record; written CSV and
//! workbooks.
//!
//! - [`packed`]: unpacks gzip, zstd and zip within limits.
//! - [`decode`]: encodings. `decode/census` counts lines, `decode/judgement` chooses the encoding and warns.
//! - [`workbook`]: a sheet of an xlsx file as the same text.
//! - [`dialect`]: quotes of other dialects, rewritten in the ordinary one.
//! - [`split`]: the ends of records. [`cells`]: the cells of a record. [`record_text`]: a record's bytes as text.
//! - [`write`](mod@write): CSV out, safe against formulas. [`workbook_stream`]: records out as a workbook.

pub mod cells;
pub mod decode;
pub mod dialect;
pub mod packed;
pub mod record_text;
pub mod split;
pub mod workbook;
pub mod workbook_stream;
pub mod write;
