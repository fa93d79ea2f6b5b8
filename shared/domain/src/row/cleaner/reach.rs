//! The addresses and phones of a row: everything by which somebody could be reached through it.
//!
//! Only rows of programs that have suppressions are read for it, so it may cost a second look at their cells.

use crate::clean;
use crate::clean::repair::trim;
use crate::file::cells::Cells;
use crate::profile::compiled::FieldIndex;
use crate::profile::raw::KeyKind;
use crate::row::again::all_values;
use crate::row::cell::holds;
use crate::row::cleaner::{CellOf, Cleaner};
use crate::row::kinds::CellContext;
use crate::row::values::RowValues;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Column;
use crate::types::limits;

/// An address or a phone in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Where it is.
    pub column: Column,
    /// Whether it is an address or a phone.
    pub kind: KeyKind,
    /// The cleaned value.
    pub value: String,
}

impl Cleaner<'_> {
    /// Every address and phone of a row, each once: the values of its fields, those in further columns that may fill
    /// them, every value of a cell that holds several, and other cells that are one as a whole. `kept` are the
    /// positions of columns without a field that are stored with the contact.
    pub fn reaches(
        &self,
        cells: &Cells,
        values: RowValues<'_>,
        kept: impl Iterator<Item = usize>,
    ) -> Vec<Reach> {
        let mut found = Vec::new();
        for index in 0..self.profile.fields.len() {
            let Some(kind) = reach_of(self.profile.fields[index].kind) else {
                for place in self.places(index) {
                    push_other(&mut found, self.column(index), cells.get(place));
                }
                continue;
            };
            push(&mut found, self.column(index), kind, values.get(index));
            for place in self.places(index) {
                for value in self.all_values(index, cells, place) {
                    push(&mut found, self.column(index), kind, &value);
                }
            }
        }
        for place in kept {
            push_other(&mut found, &self.column_at(place), cells.get(place));
        }
        found
    }

    /// The cells that may fill a field.
    fn places(&self, index: FieldIndex) -> Vec<usize> {
        match self.cell_of[index] {
            CellOf::Nothing => Vec::new(),
            CellOf::At(place) => vec![place],
            CellOf::Several(number) => {
                self.several[number].iter().flat_map(|(way, _)| way.columns.iter().copied()).collect()
            }
        }
    }

    fn all_values(&self, index: FieldIndex, cells: &Cells, place: usize) -> Vec<String> {
        let field = &self.profile.fields[index];
        let cell = trim(cells.get(place));
        if cell.is_empty() || cell.len() > limits::CELL_CHARACTERS {
            return Vec::new();
        }
        let cell = clean::repair(cell, holds(field.kind));
        let formula = if cell.starts_with('=') { clean::formula_text(&cell) } else { None };
        let cell = formula.as_deref().map_or(&*cell, trim);
        let region = self.region_of(cells);
        all_values(CellContext { field, region, order: self.orders[index], column: self.column(index) }, cell)
    }
}

fn reach_of(kind: FieldKind) -> Option<KeyKind> {
    match kind {
        FieldKind::Email => Some(KeyKind::Email),
        FieldKind::Phone => Some(KeyKind::Phone),
        _ => None,
    }
}

/// A cell of another kind that is an address, or a phone with its calling code: a WhatsApp number, a second address.
fn push_other(found: &mut Vec<Reach>, column: &Column, cell: &str) {
    let cell = trim(cell);
    let mut value = String::new();
    if cell.contains('@') {
        let cell = clean::unwrap_address(cell).unwrap_or(cell);
        if clean::clean_email(cell, &mut value).is_ok() {
            push(found, column, KeyKind::Email, &value);
        }
    } else if cell.starts_with('+') && clean::clean_phone(cell, None, &mut value).is_ok() {
        push(found, column, KeyKind::Phone, &value);
    }
}

fn push(found: &mut Vec<Reach>, column: &Column, kind: KeyKind, value: &str) {
    let known = |reach: &Reach| reach.kind == kind && reach.value == value;
    if !value.is_empty() && !found.iter().any(known) {
        found.push(Reach { column: column.clone(), kind, value: value.to_owned() });
    }
}
