//! Cleans one cell according to the kind of its field.

use crate::clean;
use crate::clean::repair::trim;
use crate::clean::{Holds, Repaired};
use crate::row::fold::{push_nfc, push_single_blanks};
use crate::row::kinds::{self, CellContext};
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Finding;

/// Cleans one cell into `out`; adds warnings to `findings`; the error is the cell's fault.
pub(super) fn clean_cell(
    context: CellContext<'_>,
    cell: &str,
    out: &mut String,
    findings: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let CellContext { field, column, .. } = context;
    let wrong = |code: Code| Finding::on(code, column).value(cell);
    out.clear();
    if let Some(reason) = clean::corrupted(cell) {
        return Err(wrong(Code::ValueSpoiled).arg("reason", reason));
    }
    match field.kind {
        FieldKind::Text | FieldKind::AccountId => push_nfc(cell, out),
        FieldKind::Name | FieldKind::Group | FieldKind::Agent | FieldKind::Owner | FieldKind::Company => {
            push_single_blanks(cell, out)
        }
        FieldKind::Email => {
            let notes = clean::clean_email(cell, out)
                .map_err(|fault| wrong(Code::EmailInvalid).arg("reason", fault.as_str()))?;
            if let Some(meant) = notes.typo {
                findings.push(Finding::on(Code::EmailTypoSuspected, column).value(cell).hint(meant));
            }
        }
        FieldKind::Phone => clean_phone(context, cell, out, findings)?,
        FieldKind::Website => clean::clean_website(cell, out)
            .map_err(|fault| wrong(Code::UrlInvalid).arg("reason", fault.as_str()))?,
        _ => kinds::clean(context, cell, out, findings)?,
    }
    Ok(())
}

fn clean_phone(
    context: CellContext<'_>,
    cell: &str,
    out: &mut String,
    findings: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let CellContext { region, column, .. } = context;
    if is_decimal(cell)
        && let Some(number) = spreadsheet_number(context, cell)?
    {
        clean_phone(context, &number, out, findings)?;
        findings.push(Finding::on(Code::ValueRepaired, column).value(cell).arg("result", number));
        return Ok(());
    }
    let wrong = |reason: &str| Finding::on(Code::PhoneInvalid, column).value(cell).arg("reason", reason);
    let notes = clean::clean_phone(cell, region, out).map_err(|fault| wrong(fault.as_str()))?;
    if let Some(at) = notes.extension {
        if clean::values(cell, Holds::Phone).is_some() {
            // Two numbers; the second one looks like the first one's extension.
            return Err(wrong("not_a_number"));
        }
        let taken_off = trim(&cell[at..]);
        findings.push(Finding::on(Code::ValueDropped, column).value(taken_off).arg("reason", "extension"));
    }
    if has_words_before(cell) {
        findings.push(Finding::on(Code::ValueRepaired, column).value(cell).arg("result", &out));
    }
    if notes.country_assumed {
        let region = region.map(|region| region.as_str().to_owned()).unwrap_or_default();
        findings.push(Finding::on(Code::PhoneCountryAssumed, column).value(cell).arg("region", region));
    }
    if notes.legacy_form {
        findings.push(Finding::on(Code::PhoneLegacyForm, column).value(cell).hint(out.as_str()));
    }
    Ok(())
}

/// Whether a number follows words, as in `Tel. +55 11 91234-5678`, which are not kept.
fn has_words_before(cell: &str) -> bool {
    let begins = |sign: char| sign == '+' || sign.is_numeric();
    !cell.starts_with(begins) && cell.chars().take_while(|sign| !begins(*sign)).any(char::is_alphabetic)
}

/// A phone that a spreadsheet read as a number: `5511961234567.0`, or scientific notation with all digits.
pub(super) fn spreadsheet_number(context: CellContext<'_>, cell: &str) -> Result<Option<String>, Finding> {
    let mut number = String::new();
    match clean::clean_document(cell, &mut number) {
        Ok(Repaired::Yes) => Ok(Some(number)),
        Ok(Repaired::No) => Ok(None),
        Err(reason) => {
            let finding = Finding::on(Code::ValueSpoiled, context.column);
            Err(finding.value(cell).arg("reason", reason))
        }
    }
}

/// `5511961234567.0`: the phone library reads it as a number with one more digit.
fn is_decimal(cell: &str) -> bool {
    matches!(cell.as_bytes(), [digits @ .., b'.' | b',', b'0'] if digits.iter().all(u8::is_ascii_digit))
}

/// The content of a field's cells, as far as their repair depends on it.
pub(crate) fn holds(kind: FieldKind) -> Holds {
    match kind {
        FieldKind::Phone => Holds::Phone,
        FieldKind::Email | FieldKind::Website => Holds::Address,
        _ => Holds::Value,
    }
}
