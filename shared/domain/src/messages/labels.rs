//! Labels: the names of a profile's fields for people, in five languages.

use std::collections::BTreeMap;

use crate::types::locale::Locale;

/// The labels of a profile's fields, in the order of the profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(Vec<FieldLabels>);

/// One field and its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldLabels {
    /// The field's name, as in `rollcall_errors`.
    pub name: String,
    /// Whether a file needs a column for it.
    pub required: bool,
    /// Its label by language.
    pub labels: BTreeMap<Locale, String>,
}

impl FieldLabels {
    /// The label in a language; English if it is missing, otherwise the name.
    pub fn get(&self, locale: Locale) -> &str {
        let label = self.labels.get(&locale).or_else(|| self.labels.get(&Locale::En));
        label.map_or(&self.name, String::as_str)
    }
}

impl Labels {
    /// The labels if no profile is known: every field has its name.
    pub const NONE: &'static Self = &Self(Vec::new());

    /// The labels of a profile's fields.
    pub fn new(fields: Vec<FieldLabels>) -> Self {
        Self(fields)
    }

    /// Returns the label of a field; the name itself if there is no such field.
    pub fn of<'a>(&'a self, name: &'a str, locale: Locale) -> &'a str {
        self.0.iter().find(|field| field.name == name).map_or(name, |field| field.get(locale))
    }

    /// Returns whether a file may omit the field; an unknown name is not optional.
    pub fn is_optional(&self, name: &str) -> bool {
        self.0.iter().any(|field| field.name == name && !field.required)
    }

    /// Returns the labels of several fields, which are joined by `, `.
    pub fn of_list(&self, names: &str, locale: Locale) -> String {
        names.split(", ").map(|name| self.of(name, locale)).collect::<Vec<_>>().join(", ")
    }

    /// Returns the labels of all fields, mandatory ones with a `*`, joined by `, `.
    pub fn expected(&self, locale: Locale) -> String {
        let marked = self.0.iter().map(|field| {
            let mark = if field.required { "*" } else { "" };
            format!("{}{mark}", field.get(locale))
        });
        marked.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        let field = |name: &str, required, labels: &[(Locale, &str)]| FieldLabels {
            name: name.to_owned(),
            required,
            labels: labels.iter().map(|(locale, label)| (*locale, (*label).to_owned())).collect(),
        };
        Labels::new(vec![
            field("name", true, &[(Locale::En, "Name"), (Locale::Pt, "Nome")]),
            field("tax_id", false, &[]),
        ])
    }

    #[test]
    fn a_label_falls_back_to_english_then_to_the_name() {
        let labels = labels();
        for (name, locale, label) in [
            ("name", Locale::Pt, "Nome"),
            ("name", Locale::De, "Name"),
            ("tax_id", Locale::Pt, "tax_id"),
            ("Own header", Locale::Pt, "Own header"),
        ] {
            assert_eq!(labels.of(name, locale), label);
        }
        assert_eq!(labels.of_list("tax_id, name", Locale::Pt), "tax_id, Nome");
        assert_eq!(labels.expected(Locale::Pt), "Nome*, tax_id");
        assert_eq!(Labels::NONE.expected(Locale::Pt), "");
    }
}
