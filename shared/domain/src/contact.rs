//! The record that an imported row becomes: its identity, what is kept of it, what a reader sees.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Parts of an identity are joined by U+001F, which no cleaned value holds.
pub const UNIT: char = '\u{1f}';

/// Whose contact it is, derived from the identity: the same row gives the same contact, wherever it is worked.
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

    /// The id as a store keeps it.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id that a store kept.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Appends the id as people and files see it: 26 letters of lower-case base32.
    pub fn write(&self, out: &mut String) {
        base32(&self.0, out);
    }

    /// Reads an id as people and files write it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bits = 0_u32;
        let mut held = 0_u32;
        let mut id = Vec::with_capacity(17);
        for letter in text.bytes() {
            let value = BASE32.iter().position(|known| *known == letter)?;
            held = (held << 5 | u32::try_from(value).ok()?) & 0xfff;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                id.push((held >> bits & 0xff) as u8);
            }
        }
        (text.len() == 26).then(|| id[..16].try_into().ok().map(Self))?
    }

    /// The token that an invitation bears (IMP-29): only who knows the installation's secret can make it.
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

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Appends bytes as lower-case base32 without padding (RFC 4648, section 6).
pub fn base32(bytes: &[u8], out: &mut String) {
    let mut held = 0_u32;
    let mut bits = 0;
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(BASE32[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(char::from(BASE32[(held << (5 - bits) & 31) as usize]));
    }
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

/// What judging asks of the contacts' store: a contact, or whether it is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The contact's record.
    Contact(ContactId),
    /// The contact's membership of a group, by the group's key.
    Membership(ContactId, String),
}

/// What a row leaves behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// The contact.
    pub contact_id: ContactId,
    /// The row it comes from: among rows of one identity the lowest gives the contact's fields (I3).
    pub row: u64,
    /// The identity stands several times in the file: the write is conditional, the state before is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// The contact was there before the import (as judged).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
    /// The whole record to keep, JSON; `None` where nothing of it changed. A fragment holds it behind the rest.
    #[serde(skip)]
    pub record: Option<String>,
    /// Keys of the groups that it newly belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// What a store keeps of a contact; everything else is read from the directory when it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The profile that wrote it last.
    pub profile: String,
    /// The name from the file, put together as the profile says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The address from the file: the custom contact (IMP-13).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// The phones from the file, E.164.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// The matched account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Tags, by the name as it was loaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Ids of the owner, the company and so on that its fields name, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
    /// Every mapped field's cleaned value.
    pub fields: BTreeMap<String, String>,
    /// Unmapped columns, by the sender's header, where the profile keeps them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additional: BTreeMap<String, String>,
}

impl Record {
    /// Lays this row over what was known before: a filled cell replaces, an empty one changes nothing.
    pub fn over(mut self, before: Record) -> Record {
        let mut merged = before;
        merged.profile = self.profile;
        replace_filled(&mut merged.name, self.name);
        replace_filled(&mut merged.email, self.email);
        if !self.phones.is_empty() {
            merged.phones = self.phones;
        }
        if !self.tags.is_empty() {
            merged.tags = self.tags;
        }
        // A name that means nobody any more takes its id along.
        merged.links.retain(|field, _| self.fields.get(field).is_none_or(String::is_empty));
        merged.links.extend(self.links);
        merged.account_id = self.account_id.take().or(merged.account_id);
        merged.fields.extend(self.fields.into_iter().filter(|(_, value)| !value.is_empty()));
        merged.additional.extend(self.additional.into_iter().filter(|(_, value)| !value.is_empty()));
        merged
    }
}

fn replace_filled(kept: &mut String, new: String) {
    if !new.is_empty() {
        *kept = new;
    }
}
