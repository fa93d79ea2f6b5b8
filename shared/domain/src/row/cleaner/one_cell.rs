//! Cleans one cell for its field, and adds findings for what it removed or what is wrong.

use std::borrow::Cow;

use super::Cleaner;
use crate::clean;
use crate::clean::Region;
use crate::clean::repair::trim;
use crate::profile::compiled::{Field, FieldIndex};
use crate::row::again::{Kept, look_again};
use crate::row::cell::{clean_cell, holds};
use crate::row::kinds::CellContext;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::{Column, Finding};
use crate::types::limits;

impl Cleaner<'_> {
    /// Cleans one cell; `column` is the cell's column if several may fill the field.
    pub(super) fn clean_cell(
        &mut self,
        index: FieldIndex,
        column: Option<&Column>,
        sent: &str,
        region: Option<Region>,
        out: &mut String,
        findings: &mut Vec<Finding>,
    ) {
        let field = &self.profile.fields[index];
        let column = column.unwrap_or(&self.columns[index]);
        let trimmed = trim(sent);
        let written = written(field, trimmed);
        let cell = &*written;
        if let Some(finding) = too_long(sent, || column.clone()) {
            findings.push(finding);
            return;
        }
        // `n.a.` would be a website.
        let takes_words = field.kind.takes_any_text() || field.kind == FieldKind::Website;
        let is_word = field.empty_words && takes_words && clean::is_empty_word(cell);
        if cell.is_empty() || is_word {
            self.tell_empty(index, is_word.then_some(cell), findings);
            return;
        }
        let before = findings.len();
        let start = out.len();
        let context = CellContext { field, region, order: self.orders[index], column };
        let mut kept = clean_cell(context, cell, &mut self.scratch, findings).map(|()| Kept::Value);
        if let Err(fault) = kept {
            let spilled = &mut self.spilled;
            kept = look_again(context, cell, fault, &mut self.scratch, findings, spilled);
        }
        match kept {
            Ok(Kept::Value) => out.push_str(&self.scratch),
            Ok(Kept::Nothing) => self.tell_empty(index, Some(cell), findings),
            Err(finding) if field.lenient || (self.drop_invalid && !field.required) => {
                let reason = finding.code.as_str();
                findings.push(Finding::on(Code::ValueDropped, column).value(cell).arg("reason", reason));
            }
            Err(finding) => findings.push(finding),
        }
        let as_sent = std::ptr::eq(cell, sent);
        if as_sent || out.len() == start || findings[before..].iter().any(Finding::is_error) {
            return;
        }
        if trimmed.len() < sent.len() {
            findings.push(Finding::on(Code::ValueTrimmed, column).value(sent));
        }
        let repaired = findings[before..].iter().any(|finding| finding.code == Code::ValueRepaired);
        if cell != trimmed && !repaired {
            findings.push(Finding::on(Code::ValueRepaired, column).value(sent).arg("result", cell));
        }
    }

    /// Adds a finding that a cell counts as empty, if it contains a word or the field is mandatory.
    pub(super) fn tell_empty(&self, field: FieldIndex, word: Option<&str>, findings: &mut Vec<Finding>) {
        let column = &self.columns[field];
        findings.extend(word.map(|word| Finding::on(Code::ValueEmptyWord, column).value(word)));
        if self.profile.fields[field].required {
            findings.push(Finding::on(Code::RequiredMissing, column));
        }
    }
}

pub(super) fn too_long(cell: &str, column: impl FnOnce() -> Column) -> Option<Finding> {
    let characters = if cell.len() > limits::CELL_CHARACTERS { cell.chars().count() } else { 0 };
    (characters > limits::CELL_CHARACTERS).then(|| {
        Finding::on(Code::ValueTooLong, &column())
            .arg("limit", limits::CELL_CHARACTERS)
            .arg("found", characters)
    })
}

/// The sender's text in a cell, without invisible characters, a spreadsheet's formula for a text, and HTML entities.
fn written<'c>(field: &Field, trimmed: &'c str) -> Cow<'c, str> {
    let cell = clean::repair(trimmed, holds(field.kind));
    let text = match cell.as_bytes().first() {
        Some(b'=') => clean::formula_text(&cell).map(|text| trim(&text).to_owned()),
        _ => None,
    };
    let cell = text.map_or(cell, Cow::Owned);
    let decoded = if field.decodes_entities { clean::decode_entities(&cell) } else { None };
    decoded.map_or(cell, |text| Cow::Owned(trim(&text).to_owned()))
}
