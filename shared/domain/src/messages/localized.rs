//! A finding as JSON: its parts, and its message in five languages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::messages::catalogue::{Args, Facts, Messages};
use crate::messages::labels::Labels;
use crate::types::code::{Code, Severity};
use crate::types::finding::{Column, Finding};
use crate::types::locale::Locale;

/// A finding with its messages, as in `upload.json` and `preview --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingJson {
    /// The code of the finding.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
    /// The column it is about, or null.
    pub column: Option<Column>,
    /// The value in the file, masked if IMP-18 requires it, or null.
    pub value: Option<String>,
    /// The message in the program's language.
    pub message: String,
    /// The message in every language.
    pub messages: Texts,
    /// The likely intended value, if known; otherwise the fix, in the program's language.
    pub hint: Option<String>,
    /// The likely intended value; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The values of the message's placeholders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl FindingJson {
    /// Adds the messages to a finding.
    pub fn new(finding: &Finding, labels: &Labels, locale: Locale) -> Self {
        let messages = Texts::of(|language| Messages::of(language).text(finding, labels));
        Self {
            code: finding.code,
            severity: finding.code.severity(),
            column: finding.column.clone(),
            value: finding.value.clone(),
            message: messages.get(locale).to_owned(),
            messages,
            hint: finding.hint.clone().or_else(|| Some(Messages::of(locale).fix(finding, labels))),
            suggestion: finding.hint.clone(),
            args: finding.args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    /// Whether the finding refuses its row or file.
    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }
}

/// One text in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Texts {
    en: String,
    pt: String,
    de: String,
    fr: String,
    es: String,
}

impl Texts {
    /// Calls a function for the text in each language.
    pub fn of(text: impl Fn(Locale) -> String) -> Self {
        Self {
            en: text(Locale::En),
            pt: text(Locale::Pt),
            de: text(Locale::De),
            fr: text(Locale::Fr),
            es: text(Locale::Es),
        }
    }

    /// Returns the text in one language.
    pub fn get(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => &self.en,
            Locale::Pt => &self.pt,
            Locale::De => &self.de,
            Locale::Fr => &self.fr,
            Locale::Es => &self.es,
        }
    }
}

impl<'a> Facts<'a> {
    /// Combines a finding in its JSON form with the labels of its profile.
    pub(crate) fn of_json(finding: &'a FindingJson, labels: &'a Labels) -> Self {
        Self {
            code: finding.code,
            column: finding.column.as_ref().map(|column| &*column.name),
            value: finding.value.as_deref(),
            hint: finding.suggestion.as_deref(),
            args: Args::Map(&finding.args),
            labels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_says_what_was_meant_or_how_to_mend_it_in_the_programs_language() {
        let email = Column::new("email", 2);
        let typo = Finding::on(Code::EmailTypoSuspected, &email).value("a@gmial.com").hint("a@gmail.com");
        let typo = FindingJson::new(&typo, Labels::NONE, Locale::Pt);
        assert_eq!((typo.hint.as_deref(), &typo.hint), (Some("a@gmail.com"), &typo.suggestion));
        for &code in Code::ALL {
            for locale in [Locale::En, Locale::Pt, Locale::De, Locale::Fr, Locale::Es] {
                let finding = Finding::new(code);
                let json = FindingJson::new(&finding, Labels::NONE, locale);
                assert_eq!(json.hint, Some(Messages::of(locale).fix(&finding, Labels::NONE)), "{code}");
                assert!(json.hint.is_some_and(|hint| !hint.is_empty()) && json.suggestion.is_none());
            }
        }
    }
}
