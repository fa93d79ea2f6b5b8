//! The notification e-mail: what was imported and what needs fixing (IMP-8). It shows no cell of the file.

use askama::Template;

use crate::messages::catalogue::{Messages, NotificationWords};
use crate::report::html::ReportInput;
use crate::report::problem::{Cells, Problem, one_line};
use crate::types::code::Scope;
use crate::types::locale::Locale;
use crate::types::number_format;
use crate::types::outcome::Status;

/// The sender where the program's settings name none.
pub const DEFAULT_SENDER: &str = "rollcall@localhost";

/// At most this many kinds of errors, or of warnings; the report has the rest.
const PROBLEMS_SHOWN: usize = 20;

/// A notification, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The sender's address.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
    /// The subject, in one line.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Writes the notification of an import, however it ended.
pub fn notification(input: &ReportInput, sender: Option<&str>, recipients: &[String]) -> Notification {
    let page = Page::new(input);
    Notification {
        from: sender.unwrap_or(DEFAULT_SENDER).to_owned(),
        to: recipients.to_vec(),
        subject: page.subject.clone(),
        text: text(&page),
        // Rendering into a string fails only where a field's own formatting does; all are plain text.
        html: page.render().expect("plain text renders"),
    }
}

/// The content, from which both parts are written.
#[derive(Template)]
#[template(path = "letter.html")]
struct Page {
    locale: Locale,
    w: &'static NotificationWords,
    subject: String,
    opening: String,
    /// A colon, with a blank before it where the language has one.
    colon: &'static str,
    cause_word: &'static str,
    /// Why it failed, in English; empty unless it did.
    cause: String,
    /// Whether to say that nothing was written; unnecessary for a file that was not read.
    dry_run: bool,
    figures: Vec<(String, String)>,
    /// The errors, then the warnings.
    sections: [Section; 2],
    next: Option<String>,
    results: String,
}

/// The errors, or the warnings.
struct Section {
    heading: &'static str,
    lines: Vec<Line>,
    more: Option<String>,
}

/// One kind of error or warning.
struct Line {
    what: String,
    rows: String,
    fix: String,
}

impl Page {
    fn new(input: &ReportInput) -> Self {
        let (summary, words) = (input.summary, input.words());
        let w = words.notification();
        Self {
            locale: input.locale,
            w,
            subject: subject(input),
            opening: fill(input, words.opening(summary.status, summary.head.dry_run)),
            colon: &words.report().colon,
            cause_word: &words.report().reason,
            cause: summary.error.clone().unwrap_or_default(),
            dry_run: summary.head.dry_run && summary.rows.read > 0,
            figures: figures(input),
            sections: [
                Section::new(&w.fix, input.errors(Cells::Hidden), words),
                Section::new(&w.remarks, input.warnings(Cells::Hidden), words),
            ],
            next: next(input),
            results: fill(input, if input.has_results() { &w.results } else { &w.results_none }),
        }
    }
}

fn subject(input: &ReportInput) -> String {
    let words = input.words();
    let mut subject = fill(input, &words.notification().subject);
    if input.summary.head.dry_run {
        subject.push_str(&format!(" ({})", words.notification().dry_run));
    }
    subject
}

fn fill(input: &ReportInput, text: &str) -> String {
    let head = &input.summary.head;
    let folder = format!("imports/{}/{}/", head.program, head.import_id);
    let slots = [
        ("file", one_line(&head.file)),
        ("program", one_line(input.program())),
        ("profile", head.profile.clone()),
        ("status", input.words().status(input.summary.status).to_owned()),
        ("import_id", head.import_id.clone()),
        ("folder", folder),
    ];
    input.words().filled(text, &slots.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// Returns the rows read, the outcomes that occurred, and the matched ones; nothing where nothing was read.
fn figures(input: &ReportInput) -> Vec<(String, String)> {
    let (words, rows) = (input.words(), input.summary.rows);
    if rows.read == 0 {
        return Vec::new();
    }
    let number = |count| number_format::whole(count, input.locale);
    let mut figures = vec![(words.report().read.clone(), number(rows.read))];
    let occurred = input.outcomes().filter(|(_, count)| *count > 0);
    figures.extend(occurred.map(|(outcome, count)| (words.outcome(outcome).to_owned(), number(count))));
    figures.push((words.notification().matched.clone(), number(input.summary.matched)));
    figures
}

/// Returns what the reader is to do.
fn next(input: &ReportInput) -> Option<String> {
    let (w, rows) = (input.words().notification(), input.summary.rows);
    match input.summary.status {
        Status::Completed => None,
        Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled
            if input.summary.head.dry_run =>
        {
            Some(w.again_dry.clone())
        }
        Status::Incomplete | Status::Cancelled if rows.rejected == 0 => Some(w.again_safe.clone()),
        Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled => Some(w.again.clone()),
        Status::Refused => Some(w.again_file.clone()),
        Status::Failed => Some(fill(input, &w.again_failed)),
    }
}

impl Section {
    fn new(heading: &'static str, problems: Vec<Problem>, words: &Messages) -> Self {
        let w = words.notification();
        let more = problems.len().saturating_sub(PROBLEMS_SHOWN);
        let more = (more > 0).then(|| words.filled(&w.more, &[("count", &more.to_string())]));
        let lines =
            problems.into_iter().take(PROBLEMS_SHOWN).map(|problem| Line::new(problem, words)).collect();
        Self { heading, lines, more }
    }
}

impl Line {
    fn new(problem: Problem, words: &Messages) -> Self {
        let w = words.notification();
        let rows = match problem.rows.as_str() {
            "" => String::new(),
            rows => {
                let count = words.filled(&w.row_count, &[("rows", rows)]);
                format!("{count}, {}", words.filled(&w.first_rows, &[("rows", &problem.first_rows)]))
            }
        };
        let what = match problem.code.scope() {
            // A text about the file names its subject itself.
            Scope::File => problem.what,
            Scope::Row | Scope::Warning => format!("{}: {}", problem.column, problem.what),
        };
        Self { what, rows, fix: problem.fix }
    }
}

fn text(page: &Page) -> String {
    let mut text = format!("{}\n\n{}\n", page.w.greeting, page.opening);
    if !page.cause.is_empty() {
        text += &format!("{}{} {}\n", page.cause_word, page.colon, page.cause);
    }
    if page.dry_run {
        text += &format!("\n{}\n", page.w.dry_run_note);
    }
    if !page.figures.is_empty() {
        text += &format!("\n{}{}\n", page.w.figures, page.colon);
        page.figures.iter().for_each(|(name, count)| text += &format!("  {name}{} {count}\n", page.colon));
    }
    page.sections.iter().for_each(|section| write_section(section, page.colon, &mut text));
    if let Some(next) = &page.next {
        text += &format!("\n{next}\n");
    }
    text += &format!("\n{}\n\n-- \n{}\n", page.results, page.w.closing);
    text
}

fn write_section(section: &Section, colon: &str, text: &mut String) {
    if section.lines.is_empty() {
        return;
    }
    *text += &format!("\n{}{colon}\n", section.heading);
    for line in &section.lines {
        let rows = if line.rows.is_empty() { String::new() } else { format!(" ({})", line.rows) };
        *text += &format!("- {}{rows}\n  > {}\n", line.what, line.fix);
    }
    if let Some(more) = &section.more {
        *text += &format!("- {more}\n");
    }
}

#[cfg(test)]
mod tests;
