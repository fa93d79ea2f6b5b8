//! Words that stand for an empty cell: `NULL`, `N/A`, `-`, `k. A.`, `aucun`.

use std::borrow::Cow;
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
    /// The first two letters of the words: a bit for the second by the first.
    pairs: [u32; 32],
}

/// Whether a cell, without outer blanks, means that there is no value.
///
/// Length and first letters decide for most cells.
pub fn is_empty_word(cell: &str) -> bool {
    let words = words();
    let may_be = match *cell.as_bytes() {
        [first, second, ..] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
            words.begin_with(first, second)
        }
        [first, ..] => words.begins[first as usize],
        [] => false,
    };
    if cell.len() > LONGEST || !may_be {
        return false;
    }
    if !cell.contains(char::is_alphanumeric) {
        return cell.chars().all(is_punctuation);
    }
    let mut room = [0; LONGEST];
    words.names.get(&fold(without_brackets(cell), &mut room)).is_some()
}

impl Words {
    fn begin_with(&self, first: u8, second: u8) -> bool {
        self.pairs[usize::from(first & 31)] >> (second & 31) & 1 != 0
    }
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

/// Lower case, without accents, blanks and a final dot; a word in ASCII needs no memory of its own.
fn fold<'w>(word: &str, room: &'w mut [u8; LONGEST]) -> Cow<'w, str> {
    if let Some(folded) = fold_ascii(word, room) {
        return Cow::Borrowed(folded);
    }
    let letters = word.nfkd().filter(|sign| !is_combining_mark(*sign) && !sign.is_whitespace());
    let mut folded: String = letters.flat_map(char::to_lowercase).collect();
    folded.truncate(folded.trim_end_matches('.').len());
    Cow::Owned(folded)
}

/// The same for a word in ASCII that fits.
fn fold_ascii<'w>(word: &str, room: &'w mut [u8; LONGEST]) -> Option<&'w str> {
    if !word.is_ascii() || word.len() > room.len() {
        return None;
    }
    let mut length = 0;
    for letter in word.bytes().filter(|&byte| !char::from(byte).is_whitespace()) {
        room[length] = letter.to_ascii_lowercase();
        length += 1;
    }
    std::str::from_utf8(&room[..length]).ok().map(|folded| folded.trim_end_matches('.'))
}

fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(read)
}

fn read() -> Words {
    let lines = LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let folded = lines.map(|line| fold(line, &mut [0; LONGEST]).into_owned());
    let mut list: Vec<&'static str> = folded.map(|line| &*line.leak()).collect();
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
    let mut pairs = [0; 32];
    for word in list.iter().map(|word| word.as_bytes()) {
        if let [first @ b'a'..=b'z', second @ b'a'..=b'z', ..] = *word {
            pairs[usize::from(first & 31)] |= 1 << (second & 31);
        }
    }
    Words { names: Names::new(list.into_iter().map(|word| (word, ()))), begins, pairs }
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
    fn ascii_is_folded_as_any_text() {
        for word in ["N/A", " k. A. ", "None...", "\u{b}nu\tll\u{c}", "a\u{1f}b", "", "...", "-"] {
            let letters = word.nfkd().filter(|sign| !is_combining_mark(*sign) && !sign.is_whitespace());
            let any: String = letters.flat_map(char::to_lowercase).collect();
            assert_eq!(fold(word, &mut [0; LONGEST]), any.trim_end_matches('.'), "{word:?}");
        }
    }

    #[test]
    fn every_line_is_found() {
        for line in LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            assert!(line.len() <= LONGEST && is_empty_word(line), "{line}");
        }
    }
}
