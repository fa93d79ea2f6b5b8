//! The census: whether a file that is no clean UTF-8 is evidently Windows-1252, decided over the whole of it.
//!
//! Each physical line with a byte beyond ASCII speaks once. Valid UTF-8 speaks for UTF-8. A line that is not, and
//! whose bytes all stand for something in Windows-1252, speaks for that. A line that neither can read speaks for
//! UTF-8: its row is refused, and nothing is guessed. The majority decides; a tie is for UTF-8. One line alone, below
//! the first, decides nothing: a single damaged cell is no encoding, and its row is refused.

use super::is_gap;

/// The lines of a file, counted by what they speak for.
#[derive(Debug, Clone, Default)]
pub struct Census {
    utf_8: u64,
    windows_1252: u64,
    /// Lines counted, and whether the first one speaks for Windows-1252: most often it is the header.
    lines: u64,
    header: bool,
    /// The line under way, from earlier pieces; at most what is looked at of it.
    carry: Vec<u8>,
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
        }
        self.carry_on(&piece[start..]);
    }

    /// Whether the file is evidently Windows-1252.
    pub fn is_windows_1252(mut self) -> bool {
        self.close();
        self.windows_1252 > self.utf_8 && (self.windows_1252 > 1 || self.header)
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

    fn count(&mut self, line: &[u8]) {
        self.lines += 1;
        if line.is_ascii() {
            return;
        }
        let line = &line[..line.len().min(MOST_CARRIED)];
        let cut = line.len() == MOST_CARRIED;
        let valid = match simdutf8::compat::from_utf8(line) {
            Ok(_) => true,
            Err(error) => cut && error.error_len().is_none(),
        };
        if valid || line.iter().any(|byte| is_gap(*byte)) {
            self.utf_8 += 1;
        } else {
            self.windows_1252 += 1;
            self.header |= self.lines == 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidently(file: &[u8]) -> bool {
        let whole = |cuts: &mut dyn Iterator<Item = usize>| {
            let (mut census, mut start) = (Census::default(), 0);
            for cut in cuts {
                census.feed(&file[start..cut]);
                start = cut;
            }
            census.feed(&file[start..]);
            census.is_windows_1252()
        };
        let told = whole(&mut std::iter::empty());
        assert_eq!(whole(&mut (1..file.len())), told, "{file:?} byte by byte");
        told
    }

    #[test]
    fn the_majority_of_lines_decides() {
        for (file, told) in [
            (&b"Jos\xe9\nAnn\n"[..], true),
            (b"Jos\xe9\r\nJo\xc3\xa3o\r\n", false),
            (b"Jos\xe9\nJo\xc3\xa3o\nIn\xeas", true),
            (b"Name\nJos\xe9\n", false),
            (b"Name\nJos\xe9\nIn\xeas\n", true),
            (b"Jos\xc3\xa9\n", false),
            (b"Ann\n", false),
            (b"c\xe3\x81@d.example\n", false),
            (b"", false),
        ] {
            assert_eq!(evidently(file), told, "{file:?}");
        }
    }

    #[test]
    fn of_a_long_line_the_beginning_speaks() {
        let mut long = "é".repeat(MOST_CARRIED).into_bytes();
        assert!(!evidently(&long[..MOST_CARRIED + 1]));
        long.insert(1, b'a');
        assert!(evidently(&long[..100]));
    }
}
