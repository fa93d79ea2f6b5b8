//! Repeated fields, such as ten phones: drops values that repeat another, and moves surplus values of a cell to empty
//! fields.

use super::Cleaner;
use crate::clean::repair::trim;
use crate::file::cells::Cells;
use crate::profile::compiled::FieldIndex;
use crate::row::values::Values;
use crate::types::code::Code;
use crate::types::finding::Finding;

impl Cleaner<'_> {
    /// Drops a value of a repeated field if the row has it already.
    pub(super) fn drop_repeated(&self, cells: &Cells, values: &mut Values, findings: &mut Vec<Finding>) {
        let start = values.spans.len() - self.profile.fields.len();
        for fields in &self.profile.repeated {
            for (place_in_group, field) in fields.iter().enumerate().skip(1) {
                let row = values.last(self.profile.fields.len());
                let value = row.get(*field);
                if value.is_empty()
                    || !fields[..place_in_group].iter().any(|earlier| row.get(*earlier) == value)
                {
                    continue;
                }
                let place = self.place(*field, cells);
                // One cell fills both fields, so nothing is lost.
                if !fields[..place_in_group].iter().any(|earlier| self.place(*earlier, cells) == place) {
                    let cell = self.cell(*field, cells);
                    let finding = Finding::on(Code::ValueDropped, &self.columns[*field]);
                    findings.push(finding.value(trim(&cell)).arg("reason", "repeated"));
                }
                values.spans[start + *field].1 = values.spans[start + *field].0;
            }
        }
    }

    /// Moves surplus values of a cell to empty fields of the same kind.
    pub(super) fn place_spilled(&mut self, values: &mut Values, findings: &mut [Finding]) {
        let first = values.spans.len() - self.profile.fields.len();
        for spilled in std::mem::take(&mut self.spilled) {
            let row = values.last(self.profile.fields.len());
            // A field that the sender clears does not count as empty.
            let group = self.profile.repeated[spilled.group].iter().filter(|field| !row.is_cleared(**field));
            let group: Vec<FieldIndex> = group.copied().collect();
            let finding = &mut findings[spilled.finding];
            for (field, value) in spilled.place(&group, |field| row.get(field).to_owned(), finding) {
                let start = values.text.len();
                values.text.push_str(&value);
                values.spans[first + field] = (start as u32, values.text.len() as u32);
            }
        }
    }
}
