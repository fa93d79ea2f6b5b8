//! Formats numbers and durations for people, by language.

use crate::types::locale::Locale;

/// A no-break space: keeps a number and its unit on one line.
const BLANK: char = '\u{a0}';

/// Formats a whole number with the language's thousands separator, as in CLDR.
pub fn whole(number: u64, locale: Locale) -> String {
    let digits = number.to_string();
    // Spanish does not separate thousands in numbers of four digits.
    if locale == Locale::Es && digits.len() <= 4 {
        return digits;
    }
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(thousands(locale));
        }
        text.push(digit);
    }
    text
}

/// Formats a number with one decimal place below ten, and with none from ten on.
pub fn rounded(number: f64, locale: Locale) -> String {
    let tenths = (number.max(0.0) * 10.0).round() as u64;
    if tenths >= 100 {
        return whole(number.round() as u64, locale);
    }
    format!("{}{}{}", tenths / 10, if locale == Locale::En { '.' } else { ',' }, tenths % 10)
}

/// Formats a duration in its two largest units.
pub fn length(seconds: f64, locale: Locale) -> String {
    let total = seconds.max(0.0).round() as u64;
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60);
    match (hours, minutes) {
        (0, 0) => format!("{}{BLANK}s", rounded(seconds, locale)),
        (0, _) => format!("{minutes}{BLANK}min {rest}{BLANK}s"),
        _ => format!("{}{BLANK}h {minutes}{BLANK}min", whole(hours, locale)),
    }
}

const fn thousands(locale: Locale) -> char {
    match locale {
        Locale::En => ',',
        Locale::Pt | Locale::De | Locale::Es => '.',
        Locale::Fr => '\u{202f}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_grouped() {
        for (number, locale, text) in [
            (0, Locale::En, "0"),
            (999, Locale::De, "999"),
            (1000, Locale::En, "1,000"),
            (1000, Locale::Pt, "1.000"),
            (1000, Locale::Es, "1000"),
            (32_767, Locale::Es, "32.767"),
            (1_234_567, Locale::Fr, "1\u{202f}234\u{202f}567"),
            (u64::MAX, Locale::De, "18.446.744.073.709.551.615"),
        ] {
            assert_eq!(whole(number, locale), text);
        }
    }

    #[test]
    fn small_numbers_keep_a_decimal() {
        for (number, locale, text) in [
            (0.04, Locale::En, "0.0"),
            (9.94, Locale::En, "9.9"),
            (9.96, Locale::De, "10"),
            (2.5, Locale::Pt, "2,5"),
            (48_211.4, Locale::De, "48.211"),
            (-1.0, Locale::En, "0.0"),
        ] {
            assert_eq!(rounded(number, locale), text);
        }
    }

    #[test]
    fn lengths_have_two_units() {
        for (seconds, text) in [
            (0.0, "0.0\u{a0}s"),
            (2.25, "2.3\u{a0}s"),
            (59.4, "59\u{a0}s"),
            (59.6, "1\u{a0}min 0\u{a0}s"),
            (200.0, "3\u{a0}min 20\u{a0}s"),
            (3_661.0, "1\u{a0}h 1\u{a0}min"),
        ] {
            assert_eq!(length(seconds, Locale::En), text);
        }
    }
}
