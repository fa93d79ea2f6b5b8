//! Describes an import to a person: its result, the problems to fix, the paths of its files, the next step.

use std::fmt::Write as _;
use std::path::Path;

use console::Style;
use rollcall_domain::messages::catalogue::Messages;
use rollcall_domain::report::problem::Problem;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::UploadColumn;
use rollcall_domain::types::code::Scope;
use rollcall_domain::types::names::MARKETPLACE;
use rollcall_domain::types::number_format;
use rollcall_domain::types::outcome::Outcome;
use rollcall_domain::types::outcome::Status;

use rollcall_embedded::smtp::Delivery;

use super::table::{Column, Table};
use crate::drop::{ImportArguments, is_dry_run};
use crate::host::Done;

/// The most kinds of errors to show; the report has all.
const TOP: usize = 8;

/// The whole text.
pub fn import_text(asked: &ImportArguments, home: &Path, done: &Done) -> String {
    let mut out = outcome_text(done);
    push_next(&mut out, asked, home, done);
    out
}

/// The text without the next step.
pub fn outcome_text(done: &Done) -> String {
    let mut out = headline(done);
    out.push_str(&counts(done));
    let (words, writer) = (done.words(), done.writer());
    push_problems(&mut out, &words.terminal().errors, &writer.errors(&done.summary.errors), words);
    push_problems(&mut out, &words.terminal().warnings, &writer.warnings(&done.summary.warnings), words);
    push_places(&mut out, done);
    out
}

/// The reason why a file was refused, and the fix, in one line.
pub fn refusal(done: &Done) -> String {
    let file = &done.summary.head.file;
    if let Some(error) = &done.summary.error {
        return format!("{file}: the import failed: {error}; import it again");
    }
    let words = done.words();
    let found = done.writer().errors(&done.summary.errors);
    let more = found.len().saturating_sub(1);
    let more = if more > 0 { format!(" (+{more})") } else { String::new() };
    // The reason for the refusal, if it is one of the whole file, before errors of rows.
    let of_file = found.iter().find(|problem| problem.code.scope() == Scope::File);
    let first = of_file.or(found.first());
    let first = first.map(|first| format!("{}; {}", first.what, first.fix)).unwrap_or_default();
    // A request is named after the import that it is about, and the reason names that.
    if done.summary.head.undoes.is_some() {
        return format!("{first}{more}");
    }
    format!(
        "{}{} {file}{} {first}{more}",
        words.headline(done.summary.ending()),
        words.colon(),
        words.colon()
    )
}

fn headline(done: &Done) -> String {
    let (words, head) = (done.words(), &done.summary.head);
    let dry = if head.dry_run { format!(", {}", words.terminal().dry) } else { String::new() };
    let headline = words.headline(done.summary.ending());
    format!("{headline}{} {} ({}, {}{dry})\n", words.colon(), head.file, head.program, head.profile)
}

/// The outcomes that are not zero.
fn counts(done: &Done) -> String {
    let (words, summary) = (done.words(), &done.summary);
    if summary.rows.read == 0 {
        return String::new();
    }
    let number = |rows| number_format::whole(rows, words.locale());
    let mut table = Table::new([Column::numbers(""), Column::words("")]);
    table.add([
        number(summary.rows.read),
        words.filled(&words.terminal().rows_read, &[("time", &seconds(summary, words))]),
    ]);
    if let Some(counts) = summary.rows.undo {
        let (w, dry_run) = (words.undo(), summary.head.dry_run);
        let mut table = Table::new([Column::numbers(""), Column::words("")]);
        let word = |real: &String, dry: &String| if dry_run { dry.clone() } else { real.clone() };
        table.add([number(counts.read), w.read.clone()]);
        table.add([number(counts.removed), word(&w.removed, &w.removed_dry)]);
        table.add([number(counts.restored), word(&w.restored, &w.restored_dry)]);
        table.add([number(counts.kept), w.kept.clone()]);
        return format!("\n{}", table.render(2));
    }
    for outcome in Outcome::ALL {
        let rows = summary.rows.of(outcome);
        if rows > 0 {
            table.add([number(rows), words.outcome(outcome, summary.head.dry_run).to_owned()]);
        }
    }
    if summary.matched > 0 {
        table.add([number(summary.matched), words.terminal().matched.clone()]);
    }
    format!("\n{}", table.render(2))
}

/// The columns and the fields that they fill.
pub fn mapping(columns: &[UploadColumn]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let mut table = Table::new([Column::numbers("column"), Column::words("header"), Column::words("field")]);
    for column in columns {
        let hint = column.hint.as_ref().map(|hint| format!("not mapped; did you mean {hint}?"));
        let unmapped = (hint.unwrap_or_else(|| "not mapped".to_owned()), Style::new().dim());
        table.add_styled([
            (column.position.to_string(), Style::new()),
            (column.header.clone(), Style::new()),
            column.field.clone().map_or(unmapped, |field| (field, Style::new().green())),
        ]);
    }
    format!("\n{}", table.render(2))
}

/// The duration, and the rows per second.
pub fn seconds(summary: &Summary, words: &Messages) -> String {
    let (seconds, locale) = (summary.seconds(), words.locale());
    if seconds < 0.1 {
        return words.filled(&words.terminal().less, &[("time", &number_format::length(0.1, locale))]);
    }
    let rate = number_format::rounded(summary.rows.read as f64 / seconds, locale);
    let rate = words.filled(&words.terminal().rate, &[("rate", &rate)]);
    format!("{}, {rate}", number_format::length(seconds, locale))
}

/// The most values to show below a problem; the report has more.
const VALUES: usize = 3;

fn push_problems(out: &mut String, title: &str, found: &[Problem], words: &Messages) {
    if found.is_empty() {
        return;
    }
    let (report, terminal) = (words.report(), words.terminal());
    let mut table = Table::new([
        Column::numbers(report.affected.clone()),
        Column::words(report.column.clone()).at_least(8).wrapped(),
        Column::words(terminal.code.clone()).whole(),
        Column::words(report.what.clone()).at_least(24).wrapped(),
        Column::words(report.first_rows.clone()),
    ]);
    for problem in found.iter().take(TOP) {
        let lines = problem.lines();
        table.add([&problem.rows, &problem.column, problem.code.as_str(), &problem.what, &lines]);
        for example in problem.examples.iter().filter(|example| !example.value.is_empty()).take(VALUES) {
            table.note(&format!("{}{} {}", example.line, words.colon(), example.value));
        }
        table.note(&format!("> {}", problem.fix));
    }
    // Writing to a string cannot fail.
    let _ = write!(out, "\n{title}\n{}", table.render(2));
    if found.len() > TOP {
        let more = number_format::whole((found.len() - TOP) as u64, words.locale());
        let _ = writeln!(out, "  … {}", words.filled(&terminal.more, &[("count", &more)]));
    }
}

fn push_places(out: &mut String, done: &Done) {
    let (words, rows) = (done.words(), &done.summary.rows);
    let (report, terminal) = (words.report(), words.terminal());
    let dry_run = done.summary.head.dry_run;
    let succeeded = if dry_run { &report.succeeded_file_dry } else { &report.succeeded_file };
    let mut table = Table::new([Column::words(""), Column::words("")]);
    let files = [
        ("report.html", true, &terminal.report),
        ("succeeded.csv", rows.accepted() > 0, succeeded),
        ("succeeded.xlsx", rows.accepted() > 0, &report.succeeded_workbook),
        ("failed.csv", done.has_failed_rows(), &report.failed_file),
        ("failed.xlsx", done.has_failed_rows(), &report.failed_workbook),
        ("removed.csv", done.summary.removed.is_some_and(|removed| removed > 0), &report.removed_file),
        ("undone.csv", done.summary.rows.undo.is_some(), &words.undo().undone_file),
        ("summary.json", true, &terminal.summary),
    ];
    for (file, _, what) in files.iter().filter(|(file, shown, _)| *shown && done.results.join(file).is_file())
    {
        table.add([*file, what.as_str()]);
    }
    let folder = done.results.display().to_string();
    let _ = write!(out, "\n{}\n{}", words.filled(&terminal.results, &[("folder", &folder)]), table.render(2));
    if let Some(notification) = &done.notification {
        let refused = done.refused.join(", ");
        let sent = match done.delivery {
            Some(Delivery::Sent) if refused.is_empty() => terminal.mail_sent.clone(),
            Some(Delivery::Sent) => words.filled(&terminal.mail_sent_except, &[("addresses", &refused)]),
            Some(Delivery::Waiting) => terminal.mail_waiting.clone(),
            Some(Delivery::Refused) => terminal.mail_refused.clone(),
            None if done.to_nobody => terminal.mail_nobody.clone(),
            None => terminal.mail_not_sent.clone(),
        };
        let _ = writeln!(out, "{}{} {} ({sent})", terminal.mail, words.colon(), notification.display());
    }
}

fn push_next(out: &mut String, asked: &ImportArguments, home: &Path, done: &Done) {
    let terminal = done.words().terminal();
    let whole = || command(asked, home, &asked.source, false);
    let dry_run = done.summary.head.dry_run;
    let (next, command) = match done.summary.status {
        Status::Completed if dry_run => (terminal.next_dry.clone(), whole()),
        // Nothing was stored, so the valid rows must be imported too, not only the failed ones.
        Status::CompletedWithErrors | Status::Incomplete if dry_run => {
            (terminal.next_dry_fix.clone(), whole())
        }
        Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled if done.has_failed_rows() => {
            let name = done.failed_file();
            let again = command(asked, home, &done.results.join(name), false);
            (done.words().filled(&terminal.next, &[("file", name)]), again)
        }
        _ => return,
    };
    let _ = write!(out, "\n{next}{}\n  {command}\n", done.words().colon());
}

/// The command that repeats this import with another file.
pub fn command(asked: &ImportArguments, home: &Path, file: &Path, dry_run: bool) -> String {
    let same_file = file == asked.source;
    let (home, file) = (quoted(&home.to_string_lossy()), quoted(&file.to_string_lossy()));
    if let Some(kind) = asked.profile.strip_prefix("directory/") {
        let whose = if asked.program == MARKETPLACE {
            String::new()
        } else {
            format!(" --program {}", asked.program)
        };
        return format!("rollcall --home {home} directory load {kind} {file}{whose}");
    }
    let dry = if dry_run { " --dry-run" } else { "" };
    let options: String = (asked.given.iter())
        .filter(|(name, _)| same_file && !is_dry_run(name) || goes_on(name))
        .map(|(name, value)| format!(" --set {}", quoted(&format!("{name}={value}"))))
        .collect();
    let name = asked.name.as_ref().filter(|_| same_file);
    let name = name.map(|name| format!(" --name {}", quoted(name))).unwrap_or_default();
    let (program, profile) = (&asked.program, &asked.profile);
    format!(
        "rollcall --home {home} import {file}{name} --program {program} --profile {profile}{options}{dry}"
    )
}

/// Whether an option also applies to the fixed rows. A result file carries the options for reading it. Options that
/// select or remove rows must not apply to a part of the file.
fn goes_on(option: &str) -> bool {
    let own = ["allow_duplicates", "validate_agent", "ambiguous", "notify"];
    option.starts_with("map.") || own.contains(&option.replace('-', "_").as_str())
}

/// Quotes a word for a shell.
pub fn quoted(text: &str) -> String {
    let plain = |notification: char| notification.is_alphanumeric() || "/._-+:@%".contains(notification);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
