//! Finds several values in a cell for a single one.

use crate::clean::empty_word::is_empty_word;
use crate::clean::repair::Holds;

/// Returns the values of a cell that contains more than one. Each part must look like a value, so a value with a
/// stray character (`ann,lee@b.example`) is not split; between characters that only separate, one part is enough.
pub fn values(cell: &str, holds: Holds) -> Option<Vec<String>> {
    let cell = if holds == Holds::Phone { without_words(cell) } else { cell.to_owned() };
    let looks = |part: &&str| looks_like_one(part, holds);
    let all = |parts: &Vec<&str>| parts.iter().all(looks);
    let one = |parts: &Vec<&str>| parts.iter().any(looks) && !parts.iter().any(|part| part.contains('='));
    let found = SEPARATORS.iter().find_map(|separate| parts_of(&cell, *separate).filter(all));
    let found =
        found.or_else(|| ONLY_SEPARATE.iter().find_map(|separate| parts_of(&cell, *separate).filter(one)));
    Some(found?.into_iter().map(str::to_owned).collect())
}

/// The parts that say something, if the cell has several of them.
fn parts_of(cell: &str, separate: fn(&str) -> Vec<&str>) -> Option<Vec<&str>> {
    let parts = separate(cell).into_iter().map(str::trim).filter(|part| !is_empty_word(part));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    // A value and a word such as `N/A` leave one value.
    let apart = parts.len() > 1 || parts.first().is_some_and(|part| part.len() < cell.len());
    apart.then_some(parts)
}

/// Characters that are part of no value.
const ONLY_SEPARATE: [fn(&str) -> Vec<&str>; 2] = [
    |cell| cell.split(":::").flat_map(|part| part.split(['\n', '\r', '\t', ';', '|'])).collect(),
    |cell| cell.split(" / ").flat_map(|part| part.split(['\n', '\r', '\t', ';', '|'])).collect(),
];

/// From characters that only separate values to characters that may be part of one.
const SEPARATORS: [fn(&str) -> Vec<&str>; 5] = [
    |cell| cell.split(":::").flat_map(|part| part.split(['\n', '\r', '\t', ';', '|'])).collect(),
    |cell| cell.split(":::").flat_map(|part| part.split(['\n', '\r', '\t', ';', '|', ','])).collect(),
    |cell| cell.split(" / ").flat_map(|part| part.split(['\n', '\r', '\t', ';', '|', ','])).collect(),
    |cell| cell.split(['\n', '\r', '\t', ';', '|', ',', '/']).collect(),
    |cell| cell.split(|sign: char| sign.is_whitespace() || ";|,".contains(sign)).collect(),
];

/// Words between two numbers.
const WORDS: [&str; 11] =
    [" ou ", " o ", " or ", " oder ", " e ", " y ", " und ", " and ", " et ", " & ", " sowie "];

fn without_words(cell: &str) -> String {
    let lower = cell.to_ascii_lowercase();
    match WORDS.iter().find(|word| lower.contains(**word)) {
        Some(word) => lower.replace(word, ";"),
        None => cell.to_owned(),
    }
}

fn looks_like_one(part: &str, holds: Holds) -> bool {
    match holds {
        Holds::Phone => {
            let digits = part.bytes().filter(u8::is_ascii_digit).count();
            digits >= FEWEST_DIGITS && !part.contains('@')
        }
        // A mail address; a website contains a dot.
        Holds::Address => part.contains('@') || (part.contains('.') && !part.contains(char::is_whitespace)),
        Holds::Value => false,
    }
}

/// Digits of a complete number; fewer are an extension or the end of a range.
const FEWEST_DIGITS: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(cell: &str, holds: Holds) -> Vec<String> {
        values(cell, holds).unwrap_or_default()
    }

    #[test]
    fn several_addresses_are_told_apart() {
        for cell in [
            "a@x.example ::: b@y.example",
            "a@x.example; b@y.example",
            "a@x.example,b@y.example",
            "a@x.example\nb@y.example",
            "a@x.example b@y.example",
            "a@x.example / b@y.example",
            "a@x.example | b@y.example;",
            "a@x.example; n/a; b@y.example",
        ] {
            assert_eq!(parts(cell, Holds::Address), ["a@x.example", "b@y.example"], "{cell}");
        }
        assert_eq!(parts("x.example, y.example", Holds::Address), ["x.example", "y.example"]);
    }

    #[test]
    fn several_numbers_are_told_apart() {
        for cell in [
            "030 1234567 ::: 030 7654321",
            "030 1234567 / 030 7654321",
            "030 1234567; 030 7654321",
            "030 1234567\n030 7654321",
            "030 1234567,030 7654321",
            "030 1234567 ou 030 7654321",
            "030 1234567/030 7654321",
            "030 1234567 UND 030 7654321",
        ] {
            assert_eq!(parts(cell, Holds::Phone), ["030 1234567", "030 7654321"], "{cell}");
        }
        let within = ["+49 171/1234567", "+49 171/7654321"];
        assert_eq!(parts("+49 171/1234567; +49 171/7654321", Holds::Phone), within);
    }

    #[test]
    fn one_part_that_looks_like_a_value_is_enough_between_signs_that_only_separate() {
        for (cell, holds, found) in [
            ("bad; b@x.example", Holds::Address, &["bad", "b@x.example"][..]),
            ("b@x.example\nbad", Holds::Address, &["b@x.example", "bad"]),
            ("foo bar / b@x.example", Holds::Address, &["foo bar", "b@x.example"]),
            ("12 / +5511987654321", Holds::Phone, &["12", "+5511987654321"]),
            ("+5511987654321 / 12", Holds::Phone, &["+5511987654321", "12"]),
            ("12; +55 11 98765-4321", Holds::Phone, &["12", "+55 11 98765-4321"]),
            ("+551198 ::: +5511987654321", Holds::Phone, &["+551198", "+5511987654321"]),
            ("none known; bad", Holds::Address, &[]),
            ("12; 34", Holds::Phone, &[]),
        ] {
            assert_eq!(parts(cell, holds), found, "{cell}");
        }
    }

    #[test]
    fn one_value_with_a_stray_sign_is_not_cut() {
        let addresses = ["ann,lee@x.example", "ann lee@x.example", "Ann; a@x", "a@x.example"];
        for (cell, holds) in addresses.map(|cell| (cell, Holds::Address)).into_iter().chain(
            ["030/123456", "+49 30 123456-0/57", "030 123456,12", "+55 11 91234-5678;ext=12"]
                .map(|cell| (cell, Holds::Phone)),
        ) {
            // A dot makes a part look like a website, an `@` like an address.
            let of_addresses = values(cell, holds)
                .filter(|parts| parts.iter().all(|part| part.contains('@') || holds == Holds::Phone));
            assert_eq!(of_addresses, None, "{cell}");
        }
    }
}
