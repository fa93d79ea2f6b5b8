//! Dates: ISO, or day, month and year in the order that the whole column shows (DIG-14).

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::clean::empty_word::is_empty_word;

/// The order of day and month in a date of numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayOrder {
    /// 31/12/2026.
    #[serde(rename = "DD/MM/YYYY")]
    DayFirst,
    /// 12/31/2026.
    #[serde(rename = "MM/DD/YYYY")]
    MonthFirst,
    /// Excel's days since 30 December 1899, in a column that holds nothing else.
    #[serde(rename = "serial")]
    Serial,
}

impl DayOrder {
    /// The order as messages show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DayFirst => "DD/MM/YYYY",
            Self::MonthFirst => "MM/DD/YYYY",
            Self::Serial => "serial",
        }
    }
}

/// The reason why a cell is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum DateFault {
    /// The cell does not look like a date.
    NotADate,
    /// The cell looks like a date, but there is no such day.
    NoSuchDay,
}

impl DateFault {
    /// The reason's name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotADate => "not_a_date",
            Self::NoSuchDay => "no_such_day",
        }
    }
}

/// Counts the evidence for the order of day and month in the cells of one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderSeen {
    day_first: u64,
    month_first: u64,
    either: u64,
    /// Cells that can be a spreadsheet's serial number of a day, and filled cells that cannot.
    serials: u64,
    others: u64,
}

impl OrderSeen {
    /// Examines one cell, without outer blanks.
    pub fn see(&mut self, cell: &str) {
        let Some((first, second, _)) = numbers(split_time(cell).0) else { return self.see_other(cell) };
        self.others += 1;
        match (first, second) {
            (13..=31, 1..=12) => self.day_first += 1,
            (1..=12, 13..=31) => self.month_first += 1,
            // With equal numbers both orders give the same day.
            (1..=12, 1..=12) if first != second => self.either += 1,
            _ => {}
        }
    }

    fn see_other(&mut self, cell: &str) {
        if serial(cell).is_some() {
            self.serials += 1;
        } else if !cell.is_empty() && !is_empty_word(cell) {
            self.others += 1;
        }
    }

    /// Adds the counts of two parts of a column.
    pub fn and(self, other: Self) -> Self {
        Self {
            day_first: self.day_first + other.day_first,
            month_first: self.month_first + other.month_first,
            either: self.either + other.either,
            serials: self.serials + other.serials,
            others: self.others + other.others,
        }
    }

    /// Returns the order, and whether it is assumed: no cell, or contradicting cells, determine it.
    pub fn decide(self, usual: DayOrder) -> (DayOrder, bool) {
        if self.serials > 0 && self.others == 0 {
            return (DayOrder::Serial, false);
        }
        match (self.day_first, self.month_first) {
            (0, 0) => (usual, self.either > 0),
            (_, 0) => (DayOrder::DayFirst, false),
            (0, _) => (DayOrder::MonthFirst, false),
            (days, months) if days == months => (usual, true),
            (days, months) if days > months => (DayOrder::DayFirst, true),
            _ => (DayOrder::MonthFirst, true),
        }
    }
}

/// A day, and the time of day in the same cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment<'c> {
    /// The day.
    pub day: Date,
    /// The time; midnight if the cell has none.
    pub time: Time,
    /// The time as the cell has it, if it is not midnight.
    pub time_written: Option<&'c str>,
}

/// Writes a day to `out` as `YYYY-MM-DD`; returns the time of day that it omits.
///
/// # Errors
/// If the cell is not a date, or there is no such day; `out` is then empty.
pub fn clean_date<'c>(
    cell: &'c str,
    order: DayOrder,
    out: &mut String,
) -> Result<Option<&'c str>, DateFault> {
    out.clear();
    let moment = read_moment(cell, order)?;
    out.push_str(&moment.day.to_string());
    Ok(moment.time_written)
}

/// Parses a day with or without a time.
///
/// # Errors
/// If the cell is not a date, or there is no such day.
pub fn read_moment(cell: &str, order: DayOrder) -> Result<Moment<'_>, DateFault> {
    if let Some((day, fraction)) = serial(cell).filter(|_| order == DayOrder::Serial) {
        let time_written = fraction.contains(|sign| ('1'..='9').contains(&sign)).then_some(fraction);
        return Ok(Moment { day, time: Time::midnight(), time_written });
    }
    let (day, written) = split_time(cell);
    let day = match numbers(day) {
        Some((first, second, year)) => {
            let (day, month) = match order {
                DayOrder::DayFirst | DayOrder::Serial => (first, second),
                DayOrder::MonthFirst => (second, first),
            };
            Date::new(year, month, day).map_err(|_| DateFault::NoSuchDay)?
        }
        None => iso(day)?,
    };
    let time =
        if written.is_empty() { Time::midnight() } else { time(written).ok_or(DateFault::NotADate)? };
    let time_written = (time != Time::midnight()).then_some(written);
    Ok(Moment { day, time, time_written })
}

/// The range of serial numbers that are accepted: 1927 to 2099, enough for births and appointments.
const SERIALS: std::ops::RangeInclusive<i32> = 10_000..=73_050;

/// A spreadsheet's serial number of a day, and the fraction of a day with its decimal separator.
fn serial(cell: &str) -> Option<(Date, &str)> {
    let (days, fraction) = cell.split_at_checked(5)?;
    let plain = days.bytes().all(|byte| byte.is_ascii_digit());
    let fractional = fraction.is_empty()
        || (fraction.len() > 1
            && fraction.starts_with(['.', ','])
            && fraction[1..].bytes().all(|byte| byte.is_ascii_digit()));
    let days = days.parse().ok().filter(|days| plain && fractional && SERIALS.contains(days))?;
    let day = jiff::civil::date(1899, 12, 30).checked_add(days.days()).ok()?;
    Some((day, fraction))
}

/// The part of a cell before a time of day, and the time; the time is empty if the cell has none.
fn split_time(cell: &str) -> (&str, &str) {
    let bytes = cell.as_bytes();
    let at = bytes.iter().position(|byte| matches!(byte, b' ' | b'T' | b't'));
    let after_digit = at.filter(|at| *at > 0 && bytes[at - 1].is_ascii_digit());
    match after_digit {
        Some(at) if cell.len() > at + 1 => (&cell[..at], cell[at + 1..].trim_start()),
        _ => (cell, ""),
    }
}

/// `14:00`, `14:00:30.5`, `2:30 PM`, `14h30`, with or without a zone, which is ignored.
fn time(written: &str) -> Option<Time> {
    let lower = written.to_ascii_lowercase().replace('h', ":");
    let local = lower.trim_end_matches('z');
    let local = local.split_once(['+', '-']).map_or(local, |(local, _)| local).trim_end();
    let plain = local.replace("a.m.", "am").replace("p.m.", "pm");
    let (digits, half) = match (plain.strip_suffix("am"), plain.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (&*plain, None),
    };
    let mut parts = digits.trim_end().split(':');
    let hour = short_number(parts.next()?)?;
    let minute = parts.next()?;
    let minute = if minute.is_empty() { 0 } else { short_number(minute)? };
    let second = parts.next().map_or(Some(0), |second| short_number(second.split(['.', ',']).next()?))?;
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    parts.next().is_none().then(|| Time::new(hour, minute, second, 0).ok())?
}

fn short_number(digits: &str) -> Option<i8> {
    let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// Two short numbers and a year of four digits, with the same separator twice: slash, dot or hyphen.
fn numbers(cell: &str) -> Option<(i8, i8, i16)> {
    let sign =
        cell.chars().find(|sign| !sign.is_ascii_digit()).filter(|sign| matches!(sign, '/' | '.' | '-'))?;
    let mut parts = cell.split(sign);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let whole = parts.next().is_none() && plain(first, 1..=2) && plain(second, 1..=2) && plain(year, 4..=4);
    if !whole {
        return None;
    }
    Some((first.parse().ok()?, second.parse().ok()?, year.parse().ok()?))
}

/// `2026-12-31`, `2026/12/31` or `20261231`.
fn iso(cell: &str) -> Result<Date, DateFault> {
    let slashed = cell.replace('/', "-");
    let shape: String = slashed.chars().map(|sign| if sign.is_ascii_digit() { '0' } else { sign }).collect();
    if shape != "0000-00-00" && shape != "00000000" {
        return Err(DateFault::NotADate);
    }
    slashed.parse().map_err(|_| DateFault::NoSuchDay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(cell: &str, order: DayOrder) -> Result<String, DateFault> {
        let mut out = String::from("before");
        clean_date(cell, order, &mut out).map(|_| out)
    }

    #[test]
    fn iso_and_either_order_are_read() {
        use DayOrder::{DayFirst, MonthFirst, Serial};
        for (cell, order, day) in [
            ("2026-03-01", DayFirst, "2026-03-01"),
            ("2026/03/01", MonthFirst, "2026-03-01"),
            ("20260301", DayFirst, "2026-03-01"),
            ("2026-03-01T00:00:00", DayFirst, "2026-03-01"),
            ("2026-03-01 09:30:00", DayFirst, "2026-03-01"),
            ("2026-03-01T09:30:00Z", DayFirst, "2026-03-01"),
            ("01/03/2026", DayFirst, "2026-03-01"),
            ("3/1/2026", MonthFirst, "2026-03-01"),
            ("1.3.2026", DayFirst, "2026-03-01"),
            ("01-03-2026", DayFirst, "2026-03-01"),
            ("29/02/2024", DayFirst, "2024-02-29"),
            ("01/02/2026 00:00", DayFirst, "2026-02-01"),
            ("1/2/2026 0:00:00", MonthFirst, "2026-01-02"),
            ("05/12/2026 14:00", DayFirst, "2026-12-05"),
            ("20260301 10:00", DayFirst, "2026-03-01"),
            ("2026-03-01T09:30:00+02:00", DayFirst, "2026-03-01"),
            ("45992", Serial, "2025-12-01"),
            ("45992.0", Serial, "2025-12-01"),
            ("36526,75", Serial, "2000-01-01"),
        ] {
            assert_eq!(cleaned(cell, order).as_deref(), Ok(day), "{cell}");
        }
    }

    #[test]
    fn what_is_no_day_says_why() {
        use DateFault::{NoSuchDay, NotADate};
        for (cell, fault) in [
            ("29/02/2023", NoSuchDay),
            ("2023-02-29", NoSuchDay),
            ("31/04/2026", NoSuchDay),
            ("12/31/2026", NoSuchDay),
            ("00/01/2026", NoSuchDay),
            ("1/2/26", NotADate),
            ("tomorrow", NotADate),
            ("01/02.2026", NotADate),
            ("2026-3-1", NotADate),
            ("45992", NotADate),
            ("01/02/2026 25:00", NotADate),
            ("01/02/2026 soon", NotADate),
            ("01/02/2026 13:00 pm", NotADate),
            ("31/04/2026 10:00", NoSuchDay),
            ("2026-03-01x", NotADate),
            ("é1/01/2026", NotADate),
        ] {
            assert_eq!(cleaned(cell, DayOrder::DayFirst), Err(fault), "{cell}");
        }
    }

    #[test]
    fn a_time_is_told_unless_it_is_midnight() {
        for (cell, time) in [
            ("01/02/2026 00:00", None),
            ("01/02/2026 12:00:00 AM", None),
            ("2026-02-01T00:00:00.000Z", None),
            ("2026-02-01 00:00:00", None),
            ("05/12/2026 14:00", Some("14:00")),
            ("05/12/2026 2:30 PM", Some("2:30 PM")),
            ("05/12/2026 2:30 p.m.", Some("2:30 p.m.")),
            ("05/12/2026  14h30", Some("14h30")),
            ("2026-12-05T14:00:01.5+02:00", Some("14:00:01.5+02:00")),
        ] {
            assert_eq!(clean_date(cell, DayOrder::DayFirst, &mut String::new()), Ok(time), "{cell}");
        }
    }

    #[test]
    fn a_column_of_serial_numbers_is_one_of_days() {
        let order = |cells: &[&str]| {
            let mut seen = OrderSeen::default();
            cells.iter().for_each(|cell| seen.see(cell));
            seen.decide(DayOrder::MonthFirst)
        };
        for cells in [&["45992", "", "45993.5"][..], &["36526"], &["45992", "N/A", "10001"]] {
            assert_eq!(order(cells), (DayOrder::Serial, false), "{cells:?}");
        }
        for cells in [&["45992", "2026-01-01"][..], &["45992", "1"], &["99999"], &["45992", "soon"], &[""]] {
            assert_eq!(order(cells).0, DayOrder::MonthFirst, "{cells:?}");
        }
        let with_time = order(&["05/12/2026 14:00", "13/12/2026 10:00"]);
        assert_eq!(with_time, (DayOrder::DayFirst, false));
    }

    #[test]
    fn dig_14_the_whole_column_tells_the_order() {
        use DayOrder::{DayFirst, MonthFirst};
        for (cells, usual, decided) in [
            (&["01/02/2026", "13/02/2026"][..], MonthFirst, (DayFirst, false)),
            (&["01/02/2026", "02/13/2026"], DayFirst, (MonthFirst, false)),
            (&["01/02/2026", "03/04/2026"], DayFirst, (DayFirst, true)),
            (&["01/02/2026"], MonthFirst, (MonthFirst, true)),
            (&["2026-01-02", "05/05/2026", ""], DayFirst, (DayFirst, false)),
            (&["13/02/2026", "02/13/2026", "14/02/2026"], MonthFirst, (DayFirst, true)),
            (&["13/02/2026", "02/13/2026"], MonthFirst, (MonthFirst, true)),
        ] {
            let mut seen = OrderSeen::default();
            cells.iter().for_each(|cell| seen.see(cell));
            assert_eq!(seen.decide(usual), decided, "{cells:?}");
        }
    }
}
