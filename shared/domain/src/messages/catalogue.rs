//! Messages: the texts of findings in five languages.
//!
//! The texts are in `locales/*.toml`. A message is complete even if only its code is known; the values of a finding
//! fill its slots:
//!
//! | slot | filled from | codes |
//! | --- | --- | --- |
//! | `column`, `value`, `hint` | the finding's own parts | all |
//! | `reason` | argument `reason`, an id of section `[reason]`; an unknown one says nothing | invalid values, `value_*` |
//! | `limit` | argument; a plain number gets the separators of the language, other text (`256 KiB`) stays | `*_too_*`, `archive_unsafe`, `not_stored` |
//! | `found`, `expected` | arguments | `row_ragged` |
//! | `row` | argument `sheet_row` for a workbook, else `row`: the row that is repeated | `duplicate_in_file` |
//! | `line` | argument: the physical line | `quote_unclosed`, `encoding_*` |
//! | `encoding` | argument | `encoding_assumed`, `encoding_invalid`, `bytes_invalid` |
//! | `sheets` | argument: names, joined by `, ` | `sheet_missing` |
//! | `region` | argument: `BR` | `phone_country_assumed`, reason `invalid_for_country` |
//! | `fields` | argument: names, joined by `, ` | `one_of_missing` |
//! | `allowed` | argument: the accepted values | `value_unknown`, `delimiter_not_allowed` |
//! | `order` | argument: `DD/MM/YYYY` | `date_order_assumed` |
//! | `chosen`, `others` | arguments: ids | `*_several` |
//! | `result` | argument: the new value | `value_repaired`, `phone_legacy_form` |
//! | `option`, `detail` | arguments: the option's name; a remark in English, translated where it is in `[phrase]` | `options_invalid`, `settings_invalid`, `workbook_invalid` |

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::clean::readable_domain;
use crate::messages::labels::Labels;
use crate::types::code::{Code, Scope};
use crate::types::finding::Finding;
use crate::types::kind::Kind;
use crate::types::locale::Locale;
use crate::types::number_format;
use crate::types::outcome::Outcome;

mod phrases;
mod template;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use template::Fill;
use template::Template;
use words::Book;
pub use words::{Ending, ReportWords, TerminalWords, UndoWords};
pub(crate) use words::{NoteWords, NotificationWords};

/// The most characters of a value in a message.
const VALUE_SHOWN: usize = 80;

/// The parts of a finding that a message can show, from either source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub code: Code,
    pub column: Option<&'a str>,
    pub value: Option<&'a str>,
    pub hint: Option<&'a str>,
    pub args: Args<'a>,
    pub labels: &'a Labels,
}

/// The source of the slots that are not parts of every finding.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Args<'a> {
    /// The arguments of a finding.
    List(&'a [(&'static str, String)]),
    /// The arguments of its JSON form.
    Map(&'a BTreeMap<String, String>),
}

impl<'a> Args<'a> {
    fn get(self, slot: &str) -> Option<&'a str> {
        match self {
            Self::List(list) => list.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.as_str()),
            Self::Map(map) => map.get(slot).map(String::as_str),
        }
    }
}

impl<'a> Facts<'a> {
    /// Combines a finding with the labels of its profile.
    pub fn new(finding: &'a Finding, labels: &'a Labels) -> Self {
        Self {
            code: finding.code,
            column: finding.column_name(),
            value: finding.value.as_deref(),
            hint: finding.hint.as_deref(),
            args: Args::List(&finding.args),
            labels,
        }
    }
}

/// The texts of one language.
#[derive(Debug)]
pub struct Messages {
    locale: Locale,
    /// By [`Code`], in the order of its variants.
    codes: Vec<Template>,
    /// Also by [`Code`].
    fixes: Vec<Template>,
    reasons: BTreeMap<String, Template>,
    suggestion: Template,
    book: Book,
}

impl Messages {
    /// Returns the texts of a language; its file is read once.
    pub fn of(locale: Locale) -> &'static Self {
        static BOOKS: [OnceLock<Messages>; 5] = [const { OnceLock::new() }; 5];
        BOOKS[locale as usize].get_or_init(|| Self::read(locale))
    }

    /// Returns the language.
    pub const fn locale(&self) -> Locale {
        self.locale
    }

    /// Writes the message of a finding, without the name of its column; for a finding about the file, also its fix.
    pub fn write_text(&self, finding: &Finding, labels: &Labels, out: &mut String) {
        let facts = Facts::new(finding, labels);
        self.write_what(facts, out);
        if finding.code.scope() == Scope::File {
            out.push_str("; ");
            self.write_fix(facts, out);
        }
    }

    /// Returns the text that [`Self::write_text`] writes.
    pub fn text(&self, finding: &Finding, labels: &Labels) -> String {
        written(|out| self.write_text(finding, labels, out))
    }

    /// Writes the message of a finding after the name of its column; for a finding about the file, also its fix.
    pub fn write_line(&self, finding: &Finding, labels: &Labels, out: &mut String) {
        if let Some(column) = finding.column_name().filter(|_| finding.code.scope() != Scope::File) {
            let is_field = finding.field().is_some();
            write_value(if is_field { labels.of(column, self.locale) } else { column }, out);
            out.push_str(self.colon());
            out.push(' ');
        }
        self.write_text(finding, labels, out);
    }

    /// Writes the messages of a row for `rollcall_messages`, joined by `; `.
    pub fn write_row<'a>(
        &self,
        findings: impl IntoIterator<Item = &'a Finding>,
        labels: &Labels,
        out: &mut String,
    ) {
        for (place, finding) in findings.into_iter().enumerate() {
            if place > 0 {
                out.push_str("; ");
            }
            self.write_line(finding, labels, out);
        }
    }

    /// Returns the fix of a finding.
    pub fn fix(&self, finding: &Finding, labels: &Labels) -> String {
        written(|out| self.write_fix(Facts::new(finding, labels), out))
    }

    /// A remark that was made in English where it arose, in this language; as it is where no phrase is known for it.
    pub fn remark<'r>(&self, remark: &'r str) -> Cow<'r, str> {
        phrases::translated(remark, &self.book.phrase)
    }

    /// Returns a colon, with a blank before it if the language requires one.
    pub fn colon(&self) -> &str {
        &self.book.report.colon
    }

    /// Returns the word for the end of an import.
    pub fn status(&self, ending: Ending) -> &str {
        self.book.status.of(ending)
    }

    /// Returns the end of an import as a sentence.
    pub fn headline(&self, ending: Ending) -> &str {
        if ending.undo {
            return self.book.undo.headline(ending);
        }
        if ending.dry_run { &self.book.headline_dry } else { &self.book.headline }.of(ending)
    }

    /// Returns the meaning of that end for the reader.
    pub fn explanation(&self, ending: Ending) -> &str {
        if ending.undo {
            return self.book.undo.explanation(ending);
        }
        if ending.dry_run { &self.book.explanation_dry } else { &self.book.explanation }.of(ending)
    }

    /// Returns the first sentence of a notification e-mail, with slots.
    pub(crate) fn opening(&self, ending: Ending) -> &str {
        if ending.undo {
            return self.book.undo.opening(ending);
        }
        if ending.dry_run { &self.book.opening_dry } else { &self.book.opening }.of(ending)
    }

    /// Returns the word for rows of an outcome; in a dry run, for the outcome that they would have.
    pub fn outcome(&self, outcome: Outcome, dry_run: bool) -> &str {
        if dry_run { &self.book.outcome_dry } else { &self.book.outcome }.of(outcome)
    }

    /// Returns the meaning of an outcome: for contacts, or for the entries of a directory file.
    pub fn outcome_note(&self, outcome: Outcome, kind: Option<Kind>) -> String {
        let Some(kind) = kind else { return self.book.outcome_note.of(outcome).to_owned() };
        let note = self.book.outcome_note_directory.of(outcome);
        self.filled(note, &[("kind", self.book.kind.of(kind))])
    }

    /// Returns a hint as a question: did you mean …?
    pub fn suggestion(&self, hint: &str) -> String {
        written(|out| self.write_suggestion(hint, out))
    }

    /// Returns the texts of the report.
    pub const fn report(&self) -> &ReportWords {
        &self.book.report
    }

    pub(crate) const fn notification(&self) -> &NotificationWords {
        &self.book.notification
    }

    /// Returns the texts of the terminal.
    pub const fn terminal(&self) -> &TerminalWords {
        &self.book.terminal
    }

    /// Returns the words of an undo.
    pub const fn undo(&self) -> &UndoWords {
        &self.book.undo
    }

    pub(crate) const fn note(&self) -> &NoteWords {
        &self.book.note
    }

    /// Writes a text of the report or the notification with its slots filled.
    pub fn filled(&self, source: &str, slots: &[(&str, &str)]) -> String {
        let fill: &Fill = &|name, out| match slots.iter().find(|(slot, _)| *slot == name) {
            Some((_, value)) => {
                out.push_str(value);
                true
            }
            None => false,
        };
        written(|out| Template::parse(source).write(out, fill))
    }

    fn read(locale: Locale) -> Self {
        let source = match locale {
            Locale::En => include_str!("../../locales/en.toml"),
            Locale::Pt => include_str!("../../locales/pt.toml"),
            Locale::De => include_str!("../../locales/de.toml"),
            Locale::Fr => include_str!("../../locales/fr.toml"),
            Locale::Es => include_str!("../../locales/es.toml"),
        };
        // The files are part of the program, and a test reads each of them.
        let book: Book = toml::from_str(source).expect("a language file is complete");
        Self {
            locale,
            codes: by_code(&book.code),
            fixes: by_code(&book.fix),
            reasons: book.reason.iter().map(|(id, text)| (id.clone(), Template::parse(text))).collect(),
            suggestion: Template::parse(&book.hint.suggestion),
            book,
        }
    }

    /// Writes the message without the fix.
    pub(crate) fn write_what(&self, facts: Facts, out: &mut String) {
        self.codes[facts.code as usize].write(out, &|slot, out| self.fill(facts, slot, out));
        if let Some(hint) = facts.hint {
            out.push_str(" (");
            self.write_suggestion(hint, out);
            out.push(')');
        }
    }

    /// Writes the fix.
    pub(crate) fn write_fix(&self, facts: Facts, out: &mut String) {
        self.fixes[facts.code as usize].write(out, &|slot, out| self.fill(facts, slot, out));
    }

    fn write_suggestion(&self, hint: &str, out: &mut String) {
        self.suggestion.write(out, &|_, out| write_value(&readable_domain(hint), out));
    }

    fn fill(&self, facts: Facts, slot: &str, out: &mut String) -> bool {
        let part = match slot {
            "value" => facts.value,
            "hint" => facts.hint,
            "column" => facts.column,
            // People look for the row of the spreadsheet.
            "row" => facts.args.get("sheet_row").or_else(|| facts.args.get(slot)),
            _ => facts.args.get(slot),
        };
        part.is_some_and(|part| match slot {
            "column" => write_value(&facts.labels.of_list(part, self.locale), out),
            "fields" if facts.code == Code::OneOfMissing => {
                write_value(&facts.labels.of_list(part, self.locale), out)
            }
            "detail" => write_value(&phrases::translated(part, &self.book.phrase), out),
            "value" if facts.code == Code::FormatUnsupported => {
                write_value(&phrases::translated(part, &self.book.phrase), out)
            }
            "found" | "expected" => self.write_limit(part, out),
            "reason" => self.write_reason(facts, part, out),
            "limit" => self.write_limit(part, out),
            _ => write_value(&readable_domain(part), out),
        })
    }

    fn write_reason(&self, facts: Facts, id: &str, out: &mut String) -> bool {
        if let Some(reason) = self.reasons.get(id) {
            reason.write(out, &|slot, out| slot != "reason" && self.fill(facts, slot, out));
            return true;
        }
        // For a value that was dropped for a fault: the text of the fault, without the value.
        let fault = id.parse::<Code>().ok().map(|code| &self.codes[code as usize]);
        if let Some(fault) = fault {
            fault.write(out, &|_, _| false);
        }
        fault.is_some()
    }

    fn write_limit(&self, limit: &str, out: &mut String) -> bool {
        match limit.parse() {
            Ok(number) => out.push_str(&number_format::whole(number, self.locale)),
            Err(_) => out.push_str(limit),
        }
        !limit.is_empty()
    }
}

/// Returns the text that a function writes.
pub(crate) fn written(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}

fn by_code(texts: &BTreeMap<String, String>) -> Vec<Template> {
    // A code without a text would appear as its name; a test checks that there is none.
    Code::ALL
        .iter()
        .map(|code| Template::parse(texts.get(code.as_str()).map_or(code.as_str(), |text| text)))
        .collect()
}

/// Writes a value on one line, shortened if it is long. Returns `false` if it is empty.
pub(crate) fn write_value(value: &str, out: &mut String) -> bool {
    let mut signs = value.chars().map(|sign| if sign.is_control() { ' ' } else { sign });
    out.extend(signs.by_ref().take(VALUE_SHOWN));
    if signs.next().is_some() {
        out.push('…');
    }
    !value.is_empty()
}
