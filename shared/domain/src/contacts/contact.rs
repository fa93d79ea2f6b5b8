//! The stored record of an imported row: its identity and its cleaned values.

use std::collections::BTreeMap;

use crate::types::id::ContactId;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize};

/// A key to read from the contacts: a contact, or its membership of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The contact's record.
    Contact(ContactId),
    /// The contact's membership of a group, by the group's key.
    Membership(ContactId, String),
}

/// The part of a contact that is stored; everything else is read from the directory when it is needed.
///
/// JSON omits `name`, `email` and `phones` if the fields with these roles have the same values, so that each value is
/// stored once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Stored")]
pub struct Record {
    /// The profile that wrote it last.
    pub profile: String,
    /// The name from the file, joined as the profile defines.
    pub name: String,
    /// The address from the file: the custom contact (IMP-13).
    pub email: String,
    /// The phones from the file, E.164.
    pub phones: Vec<String>,
    /// The matched account.
    pub account_id: Option<String>,
    /// The account was matched by a website alone: the sender named nobody.
    pub by_website: bool,
    /// Tags, by the names of their directory entries.
    pub tags: Vec<String>,
    /// Ids of the owner, the company and so on that its fields name, by field.
    pub links: BTreeMap<String, String>,
    /// Every mapped field's cleaned value.
    pub fields: BTreeMap<String, String>,
    /// Unmapped columns, by the sender's header, if the profile keeps them.
    pub additional: BTreeMap<String, String>,
}

/// The fields that contain a record's name, e-mail and phones if the record itself omits them.
pub const SAID_BY_FIELDS: [&str; 3] = ["name", "email", "phone"];

/// A record in its JSON form.
#[derive(Deserialize)]
struct Stored {
    profile: String,
    name: Option<String>,
    email: Option<String>,
    phones: Option<Vec<String>>,
    account_id: Option<String>,
    #[serde(default)]
    by_website: bool,
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
            by_website: stored.by_website,
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
        if self.by_website {
            map.serialize_entry("by_website", &true)?;
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
    /// Merges this row into the earlier record: a filled cell replaces, an empty one changes nothing.
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
        // A name that no longer refers to an entry loses its id.
        merged.links.retain(|field, _| self.fields.get(field).is_none_or(String::is_empty));
        merged.links.extend(self.links);
        if let Some(account_id) = self.account_id.take() {
            // Whom an earlier row named stays named.
            let is_named = merged.account_id.as_ref() == Some(&account_id) && !merged.by_website;
            merged.by_website = self.by_website && !is_named;
            merged.account_id = Some(account_id);
        }
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
