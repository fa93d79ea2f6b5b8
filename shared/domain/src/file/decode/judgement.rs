//! Decides from a census which encoding a file has, how certain that is, and which finding the sender gets.

use crate::file::decode::census::{Census, TRIED};
use crate::file::decode::reading::{Reading, is_western, is_word, words};
use crate::file::decode::{Confidence, Detected, DetectedBy, DetectedEncoding, Encoding};
use crate::types::code::Code;
use crate::types::finding::Finding;

/// The decision for a file.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) encoding: Encoding,
    pub(super) confidence: Confidence,
    pub(super) finding: Option<Finding>,
}

/// The trust in an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Accept the file without a finding.
    Full,
    /// Accept the file with a finding.
    Some,
    /// Refuse the file.
    None,
}

const JAPANESE_MAIL: Encoding = Encoding::Web(encoding_rs::ISO_2022_JP);

/// One line of valid UTF-8 outweighs this number of lines in another encoding.
const OUTWEIGHED: u64 = 8;

/// The score by which another encoding must exceed Windows-1252, and zero.
const MARGIN: i64 = 2;

/// The number of different bytes beyond ASCII that is needed to choose an encoding of DOS or the Macintosh: a single
/// byte that occurs in many lines may be damage, however well it reads.
const LETTERS: u32 = 3;

/// Percentage of wrong words from which an encoding is discarded.
const HARDLY_WORDS: usize = 20;

/// Number of words that is enough for certainty.
const ENOUGH_WORDS: usize = 3;

/// One country domain for each guess of the detector. If all of these guesses show the same text, no other encoding
/// is likely.
const COUNTRIES: [&[u8]; 16] = [
    b"de", b"pl", b"cz", b"ru", b"gr", b"tr", b"il", b"ae", b"lt", b"vn", b"th", b"jp", b"cn", b"tw", b"kr",
    b"is",
];

impl Census {
    /// The final encoding of the file; `detected` is the result from its beginning and the option.
    pub fn verdict(mut self, detected: Detected) -> DetectedEncoding {
        self.close();
        let said = detected.by != DetectedBy::Content || detected.is_final();
        let judgement = if said { Judgement::said(detected.encoding) } else { Judgement::of(&self) };
        let Judgement { encoding, confidence, finding } = judgement;
        let against = match encoding {
            Encoding::Utf8 => self.first_invalid,
            Encoding::Windows1252 => self.first_gap.or(self.first_valid),
            _ => self.first_valid,
        };
        DetectedEncoding { encoding, by: detected.by, confidence, against, finding }
    }
}

impl Judgement {
    pub(super) fn said(encoding: Encoding) -> Self {
        Self { encoding, confidence: Confidence::Certain, finding: None }
    }

    /// Decides from the file's content.
    pub(super) fn of(census: &Census) -> Self {
        let others = census.others();
        if others == 0 && census.japanese == 0 {
            return Self::said(Encoding::Utf8);
        }
        if others == 0 && census.japanese > 0 && census.sample.reading(JAPANESE_MAIL).wrong == 0 {
            return Self { encoding: JAPANESE_MAIL, confidence: Confidence::High, finding: None };
        }
        let best = best(census);
        let reading = census.sample.reading(best);
        if is_mixed(census, reading) {
            return Self::mixed(census, best);
        }
        if !outweighs_utf_8(census, best, reading) {
            let sure = census.utf_8 >= 3 && others * 10 <= census.utf_8;
            let confidence = if sure { Confidence::High } else { Confidence::Low };
            return Self { encoding: Encoding::Utf8, confidence, finding: None };
        }
        match trust(census, best, reading) {
            Trust::Full => Self { encoding: best, confidence: Confidence::High, finding: None },
            Trust::Some => Self::assumed(census, best),
            Trust::None => Self::unlikely(census, best),
        }
    }

    fn assumed(census: &Census, encoding: Encoding) -> Self {
        let mut finding = Finding::new(Code::EncodingAssumed).arg("encoding", encoding.as_str());
        if let Some((line, word)) = first_word(census, encoding, 0) {
            finding = finding.arg("line", line).value(word);
        }
        let finding = finding.arg("option", option(encoding));
        Self { encoding, confidence: Confidence::Low, finding: Some(finding) }
    }

    /// Refuses a file for which no encoding is likely. The finding suggests an encoding for the option only if that
    /// encoding shows words: one that damages the names is bad advice.
    fn unlikely(census: &Census, best: Encoding) -> Self {
        let (faults, words, likeliest) = likeliest(census, best);
        let helps = faults * FAULTS_BEAT < words;
        let place = first_wrong(census, best);
        let mut finding = uncertain(census, if helps { likeliest } else { best }, place);
        if helps {
            finding = finding.arg("option", option(likeliest));
        }
        Self { encoding: best, confidence: Confidence::Low, finding: Some(finding) }
    }

    /// Refuses a file that mixes UTF-8 and another encoding: no option can read it.
    fn mixed(census: &Census, best: Encoding) -> Self {
        let finding = uncertain(census, best, census.second_line());
        Self { encoding: best, confidence: Confidence::Low, finding: Some(finding) }
    }
}

fn uncertain(census: &Census, encoding: Encoding, place: Option<u64>) -> Finding {
    let finding = Finding::new(Code::EncodingUncertain);
    let Some(place) = place else { return finding };
    let word = first_word(census, encoding, place).filter(|(line, _)| *line == place);
    let finding = finding.arg("line", place);
    word.into_iter().fold(finding, |finding, (_, word)| finding.value(word))
}

/// The candidate with the fewest wrong words: that number, and the number of all words.
fn likeliest(census: &Census, best: Encoding) -> (usize, usize, Encoding) {
    let all = std::iter::once(best).chain(rivals(census, best));
    let faults =
        all.map(|encoding| (faults(census, encoding), census.sample.reading(encoding).words, encoding));
    faults.min_by_key(|(faults, _, _)| *faults).expect("there is the best one")
}

/// The first line that an encoding does not read well.
fn first_wrong(census: &Census, encoding: Encoding) -> Option<u64> {
    let shown = census.sample.shown(encoding);
    shown.lines().find(|(_, line)| Reading::of(line).wrong > 0).map(|(number, _)| number)
}

/// The encoding as the option names it.
fn option(encoding: Encoding) -> String {
    format!("--set encoding={}", encoding.as_str())
}

/// The first word beyond ASCII, from line `from` on, among the lines that are not UTF-8, decoded.
fn first_word(census: &Census, encoding: Encoding, from: u64) -> Option<(u64, String)> {
    let shown = census.sample.shown(encoding);
    shown.lines().filter(|(number, _)| *number >= from).find_map(|(number, line)| {
        let word = words(line).next()?;
        Some((number, line[word].chars().take(LONGEST_SHOWN).collect()))
    })
}

/// Characters of a word in the finding.
const LONGEST_SHOWN: usize = 40;

/// Whether the file mixes UTF-8 with another encoding that reads as text.
fn is_mixed(census: &Census, reading: Reading) -> bool {
    let (utf_8, others) = (census.utf_8, census.others());
    utf_8.min(others) >= 2 && utf_8.min(others) * 3 >= utf_8.max(others) && reading.wrong * 2 < reading.words
}

/// Whether the lines that are not UTF-8 show the file's encoding, rather than damage.
fn outweighs_utf_8(census: &Census, best: Encoding, reading: Reading) -> bool {
    let usual = best == Encoding::Windows1252 || best == Encoding::Latin9;
    let (others, gaps) = if usual { (census.single, census.gaps) } else { (census.others(), 0) };
    let reads = if usual { census.scores[0] > 0 } else { reading.wrong == 0 };
    others > gaps + OUTWEIGHED * census.utf_8 && (others > 1 || census.header || reads)
}

/// The encoding that reads the lines best.
fn best(census: &Census) -> Encoding {
    let western = best_western(census);
    let guess = census.detector.guess(None).unwrap_or(western);
    let words = census.sample.reading(western).words;
    let western_faults = faults(census, western);
    if western != Encoding::Windows1252 {
        return if western_faults <= faults(census, guess) { western } else { guess };
    }
    if guess != western {
        let is_western = western_faults == 0 && words > 0;
        return if is_western && (is_other_latin(guess) || words < ENOUGH_WORDS) { western } else { guess };
    }
    if western_faults * FAULTS_ALLOWED > words { other_alphabet(census).unwrap_or(western) } else { western }
}

/// Letters beyond ASCII in languages outside Western Europe that the detector mistakes for Western European ones.
const ALPHABETS: [(Encoding, &str); 6] = [
    (Encoding::Web(encoding_rs::WINDOWS_1250), "áéíóöőúüű"),
    (Encoding::Web(encoding_rs::WINDOWS_1257), "ąčęėįšųūž"),
    (Encoding::Web(encoding_rs::WINDOWS_1257), "āčēģīķļņšūž"),
    (Encoding::Web(encoding_rs::WINDOWS_1257), "äöüõšž"),
    (Encoding::Web(encoding_rs::WINDOWS_1250), "áčďéěíňóřšťúůýž"),
    (Encoding::Web(encoding_rs::WINDOWS_1254), "çğıöşüi\u{307}âîû"),
];

/// The encoding in which all letters belong to one of these alphabets.
fn other_alphabet(census: &Census) -> Option<Encoding> {
    let is_of = |alphabet: &str, letter: char| {
        letter.is_ascii()
            || !letter.is_alphabetic()
            || letter.to_lowercase().all(|small| alphabet.contains(small) || small.is_ascii())
    };
    let fits = |(encoding, alphabet): &(Encoding, &str)| {
        let text = census.sample.shown(*encoding).text;
        text.chars().all(|letter| letter != char::REPLACEMENT_CHARACTER && is_of(alphabet, letter))
    };
    ALPHABETS.iter().find(|alphabet| fits(alphabet)).map(|(encoding, _)| *encoding)
}

/// The encoding of Western Europe that reads the lines best; the default if no other is clearly better.
fn best_western(census: &Census) -> Encoding {
    let (mut best, mut most) = (TRIED[0], census.scores[0].max(0) + MARGIN);
    let letters = census.bytes.count_ones();
    for (encoding, score) in TRIED.into_iter().zip(census.scores).skip(1) {
        let seen_enough = encoding == Encoding::Latin9 || letters >= LETTERS;
        if score > most && seen_enough {
            (best, most) = (encoding, score);
        }
    }
    best
}

/// The trust in the best encoding: its words must read well, and those of every other candidate must not.
fn trust(census: &Census, best: Encoding, reading: Reading) -> Trust {
    if reading.wrong_in_hundred() >= HARDLY_WORDS {
        return Trust::None;
    }
    let enough = reading.words >= ENOUGH_WORDS || census.sample.is_same_in_latin(best);
    let reads = faults(census, best) * FAULTS_ALLOWED <= reading.words;
    let sure = census.utf_8 == 0 && enough && reads && !is_other_latin(best);
    if sure && rivals(census, best).into_iter().all(|rival| is_beaten(census, best, rival)) {
        Trust::Full
    } else {
        Trust::Some
    }
}

/// One wrong word in this number of words is a typing error.
const FAULTS_ALLOWED: usize = 40;

/// One wrong word in this number of words disqualifies an encoding.
const FAULTS_BEAT: usize = 5;

/// Whether an encoding is for Latin letters outside Western Europe: these languages share many letters, so the
/// detector may be wrong even over many rows.
fn is_other_latin(encoding: Encoding) -> bool {
    let latin = [
        encoding_rs::WINDOWS_1250,
        encoding_rs::WINDOWS_1254,
        encoding_rs::WINDOWS_1257,
        encoding_rs::WINDOWS_1258,
        encoding_rs::ISO_8859_2,
        encoding_rs::ISO_8859_3,
        encoding_rs::ISO_8859_4,
        encoding_rs::ISO_8859_10,
        encoding_rs::ISO_8859_13,
        encoding_rs::ISO_8859_14,
        encoding_rs::ISO_8859_16,
    ];
    matches!(encoding, Encoding::Web(web) if latin.contains(&web))
}

/// The other candidates for the file.
fn rivals(census: &Census, best: Encoding) -> Vec<Encoding> {
    let mut rivals = TRIED.to_vec();
    for country in COUNTRIES {
        rivals.extend(census.detector.guess(Some(country)).filter(|guess| !rivals.contains(guess)));
    }
    rivals.retain(|rival| *rival != best);
    rivals
}

/// Whether another candidate shows the same words, or wrong words. A file that reads well in an encoding of Western
/// Europe is not in one of another Latin alphabet.
fn is_beaten(census: &Census, best: Encoding, rival: Encoding) -> bool {
    let is_guess = census.detector.guess(None) == Some(rival);
    if TRIED.contains(&best) && is_other_latin(rival) && !is_guess {
        return true;
    }
    let (ours, theirs) = (census.sample.shown(best), census.sample.shown(rival));
    let mut our_words = ours.words();
    let differ: Vec<&str> = theirs.words().filter(|word| our_words.next() != Some(word)).collect();
    differ.iter().filter(|word| is_fault(rival, word)).count() * FAULTS_BEAT >= differ.len()
}

fn is_fault(encoding: Encoding, word: &str) -> bool {
    !is_word(word) || TRIED.contains(&encoding) && !is_western(word)
}

/// Counts the wrong words that an encoding shows; for an encoding of Western Europe also words of no language there.
fn faults(census: &Census, encoding: Encoding) -> usize {
    census.sample.shown(encoding).words().filter(|word| is_fault(encoding, word)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(file: &[u8]) -> DetectedEncoding {
        let mut census = Census::default();
        census.feed(file);
        census.verdict(Detected { encoding: Encoding::Utf8, by: DetectedBy::Content })
    }

    fn web(label: &str, text: &str) -> Vec<u8> {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        encoding.encode(text).0.into_owned()
    }

    const RUSSIAN: &str = "Иван Петров;1\nОльга Смирнова;2\nСергей Кузнецов;3\nМария Иванова;4\n";
    const POLISH: &str = "Łukasz Wiśniewski;1\nŻaneta Kaczyńska;2\nPaweł Dąbrowski;3\nZofia Wójcik;4\n";
    const PORTUGUESE: &str = "José Conceição;1\nInês Araújo;2\nJoão Magalhães;3\nLuís Simões;4\n";
    const GREEK: &str = "Γιώργος Παππάς;1\nΕλένη Ιωάννου;2\nΝίκος Μακρής;3\nΣοφία Λάμπρου;4\n";

    #[test]
    fn a_file_put_together_of_two_encodings_is_refused_at_the_second() {
        for (first, second, line) in [
            (web("utf-8", PORTUGUESE), web("windows-1252", PORTUGUESE), 6),
            (web("windows-1252", PORTUGUESE), web("utf-8", PORTUGUESE), 6),
            (web("windows-1251", RUSSIAN), web("koi8-r", RUSSIAN), 6),
            (web("koi8-r", RUSSIAN), web("utf-8", RUSSIAN), 6),
            (web("windows-1250", POLISH), web("utf-8", POLISH), 6),
        ] {
            let found = judged(&[b"Name;Number\n", &first[..], &second[..]].concat());
            let finding = found.finding.expect("it is told");
            assert_eq!(finding.code, Code::EncodingUncertain, "{finding:?}");
            assert!(finding.args.contains(&("line", line.to_string())), "{finding:?}");
        }
    }

    #[test]
    fn two_encodings_are_never_taken_in_silence() {
        let parts = [
            ("windows-1251", RUSSIAN),
            ("koi8-r", RUSSIAN),
            ("windows-1250", POLISH),
            ("iso-8859-2", POLISH),
            ("windows-1252", PORTUGUESE),
            ("windows-1253", GREEK),
            ("utf-8", GREEK),
            ("macintosh", PORTUGUESE),
        ];
        for (label, text) in parts {
            for (other, other_text) in parts.into_iter().filter(|(other, _)| *other != label) {
                for times in [1, 3, 10] {
                    let file = [web(label, text).repeat(times), web(other, other_text)].concat();
                    let found = judged(&file);
                    let rejected = found.encoding == Encoding::Utf8;
                    assert!(found.finding.is_some() || rejected, "{label} {other} {times}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_likely_is_said_with_a_word_to_check_and_the_option() {
        let found = judged(&[b"Name;Number\n", &web("windows-1250", POLISH)[..]].concat());
        let finding = found.finding.unwrap();
        assert_eq!((finding.code, finding.value.as_deref()), (Code::EncodingAssumed, Some("Łukasz")));
        for (name, value) in
            [("encoding", "windows-1250"), ("line", "2"), ("option", "--set encoding=windows-1250")]
        {
            assert!(finding.args.contains(&(name, value.to_owned())), "{finding:?}");
        }
    }

    #[test]
    fn one_damaged_cell_is_no_encoding() {
        for line in [&b"B\xff\xfe\x81b;1\n"[..], b"Ann\xff;1\n"] {
            let found = judged(&[b"Name;Number\nAnn;1\n", line].concat());
            assert_eq!((found.encoding, found.finding), (Encoding::Utf8, None), "{line:?}");
        }
    }
}
