//! Validated names: program, profile, import.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The program that owns directory loads of accounts: the installation's marketplace.
pub const MARKETPLACE: &str = "_marketplace";

/// The error in a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A program's or profile's name is `[a-z0-9-]{1,64}`.
    #[error("a {what} is 1 to 64 of a-z, 0-9 and hyphen: {value:?}")]
    Pattern {
        /// `program` or `profile`.
        what: &'static str,
        /// The invalid name.
        value: String,
    },
    /// An import id is a time and a digest.
    #[error("not an import id: {0:?}")]
    Import(String),
}

fn checked(what: &'static str, value: &str) -> Result<Box<str>, NameError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&value.len()) && value.bytes().all(plain) {
        Ok(value.into())
    } else {
        Err(NameError::Pattern { what, value: value.to_owned() })
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Box<str>);

        impl $type {
            /// Checks a name.
            ///
            /// # Errors
            /// If the name does not have the form that the contract requires.
            pub fn parse(value: &str) -> Result<Self, NameError> {
                let parse: fn(&str) -> Result<Box<str>, NameError> = $parse;
                parse(value).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(value: String) -> Result<Self, NameError> {
                Self::parse(&value)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0.into()
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;
            fn from_str(value: &str) -> Result<Self, NameError> {
                Self::parse(value)
            }
        }
    };
}

name!(
    /// A program: the tenant that an import belongs to. The marketplace counts as one, for its directory loads.
    ProgramName,
    |value| if value == MARKETPLACE { Ok(value.into()) } else { checked("program", value) }
);
name!(
    /// The name of a profile.
    ProfileName,
    |value| checked("profile", value)
);
name!(
    /// The id of an import: `20261121T191629123Z-k3v5…`; ids sort by time.
    ImportId,
    |value| {
        let valid = value.len() == 19 + 1 + ImportId::DIGEST
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if valid { Ok(value.into()) } else { Err(NameError::Import(value.to_owned())) }
    }
);

impl ProgramName {
    /// The owner of the accounts, shared by all programs.
    pub fn marketplace() -> Self {
        Self(MARKETPLACE.into())
    }

    /// Whether this is the marketplace and not a tenant.
    pub fn is_marketplace(&self) -> bool {
        self.as_str() == MARKETPLACE
    }
}

impl ImportId {
    const DIGEST: usize = 10;

    /// Whether the import's file was dropped before a time.
    pub fn is_before(&self, time: jiff::Timestamp) -> bool {
        self.as_str() < time.strftime("%Y%m%dT%H%M%S%3fZ").to_string().as_str()
    }

    /// Derives the id from the object's identity, so that a second delivery of the same event is the same
    /// import.
    pub fn derive(bucket: &str, key: &str, version: &str, modified: jiff::Timestamp) -> Self {
        let digest = crate::types::id::sha256(&[bucket, key, version, &modified.to_string()]);
        let mut id = modified.strftime("%Y%m%dT%H%M%S%3fZ").to_string();
        id.push('-');
        crate::types::id::base32(&digest, &mut id);
        id.truncate(19 + 1 + Self::DIGEST);
        Self(id.into())
    }

    /// When the object was written, to the millisecond; `None` in an id that was not derived.
    pub fn written_at(&self) -> Option<jiff::Timestamp> {
        let (time, _) = self.as_str().split_once('-')?;
        let (seconds, milliseconds) = time.strip_suffix('Z')?.split_at_checked(15)?;
        let date = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", seconds).ok()?;
        let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        at.checked_add(jiff::SignedDuration::from_millis(milliseconds.parse().ok()?)).ok()
    }
}
