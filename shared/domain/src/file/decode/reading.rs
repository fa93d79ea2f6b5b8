//! Checks whether decoded text consists of words. In a wrong encoding, words contain symbols (`£ukasz`), capitals
//! after small letters (`JosŽ`, `иВАН`), letters of two scripts, or only letters with accents (`Èâàí`).

use std::ops::Range;

/// Counts the words that contain a character beyond ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// All of them.
    pub(super) words: usize,
    /// Those that are words of no language.
    pub(super) wrong: usize,
}

impl Reading {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let mut reading = Reading::default();
        for word in words(text) {
            reading.words += 1;
            reading.wrong += usize::from(!is_word(&text[word]));
        }
        reading
    }

    /// Percentage of wrong words.
    pub(super) fn wrong_in_hundred(self) -> usize {
        self.wrong * 100 / self.words.max(1)
    }
}

/// Finds words: runs of letters and characters beyond ASCII, with at least one character beyond ASCII.
pub(super) fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_part = |letter: char| letter.is_ascii_alphabetic() || letter == '\'' || !letter.is_ascii();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].find(is_part)?;
            let len = text[start..].find(|letter| !is_part(letter)).unwrap_or(text.len() - start);
            at = start + len;
            if !text[start..at].is_ascii() {
                return Some(start..at);
            }
        }
    })
}

/// The role of a character in a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Small,
    Capital,
    /// A letter without case.
    Letter,
    Mark,
    /// Before words, after them, or between them.
    Opens,
    Closes,
    Between,
    /// Within words.
    Joins,
    /// A symbol that stands alone.
    Sign,
    /// A character that no text contains.
    Nothing,
}

fn part(letter: char) -> Part {
    match letter {
        '\'' | '’' | 'ʼ' | '·' | '・' | '‘' | '\u{200c}' | '\u{200d}' | '״' | '׳' => Part::Joins,
        '“' | '„' | '‚' | '‹' | '«' | '¿' | '¡' | '「' | '『' | '（' | '【' => Part::Opens,
        '”' | '»' | '›' | '…' | '™' | '®' | '©' | 'ª' | 'º' | '°' | '」' | '』' | '）' | '】' | '。'
        | '、' => Part::Closes,
        '–' | '—' | '•' | '\u{a0}' | '\u{3000}' | '，' | '／' | '；' | '：' | '،' | '؛' | '؟'
        | '\u{200e}' | '\u{200f}' => Part::Between,
        'ƒ' | 'ˆ' => Part::Sign,
        '\u{80}'..='\u{9f}'
        | char::REPLACEMENT_CHARACTER
        | '\u{e000}'..='\u{f8ff}'
        | '\u{fdd0}'..='\u{fdef}' => Part::Nothing,
        _ if unicode_normalization::char::is_combining_mark(letter) => Part::Mark,
        _ if letter.is_lowercase() => Part::Small,
        _ if letter.is_uppercase() => Part::Capital,
        _ if letter.is_alphabetic() || matches!(letter, '々' | 'ー' | '\u{200b}') => Part::Letter,
        _ => Part::Sign,
    }
}

/// The script of a letter, as far as words do not mix scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    Thai,
    /// The half-width letters of Japanese terminals.
    Narrow,
    Hangul,
    /// Chinese characters and kana, which occur in the same words.
    Han,
    Other,
}

fn script(letter: char) -> Script {
    match letter {
        'A'..='Z' | 'a'..='z' | 'À'..='ɏ' | 'Ḁ'..='ỿ' | 'ª' | 'º' => Script::Latin,
        'Ͱ'..='Ͽ' | 'ἀ'..='῿' => Script::Greek,
        'Ѐ'..='ԯ' => Script::Cyrillic,
        '֑'..='״' => Script::Hebrew,
        '؀'..='ۿ' => Script::Arabic,
        'ก'..='๛' => Script::Thai,
        '｡'..='ﾟ' => Script::Narrow,
        '가'..='힣' => Script::Hangul,
        '々' | '぀'..='ヿ' | '㐀'..='鿿' | '豈'..='﫿' | '\u{20000}'..='\u{3ffff}' => Script::Han,
        _ => Script::Other,
    }
}

/// Whether this can be a word of some language.
pub(super) fn is_word(word: &str) -> bool {
    let mut before = None;
    let (mut scripts, mut letters, mut accents) = (None, 0, 0);
    for letter in word.chars() {
        let part = part(letter);
        if part == Part::Nothing || !may_follow(before, letter, part) {
            return false;
        }
        if matches!(part, Part::Small | Part::Capital | Part::Letter) {
            let script = script(letter);
            if scripts.is_some_and(|of| of != script) {
                return false;
            }
            scripts = Some(script);
            letters += 1;
            accents += usize::from(script == Script::Latin && !letter.is_ascii());
        }
        before = Some(part);
    }
    // A word in Latin letters has some letters without accents.
    letters < 3 || accents * 4 < letters * 3
}

fn may_follow(before: Option<Part>, letter: char, part: Part) -> bool {
    let Some(before) = before else { return part != Part::Mark };
    let is_letter = |part: Part| matches!(part, Part::Small | Part::Capital | Part::Letter | Part::Mark);
    match (before, part) {
        // People type `McDonald` and `JoséMaria`, but not `JosŽ`.
        (Part::Small, Part::Capital) => letter.is_ascii(),
        (_, Part::Mark) => is_letter(before),
        (Part::Sign | Part::Closes, part) if is_letter(part) => false,
        (before, Part::Sign | Part::Opens) if is_letter(before) => false,
        _ => true,
    }
}

/// Whether the letters of a word are in places where English, Portuguese, Spanish, French, German, Italian or a
/// Nordic language has them. Other alphabets decode to letters too under Windows-1252 (`Dvoøák`, `Erdõs`, `Eglë`,
/// `Bçrziòð`), but in other places.
pub(super) fn is_western(word: &str) -> bool {
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let at = |place: usize| letters.get(place).copied().filter(|letter| letter.is_alphabetic());
    letters.iter().enumerate().all(|(place, letter)| {
        let before = place.checked_sub(1).and_then(at);
        stands_well(before, *letter, at(place + 1))
    })
}

fn stands_well(before: Option<char>, letter: char, after: Option<char>) -> bool {
    let is = |beside: Option<char>, of: &str| beside.is_some_and(|beside| of.contains(beside));
    match letter {
        _ if letter.is_ascii() || !letter.is_alphabetic() => true,
        'á' | 'é' | 'í' | 'ó' | 'ú' | 'ä' | 'ö' | 'ü' | 'ß' | 'â' | 'ê' | 'î' | 'ô' | 'å' | 'š' | 'ž'
        | 'ª' | 'º' => true,
        'ã' => after.is_none() || is(after, "oesz"),
        'õ' => is(after, "e"),
        'ç' => is(after, "aouãõáóâôúéê"),
        'ñ' => is(after, VOWELS),
        // Before a vowel it is a `č` or an `ř` of windows-1250.
        'è' => !is(after, VOWELS),
        'æ' => after.is_some() && !is(after, VOWELS),
        'ø' => !is(before, VOWELS) && !is(after, "iáíéýùì"),
        'ë' | 'ï' => is(before, "aeiou"),
        'à' | 'ì' | 'ò' | 'ù' => after.is_none(),
        'û' => is(before, "o"),
        'œ' => is(after, "u"),
        _ => false,
    }
}

const VOWELS: &str = "aeiouyáàâãäåéèêëíìîïóòôõöúùûüýø";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn western_words_are_told_from_other_alphabets_under_windows_1252() {
        for word in [
            "Conceição",
            "Magalhães",
            "Irmã",
            "Simões",
            "GONÇALVES",
            "Muñoz",
            "Núñez",
            "Lefèvre",
            "Hélène",
            "Noël",
            "Anaïs",
            "voilà",
            "août",
            "œuvre",
            "Cantù",
            "Forlì",
            "Mosè",
            "Strauß",
            "Ångström",
            "Sørensen",
            "Kjær",
            "Ødegård",
        ] {
            assert!(is_western(word), "{word}");
        }
        for word in [
            "Dvoøák",
            "Èerný",
            "Jiøí",
            "Erdõs",
            "Szûcs",
            "Kaczyñska",
            "Wiœniewski",
            "Horvatiæ",
            "Eglë",
            "Bçrziòð",
            "Yýldýz",
            "Cãtãlin",
            "Buèinskas",
            "Nguyêòn",
            "Køížová",
        ] {
            assert!(!is_western(word), "{word}");
        }
    }

    #[test]
    fn words_are_told_from_what_a_wrong_encoding_makes_of_them() {
        for word in [
            "José",
            "ÁLVARO",
            "Łukasz",
            "Świętosława",
            "“Tür”",
            "l’été",
            "d'Été",
            "Иван",
            "Ἑλλάς",
            "Γιώργος",
            "דוד",
            "محمد",
            "สมชาย",
            "山田",
            "たなか",
            "김철수",
            "Nguyễn",
            "n°",
            "¿qué",
            "café…",
            "Ðurić",
            "Éé",
            "Őry",
        ] {
            assert_eq!(Reading::of(word), Reading { words: 1, wrong: 0 }, "{word}");
        }
        for word in [
            "£ukasz",
            "¯ó³æ",
            "JosŽ",
            "иВАН",
            "Èâàí",
            "Jos\u{81}",
            "Aиван",
            "Ãéþñãïò",
            "´ÙÅÄ",
            "Jos\u{fffd}",
            "ÏÁÇ",
        ] {
            assert_eq!(Reading::of(word), Reading { words: 1, wrong: 1 }, "{word}");
        }
    }
}
