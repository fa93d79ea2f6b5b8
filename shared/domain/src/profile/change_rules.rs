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
            "mode" => self.mode = parse_mode(value)?,
            "blank" => self.blank = parse_blank(value)?,
            "clear_word" => self.clear_word = Some(value.to_owned()).filter(|word| !word.is_empty()),
            "keep_fields" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.keep_fields = names.map(str::to_owned).collect();
            }
            _ => return Ok(false),
        }
        Ok(true)
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

fn parse_mode(value: &str) -> Result<Mode, String> {
    match value {
        "upsert" => Ok(Mode::Upsert),
        "create" => Ok(Mode::Create),
        "update" => Ok(Mode::Update),
        _ => Err(format!("takes upsert, create or update, not {value:?}")),
    }
}

fn parse_blank(value: &str) -> Result<Blank, String> {
    match value {
        "keep" => Ok(Blank::Keep),
        "clear" => Ok(Blank::Clear),
        _ => Err(format!("takes keep or clear, not {value:?}")),
    }
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
