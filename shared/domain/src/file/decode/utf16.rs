//! UTF-16 in either byte order, piece by piece.

use crate::file::decode::{Encoding, Place};

/// Decodes UTF-16; pieces may be cut anywhere.
#[derive(Debug, Clone)]
pub(super) struct Utf16 {
    high_first: bool,
    /// The first byte of an incomplete code unit.
    byte: Option<u8>,
    /// The high surrogate of a pair whose low surrogate has not arrived yet.
    half: Option<u16>,
}

impl Utf16 {
    pub(super) fn new(high_first: bool) -> Self {
        Self { high_first, byte: None, half: None }
    }

    /// Decodes a piece. A lone surrogate becomes the three bytes that UTF-8 forbids for it, half a code unit the byte
    /// `FF`.
    pub(super) fn decode(&mut self, piece: &[u8], last: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len());
        for byte in piece {
            match self.byte.take() {
                None => self.byte = Some(*byte),
                Some(first) if self.high_first => self.unit(u16::from_be_bytes([first, *byte]), &mut out),
                Some(first) => self.unit(u16::from_le_bytes([first, *byte]), &mut out),
            }
        }
        if last {
            self.flush(&mut out);
            if self.byte.take().is_some() {
                out.push(0xff);
            }
        }
        out
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        if unit < 0x80 && self.half.is_none() {
            out.push(unit as u8);
            return;
        }
        if let Some(high) = self.half.take() {
            if let Some(Ok(notification)) = char::decode_utf16([high, unit]).next() {
                out.extend_from_slice(notification.encode_utf8(&mut [0; 4]).as_bytes());
                return;
            }
            push_half(high, out);
        }
        match char::from_u32(u32::from(unit)) {
            Some(notification) => out.extend_from_slice(notification.encode_utf8(&mut [0; 4]).as_bytes()),
            None if unit < 0xdc00 => self.half = Some(unit),
            None => push_half(unit, out),
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if let Some(half) = self.half.take() {
            push_half(half, out);
        }
    }
}

fn push_half(half: u16, out: &mut Vec<u8>) {
    let bits = |shift: u32, mask: u16| ((half >> shift) & mask) as u8;
    out.extend([0xe0 | bits(12, 0x0f), 0x80 | bits(6, 0x3f), 0x80 | bits(0, 0x3f)]);
}

/// Finds the first place that contradicts UTF-16: a lone surrogate, or half a code unit at the end of the file.
#[derive(Debug, Clone)]
pub struct SurrogateScanner {
    high_first: bool,
    /// Lines ended, and whether the last code unit was a CR: a CR followed by an LF is one line end.
    lines: u64,
    cr: bool,
    /// Bytes in earlier pieces.
    read: u64,
    /// The first byte of the current code unit.
    byte: Option<u8>,
    /// The place of a high surrogate whose low surrogate has not arrived yet.
    half: Option<Place>,
}

impl SurrogateScanner {
    /// Creates a scanner at the start of an object.
    pub fn new(encoding: Encoding) -> Self {
        let high_first = encoding == Encoding::Utf16Be;
        Self { high_first, lines: 0, cr: false, read: 0, byte: None, half: None }
    }

    /// Scans a piece of the object; returns the place if there is one, and needs no more pieces then.
    pub fn feed(&mut self, piece: &[u8]) -> Option<Place> {
        for byte in piece {
            let at = self.read;
            self.read += 1;
            let alone = match self.byte.take() {
                None => {
                    self.byte = Some(*byte);
                    None
                }
                Some(high) if self.high_first => self.unit(high, *byte, at - 1),
                Some(low) => self.unit(*byte, low, at),
            };
            if alone.is_some() {
                return alone;
            }
        }
        None
    }

    /// Ends the object: returns the place if a code unit or a surrogate pair is incomplete.
    pub fn finish(mut self) -> Option<Place> {
        let byte = self.byte.take().map(|byte| self.place(byte, self.read - 1));
        self.half.or(byte)
    }

    /// Handles one code unit, with the place of its high byte, which identifies surrogates; returns the place of a
    /// lone one.
    fn unit(&mut self, high: u8, low: u8, at: u64) -> Option<Place> {
        let alone = match (self.half.take(), high) {
            (Some(_), 0xdc..=0xdf) => None,
            (None, 0xdc..=0xdf) => Some(self.place(high, at)),
            (half, 0xd8..=0xdb) => {
                self.half = Some(self.place(high, at));
                half
            }
            (half, _) => half,
        };
        let end = (high == 0).then_some(low).filter(|low| matches!(low, b'\r' | b'\n'));
        self.lines += u64::from(end == Some(b'\r') || end == Some(b'\n') && !self.cr);
        self.cr = end == Some(b'\r');
        alone
    }

    fn place(&self, byte: u8, offset: u64) -> Place {
        Place { line: self.lines + 1, offset, byte: format!("{byte:02x}") }
    }
}

/// Detects UTF-16 without a mark: most letters, delimiters and line ends of a list have one zero byte, and nearly
/// always in the same position (`Ā` is an exception).
pub(super) fn looks_like(sample: &[u8]) -> Option<Encoding> {
    let (units, _) = sample.as_chunks::<2>();
    let zeros = |place: usize| units.iter().filter(|unit| unit[place] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let evident = |most: usize, few: usize| most > 1 && most * 2 > units.len() && few * 8 < most;
    if evident(second, first) {
        Some(Encoding::Utf16Le)
    } else {
        evident(first, second).then_some(Encoding::Utf16Be)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first place that contradicts UTF-16, the same wherever the file is cut; `units` are big-endian.
    fn against(units: &[u16]) -> [Option<(u64, u64, String)>; 2] {
        [(Encoding::Utf16Be, u16::to_be_bytes as fn(u16) -> [u8; 2]), (Encoding::Utf16Le, u16::to_le_bytes)]
            .map(|(encoding, bytes)| {
                let file: Vec<u8> = units.iter().flat_map(|unit| bytes(*unit)).collect();
                let mut byte_by_byte = SurrogateScanner::new(encoding);
                let found = file.iter().find_map(|byte| byte_by_byte.feed(&[*byte]));
                let mut whole = SurrogateScanner::new(encoding);
                let place = whole.feed(&file).or_else(|| whole.finish());
                assert_eq!(found.or_else(|| byte_by_byte.finish()), place);
                place.map(|place| (place.line, place.offset, place.byte))
            })
    }

    #[test]
    fn the_first_half_without_its_other_is_told() {
        let (a, cr, lf, high, low) = (0x61, 0x0d, 0x0a, 0xd83c, 0xdf89);
        for (units, line, unit, byte) in [
            (&[a, cr, lf, a, high, a][..], 2, 4, "d8"),
            (&[a, lf, cr, low, high, low], 3, 3, "df"),
            (&[high, low, high, high, low], 1, 2, "d8"),
            (&[0xfeff, cr, high], 2, 2, "d8"),
            (&[high, lf, lf], 1, 0, "d8"),
        ] {
            let told = |low_first: u64| Some((line, unit * 2 + low_first, byte.to_owned()));
            assert_eq!(against(units), [told(0), told(1)], "{units:x?}");
        }
        assert_eq!(against(&[0xfeff, a, high, low, lf]), [None, None]);
        let mut odd = SurrogateScanner::new(Encoding::Utf16Le);
        assert_eq!(odd.feed(b"a\0\n\0b"), None);
        assert_eq!(odd.finish(), Some(Place { line: 2, offset: 4, byte: "62".into() }));
    }
}
