//! Messages: findings in the words of five languages.

use crate::finding::Finding;
use crate::locale::Locale;

/// The words of one language.
#[derive(Debug)]
pub struct Messages {
    locale: Locale,
}

static ALL: [Messages; 5] = [
    Messages { locale: Locale::En },
    Messages { locale: Locale::Pt },
    Messages { locale: Locale::De },
    Messages { locale: Locale::Fr },
    Messages { locale: Locale::Es },
];

impl Messages {
    /// Returns the words of a language.
    pub fn of(locale: Locale) -> &'static Self {
        &ALL[locale as usize]
    }

    /// Returns the language.
    pub const fn locale(&self) -> Locale {
        self.locale
    }

    /// Writes what a finding says, without the name of its column.
    pub fn write_text(&self, finding: &Finding, out: &mut String) {
        out.push_str(finding.code.as_str());
    }

    /// Returns what a finding says, without the name of its column.
    pub fn text(&self, finding: &Finding) -> String {
        let mut text = String::new();
        self.write_text(finding, &mut text);
        text
    }

    /// Writes what a finding says, led by the name of its column.
    pub fn write_line(&self, finding: &Finding, out: &mut String) {
        if let Some(column) = finding.column_name() {
            out.push_str(column);
            out.push_str(": ");
        }
        self.write_text(finding, out);
    }

    /// Writes the messages of a row as `rollcall_messages` has them, joined by `; `.
    pub fn write_row(&self, findings: &[Finding], out: &mut String) {
        for (place, finding) in findings.iter().enumerate() {
            if place > 0 {
                out.push_str("; ");
            }
            self.write_line(finding, out);
        }
    }
}
