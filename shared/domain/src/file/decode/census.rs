//! The census: finds the encoding of a file that is not clean UTF-8, from the whole file.
//!
//! Each physical line with a byte beyond ASCII has one vote: for UTF-8 where it is valid, else for a single-byte encoding.
//! Valid UTF-8 is hardly ever chance, and a wrong encoding would store it wrong without notice; so one such line outweighs
//! several others, whose rows are rejected. A single line that is not UTF-8 decides only where its letters form words:
//! else it is a damaged cell, which is no encoding.
//!
//! Letters decide between the single-byte encodings: under the right one they form words (`José`), under a wrong one words
//! hold symbols (`Jos‚`), boxes, or capitals after small letters (`JosŽ`). Nearly all such files are Windows-1252; another
//! encoding has to fit clearly better. A line with bytes that Windows-1252 does not have votes for UTF-8 where
//! Windows-1252 fits best: its row is rejected, and nothing is guessed.

use crate::file::decode::{Confidence, Detected, DetectedBy, DetectedEncoding, Encoding, Place, single};

/// The encodings that letters are tried in; the first is the usual one. IBM437 is only ever said: where it is not
/// alike, IBM850 is likelier.
const TRIED: [Encoding; 4] = [Encoding::Windows1252, Encoding::Latin9, Encoding::Macintosh, Encoding::Ibm850];

/// The lines of a file, counted by what they speak for.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// Lines that are valid UTF-8 beyond ASCII.
    utf_8: u64,
    /// Lines that are not, without and with bytes that Windows-1252 has not.
    single: u64,
    gaps: u64,
    /// How well each of [`TRIED`] reads them.
    scores: [i64; 4],
    /// Which bytes beyond ASCII they hold, one bit each.
    bytes: u128,
    /// Lines begun, and whether the first one is no UTF-8: most often it is the header.
    lines: u64,
    header: bool,
    /// Where the line under way begins, and where the last CR was: with an LF behind it, it is one end.
    start: u64,
    cr: Option<u64>,
    /// First places: valid UTF-8 beyond ASCII, what is no UTF-8, what Windows-1252 has not.
    first_valid: Option<Place>,
    first_invalid: Option<Place>,
    first_gap: Option<Place>,
    /// The line under way, from earlier pieces; at most what is looked at of it.
    carry: Vec<u8>,
    /// Bytes of earlier pieces.
    read: u64,
}

/// Bytes of one line that are looked at.
const MOST_CARRIED: usize = 64 * 1024;

impl Census {
    /// Counts the lines of a piece of the object.
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

    /// What the file is in; `detected` is what its beginning and the sender say.
    pub fn verdict(mut self, detected: Detected) -> DetectedEncoding {
        self.close();
        let encoding = if detected.is_final() { detected.encoding } else { self.decide() };
        let against = match encoding {
            Encoding::Utf8 => self.first_invalid.clone(),
            Encoding::Windows1252 => self.first_gap.clone().or(self.first_valid.clone()),
            _ => self.first_valid.clone(),
        };
        let confidence = match detected.by {
            DetectedBy::Content => self.confidence(encoding),
            DetectedBy::Mark | DetectedBy::Option => Confidence::Certain,
        };
        DetectedEncoding { encoding, by: detected.by, confidence, against }
    }

    fn decide(&self) -> Encoding {
        let best = self.best();
        let usual = best == Encoding::Windows1252 || best == Encoding::Latin9;
        let (for_single, gaps) = if usual { (self.single, self.gaps) } else { (self.single + self.gaps, 0) };
        let outweighs = for_single > gaps + OUTWEIGHED * self.utf_8;
        let evident = for_single > 1 || self.header || self.scores[0] > 0;
        if outweighs && evident { best } else { Encoding::Utf8 }
    }

    /// The encoding that reads the lines best; the usual one where no other is clearly better.
    fn best(&self) -> Encoding {
        let (mut best, mut most) = (TRIED[0], self.scores[0].max(0) + MARGIN);
        let letters = self.bytes.count_ones();
        for (encoding, score) in TRIED.into_iter().zip(self.scores).skip(1) {
            let seen_enough = encoding == Encoding::Latin9 || letters >= LETTERS;
            if score > most && seen_enough {
                (best, most) = (encoding, score);
            }
        }
        best
    }

    fn confidence(&self, encoding: Encoding) -> Confidence {
        let (pro, contra) = match encoding {
            Encoding::Utf8 => (self.utf_8, self.single + self.gaps),
            Encoding::Windows1252 | Encoding::Latin9 => (self.single, self.utf_8 + self.gaps),
            _ => (self.single + self.gaps, self.utf_8),
        };
        let sure = pro >= 3 && contra * 10 <= pro;
        // Letters that read as badly as this one are none of these languages.
        let reads = TRIED.into_iter().zip(self.scores).all(|(tried, score)| tried != encoding || score > 0);
        if sure && reads { Confidence::High } else { Confidence::Low }
    }

    fn carry_on(&mut self, rest: &[u8]) {
        let room = MOST_CARRIED.saturating_sub(self.carry.len());
        self.carry.extend_from_slice(&rest[..rest.len().min(room)]);
    }

    fn close(&mut self) {
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
        if line.is_ascii() {
            return;
        }
        let line = &line[..line.len().min(MOST_CARRIED)];
        let cut = line.len() == MOST_CARRIED;
        let invalid = match simdutf8::compat::from_utf8(line) {
            Ok(_) => None,
            Err(error) if cut && error.error_len().is_none() => None,
            Err(error) => Some(error.valid_up_to()),
        };
        let Some(invalid) = invalid else {
            self.utf_8 += 1;
            let first = line.iter().position(|byte| !byte.is_ascii());
            self.first_valid = self.first_valid.take().or_else(|| Some(self.place(line, first?)));
            return;
        };
        self.first_invalid = self.first_invalid.take().or_else(|| Some(self.place(line, invalid)));
        self.header |= self.lines == 0;
        match line.iter().position(|byte| single::is_gap(single::windows_1252(*byte))) {
            Some(gap) => {
                self.gaps += 1;
                self.first_gap = self.first_gap.take().or_else(|| Some(self.place(line, gap)));
            }
            None => self.single += 1,
        }
        let high = line.iter().filter(|byte| !byte.is_ascii());
        self.bytes = high.fold(self.bytes, |seen, byte| seen | 1 << (byte - 0x80));
        for (encoding, score) in TRIED.into_iter().zip(&mut self.scores) {
            let table = single::table(encoding).expect("all that are tried have one byte a character");
            *score += reading(table, line);
        }
    }

    fn place(&self, line: &[u8], at: usize) -> Place {
        Place { line: self.lines + 1, offset: self.start + at as u64, byte: format!("{:02x}", line[at]) }
    }
}

/// Lines of another encoding that a line of valid UTF-8 outweighs.
const OUTWEIGHED: u64 = 8;

/// How much better than Windows-1252 another encoding has to read, and than nothing at all.
const MARGIN: i64 = 2;

/// Different bytes beyond ASCII that the encodings of DOS and the Macintosh are told by: one byte that stands in many
/// lines may be damage, however well it reads.
const LETTERS: u32 = 3;

/// How well an encoding reads a line: each letter beyond ASCII by those beside it.
fn reading(table: &[char; 128], line: &[u8]) -> i64 {
    let notification =
        |at: Option<usize>| at.and_then(|at| line.get(at)).map(|byte| single::character(table, *byte));
    let high = line.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
    high.map(|(at, byte)| {
        rate(notification(at.checked_sub(1)), single::character(table, *byte), notification(Some(at + 1)))
    })
    .sum()
}

/// How likely a character is between two others, in English, Portuguese, German, French and Spanish.
fn rate(before: Option<char>, notification: char, after: Option<char>) -> i64 {
    let is = |beside: Option<char>, of: fn(char) -> bool| beside.is_some_and(of);
    let (word_before, word_after) = (is(before, char::is_alphabetic), is(after, char::is_alphabetic));
    let in_word = word_before || word_after;
    match notification {
        _ if single::is_gap(notification) => -6,
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
        _ if notification.is_alphabetic() => -1,
        _ => -3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSAID: Detected = Detected { encoding: Encoding::Utf8, by: DetectedBy::Content };

    /// What a file is in, however it is cut.
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
        assert_eq!(found(&long[..100]).encoding, Encoding::Windows1252);
    }
}
