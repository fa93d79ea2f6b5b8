//! A profile as in its TOML file, before it is checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::profile::error::{ProfileError, line_of};
use crate::types::field_kind::FieldKind;
use crate::types::kind::Kind;
use crate::types::locale::Locale;

/// A name in the file, with its line while the file is being read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "toml::Spanned<String>", into = "String")]
pub struct At {
    value: String,
    start: Option<usize>,
    pub(super) line: Option<usize>,
}

impl At {
    pub(super) fn value(&self) -> &str {
        &self.value
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for At {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

impl From<toml::Spanned<String>> for At {
    fn from(spanned: toml::Spanned<String>) -> Self {
        let start = Some(spanned.span().start);
        Self { value: spanned.into_inner(), start, line: None }
    }
}

impl From<At> for String {
    fn from(at: At) -> String {
        at.value
    }
}

/// The handling of unknown columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnknownColumns {
    /// Echoed in the result files, otherwise left alone.
    #[default]
    Ignore,
    /// Kept with the contact, by the sender's header.
    Keep,
    /// The file is refused.
    Refuse,
}

/// The way to pick one of several matching accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The most active one, then the older, then the lower id (IMP-15).
    #[default]
    MostActive,
    /// None: the row is refused (`account_ambiguous`).
    Error,
}

/// The key by which a field's value is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The account's id.
    Id,
    /// The account's address.
    Email,
    /// The host of the account's website.
    Website,
    /// The account's phone.
    Phone,
}

impl KeyKind {
    /// The letter before the colon of a match key.
    pub fn letter(self) -> char {
        match self {
            KeyKind::Id => 'i',
            KeyKind::Email => 'e',
            KeyKind::Website => 'w',
            KeyKind::Phone => 'p',
        }
    }
}

/// A rule of matching.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MatchRule {
    /// The field whose value is looked up.
    pub field: At,
    /// The kind of key.
    pub key: KeyKind,
}

/// The `[matching]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawMatching {
    /// Rules, tried in order.
    pub rules: Vec<MatchRule>,
    /// The way to pick one of several accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pick: Option<Pick>,
}

/// The `[repeat]` table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawRepeat {
    /// The fields of which any value makes a repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<At>,
    /// The field that a repeat may add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adds: Option<At>,
    /// `allow_duplicates` is allowed.
    #[serde(default)]
    pub allowable: bool,
}

/// The `[contact]` table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawContact {
    /// Fields that make the name.
    #[serde(default)]
    pub name: Vec<At>,
    /// The field that is the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<At>,
}

/// One `[[fields]]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawField {
    /// The field's name; with `count`, the stem of `<name>_1`, `<name>_2` and so on.
    pub name: At,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FieldKind>,
    /// Must be mapped and filled; with `count`, the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// An invalid value is dropped with a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lenient: Option<bool>,
    /// A word such as `N/A` counts as an empty cell. Default: in all fields but texts and names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_words: Option<bool>,
    /// The field may contain markup: HTML entities stay as they are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markup: Option<bool>,
    /// Only letters and digits count in an identity. Default: in documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignores_punctuation: Option<bool>,
    /// The number of repeated fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u8>,
    /// Labels for people, by language; `{n}` is the number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<Locale, String>,
    /// Other headers, by language; `{n}` is the number, and without it the header means the first field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<Locale, Vec<String>>,
    /// The kinds of columns that fill it, best first: `"name"`, `"first_name + last_name"`, `"name: last word"`. The
    /// field's own headers are of the first kind. Default: the kind with the field's own name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Headers that fill the field if its sources are all missing, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// The closed list of values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Other words for a value, in any language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, Vec<String>>,
    /// The entry that the value names must exist in the directory. Default: depends on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_exist: Option<bool>,
    /// The value in the example row of a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// The file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawProfile {
    /// The profile's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<At>,
    /// The built-in profile that provides everything not set here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<At>,
    /// The title for people, by language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<BTreeMap<Locale, String>>,
    /// The pool of contacts; the profile's name by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The kind of directory entries that the rows become, instead of contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<Kind>,
    /// The allowed delimiters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiters: Option<Vec<String>>,
    /// The handling of unknown columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_columns: Option<UnknownColumns>,
    /// `replace` is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offers_replace: Option<bool>,
    /// The identity of a row: alternatives of fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Vec<Vec<At>>>,
    /// Of each of these sets, at least one field must be filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Vec<At>>>,
    /// The field with the region for the row's phones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_field: Option<At>,
    /// The meaning of a repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<RawRepeat>,
    /// The rules to match accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<RawMatching>,
    /// The rules to find out whether a person is in a running cadence (CAD-15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadences: Option<Vec<MatchRule>>,
    /// The fields of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<RawContact>,
    /// The columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<RawField>,
}

impl RawProfile {
    /// Parses the file and records the lines of its names.
    pub(super) fn parse(text: &str) -> Result<Self, ProfileError> {
        let mut raw: RawProfile =
            toml::from_str(text).map_err(|error| ProfileError::of_toml(text, &error))?;
        raw.each_name(&mut |at| at.line = at.start.map(|start| line_of(text, start)));
        Ok(raw)
    }

    fn each_name(&mut self, see: &mut dyn FnMut(&mut At)) {
        let singles = [&mut self.name, &mut self.extends, &mut self.region_field];
        singles.into_iter().flatten().for_each(&mut *see);
        for lists in [&mut self.identity, &mut self.one_of].into_iter().flatten() {
            lists.iter_mut().flatten().for_each(&mut *see);
        }
        if let Some(repeat) = &mut self.repeat {
            repeat.keys.iter_mut().chain(&mut repeat.adds).for_each(&mut *see);
        }
        if let Some(matching) = &mut self.matching {
            matching.rules.iter_mut().map(|rule| &mut rule.field).for_each(&mut *see);
        }
        self.cadences.iter_mut().flatten().map(|rule| &mut rule.field).for_each(&mut *see);
        if let Some(contact) = &mut self.contact {
            contact.name.iter_mut().chain(&mut contact.email).for_each(&mut *see);
        }
        self.fields.iter_mut().map(|field| &mut field.name).for_each(see);
    }

    /// Merges this profile into the one that it extends; fields with the same name replace each other.
    pub(super) fn over(self, mut base: RawProfile) -> RawProfile {
        base.each_name(&mut |at| at.line = None);
        base.pool
            .get_or_insert_with(|| base.name.as_ref().map_or_else(String::new, |name| name.value.clone()));
        for field in self.fields {
            match base.fields.iter_mut().find(|known| known.name.value == field.name.value) {
                Some(known) => *known = field.over(known.clone()),
                None => base.fields.push(field),
            }
        }
        RawProfile {
            name: self.name.or(base.name),
            extends: None,
            title: self.title.or(base.title),
            pool: self.pool.or(base.pool),
            directory: self.directory.or(base.directory),
            delimiters: self.delimiters.or(base.delimiters),
            unknown_columns: self.unknown_columns.or(base.unknown_columns),
            offers_replace: self.offers_replace.or(base.offers_replace),
            identity: self.identity.or(base.identity),
            one_of: self.one_of.or(base.one_of),
            region_field: self.region_field.or(base.region_field),
            repeat: self.repeat.or(base.repeat),
            matching: self.matching.or(base.matching),
            cadences: self.cadences.or(base.cadences),
            contact: self.contact.or(base.contact),
            fields: base.fields,
        }
    }
}

impl RawField {
    fn over(self, mut base: RawField) -> RawField {
        base.labels.extend(self.labels);
        for (locale, aliases) in self.aliases {
            base.aliases.entry(locale).or_default().extend(aliases);
        }
        base.words.extend(self.words);
        base.fallbacks.extend(self.fallbacks);
        RawField {
            name: self.name,
            kind: self.kind.or(base.kind),
            required: self.required.or(base.required),
            lenient: self.lenient.or(base.lenient),
            empty_words: self.empty_words.or(base.empty_words),
            markup: self.markup.or(base.markup),
            ignores_punctuation: self.ignores_punctuation.or(base.ignores_punctuation),
            count: self.count.or(base.count),
            labels: base.labels,
            aliases: base.aliases,
            fallbacks: base.fallbacks,
            sources: if self.sources.is_empty() { base.sources } else { self.sources },
            words: base.words,
            must_exist: self.must_exist.or(base.must_exist),
            example: self.example.or(base.example),
            values: if self.values.is_empty() { base.values } else { self.values },
        }
    }
}
