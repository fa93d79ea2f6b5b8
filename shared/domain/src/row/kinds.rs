//! Cleans the less common field kinds.

use crate::clean;
use crate::clean::{DateFault, DayOrder};
use crate::clean::{Region, Repaired};
use crate::profile::compiled::Field;
use crate::profile::header::fold;
use crate::row::fold::fold_name;
use crate::row::fold::push_single_blanks;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Column;
use crate::types::finding::Finding;

/// Cleans one cell into `out`, which is empty; adds warnings to `findings`; the error is the cell's fault.
pub(super) fn clean(
    context: CellContext<'_>,
    cell: &str,
    out: &mut String,
    findings: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let wrong = |code: Code| Finding::on(code, context.column).value(cell);
    match context.field.kind {
        FieldKind::Number => {
            out.push_str(&number(cell).ok_or_else(|| wrong(Code::NumberInvalid))?.to_string())
        }
        FieldKind::Timestamp => {
            let invalid = |fault: DateFault| wrong(Code::DateInvalid).arg("reason", fault.as_str());
            out.push_str(&timestamp(cell, context.order).map_err(invalid)?);
            findings.extend((context.order == DayOrder::Serial).then(|| repaired(context, cell, out)));
        }
        FieldKind::Region => {
            let region = Region::parse(&cell.to_ascii_uppercase());
            out.push_str(region.ok_or_else(|| wrong(Code::ValueUnknown))?.as_str());
        }
        FieldKind::Programs => programs(cell, out).map_err(|()| wrong(Code::ValueUnknown))?,
        FieldKind::Choice => out.push_str(
            choice(context.field, cell)
                .map_err(|allowed| wrong(Code::ValueUnknown).arg("allowed", allowed))?,
        ),
        FieldKind::Flag => {
            let flag = clean::parse_flag(cell).ok_or_else(|| wrong(Code::ValueUnknown))?;
            out.push_str(if flag { "true" } else { "false" });
        }
        FieldKind::Date => {
            let time_left_out = clean::clean_date(cell, context.order, out)
                .map_err(|fault| wrong(Code::DateInvalid).arg("reason", fault.as_str()))?;
            findings.extend((context.order == DayOrder::Serial).then(|| repaired(context, cell, out)));
            let dropped =
                |time| Finding::on(Code::ValueDropped, context.column).value(time).arg("reason", "time");
            findings.extend(time_left_out.map(dropped));
        }
        FieldKind::Window if clean::is_window(cell) => out.push_str(cell),
        FieldKind::Window => return Err(wrong(Code::WindowInvalid)),
        FieldKind::Document => {
            let change = clean::clean_document(cell, out)
                .map_err(|fault| wrong(Code::ValueSpoiled).arg("reason", fault))?;
            findings.extend((change == Repaired::Yes).then(|| repaired(context, cell, out)));
        }
        FieldKind::Tags => tags(context, cell, out, findings),
        plain => unreachable!("cleaned by the caller: {plain:?}"),
    }
    Ok(())
}

fn repaired(context: CellContext<'_>, cell: &str, result: &str) -> Finding {
    Finding::on(Code::ValueRepaired, context.column).value(cell).arg("result", result)
}

/// Parses a number with a decimal comma or point; if both occur, the last is the decimal one.
fn number(cell: &str) -> Option<f64> {
    let decimal = cell.rfind([',', '.']);
    let grouped = |at: usize| cell[..at].contains([',', '.']) && cell[at..].len() > 1;
    let plain = match decimal {
        Some(at) if grouped(at) => {
            let (whole, rest) = cell.split_at(at);
            (!whole.contains(&rest[..1]))
                .then(|| format!("{}.{}", whole.replace([',', '.'], ""), &rest[1..]))?
        }
        _ => cell.replace(',', "."),
    };
    plain.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Formats a day or a moment so that texts sort like times: `2026-01-31` or `2026-01-31T10:00:00Z`.
fn timestamp(cell: &str, order: DayOrder) -> Result<String, DateFault> {
    if let Ok(moment) = cell.parse::<jiff::Timestamp>() {
        return Ok(moment.to_string());
    }
    if cell.len() > 10
        && let Ok(moment) = cell.parse::<jiff::civil::DateTime>()
    {
        return Ok(format!("{moment}Z"));
    }
    let moment = clean::read_moment(cell, order)?;
    let timed = order != DayOrder::Serial && (moment.time_written.is_some() || cell.contains(':'));
    let text =
        if timed { format!("{}Z", moment.day.to_datetime(moment.time)) } else { moment.day.to_string() };
    Ok(text)
}

fn programs(cell: &str, out: &mut String) -> Result<(), ()> {
    for name in cell.split('|').map(str::trim).filter(|name| !name.is_empty()) {
        crate::types::names::ProgramName::parse(name).map_err(|_| ())?;
        if !out.is_empty() {
            out.push('|');
        }
        out.push_str(name);
    }
    Ok(())
}

/// The value that a word means; otherwise an error with the allowed values.
fn choice<'f>(field: &'f Field, cell: &str) -> Result<&'f str, String> {
    field.words.get(&fold(cell)).map(String::as_str).ok_or_else(|| field.values.join(", "))
}

/// Tags in the order of the cell, each once (SAG-10).
fn tags(context: CellContext<'_>, cell: &str, out: &mut String, findings: &mut Vec<Finding>) {
    let ignored = || Finding::on(Code::TagIgnored, context.column);
    let mut seen: Vec<String> = Vec::new();
    // Google's export separates labels by three colons.
    for tag in cell.split(":::").flat_map(|part| part.split(',')).map(str::trim) {
        let mut key = String::new();
        fold_name(tag, &mut key);
        if key.is_empty() {
            findings.push(ignored());
        } else if seen.contains(&key) {
            findings.push(ignored().value(tag));
        } else {
            if !out.is_empty() {
                out.push_str(TAGS_BETWEEN);
            }
            push_single_blanks(tag, out);
            seen.push(key);
        }
    }
}

/// The separator of tags in a cleaned cell.
pub(crate) const TAGS_BETWEEN: &str = ", ";

/// The context for cleaning a cell.
#[derive(Clone, Copy)]
pub(super) struct CellContext<'a> {
    pub(super) field: &'a Field,
    pub(super) region: Option<Region>,
    pub(super) order: DayOrder,
    pub(super) column: &'a Column,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_needs_no_time_and_takes_the_programs_order() {
        use DayOrder::{DayFirst, MonthFirst, Serial};
        for (cell, order, text) in [
            ("2026-01-31", DayFirst, Some("2026-01-31")),
            ("2026-01-31T10:00:00Z", DayFirst, Some("2026-01-31T10:00:00Z")),
            ("2026-01-31 10:00", DayFirst, Some("2026-01-31T10:00:00Z")),
            ("2026-01-31T00:00:00", DayFirst, Some("2026-01-31T00:00:00Z")),
            ("2026-01-31T12:00:00+02:00", DayFirst, Some("2026-01-31T10:00:00Z")),
            ("05/12/2019", DayFirst, Some("2019-12-05")),
            ("05/12/2019", MonthFirst, Some("2019-05-12")),
            ("31.12.2019 10:30", DayFirst, Some("2019-12-31T10:30:00Z")),
            ("45992", Serial, Some("2025-12-01")),
            ("45992", DayFirst, None),
            ("soon", DayFirst, None),
        ] {
            assert_eq!(timestamp(cell, order).ok().as_deref(), text, "{cell}");
        }
    }

    #[test]
    fn decimal_signs_of_five_languages_are_read() {
        for (cell, value) in [
            ("12", Some(12.0)),
            ("1,5", Some(1.5)),
            ("1.5", Some(1.5)),
            ("1.234,5", Some(1234.5)),
            ("1,234.5", Some(1234.5)),
            ("1.234.567,5", Some(1_234_567.5)),
            ("-0,5", Some(-0.5)),
            ("1,2,3", None),
            ("twelve", None),
            ("inf", None),
        ] {
            assert_eq!(number(cell), value, "{cell}");
        }
    }
}
