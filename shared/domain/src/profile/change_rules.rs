//! How an import changes existing contacts: its mode, and the effect of empty cells and filled fields.

use serde::{Deserialize, Serialize};

use crate::profile::compiled::{FieldIndex, Profile};

/// Which contacts an import writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// New contacts are created, existing ones are updated.
    #[default]
    Upsert,
    /// Only new contacts are created; existing ones stay as they are (`contact_exists`).
    Create,
    /// Only existing contacts are updated; rows of others are rejected (`contact_unknown`).
    Update,
}

/// The effect of an empty cell of a mapped column on the field of an existing contact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Blank {
    /// The field stays as it is.
    #[default]
    Keep,
    /// The field is cleared.
    Clear,
}

/// The options of one drop for changes of existing contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRules {
    /// Which contacts the import writes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Mode,
    /// The effect of an empty cell.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blank: Blank,
    /// The word that clears a field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_word: Option<String>,
    /// Fields that keep a filled value of the contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep_fields: Vec<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ChangeRules {
    /// Sets an option by name; returns `false` if it is not one of these.
    ///
    /// # Errors
    /// The allowed values, if the value is not one of them.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let value = value.trim();
        match name {
            "mode" => {
                let modes = [("upsert", Mode::Upsert), ("create", Mode::Create), ("update", Mode::Update)];
                self.mode = one_of(value, &modes)?;
            }
            "blank" => self.blank = one_of(value, &[("keep", Blank::Keep), ("clear", Blank::Clear)])?,
            "clear_word" => self.clear_word = Some(value.to_owned()).filter(|word| !word.is_empty()),
            "keep_fields" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.keep_fields = names.map(str::to_owned).collect();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The options that are not the usual ones, as names and values that [`ChangeRules::set`] takes.
    pub fn told(&self) -> Vec<(String, String)> {
        let mode = match self.mode {
            Mode::Upsert => None,
            Mode::Create => Some("create".to_owned()),
            Mode::Update => Some("update".to_owned()),
        };
        let blank = (self.blank == Blank::Clear).then(|| "clear".to_owned());
        let fields = Some(self.keep_fields.join(", ")).filter(|fields| !fields.is_empty());
        let all = [
            ("mode", mode),
            ("blank", blank),
            ("clear_word", self.clear_word.clone()),
            ("keep_fields", fields),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The first name in `keep_fields` that is not a field of the profile.
    pub fn unknown_field<'a>(&'a self, profile: &Profile) -> Option<&'a str> {
        self.keep_fields.iter().map(String::as_str).find(|name| profile.field(name).is_none())
    }

    /// Whether the contact keeps its value of a field.
    pub fn keeps(&self, field: &str) -> bool {
        self.keep_fields.iter().any(|name| name == field)
    }

    /// Whether a trimmed cell is the word that clears a field.
    pub fn clears(&self, cell: &str) -> bool {
        self.clear_word.as_deref() == Some(cell)
    }

    /// Whether a field may be cleared: a mandatory one may not.
    pub fn may_clear(profile: &Profile, field: FieldIndex) -> bool {
        !profile.fields[field].required
    }
}

/// The meaning of a value that is one of these words.
///
/// # Errors
/// The words, if it is none of them.
pub(super) fn one_of<T: Copy>(value: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == value.trim());
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let (last, others) = words.split_last().unwrap_or((&"", &[]));
        format!("takes {} or {last}, not {value:?}", others.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_takes_what_the_contract_says() {
        let mut rules = ChangeRules::default();
        for (name, value) in [
            ("mode", "update"),
            ("blank", "clear"),
            ("clear_word", "(empty)"),
            ("keep_fields", "phone, note"),
        ] {
            assert_eq!(rules.set(name, value), Ok(true), "{name}");
        }
        assert_eq!((rules.mode, rules.blank), (Mode::Update, Blank::Clear));
        assert!(rules.keeps("note") && !rules.keeps("email") && rules.clears("(empty)") && !rules.clears(""));
        assert_eq!(rules.set("colour", "red"), Ok(false));
        for (name, value) in [("mode", "delete"), ("blank", "yes")] {
            assert!(rules.set(name, value).unwrap_err().contains(value), "{name}");
        }
        let profile = Profile::built_in("prospects").unwrap();
        assert_eq!(rules.unknown_field(&profile), None);
        rules.keep_fields.push("fax".into());
        assert_eq!(rules.unknown_field(&profile), Some("fax"));
    }

    /// Serialization omits options that are not set.
    #[test]
    fn the_usual_rules_say_nothing() {
        assert_eq!(serde_json::to_string(&ChangeRules::default()).unwrap(), "{}");
    }
}
