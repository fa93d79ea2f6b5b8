//! Kinds of directory files.

use serde::{Deserialize, Serialize};

/// The content of a directory file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Existing partners, the installation's marketplace; shared by all programs.
    Accounts,
    /// A program's groups, each with its workflow.
    Groups,
    /// A program's tags.
    Tags,
    /// The logins of a program's agents.
    Agents,
    /// Owners of leads.
    Owners,
    /// A program's companies.
    Companies,
    /// People in a running cadence.
    Cadences,
    /// Sign-ups, each with its invitation.
    SignUps,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Kind; 8] = [
        Kind::Accounts,
        Kind::Groups,
        Kind::Tags,
        Kind::Agents,
        Kind::Owners,
        Kind::Companies,
        Kind::Cadences,
        Kind::SignUps,
    ];

    /// The name in keys, commands and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Accounts => "accounts",
            Kind::Groups => "groups",
            Kind::Tags => "tags",
            Kind::Agents => "agents",
            Kind::Owners => "owners",
            Kind::Companies => "companies",
            Kind::Cadences => "cadences",
            Kind::SignUps => "sign-ups",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(value: &str) -> Result<Self, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == value).ok_or_else(|| UnknownKind(value.to_owned()))
    }
}

/// An unknown directory kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a kind of directory entry: {0:?}; one of accounts, groups, tags, agents, owners, companies, cadences, sign-ups"
)]
pub struct UnknownKind(String);
