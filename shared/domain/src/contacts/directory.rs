//! Entries of the directory, against which rows are checked and matched: accounts, groups, tags, agents, owners,
//! companies.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::types::names::ProgramName;

/// An existing partner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Identity of the account.
    pub account_id: String,
    /// The partner's current name.
    #[serde(default)]
    pub name: String,
    /// The partner's current address: the marketplace contact.
    #[serde(default)]
    pub email: String,
    /// The higher, the more active the account is (IMP-15).
    #[serde(default)]
    pub activity: f64,
    /// The date when the account was created, `YYYY-MM-DD…`; empty if unknown, which counts as youngest.
    #[serde(default)]
    pub created_at: String,
    /// The programs it is a partner of.
    #[serde(default)]
    pub partner_of: Vec<String>,
}

impl Account {
    /// Whether the account's address is hidden from a program (IMP-18): the account is the direct partner of exactly
    /// one program, another one.
    pub fn is_masked_for(&self, program: &ProgramName) -> bool {
        let only = self.partner_of.first().filter(|first| self.partner_of.iter().all(|name| name == *first));
        only.is_some_and(|only| only != program.as_str())
    }
}

/// When a group makes its contacts members of the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// Never on its own.
    #[default]
    #[serde(rename = "")]
    No,
    /// When they sign up (IMP-26).
    OnSignUp,
    /// As soon as they are imported (IMP-27).
    AtOnce,
}

/// The address that a workflow writes to (IMP-25).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invite {
    /// The address from the file.
    #[default]
    Custom,
    /// The account's address.
    Marketplace,
}

/// A group as it is defined now; its workflow applies to every member (IMP-30).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The name in the directory file.
    pub name: String,
    /// The workflow; empty if the group has none.
    #[serde(default)]
    pub workflow: String,
    /// When its contacts become members of the program.
    #[serde(default)]
    pub accept: Accept,
    /// The address that its invitations go to.
    #[serde(default)]
    pub invite: Invite,
}

impl Group {
    /// The address for an invitation: without a workflow the custom contact is invited.
    pub fn invite(&self) -> Invite {
        if self.workflow.is_empty() { Invite::Custom } else { self.invite }
    }
}

/// A sign-up with an invitation (IMP-29).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    /// The account that signed up.
    pub account_id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The address it signed up with.
    #[serde(default)]
    pub email: String,
    /// The token of its invitation.
    #[serde(default)]
    pub invitation: String,
}

/// An entry of the directory as a store handles it: its identity, its keys, its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryItem {
    /// Identity within owner and kind.
    pub id: String,
    /// Its keys: match keys of an account; the name, login or address of other entries.
    pub keys: Vec<String>,
    /// The entry: an [`Account`], [`Group`], [`SignUp`] or other entry as JSON.
    pub json: String,
}

/// A key that accounts are matched by: the rule's letter, a colon, the cleaned value.
pub type MatchKey = String;

/// A match key with more candidates than this matches nothing (`candidates_too_many`).
pub const MAX_CANDIDATES: usize = 100;

/// The accounts of one match key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candidates {
    /// At most [`MAX_CANDIDATES`] accounts, in any order.
    pub accounts: Vec<Account>,
    /// Whether there are more than that.
    pub too_many: bool,
}
/// Compares ids, the lower first (IMP-15, CAD-2): numbers by value, before other ids, which are compared as text.
pub(crate) fn by_id(a: &str, b: &str) -> Ordering {
    let place = |id: &str| id.parse::<u64>().map_or((true, 0), |number| (false, number));
    place(a).cmp(&place(b)).then_with(|| a.cmp(b))
}
