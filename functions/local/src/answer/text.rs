//! Describes an import to a person: how it ended, what to fix, where its files are, what to do next.

use std::fmt::Write as _;
use std::path::Path;

use console::Style;
use rollcall_domain::messages::catalogue::Messages;
use rollcall_domain::report::problem::{Cells, Problem, problems};
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::UploadColumn;
use rollcall_domain::result::tally::CodeCount;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::outcome::Outcome;
use rollcall_domain::types::outcome::Status;

use super::table::{Column, Table};
use crate::drop::{ImportArguments, is_dry_run};
use crate::host::Done;

/// How many kinds of errors are shown; the report has all.
const TOP: usize = 8;

/// The whole answer.
pub fn import_text(asked: &ImportArguments, home: &Path, done: &Done) -> String {
    let mut out = outcome_text(done);
    push_next(&mut out, asked, home, done);
    out
}

/// The answer without the next step.
pub fn outcome_text(done: &Done) -> String {
    let mut out = headline(&done.summary);
    out.push_str(&counts(&done.summary));
    push_problems(&mut out, "Errors", &done.summary.errors, done);
    push_problems(&mut out, "Warnings", &done.summary.warnings, done);
    push_places(&mut out, done);
    out
}

/// Why a file was refused, and the fix, in one line.
pub fn refusal(done: &Done) -> String {
    let words = Messages::of(Locale::En);
    let file = &done.summary.head.file;
    if let Some(error) = &done.summary.error {
        return format!("{file}: the import failed: {error}; import it again");
    }
    let found = problems(&done.summary.errors, &done.upload.verdict.errors, words, Cells::Shown);
    let more = found.len().saturating_sub(1);
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    let first = found.first().map(|first| format!("{}; {}", first.what, first.fix));
    format!("{file} was refused: {}{more}", first.unwrap_or_default())
}

fn headline(summary: &Summary) -> String {
    let words = Messages::of(Locale::En);
    let head = &summary.head;
    let dry = if head.dry_run { ", dry run" } else { "" };
    let headline = none_chosen(summary, words)
        .unwrap_or_else(|| words.headline(summary.status, head.dry_run).to_owned());
    format!("{headline}: {} ({}, {}{dry})\n", head.file, head.program, head.profile)
}

/// "Every row was taken" would be true of no row: says that none was chosen.
fn none_chosen(summary: &Summary, words: &Messages) -> Option<String> {
    summary.warnings.iter().find(|count| count.code == Code::RowsNotChosen)?;
    let text = words.text(&Finding::new(Code::RowsNotChosen));
    let mut letters = text.chars();
    Some(letters.next()?.to_uppercase().chain(letters).collect())
}

/// The outcomes that are not zero.
fn counts(summary: &Summary) -> String {
    let words = Messages::of(Locale::En);
    if summary.rows.read == 0 {
        return String::new();
    }
    let mut table = Table::new([Column::numbers(""), Column::words("")]);
    table.add([summary.rows.read.to_string(), format!("rows read in {}", seconds(summary))]);
    for outcome in Outcome::ALL {
        let rows = summary.rows.of(outcome);
        if rows > 0 {
            table.add([rows.to_string(), words.outcome(outcome).to_lowercase()]);
        }
    }
    if summary.matched > 0 {
        table.add([summary.matched.to_string(), "of the accepted rows matched an account".to_owned()]);
    }
    format!("\n{}", table.render(2))
}

/// Which column fills which field.
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
pub fn seconds(summary: &Summary) -> String {
    let seconds = summary.seconds();
    let rate = summary.rows.read as f64 / seconds.max(0.001);
    if seconds < 0.1 { "less than 0.1 s".to_owned() } else { format!("{seconds:.1} s, {rate:.0} a second") }
}

fn push_problems(out: &mut String, title: &str, counts: &[CodeCount], done: &Done) {
    let words = Messages::of(Locale::En);
    let verdict = &done.upload.verdict;
    let verdict = if title == "Errors" { &verdict.errors } else { &verdict.warnings };
    let mut found = problems(counts, verdict, words, Cells::Shown);
    let rows = |problem: &Problem| {
        let of = |count: &&CodeCount| {
            count.code == problem.code && count.column.as_deref().unwrap_or(&problem.column) == problem.column
        };
        counts.iter().find(of).map_or(0, |count| count.rows)
    };
    found.sort_by_key(|problem| std::cmp::Reverse(rows(problem)));
    if found.is_empty() {
        return;
    }
    let mut table = Table::new([
        Column::numbers("rows"),
        Column::words("column"),
        Column::words("code").whole(),
        Column::words("what").at_least(30),
        Column::words("first rows"),
    ]);
    for problem in found.iter().take(TOP) {
        let code: Code = problem.code;
        table.add([&problem.rows, &problem.column, code.as_str(), &problem.what, &problem.first_rows]);
    }
    // Writing to a string cannot fail.
    let _ = write!(out, "\n{title}\n{}", table.render(2));
    if found.len() > TOP {
        let _ = writeln!(out, "  … {} more in the report", found.len() - TOP);
    }
}

fn push_places(out: &mut String, done: &Done) {
    let mut table = Table::new([Column::words(""), Column::words("")]);
    let has_rows = done.results.join("succeeded.csv").is_file();
    let mut files = vec![("report.html", "the report, for a browser")];
    if has_rows {
        files.push(("succeeded.csv", "rows that were taken"));
        files.push(("failed.csv", "rows that were not"));
    }
    files.push(("summary.json", "the totals, for programs"));
    for (file, what) in files {
        table.add([file, what]);
    }
    let _ = write!(out, "\nResults in {}\n{}", done.results.display(), table.render(2));
    if let Some(notification) = &done.notification {
        let _ = writeln!(out, "Letter   {}", notification.display());
    }
}

fn push_next(out: &mut String, asked: &ImportArguments, home: &Path, done: &Done) {
    let again = |file: &Path| command(asked, home, file, done.summary.head.dry_run);
    let next = match done.summary.status {
        Status::Completed if done.summary.head.dry_run => {
            format!(
                "Nothing was kept yet. Import it with\n  {}\n",
                command(asked, home, &asked.source, false)
            )
        }
        Status::Completed => return,
        Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled => {
            format!(
                "Mend failed.csv and import it again, as it is:\n  {}\n",
                again(&done.results.join("failed.csv"))
            )
        }
        Status::Refused | Status::Failed => return,
    };
    let _ = write!(out, "\n{next}");
}

/// The command that imports a file as this one was.
fn command(asked: &ImportArguments, home: &Path, file: &Path, dry_run: bool) -> String {
    let same_file = file == asked.source;
    let (home, file) = (quoted(&home.to_string_lossy()), quoted(&file.to_string_lossy()));
    if let Some(kind) = asked.profile.strip_prefix("directory/") {
        let whose = if kind == "accounts" { String::new() } else { format!(" --program {}", asked.program) };
        return format!("rollcall --home {home} directory load {kind} {file}{whose}");
    }
    let dry = if dry_run { " --dry-run" } else { "" };
    let options: String = (asked.given.iter())
        .filter(|(name, _)| same_file && !is_dry_run(name) || goes_on(name))
        .map(|(name, value)| format!(" --set {}", quoted(&format!("{name}={value}"))))
        .collect();
    let (program, profile) = (&asked.program, &asked.profile);
    format!("rollcall --home {home} import {file} --program {program} --profile {profile}{options}{dry}")
}

/// Whether an option holds for the fixed rows too. A result file defines itself how it is read, and rows that were left
/// out or are no longer in the file must not be taken or removed with it.
fn goes_on(option: &str) -> bool {
    let own = ["allow_duplicates", "validate_agent", "ambiguous", "notify"];
    option.starts_with("map.") || own.contains(&option.replace('-', "_").as_str())
}

/// A word, quoted for a shell.
pub fn quoted(text: &str) -> String {
    let plain = |notification: char| notification.is_alphanumeric() || "/._-+:@%".contains(notification);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
