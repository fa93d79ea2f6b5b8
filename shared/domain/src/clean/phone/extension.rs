//! Removes extensions, which E.164 does not have, before a number is checked. Otherwise their letters would be
//! dialled (`poste 3` as 767833).

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words before an extension, one a line.
static LINES: &str = include_str!("../../../data/phone_extensions.txt");

/// The most digits of an extension; fewer after a single comma, which may precede the rest of a number.
const MOST_DIGITS: usize = 9;
const MOST_AFTER_COMMA: usize = 6;
/// The digits of the shortest number that may have an extension.
const FEWEST_BEFORE: usize = 5;

/// Returns the number, and the position in the cell where the removed part begins.
pub(super) fn split_extension(cell: &str) -> Option<(&str, usize)> {
    let body = cell.trim_end().trim_end_matches(['#', ')', ']', '.']).trim_end();
    let number = body.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let digits = body.len() - number.len();
    if !(1..=MOST_DIGITS).contains(&digits) {
        return None;
    }
    let before = number.trim_end_matches([' ', '\u{a0}', '.', ':', '=', '-']);
    let base = without_word(before).or_else(|| without_sign(before, digits))?;
    let base = base.trim_end_matches([' ', '\u{a0}', ',', ';', '.', '-', '/', '(', '[']);
    let enough = base.bytes().filter(u8::is_ascii_digit).count() >= FEWEST_BEFORE;
    let number = enough && base.ends_with(|sign: char| sign.is_ascii_digit() || sign == ')');
    number.then_some((base, base.len()))
}

/// Removes a word such as `ext` or `Durchwahl`.
fn without_word(before: &str) -> Option<&str> {
    let base = before.trim_end_matches(char::is_alphabetic);
    let word = &before[base.len()..];
    (!word.is_empty() && words().contains(&fold(word))).then_some(base)
}

/// Removes `#` or the commas that make a dialler wait.
fn without_sign(before: &str, digits: usize) -> Option<&str> {
    let base = before.strip_suffix('#').or_else(|| before.strip_suffix(",,"));
    base.or_else(|| before.strip_suffix(',').filter(|_| digits <= MOST_AFTER_COMMA))
}

fn fold(word: &str) -> String {
    word.nfkd().filter(|sign| !is_combining_mark(*sign)).flat_map(char::to_lowercase).collect()
}

fn words() -> &'static Vec<String> {
    static WORDS: OnceLock<Vec<String>> = OnceLock::new();
    WORDS.get_or_init(|| LINES.lines().filter(|line| !line.starts_with('#')).map(fold).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_taken_off_with_its_word() {
        for (cell, base, taken) in [
            ("+12125550123 x45", "+12125550123", " x45"),
            ("+12125550123x45", "+12125550123", "x45"),
            ("(212) 555-0123 ext. 45", "(212) 555-0123", " ext. 45"),
            ("(212) 555-0123 EXT 45", "(212) 555-0123", " EXT 45"),
            ("+12125550123,,123#", "+12125550123", ",,123#"),
            ("+12125550123;ext=12", "+12125550123", ";ext=12"),
            ("11 4123-4567 ramal 12", "11 4123-4567", " ramal 12"),
            ("11 4123-4567 (ramal: 12)", "11 4123-4567", " (ramal: 12)"),
            ("0049-261-851234 Durchwahl 12", "0049-261-851234", " Durchwahl 12"),
            ("0261/851234-0 Durchw. 7", "0261/851234-0", " Durchw. 7"),
            ("11 91234-5678 r. 22", "11 91234-5678", " r. 22"),
            ("+49 30 1234 poste 3", "+49 30 1234", " poste 3"),
            ("01 42 68 53 00, poste 3", "01 42 68 53 00", ", poste 3"),
            ("601 234 567 int. 4", "601 234 567", " int. 4"),
            ("601 234 567 extensión 4", "601 234 567", " extensión 4"),
            ("212-555-0123 #45", "212-555-0123", " #45"),
            ("212-555-0123 - Ext. 45", "212-555-0123", " - Ext. 45"),
        ] {
            let (found, at) = split_extension(cell).unwrap_or_else(|| panic!("{cell}"));
            assert_eq!((found, &cell[at..]), (base, taken), "{cell}");
        }
    }

    #[test]
    fn what_is_no_extension_stays() {
        for cell in [
            "+12125550123",
            "1-800-FLOWERS",
            "(212) 555-0123",
            "tel:+12125550123",
            "ext. 45",
            "12 x 34",
            "0800 zentrale 3",
            "+12125550123 x1234567890",
            "030 1234567,7654321",
            "",
        ] {
            assert_eq!(split_extension(cell), None, "{cell}");
        }
    }
}
