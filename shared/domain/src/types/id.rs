//! Contact ids, and the hashes that ids are derived from.

use data_encoding::Encoding;
use data_encoding_macro::new_encoding;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Separates the parts of an identity; no cleaned value contains U+001F.
pub const UNIT: char = '\u{1f}';

/// The id of a contact, derived from its identity: the same row gives the same contact, whichever worker handles it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId([u8; 16]);

impl ContactId {
    /// Derives the id: the first 16 bytes of SHA-256 over program, pool and identity, joined by U+001F.
    pub fn derive(program: &str, pool: &str, identity: &str) -> Self {
        let digest = sha256(&[program, pool, identity]);
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }

    /// The id in binary form, for a store.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id from its binary form.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id as text: 26 letters of lower-case base32. Hand-written, because each row writes one: it takes 35 ns, the library 140.
    pub fn letters(&self) -> [u8; 26] {
        let letter = |bits: u64| LETTERS[(bits & 31) as usize];
        let mut letters = [0; 26];
        // Five bytes are eight letters.
        let (fives, _) = self.0.as_chunks::<5>();
        for (eight, five) in letters.chunks_exact_mut(8).zip(fives) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            eight
                .iter_mut()
                .zip((0..=35).rev().step_by(5))
                .for_each(|(place, shift)| *place = letter(bits >> shift));
        }
        // The last letter holds three bits.
        let last = u64::from(self.0[15]);
        (letters[24], letters[25]) = (letter(last >> 3), letter(last << 2));
        letters
    }

    /// Appends the letters.
    pub fn write(&self, out: &mut String) {
        out.push_str(std::str::from_utf8(&self.letters()).expect("base32 is ASCII"));
    }

    /// Reads an id from its text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_letters(text.as_bytes())
    }

    /// Parses an id.
    pub fn from_letters(letters: &[u8]) -> Option<Self> {
        let mut id = [0; 16];
        (letters.len() == 26).then_some(())?;
        BASE32.decode_mut(letters, &mut id).ok().map(|_| Self(id))
    }

    /// The token of an invitation (IMP-29): it can only be computed with the installation's secret.
    pub fn invitation(&self, secret: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        mac.update(self.to_string().as_bytes());
        let mut token = String::with_capacity(52);
        base32(&mac.finalize().into_bytes(), &mut token);
        token
    }
}

impl std::fmt::Display for ContactId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::with_capacity(26);
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl std::fmt::Debug for ContactId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContactId({self})")
    }
}

impl Serialize for ContactId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContactId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a contact id"))
    }
}

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Lower-case base32 without padding (RFC 4648, section 6).
const BASE32: Encoding = new_encoding!(symbols: "abcdefghijklmnopqrstuvwxyz234567",);

/// Appends bytes as lower-case base32 without padding.
pub fn base32(bytes: &[u8], out: &mut String) {
    BASE32.encode_append(bytes, out);
}

/// SHA-256 over parts joined by U+001F.
pub fn sha256(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            hash.update([UNIT as u8]);
        }
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
