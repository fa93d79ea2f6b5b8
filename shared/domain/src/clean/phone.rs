//! Converts phone numbers to E.164, with the same results as libphonenumber.
//!
//! The crate `rlibphonenumber` is the reference. Tables compiled from its metadata (`plan`, `parse`) handle cells of
//! digits and plain punctuation, which are nearly all; the crate handles the rest.

mod extension;
mod parse;
mod pattern;
mod plan;
mod table;

use rlibphonenumber::{CountryCodeSource, NumberLengthType, PHONE_NUMBER_UTIL, ParseError, ValidationError};

use self::extension::split_extension;
use self::parse::{Digits, Parsed, fault_of, parse_plain};
use self::plan::{LengthVerdict, Plan, Plans};

/// A region with a numbering plan, by ISO 3166 alpha-2.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(u16);

impl Region {
    /// Returns the region of two letters, in either case; `None` if libphonenumber does not know it.
    pub fn parse(letters: &str) -> Option<Self> {
        Plans::get().find(letters).map(Self)
    }

    /// Returns the two letters, in upper case.
    pub fn as_str(self) -> &'static str {
        &self.plan().letters
    }

    fn plan(self) -> &'static Plan {
        &Plans::get().plans[self.0 as usize]
    }
}

impl std::fmt::Debug for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Region({})", self.as_str())
    }
}

/// Notes about an accepted number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhoneNotes {
    /// It was written without its calling code, and the region completed it (`phone_country_assumed`, SAG-7).
    pub country_assumed: bool,
    /// It was written in the Colombian form from before September 2021 (`phone_legacy_form`, SAG-9).
    pub legacy_form: bool,
    /// The position of an extension in the cell; E.164 has no extensions.
    pub extension: Option<usize>,
}

/// The reason why a number is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum PhoneFault {
    /// No number at all.
    NotANumber,
    /// Fewer digits than any number of its country has; an area code may be missing.
    TooShort,
    /// More digits than any number of its country has.
    TooLong,
    /// No country has this calling code.
    CountryUnknown,
    /// No calling code is written, and no region is set.
    RegionNeeded,
    /// No number of its country has this form.
    InvalidForCountry,
}

impl PhoneFault {
    /// Returns the reason's name, stable across versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotANumber => "not_a_number",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::CountryUnknown => "country_unknown",
            Self::RegionNeeded => "region_needed",
            Self::InvalidForCountry => "invalid_for_country",
        }
    }
}

/// Writes a phone number to `out` in E.164; `region` completes a number without a calling code.
///
/// # Errors
/// The reason why the cell is not a valid number; `out` is then empty.
pub fn clean_phone(cell: &str, region: Option<Region>, out: &mut String) -> Result<PhoneNotes, PhoneFault> {
    out.clear();
    let mut digits = Digits::new();
    let parsed = match parse_plain(cell, region.map(Region::plan), &mut digits) {
        Some(parsed) => parsed,
        None => match split_extension(cell) {
            Some((number, at)) => match clean_phone(number, region, out) {
                Ok(notes) => return Ok(PhoneNotes { extension: notes.extension.or(Some(at)), ..notes }),
                // The crate may find another extension, but must not dial the letters of a word.
                Err(fault) => judge(cell, region, &mut digits)
                    .ok()
                    .filter(|parsed| parsed.extension.is_some())
                    .ok_or(fault),
            },
            None => judge(cell, region, &mut digits),
        },
    };
    let (notes, fault, former) = match parsed {
        Ok(parsed) => {
            let notes = PhoneNotes {
                country_assumed: parsed.assumed,
                legacy_form: false,
                extension: parsed.extension,
            };
            let Some(fault) = parsed.fault else {
                push_e164(parsed.country, &digits, out);
                return Ok(notes);
            };
            (notes, fault, colombian_form_of_today(parsed, digits.as_bytes()))
        }
        Err(fault) => (PhoneNotes::default(), fault, None),
    };
    let without_plus = || Some((colombian_without_plus(cell)?, false));
    let (national, country_assumed) = former.or_else(without_plus).ok_or(fault)?;
    push_e164(COLOMBIA, &national, out);
    Ok(PhoneNotes { country_assumed, legacy_form: true, ..notes })
}

fn push_e164(country: u16, national: &Digits, out: &mut String) {
    out.push('+');
    if country >= 100 {
        out.push(char::from(b'0' + (country / 100) as u8));
    }
    if country >= 10 {
        out.push(char::from(b'0' + (country / 10 % 10) as u8));
    }
    out.push(char::from(b'0' + (country % 10) as u8));
    out.push_str(national.as_str());
}

const COLOMBIA: u16 = 57;

/// Converts an area code of one digit and seven more digits, a number until September 2021, to today's form if that
/// is valid (SAG-8, SAG-9); also returns whether the calling code was missing.
fn colombian_form_of_today(parsed: Parsed, national: &[u8]) -> Option<(Digits, bool)> {
    if parsed.country != COLOMBIA {
        return None;
    }
    // In its own region, the calling code without a plus looks like a part of the number.
    let (former, assumed) = match national.strip_prefix(b"57") {
        Some(former) if former.len() == 8 && parsed.assumed => (former, false),
        _ => (national, parsed.assumed),
    };
    (former.len() == 8).then(|| Some((of_today(former)?, assumed))).flatten()
}

/// The same with the calling code but no plus (SAG-9). No country's rules accept that, so it applies in any region: a
/// valid number of the region was accepted before.
fn colombian_without_plus(cell: &str) -> Option<Digits> {
    if !cell.bytes().all(|byte| byte.is_ascii_digit() || b" -().".contains(&byte)) {
        return None;
    }
    let mut written = Digits::new();
    let digits = cell.bytes().filter(u8::is_ascii_digit);
    digits.take(11).try_for_each(|digit| written.append(&[digit]))?;
    let former = written.as_bytes().strip_prefix(b"57").filter(|former| former.len() == 8)?;
    of_today(former)
}

fn of_today(former: &[u8]) -> Option<Digits> {
    let mut national = Digits::copy(b"60")?;
    national.append(former)?;
    let valid = Plans::get().country(COLOMBIA)?.valid()?.holds(national.as_bytes());
    valid.then_some(national)
}

/// Parses with the crate; writes the national number to `digits`.
fn judge(cell: &str, region: Option<Region>, digits: &mut Digits) -> Result<Parsed, PhoneFault> {
    let library_region = region.map(|region| region.plan().region);
    let number = PHONE_NUMBER_UTIL
        .parse_and_keep_raw_input(cell, library_region)
        .map_err(|error| fault_of_parse(&error, cell, region))?;
    *digits = Digits::copy(number.get_national_significant_number().as_bytes()).ok_or(PhoneFault::TooLong)?;
    let fault = if PHONE_NUMBER_UTIL.is_valid_number(&number) {
        None
    } else {
        Some(fault_of(match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
            Ok(NumberLengthType::IsPossible) => LengthVerdict::Possible,
            Ok(NumberLengthType::IsPossibleLocalOnly) => LengthVerdict::LocalOnly,
            Err(ValidationError::TooShort) => LengthVerdict::TooShort,
            Err(ValidationError::TooLong) => LengthVerdict::TooLong,
            Err(ValidationError::InvalidLength | ValidationError::InvalidCountryCode) => {
                LengthVerdict::Between
            }
        }))
    };
    Ok(Parsed {
        country: u16::try_from(number.country_code).map_err(|_| PhoneFault::CountryUnknown)?,
        assumed: number.country_code_source() == CountryCodeSource::FromDefaultCountry,
        extension: number.extension.as_ref().map(|digits| cell.rfind(&**digits).unwrap_or_default()),
        fault,
    })
}

fn fault_of_parse(error: &ParseError, cell: &str, region: Option<Region>) -> PhoneFault {
    let plus = cell.contains(['+', '\u{ff0b}']);
    match error {
        ParseError::InvalidCountryCode if region.is_none() && !plus => PhoneFault::RegionNeeded,
        ParseError::InvalidCountryCode => PhoneFault::CountryUnknown,
        ParseError::NotANumber(_) => PhoneFault::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => PhoneFault::TooShort,
        ParseError::TooLongNsn => PhoneFault::TooLong,
    }
}

#[cfg(test)]
mod tests;
