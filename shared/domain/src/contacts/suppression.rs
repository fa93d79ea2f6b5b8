//! Suppressions: addresses and phones that must not be contacted.
//!
//! The directory has them only as HMAC under the installation's secret. What is looked up is sealed first, so neither
//! the directory nor a look-up shows an address.

use std::collections::HashSet;

use crate::contacts::contact::Record;
use crate::contacts::directory::MatchKey;
use crate::contacts::matching::match_key;
use crate::profile::raw::KeyKind;
use crate::types::secret::Secret;

/// Id and key of the entry that says that an owner has suppressions. It is written before the first of them.
pub const ANY: &str = "any";

/// The key of an address; `None` where there is none.
pub fn email_key(email: &str) -> Option<MatchKey> {
    match_key(KeyKind::Email, &email.to_lowercase())
}

/// The key of a phone; `None` where there is none.
pub fn phone_key(phone: &str) -> Option<MatchKey> {
    match_key(KeyKind::Phone, phone)
}

/// The key under which the directory has an address or a phone: its letter and colon, then the sealed value.
pub fn sealed(secret: &Secret, key: &str) -> String {
    let (kind, value) = key.split_at_checked(2).unwrap_or(("", key));
    format!("{kind}{}", secret.seal(value))
}

/// The addresses and phones of some rows or contacts that are suppressed, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppressed(HashSet<MatchKey>);

impl Suppressed {
    /// Those with these keys.
    pub fn of(keys: impl IntoIterator<Item = MatchKey>) -> Self {
        Self(keys.into_iter().collect())
    }

    /// Whether nothing is suppressed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key is suppressed.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// Whether somebody has an address or a phone that is suppressed.
    pub fn has_of(&self, record: &Record) -> bool {
        self.has_email(&record.email) || record.phones.iter().any(|phone| self.has_phone(phone))
    }

    /// Whether an address is suppressed.
    pub fn has_email(&self, email: &str) -> bool {
        !self.0.is_empty() && email_key(email).is_some_and(|key| self.has(&key))
    }

    /// Whether a phone is suppressed.
    pub fn has_phone(&self, phone: &str) -> bool {
        !self.0.is_empty() && phone_key(phone).is_some_and(|key| self.has(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_shows_its_kind_and_nothing_else() {
        let secret = Secret::new(b"secret");
        let (email, phone) = (email_key("Ann@one.example").unwrap(), phone_key("+5511961234567").unwrap());
        let (email, phone) = (sealed(&secret, &email), sealed(&secret, &phone));
        assert!(email.starts_with("e:") && phone.starts_with("p:"), "{email} {phone}");
        assert_eq!(email[2..], secret.seal("ann@one.example"));
        assert!(!email.contains("ann") && !phone.contains("961234567"));
        assert_eq!(email_key(""), None);
    }

    #[test]
    fn case_of_an_address_does_not_count() {
        let suppressed = Suppressed::of(email_key("ann@one.example"));
        assert!(suppressed.has_email("Ann@One.example") && !suppressed.has_email("bob@one.example"));
        assert!(!suppressed.has_phone("") && !Suppressed::default().has_email("ann@one.example"));
    }
}
