//! The table of options, for completion in editors. It exists only for the JSON Schema: [`super::options::Options`]
//! parses the options.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::profile::change_rules::{Blank, Mode};
use crate::profile::options::FirstLine;

/// Options of one drop: a sidecar `<file>.options.toml`, or `[options]` in the settings of a program.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OptionsTable {
    /// Check, match and answer, but store nothing.
    pub dry_run: Option<bool>,
    /// The delimiter: `,`, `;`, `|`, `^` or `tab`. Detected if not set.
    pub delimiter: Option<String>,
    /// The encoding, such as `UTF-8` or `Windows-1252`. Detected if not set.
    pub encoding: Option<String>,
    /// The name of the sheet of a workbook. Without it, the first visible sheet is read.
    pub sheet: Option<String>,
    /// The role of the first record.
    pub first_line: Option<FirstLine>,
    /// Field names in the order of the columns; an empty name leaves a column out.
    pub columns: Option<TextOrList>,
    /// Headers and the fields that they fill; an empty field leaves a column out.
    pub map: Option<BTreeMap<String, String>>,
    /// Cells that were typed over after the file was sent: by row and field. The file itself stays as it is.
    pub cell: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Contacts of the pool that are not in this file are removed.
    pub replace: Option<bool>,
    /// Repeats within the file are accepted.
    pub allow_duplicates: Option<bool>,
    /// Logins of agents are checked against the directory.
    pub validate_agent: Option<bool>,
    /// What happens to a name that several entries share.
    pub ambiguous: Option<Ambiguous>,
    /// What happens to an invalid value of an optional field.
    pub invalid_optional: Option<InvalidOptional>,
    /// The rows to import, such as `1,3,5-9`.
    pub rows: Option<RowsOption>,
    /// Further recipients of the notification e-mail.
    pub notify: Option<TextOrList>,
    /// Which contacts are written.
    pub mode: Option<Mode>,
    /// What an empty cell of a mapped column does to an existing contact.
    pub blank: Option<Blank>,
    /// A cell with this word clears its field.
    pub clear_word: Option<String>,
    /// Fields whose filled value in the contact stays.
    pub keep_fields: Option<TextOrList>,
    /// The words of the sender for known values, by field: `[value.group]`, `"Ouro" = "gold"`.
    pub value: Option<std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>>,
    /// With more rejected rows than this, such as `100` or `5%`, nothing is written.
    pub max_rejected: Option<CountOrShare>,
}

/// What happens to a name that several entries share.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Ambiguous {
    /// The row is rejected.
    Error,
    /// The first entry is taken.
    First,
}

/// What happens to an invalid value of an optional field.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum InvalidOptional {
    /// The row is rejected.
    Reject,
    /// The row is imported without the value (`value_dropped`).
    Drop,
}

/// A text with commas, or a list.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum TextOrList {
    /// Separated by commas.
    Text(String),
    /// A list.
    List(Vec<String>),
}

/// A number of rows, or a share of the rows read.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum CountOrShare {
    /// A number.
    Count(u64),
    /// A number or a share, such as `5%`.
    Text(String),
}

/// Row numbers.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum RowsOption {
    /// Numbers and ranges, such as `1,3,5-9`.
    Text(String),
    /// One row.
    Row(u64),
    /// Several rows.
    List(Vec<u64>),
}
