//! Yes and no, in five languages.

const YES: &[&str] = &[
    "true",
    "yes",
    "y",
    "1",
    "x",
    "on",
    "sim",
    "s",
    "verdadeiro",
    "ja",
    "j",
    "wahr",
    "oui",
    "o",
    "vrai",
    "sí",
    "si",
    "verdadero",
];
const NO: &[&str] = &["false", "no", "n", "0", "off", "não", "nao", "falso", "nein", "falsch", "non", "faux"];

/// Parses a cell as yes or no, ignoring case.
pub fn parse_flag(cell: &str) -> Option<bool> {
    let word = cell.to_lowercase();
    let is = |words: &[&str]| words.contains(&word.as_str());
    if is(YES) { Some(true) } else { is(NO).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_yes_and_no() {
        for word in ["Yes", "SIM", "ja", "Oui", "Sí", "1"] {
            assert_eq!(parse_flag(word), Some(true), "{word}");
        }
        for word in ["no", "Não", "NEIN", "non", "falso", "0"] {
            assert_eq!(parse_flag(word), Some(false), "{word}");
        }
        assert_eq!(parse_flag("perhaps"), None);
    }
}
