//! Sixteen bytes, for machines whose vector instructions are not used.

use std::ops::BitOr;

/// Sixteen bytes.
#[derive(Debug, Clone, Copy)]
pub struct Sixteen([u8; 16]);

/// The bytes of which a test is true: a bit for each, the first the lowest.
#[derive(Debug, Clone, Copy)]
pub struct Marks(u16);

impl Sixteen {
    /// Reads bytes.
    pub fn of(bytes: &[u8; 16]) -> Self {
        Self(*bytes)
    }

    /// Joins twice eight bytes.
    pub fn of_halves(first: u64, last: u64) -> Self {
        Self((u128::from(first) | u128::from(last) << 64).to_le_bytes())
    }

    /// The bytes that equal this one.
    pub fn is(self, byte: u8) -> Marks {
        self.mark(|one| one == byte)
    }

    /// The bytes from the first to the last of a range.
    pub fn is_within(self, first: u8, last: u8) -> Marks {
        self.mark(|one| (first..=last).contains(&one))
    }

    /// Capital letters become small ones; other bytes change too.
    pub fn lower(self) -> Self {
        Self(self.0.map(|byte| byte | 0x20))
    }

    fn mark(self, test: impl Fn(u8) -> bool) -> Marks {
        let bits = self.0.iter().zip(0..).map(|(byte, place)| u16::from(test(*byte)) << place);
        Marks(bits.fold(0, |all, bit| all | bit))
    }
}

impl Marks {
    /// A bit for each byte, the first the lowest.
    pub fn bits(self) -> u16 {
        self.0
    }
}

impl BitOr for Marks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
