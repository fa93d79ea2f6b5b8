//! The numbering plans: libphonenumber's metadata of each region and calling code, compiled at first use.

use std::sync::OnceLock;

use rlibphonenumber::interfaces::AsOriginal;
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region as LibraryRegion};

use crate::clean::phone::pattern::{Prefix, Program};
use crate::clean::phone::table::Table;

/// All plans.
pub(super) struct Plans {
    /// One for each region, then one for each code that has no region (satellites, toll-free).
    pub(super) plans: Vec<Plan>,
    /// Index of the plan of each pair of letters, plus one.
    by_letters: Vec<u16>,
    pub(super) countries: Vec<Country>,
    /// Index of the country of each calling code, plus one.
    by_code: Vec<u16>,
}

/// The numbering plan of one region.
pub(super) struct Plan {
    pub(super) region: LibraryRegion,
    /// ISO 3166 alpha-2.
    pub(super) letters: String,
    /// The calling code.
    code: u16,
    /// Index of the calling code's entry.
    pub(super) country: usize,
    rules: OnceLock<Option<Rules>>,
}

/// A calling code.
pub(super) struct Country {
    pub(super) code: u16,
    /// Index of the plan that parses numbers with this code.
    pub(super) main: usize,
    valid: OnceLock<Option<Table>>,
}

/// The rules of a plan that parsing needs.
pub(super) struct Rules {
    /// Lengths that a number can have, a bit each.
    possible: u64,
    /// Lengths that are only valid within an area.
    local: u64,
    /// Matches numbers that look like this plan's.
    pub(super) general: Table,
    /// The prefix to dial before a calling code.
    pub(super) international: Option<Prefix>,
    /// The prefix to dial before a national number.
    pub(super) national: Option<Prefix>,
    /// The replacement of the national prefix: digits, then one of its groups.
    pub(super) transform: Option<(String, usize)>,
}

/// libphonenumber's verdict on a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LengthVerdict {
    Possible,
    LocalOnly,
    TooShort,
    TooLong,
    Between,
}

impl Rules {
    /// Checks a length like `test_number_length` of the library.
    pub(super) fn judge_length(&self, length: usize) -> LengthVerdict {
        let length = length as u32;
        if self.possible == 0 {
            return LengthVerdict::Between;
        }
        if self.local >> length & 1 == 1 {
            return LengthVerdict::LocalOnly;
        }
        if length < self.possible.trailing_zeros() {
            return LengthVerdict::TooShort;
        }
        if length > 63 - self.possible.leading_zeros() {
            return LengthVerdict::TooLong;
        }
        if self.possible >> length & 1 == 1 { LengthVerdict::Possible } else { LengthVerdict::Between }
    }
}

impl Plans {
    /// Returns the plans, reading the metadata at the first call.
    pub(super) fn get() -> &'static Self {
        static PLANS: OnceLock<Plans> = OnceLock::new();
        PLANS.get_or_init(Self::read)
    }

    fn read() -> Self {
        let mut plans = Self {
            plans: Vec::with_capacity(260),
            by_letters: vec![0; 26 * 26],
            countries: Vec::with_capacity(230),
            by_code: vec![0; 1_000],
        };
        let library = PHONE_NUMBER_UTIL.as_original();
        for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
            let main = plans.plans.len();
            let Ok(code) = u16::try_from(code) else { continue };
            for region in library.get_regions_for_country_calling_code(i32::from(code)).into_iter().flatten()
            {
                plans.push(region, code);
            }
            plans.countries.push(Country { code, main, valid: OnceLock::new() });
            plans.by_code[code as usize] = plans.countries.len() as u16;
        }
        plans
    }

    fn push(&mut self, region: LibraryRegion, code: u16) {
        let letters = region.as_region_str().to_string();
        let country = self.countries.len();
        self.plans.push(Plan { region, letters, code, country, rules: OnceLock::new() });
        if let Some(place) = place_of(&self.plans[self.plans.len() - 1].letters) {
            self.by_letters[place] = self.plans.len() as u16;
        }
    }

    /// Returns the index of a region's plan.
    pub(super) fn find(&self, letters: &str) -> Option<u16> {
        self.by_letters[place_of(letters)?].checked_sub(1)
    }

    /// Returns the calling code that digits begin with, and how many digits it takes.
    pub(super) fn country_of(&self, digits: &[u8]) -> Option<(&Country, usize)> {
        let mut code = 0;
        for (index, digit) in digits.iter().take(3).enumerate() {
            code = code * 10 + usize::from(digit - b'0');
            if code == 0 {
                return None;
            }
            if let Some(country) = self.by_code[code].checked_sub(1) {
                return Some((&self.countries[country as usize], index + 1));
            }
        }
        None
    }

    /// Returns a calling code's entry.
    pub(super) fn country(&self, code: u16) -> Option<&Country> {
        Some(&self.countries[self.by_code.get(code as usize)?.checked_sub(1)? as usize])
    }
}

fn place_of(letters: &str) -> Option<usize> {
    match *letters.as_bytes() {
        [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
            let (first, second) = (first.to_ascii_uppercase() - b'A', second.to_ascii_uppercase() - b'A');
            Some(usize::from(first) * 26 + usize::from(second))
        }
        _ => None,
    }
}

/// The metadata wraps each pattern in these.
const WRAPPED: (&str, &str) = ("^(?:", ")$");

fn unwrapped(pattern: &str) -> Option<&str> {
    pattern.strip_prefix(WRAPPED.0)?.strip_suffix(WRAPPED.1)
}

/// Compiles an optional prefix pattern; the outer `None` means that the pattern is not supported.
fn prefix(pattern: Option<&str>) -> Option<Option<Prefix>> {
    match pattern {
        None => Some(None),
        Some(pattern) => Some(Some(Prefix::new(unwrapped(pattern)?)?)),
    }
}

/// Parses a rule such as `268$1`: digits, then one group.
fn transform(rule: &str) -> Option<Option<(String, usize)>> {
    if rule.is_empty() {
        return Some(None);
    }
    let (digits, group) = rule.split_once('$')?;
    let group = group.parse().ok().filter(|group| (1..=2).contains(group))?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| Some((digits.to_string(), group)))
}

fn length_bits(lengths: &[i32]) -> u64 {
    let real = lengths.iter().filter(|&&length| (0..64).contains(&length));
    real.fold(0, |bits, length| bits | 1 << length)
}

impl Plan {
    /// Returns the rules, compiled at first use; `None` if this module does not support the metadata.
    pub(super) fn rules(&self) -> Option<&Rules> {
        self.rules.get_or_init(|| self.compile()).as_ref()
    }

    fn compile(&self) -> Option<Rules> {
        let library = PHONE_NUMBER_UTIL.as_original();
        let data = library.get_metadata_for_region_or_calling_code(i32::from(self.code), self.region)?;
        let mut program = Program::default();
        let pattern = data.general_desc.national_number_pattern().pattern_base.as_deref()?;
        let start = program.add(unwrapped(pattern)?, 0)?;
        refuse_anchors(&program)?;
        Some(Rules {
            possible: length_bits(&data.general_desc.original.possible_length),
            local: length_bits(&data.general_desc.original.possible_length_local_only),
            general: Table::build(&program, &[start], |_, tags| !tags.is_empty())?,
            international: prefix(data.international_prefix().pattern_base.as_deref())?,
            national: prefix(data.national_prefix_for_parsing().pattern_base.as_deref())?,
            transform: transform(data.original.national_prefix_transform_rule())?,
        })
    }
}

fn refuse_anchors(program: &Program) -> Option<()> {
    let anchored = program.steps.iter().any(|step| matches!(step, super::pattern::Step::End { .. }));
    (!anchored).then_some(())
}

/// The data of one region for `is_valid_number`: indexes in a list of descriptions.
struct Validity {
    /// Matches the leading digits that assign a number to the region whatever its type.
    leading: Option<u16>,
    general: u16,
    types: Vec<u16>,
}

/// The descriptions of all regions with one calling code, in one program.
#[derive(Default)]
struct Descriptions {
    program: Program,
    starts: Vec<u32>,
    /// The lengths that each description allows; 0 for all.
    lengths: Vec<u64>,
}

impl Descriptions {
    /// Adds a description; the inner `None` means that nothing can match it.
    fn add(&mut self, pattern: Option<&str>, tail: &str, lengths: &[i32]) -> Option<Option<u16>> {
        let allowed = length_bits(lengths);
        let (Some(pattern), false) = (pattern, allowed == 0 && !lengths.is_empty()) else {
            return Some(None);
        };
        let tag = u16::try_from(self.starts.len()).ok()?;
        let start = self.program.add(&format!("(?:{}){tail}", unwrapped(pattern)?), tag)?;
        self.starts.push(start);
        self.lengths.push(allowed);
        Some(Some(tag))
    }

    fn add_region(&mut self, region: LibraryRegion, code: u16) -> Option<Option<Validity>> {
        let library = PHONE_NUMBER_UTIL.as_original();
        let data = library.get_metadata_for_region_or_calling_code(i32::from(code), region)?;
        macro_rules! add {
            ($description:ident) => {{
                let description = &data.$description;
                let pattern = description.national_number_pattern().pattern_base.as_deref();
                self.add(pattern, "", &description.original.possible_length)?
            }};
        }
        let Some(general) = add!(general_desc) else { return Some(None) };
        let leading = self.add(data.leading_digits().pattern_base.as_deref(), "\\d*", &[])?;
        let mobile = if data.original.same_mobile_and_fixed_line_pattern() { None } else { add!(mobile) };
        let types = [
            add!(premium_rate),
            add!(toll_free),
            add!(shared_cost),
            add!(voip),
            add!(personal_number),
            add!(pager),
            add!(uan),
            add!(voicemail),
            add!(fixed_line),
            mobile,
        ];
        Some(Some(Validity { leading, general, types: types.into_iter().flatten().collect() }))
    }
}

impl Country {
    /// Returns the table of all valid national numbers under this code, compiled at first use.
    pub(super) fn valid(&self) -> Option<&Table> {
        self.valid.get_or_init(|| self.compile()).as_ref()
    }

    /// Compiles `get_region_for_number` and `is_valid_number_for_region` into one table.
    fn compile(&self) -> Option<Table> {
        let library = PHONE_NUMBER_UTIL.as_original();
        let regions: Vec<_> = library.get_regions_for_country_calling_code(i32::from(self.code))?.collect();
        let mut descriptions = Descriptions::default();
        let mut parts = Vec::new();
        for &region in &regions {
            // A region without its own numbers still claims numbers with its leading digits.
            parts.push(descriptions.add_region(region, self.code)??);
        }
        refuse_anchors(&descriptions.program)?;
        let alone = parts.len() == 1;
        let lengths = &descriptions.lengths;
        Table::build(&descriptions.program, &descriptions.starts, |length, tags| {
            let has = |tag: u16| {
                let allowed = lengths[tag as usize];
                tags.contains(&tag) && (allowed == 0 || allowed >> length & 1 == 1)
            };
            let typed = |part: &Validity| has(part.general) && part.types.iter().any(|&tag| has(tag));
            let own = |part: &&Validity| alone || part.leading.is_some_and(has) || typed(part);
            parts.iter().find(own).is_some_and(typed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_is_understood_and_small() {
        let plans = Plans::get();
        assert!(plans.plans.len() > 240);
        let mut bytes = 0;
        for plan in &plans.plans {
            let rules =
                plan.rules().unwrap_or_else(|| panic!("not understood: {} {}", plan.letters, plan.code));
            bytes += rules.general.bytes();
        }
        for country in &plans.countries {
            let table = country.valid().unwrap_or_else(|| panic!("not understood: {}", country.code));
            bytes += table.bytes();
        }
        println!("all tables: {bytes} bytes");
        assert!(bytes < 4 << 20, "tables take {bytes} bytes");
    }

    #[test]
    fn finds_calling_codes() {
        let plans = Plans::get();
        let code =
            |digits: &str| plans.country_of(digits.as_bytes()).map(|(country, taken)| (country.code, taken));
        assert_eq!(code("4930"), Some((49, 2)));
        assert_eq!(code("1202"), Some((1, 1)));
        assert_eq!(code("35312"), Some((353, 3)));
        assert_eq!(code("0491"), None);
        assert_eq!(code("999"), None);
    }
}
