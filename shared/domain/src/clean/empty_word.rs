//! Words that stand for an empty cell: `NULL`, `N/A`, `-`, `k. A.`, `aucun`.

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::clean::names::Names;

/// The words, one a line, in five languages.
static LINES: &str = include_str!("../../data/empty_words.txt");

/// The longest cell that can be such a word, in bytes.
const LONGEST: usize = 32;

struct Words {
    names: Names<()>,
    /// The first bytes of the words, and of cells of punctuation only.
    begins: [bool; 256],
}

/// Whether a cell, without outer blanks, means that there is no value.
///
/// Length and first byte decide for most cells.
pub fn is_empty_word(cell: &str) -> bool {
    let Some(&first) = cell.as_bytes().first() else { return false };
    if cell.len() > LONGEST || !words().begins[first as usize] {
        return false;
    }
    if !cell.contains(char::is_alphanumeric) {
        return cell.chars().all(is_punctuation);
    }
    let word = fold(without_brackets(cell));
    words().names.get(&word).is_some()
}

/// Dashes, dots and similar characters; a currency sign, an emoji or an `@` means something, even if it is a mistake.
fn is_punctuation(sign: char) -> bool {
    " -_.?/\\*~=|,;'\"()[]<>{}".contains(sign)
        || matches!(
            sign,
            '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '…' | '·' | '•' | '¿' | '¡' | '«' | '»'
        )
}

fn without_brackets(cell: &str) -> &str {
    let pairs = [('(', ')'), ('[', ']'), ('<', '>'), ('{', '}'), ('"', '"'), ('\'', '\''), ('*', '*')];
    let inner = pairs.iter().find_map(|(open, close)| cell.strip_prefix(*open)?.strip_suffix(*close));
    inner.unwrap_or(cell)
}

/// Lower case, without accents, blanks and a final dot.
fn fold(word: &str) -> String {
    let letters = word.nfkd().filter(|sign| !is_combining_mark(*sign) && !sign.is_whitespace());
    let mut folded: String = letters.flat_map(char::to_lowercase).collect();
    folded.truncate(folded.trim_end_matches('.').len());
    folded
}

fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(read)
}

fn read() -> Words {
    let lines = LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let folded = lines.map(|line| &*fold(line).leak());
    let mut list: Vec<&'static str> = folded.collect();
    list.sort_unstable();
    list.dedup();
    let mut begins = [false; 256];
    let firsts = list.iter().filter_map(|word| word.bytes().next());
    for byte in firsts.flat_map(|byte| [byte, byte.to_ascii_uppercase()]) {
        begins[byte as usize] = true;
    }
    // Only punctuation and characters beyond ASCII: no word of the list begins with an accent, but a dash may begin a
    // cell.
    for byte in 0..=u8::MAX {
        begins[byte as usize] |= byte.is_ascii_punctuation() || matches!(byte, 0xc2 | 0xe2);
    }
    Words { names: Names::new(list.into_iter().map(|word| (word, ()))), begins }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_languages_and_programs_say_nothing() {
        let words = "NULL null None N/A n/a n.a. N.A. NA NaN - -- — … . ? \\N <null> (none) [null] 'N/A' k.A. s/n S/N S/D N/D \
                     aucun Aucune néant NÉANT ninguno nenhum keine Unbekannt TBD 0000-00-00 http:// ***";
        for word in words.split_whitespace() {
            assert!(is_empty_word(word), "{word}");
        }
        let sentences = [
            "k. A.",
            "N / A",
            "não informado",
            "NAO INFORMADO",
            "keine Angabe",
            "sin teléfono",
            "non renseigné",
            "- -",
            "n. a.",
            "not available",
        ];
        for sentence in sentences {
            assert!(is_empty_word(sentence), "{sentence}");
        }
    }

    #[test]
    fn what_may_mean_something_is_no_such_word() {
        let words = "Nina KA ka SO nd NC nv #N/A #REF! 0 00 +5511 no No n x ann@b.example NULLA none@b.example € 👍 \
                     Nuller N/A/C 52.345 AB-1 :: @ + !";
        for word in words.split_whitespace() {
            assert!(!is_empty_word(word), "{word}");
        }
        assert!(!is_empty_word(""));
    }

    #[test]
    fn every_line_is_found() {
        for line in LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            assert!(line.len() <= LONGEST && is_empty_word(line), "{line}");
        }
    }
}
