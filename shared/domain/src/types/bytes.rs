//! Tests the bytes of a short text, sixteen at a time.
//!
//! Cells are short: a loop over single bytes that the compiler vectorizes spends most of its time on those after the
//! last whole vector. Here the last bytes are read as a vector too, which overlaps the one before.

#[cfg(any(test, not(target_arch = "x86_64")))]
mod scalar;
#[cfg(target_arch = "x86_64")]
mod vector;

#[cfg(not(target_arch = "x86_64"))]
pub use scalar::{Marks, Sixteen};
#[cfg(target_arch = "x86_64")]
pub use vector::{Marks, Sixteen};

/// Whether a test is true for some byte of a text.
#[inline(always)]
pub fn any(text: &[u8], test: impl Fn(Sixteen) -> Marks) -> bool {
    let Some(last) = text.last_chunk() else {
        return of_short(text).is_some_and(|all| test(all).bits() != 0);
    };
    let (whole, _) = text.as_chunks();
    whole.iter().any(|bytes| test(Sixteen::of(bytes)).bits() != 0) || test(Sixteen::of(last)).bits() != 0
}

/// The place of the first byte that equals this one. Where that is near, as the end of a cell is, this takes fewer
/// instructions than a search made for long texts.
#[inline(always)]
pub fn position(text: &[u8], byte: u8) -> Option<usize> {
    let Some(last) = text.last_chunk() else { return text.iter().position(|one| *one == byte) };
    let found = |bytes, start: usize| {
        let marks = Sixteen::of(bytes).is(byte).bits();
        (marks != 0).then(|| start + marks.trailing_zeros() as usize)
    };
    let mut start = 0;
    for bytes in text.as_chunks().0 {
        let place = found(bytes, start);
        if place.is_some() {
            return place;
        }
        start += 16;
    }
    found(last, text.len() - 16)
}

/// The bytes of a text of less than sixteen, some of them several times; `None` if it is empty.
#[inline(always)]
fn of_short(text: &[u8]) -> Option<Sixteen> {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return Some(Sixteen::of_halves(u64::from_le_bytes(*first), u64::from_le_bytes(*last)));
    }
    let half = if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else {
        let (first, last) = (*text.first()?, *text.last()?);
        u64::from_le_bytes([first, text[text.len() / 2], last, first, first, first, first, first])
    };
    Some(Sixteen::of_halves(half, half))
}

/// The places of the bytes of which each test is true, in a text of up to 64 bytes: a bit for each byte, the first
/// the lowest.
#[inline(always)]
pub fn places<const N: usize>(text: &[u8], tests: impl Fn(Sixteen) -> [Marks; N]) -> [u64; N] {
    debug_assert!(text.len() <= 64, "{} bytes", text.len());
    let mut places = [0; N];
    let mut mark = |bytes: Sixteen, start: usize| {
        for (places, marks) in places.iter_mut().zip(tests(bytes)) {
            *places |= u64::from(marks.bits()) << start;
        }
    };
    if let Some(last) = text.last_chunk() {
        let (whole, _) = text.as_chunks();
        whole.iter().zip((0..).step_by(16)).for_each(|(bytes, start)| mark(Sixteen::of(bytes), start));
        mark(Sixteen::of(last), text.len() - 16);
    } else {
        let mut all = [0; 16];
        all[..text.len()].copy_from_slice(text);
        mark(Sixteen::of(&all), 0);
        places.iter_mut().for_each(|places| *places &= (1 << text.len()) - 1);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_every_length_is_tested() {
        for length in 0..70 {
            let mut text = vec![b'a'; length];
            assert!(!any(&text, |bytes| bytes.is(b'x')));
            for at in 0..length {
                text[at] = b'x';
                assert!(any(&text, |bytes| bytes.is(b'x')), "{at} of {length}");
                assert_eq!(position(&text, b'x'), Some(at));
                if length <= 64 {
                    let [x, a] = places(&text, |bytes| [bytes.is(b'x'), bytes.is_within(b'a', b'b')]);
                    assert_eq!((x, x | a), (1 << at, u64::MAX >> (64 - length)), "{at} of {length}");
                    assert_eq!(x & a, 0);
                }
                text[at] = b'a';
            }
        }
    }

    #[test]
    fn every_byte_is_tested_as_a_scalar_one() {
        for byte in 0..=u8::MAX {
            let mut bytes = [b'-'; 16];
            bytes[3] = byte;
            let (one, other) = (Sixteen::of(&bytes), scalar::Sixteen::of(&bytes));
            let half = u64::from_le_bytes(*b"--------");
            let halves = scalar::Sixteen::of_halves(half & !(0xff << 24) | u64::from(byte) << 24, half);
            assert_eq!(one.is(byte).bits(), other.is(byte).bits());
            assert_eq!(one.is(byte).bits(), halves.is(byte).bits());
            for (first, last) in [(0, 0x1f), (b'0', b'9'), (b'a', b'z'), (0x7f, 0xff), (0, 0xff)] {
                let within = one.is_within(first, last) | one.is(b'-');
                let of_scalar = other.is_within(first, last) | other.is(b'-');
                assert_eq!(within.bits(), of_scalar.bits(), "{byte}");
                let lower = (one.lower().is_within(first, last), other.lower().is_within(first, last));
                assert_eq!(lower.0.bits(), lower.1.bits(), "{byte}");
            }
        }
    }
}
