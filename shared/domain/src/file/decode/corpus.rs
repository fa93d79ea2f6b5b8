//! The corpus: names in many languages, in the encodings that their files use, at several sizes.
//!
//! The test asserts that no file is stored damaged without a finding, and prints the table of `docs/encodings.md`:
//!
//!     cargo test -p rollcall-domain corpus -- --nocapture

use unicode_normalization::UnicodeNormalization;

use super::*;

const NAMES: &str = include_str!("corpus/names.txt");

/// Encodings and the languages whose files use them.
const COMBINATIONS: &[(&str, &str)] = &[
    ("UTF-8", "pt de fr es it sv da pl cs hu ro hr ru uk bg el tr he ar lt lv et vi th ja zh zt ko"),
    ("UTF-16LE", "pt de pl ru el"),
    ("UTF-16BE", "pt de pl ru el"),
    ("windows-1252", "pt de fr es it sv da"),
    ("ISO-8859-15", "pt de fr es"),
    ("macintosh", "pt de fr es it sv"),
    ("IBM850", "pt de fr es it sv"),
    ("windows-1250", "pl cs hu ro hr"),
    ("ISO-8859-2", "pl cs hu ro hr"),
    ("windows-1251", "ru uk bg"),
    ("KOI8-R", "ru"),
    ("KOI8-U", "uk"),
    ("ISO-8859-5", "ru bg"),
    ("IBM866", "ru"),
    ("windows-1253", "el"),
    ("ISO-8859-7", "el"),
    ("windows-1254", "tr"),
    ("windows-1255", "he"),
    ("windows-1256", "ar"),
    ("ISO-8859-6", "ar"),
    ("windows-1257", "lt lv et"),
    ("windows-1258", "vi"),
    ("windows-874", "th"),
    ("Shift_JIS", "ja"),
    ("EUC-JP", "ja"),
    ("ISO-2022-JP", "ja"),
    ("GBK", "zh"),
    ("gb18030", "zh"),
    ("Big5", "zt"),
    ("EUC-KR", "ko"),
];

const SIZES: [usize; 4] = [1, 3, 20, 200];

/// The names of a language in a form that an encoding can represent.
fn names(language: &str, encoding: Encoding) -> Vec<String> {
    let line = NAMES.lines().find(|line| line.starts_with(language)).unwrap_or_else(|| panic!("{language}"));
    let names: Vec<String> = line[3..].split(';').map(|name| holdable(name.trim(), encoding)).collect();
    assert!(names.len() >= 20, "{language}: {}", names.len());
    names
}

/// Older Romanian encodings have cedillas; Vietnamese ones have tones as combining marks.
fn holdable(name: &str, encoding: Encoding) -> String {
    match encoding.as_str() {
        "windows-1250" | "ISO-8859-2" => {
            name.replace('ș', "ş").replace('ț', "ţ").replace('Ș', "Ş").replace('Ț', "Ţ")
        }
        "windows-1258" => name.chars().flat_map(toned).collect(),
        _ => name.to_owned(),
    }
}

fn toned(letter: char) -> Vec<char> {
    let mut parts: Vec<char> = std::iter::once(letter).nfd().collect();
    let tone = parts
        .iter()
        .rposition(|part| matches!(part, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}'));
    let tone = tone.map(|at| parts.remove(at));
    parts.into_iter().nfc().chain(tone).collect()
}

/// Encodes a text; a character that the encoding does not have is an error in the corpus.
fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    if encoding.is_wide() {
        let bytes =
            |unit: u16| if encoding == Encoding::Utf16Le { unit.to_le_bytes() } else { unit.to_be_bytes() };
        return text.encode_utf16().flat_map(bytes).collect();
    }
    if let Encoding::Web(web) = encoding {
        let (bytes, _, lost) = web.encode(text);
        assert!(!lost, "{}: {text}", encoding.as_str());
        return bytes.into_owned();
    }
    let Some(table) = single::table(encoding) else { return text.as_bytes().to_vec() };
    let byte = |letter: char| {
        let place = || table.iter().position(|of| *of == letter).map(|at| at as u8 + 0x80);
        u8::try_from(letter)
            .ok()
            .filter(u8::is_ascii)
            .or_else(place)
            .unwrap_or_else(|| panic!("{letter} in {text}"))
    };
    text.chars().map(byte).collect()
}

/// Builds a file of `rows` rows that combine first names and surnames in new pairs.
fn file(names: &[String], first: usize, rows: usize) -> String {
    let mut text = String::from("Name;E-mail;Phone\r\n");
    for row in 0..rows {
        let (one, other) =
            (&names[(first + row) % names.len()], &names[(first + row + row / names.len()) % names.len()]);
        let name = match (one.split_once(' '), other.split_once(' ')) {
            (Some((given, _)), Some((_, family))) => format!("{given} {family}"),
            _ => one.clone(),
        };
        text.push_str(&format!("{name};person{row}@one.example;+1 212 555 01{:02}\r\n", row % 100));
    }
    text
}

/// The result for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// Correct, without a finding.
    Right,
    /// Correct, with a finding.
    RightAssumed,
    /// Wrong, with a finding.
    WrongAssumed,
    /// The file or its rows are refused.
    Refused,
    /// Wrong, without a finding.
    Damaged,
}

fn detected(bytes: &[u8]) -> Result<DetectedEncoding, Finding> {
    let detected = detect(bytes, None)?;
    let mut census = Census::default();
    census.feed(bytes);
    Ok(census.verdict(detected))
}

fn came(text: &str, encoding: Encoding) -> Came {
    let bytes = encode(text, encoding);
    let Ok(found) = detected(&bytes) else { return Came::Refused };
    if found.finding.as_ref().is_some_and(Finding::is_error) {
        return Came::Refused;
    }
    let decoded = Decoder::new(found.encoding).decode(&bytes, true).into_owned();
    let lines: Vec<&[u8]> = decoded.split(|byte| *byte == b'\n').collect();
    let sent: Vec<&str> = text.split('\n').collect();
    let is_right = |(shown, sent): (&&[u8], &&str)| {
        std::str::from_utf8(shown).is_ok_and(|shown| shown.nfc().eq(sent.nfc()))
    };
    let is_told = |(shown, _): (&&[u8], &&str)| std::str::from_utf8(shown).is_err();
    let all_right = lines.len() == sent.len() && lines.iter().zip(&sent).all(is_right);
    match (all_right, found.finding.is_some()) {
        (true, false) => Came::Right,
        (true, true) => Came::RightAssumed,
        (false, true) => Came::WrongAssumed,
        (false, false) if lines.iter().zip(&sent).all(|line| is_right(line) || is_told(line)) => {
            Came::Refused
        }
        (false, false) => Came::Damaged,
    }
}

#[test]
fn no_file_is_damaged_in_silence() {
    println!("| encoding | language | {} |", SIZES.map(|size| format!("{size} rows")).join(" | "));
    println!("| --- | --- | --- | --- | --- | --- |");
    let mut damaged = Vec::new();
    let mut combinations = 0;
    for (name, languages) in COMBINATIONS {
        let encoding = Encoding::parse(name).unwrap();
        for language in languages.split(' ') {
            combinations += 1;
            let names = names(language, encoding);
            let cells = SIZES.map(|size| {
                let files = if size < 20 { names.len() } else { 2 };
                let all: Vec<Came> = (0..files)
                    .map(|first| {
                        let text = file(&names, first, size);
                        let came = came(&text, encoding);
                        if std::env::var_os("EXPLAIN").is_some() && came == Came::WrongAssumed && first < 2 {
                            let found = detected(&encode(&text, encoding)).unwrap();
                            println!(
                                "{name} {language} {size}: {} {:?}",
                                found.encoding.as_str(),
                                found.finding.unwrap().value
                            );
                        }
                        if came == Came::Damaged {
                            damaged
                                .push(format!("{name} {language} {size}: {}", text.lines().nth(1).unwrap()));
                        }
                        came
                    })
                    .collect();
                let share =
                    |of: &[Came]| all.iter().filter(|came| of.contains(came)).count() * 100 / all.len();
                format!(
                    "{} ({} silent, {} wrong, {} refused)",
                    share(&[Came::Right, Came::RightAssumed]),
                    share(&[Came::Right]),
                    share(&[Came::WrongAssumed]),
                    share(&[Came::Refused])
                )
            });
            println!("| {name} | {language} | {} |", cells.join(" | "));
        }
    }
    assert!(combinations >= 30);
    assert!(damaged.is_empty(), "{damaged:#?}");
}
