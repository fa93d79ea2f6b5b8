//! Sixteen bytes in a vector register.
//!
//! SAFETY of every block here: its instructions are of SSE2, which each x86-64 machine has, and read no memory.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::BitOr;

/// Sixteen bytes.
#[derive(Debug, Clone, Copy)]
pub struct Sixteen(__m128i);

/// The bytes of which a test is true.
#[derive(Debug, Clone, Copy)]
pub struct Marks(__m128i);

impl Sixteen {
    /// Reads bytes.
    #[inline(always)]
    pub fn of(bytes: &[u8; 16]) -> Self {
        let all = u128::from_le_bytes(*bytes);
        Self::of_halves(all as u64, (all >> 64) as u64)
    }

    /// Joins twice eight bytes.
    #[inline(always)]
    pub fn of_halves(first: u64, last: u64) -> Self {
        Self(unsafe { _mm_set_epi64x(last.cast_signed(), first.cast_signed()) })
    }

    /// The bytes that equal this one.
    #[inline(always)]
    pub fn is(self, byte: u8) -> Marks {
        Marks(unsafe { _mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte.cast_signed())) })
    }

    /// The bytes from the first to the last of a range.
    #[inline(always)]
    pub fn is_within(self, first: u8, last: u8) -> Marks {
        Marks(unsafe {
            let above = _mm_sub_epi8(self.0, _mm_set1_epi8(first.cast_signed()));
            let width = _mm_set1_epi8((last - first).cast_signed());
            _mm_cmpeq_epi8(_mm_min_epu8(above, width), above)
        })
    }

    /// Capital letters become small ones; other bytes change too.
    #[inline(always)]
    pub fn lower(self) -> Self {
        Self(unsafe { _mm_or_si128(self.0, _mm_set1_epi8(0x20)) })
    }
}

impl Marks {
    /// A bit for each byte, the first the lowest.
    #[inline(always)]
    pub fn bits(self) -> u16 {
        unsafe { _mm_movemask_epi8(self.0) as u16 }
    }
}

impl BitOr for Marks {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(unsafe { _mm_or_si128(self.0, other.0) })
    }
}
