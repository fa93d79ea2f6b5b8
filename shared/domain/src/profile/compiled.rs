//! A profile: the definition of one kind of file, as data (TOML), checked when it is loaded.
//!
//! A new kind of import is a new file in this format, not new code. It defines columns and their kinds, mandatory
//! values, the identity of a row, the meaning of a repeat, matching, and the contact.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::profile::header::fold;
use crate::profile::kinds::ColumnKinds;
use crate::profile::raw::{KeyKind, Pick, RawProfile, UnknownColumns};
use crate::types::field_kind::FieldKind;
use crate::types::finding::Column;
use crate::types::kind::Kind;
use crate::types::locale::Locale;
use crate::types::names::ProfileName;

pub use crate::profile::source::FieldIndex;

/// A checked profile.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) raw: RawProfile,
    /// The profile's name.
    pub name: ProfileName,
    /// The pool of its contacts: in a pool, each identity is one contact.
    pub pool: String,
    /// The fields, with repeated ones expanded, in the profile's order.
    pub fields: Vec<Field>,
    /// The identity of a row: the first alternative whose parts all have values.
    pub identity: Vec<Vec<FieldIndex>>,
    /// The meaning of a repeated identity.
    pub repeat: Repeat,
    /// Of each of these sets, at least one field must be filled.
    pub one_of: Vec<Vec<FieldIndex>>,
    /// The rules to match accounts, in order.
    pub matching: Vec<(FieldIndex, KeyKind)>,
    /// The rules to find out whether a person is in a running cadence (CAD-15).
    pub cadences: Vec<(FieldIndex, KeyKind)>,
    /// Fields whose values name entries of the program's directory.
    pub references: Vec<(FieldIndex, Kind)>,
    /// Groups of repeated fields: a value occurs once in a row's group.
    pub repeated: Vec<Vec<FieldIndex>>,
    /// Fields that make the contact's name, in order.
    pub contact_name: Vec<FieldIndex>,
    /// The field that is the contact's address.
    pub contact_email: Option<FieldIndex>,
    /// The field with the region for the row's phones; the program's region is the default.
    pub region_field: Option<FieldIndex>,
    /// The kind of directory entries that the rows become; contacts if there is none.
    pub directory: Option<Kind>,
    /// The columns that fill each field.
    pub(crate) columns: ColumnKinds,
}

/// A field of a profile.
#[derive(Debug, Clone)]
pub struct Field {
    /// The field's name: in options, result codes and JSON.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: FieldKind,
    /// Whether it must be mapped, and filled in every row.
    pub required: bool,
    /// Whether an invalid value is dropped with a warning instead of rejecting the row.
    pub lenient: bool,
    /// Whether a word such as `N/A` counts as an empty cell.
    pub empty_words: bool,
    /// Whether HTML entities, which an export left, are decoded.
    pub decodes_entities: bool,
    /// Whether only letters and digits count in an identity.
    pub ignores_punctuation: bool,
    /// The group that it belongs to, if it is a repeated field (`count`).
    pub repeats: Option<usize>,
    /// Labels for people, by language.
    pub labels: BTreeMap<Locale, String>,
    /// The allowed values, if they are a closed list.
    pub values: Vec<String>,
    /// Other words for its values, folded.
    pub words: HashMap<String, String>,
    /// Whether the entry that a value names must exist in the directory.
    pub must_exist: bool,
    /// The value in the example row of a template.
    pub example: Option<String>,
}

impl Field {
    /// The column of a finding about this field.
    pub fn column(&self, position: Option<usize>) -> Column {
        Column::new(self.name.clone(), position.map(|at| at as u32 + 1))
    }
}

/// The meaning of a repeat: a later row with a key that an earlier row registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The fields of which any value makes a repeat; the identity if empty.
    pub keys: Vec<FieldIndex>,
    /// A repeat with a new value of this field adds to the contact (`merged`) and is not refused.
    pub adds: Option<FieldIndex>,
    /// Whether the sender may allow repeats (`allow_duplicates`).
    pub allowable: bool,
}

/// The longest header, in bytes, that may be a mistyped field name: comparing longer ones would be slow.
const LONGEST_NEAR: usize = 100;

impl Profile {
    /// The profile as a plan stores it; [`Profile::from_raw`] reads it.
    pub fn raw(&self) -> &RawProfile {
        &self.raw
    }

    /// The profile as a file for [`Profile::parse`], complete without the profile that it extends.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.raw).expect("a profile is tables of plain values")
    }

    /// The field that a header names: by field name, label or alias in any language.
    pub fn field_of_header(&self, header: &str) -> Option<FieldIndex> {
        self.columns.slot_of(header).and_then(|slot| self.columns.field_of(slot))
    }

    /// The field with a name, as in options and mappings.
    pub fn field(&self, name: &str) -> Option<FieldIndex> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// The nearest field to an unknown header.
    pub fn nearest_field(&self, header: &str) -> Option<&str> {
        let wanted = fold(header);
        if wanted.len() > LONGEST_NEAR {
            return None;
        }
        let near = self.columns.headers().map(|(known, field)| (strsim::jaro_winkler(&wanted, known), field));
        let best = near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))?;
        (best.0 >= 0.87).then(|| &*self.fields[best.1].name)
    }

    /// The nearest allowed value of a field, if its values are a closed list.
    pub fn nearest_value(&self, field: &str, value: &str) -> Option<String> {
        let field = &self.fields[self.field(field)?];
        let wanted = fold(value);
        if wanted.len() > LONGEST_NEAR {
            return None;
        }
        let near = field.words.iter().map(|(word, known)| (strsim::jaro_winkler(&wanted, word), known));
        let best = near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
        (best.0 >= 0.8).then(|| best.1.clone())
    }

    /// The handling of unknown columns.
    pub fn unknown_columns(&self) -> UnknownColumns {
        self.raw.unknown_columns.unwrap_or_default()
    }

    /// The way to pick one of several matching accounts.
    pub fn pick(&self) -> Pick {
        self.raw.matching.as_ref().and_then(|matching| matching.pick).unwrap_or_default()
    }

    /// The delimiters that the profile allows; empty if all are allowed.
    pub fn delimiters(&self) -> &[String] {
        self.raw.delimiters.as_deref().unwrap_or_default()
    }

    /// Whether the profile allows `replace`.
    pub fn offers_replace(&self) -> bool {
        self.raw.offers_replace.unwrap_or(false)
    }

    /// The profile's title for people.
    pub fn title(&self, locale: Locale) -> &str {
        let titles = self.raw.title.as_ref();
        titles.and_then(|titles| titles.get(&locale)).map_or(self.name.as_str(), String::as_str)
    }

    /// The fields of one kind, in order.
    pub fn fields_of(&self, kind: FieldKind) -> impl Iterator<Item = FieldIndex> + '_ {
        self.fields.iter().enumerate().filter(move |(_, field)| field.kind == kind).map(|(index, _)| index)
    }
}
