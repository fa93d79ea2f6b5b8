//! libphonenumber's `parse` and `is_valid_number` over the compiled plans, for cells of digits and plain punctuation.
//!
//! Each step is the library's own, under its name; whatever a step is not certain about is answered with `None`.

use super::PhoneFault;
use super::pattern::UNSET;
use super::plan::{LengthVerdict, Plan, Plans, Rules};
use super::table::MAX_DIGITS;

/// A few ASCII digits, on the stack.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    bytes: [u8; 32],
    length: u8,
}

impl Digits {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 32], length: 0 }
    }

    /// Copies ASCII digits; `None` when they are too many or something else.
    pub(super) fn copy(digits: &[u8]) -> Option<Self> {
        let mut copy = Self::new();
        copy.append(digits)?;
        digits.iter().all(u8::is_ascii_digit).then_some(copy)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(super) fn append(&mut self, digits: &[u8]) -> Option<()> {
        let end = self.length as usize + digits.len();
        self.bytes.get_mut(self.length as usize..end)?.copy_from_slice(digits);
        self.length = end as u8;
        Some(())
    }

    fn push(&mut self, digit: u8) -> Option<()> {
        *self.bytes.get_mut(self.length as usize)? = digit;
        self.length += 1;
        Some(())
    }

    fn after(&self, start: usize) -> Option<Self> {
        let mut rest = Self::new();
        rest.append(&self.as_bytes()[start..])?;
        Some(rest)
    }
}

/// A number taken apart.
pub(super) struct Parsed {
    /// The calling code.
    pub(super) country: u16,
    /// The national significant number.
    pub(super) national: Digits,
    /// Whether the calling code came from the region alone.
    pub(super) assumed: bool,
    /// Whether an extension was written.
    pub(super) extension: bool,
    /// Why the number is not valid, if it is not.
    pub(super) fault: Option<PhoneFault>,
}

/// What a byte is in a plain cell: 0 something else, 1 a digit, 2 punctuation between digits.
static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        class[digit as usize] = 1;
        digit += 1;
    }
    let signs = b" -.()/";
    let mut index = 0;
    while index < signs.len() {
        class[signs[index] as usize] = 2;
        index += 1;
    }
    class
};

/// Fewer digits than this are left to the library: a cell may be no number at all.
const FEWEST_DIGITS: usize = 5;

/// Takes the digits out of a plain cell, and tells whether a plus stands before them.
///
/// What stands before the first digit or plus counts for nothing (`extract_possible_number`), be it `tel:` or a
/// bracket; a semicolon would start a parameter (RFC 3966).
fn scan(cell: &[u8]) -> Option<(Digits, bool)> {
    let start = cell.iter().position(|&byte| byte == b'+' || CLASS[byte as usize] == 1)?;
    let (before, mut rest) = cell.split_at(start);
    if before.iter().any(|&byte| !byte.is_ascii() || byte == b';') {
        return None;
    }
    let plus = rest[0] == b'+';
    if plus {
        rest = &rest[1..];
    }
    let mut digits = Digits::new();
    for &byte in rest {
        match CLASS[byte as usize] {
            1 => digits.push(byte)?,
            2 => {}
            _ => return None,
        }
    }
    (FEWEST_DIGITS..=MAX_DIGITS).contains(&digits.as_bytes().len()).then_some((digits, plus))
}

/// Parses and judges a plain cell; `None` leaves it to the library.
pub(super) fn parse_plain(cell: &str, region: Option<&'static Plan>) -> Option<Result<Parsed, PhoneFault>> {
    let (digits, plus) = scan(cell.as_bytes())?;
    if plus {
        let (country, taken) = Plans::get().country_of(digits.as_bytes())?;
        return finish(country.code, digits.after(taken)?, false, None);
    }
    let Some(plan) = region else {
        return Some(Err(PhoneFault::RegionNeeded));
    };
    let rules = plan.rules()?;
    if let Some(start) = after_international_prefix(rules, digits.as_bytes()) {
        return parse_dialled(&digits, start);
    }
    match without_own_code(plan, rules, &digits)? {
        Some(national) => finish(plan.code, national, false, None),
        None => finish(plan.code, digits, true, Some(plan)),
    }
}

/// `parse_prefix_as_idd`: an international prefix counts unless a zero follows.
fn after_international_prefix(rules: &Rules, digits: &[u8]) -> Option<usize> {
    let end = usize::from(rules.international.as_ref()?.find(digits)?[1]);
    (digits.get(end) != Some(&b'0')).then_some(end)
}

fn parse_dialled(digits: &Digits, start: usize) -> Option<Result<Parsed, PhoneFault>> {
    let rest = &digits.as_bytes()[start..];
    if rest.len() <= 2 {
        return Some(Err(PhoneFault::TooShort));
    }
    match Plans::get().country_of(rest) {
        Some((country, taken)) => finish(country.code, digits.after(start + taken)?, false, None),
        None => Some(Err(PhoneFault::CountryUnknown)),
    }
}

/// `maybe_extract_country_code`, last part: digits that begin with the region's own code, and make sense only so.
///
/// The outer `None` is doubt, the inner one a national number.
fn without_own_code(plan: &Plan, rules: &Rules, digits: &Digits) -> Option<Option<Digits>> {
    let Some((code, taken)) = Plans::get().country_of(digits.as_bytes()) else { return Some(None) };
    if code.code != plan.code {
        return Some(None);
    }
    let rest = digits.after(taken)?;
    let potential = strip_national_prefix(rules, &rest)?.unwrap_or(rest);
    let mends = !rules.general.holds(digits.as_bytes()) && rules.general.holds(potential.as_bytes());
    let too_long = rules.judge_length(digits.as_bytes().len()) == LengthVerdict::TooLong;
    Some((mends || too_long).then_some(potential))
}

/// `maybe_strip_national_prefix_and_carrier_code`; the outer `None` is doubt, the inner one leaves the digits alone.
fn strip_national_prefix(rules: &Rules, digits: &Digits) -> Option<Option<Digits>> {
    let bytes = digits.as_bytes();
    let Some(prefix) = rules.national.as_ref().filter(|_| !bytes.is_empty()) else { return Some(None) };
    let Some(slots) = prefix.find(bytes) else { return Some(None) };
    let group = |group: usize| {
        let (start, end) = (slots[2 * group], slots[2 * group + 1]);
        (end != UNSET).then(|| &bytes[start as usize..end as usize])
    };
    let rest = &bytes[slots[1] as usize..];
    let captured = match (group(1), group(2)) {
        (Some(_), Some(second)) => !second.is_empty(),
        (Some(first), None) => !first.is_empty(),
        (None, _) => false,
    };
    let mut stripped = Digits::new();
    if let Some((lead, number)) = rules.transform.as_ref().filter(|_| captured) {
        stripped.append(lead.as_bytes())?;
        stripped.append(group(*number).unwrap_or_default())?;
    }
    stripped.append(rest)?;
    if stripped.as_bytes().len() > MAX_DIGITS {
        return None;
    }
    let spoils = rules.general.holds(bytes) && !rules.general.holds(stripped.as_bytes());
    Some((!spoils).then_some(stripped))
}

/// The end of `parse_helper`, then `is_valid_number`. `plan` is the region's where no calling code was found.
fn finish(
    code: u16,
    digits: Digits,
    assumed: bool,
    plan: Option<&'static Plan>,
) -> Option<Result<Parsed, PhoneFault>> {
    let plans = Plans::get();
    let country = plans.country(code)?;
    let main = &plans.plans[country.main];
    let rules = plan.unwrap_or(main).rules()?;
    if digits.as_bytes().len() < 2 {
        return Some(Err(PhoneFault::TooShort));
    }
    let national = match strip_national_prefix(rules, &digits)? {
        Some(stripped) if keeps(rules.judge_length(stripped.as_bytes().len())) => stripped,
        _ => digits,
    };
    let bytes = national.as_bytes();
    // The library counts leading zeros apart; more than any plan has are left to it.
    if bytes.starts_with(b"000") {
        return None;
    }
    if bytes.len() < 2 {
        return Some(Err(PhoneFault::TooShort));
    }
    let fault = if country.valid()?.holds(bytes) {
        None
    } else {
        Some(fault_of(main.rules()?.judge_length(bytes.len())))
    };
    Some(Ok(Parsed { country: code, national, assumed, extension: false, fault }))
}

/// A national prefix is taken off only where a number of a fair length stays.
fn keeps(verdict: LengthVerdict) -> bool {
    matches!(verdict, LengthVerdict::Possible | LengthVerdict::TooLong)
}

/// Says why a number that was parsed is not valid.
pub(super) fn fault_of(verdict: LengthVerdict) -> PhoneFault {
    match verdict {
        LengthVerdict::TooShort | LengthVerdict::LocalOnly => PhoneFault::TooShort,
        LengthVerdict::TooLong => PhoneFault::TooLong,
        LengthVerdict::Possible | LengthVerdict::Between => PhoneFault::InvalidForCountry,
    }
}
