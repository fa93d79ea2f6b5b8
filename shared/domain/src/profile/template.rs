//! A profile's template: the file that a sender fills in (SAG-P2).

use crate::file::write::write_record;
use crate::messages::catalogue::Messages;
use crate::messages::labels::{FieldLabels, Labels};
use crate::profile::compiled::{Field, FieldIndex, Profile};
use crate::types::field_kind::FieldKind;
use crate::types::kind::Kind;
use crate::types::locale::Locale;

/// The mark of a mandatory column; comparison of headers ignores it.
const REQUIRED: &str = " *";
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The file that a sender fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The profile's title: the name of the sheet.
    pub title: String,
    /// The delimiter of a text file.
    pub delimiter: u8,
    /// The columns, in the profile's order.
    pub columns: Vec<TemplateColumn>,
    /// Sentences for columns of which at least one must be filled.
    pub shared: Vec<String>,
}

/// One column of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateColumn {
    /// The field that it fills.
    pub field: String,
    /// The label in the reader's language, with the mark if the column is mandatory.
    pub header: String,
    /// Whether it must be filled in every row.
    pub required: bool,
    /// A description for the reader: mandatory or not, and the kind.
    pub takes: String,
    /// The description, including the columns of which one must be filled.
    pub note: String,
    /// The value in the example row; if the field names a directory entry, that entry must exist.
    pub example: String,
    /// The kind of entry that a value must name.
    pub names: Option<Kind>,
    /// Whether a spreadsheet should keep its cells as text.
    pub as_text: bool,
}

/// The delimiter of a list that people open: the one that spreadsheets of the language take, or the first that the
/// profile allows.
pub fn list_delimiter(profile: &Profile, locale: Locale) -> u8 {
    let allowed = profile.delimiters().iter().find_map(|name| crate::file::write::parse_delimiter(name));
    allowed.unwrap_or(if locale == Locale::En { b',' } else { b';' })
}

/// Makes the template of a profile in one language.
pub fn template(profile: &Profile, locale: Locale) -> Template {
    let column = |field| column(profile, field, locale);
    Template {
        title: profile.title(locale).to_owned(),
        delimiter: list_delimiter(profile, locale),
        columns: (0..profile.fields.len()).map(column).collect(),
        shared: profile.one_of.iter().map(|group| one_of(profile, group, locale)).collect(),
    }
}

fn column(profile: &Profile, index: FieldIndex, locale: Locale) -> TemplateColumn {
    let field = &profile.fields[index];
    let mark = if field.required { REQUIRED } else { "" };
    let takes = takes(field, locale);
    let shared = profile.one_of.iter().filter(|group| group.contains(&index));
    let shared: Vec<String> = shared.map(|group| one_of(profile, group, locale)).collect();
    TemplateColumn {
        field: field.name.to_string(),
        header: format!("{}{mark}", field.label(locale)),
        required: field.required,
        note: [std::slice::from_ref(&takes), &shared].concat().join(" "),
        takes,
        example: field.example.clone().unwrap_or_default(),
        names: named(field),
        as_text: !matches!(field.kind, FieldKind::Number),
    }
}

/// The kind of entry that a value of the field must name.
fn named(field: &Field) -> Option<Kind> {
    match field.kind {
        FieldKind::Group => Some(Kind::Groups),
        kind => kind.refers_to().filter(|_| field.must_exist),
    }
}

/// The description of a column: mandatory or not, and its kind.
fn takes(field: &Field, locale: Locale) -> String {
    let messages = Messages::of(locale);
    let words = messages.note();
    let kind = messages.filled(words.of(field.kind), &[("values", &field.values.join(", "))]);
    if field.required { format!("{} {kind}", words.required) } else { kind }
}

/// The sentence that at least one of several columns must be filled.
fn one_of(profile: &Profile, group: &[FieldIndex], locale: Locale) -> String {
    let messages = Messages::of(locale);
    let labels: Vec<&str> = group.iter().map(|field| profile.fields[*field].label(locale)).collect();
    messages.filled(&messages.note().one_of, &[("fields", &labels.join(", "))])
}

impl Profile {
    /// The labels of the profile's fields.
    pub fn labels(&self) -> Labels {
        let of = |field: &Field| FieldLabels {
            name: field.name.to_string(),
            required: field.required,
            labels: field.labels.clone(),
        };
        Labels::new(self.fields.iter().map(of).collect())
    }
}

impl Field {
    /// The field's label in a language; English if it is missing, otherwise the name.
    pub fn label(&self, locale: Locale) -> &str {
        let label = self.labels.get(&locale).or_else(|| self.labels.get(&Locale::En));
        label.map_or(&self.name, String::as_str)
    }
}

impl Template {
    /// The rows of the file: the header and one example.
    pub fn rows(&self) -> [Vec<&str>; 2] {
        let header = self.columns.iter().map(|column| column.header.as_str()).collect();
        let example = self.columns.iter().map(|column| column.example.as_str()).collect();
        [header, example]
    }

    /// The template as a text file.
    pub fn to_csv(&self) -> Vec<u8> {
        let mut out = BOM.to_vec();
        for row in self.rows() {
            write_record(&mut out, row, self.delimiter);
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::built_in::BUILT_IN;

    #[test]
    fn every_header_of_a_template_is_understood() {
        for (name, _) in BUILT_IN {
            let profile = Profile::built_in(name).unwrap();
            for locale in Locale::ALL {
                let template = template(&profile, locale);
                assert_eq!(template.columns.len(), profile.fields.len());
                for (index, column) in template.columns.iter().enumerate() {
                    assert_eq!(
                        profile.field_of_header(&column.header),
                        Some(index),
                        "{name} {locale} {column:?}"
                    );
                    assert_eq!(column.header.ends_with('*'), column.required);
                    assert!(column.note.ends_with('.') && !column.note.contains('{'), "{locale} {column:?}");
                    assert!(!column.required || !column.example.is_empty(), "{name} {column:?}");
                }
            }
        }
    }

    #[test]
    fn every_built_in_field_has_a_label_in_every_language() {
        for (name, _) in BUILT_IN {
            for field in &Profile::built_in(name).unwrap().fields {
                assert_eq!(field.labels.len(), Locale::ALL.len(), "{name} {}", field.name);
            }
        }
    }

    #[test]
    fn sag_p2_a_template_is_a_file_to_fill_in() {
        let template = template(&Profile::built_in("mailing").unwrap(), Locale::Pt);
        let text = String::from_utf8(template.to_csv()).unwrap();
        let header = "\u{feff}Nome;Complemento;Agente fidelizado;Data de (re)agendamento;\
            Janela de (re)agendamento;Telefone 1 *;Telefone 2;";
        assert!(text.starts_with(header), "{text}");
        assert!(text.contains("\r\nAna Souza;;;2030-01-15;09:00-12:30;+55 11 96123-4567;;"), "{text}");
        assert_eq!(text.lines().count(), 2);
    }
}
