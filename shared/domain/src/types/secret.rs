//! The installation's secret: it makes invitation tokens, and it seals values that must not be kept in clear.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::types::id::{ContactId, base32};
use crate::types::names::ProgramName;
use crate::types::webhook_key::WebhookKey;

/// The secret of an installation. It is never printed, and no document holds it.
#[derive(Clone)]
pub struct Secret {
    /// The key, ready for use: a value costs two blocks of SHA-256, not four.
    keyed: Hmac<Sha256>,
}

impl Secret {
    /// The secret with these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self { keyed: Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length") }
    }

    /// The form in which a value is kept that must not be kept in clear: HMAC-SHA-256, in base32.
    pub fn seal(&self, value: &str) -> String {
        let mut mac = self.keyed.clone();
        mac.update(value.as_bytes());
        let mut sealed = String::with_capacity(52);
        base32(&mac.finalize().into_bytes(), &mut sealed);
        sealed
    }

    /// The key of a program's webhook. Each program has its own, so that none can speak for another.
    pub fn webhook_key(&self, program: &ProgramName) -> WebhookKey {
        let mut mac = self.keyed.clone();
        // No value that is sealed has this sign.
        mac.update(format!("webhook\u{1f}{program}").as_bytes());
        WebhookKey::new(&mac.finalize().into_bytes())
    }

    /// The token of an invitation (IMP-29): only the installation's secret can make it.
    pub fn invitation(&self, contact: &ContactId) -> String {
        self.seal(&contact.to_string())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Without an installation, as in tests in memory: an empty key.
impl Default for Secret {
    fn default() -> Self {
        Self::new(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_shows_neither_value_nor_key() {
        // RFC 4231, test case 2, in base32.
        let sealed = Secret::new(b"Jefe").seal("what do ya want for nothing?");
        assert_eq!(sealed, "lpomcrv7mb2u42qeeqtarflvy5naapyituttta455rmlszhmhbbq");
        assert_ne!(Secret::new(b"a").seal("x"), Secret::new(b"b").seal("x"));
        assert_eq!(format!("{:?}", Secret::new(b"hush")), "Secret(…)");
    }

    #[test]
    fn each_program_has_a_webhook_key_of_its_own() {
        let key = |secret: &[u8], program: &str| {
            Secret::new(secret).webhook_key(&program.parse().unwrap()).reveal()
        };
        assert_eq!(key(b"a", "acme"), key(b"a", "acme"));
        assert_ne!(key(b"a", "acme"), key(b"a", "loja"));
        assert_ne!(key(b"a", "acme"), key(b"b", "acme"));
    }

    #[test]
    fn an_invitation_is_what_it_always_was() {
        let contact = ContactId::derive("acme", "partners", "ann@one.example");
        assert_eq!(Secret::new(b"key").invitation(&contact), contact.invitation(b"key"));
    }
}
