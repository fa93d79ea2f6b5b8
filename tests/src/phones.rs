//! Phone numbers of all regions as people write them, right and wrong, from a fixed seed.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};

/// A small generator of numbers that look random (xorshift64*).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn digit(&mut self) -> char {
        char::from(b'0' + self.below(10) as u8)
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

/// One cell, and the region that completes it.
#[derive(Clone, Debug)]
pub struct PhoneCell {
    /// What the sender wrote.
    pub text: String,
    /// The program's region.
    pub region: Option<Region>,
}

const KINDS: [PhoneNumberType; 10] = [
    PhoneNumberType::FixedLine,
    PhoneNumberType::Mobile,
    PhoneNumberType::Mobile,
    PhoneNumberType::TollFree,
    PhoneNumberType::PremiumRate,
    PhoneNumberType::SharedCost,
    PhoneNumberType::VoIP,
    PhoneNumberType::PersonalNumber,
    PhoneNumberType::UAN,
    PhoneNumberType::VoiceMail,
];

const FORMATS: [PhoneNumberFormat; 4] = [
    PhoneNumberFormat::E164,
    PhoneNumberFormat::International,
    PhoneNumberFormat::National,
    PhoneNumberFormat::RFC3966,
];

/// Makes cells.
#[derive(Debug)]
pub struct PhoneCells {
    chance: Chance,
    regions: Vec<Region>,
    codes_of_none: Vec<i32>,
}

impl PhoneCells {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        let mut regions: Vec<_> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
        regions.sort_unstable();
        let mut codes_of_none: Vec<_> =
            PHONE_NUMBER_UTIL.get_supported_global_network_calling_codes().collect();
        codes_of_none.sort_unstable();
        Self { chance: Chance::new(seed), regions, codes_of_none }
    }

    /// Makes a cell of any sort: valid or not, plain or odd, at home, abroad or without a region.
    pub fn any(&mut self) -> PhoneCell {
        let home = self.chance.pick(&self.regions);
        let region = match self.chance.below(10) {
            0 | 1 => None,
            2 | 3 => Some(self.chance.pick(&self.regions)),
            _ => Some(home),
        };
        let mut text = if self.chance.below(12) == 0 {
            (0..self.chance.below(19)).map(|_| self.chance.digit()).collect()
        } else {
            let number = self.number(home);
            self.write(&number)
        };
        for _ in 0..self.chance.below(6).saturating_sub(3) {
            self.mutate(&mut text);
        }
        PhoneCell { text, region }
    }

    /// Makes a cell as a fair file has it: a number in one of the usual formats, at home, one of ten a digit short or
    /// long.
    pub fn usual(&mut self) -> PhoneCell {
        let home = self.chance.pick(&self.regions);
        let example = PHONE_NUMBER_UTIL
            .get_example_number_for_type_and_region(home, self.chance.pick(&KINDS[..3]))
            .or_else(|_| PHONE_NUMBER_UTIL.get_example_number(home));
        let Ok(mut number) = example else { return self.usual() };
        number.national_number = number.national_number / 1_000 * 1_000 + self.chance.below(1_000) as u64;
        number.national_number = match self.chance.below(20) {
            0 => number.national_number / 10,
            1 => number.national_number * 10,
            _ => number.national_number,
        };
        let format = self.chance.pick(&FORMATS[..3]);
        PhoneCell { text: PHONE_NUMBER_UTIL.format(&number, format).into_owned(), region: Some(home) }
    }

    /// Makes a number that is like an example of its region, but for the last digits.
    fn number(&mut self, home: Region) -> PhoneNumber {
        if self.chance.below(40) == 0 {
            let country_code = self.chance.pick(&self.codes_of_none);
            let national_number = self.chance.below(1_000_000_000) as u64;
            return PhoneNumber { country_code, national_number, ..PhoneNumber::default() };
        }
        let kind = self.chance.pick(&KINDS);
        let example = PHONE_NUMBER_UTIL
            .get_example_number_for_type_and_region(home, kind)
            .or_else(|_| PHONE_NUMBER_UTIL.get_example_number(home));
        let mut number = example.unwrap_or_default();
        let scale = 10u64.pow(self.chance.below(8) as u32);
        number.national_number =
            number.national_number / scale * scale + self.chance.below(100_000_000) as u64 % scale;
        number
    }

    fn write(&mut self, number: &PhoneNumber) -> String {
        let code = number.country_code;
        let national = number.get_national_significant_number();
        match self.chance.below(12) {
            0..=5 => {
                let format = self.chance.pick(&FORMATS);
                PHONE_NUMBER_UTIL.format(number, format).into_owned()
            }
            6 => format!("00{code}{national}"),
            7 => format!("{} {code} {national}", self.chance.pick(&["011", "00", "810", "0011", "09", "+"])),
            8 => format!("{code}{national}"),
            9 => format!("{}{national}", self.chance.pick(&["0", "1", "8", "06", "015", "01"])),
            10 => format!("+{code} (0) {national}"),
            _ => national,
        }
    }

    fn mutate(&mut self, text: &mut String) {
        let places: Vec<_> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
        let place = self.chance.pick(&places);
        match self.chance.below(12) {
            0 | 1 => text.insert(place, self.chance.digit()),
            2 | 3 if place < text.len() => drop(text.remove(place)),
            4 if place < text.len() => {
                text.remove(place);
                text.insert(place, self.chance.digit());
            }
            5 | 6 => text.insert(place, self.chance.pick(&[' ', '-', '.', '/', '(', ')', ' '])),
            7 => text.insert(
                place,
                self.chance.pick(&[
                    '\u{a0}', '\u{2013}', '\u{2011}', '\u{200b}', '\u{2212}', '\u{ad}', ']', '~', '*', '#',
                    '[', ',', ';',
                ]),
            ),
            8 => text.insert(
                place,
                self.chance.pick(&['x', 'a', 'E', '\u{661}', '\u{ff11}', '\u{ff0b}', '+', 'ñ']),
            ),
            9 => text.push_str(
                self.chance.pick(&[" ext. 12", "x123", ";ext=7", " #4", " / 22", ",,5", " -", "."]),
            ),
            10 => text.insert_str(
                0,
                self.chance.pick(&["Tel. ", "tel:", "(", "+", "++", "0", "00", "Fon: ", "\u{2706}"]),
            ),
            _ => *text = text.replace(' ', self.chance.pick(&["", "-", ".", "  ", "/", ") "])),
        }
    }
}

/// Asks the judge: the number in E.164, if it is valid.
pub fn judged(cell: &PhoneCell) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(&cell.text, cell.region).ok()?;
    let valid = PHONE_NUMBER_UTIL.is_valid_number(&number);
    valid.then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
}
