//! Repairs UTF-8 that a program read as Windows-1252 and saved as UTF-8, once or several times: `JosÃ© MÃ¼ller`. A
//! cell is repaired only if the whole of it converts back exactly and the result is text.

/// Returns the cell before it was misread; `None` if it was not, or if that is uncertain.
pub fn undo_misreading(cell: &str) -> Option<String> {
    let mut earlier = undo_once(cell)?;
    let mut meant = None;
    for _ in 0..MOST_TIMES {
        let before = undo_once(&earlier);
        meant = Some(earlier).filter(|text| is_evident(text)).or(meant);
        match before {
            Some(before) => earlier = before,
            None => break,
        }
    }
    meant
}

/// The most times that a text is misread: each time every letter beyond ASCII becomes two or more.
const MOST_TIMES: usize = 3;

fn undo_once(cell: &str) -> Option<String> {
    if !may_be_misread(cell) {
        return None;
    }
    let bytes: Option<Vec<u8>> = cell.chars().map(byte).collect();
    String::from_utf8(bytes?).ok()
}

/// Whether a letter that may begin a UTF-8 sequence precedes another character beyond ASCII: hardly any cell has
/// that.
fn may_be_misread(cell: &str) -> bool {
    cell.as_bytes().windows(3).any(|three| matches!(three, [0xc3, 0x82..=0xb4, 0xc2..=0xff]))
}

/// Windows-1252 from `80` to `9F`, where it differs from Latin-1; the gaps are control characters.
const SIGNS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The byte that a program read as this character, in Windows-1252 or Latin-1.
fn byte(letter: char) -> Option<u8> {
    let sign = || SIGNS.iter().position(|sign| *sign == letter).map(|at| 0x80 + at as u8);
    u8::try_from(letter).ok().or_else(sign)
}

fn sign(byte: u8) -> char {
    if (0x80..0xa0).contains(&byte) { SIGNS[usize::from(byte - 0x80)] } else { char::from(byte) }
}

/// Whether a repaired text is certainly right: it holds only characters that lists contain, and at least one whose
/// misread form makes no sense.
fn is_evident(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let beyond = || letters.iter().enumerate().filter(|(_, letter)| !letter.is_ascii());
    let foreign = beyond().filter(|(_, letter)| is_foreign(**letter)).count();
    beyond().all(|(at, letter)| is_text(*letter) && !is_small_behind_capitals(&letters, at))
        && foreign != 1
        && beyond().any(|(at, _)| !is_ambiguous(&letters, at))
}

/// The characters beyond ASCII that lists contain: letters of living languages, and the symbols of word processors.
fn is_text(letter: char) -> bool {
    matches!(letter,
        '\u{a0}'..='ſ' | 'Ơ' | 'ơ' | 'Ư' | 'ư' | 'Ș'..='ț' | '\u{300}'..='\u{323}' | 'Ḁ'..='ỿ'
        | '‐'..='…' | '‰' | '‹' | '›' | '€' | '№' | '™' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '☀'..='➿'
        | '🀀'..='🫿' | '\u{fe0f}')
        || is_foreign(letter)
}

/// Letters that never occur alone.
fn is_foreign(letter: char) -> bool {
    matches!(letter,
        '΄'..='ώ' | 'Ѐ'..='џ' | 'Ґ' | 'ґ' | 'א'..='ת' | '،'..='ْ' | 'پ'..='ی' | 'ก'..='๛' | '、'..='ヿ' | '一'..='鿿'
        | '가'..='힣' | '！'..='ﾟ')
}

/// `HYVÄ…` would become `HYVą`, which makes no sense.
fn is_small_behind_capitals(letters: &[char], at: usize) -> bool {
    let capital = |back: usize| at.checked_sub(back).is_some_and(|at| letters[at].is_uppercase());
    letters[at].is_lowercase() && capital(1) && capital(2)
}

/// `IRMÃ…` and `SÃ”` may be correct as they are: a capital at the end of a word, and a punctuation mark.
fn is_ambiguous(letters: &[char], at: usize) -> bool {
    let mut bytes = [0; 4];
    let [_, second] = letters[at].encode_utf8(&mut bytes).as_bytes() else { return false };
    let before = at.checked_sub(1).map(|at| letters[at]);
    let in_word = before.is_some_and(char::is_lowercase)
        || letters.get(at + 1).is_some_and(|next| next.is_alphabetic());
    !in_word
        && matches!(sign(*second), '…' | '“' | '”' | '‘' | '’' | '–' | '—' | '™' | '«' | '»' | '®' | '\u{a0}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// UTF-8 as a program shows it that takes it for Windows-1252.
    fn misread(text: &str) -> String {
        text.bytes().map(sign).collect()
    }

    #[test]
    fn what_was_misread_goes_back_however_often() {
        for text in [
            "José Müller",
            "João Conceição",
            "ÁLVARO",
            "Ángel",
            "São Paulo",
            "Łukasz Żółć",
            "Jiří",
            "Erdős",
            "Şahin",
            "l’été",
            "5 €",
            "“Tür”",
            "Иван Петров",
            "Γιώργος",
            "דוד",
            "محمد",
            "สมชาย",
            "山田太郎",
            "김철수",
            "Nguyễn",
            "n° 5",
            "Zoë",
            "voilà",
            "10 – 20",
            "Ștefan",
            "Ana 🎉",
            "Ørsted",
            "İbrahim",
            "Café",
        ] {
            let once = misread(text);
            assert_eq!(undo_misreading(&once).as_deref(), Some(text), "{once}");
            let twice = misread(&once);
            assert_eq!(undo_misreading(&twice).as_deref(), Some(text), "{twice}");
            let latin_1: String = text.bytes().map(char::from).collect();
            assert_eq!(undo_misreading(&latin_1).as_deref(), Some(text), "{latin_1}");
        }
    }

    #[test]
    fn what_somebody_may_have_meant_stays() {
        for text in [
            "José",
            "NÃO",
            "SÃO JOSÉ",
            "IRMÃ…",
            "IRMÃ”",
            "MAÇÃ…",
            "JOSÉ…",
            "JOSÉ”",
            "HYVÄ…",
            "„MENÜ“",
            "«CAFÉ»",
            "CAFÉ»",
            "PERÚ…",
            "Ø±0,1",
            "Åå",
            "Ã",
            "Ä–Ö",
            "José Ã©t",
            "ÅŁ",
            "日本語",
            "Иван",
            "Ñº",
            "déjà…",
            "Ã©\u{fffd}",
            "Ann",
            "",
        ] {
            assert_eq!(undo_misreading(text), None, "{text}");
        }
    }
}
