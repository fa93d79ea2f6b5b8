//! Fields that several columns may fill: takes the first filled one, and reports other values.

use std::borrow::Cow;

use super::one_cell::too_long;
use super::{CellOf, Cleaner};
use crate::clean;
use crate::clean::Region;
use crate::clean::repair::trim;
use crate::file::cells::Cells;
use crate::plan::mapping::Alternative;
use crate::profile::compiled::FieldIndex;
use crate::row::cell::holds;
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::limits;

/// The cell that fills a field.
struct Taken<'a> {
    sent: Cow<'a, str>,
    /// The index among the alternatives.
    way: usize,
}

impl Cleaner<'_> {
    /// Cleans the first filled one of several cells; reports another value in a column of the same kind.
    #[cold]
    pub(super) fn clean_one_of(
        &mut self,
        index: FieldIndex,
        number: usize,
        cells: &Cells,
        region: Option<Region>,
        out: &mut String,
        findings: &mut Vec<Finding>,
    ) {
        let Some(taken) = self.take(index, number, cells) else {
            return self.clean_cell(index, None, "", region, out, findings);
        };
        let taken = Taken { sent: self.meant(index, taken.sent), way: taken.way };
        let column = self.several[number][taken.way].1.clone();
        // The row check covers the length of this cell.
        if too_long(&taken.sent, || column.clone()).is_some() {
            return;
        }
        let start = out.len();
        self.clean_cell(index, Some(&column), &taken.sent, region, out, findings);
        let others = self.other_values(index, number, taken.way, cells, region, &out[start..], &taken.sent);
        if !others.is_empty() {
            let chosen = trim(&taken.sent).to_owned();
            let finding = Finding::on(Code::ValueSeveral, &column).arg("chosen", chosen);
            findings.push(finding.arg("others", others.join(", ")));
        }
    }

    /// The first filled alternative; one with a word such as `N/A` only if no other is filled.
    fn take<'c>(&self, index: FieldIndex, number: usize, cells: &'c Cells) -> Option<Taken<'c>> {
        let field = &self.profile.fields[index];
        let takes_words = field.empty_words || !field.kind.takes_any_text();
        let mut word = None;
        for (way, (alternative, _)) in self.several[number].iter().enumerate() {
            let taken = Taken { sent: joined(alternative, cells), way };
            let cell = clean::repair(trim(&taken.sent), holds(field.kind));
            if cell.is_empty() {
                continue;
            }
            if !takes_words || !clean::is_empty_word(&cell) {
                drop(cell);
                return Some(taken);
            }
            drop(cell);
            word = word.or(Some(taken));
        }
        word
    }

    /// Other values in columns of the same kind as the chosen one.
    #[expect(clippy::too_many_arguments, reason = "a cold path, and all of it is the row's")]
    fn other_values(
        &mut self,
        index: FieldIndex,
        number: usize,
        way: usize,
        cells: &Cells,
        region: Option<Region>,
        taken: &str,
        sent: &str,
    ) -> Vec<String> {
        let further = self.several[number][way + 1..].iter().take_while(|(further, _)| further.repeats);
        let places: Vec<usize> = further.map(|(further, _)| further.columns[0]).collect();
        let mut others: Vec<String> = Vec::new();
        for cell in places.into_iter().map(|place| trim(cells.get(place))) {
            let known = cell == trim(sent) || others.iter().any(|other| other == cell);
            if cell.is_empty() || known || cell.len() > limits::CELL_CHARACTERS {
                continue;
            }
            let (mut cleaned, spilled) = (String::new(), self.spilled.len());
            self.clean_cell(index, None, cell, region, &mut cleaned, &mut Vec::new());
            // The finding includes the cell's further values.
            self.spilled.truncate(spilled);
            if cleaned.is_empty() || cleaned != taken {
                others.push(cell.to_owned());
            }
        }
        others
    }

    /// The index of a field's cell in a row.
    pub(super) fn place(&self, index: FieldIndex, cells: &Cells) -> Option<usize> {
        match self.cell_of[index] {
            CellOf::Nothing => None,
            CellOf::At(place) => Some(place),
            CellOf::Several(number) => {
                let taken = self.take(index, number, cells)?;
                Some(self.several[number][taken.way].0.columns[0])
            }
        }
    }

    /// A field's cell as the sender wrote it; empty if there is none.
    pub(super) fn cell<'c>(&self, index: FieldIndex, cells: &'c Cells) -> Cow<'c, str> {
        match self.cell_of[index] {
            CellOf::Nothing => Cow::Borrowed(""),
            CellOf::At(place) => Cow::Borrowed(cells.get(place)),
            CellOf::Several(number) => {
                self.take(index, number, cells).map_or(Cow::Borrowed(""), |taken| taken.sent)
            }
        }
    }
}

/// The text of an alternative: one column, part of it, or several columns joined by a blank.
fn joined<'c>(way: &Alternative, cells: &'c Cells) -> Cow<'c, str> {
    if let [place] = way.columns.as_slice() {
        let cell = cells.get(*place);
        return Cow::Borrowed(if way.part.is_whole() { cell } else { way.part.of(trim(cell)) });
    }
    let parts = way.columns.iter().map(|place| trim(cells.get(*place))).filter(|part| !part.is_empty());
    Cow::Owned(parts.collect::<Vec<_>>().join(" "))
}
