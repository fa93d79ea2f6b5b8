//! Re-examines cells that are not plainly valid before they are rejected.
//!
//! Ordinary cells never get here.

use crate::clean;
use crate::clean::Holds;
use crate::profile::compiled::FieldIndex;
use crate::row::cell::{clean_cell, holds, spreadsheet_number};
use crate::row::kinds::CellContext;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Finding;

/// The result of re-examining a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// A value.
    Value,
    /// Nothing: the cell is a word such as `N/A`.
    Nothing,
}

/// The values of a cell for a single one; the others may go to fields of the same kind (`count` in the profile).
#[derive(Debug, Clone)]
pub(super) struct Spilled {
    /// The index of the group of repeated fields.
    pub(super) group: usize,
    /// The finding that names them.
    pub(super) finding: usize,
    /// The chosen value.
    pub(super) chosen: String,
    /// Each other value as written, and as cleaned; the cleaned one is empty if the value is not valid.
    pub(super) others: Vec<(String, String)>,
}

/// Re-examines a cell in which `fault` was found. Writes the value to `out` and warnings to `findings`.
///
/// A group, tag or owner named `None` is read as empty too: the directory is only read after cells are cleaned, and
/// the survey, which identifies rows, never reads it. A profile with a field for such an entry sets `empty_words =
/// false` for that field.
pub(super) fn look_again(
    context: CellContext<'_>,
    cell: &str,
    fault: Finding,
    out: &mut String,
    findings: &mut Vec<Finding>,
    spilled: &mut Vec<Spilled>,
) -> Result<Kept, Finding> {
    if fault.code == Code::ValueSpoiled {
        return Err(fault);
    }
    if context.field.empty_words && clean::is_empty_word(cell) {
        return Ok(Kept::Nothing);
    }
    let found = match context.field.kind {
        FieldKind::Phone => {
            let exact = spreadsheet_number(context, cell)?;
            exact.is_some_and(|number| take_repaired(context, cell, &number, out, findings))
                || take_first(context, cell, out, findings, spilled)
        }
        FieldKind::Email | FieldKind::Website => {
            let inner = clean::unwrap_address(cell);
            inner.is_some_and(|inner| take_repaired(context, cell, inner, out, findings))
                || take_first(context, cell, out, findings, spilled)
        }
        _ => false,
    };
    if found { Ok(Kept::Value) } else { Err(fault) }
}

/// Takes a value from within a cell if it is valid.
fn take_repaired(
    context: CellContext<'_>,
    cell: &str,
    inner: &str,
    out: &mut String,
    findings: &mut Vec<Finding>,
) -> bool {
    let taken = take(context, inner, out, findings);
    if taken {
        findings.push(Finding::on(Code::ValueRepaired, context.column).value(cell).arg("result", &out));
    }
    taken
}

fn take(context: CellContext<'_>, value: &str, out: &mut String, findings: &mut Vec<Finding>) -> bool {
    let before = findings.len();
    let taken = clean_cell(context, value, out, findings).is_ok();
    if !taken {
        findings.truncate(before);
    }
    taken
}

/// The same, also for a value with wrapping.
fn take_wrapped(
    context: CellContext<'_>,
    value: &str,
    out: &mut String,
    findings: &mut Vec<Finding>,
) -> bool {
    let wrapped = holds(context.field.kind) == Holds::Address;
    take(context, value, out, findings)
        || (wrapped && clean::unwrap_address(value).is_some_and(|inner| take(context, inner, out, findings)))
}

/// Takes the first valid one of several values.
fn take_first(
    context: CellContext<'_>,
    cell: &str,
    out: &mut String,
    findings: &mut Vec<Finding>,
    spilled: &mut Vec<Spilled>,
) -> bool {
    let Some(values) = clean::values(cell, holds(context.field.kind)) else { return false };
    let first = values.iter().position(|value| take_wrapped(context, value, out, findings));
    let Some(first) = first else { return false };
    let chosen = out.clone();
    let mut others = Vec::new();
    for (_, value) in values.into_iter().enumerate().filter(|(place, _)| *place != first) {
        let valid = take_wrapped(context, &value, out, &mut Vec::new());
        let cleaned = if valid { out.clone() } else { String::new() };
        // The same value twice counts once.
        if cleaned != chosen && !others.iter().any(|(_, other)| valid && *other == cleaned) {
            others.push((value, cleaned));
        }
    }
    out.clone_from(&chosen);
    let finding = several(context, cell, &chosen, &others);
    let finding = finding.unwrap_or_else(|| repaired(context, cell, &chosen));
    if let Some(group) = context.field.repeats.filter(|_| !others.is_empty()) {
        spilled.push(Spilled { group, finding: findings.len(), chosen, others });
    }
    findings.push(finding);
    true
}

/// Every valid value that a cell holds, also those of which only one would be taken.
pub(super) fn all_values(context: CellContext<'_>, cell: &str) -> Vec<String> {
    let (mut out, mut all) = (String::new(), Vec::new());
    let mut notes = Vec::new();
    let number = match context.field.kind {
        FieldKind::Phone => spreadsheet_number(context, cell).ok().flatten(),
        _ => None,
    };
    let parts = clean::values(cell, holds(context.field.kind)).unwrap_or_default();
    for value in std::iter::once(cell.to_owned()).chain(number).chain(parts) {
        if take_wrapped(context, &value, &mut out, &mut notes) && !all.contains(&out) {
            all.push(out.clone());
        }
    }
    all
}

fn repaired(context: CellContext<'_>, cell: &str, result: &str) -> Finding {
    Finding::on(Code::ValueRepaired, context.column).value(cell).arg("result", result)
}

/// The finding that names the chosen one of several values; `None` if all are the same.
fn several(
    context: CellContext<'_>,
    cell: &str,
    chosen: &str,
    others: &[(String, String)],
) -> Option<Finding> {
    let names: Vec<&str> = others.iter().map(|(written, _)| written.as_str()).collect();
    let finding = Finding::on(Code::ValueSeveral, context.column).value(cell).arg("chosen", chosen);
    (!names.is_empty()).then(|| finding.arg("others", names.join(", ")))
}

/// A field of the row, for placing values.
pub(super) type Place = (FieldIndex, String);

impl Spilled {
    /// Moves the other values to empty fields of the group; the finding names the moved and the remaining values.
    pub(super) fn place(
        self,
        group: &[FieldIndex],
        mut value_of: impl FnMut(FieldIndex) -> String,
        finding: &mut Finding,
    ) -> Vec<Place> {
        let (mut placed, mut chosen, mut left): (Vec<Place>, _, _) =
            (Vec::new(), vec![self.chosen], Vec::new());
        let mut row: Vec<Place> = group.iter().map(|field| (*field, value_of(*field))).collect();
        for (written, value) in self.others {
            if value.is_empty() {
                left.push(written);
            } else if row.iter().all(|(_, there)| *there != value) {
                match row.iter_mut().find(|(_, there)| there.is_empty()) {
                    Some((field, there)) => {
                        there.clone_from(&value);
                        placed.push((*field, value.clone()));
                        chosen.push(value);
                    }
                    None => left.push(written),
                }
            }
        }
        finding.args = vec![("chosen", chosen.join(", "))];
        finding.args.extend((!left.is_empty()).then(|| ("others", left.join(", "))));
        placed
    }
}
