//! Dates: ISO, or day, month and year in the order that the whole column shows (DIG-14).

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// What comes first in a date that is written with numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayOrder {
    /// 31/12/2026.
    #[serde(rename = "DD/MM/YYYY")]
    DayFirst,
    /// 12/31/2026.
    #[serde(rename = "MM/DD/YYYY")]
    MonthFirst,
}

impl DayOrder {
    /// The order as messages show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DayFirst => "DD/MM/YYYY",
            Self::MonthFirst => "MM/DD/YYYY",
        }
    }
}

/// Why a cell is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum DateFault {
    /// Not written as a date.
    NotADate,
    /// Written as a date, but there is no such day.
    NoSuchDay,
}

impl DateFault {
    /// The reason's name, where there is more to say than that it is no date.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotADate => "not_a_date",
            Self::NoSuchDay => "no_such_day",
        }
    }
}

/// What the cells of one column say about the order of day and month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderSeen {
    day_first: u64,
    month_first: u64,
    either: u64,
}

impl OrderSeen {
    /// Looks at one cell, without outer blanks.
    pub fn see(&mut self, cell: &str) {
        let Some((first, second, _)) = numbers(cell) else { return };
        match (first, second) {
            (13..=31, 1..=12) => self.day_first += 1,
            (1..=12, 13..=31) => self.month_first += 1,
            // The same day either way.
            (1..=12, 1..=12) if first != second => self.either += 1,
            _ => {}
        }
    }

    /// What both have seen.
    pub fn and(self, other: Self) -> Self {
        Self {
            day_first: self.day_first + other.day_first,
            month_first: self.month_first + other.month_first,
            either: self.either + other.either,
        }
    }

    /// The order, and whether it had to be assumed: no cell tells, or cells tell both.
    pub fn decide(self, usual: DayOrder) -> (DayOrder, bool) {
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

/// Writes a day to `out` as `YYYY-MM-DD`; answers `true` where a time of day was left out.
///
/// # Errors
/// Where the cell is no day, or there is none like it; `out` is then empty.
pub fn clean_date(cell: &str, order: DayOrder, out: &mut String) -> Result<bool, DateFault> {
    out.clear();
    let (day, time_left_out) = match numbers(cell) {
        Some((first, second, year)) => {
            let (day, month) = match order {
                DayOrder::DayFirst => (first, second),
                DayOrder::MonthFirst => (second, first),
            };
            (Date::new(year, month, day).map_err(|_| DateFault::NoSuchDay)?, false)
        }
        None => iso(cell)?,
    };
    out.push_str(&day.to_string());
    Ok(time_left_out)
}

/// Two short numbers and a year of four digits, with one sign between: slash, dot or hyphen.
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

/// `2026-12-31`, `2026/12/31` or `20261231`, perhaps with a time of day behind it.
fn iso(cell: &str) -> Result<(Date, bool), DateFault> {
    let slashed = cell.replace('/', "-");
    let Some(digits) = day_part(&slashed) else { return Err(DateFault::NotADate) };
    let day: Date = digits.parse().map_err(|_| DateFault::NoSuchDay)?;
    if digits.len() == slashed.len() {
        return Ok((day, false));
    }
    let text = slashed.trim_end_matches('Z');
    let moment: DateTime = text.parse().map_err(|_| DateFault::NotADate)?;
    Ok((day, moment.time() != jiff::civil::Time::midnight()))
}

/// The part of a cell that is a day in ISO form, by its shape alone.
fn day_part(cell: &str) -> Option<&str> {
    let shape = |len: usize| -> Option<String> {
        let part = cell.get(..len)?;
        Some(part.chars().map(|sign| if sign.is_ascii_digit() { '0' } else { sign }).collect())
    };
    let ends = |len: usize| matches!(cell.as_bytes().get(len), None | Some(b'T' | b't' | b' '));
    if shape(10).as_deref() == Some("0000-00-00") && ends(10) {
        return cell.get(..10);
    }
    (shape(8).as_deref() == Some("00000000") && cell.len() == 8).then_some(cell)
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
        use DayOrder::{DayFirst, MonthFirst};
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
            ("2026-03-01x", NotADate),
            ("é1/01/2026", NotADate),
        ] {
            assert_eq!(cleaned(cell, DayOrder::DayFirst), Err(fault), "{cell}");
        }
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
