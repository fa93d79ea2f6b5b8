//! Kinds of fields.

use serde::{Deserialize, Serialize};

use crate::types::kind::Kind;

/// The content of a field: determines how a cell is cleaned and which directory entries it refers to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text.
    #[default]
    Text,
    /// A name: compared without case, and with single inner blanks.
    Name,
    /// An e-mail address.
    Email,
    /// A phone number, converted to E.164.
    Phone,
    /// A web address.
    Website,
    /// The id of an account.
    AccountId,
    /// One group of the program.
    Group,
    /// A number.
    Number,
    /// A day, or a day and a time.
    Timestamp,
    /// An ISO 3166 country code.
    Region,
    /// Names of programs, separated by `|`.
    Programs,
    /// One of the field's `values`.
    Choice,
    /// Yes or no, in any of the five languages.
    Flag,
    /// A day: ISO, or day, month and year in the order that the whole column determines (DIG-14).
    Date,
    /// A window of time, `HH:MM-HH:MM`.
    Window,
    /// The number of a document: a text that spreadsheets tend to read as a number.
    Document,
    /// Tags of the program, separated by commas (SAG-10).
    Tags,
    /// The login of an agent of the program (DIG-7).
    Agent,
    /// The name of an owner (CAD-11).
    Owner,
    /// The name of a company (CAD-2).
    Company,
}

impl FieldKind {
    /// Whether any text is valid, so that no cleaner rejects a value.
    pub fn takes_any_text(self) -> bool {
        self.takes_words() || matches!(self, FieldKind::AccountId | FieldKind::Document)
    }

    /// Whether values are words: names, titles, texts.
    pub fn takes_words(self) -> bool {
        use FieldKind::{Agent, Company, Group, Name, Owner, Tags, Text};
        matches!(self, Text | Name | Group | Agent | Owner | Company | Tags)
    }

    /// The kind of directory entries that a value names; groups have a separate check.
    pub fn refers_to(self) -> Option<Kind> {
        match self {
            FieldKind::Tags => Some(Kind::Tags),
            FieldKind::Agent => Some(Kind::Agents),
            FieldKind::Owner => Some(Kind::Owners),
            FieldKind::Company => Some(Kind::Companies),
            _ => None,
        }
    }
}
