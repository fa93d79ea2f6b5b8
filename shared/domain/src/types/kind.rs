//! Kinds of directory files.

use serde::{Deserialize, Serialize};

use crate::types::names::ProgramName;

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
    /// Addresses and phones that must not be contacted, by a program or by all of them.
    Suppressions,
}

impl Kind {
    /// Whether entries of this kind may have this owner: accounts belong to the marketplace, suppressions to it or to a
    /// program, all other entries to a program.
    pub fn may_belong_to(self, owner: &ProgramName) -> bool {
        match self {
            Kind::Accounts => owner.is_marketplace(),
            Kind::Suppressions => true,
            _ => !owner.is_marketplace(),
        }
    }

    /// Every kind, in the order of the contract.
    pub const ALL: [Kind; 9] = [
        Kind::Accounts,
        Kind::Groups,
        Kind::Tags,
        Kind::Agents,
        Kind::Owners,
        Kind::Companies,
        Kind::Cadences,
        Kind::SignUps,
        Kind::Suppressions,
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
            Kind::Suppressions => "suppressions",
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
    "not a kind of directory entry: {0:?}; one of accounts, groups, tags, agents, owners, companies, cadences, sign-ups, \
     suppressions"
)]
pub struct UnknownKind(String);
