//! `rollcall preview`: shows the effect of an import on a file; nothing is written.

mod file;

use std::path::{Path, PathBuf};

use console::Style;
use indicatif::HumanCount;
use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::report::upload::UploadColumn;
use rollcall_domain::types::code::{Code, Severity};
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::locale::Locale;
use rollcall_embedded::bucket::Bucket;
use rollcall_embedded::home::{Home, HomeError};
use rollcall_embedded::memory::{MemoryContacts, MemoryDirectory};
use rollcall_pipeline::ports::Objects;
use rollcall_pipeline::preview::{Preview, PreviewRow, RowStatus, UnknownValue, preview};
use rollcall_pipeline::request::new_item;
use serde::Serialize;

use super::option;
use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::drop::{ImportArguments, StartError};
use crate::typos;
use file::FileObjects;

/// Show how a file would be read, mapped and validated; writes nothing
#[derive(Debug, clap::Args)]
pub struct PreviewFile {
    /// File to preview; `-` reads standard input
    file: PathBuf,
    /// Program that the import would belong to
    #[arg(long, value_name = "PROGRAM")]
    program: String,
    /// Import profile; `rollcall profiles list` shows the names
    #[arg(long, value_name = "PROFILE")]
    profile: String,
    /// Number of rows to show
    #[arg(long, value_name = "N", default_value_t = 100)]
    rows: usize,
    /// Import option, such as delimiter=; or map.Header=field; may be repeated
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl PreviewFile {
    /// Shows the file.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let (rows, json) = (self.rows, self.json);
        let asked = ImportArguments::rows(self.file, self.program, self.profile, false, self.options);
        let Shown { preview: shown, typo } = match show(&asked, home, rows) {
            Ok(shown) => shown,
            Err(unbegun) => {
                if json {
                    answer::print(&unread(&asked, &unbegun))?;
                }
                return Err(unbegun.failure);
            }
        };
        if json {
            let error = typo.as_ref().map(ToString::to_string);
            answer::print(&answer::pretty(&Document { preview: &shown, error }))?;
        } else {
            answer::print(&text(&asked, home, &shown))?;
        }
        if shown.verdict.accepted {
            return Ok(Exit::Well);
        }
        match typo {
            Some(typo) => answer::say(typo),
            None => answer::say(refusal(&asked, &shown.verdict.errors)),
        }
        Ok(Exit::Refused)
    }
}

/// A preview, and an unknown name among the arguments with the nearest known one.
struct Shown {
    preview: Preview,
    typo: Option<Failure>,
}

/// The document of a preview; if an import would not start, it has the same reason.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    preview: &'a Preview,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Previews the file while other commands may work on the home; without a home the directory is empty.
fn show(asked: &ImportArguments, home: &Path, rows: usize) -> Result<Shown, StartError> {
    let drop = asked.drop()?;
    asked.check_source()?;
    let typo = typos::check(home, &drop, &asked.given).err();
    let source = asked.readable()?;
    let source = source.path();
    let key = drop.key();
    let given = asked.given.clone();
    let shown = match Home::open_shared(home) {
        Ok(home) => {
            let objects = FileObjects::new(source, &key, Some(home.bucket().clone()));
            let object = objects.version()?;
            let (directory, contacts) = (home.directory(), home.contacts());
            let item = new_item(objects.bucket(), &drop, object, given, Timestamp::now());
            block_on(preview(&objects, &directory, &contacts, &drop, &item, rows))
        }
        Err(HomeError::Missing(_)) => {
            let objects = FileObjects::new(source, &key, Bucket::open_shared(&home.join("bucket")).ok());
            let object = objects.version()?;
            let (directory, contacts) = (MemoryDirectory::default(), MemoryContacts::default());
            let item = new_item(objects.bucket(), &drop, object, given, Timestamp::now());
            block_on(preview(&objects, &directory, &contacts, &drop, &item, rows))
        }
        Err(error) => return Err(error.into()),
    };
    let mut preview = shown?;
    // An import with the same arguments is refused before it begins.
    if let Some(typo) = typo.as_ref().filter(|_| preview.verdict.accepted) {
        preview.verdict.accepted = false;
        let why = typo.failure.to_string();
        let findings = typo.errors.iter().map(|count| Finding::new(count.code).arg("detail", &why));
        let findings = findings.map(|finding| FindingJson::new(&finding, Labels::NONE, Locale::En));
        preview.verdict.errors.extend(findings);
    }
    Ok(Shown { preview, typo: typo.map(|typo| typo.failure) })
}

/// The document if the file could not be read at all.
fn unread(asked: &ImportArguments, unbegun: &StartError) -> String {
    let told = unbegun.errors.iter().map(|count| {
        let named = if count.code == Code::ProfileUnknown { &asked.profile } else { &asked.program };
        FindingJson::new(&Finding::new(count.code).value(named), Labels::NONE, Locale::En)
    });
    answer::pretty(&serde_json::json!({
        "verdict": { "accepted": false, "errors": told.collect::<Vec<_>>(), "warnings": [] },
        "encoding": null, "delimiter": null, "sheet": null, "columns": [], "rows": [],
        "error": unbegun.failure.to_string(),
    }))
}

fn refusal(asked: &ImportArguments, errors: &[FindingJson]) -> String {
    let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
    let first = errors.first().map(|first| first.message.as_str()).unwrap_or_default();
    format!("{} would be refused: {first}{more}", asked.source.display())
}

fn text(asked: &ImportArguments, home: &Path, shown: &Preview) -> String {
    let mut out = format!("{}\n", headline(asked, shown));
    for error in &shown.verdict.errors {
        out.push_str(&format!("  {}: {}\n", error.code, error.message));
    }
    for warning in &shown.verdict.warnings {
        out.push_str(&lines("  ", &format!("{}: {}", warning.code, warning.message)));
        out.extend(warning.hint.iter().map(|hint| lines("    > ", hint)));
    }
    out.push_str(&answer::mapping(&shown.columns));
    if !shown.rows.is_empty() {
        out.push_str(&rows(shown));
    }
    out.push_str(&totals(shown));
    out.push_str(&unknown_values(shown));
    out.push_str(&next(asked, home, shown));
    out
}

/// A text in lines of the terminal's width.
fn lines(indent: &str, text: &str) -> String {
    // An option in it is copied as it is.
    let whole = textwrap::WordSplitter::NoHyphenation;
    let options = textwrap::Options::new(answer::width()).word_splitter(whole).break_words(false);
    textwrap::fill(text, options.initial_indent(indent).subsequent_indent("    ")) + "\n"
}

/// How many rows are shown of how many, and the statuses of those that were looked at.
fn totals(shown: &Preview) -> String {
    let Some(all) = shown.rows_total else { return String::new() };
    let statuses = &shown.statuses;
    let kinds = [
        (statuses.absent, "new"),
        (statuses.exists, "exist"),
        (statuses.active, "active"),
        (statuses.error, "with errors"),
    ];
    let kinds: Vec<String> = (kinds.iter().filter(|(count, _)| *count > 0))
        .map(|(count, kind)| format!("{} {kind}", HumanCount(*count)))
        .collect();
    let looked_at = match statuses.complete {
        true => String::new(),
        false => format!("of the first {}: ", HumanCount(statuses.looked_at)),
    };
    format!(
        "\n{} of {} rows are shown; {looked_at}{}\n",
        HumanCount(shown.rows.len() as u64),
        HumanCount(all),
        if kinds.is_empty() { "none would be read".to_owned() } else { kinds.join(", ") }
    )
}

/// Values that are shown of one field, at most.
const VALUES: usize = 5;

fn unknown_values(shown: &Preview) -> String {
    let line = |(field, values): (&String, &Vec<UnknownValue>)| {
        let mut named: Vec<String> = values.iter().take(VALUES).map(unknown_value).collect();
        named.extend((values.len() > VALUES).then(|| format!("and {} more", values.len() - VALUES)));
        format!("  {field}: not known: {}\n", named.join("; "))
    };
    shown.unknown_values.iter().map(line).collect()
}

fn unknown_value(one: &UnknownValue) -> String {
    let nearest =
        one.nearest.as_ref().map(|nearest| format!(", did you mean {nearest}?")).unwrap_or_default();
    format!("{} ({} rows{nearest})", one.value, HumanCount(one.count))
}

/// What to do next: the dry run of a file that would be taken, or what the refused one needs.
fn next(asked: &ImportArguments, home: &Path, shown: &Preview) -> String {
    if shown.verdict.accepted {
        let fields = shown.unknown_values.iter().find_map(|(field, values)| {
            let value = values.iter().find(|value| value.nearest.is_some())?;
            let (from, to) = (&value.value, value.nearest.as_deref().unwrap_or_default());
            Some(format!(
                "  --set {} reads a value as another\n",
                answer::quoted(&format!("value.{field}.{from}={to}"))
            ))
        });
        let command = answer::command(asked, home, &asked.source, true);
        return format!(
            "{}\nnext, try it without writing anything:\n  {command}\n",
            fields.unwrap_or_default()
        );
    }
    let mut out = String::new();
    let has_no_column = shown.columns.iter().all(|column| column.field.is_none());
    if has_no_column && shown.verdict.errors.iter().any(|error| error.code == Code::ColumnMissing) {
        let columns: Vec<&str> = shown.missing.iter().map(String::as_str).collect();
        out.push_str(&format!(
            "\nIf the file has no header: --set first_line=data --set columns={}\n\
             (field names in the order of the columns; an empty place leaves a column out)\n",
            columns.join(",")
        ));
    }
    let others = &shown.detection.sheet_notes.other_sheets;
    if !others.is_empty() {
        let named: Vec<String> = others.iter().take(SHEETS).map(|name| format!("{name:?}")).collect();
        out.push_str(&format!(
            "\nOther sheets of the workbook, to be read with --set sheet=NAME: {}{}\n",
            named.join(", "),
            if others.len() > SHEETS { " …" } else { "" }
        ));
    }
    out
}

/// Sheets that are named, at most.
const SHEETS: usize = 20;

fn headline(asked: &ImportArguments, shown: &Preview) -> String {
    let verdict = if shown.verdict.accepted { "would be taken" } else { "would be refused" };
    let detected: Vec<String> = [
        shown.encoding.as_ref().map(|name| answer::encoding(name, &shown.detection)),
        shown.delimiter.as_ref().map(|delimiter| format!("delimiter {delimiter:?}")),
        shown.sheet.as_ref().map(|sheet| format!("sheet {sheet:?}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!("{} {verdict} ({})", asked.source.display(), detected.join(", "))
}

fn rows(shown: &Preview) -> String {
    let accepted = shown.verdict.accepted;
    let (columns, left_out) = columns(shown);
    let title = |column: &&UploadColumn| column.field.clone().unwrap_or_else(|| column.header.clone());
    let mut titles = vec![Column::numbers("row"), Column::words("status").whole()];
    titles.extend(columns.iter().map(|column| Column::words(title(column))));
    let mut table = Table::new(titles);
    for row in &shown.rows {
        let mut cells = vec![(row.row.to_string(), Style::new()), status(row, accepted)];
        cells.extend(columns.iter().map(|column| (cell(row, column).to_owned(), Style::new())));
        table.add_styled(cells);
        told(&row.findings).iter().for_each(|finding| table.note(finding));
    }
    let more: Vec<String> = left_out.iter().map(title).collect();
    let more = if more.is_empty() { more.concat() } else { format!("  not shown: {}\n", more.join(", ")) };
    format!("\n{}{more}", table.render(2))
}

/// The columns that fit, and the others: columns with errors take precedence.
fn columns(shown: &Preview) -> (Vec<&UploadColumn>, Vec<&UploadColumn>) {
    let columns: Vec<&UploadColumn> = shown.columns.iter().filter(|column| is_shown(column, shown)).collect();
    let room = (answer::width().saturating_sub(BESIDE) / NARROWEST).max(1);
    let mut first: Vec<&UploadColumn> = columns.clone();
    first.sort_by_key(|column| !has_error(column, shown));
    first.truncate(room);
    columns.into_iter().partition(|column| first.contains(column))
}

/// Characters of a line outside the file's columns: indent, row and status.
const BESIDE: usize = 15;
/// A narrower column, including its gap, is not useful.
const NARROWEST: usize = 10;

fn has_error(column: &UploadColumn, shown: &Preview) -> bool {
    let mut findings = shown.rows.iter().flat_map(|row| &row.findings);
    let here = |finding: &FindingJson| finding.column.as_ref().and_then(|at| at.position);
    findings.any(|finding| finding.severity == Severity::Error && here(finding) == Some(column.position))
}

/// Whether to show a column: a row shown fills it, and an import would use it or would refuse the file.
fn is_shown(column: &UploadColumn, shown: &Preview) -> bool {
    let mapped = column.field.is_some() || !shown.verdict.accepted;
    mapped && shown.rows.iter().any(|row| !cell(row, column).trim().is_empty())
}

fn cell<'a>(row: &'a PreviewRow, column: &UploadColumn) -> &'a str {
    row.cells.get(column.position as usize - 1).map_or("", String::as_str)
}

fn status(row: &PreviewRow, accepted: bool) -> (String, Style) {
    let style = match row.status {
        _ if !accepted => return (String::new(), Style::new()),
        RowStatus::Absent => Style::new(),
        RowStatus::Exists => Style::new().cyan(),
        RowStatus::Active => Style::new().yellow(),
        RowStatus::Error => Style::new().red(),
    };
    (row.status.as_str().to_owned(), style)
}

/// Findings as lines: the same finding for several columns appears once.
fn told(findings: &[FindingJson]) -> Vec<String> {
    let mut lines: Vec<(Vec<&str>, &str)> = Vec::new();
    for finding in findings {
        let column = finding.column.as_ref().map(|column| &*column.name);
        match lines.iter_mut().find(|(columns, message)| !columns.is_empty() && *message == finding.message) {
            Some((columns, _)) if column.is_some() => columns.extend(column),
            _ => lines.push((column.into_iter().collect(), &finding.message)),
        }
    }
    let line = |(columns, message): &(Vec<&str>, &str)| match columns.as_slice() {
        [] => (*message).to_owned(),
        columns => format!("{}: {message}", columns.join(", ")),
    };
    lines.iter().map(line).collect()
}
