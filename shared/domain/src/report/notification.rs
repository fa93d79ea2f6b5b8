//! The notification e-mail: the result of the import and the rows to fix (IMP-8). It shows values of these rows,
//! masked if IMP-18 requires it.

use askama::Template;

use crate::messages::catalogue::NotificationWords;
use crate::report::html::ReportInput;
use crate::report::problem::{Problem, ProblemExample, one_line};
use crate::types::code::Scope;
use crate::types::locale::Locale;
use crate::types::number_format;
use crate::types::outcome::Status;

/// The sender if the program's settings name none.
pub const DEFAULT_SENDER: &str = "rollcall@localhost";

/// The most kinds of errors, or of warnings; the report has the others.
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
    /// The plain-text part.
    pub text: String,
    /// The HTML part, with the same content.
    pub html: String,
    /// An attached file.
    pub attachment: Option<Attachment>,
}

/// A file attached to a notification e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A larger file is not attached: mail servers refuse large messages. It stays in the results.
pub const MAX_ATTACHMENT: u64 = 1024 * 1024;

/// Writes the notification of an import, however it ended.
pub fn notification(
    input: &ReportInput,
    sender: Option<&str>,
    recipients: &[String],
    attachment: Option<Attachment>,
) -> Notification {
    let page = Page::new(input, attachment.as_ref().map(|attachment| attachment.name.as_str()));
    Notification {
        from: sender.unwrap_or(DEFAULT_SENDER).to_owned(),
        to: recipients.to_vec(),
        subject: page.subject.clone(),
        text: text(&page),
        // Rendering into a string fails only if the formatting of a field does; all fields are plain text.
        html: page.render().expect("plain text renders"),
        attachment,
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
    /// A colon, with a blank before it if the language requires one.
    colon: &'static str,
    cause_word: &'static str,
    /// The cause of a failure, in English; empty if the import did not fail.
    cause: String,
    /// Whether to say that nothing was written; unnecessary for a file that was not read.
    dry_run: bool,
    figures: Vec<(String, String)>,
    /// The errors, then the warnings.
    sections: [Section; 2],
    /// The columns that the file lacks, and the command to get a template.
    hints: Vec<(&'static str, String)>,
    invalid_optional: Option<&'static str>,
    next: Option<String>,
    results: String,
    /// The address of the results in the console.
    link: Option<String>,
    attached: Option<String>,
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
    examples: Vec<String>,
}

impl Page {
    fn new(input: &ReportInput, attachment: Option<&str>) -> Self {
        let (summary, words) = (input.summary, input.words());
        let w = words.notification();
        Self {
            locale: input.locale,
            w,
            subject: subject(input),
            opening: fill(input, words.opening(summary.ending())),
            colon: &words.report().colon,
            cause_word: &words.report().reason,
            cause: summary.error.clone().unwrap_or_default(),
            dry_run: summary.head.dry_run && summary.rows.read > 0,
            figures: figures(input),
            sections: [
                Section::new(&w.fix, input.errors(), input),
                Section::new(&w.remarks, input.warnings(), input),
            ],
            hints: hints(input),
            invalid_optional: input.offers_invalid_optional().then_some(&words.report().invalid_optional),
            next: next(input),
            link: link(input),
            attached: attachment.map(|name| words.filled(&w.attached, &[("file", name)])),
            results: fill(
                input,
                if input.has_results() || input.summary.rows.undo.is_some() {
                    &w.results
                } else {
                    &w.results_none
                },
            ),
        }
    }
}

fn subject(input: &ReportInput) -> String {
    let words = input.words();
    let (file, ending) = (subject_file(&input.summary.head.file), input.summary.ending());
    // An undo has the file of the import that it undoes.
    if ending.undo {
        return format!("{file}{} {}", words.colon(), words.headline(ending));
    }
    let mut subject = fill_with(input, &words.notification().subject, file);
    if input.summary.head.dry_run {
        subject.push_str(&format!(" ({})", words.notification().dry_run));
    }
    subject
}

/// Longest name of a file in a subject, in characters.
const SUBJECT_FILE: usize = 60;

/// The name of a file as a subject has it. Whoever drops a file chooses its name, and must not write to strangers with it:
/// no controls, no invisible signs, no links, and short.
fn subject_file(file: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || " ._-+()[]<>&,:;!=#$%~'@".contains(sign);
    let mut cleaned: String = file.chars().map(|sign| if plain(sign) { sign } else { ' ' }).collect();
    if cleaned.chars().count() > SUBJECT_FILE {
        cleaned = cleaned.chars().take(SUBJECT_FILE - 1).collect();
        cleaned.push('…');
    }
    cleaned
}

fn fill(input: &ReportInput, text: &str) -> String {
    fill_with(input, text, one_line(&input.summary.head.file))
}

fn fill_with(input: &ReportInput, text: &str, file: String) -> String {
    let head = &input.summary.head;
    let folder = format!("imports/{}/{}/", head.program, head.import_id);
    let slots = [
        ("file", file),
        ("program", one_line(input.program())),
        ("profile", head.profile.clone()),
        ("status", input.words().status(input.summary.ending()).to_owned()),
        ("import_id", head.import_id.clone()),
        ("folder", folder),
    ];
    input.words().filled(text, &slots.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// Returns the rows read, the outcomes that occurred, and the matched rows; empty if no row was read.
fn figures(input: &ReportInput) -> Vec<(String, String)> {
    let (words, rows) = (input.words(), input.summary.rows);
    let dry_run = input.summary.head.dry_run;
    if rows.read == 0 {
        return Vec::new();
    }
    let number = |count| number_format::whole(count, input.locale);
    if input.is_undo() {
        let undone = input.undone().into_iter().map(|undone| (undone.word.to_owned(), number(undone.count)));
        return std::iter::once((words.undo().read.clone(), number(rows.read))).chain(undone).collect();
    }
    let mut figures = vec![(words.report().read.clone(), number(rows.read))];
    let occurred = input.outcomes().filter(|(_, count)| *count > 0);
    figures
        .extend(occurred.map(|(outcome, count)| (words.outcome(outcome, dry_run).to_owned(), number(count))));
    if input.summary.kind().is_none() {
        figures.push((words.notification().matched.clone(), number(input.summary.matched)));
    }
    figures
}

/// Returns the expected columns and the command to get a template, if a column is missing.
fn hints(input: &ReportInput) -> Vec<(&'static str, String)> {
    let w = input.words().report();
    let Some(columns) = input.expected_columns() else { return Vec::new() };
    vec![(&w.expected, columns), (&w.template, input.template_command())]
}

/// Returns the page of the import in the program's console.
fn link(input: &ReportInput) -> Option<String> {
    let head = &input.summary.head;
    let base = input.console_url?.trim_end_matches('/');
    Some(format!("{base}/p/{}/imports/{}", head.program, head.import_id))
}

/// Returns the next step for the reader.
fn next(input: &ReportInput) -> Option<String> {
    let (w, rows) = (input.words().notification(), input.summary.rows);
    if input.is_undo() {
        let ending = input.summary.ending();
        return Some(input.words().explanation(ending).to_owned());
    }
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
    fn new(heading: &'static str, problems: Vec<Problem>, input: &ReportInput) -> Self {
        let words = input.words();
        let w = words.notification();
        let more = problems.len().saturating_sub(PROBLEMS_SHOWN);
        let more = (more > 0)
            .then(|| words.filled(&w.more, &[("count", &number_format::whole(more as u64, words.locale()))]));
        let lines =
            problems.into_iter().take(PROBLEMS_SHOWN).map(|problem| Line::new(problem, input)).collect();
        Self { heading, lines, more }
    }
}

impl Line {
    fn new(problem: Problem, input: &ReportInput) -> Self {
        let words = input.words();
        let rows = match problem.rows.as_str() {
            "" => String::new(),
            rows => words.filled(&words.notification().row_count, &[("rows", rows)]),
        };
        let examples = examples(&problem, input);
        let what = match problem.code.scope() {
            // A message about the file names its subject itself.
            Scope::File => problem.what,
            Scope::Row | Scope::Warning => format!("{}{} {}", problem.column, words.colon(), problem.what),
        };
        Self { what, rows, fix: problem.fix, examples }
    }
}

/// Returns a line for each example with a value, or one line of all rows if no example has one.
fn examples(problem: &Problem, input: &ReportInput) -> Vec<String> {
    if problem.examples.is_empty() {
        return Vec::new();
    }
    if !problem.has_values() {
        return vec![place(&problem.lines(), input)];
    }
    let of = |example: &ProblemExample| {
        let place = place(&example.line, input);
        match example.value.as_str() {
            "" => place,
            value => format!("{place}{} {value}", input.words().colon()),
        }
    };
    let more = problem.more.then(|| "…".to_owned());
    problem.examples.iter().map(of).chain(more).collect()
}

/// Names rows of a workbook, or lines of a text file.
fn place(line: &str, input: &ReportInput) -> String {
    let w = input.words().notification();
    let template = if input.upload.sheet.is_some() { &w.example_row } else { &w.example_line };
    input.words().filled(template, &[("line", line)])
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
    for (name, value) in &page.hints {
        text += &format!("\n{name}{} {value}\n", page.colon);
    }
    if let Some(offer) = page.invalid_optional {
        text += &format!("\n{offer}\n");
    }
    if let Some(next) = &page.next {
        text += &format!("\n{next}\n");
    }
    if let Some(attached) = &page.attached {
        text += &format!("\n{attached}\n");
    }
    if let Some(link) = &page.link {
        text += &format!("\n{}{} {link}\n", page.w.link, page.colon);
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
        *text += &format!("- {}{rows}\n", line.what);
        line.examples.iter().for_each(|example| *text += &format!("    {example}\n"));
        *text += &format!("  > {}\n", line.fix);
    }
    if let Some(more) = &section.more {
        *text += &format!("- {more}\n");
    }
}

#[cfg(test)]
mod tests;
