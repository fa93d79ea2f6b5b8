//! The record that an imported row becomes: its identity, what is kept of it, what a reader sees.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use serde::ser::SerializeMap as _;
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

    /// The id as people and files see it: 26 letters of lower-case base32.
    pub fn letters(&self) -> [u8; 26] {
        let bits = u128::from_be_bytes(self.0);
        let mut letters = [0; 26];
        for (place, letter) in letters[..25].iter_mut().enumerate() {
            *letter = BASE32[(bits >> (123 - 5 * place) & 31) as usize];
        }
        // The last letter holds three bits.
        letters[25] = BASE32[(bits << 2 & 31) as usize];
        letters
    }

    /// Appends the letters.
    pub fn write(&self, out: &mut String) {
        out.push_str(std::str::from_utf8(&self.letters()).expect("base32 is ASCII"));
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

/// What a store keeps of a contact; everything else is read from the directory when it is asked for.
///
/// In JSON, `name`, `email` and `phones` are left out where they are what the fields of these names say: they stand
/// once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Stored")]
pub struct Record {
    /// The profile that wrote it last.
    pub profile: String,
    /// The name from the file, put together as the profile says.
    pub name: String,
    /// The address from the file: the custom contact (IMP-13).
    pub email: String,
    /// The phones from the file, E.164.
    pub phones: Vec<String>,
    /// The matched account.
    pub account_id: Option<String>,
    /// Tags, by the name as it was loaded.
    pub tags: Vec<String>,
    /// Ids of the owner, the company and so on that its fields name, by field.
    pub links: BTreeMap<String, String>,
    /// Every mapped field's cleaned value.
    pub fields: BTreeMap<String, String>,
    /// Unmapped columns, by the sender's header, where the profile keeps them.
    pub additional: BTreeMap<String, String>,
}

/// The fields that say a record's name, e-mail and phones where the record itself does not.
pub const SAID_BY_FIELDS: [&str; 3] = ["name", "email", "phone"];

/// A record as JSON has it.
#[derive(Deserialize)]
struct Stored {
    profile: String,
    name: Option<String>,
    email: Option<String>,
    phones: Option<Vec<String>>,
    account_id: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    #[serde(default)]
    additional: BTreeMap<String, String>,
}

impl From<Stored> for Record {
    fn from(stored: Stored) -> Self {
        let [name, email, phone] = SAID_BY_FIELDS.map(|field| stored.fields.get(field).cloned());
        let phone = phone.filter(|phone| !phone.is_empty());
        Self {
            profile: stored.profile,
            name: stored.name.or(name).unwrap_or_default(),
            email: stored.email.or(email).unwrap_or_default(),
            phones: stored.phones.unwrap_or_else(|| phone.into_iter().collect()),
            account_id: stored.account_id,
            tags: stored.tags,
            links: stored.links,
            fields: stored.fields,
            additional: stored.additional,
        }
    }
}

impl Serialize for Record {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [name, email, phone] =
            SAID_BY_FIELDS.map(|field| self.fields.get(field).map_or("", String::as_str));
        let phone_says_all = match self.phones.as_slice() {
            [] => phone.is_empty(),
            [one] => one == phone,
            _ => false,
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("profile", &self.profile)?;
        if self.name != name {
            map.serialize_entry("name", &self.name)?;
        }
        if self.email != email {
            map.serialize_entry("email", &self.email)?;
        }
        if !phone_says_all {
            map.serialize_entry("phones", &self.phones)?;
        }
        if let Some(account_id) = &self.account_id {
            map.serialize_entry("account_id", account_id)?;
        }
        if !self.tags.is_empty() {
            map.serialize_entry("tags", &self.tags)?;
        }
        if !self.links.is_empty() {
            map.serialize_entry("links", &self.links)?;
        }
        map.serialize_entry("fields", &self.fields)?;
        if !self.additional.is_empty() {
            map.serialize_entry("additional", &self.additional)?;
        }
        map.end()
    }
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
