//! The survey: the splitter's first pass over the whole file. It accepts or refuses the file.
//!
//! In: decoded text, profile, options, settings. Out: delimiter, header and mapping, chunk borders, repeats, the
//! order of day and month; or the findings that refuse the file.
//!
//! - [`whole_file`]: the survey itself. [`opening`]: what the beginning of the file decides. [`look`]: one record.
//!   `parts`: records on several threads; `notes`: what it has noted of them.
//! - [`delimiter`], [`preamble`], [`sheet`]: the delimiter, lines above the header, the sheet of a workbook.
//! - [`repeats`]: which rows repeat an earlier one; the judge turns its mark into `duplicate_in_file`.

pub mod delimiter;
pub mod look;
mod notes;
pub mod opening;
mod parts;
pub mod preamble;
pub mod repeats;
pub mod sheet;
pub mod whole_file;
