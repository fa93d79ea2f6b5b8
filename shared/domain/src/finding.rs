//! A finding: what was noticed about a file, a row or a cell, before it is put into words.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::code::{Code, CodeUnknown, Scope, Severity};
use crate::locale::Locale;
use crate::messages::Messages;

/// The column that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Column {
    /// The field's name; of a column that is no field's the sender's header.
    pub name: Arc<str>,
    /// The column's place in the record, from 1; absent where the field has no column.
    pub position: Option<u32>,
    /// No field is in it: its name is for people, and never told to programs as a field's.
    #[serde(skip)]
    unmapped: bool,
}

impl Column {
    /// Names a field and the place of its column, from 1.
    pub fn new(name: impl Into<Arc<str>>, position: impl Into<Option<u32>>) -> Self {
        Self { name: name.into(), position: position.into(), unmapped: false }
    }

    /// Names a column that is no field's, and its place, from 1.
    pub fn unmapped(name: impl Into<Arc<str>>, position: u32) -> Self {
        Self { name: name.into(), position: Some(position), unmapped: true }
    }
}

/// One thing that was noticed. Holds no words: [`crate::messages::Messages`] finds them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// What kind of thing it is.
    pub code: Code,
    /// The column it is about; absent for findings about the row or the file.
    pub column: Option<Column>,
    /// The value as seen, already masked where IMP-18 says so.
    pub value: Option<String>,
    /// What fills the message's placeholders, such as `limit`, `reason`, `row`.
    pub args: Vec<(&'static str, String)>,
    /// What was probably meant, where that is known.
    pub hint: Option<String>,
}

impl Finding {
    /// Notes something about the row or the file as a whole.
    pub const fn new(code: Code) -> Self {
        Self { code, column: None, value: None, args: Vec::new(), hint: None }
    }

    /// Notes something about a column; cloning the column costs no allocation.
    pub fn on(code: Code, column: &Column) -> Self {
        Self { column: Some(column.clone()), ..Self::new(code) }
    }

    /// Adds the value as seen. The caller has masked it.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Fills a placeholder of the message.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// Adds what was probably meant.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns whether the finding refuses its row or file.
    pub const fn is_error(&self) -> bool {
        matches!(self.code.severity(), Severity::Error)
    }

    /// Returns what people call the column, where there is one: by its field, or by its header.
    pub fn column_name(&self) -> Option<&str> {
        self.column.as_ref().map(|column| &*column.name)
    }

    /// Returns the field that the finding is about, where there is one.
    pub fn field(&self) -> Option<&Arc<str>> {
        self.column.as_ref().filter(|column| !column.unmapped).map(|column| &column.name)
    }

    fn key_of_place(&self) -> &str {
        self.field().map_or("row", |field| field)
    }

    /// Whether it says the same of the same field.
    pub fn is_like(&self, other: &Self) -> bool {
        self.code == other.code && self.field() == other.field()
    }

    /// Writes `<field>:<code>`, or `row:<code>` where there is no field, as result files have it.
    pub fn write_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.key_of_place().as_bytes());
        out.push(b':');
        out.extend_from_slice(self.code.as_str().as_bytes());
    }

    /// Returns `<field>:<code>`, or `row:<code>` where there is no field.
    pub fn key(&self) -> String {
        format!("{}:{}", self.key_of_place(), self.code)
    }
}

/// A finding put into words, as `upload.json` and `preview --json` have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingJson {
    /// What kind of thing it is.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// The column it is about, or null.
    pub column: Option<Column>,
    /// The value as seen, masked where IMP-18 says so, or null.
    pub value: Option<String>,
    /// The message in the program's language.
    pub message: String,
    /// The message in every language.
    pub messages: Texts,
    /// What was probably meant, where that is known; else how to mend it, in the program's language.
    pub hint: Option<String>,
    /// What was probably meant; left out where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// What fills the message's placeholders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl FindingJson {
    /// Puts a finding into words.
    pub fn new(finding: &Finding, locale: Locale) -> Self {
        let messages = Texts::of(|language| Messages::of(language).text(finding));
        Self {
            code: finding.code,
            severity: finding.code.severity(),
            column: finding.column.clone(),
            value: finding.value.clone(),
            message: messages.get(locale).to_owned(),
            messages,
            hint: finding.hint.clone().or_else(|| Some(Messages::of(locale).mend(finding))),
            suggestion: finding.hint.clone(),
            args: finding.args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    /// Returns whether the finding refuses its row or file.
    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }
}

/// One text in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    en: String,
    pt: String,
    de: String,
    fr: String,
    es: String,
}

impl Texts {
    /// Asks for the text in each language.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_says_what_was_meant_or_how_to_mend_it_in_the_programs_language() {
        let email = Column::new("email", 2);
        let typo = Finding::on(Code::EmailTypoSuspected, &email).value("a@gmial.com").hint("a@gmail.com");
        let typo = FindingJson::new(&typo, Locale::Pt);
        assert_eq!((typo.hint.as_deref(), &typo.hint), (Some("a@gmail.com"), &typo.suggestion));
        for &code in Code::ALL {
            for locale in [Locale::En, Locale::Pt, Locale::De, Locale::Fr, Locale::Es] {
                let finding = Finding::new(code);
                let json = FindingJson::new(&finding, locale);
                assert_eq!(json.hint, Some(Messages::of(locale).mend(&finding)), "{code}");
                assert!(json.hint.is_some_and(|hint| !hint.is_empty()) && json.suggestion.is_none());
            }
        }
    }

    #[test]
    fn the_key_names_the_field_or_the_row() {
        let email =
            Finding::on(Code::EmailInvalid, &Column::new("email", 2)).value("x").arg("reason", "no_at");
        let ragged = Finding::new(Code::RowRagged).arg("limit", 3);
        for (finding, key) in [(email, "email:email_invalid"), (ragged, "row:row_ragged")] {
            assert_eq!(finding.key(), key);
            let mut bytes = Vec::new();
            finding.write_key(&mut bytes);
            assert_eq!(bytes, key.as_bytes());
        }
    }
}
