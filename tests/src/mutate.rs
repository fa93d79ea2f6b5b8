//! Changes to a file such as accidents and enemies make, from a seed: the same in every run.

/// A stream of numbers for a seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Begins a stream.
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number below another.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }
}

/// What awkward files are made of.
const WORDS: [&[u8]; 30] = [
    b"\"",
    b"\"\"",
    b"\r\n",
    b"\r",
    b"\n\n",
    b",",
    b";",
    b"|",
    b"\t",
    b"^",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xe9",
    b"\x81",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"'=",
    b"=1+1",
    b"rollcall_row",
    b"rollcall_surplus",
    b"rollcall_errors",
    b"Name",
    b"E-mail",
    b"a@b.example",
    b"sep=;\n",
    b"\xe2\x80\x8b",
    b"<!DOCTYPE",
    b"PK\x03\x04",
    b"4294967296",
];

/// Changes a file in a few places, or crosses it with another.
pub fn mutate(file: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(out.len() + 1);
        match dice.below(8) {
            0 if at < out.len() => out[at] ^= 1 << dice.below(8),
            1 if at < out.len() => out[at] = dice.below(256) as u8,
            2 | 3 => {
                let word = WORDS[dice.below(WORDS.len())];
                out.splice(at..at, word.iter().copied());
            }
            4 => {
                let end = (at + dice.below(16)).min(out.len());
                out.drain(at..end);
            }
            5 => {
                let end = (at + dice.below(64)).min(out.len());
                let part = out[at..end].to_vec();
                out.splice(at..at, part);
            }
            6 => out.truncate(at),
            _ => {
                let from = dice.below(other.len() + 1);
                let end = (from + dice.below(200)).min(other.len());
                out.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
    out
}
