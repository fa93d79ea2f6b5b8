//! Converts a cell of a sheet to the text that a delimited file would hold.

use std::fmt::Write as _;

use calamine::{DataRef, ExcelDateTime};

/// A spreadsheet keeps 15 digits: the last digits of a whole number from here on are zeros that nobody entered.
const DIGITS_KEPT: f64 = 1e15;
/// The day after the last one that a spreadsheet supports (1 January 10000).
const LAST_DAY: f64 = 2_958_466.0;

/// Whether a cell is empty; a cell with only a format is.
pub(super) fn is_empty(value: &DataRef<'_>) -> bool {
    match value {
        DataRef::Empty => true,
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.is_empty(),
        DataRef::SharedString(text) => text.is_empty(),
        _ => false,
    }
}

/// Appends a cell's text: texts unchanged, dates and times in ISO format, errors as the spreadsheet shows them.
pub(super) fn write(value: &DataRef<'_>, out: &mut String) {
    let written = match value {
        DataRef::Empty => Ok(()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            out.write_str(text)
        }
        DataRef::SharedString(text) => out.write_str(text),
        DataRef::Int(number) => write!(out, "{number}"),
        DataRef::Float(number) => write_number(*number, out),
        DataRef::Bool(flag) => write!(out, "{flag}"),
        DataRef::DateTime(time) => write_time(time, out),
        DataRef::Error(error) => write!(out, "{error}"),
    };
    written.expect("a text takes all that is written to it");
}

/// Writes the shortest text that parses to the same number; whole numbers without decimals.
///
/// A number with more digits than a spreadsheet keeps is written as the spreadsheet shows it, so that nobody takes
/// the digits for exact.
fn write_number(number: f64, out: &mut String) -> std::fmt::Result {
    if number.abs() >= DIGITS_KEPT {
        let text = format!("{number:E}");
        let (digits, exponent) = text.split_once('E').unwrap_or((&text, "0"));
        return write!(out, "{digits}E+{exponent}");
    }
    // Zero may have a sign.
    write!(out, "{}", if number == 0.0 { 0.0 } else { number })
}

fn write_time(time: &ExcelDateTime, out: &mut String) -> std::fmt::Result {
    let value = time.as_f64();
    if time.is_duration() {
        return write_duration(value, out);
    }
    if !(0.0..LAST_DAY).contains(&value) {
        return write_number(value, out);
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let is_time = value < 1.0;
    if !is_time {
        write!(out, "{year:04}-{month:02}-{day:02}")?;
    }
    if is_time || (hour, minute, second, milli) != (0, 0, 0, 0) {
        let between = if is_time { "" } else { "T" };
        write!(out, "{between}{hour:02}:{minute:02}:{second:02}")?;
    }
    if milli > 0 { write!(out, ".{milli:03}") } else { Ok(()) }
}

/// Hours may exceed 24.
fn write_duration(days: f64, out: &mut String) -> std::fmt::Result {
    let seconds = (days.abs() * 86_400.0).round() as u64;
    let sign = if days < 0.0 { "-" } else { "" };
    write!(out, "{sign}{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use calamine::{CellErrorType, ExcelDateTimeType};

    use super::*;

    fn text(value: DataRef<'_>) -> String {
        let mut out = String::new();
        write(&value, &mut out);
        out
    }

    fn day(value: f64, is_1904: bool) -> String {
        text(DataRef::DateTime(ExcelDateTime::new(value, ExcelDateTimeType::DateTime, is_1904)))
    }

    #[test]
    fn numbers_are_short_and_exact() {
        for (number, shown) in [
            (79_854_123.0, "79854123"),
            (5_511_998_765_432.0, "5511998765432"),
            (0.1, "0.1"),
            (-12.5, "-12.5"),
            (-0.0, "0"),
            (1.1, "1.1"),
            (999_999_999_999_999.0, "999999999999999"),
            (1_234_567_890_123_450.0, "1.23456789012345E+15"),
            (-1e20, "-1E+20"),
        ] {
            assert_eq!(text(DataRef::Float(number)), shown);
        }
        assert_eq!(text(DataRef::Int(7)), "7");
    }

    #[test]
    fn days_and_times_are_iso() {
        for (value, is_1904, shown) in [
            (45_943.0, false, "2025-10-13"),
            (45_943.5, false, "2025-10-13T12:00:00"),
            (44_481.0, true, "2025-10-13"),
            (59.0, false, "1900-02-28"),
            (61.0, false, "1900-03-01"),
            (0.375, false, "09:00:00"),
            (-1.0, false, "-1"),
            (4_000_000.0, false, "4000000"),
        ] {
            assert_eq!(day(value, is_1904), shown);
        }
        let duration = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(text(DataRef::DateTime(duration)), "36:00:00");
    }

    #[test]
    fn the_rest_is_as_it_is_shown() {
        assert_eq!(text(DataRef::SharedString("00123 ")), "00123 ");
        assert_eq!(text(DataRef::Bool(true)), "true");
        assert_eq!(text(DataRef::Error(CellErrorType::NA)), "#N/A");
        assert_eq!(text(DataRef::DateTimeIso("2025-10-13".to_owned())), "2025-10-13");
        assert!(is_empty(&DataRef::SharedString("")) && !is_empty(&DataRef::SharedString(" ")));
    }
}
