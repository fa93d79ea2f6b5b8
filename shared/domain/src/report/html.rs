//! `report.html`: the report for a person, one self-contained file in the program's language (IMP-9).

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::messages::catalogue::{Messages, ReportWords};
use crate::report::problem::{Cells, Problem, one_line, problems};
use crate::report::summary::Summary;
use crate::report::upload::{Upload, UploadColumn};
use crate::types::locale::Locale;
use crate::types::number_format;
use crate::types::outcome::Outcome;
use crate::types::outcome::Status;

/// The data of a report and a notification.
#[derive(Debug, Clone, Copy)]
pub struct ReportInput<'a> {
    /// How the import ended.
    pub summary: &'a Summary,
    /// The detected properties of the file, and its verdict.
    pub upload: &'a Upload,
    /// The program's title; its name where this is empty.
    pub title: &'a str,
    /// The program's language.
    pub locale: Locale,
    /// The time zone of the times shown.
    pub time_zone: &'a TimeZone,
}

impl<'a> ReportInput<'a> {
    pub(crate) fn words(&self) -> &'static Messages {
        Messages::of(self.locale)
    }

    pub(crate) fn program(&self) -> &'a str {
        if self.title.trim().is_empty() { &self.summary.head.program } else { self.title }
    }

    pub(crate) fn errors(&self, cells: Cells) -> Vec<Problem> {
        problems(&self.summary.errors, &self.upload.verdict.errors, self.words(), cells)
    }

    pub(crate) fn warnings(&self, cells: Cells) -> Vec<Problem> {
        problems(&self.summary.warnings, &self.upload.verdict.warnings, self.words(), cells)
    }

    /// Returns whether result files exist: always, unless no row was read.
    pub(crate) fn has_results(&self) -> bool {
        let summary = self.summary;
        match summary.status {
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

/// Writes the report.
pub fn report(input: &ReportInput) -> String {
    // Rendering into a string fails only where a field's own formatting does; all are plain text.
    View::new(input).render().expect("plain text renders")
}

/// The page of the report, every text ready.
#[derive(Template)]
#[template(path = "report.html")]
struct View<'a> {
    locale: Locale,
    w: &'static ReportWords,
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
    detected: Vec<(&'a str, String)>,
    columns: Vec<ColumnLine>,
}

struct OutcomeLine<'a> {
    word: &'a str,
    note: &'a str,
    css: &'static str,
    count: String,
    is_zero: bool,
    /// The part of all rows in per cent, for the bar.
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
            status: summary.status,
            headline: words.headline(summary.status, summary.head.dry_run),
            explanation: words.explanation(summary.status, summary.head.dry_run),
            cause: summary.error.as_deref().unwrap_or_default(),
            dry_run: summary.head.dry_run,
            program: input.program(),
            file: one_line(&summary.head.file),
            facts: facts(input),
            has_rows: summary.rows.read > 0 || summary.rows.sum() > 0,
            outcomes: input.outcomes().map(|line| outcome_line(line, summary, words)).collect(),
            read: number_format::whole(summary.rows.read, input.locale),
            sum: sum(input),
            sum_holds: summary.rows.sum_holds(),
            matched: number_format::whole(summary.matched, input.locale),
            errors: input.errors(Cells::Shown),
            warnings: input.warnings(Cells::Shown),
            has_results: input.has_results(),
            has_failed_rows: summary.rows.rejected + summary.rows.unprocessed > 0,
            detected: detected(input),
            columns: input.upload.columns.iter().map(|column| column_line(column, words)).collect(),
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

/// Computes the rows per second of this import from its times; none where it took no time.
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
    let terms = input.outcomes().filter(|(_, count)| *count > 0);
    let terms: Vec<_> = terms.map(|(_, count)| number_format::whole(count, input.locale)).collect();
    if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") }
}

fn outcome_line<'a>(
    (outcome, count): (Outcome, u64),
    summary: &Summary,
    words: &'a Messages,
) -> OutcomeLine<'a> {
    OutcomeLine {
        word: words.outcome(outcome),
        note: words.outcome_note(outcome),
        css: outcome.as_str(),
        count: number_format::whole(count, words.locale()),
        is_zero: count == 0,
        percent: format!("{:.3}", 100.0 * count as f64 / summary.rows.sum().max(1) as f64),
    }
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

/// The encoding's name, with a mark where it is doubtful.
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

fn column_line(column: &UploadColumn, words: &Messages) -> ColumnLine {
    ColumnLine {
        position: column.position,
        header: one_line(&column.header),
        field: column.field.clone(),
        suggestion: column.hint.as_deref().map(|hint| words.suggestion(hint)),
    }
}

#[cfg(test)]
mod tests;
