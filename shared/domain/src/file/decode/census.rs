//! The census: finds the encoding of a file that is not clean UTF-8, from the whole file.
//!
//! Each physical line with a byte beyond ASCII votes once: for UTF-8 if it is valid UTF-8, otherwise for an older
//! encoding. Text is hardly ever valid UTF-8 by chance, so one valid line outweighs several invalid ones, whose rows
//! are rejected. A single invalid line decides only if its letters form words; otherwise it is a damaged cell and
//! says nothing about the encoding. A file with many lines of both kinds was assembled from two files, and is
//! refused.
//!
//! Two methods choose among the older encodings. The letters choose among four encodings of Western Europe: in the
//! right encoding they form words (`José`), in a wrong one the words contain symbols (`Jos‚`). For all others,
//! `chardetng`, the detector that browsers use, makes a guess. Then the words of both results are compared
//! ([`Reading`]): the better reading wins, a reading without proper words is discarded, and a finding is added unless
//! no other encoding is possible.

use std::collections::VecDeque;
use std::fmt;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use crate::file::decode::reading::{Reading, words};
use crate::file::decode::{Decoder, Encoding, Place, single};

/// The encodings that are scored by their letters, the most common first. IBM437 is chosen by the option only: where
/// it differs from IBM850, IBM850 is likelier.
pub(super) const TRIED: [Encoding; 4] =
    [Encoding::Windows1252, Encoding::Latin9, Encoding::Macintosh, Encoding::Ibm850];

/// Counts the lines of a file by the encoding that they vote for.
#[derive(Debug, Default)]
pub struct Census {
    /// Lines that are valid UTF-8 beyond ASCII.
    pub(super) utf_8: u64,
    /// Lines that are not valid UTF-8: without, and with, bytes that Windows-1252 does not define.
    pub(super) single: u64,
    pub(super) gaps: u64,
    /// ASCII lines that contain an ISO-2022-JP escape sequence to Japanese.
    pub(super) japanese: u64,
    /// The score of each of [`TRIED`] for these lines.
    pub(super) scores: [i64; 4],
    /// The bytes beyond ASCII in these lines, one bit each.
    pub(super) bytes: u128,
    /// The detector that browsers use, fed with these lines.
    pub(super) detector: Detector,
    pub(super) sample: Sample,
    /// Lines begun, and whether the first one is not UTF-8: most often it is the header.
    lines: u64,
    pub(super) header: bool,
    /// The start of the current line, and the place of the last CR: a CR followed by an LF is one line end.
    start: u64,
    cr: Option<u64>,
    /// The first places of: valid UTF-8 beyond ASCII, invalid UTF-8, a byte that Windows-1252 does not define.
    pub(super) first_valid: Option<Place>,
    pub(super) first_invalid: Option<Place>,
    pub(super) first_gap: Option<Place>,
    /// The current line, as far as earlier pieces hold it, up to the limit.
    carry: Vec<u8>,
    /// Bytes in earlier pieces.
    read: u64,
}

/// Bytes of one line that are examined.
const MOST_CARRIED: usize = 64 * 1024;

/// The detector that browsers use. It receives whole lines, so its result does not depend on how the file is cut.
pub(super) struct Detector {
    detector: Box<EncodingDetector>,
    fed: usize,
    lines: u64,
}

/// After this number of bytes the detector receives only a fraction of the lines: it is certain long before.
const FED_WHOLE: usize = 256 * 1024;
const FED_THEN: u64 = 16;

impl Default for Detector {
    fn default() -> Self {
        Self { detector: Box::new(EncodingDetector::new(Iso2022JpDetection::Deny)), fed: 0, lines: 0 }
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detector").field("fed", &self.fed).finish_non_exhaustive()
    }
}

impl Detector {
    fn feed(&mut self, line: &[u8]) {
        self.lines += 1;
        if self.fed > FED_WHOLE && !self.lines.is_multiple_of(FED_THEN) {
            return;
        }
        self.fed += line.len();
        self.detector.feed(line, false);
        self.detector.feed(b"\n", false);
    }

    pub(super) fn guess(&self, country: Option<&[u8]>) -> Option<Encoding> {
        Encoding::of_web(self.detector.guess(country, Utf8Detection::Deny))
    }
}

/// The first and the last lines that are not UTF-8, to be read again in the guessed encoding.
#[derive(Debug, Default)]
pub(super) struct Sample {
    first: Vec<(u64, Vec<u8>)>,
    last: VecDeque<(u64, Vec<u8>)>,
    bytes: [usize; 2],
}

/// Bytes of each part of the sample, and of one line in it.
const SAMPLED: usize = 32 * 1024;
const SAMPLED_OF_LINE: usize = 4096;

impl Sample {
    fn keep(&mut self, line: u64, bytes: &[u8]) {
        let bytes = bytes[..bytes.len().min(SAMPLED_OF_LINE)].to_vec();
        if self.bytes[0] < SAMPLED {
            self.bytes[0] += bytes.len();
            self.first.push((line, bytes));
            return;
        }
        self.bytes[1] += bytes.len();
        self.last.push_back((line, bytes));
        while self.bytes[1] > SAMPLED + SAMPLED_OF_LINE {
            self.bytes[1] -= self.last.pop_front().map_or(0, |(_, bytes)| bytes.len());
        }
    }

    fn lines(&self) -> impl Iterator<Item = &(u64, Vec<u8>)> {
        self.first.iter().chain(&self.last)
    }

    /// Decodes the lines; a byte that the encoding does not define becomes U+FFFD.
    pub(super) fn shown(&self, encoding: Encoding) -> Shown {
        let mut bytes = Vec::with_capacity(self.bytes[0] + self.bytes[1]);
        for (_, line) in self.lines() {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        let text = Decoder::new(encoding).decode(&bytes, true).into_owned();
        let text = String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Shown { numbers: self.lines().map(|(number, _)| *number).collect(), text }
    }

    /// Whether all characters beyond ASCII are letters that the Latin encodings have at the same place.
    pub(super) fn is_same_in_latin(&self, encoding: Encoding) -> bool {
        let same = |letter: char| letter.is_ascii() || SAME_IN_LATIN.contains(letter);
        encoding == Encoding::Windows1252 && self.shown(encoding).text.chars().all(same)
    }

    /// Checks the words of the lines in an encoding.
    pub(super) fn reading(&self, encoding: Encoding) -> Reading {
        Reading::of(&self.shown(encoding).text)
    }
}

/// Decoded lines.
#[derive(Debug)]
pub(super) struct Shown {
    numbers: Vec<u64>,
    pub(super) text: String,
}

impl Shown {
    /// Each with its number in the file.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        self.numbers.iter().copied().zip(self.text.split('\n'))
    }

    /// The words beyond ASCII.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        words(&self.text).map(|word| &self.text[word])
    }
}

/// Letters at the same place in windows-1250, 1252, 1254 and 1257, and in their ISO siblings.
const SAME_IN_LATIN: &str = "éóäöüßÉÓÄÖÜ";

impl Census {
    /// Counts the lines in a piece of the object.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut start = 0;
        for end in memchr::memchr2_iter(b'\n', b'\r', piece) {
            if self.carry.is_empty() {
                self.count(&piece[start..end]);
            } else {
                self.carry_on(&piece[start..end]);
                self.close();
            }
            start = end + 1;
            self.end_line(piece[end], self.read + end as u64);
        }
        self.carry_on(&piece[start..]);
        self.read += piece.len() as u64;
    }

    /// Lines that are no UTF-8.
    pub(super) fn others(&self) -> u64 {
        self.single + self.gaps
    }

    /// The line where the second of the two encodings begins.
    pub(super) fn second_line(&self) -> Option<u64> {
        let places = [self.first_valid.as_ref(), self.first_invalid.as_ref()];
        places.into_iter().flatten().map(|place| place.line).max()
    }

    fn carry_on(&mut self, rest: &[u8]) {
        let room = MOST_CARRIED.saturating_sub(self.carry.len());
        self.carry.extend_from_slice(&rest[..rest.len().min(room)]);
    }

    pub(super) fn close(&mut self) {
        let carry = std::mem::take(&mut self.carry);
        self.count(&carry);
        self.carry = carry;
        self.carry.clear();
    }

    fn end_line(&mut self, terminator: u8, at: u64) {
        let pair = terminator == b'\n' && at > 0 && self.cr == Some(at - 1);
        self.lines += u64::from(!pair);
        self.cr = (terminator == b'\r').then_some(at);
        self.start = at + 1;
    }

    fn count(&mut self, line: &[u8]) {
        let line = &line[..line.len().min(MOST_CARRIED)];
        if line.is_ascii() {
            return self.count_ascii(line);
        }
        let cut = line.len() == MOST_CARRIED;
        let invalid = match simdutf8::compat::from_utf8(line) {
            Ok(_) => None,
            Err(error) if cut && error.error_len().is_none() => None,
            Err(error) => Some(error.valid_up_to()),
        };
        match invalid {
            Some(invalid) => self.count_other(line, invalid),
            None => {
                self.utf_8 += 1;
                let first = line.iter().position(|byte| !byte.is_ascii());
                self.first_valid = self.first_valid.take().or_else(|| Some(self.place(line, first?)));
            }
        }
    }

    /// Looks for the ISO-2022-JP escape sequence to Japanese: ESC and two characters.
    fn count_ascii(&mut self, line: &[u8]) {
        let goes_over = |at: usize| matches!(line.get(at + 1..at + 3), Some(b"$B" | b"$@" | b"(J" | b"(I"));
        if memchr::memchr_iter(0x1b, line).any(goes_over) {
            self.japanese += 1;
            self.sample.keep(self.lines + 1, line);
        }
    }

    fn count_other(&mut self, line: &[u8], invalid: usize) {
        self.first_invalid = self.first_invalid.take().or_else(|| Some(self.place(line, invalid)));
        self.header |= self.lines == 0;
        match line.iter().position(|byte| single::is_gap(single::windows_1252(*byte))) {
            Some(gap) => {
                self.gaps += 1;
                self.first_gap = self.first_gap.take().or_else(|| Some(self.place(line, gap)));
            }
            None => self.single += 1,
        }
        self.detector.feed(line);
        self.sample.keep(self.lines + 1, line);
        let high = line.iter().filter(|byte| !byte.is_ascii());
        self.bytes = high.fold(self.bytes, |seen, byte| seen | 1 << (byte - 0x80));
        for (encoding, score) in TRIED.into_iter().zip(&mut self.scores) {
            let table = single::table(encoding).expect("all that are tried have one byte a character");
            *score += reading(&table, line);
        }
    }

    fn place(&self, line: &[u8], at: usize) -> Place {
        Place { line: self.lines + 1, offset: self.start + at as u64, byte: format!("{:02x}", line[at]) }
    }
}

/// Scores a line in an encoding: rates each letter beyond ASCII by its neighbours.
fn reading(table: &[char; 128], line: &[u8]) -> i64 {
    let letter =
        |at: Option<usize>| at.and_then(|at| line.get(at)).map(|byte| single::character(table, *byte));
    let high = line.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
    high.map(|(at, byte)| {
        rate(letter(at.checked_sub(1)), single::character(table, *byte), letter(Some(at + 1)))
    })
    .sum()
}

/// Rates how likely a character is between two others, in English, Portuguese, German, French and Spanish.
fn rate(before: Option<char>, letter: char, after: Option<char>) -> i64 {
    let is = |beside: Option<char>, of: fn(char) -> bool| beside.is_some_and(of);
    let (word_before, word_after) = (is(before, char::is_alphabetic), is(after, char::is_alphabetic));
    let in_word = word_before || word_after;
    match letter {
        _ if single::is_gap(letter) => -6,
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'æ' | 'ç' | 'é' | 'è' | 'ê' | 'ë' | 'í' | 'ì' | 'î' | 'ï'
        | 'ñ' | 'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' | 'œ' | 'ú' | 'ù' | 'û' | 'ü' | 'ß' => {
            i64::from(in_word) * 2
        }
        'Á' | 'À' | 'Â' | 'Ã' | 'Ä' | 'Å' | 'Æ' | 'Ç' | 'É' | 'È' | 'Ê' | 'Ë' | 'Í' | 'Ì' | 'Î' | 'Ï'
        | 'Ñ' | 'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' | 'Ø' | 'Œ' | 'Ú' | 'Ù' | 'Û' | 'Ü' => {
            if is(before, char::is_lowercase) { -2 } else { i64::from(in_word) * 2 }
        }
        '’' => 0,
        '€' => {
            if in_word {
                -2
            } else {
                1
            }
        }
        '“' | '”' | '„' | '‘' | '‚' | '«' | '»' | '‹' | '›' | '–' | '—' | '…' | '•' | '·' | '£' | '§'
        | '°' | '¿' | '¡' | '™' | '®' | '©' | 'ª' | 'º' | '´' | '¨' | '½' | '¼' | '¾' | '²' | '³'
        | '\u{a0}' => {
            if word_before && word_after {
                -2
            } else {
                0
            }
        }
        _ if letter.is_alphabetic() => -1,
        _ => -3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::decode::{Confidence, Detected, DetectedBy, DetectedEncoding};

    const UNSAID: Detected = Detected { encoding: Encoding::Utf8, by: DetectedBy::Content };

    /// The encoding of a file; the same wherever the file is cut.
    fn found(file: &[u8]) -> DetectedEncoding {
        let whole = |cuts: &mut dyn Iterator<Item = usize>| {
            let (mut census, mut start) = (Census::default(), 0);
            for cut in cuts {
                census.feed(&file[start..cut]);
                start = cut;
            }
            census.feed(&file[start..]);
            census.verdict(UNSAID)
        };
        let told = whole(&mut std::iter::empty());
        assert_eq!(whole(&mut (1..file.len())), told, "{file:?} byte by byte");
        told
    }

    #[test]
    fn the_majority_of_lines_decides() {
        let (single, utf_8) = (Encoding::Windows1252, Encoding::Utf8);
        for (file, told) in [
            (&b"Jos\xe9\nAnn\n"[..], single),
            (b"Jos\xe9\r\nJo\xc3\xa3o\r\n", utf_8),
            (b"Jos\xe9\nJo\xc3\xa3o\nIn\xeas", utf_8),
            (b"Jos\xe9\nIn\xeas\nIn\xeas\nIn\xeas\nIn\xeas\nIn\xeas\nIn\xeas\nIn\xeas\nIn\xeas\nJo\xc3\xa3o", single),
            (b"Name\nJos\xe9\n", single),
            (b"Name\nAnn\xff\n", utf_8),
            (b"Name\nAnn\xe9Lee\n", single),
            (b"Name\n\xe9\n", utf_8),
            (b"Name\n5\xd75\n", utf_8),
            (b"Name\nJos\xe9\nIn\xeas\n", single),
            (b"Jos\xc3\xa9\n", utf_8),
            (b"Ann\n", utf_8),
            (b"c\xe3\x81@d.example\n", utf_8),
            (b"", utf_8),
        ] {
            assert_eq!(found(file).encoding, told, "{file:?}");
        }
    }

    #[test]
    fn the_letters_tell_which_encoding_of_one_byte_it_is() {
        for (file, told) in [
            (&b"Nome\nJos\x8e Concei\x8d\x8bo\nJ\x9frgen Gro\xa7\n"[..], Encoding::Macintosh),
            (b"Nome\nJos\x82 Concei\x87\xc6o\nJ\x81rgen Gro\xe1\n", Encoding::Ibm850),
            (b"Nom;Prix\nC\xbdur;5 \xa4\nSoeur;6 \xa4\n", Encoding::Latin9),
            (b"Nome\nx\x81\nx\x81\nJos\x82\n", Encoding::Utf8),
            (b"Nom;Prix\nC\x9cur;5 \x80\nl\x92eau \xe0 boire;6 \x80\n", Encoding::Windows1252),
            (b"Nome\nJOS\xc9 CONCEI\xc7\xc3O\n\xc1lvaro\nMu\xf1oz\n", Encoding::Windows1252),
            (
                b"Note\n\x93Stra\xdfe\x94 \x96 n\xb0 5, 20 \xb0C\nM\xfcller & S\xf6hne \xae\n",
                Encoding::Windows1252,
            ),
        ] {
            assert_eq!(found(file).encoding, told, "{}", String::from_utf8_lossy(file));
        }
    }

    #[test]
    fn the_first_place_against_it_is_told() {
        let mixed = [&b"Name\r\n"[..], &b"Jos\xe9\r\n".repeat(9), b"Jo\xc3\xa3o\r\n"].concat();
        let mixed = found(&mixed);
        assert_eq!((mixed.encoding, mixed.confidence), (Encoding::Windows1252, Confidence::Low));
        assert_eq!(mixed.against, Some(Place { line: 11, offset: 62, byte: "c3".into() }));
        let damaged = found(b"Name\nJo\xc3\xa3o\nIn\xeas\n");
        assert_eq!(damaged.against, Some(Place { line: 3, offset: 13, byte: "ea".into() }));
        let clean = found(b"Name\nJos\xe9\nIn\xeas\nM\xfcller\n");
        assert_eq!((clean.confidence, clean.against), (Confidence::High, None));
    }

    #[test]
    fn of_a_long_line_the_beginning_speaks() {
        let mut long = "é".repeat(MOST_CARRIED).into_bytes();
        assert_eq!(found(&long[..MOST_CARRIED + 1]).encoding, Encoding::Utf8);
        long.insert(1, b'a');
        assert_ne!(found(&long[..100]).encoding, Encoding::Utf8);
    }
}
