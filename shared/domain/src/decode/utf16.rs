//! UTF-16, in either order of its bytes, piece by piece.

use super::Encoding;

/// Decodes UTF-16 that is cut anywhere.
#[derive(Debug, Clone)]
pub(super) struct Utf16 {
    high_first: bool,
    /// The first byte of a unit that is cut.
    byte: Option<u8>,
    /// The first half of a pair whose second has not come yet.
    half: Option<u16>,
}

impl Utf16 {
    pub(super) fn new(high_first: bool) -> Self {
        Self { high_first, byte: None, half: None }
    }

    /// Decodes a piece. Half a pair becomes the three bytes that UTF-8 forbids for it, half a unit the byte `FF`.
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
            if let Some(Ok(letter)) = char::decode_utf16([high, unit]).next() {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                return;
            }
            push_half(high, out);
        }
        match char::from_u32(u32::from(unit)) {
            Some(letter) => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
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

/// Tells UTF-16 without a mark: of a list's letters, delimiters and line ends most have one byte that is zero, and
/// nearly always the same one of the two (`Ā` is an exception).
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
