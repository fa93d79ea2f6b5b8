//! `report.html`: the report for a person, one self-contained file in the program's language (IMP-9).

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::messages::catalogue::{Messages, ReportWords};
use crate::messages::labels::Labels;
use crate::report::problem::{Problem, ProblemWriter, one_line};
use crate::report::summary::Summary;
use crate::report::upload::{Upload, UploadColumn};
use crate::result::tally::CodeCount;
use crate::types::code::Code;
use crate::types::locale::Locale;
use crate::types::number_format;
use crate::types::outcome::Outcome;
use crate::types::outcome::Status;

/// The result files that also exist as workbooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Workbooks {
    /// Whether the import read a workbook, so that its results are workbooks too.
    pub wanted: bool,
    /// Whether the workbook of the accepted rows exists.
    pub succeeded: bool,
    /// Whether the workbook of the other rows exists.
    pub failed: bool,
}

impl Workbooks {
    /// Whether a sheet could not hold the rows of a result file.
    pub fn too_large(self) -> bool {
        self.wanted && !(self.succeeded && self.failed)
    }
}

/// The data of a report and a notification.
#[derive(Debug, Clone, Copy)]
pub struct ReportInput<'a> {
    /// The end of the import.
    pub summary: &'a Summary,
    /// The detected properties of the file, and its verdict.
    pub upload: &'a Upload,
    /// The program's title; if empty, its name is used.
    pub title: &'a str,
    /// The program's language.
    pub locale: Locale,
    /// The time zone of the times shown.
    pub time_zone: &'a TimeZone,
    /// The labels of the profile's fields.
    pub labels: &'a Labels,
    /// The program's console, if it has one.
    pub console_url: Option<&'a str>,
    /// The result files that also exist as workbooks.
    pub workbooks: Workbooks,
}

impl<'a> ReportInput<'a> {
    pub(crate) fn words(&self) -> &'static Messages {
        Messages::of(self.locale)
    }

    pub(crate) fn program(&self) -> &'a str {
        if self.title.trim().is_empty() { &self.summary.head.program } else { self.title }
    }

    pub(crate) fn errors(&self) -> Vec<Problem> {
        self.writer().errors(&self.summary.errors)
    }

    pub(crate) fn warnings(&self) -> Vec<Problem> {
        self.writer().warnings(&self.summary.warnings)
    }

    fn writer(&self) -> ProblemWriter<'_> {
        ProblemWriter { words: self.words(), labels: self.labels, upload: self.upload }
    }

    /// Returns the columns that the profile expects, if the file lacks some.
    pub(crate) fn expected_columns(&self) -> Option<String> {
        let lacks = |count: &CodeCount| count.code == Code::ColumnMissing;
        let columns = self.labels.expected(self.locale);
        (self.summary.errors.iter().any(lacks) && !columns.is_empty()).then_some(columns)
    }

    /// Returns the command that writes an empty template; the profile name is validated when it is parsed.
    pub(crate) fn template_command(&self) -> String {
        let (profile, locale) = (&self.summary.head.profile, self.locale);
        format!("rollcall profiles template {profile} --locale {locale}")
    }

    /// Returns whether the option `invalid_optional` would have imported some rejected row.
    pub(crate) fn offers_invalid_optional(&self) -> bool {
        let chosen = self.upload.options.get("invalid_optional").and_then(|value| value.as_str());
        chosen != Some("drop") && self.summary.errors.iter().any(|count| self.is_optional(count))
    }

    fn is_optional(&self, count: &CodeCount) -> bool {
        count.rows > 0 && count.column.as_deref().is_some_and(|field| self.labels.is_optional(field))
    }

    /// Returns whether the import undid another one.
    pub(crate) fn is_undo(&self) -> bool {
        self.summary.head.undoes.is_some()
    }

    /// Returns the contacts of an undone import, by what became of them; nothing of other imports.
    pub(crate) fn undone(&self) -> Vec<UndoneCount<'static>> {
        let Some(counts) = self.summary.rows.undo else { return Vec::new() };
        let w = self.words().undo();
        let dry_run = self.summary.head.dry_run;
        let word = |real, dry| if dry_run { dry } else { real };
        let all = [
            (word(&w.removed, &w.removed_dry), &w.removed_note, "rejected", counts.removed),
            (word(&w.restored, &w.restored_dry), &w.restored_note, "updated", counts.restored),
            (&w.kept, &w.kept_note, "skipped", counts.kept),
        ];
        let told = all.into_iter().filter(|(.., count)| *count > 0);
        told.map(|(word, note, css, count)| UndoneCount { word, note, css, count }).collect()
    }

    /// Returns whether some row is in `failed.csv`.
    pub(crate) fn has_failed_rows(&self) -> bool {
        let rows = self.summary.rows;
        self.has_results() && rows.rejected + rows.unprocessed > 0
    }

    /// Returns whether result files exist: always, unless no row was read.
    pub(crate) fn has_results(&self) -> bool {
        let summary = self.summary;
        match summary.status {
            _ if self.is_undo() => false,
            Status::Refused => false,
            Status::Failed => summary.rows.read > 0,
            Status::Completed | Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled => true,
        }
    }

    /// Returns the outcomes in the order of the summary, with their counts.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> + use<> {
        let rows = self.summary.rows;
        Outcome::ALL.into_iter().map(move |outcome| (outcome, rows.of(outcome)))
    }
}

/// Contacts of an undone import of which the same became.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UndoneCount<'a> {
    /// The word for it.
    pub(crate) word: &'a str,
    /// What it means.
    note: &'a str,
    css: &'static str,
    /// How many they are.
    pub(crate) count: u64,
}

/// Writes the report.
pub fn report(input: &ReportInput) -> String {
    // Rendering into a string fails only if the formatting of a field does; all fields are plain text.
    View::new(input).render().expect("plain text renders")
}

/// The page of the report, with all texts.
#[derive(Template)]
#[template(path = "report.html")]
struct View<'a> {
    locale: Locale,
    w: &'static ReportWords,
    /// The word for rows of the file: rows of a spreadsheet, or lines of a text.
    place: &'static str,
    status: Status,
    headline: &'a str,
    explanation: &'a str,
    cause: &'a str,
    dry_run: bool,
    program: &'a str,
    file: String,
    facts: Vec<(&'a str, String)>,
    has_rows: bool,
    outcomes: Vec<OutcomeLine<'a>>,
    read: String,
    sum: String,
    sum_holds: bool,
    matched: String,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    has_results: bool,
    has_failed_rows: bool,
    has_accepted_rows: bool,
    removes: bool,
    /// Where the import undid another one: what `undone.csv` is.
    undone_file: Option<&'a str>,
    workbooks: Workbooks,
    /// The columns that the profile expects, if one is missing.
    expected: Option<String>,
    /// The command that writes a template.
    template: String,
    invalid_optional: bool,
    options: Vec<(String, String)>,
    /// Whether rows are matched with accounts: contacts are, directory entries are not.
    has_matches: bool,
    detected: Vec<(&'a str, String)>,
    columns: Vec<ColumnLine>,
}

struct OutcomeLine<'a> {
    word: &'a str,
    note: String,
    css: &'static str,
    count: String,
    /// The share of all rows in per cent, for the bar.
    percent: String,
}

struct ColumnLine {
    position: u32,
    header: String,
    field: Option<String>,
    suggestion: Option<String>,
}

impl<'a> View<'a> {
    fn new(input: &ReportInput<'a>) -> Self {
        let (summary, words) = (input.summary, input.words());
        Self {
            locale: input.locale,
            w: words.report(),
            place: if input.upload.sheet.is_some() { &words.report().row } else { &words.report().line },
            status: summary.status,
            headline: words.headline(summary.ending()),
            explanation: words.explanation(summary.ending()),
            cause: summary.error.as_deref().unwrap_or_default(),
            dry_run: summary.head.dry_run,
            program: input.program(),
            file: one_line(&summary.head.file),
            facts: facts(input),
            has_rows: summary.rows.read > 0 || summary.rows.sum() > 0,
            outcomes: outcome_lines(input),
            read: number_format::whole(summary.rows.read, input.locale),
            sum: sum(input),
            sum_holds: summary.rows.sum_holds(),
            matched: number_format::whole(summary.matched, input.locale),
            errors: input.errors(),
            warnings: input.warnings(),
            has_results: input.has_results(),
            has_failed_rows: input.has_failed_rows(),
            has_accepted_rows: summary.rows.accepted() > 0,
            undone_file: summary.rows.undo.map(|_| words.undo().undone_file.as_str()),
            removes: summary.removed.is_some_and(|removed| removed > 0),
            workbooks: input.workbooks,
            expected: input.expected_columns(),
            template: input.template_command(),
            invalid_optional: input.offers_invalid_optional(),
            options: options(input),
            has_matches: summary.kind().is_none() && !input.is_undo(),
            detected: detected(input),
            columns: input.upload.columns.iter().map(|column| column_line(column, input)).collect(),
        }
    }
}

fn facts<'a>(input: &ReportInput<'a>) -> Vec<(&'a str, String)> {
    let (summary, w) = (input.summary, input.words().report());
    let mut facts = vec![
        (w.program.as_str(), input.program().to_owned()),
        (&w.profile, summary.head.profile.clone()),
        (&w.import_id, summary.head.import_id.clone()),
        (&w.started, time(summary.started_at, input)),
        (&w.finished, time(summary.finished_at, input)),
        (&w.duration, number_format::length(summary.seconds(), input.locale)),
    ];
    if let Some(rate) = rate(summary) {
        facts
            .push((&w.rate, format!("{} {}", number_format::rounded(rate, input.locale), w.rows_per_second)));
    }
    facts
}

/// Computes the rows per second of this import from its times; `None` if it took no time.
fn rate(summary: &Summary) -> Option<f64> {
    let seconds = summary.seconds();
    (seconds > 0.0 && summary.rows.read > 0).then(|| summary.rows.read as f64 / seconds)
}

fn time(time: Timestamp, input: &ReportInput) -> String {
    let format = match input.locale {
        Locale::En => "%Y-%m-%d %H:%M:%S",
        Locale::De => "%d.%m.%Y %H:%M:%S",
        Locale::Pt | Locale::Fr | Locale::Es => "%d/%m/%Y %H:%M:%S",
    };
    let local = time.to_zoned(input.time_zone.clone());
    let zone =
        input.time_zone.iana_name().map_or_else(|| format!("UTC{}", local.strftime("%:z")), str::to_owned);
    format!("{} ({zone})", local.strftime(format))
}

fn sum(input: &ReportInput) -> String {
    let outcomes = input.outcomes().map(|(_, count)| count);
    let terms = outcomes.chain(input.undone().into_iter().map(|undone| undone.count));
    let terms: Vec<_> =
        terms.filter(|count| *count > 0).map(|count| number_format::whole(count, input.locale)).collect();
    if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") }
}

/// Returns the outcomes that occurred.
fn outcome_lines<'a>(input: &ReportInput<'a>) -> Vec<OutcomeLine<'a>> {
    let occurred = input.outcomes().filter(|(_, count)| *count > 0);
    let lines = occurred.map(|line| outcome_line(line, input.summary, input.words()));
    let undone = input.undone().into_iter().map(|undone| OutcomeLine {
        word: undone.word,
        note: undone.note.to_owned(),
        css: undone.css,
        count: number_format::whole(undone.count, input.locale),
        percent: percent(undone.count, input.summary),
    });
    lines.chain(undone).collect()
}

/// Returns the options of the drop that were set, as the import used them.
fn options(input: &ReportInput) -> Vec<(String, String)> {
    let w = input.words().report();
    let set = input.upload.options.iter().filter_map(|(name, value)| {
        let text = match value {
            serde_json::Value::Bool(true) => w.yes.clone(),
            serde_json::Value::Bool(false) | serde_json::Value::Null => return None,
            serde_json::Value::String(text) => one_line(text),
            other => one_line(&other.to_string()),
        };
        Some((one_line(name), text))
    });
    set.filter(|(_, text)| !matches!(text.as_str(), "" | "[]" | "{}")).collect()
}

fn outcome_line<'a>(
    (outcome, count): (Outcome, u64),
    summary: &Summary,
    words: &'a Messages,
) -> OutcomeLine<'a> {
    OutcomeLine {
        word: words.outcome(outcome, summary.head.dry_run),
        note: words.outcome_note(outcome, summary.kind()),
        css: outcome.as_str(),
        count: number_format::whole(count, words.locale()),
        percent: percent(count, summary),
    }
}

/// The part of all rows.
fn percent(count: u64, summary: &Summary) -> String {
    format!("{:.3}", 100.0 * count as f64 / summary.rows.sum().max(1) as f64)
}

fn detected<'a>(input: &ReportInput<'a>) -> Vec<(&'a str, String)> {
    let (upload, w) = (input.upload, input.words().report());
    let delimiter = upload.delimiter.as_deref().map(|sign| delimiter(sign, w));
    let first_line = upload.first_line.as_deref().map(|line| first_line(line, w).to_owned());
    let rows = upload.rows.map(|rows| number_format::whole(rows, input.locale));
    [
        (w.encoding.as_str(), upload.encoding.as_deref().map(|name| encoding(name, upload, w))),
        (&w.delimiter, delimiter),
        (&w.sheet, upload.sheet.as_deref().map(one_line)),
        (&w.first_line, first_line),
        (&w.data_rows, rows),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .collect()
}

/// The encoding's name, with a mark if it is doubtful.
fn encoding(name: &str, upload: &Upload, w: &ReportWords) -> String {
    match upload.detection.doubt() {
        None => name.to_owned(),
        Some(0) => format!("{name} ({})", w.doubtful),
        Some(line) => format!("{name} ({}, {} {line})", w.doubtful, w.line),
    }
}

fn delimiter(sign: &str, w: &ReportWords) -> String {
    let word = match sign {
        "," => &w.comma,
        ";" => &w.semicolon,
        "|" => &w.pipe,
        "\t" => return w.tab.clone(),
        _ => return one_line(sign),
    };
    format!("{sign} ({word})")
}

fn first_line<'a>(line: &'a str, w: &'a ReportWords) -> &'a str {
    match line {
        "header" => &w.first_line_header,
        "ignore" => &w.first_line_ignore,
        "data" => &w.first_line_data,
        other => other,
    }
}

fn column_line(column: &UploadColumn, input: &ReportInput) -> ColumnLine {
    let label = |field: &String| one_line(input.labels.of(field, input.locale));
    ColumnLine {
        position: column.position,
        header: one_line(&column.header),
        field: column.field.as_ref().map(label),
        suggestion: column.hint.as_ref().map(|hint| input.words().suggestion(&label(hint))),
    }
}

#[cfg(test)]
mod tests;
