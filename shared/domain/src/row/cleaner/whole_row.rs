//! Checks a row as a whole: `one_of` fields, its width, its bytes.

use super::Cleaner;
use super::one_cell::too_long;
use crate::file::cells::Cells;
use crate::file::record_text::BadBytes;
use crate::plan::chunk::Mark;
use crate::profile::compiled::FieldIndex;
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::finding::{Column, Finding};

impl Cleaner<'_> {
    /// Checks the row as a whole, and the cells without a field.
    pub(super) fn check_row(
        &self,
        cells: &Cells,
        row: RowValues<'_>,
        mark: Option<&Mark>,
        findings: &mut Vec<Finding>,
    ) {
        for group in &self.profile.one_of {
            // An invalid value counts as filled and has its finding; a dropped one does not count.
            let filled = |field: &FieldIndex| {
                let name = &self.profile.fields[*field].name;
                !row.get(*field).is_empty()
                    || findings.iter().any(|found| found.is_error() && found.field() == Some(name))
            };
            if !group.iter().any(filled) {
                let names: Vec<&str> = group.iter().map(|field| &*self.profile.fields[*field].name).collect();
                findings.push(Finding::new(Code::OneOfMissing).arg("fields", names.join(", ")));
            }
        }
        if cells.has_surplus(self.width) || (cells.len() < self.least && !self.open_ended) {
            findings
                .push(Finding::new(Code::RowRagged).arg("expected", self.width).arg("found", cells.len()));
        }
        for (position, cell) in cells.iter().enumerate() {
            let mapped = self.always_cleaned.get(position).copied().unwrap_or(false);
            if !mapped && let Some(finding) = too_long(cell, || self.column_at(position)) {
                findings.push(finding);
            }
        }
        for bad in mark.iter().flat_map(|mark| &mark.bytes) {
            // The cell shows these bytes as characters that nobody wrote, so repairs of them are not reported.
            let here = Some(bad.cell + 1);
            let place = |finding: &Finding| finding.column.as_ref().and_then(|column| column.position);
            findings.retain(|finding| finding.code != Code::ValueRepaired || place(finding) != here);
            findings.push(self.bad_bytes(bad, cells));
        }
    }

    /// The column for a finding about a cell: its field, its header, or only its position.
    pub(super) fn column_at(&self, position: usize) -> Column {
        if let Some(field) = self.field_of.get(position).copied().flatten() {
            return self.columns[field].clone();
        }
        let place = position as u32 + 1;
        let header = self.headers.get(position);
        Column::unmapped(header.cloned().unwrap_or_else(|| format!("column_{place}")), place)
    }

    fn bad_bytes(&self, bad: &BadBytes, cells: &Cells) -> Finding {
        let position = bad.cell as usize;
        Finding::on(Code::BytesInvalid, &self.column_at(position))
            .value(cells.get(position))
            .arg("encoding", self.encoding.as_str())
            .arg("position", bad.at + 1)
            .arg("byte", format!("{:02X}", bad.byte))
    }
}
