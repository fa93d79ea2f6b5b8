//! A profile: the definition of one kind of file, as data (TOML), checked before it exists.
//!
//! A new kind of import is a new file of this shape, not new code: columns and their kinds, mandatory values, the identity
//! of a row, the meaning of a repeat, matching, and the contact.

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
    /// Contacts of this pool are one people: an identity in it is one contact.
    pub pool: String,
    /// Columns, repeated ones written out, in the profile's order.
    pub fields: Vec<Field>,
    /// What stands for a row: the first alternative whose parts are all there.
    pub identity: Vec<Vec<FieldIndex>>,
    /// What a repeat of an identity means.
    pub repeat: Repeat,
    /// At least one field of each of these must be filled.
    pub one_of: Vec<Vec<FieldIndex>>,
    /// How accounts are matched, in order.
    pub matching: Vec<(FieldIndex, KeyKind)>,
    /// What tells whether somebody is in a running cadence (CAD-15).
    pub cadences: Vec<(FieldIndex, KeyKind)>,
    /// Fields whose values name entries of the program's directory.
    pub references: Vec<(FieldIndex, Kind)>,
    /// Fields of which there are several: one value stands in a row once.
    pub repeated: Vec<Vec<FieldIndex>>,
    /// Fields that make the contact's name, in order.
    pub contact_name: Vec<FieldIndex>,
    /// The field that is the contact's address.
    pub contact_email: Option<FieldIndex>,
    /// The field that gives phones of the row their region, before the program's.
    pub region_field: Option<FieldIndex>,
    /// What the rows become: entries of the directory, or contacts.
    pub directory: Option<Kind>,
    /// Which columns fill which field.
    pub(crate) columns: ColumnKinds,
}

/// A column that a profile knows.
#[derive(Debug, Clone)]
pub struct Field {
    /// The field's name: in options, result codes and JSON.
    pub name: Arc<str>,
    /// What it holds.
    pub kind: FieldKind,
    /// Must be mapped, and filled in every row.
    pub required: bool,
    /// A value that is wrong is dropped with a warning instead of refusing the row.
    pub lenient: bool,
    /// A word such as `N/A` counts as an empty cell.
    pub empty_words: bool,
    /// HTML entities in it were left by an export.
    pub decodes_entities: bool,
    /// Only letters and digits count in an identity.
    pub ignores_punctuation: bool,
    /// The fields of which it is one, where there are several (`count`).
    pub repeats: Option<usize>,
    /// For people, by language.
    pub labels: BTreeMap<Locale, String>,
    /// The values that it takes, where they are a closed list.
    pub values: Vec<String>,
    /// Other words for its values, folded.
    pub words: HashMap<String, String>,
    /// What a value names must be in the directory.
    pub must_exist: bool,
    /// What the example row of a template has.
    pub example: Option<String>,
}

impl Field {
    /// The column of a finding about this field.
    pub fn column(&self, position: Option<usize>) -> Column {
        Column::new(self.name.clone(), position.map(|at| at as u32 + 1))
    }
}

/// What a repeat means: a later row with a key that an earlier row registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// Any of these fields' values makes a repeat; the identity where it is empty.
    pub keys: Vec<FieldIndex>,
    /// A repeat that brings a new value of this field adds to the contact (`merged`) and is not refused.
    pub adds: Option<FieldIndex>,
    /// The sender may allow repeats (`allow_duplicates`).
    pub allowable: bool,
}

/// Bytes of a header that may be a field's, mistyped: a longer one is none, and comparing it would cost.
const LONGEST_NEAR: usize = 100;

impl Profile {
    /// The profile as a plan keeps it; [`Profile::from_raw`] reads it back.
    pub fn raw(&self) -> &RawProfile {
        &self.raw
    }

    /// The profile as a file that [`Profile::parse`] reads, nothing left to be looked up.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.raw).expect("a profile is tables of plain values")
    }

    /// The field that a header names: by field name, label or alias in any language.
    pub fn field_of_header(&self, header: &str) -> Option<FieldIndex> {
        self.columns.slot_of(header).and_then(|slot| self.columns.field_of(slot))
    }

    /// The field of a name, as options and mappings give it.
    pub fn field(&self, name: &str) -> Option<FieldIndex> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// The nearest field to a header that was not understood.
    pub fn nearest_field(&self, header: &str) -> Option<&str> {
        let wanted = fold(header);
        if wanted.len() > LONGEST_NEAR {
            return None;
        }
        let near = self.columns.headers().map(|(known, field)| (strsim::jaro_winkler(&wanted, known), field));
        let best = near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))?;
        (best.0 >= 0.87).then(|| &*self.fields[best.1].name)
    }

    /// The nearest of the values that a field takes, where they are a closed list.
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

    /// What the file's unknown columns are for.
    pub fn unknown_columns(&self) -> UnknownColumns {
        self.raw.unknown_columns.unwrap_or_default()
    }

    /// How one of several matching accounts is picked.
    pub fn pick(&self) -> Pick {
        self.raw.matching.as_ref().and_then(|matching| matching.pick).unwrap_or_default()
    }

    /// The delimiters that files of this kind may have; empty where any may.
    pub fn delimiters(&self) -> &[String] {
        self.raw.delimiters.as_deref().unwrap_or_default()
    }

    /// Whether `replace` is offered.
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
