//! The five languages of Rollcall's texts for people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language of messages, reports and notifications; machine-readable files never depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// English, the default.
    #[default]
    En,
    /// Portuguese, as written in Brazil.
    Pt,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Locale {
    /// All languages, in the order in which outputs list them.
    pub const ALL: [Self; 5] = [Self::En, Self::Pt, Self::De, Self::Fr, Self::Es];

    /// Returns the language's ISO 639-1 code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Pt => "pt",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    /// Parses `pt`, `pt-BR` or `pt_BR`, in any case; ignores the region.
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|locale| language.eq_ignore_ascii_case(locale.as_str()))
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Locale {
    type Err = LocaleUnknown;

    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        Self::parse(tag).ok_or_else(|| LocaleUnknown(tag.to_owned()))
    }
}

/// A language tag that names none of the five languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not one of en, pt, de, fr, es: {0}")]
pub struct LocaleUnknown(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_and_without_a_region() {
        for (tag, locale) in [
            ("pt", Some(Locale::Pt)),
            ("pt-BR", Some(Locale::Pt)),
            ("pt_BR", Some(Locale::Pt)),
            (" DE ", Some(Locale::De)),
            ("fr-CA", Some(Locale::Fr)),
            ("es-419", Some(Locale::Es)),
            ("en", Some(Locale::En)),
            ("", None),
            ("nl", None),
            ("port", None),
        ] {
            assert_eq!(Locale::parse(tag), locale, "{tag:?}");
        }
    }

    #[test]
    fn it_travels_as_its_code() {
        for locale in Locale::ALL {
            let json = serde_json::to_string(&locale).unwrap();
            assert_eq!(json, format!("\"{locale}\""));
            assert_eq!(serde_json::from_str::<Locale>(&json).unwrap(), locale);
        }
    }
}
