//! Lines above the header: a title, a date, the name of the exporter.
//!
//! The header is the first filled record, unless that record lacks a mandatory field and one of the next few records
//! names all of them. So only a file that would otherwise be refused is examined. A row of merged titles
//! (`Contact,,Company`) counts as a line above the header, even if it contains known headers. Where no record names all
//! of them, the file is refused, and the record that names the most fields is shown as its header: its columns can be
//! mapped then.

use crate::file::cells::Cells;
use crate::file::record_text;
use crate::plan::mapping::{Mapping, Role, holds_address, holds_phone};
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::options::Options;
use crate::types::limits;

/// The most filled records above a header.
pub const MOST: usize = 20;

/// The lines above the header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preamble {
    /// Bytes of the decoded text.
    pub bytes: usize,
    /// Physical lines.
    pub lines: u64,
}

/// A header that is not the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The lines above it.
    pub above: Preamble,
    /// The fields that it names.
    pub fields: usize,
    /// Whether it names every mandatory field.
    pub complete: bool,
}

/// Distinguishes headers from lines above them, for one profile and one drop.
#[derive(Clone, Copy)]
pub struct Headers<'a> {
    profile: &'a Profile,
    options: &'a Options,
}

impl<'a> Headers<'a> {
    /// `None` if the header needs no search: the sender's options define the columns, or no field is mandatory.
    pub fn of(profile: &'a Profile, options: &'a Options) -> Option<Self> {
        let told = options.columns.is_some() || !options.first_line.may_be_header();
        let mandatory = profile.fields.iter().any(|field| field.required);
        (mandatory && !told).then_some(Self { profile, options })
    }

    /// Whether the header may be further down, with this record as the file's first.
    pub fn leaves_open(self, cells: &[&str]) -> bool {
        let mapping = Mapping::with_header(cells, self.profile, self.options);
        !mapping.is_result_file && !self.has_all(&mapping)
    }

    /// Whether a record names every mandatory field, and more than one.
    pub fn names_all(self, cells: &[&str]) -> bool {
        self.named(cells).1
    }

    /// The number of fields that a record names, and whether it names every mandatory field, and more than one.
    fn named(self, cells: &[&str]) -> (usize, bool) {
        let mapping = Mapping::with_header(cells, self.profile, self.options);
        let fields = mapping.columns.iter().filter(|column| matches!(column.role, Role::Field(_))).count();
        (fields, fields > 1 && self.has_all(&mapping))
    }

    /// Whether every mandatory field has a column, and at least one field of every `one_of` set.
    fn has_all(self, mapping: &Mapping) -> bool {
        let has = |field: &FieldIndex| mapping.has(&self.profile.fields[*field].name);
        let mut mandatory = self.profile.fields.iter().filter(|field| field.required);
        mandatory.all(|field| mapping.has(&field.name))
            && self.profile.one_of.iter().all(|set| set.iter().any(has))
    }

    /// Finds the header below the first record of a text with this delimiter; `None` if the first record is the header,
    /// or if no header is found.
    pub fn locate(self, sample: &[u8], delimiter: u8) -> Option<Located> {
        let (mut above, mut best, mut most) = (Preamble::default(), None, 1);
        let (mut cells, mut filled) = (Cells::default(), 0);
        for record in crate::file::split::records(sample, delimiter) {
            cells.parse(&record_text::text(&sample[record.body], delimiter).0, delimiter);
            if !cells.is_blank() {
                let names: Vec<&str> = cells.iter().take(limits::SHEET_COLUMNS).collect();
                let (fields, complete) = self.named(&names);
                if filled == 0 {
                    if !self.leaves_open(&names) {
                        return None;
                    }
                    // Below a row there is no header to map.
                    let is_row = names.iter().any(|cell| holds_address(cell) || holds_phone(cell));
                    most = if is_row { usize::MAX } else { fields.max(most) };
                } else if complete {
                    return Some(Located { above, fields, complete });
                } else if filled == MOST {
                    break;
                } else if fields > most {
                    (most, best) = (fields, Some(Located { above, fields, complete }));
                }
                filled += 1;
            }
            above = Preamble { bytes: record.end, lines: above.lines + u64::from(record.lines) };
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn above(file: &str, delimiter: u8, options: &Options) -> Option<(usize, u64)> {
        let profile = Profile::built_in("prospects").unwrap();
        let found = Headers::of(&profile, options)?.locate(file.as_bytes(), delimiter);
        found.map(|found| (found.above.bytes, found.above.lines))
    }

    #[test]
    fn a_header_is_found_below_a_preamble() {
        let options = Options::default();
        let long = |lines: usize| "x\n".repeat(lines) + "Name,E-mail\n";
        for (file, found) in [
            ("Name,E-mail\nAnn,a@b.example\n", None),
            ("A list\n\nName,E-mail\nAnn,a@b.example\n", Some((8, 2))),
            ("\"A list\nof two\"\nName,E-mail\n", Some((16, 2))),
            ("Name,Own\nName,E-mail\n", Some((9, 1))),
            ("Contact,,Company\nName,E-mail,Name\n", Some((17, 1))),
            ("Contact,Contact,Company\nFirst name,E-mail,Company\n", Some((24, 1))),
            ("Name,Own\nAnn,a@b.example\n", None),
            ("A list\nName,Own\nAnn,a@b.example\n", None),
            ("A list\nName;E-mail\n", None),
            ("", None),
            (&long(20), Some((40, 20))),
            (&long(21), None),
            // None names all: the one that names the most is shown.
            ("A list\nOwn,Other\nPhone,Country,Own\n", Some((17, 2))),
            ("A list\nPhone,Country,Own\nName,E-mail\n", Some((25, 2))),
            ("Phone,Country,Own\nWebsite,Note\n", None),
            ("Ann,a@b.example\nPhone,Country,Own\n", None),
        ] {
            assert_eq!(above(file, b',', &options), found, "{file:?}");
        }
        let told = Options { columns: Some(vec!["name".into()]), ..Options::default() };
        assert_eq!(above("A list\nName,E-mail\n", b',', &told), None);
    }
}
