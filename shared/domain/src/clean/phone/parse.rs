//! libphonenumber's `parse` and `is_valid_number` over the compiled plans, for cells of digits and plain punctuation.
//!
//! Each step mirrors a step of the library and has its name. A step that is not certain returns `None`.

use crate::clean::phone::PhoneFault;
use crate::clean::phone::pattern::UNSET;
use crate::clean::phone::plan::{Country, LengthVerdict, Plan, Plans, Rules};
use crate::clean::phone::table::MAX_DIGITS;

/// The most bytes that [`Digits`] reads.
const ROOM: usize = 32;

/// A few ASCII digits, on the stack.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    bytes: [u8; ROOM],
    start: u8,
    end: u8,
}

impl Digits {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; ROOM], start: 0, end: 0 }
    }

    /// Copies ASCII digits; `None` if there are too many, or other characters.
    pub(super) fn copy(digits: &[u8]) -> Option<Self> {
        let mut copy = Self::new();
        copy.append(digits)?;
        digits.iter().all(u8::is_ascii_digit).then_some(copy)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start as usize..self.end as usize]
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(super) fn append(&mut self, digits: &[u8]) -> Option<()> {
        let end = self.end as usize + digits.len();
        self.bytes.get_mut(self.end as usize..end)?.copy_from_slice(digits);
        self.end = end as u8;
        Some(())
    }

    /// Removes digits from the start.
    fn take_off(&mut self, taken: usize) {
        self.start = self.end.min(self.start + taken as u8);
    }
}

/// A parsed number; its national significant number is in the caller's [`Digits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The calling code.
    pub(super) country: u16,
    /// Whether the calling code comes only from the region.
    pub(super) assumed: bool,
    /// The position of an extension in the cell.
    pub(super) extension: Option<usize>,
    /// The reason why the number is invalid, if it is.
    pub(super) fault: Option<PhoneFault>,
}

/// The role of a byte in a plain cell: 0 other, 1 digit, 2 punctuation between digits.
static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        class[digit as usize] = 1;
        digit += 1;
    }
    let signs = b" -.()/[]";
    let mut index = 0;
    while index < signs.len() {
        class[signs[index] as usize] = 2;
        index += 1;
    }
    class
};

/// The library handles cells with fewer digits: they may not be numbers at all.
const FEWEST_DIGITS: usize = 3;

/// Extracts the digits of a plain cell; returns whether a plus precedes them.
///
/// Characters before the first digit or plus are ignored (`extract_possible_number`), such as `tel:` or a bracket; a
/// semicolon would start a parameter (RFC 3966).
fn scan(cell: &[u8], digits: &mut Digits) -> Option<bool> {
    let start = cell.iter().position(|&byte| byte == b'+' || CLASS[byte as usize] == 1)?;
    let (before, mut rest) = cell.split_at(start);
    if before.iter().any(|&byte| !byte.is_ascii() || byte == b';') {
        return None;
    }
    let plus = rest[0] == b'+';
    if plus {
        rest = &rest[1..];
    }
    take_digits(rest, digits).or_else(|| take_digits_of_wide(rest, digits))?;
    (FEWEST_DIGITS..=MAX_DIGITS).contains(&digits.as_bytes().len()).then_some(plus)
}

/// Drops the punctuation; without branches, because its positions are unpredictable.
fn take_digits(text: &[u8], digits: &mut Digits) -> Option<()> {
    if text.len() > ROOM {
        return None;
    }
    let (mut end, mut plain) = (0, true);
    for &byte in text {
        let class = CLASS[byte as usize];
        digits.bytes[end % ROOM] = byte;
        end += usize::from(class == 1);
        plain &= class != 0;
    }
    digits.end = end as u8;
    plain.then_some(())
}

/// Also drops punctuation beyond ASCII, which spreadsheets and word processors produce.
fn take_digits_of_wide(text: &[u8], digits: &mut Digits) -> Option<()> {
    let text = str::from_utf8(text).ok().filter(|text| !text.is_ascii())?;
    *digits = Digits::new();
    for c in text.chars() {
        match c {
            '0'..='9' => digits.append(&[c as u8])?,
            _ if c.is_ascii() && CLASS[c as usize] == 2 => {}
            // Blanks and dashes of the library's `VALID_PUNCTUATION`.
            '\u{a0}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}' | '\u{2060}' | '\u{3000}' => {}
            _ => return None,
        }
    }
    Some(())
}

/// Parses and validates a plain cell into `digits`, which must be empty; `None` leaves the cell to the library.
pub(super) fn parse_plain(
    cell: &str,
    region: Option<&'static Plan>,
    digits: &mut Digits,
) -> Option<Result<Parsed, PhoneFault>> {
    let plus = scan(cell.as_bytes(), digits)?;
    let plans = Plans::get();
    if plus && let Some((country, taken)) = plans.country_of(digits.as_bytes()) {
        digits.take_off(taken);
        return finish(plans, country, digits, None);
    }
    // A plus before an unknown code is dropped, and a code is looked for again.
    let Some(plan) = region else {
        return Some(Err(if plus { PhoneFault::CountryUnknown } else { PhoneFault::RegionNeeded }));
    };
    let rules = plan.rules()?;
    if let Some(start) = after_international_prefix(rules, digits.as_bytes()) {
        digits.take_off(start);
        return parse_dialled(plans, digits);
    }
    let own = &plans.countries[plan.country];
    if take_off_own_code(own.code, rules, digits)? {
        finish(plans, own, digits, None)
    } else if plus {
        Some(Err(PhoneFault::CountryUnknown))
    } else {
        finish(plans, own, digits, Some(rules))
    }
}

/// `parse_prefix_as_idd`: an international prefix counts unless a zero follows.
fn after_international_prefix(rules: &Rules, digits: &[u8]) -> Option<usize> {
    let end = usize::from(rules.international.as_ref()?.find(digits)?[1]);
    (digits.get(end) != Some(&b'0')).then_some(end)
}

fn parse_dialled(plans: &'static Plans, digits: &mut Digits) -> Option<Result<Parsed, PhoneFault>> {
    if digits.as_bytes().len() <= 2 {
        return Some(Err(PhoneFault::TooShort));
    }
    match plans.country_of(digits.as_bytes()) {
        Some((country, taken)) => {
            digits.take_off(taken);
            finish(plans, country, digits, None)
        }
        None => Some(Err(PhoneFault::CountryUnknown)),
    }
}

/// `maybe_extract_country_code`, last part: digits that begin with the region's own code, and are only valid without
/// it.
fn take_off_own_code(code: u16, rules: &Rules, digits: &mut Digits) -> Option<bool> {
    let bytes = digits.as_bytes();
    let Some(taken) = length_of_code(code, bytes) else { return Some(false) };
    let stripped = strip_national_prefix(rules, &bytes[taken..])?;
    let fixes = !rules.general.holds(bytes) && rules.general.holds(stripped.of(&bytes[taken..]));
    let too_long = rules.judge_length(bytes.len()) == LengthVerdict::TooLong;
    if fixes || too_long {
        digits.take_off(taken);
        stripped.apply(digits);
    }
    Some(fixes || too_long)
}

/// Returns the length of a calling code, if the digits begin with it.
fn length_of_code(code: u16, digits: &[u8]) -> Option<usize> {
    let mut read = 0;
    for (index, digit) in digits.iter().take(3).enumerate() {
        read = read * 10 + u16::from(digit - b'0');
        if read == 0 {
            return None;
        }
        if read == code {
            return Some(index + 1);
        }
    }
    None
}

/// The digits without the national prefix.
enum Stripped {
    /// All digits: there is no prefix.
    Same,
    /// The digits after a prefix of this length.
    After(usize),
    /// Other digits, by the plan's transform rule.
    Instead(Digits),
}

impl Stripped {
    fn of<'digits>(&'digits self, digits: &'digits [u8]) -> &'digits [u8] {
        match self {
            Self::Same => digits,
            Self::After(taken) => &digits[*taken..],
            Self::Instead(digits) => digits.as_bytes(),
        }
    }

    fn apply(self, digits: &mut Digits) {
        match self {
            Self::Same => {}
            Self::After(taken) => digits.take_off(taken),
            Self::Instead(others) => *digits = others,
        }
    }
}

/// `maybe_strip_national_prefix_and_carrier_code`.
fn strip_national_prefix(rules: &Rules, bytes: &[u8]) -> Option<Stripped> {
    let Some(prefix) = rules.national.as_ref().filter(|_| !bytes.is_empty()) else {
        return Some(Stripped::Same);
    };
    let Some(slots) = prefix.find(bytes) else { return Some(Stripped::Same) };
    let group = |group: usize| {
        let (start, end) = (slots[2 * group], slots[2 * group + 1]);
        (end != UNSET).then(|| &bytes[start as usize..end as usize])
    };
    let captured = match (group(1), group(2)) {
        (Some(_), Some(second)) => !second.is_empty(),
        (Some(first), None) => !first.is_empty(),
        (None, _) => false,
    };
    let rest = &bytes[slots[1] as usize..];
    let stripped = match rules.transform.as_ref().filter(|_| captured) {
        None => Stripped::After(slots[1] as usize),
        Some((lead, number)) => {
            let mut others = Digits::new();
            others.append(lead.as_bytes())?;
            others.append(group(*number).unwrap_or_default())?;
            others.append(rest)?;
            Stripped::Instead(others)
        }
    };
    if stripped.of(bytes).len() > MAX_DIGITS {
        return None;
    }
    let spoils = rules.general.holds(bytes) && !rules.general.holds(stripped.of(bytes));
    Some(if spoils { Stripped::Same } else { stripped })
}

/// The end of `parse_helper`, then `is_valid_number`. `own` holds the region's rules if no calling code was found.
fn finish(
    plans: &'static Plans,
    country: &'static Country,
    digits: &mut Digits,
    own: Option<&Rules>,
) -> Option<Result<Parsed, PhoneFault>> {
    let main = plans.plans[country.main].rules()?;
    let rules = own.unwrap_or(main);
    if digits.as_bytes().len() < 2 {
        return Some(Err(PhoneFault::TooShort));
    }
    let stripped = strip_national_prefix(rules, digits.as_bytes())?;
    if writes(rules.judge_length(stripped.of(digits.as_bytes()).len())) {
        stripped.apply(digits);
    }
    let bytes = digits.as_bytes();
    // The library counts leading zeros separately; it handles numbers with more zeros than any plan has.
    if bytes.starts_with(b"000") {
        return None;
    }
    if bytes.len() < 2 {
        return Some(Err(PhoneFault::TooShort));
    }
    let valid = country.valid()?.holds(bytes);
    let fault = (!valid).then(|| fault_of(main.judge_length(bytes.len())));
    Some(Ok(Parsed { country: country.code, assumed: own.is_some(), extension: None, fault }))
}

/// Whether a national prefix is removed: only if the rest has an acceptable length.
fn writes(verdict: LengthVerdict) -> bool {
    matches!(verdict, LengthVerdict::Possible | LengthVerdict::TooLong)
}

/// Returns the reason why a parsed number is not valid.
pub(super) fn fault_of(verdict: LengthVerdict) -> PhoneFault {
    match verdict {
        LengthVerdict::TooShort | LengthVerdict::LocalOnly => PhoneFault::TooShort,
        LengthVerdict::TooLong => PhoneFault::TooLong,
        LengthVerdict::Possible | LengthVerdict::Between => PhoneFault::InvalidForCountry,
    }
}
