//! `rollcall preview`: what an import would say of a file; nothing is written.

mod file;

use std::path::{Path, PathBuf};

use console::Style;
use pollster::block_on;
use rollcall_domain::finding::FindingJson;
use rollcall_embedded::bucket::Bucket;
use rollcall_embedded::home::{Home, HomeError};
use rollcall_embedded::memory::{MemoryContacts, MemoryDirectory};
use rollcall_pipeline::preview::{Preview as Shown, PreviewRow, RowStatus, preview};

use super::option;
use crate::answer::{self, Exit, Failure, Table};
use crate::drop::{Asked, Unbegun};
use file::FileObjects;

/// Show how a file would be read, mapped and judged; nothing is written
#[derive(Debug, clap::Args)]
pub struct Preview {
    /// The file
    file: PathBuf,
    /// Whom the import would belong to
    #[arg(long, value_name = "P")]
    program: String,
    /// What the file promises
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// How many rows are shown
    #[arg(long, value_name = "N", default_value_t = 100)]
    rows: usize,
    /// An option of the drop, such as delimiter=; or map.Header=field
    #[arg(long = "set", value_name = "OPTION=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// Answer with one JSON document
    #[arg(long)]
    json: bool,
}

impl Preview {
    /// Shows the file.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let (rows, json) = (self.rows, self.json);
        let asked = Asked::rows(self.file, self.program, self.profile, false, self.options);
        let shown = match show(&asked, home, rows) {
            Ok(shown) => shown,
            Err(Unbegun { failure, .. }) => {
                if json {
                    answer::print(&unread(&failure))?;
                }
                return Err(failure);
            }
        };
        if json {
            answer::print(&answer::pretty(&shown))?;
        } else {
            answer::print(&text(&asked, &shown))?;
        }
        if shown.verdict.accepted {
            return Ok(Exit::Well);
        }
        answer::say(refusal(&asked, &shown.verdict.errors));
        Ok(Exit::Refused)
    }
}

/// Looks at the file beside whoever works on the home; without a home nobody is known yet.
fn show(asked: &Asked, home: &Path, rows: usize) -> Result<Shown, Unbegun> {
    let drop = asked.drop()?;
    asked.check_source()?;
    let key = drop.key();
    let given = asked.given.clone();
    let shown = match Home::open_shared(home) {
        Ok(home) => {
            let objects = FileObjects::new(&asked.source, &key, Some(home.bucket().clone()));
            let object = objects.version()?;
            let (directory, contacts) = (home.directory(), home.contacts());
            block_on(preview(&objects, &directory, &contacts, &drop, object, given, rows))
        }
        Err(HomeError::Missing(_)) => {
            let objects =
                FileObjects::new(&asked.source, &key, Bucket::open_shared(&home.join("bucket")).ok());
            let object = objects.version()?;
            let (directory, contacts) = (MemoryDirectory::default(), MemoryContacts::default());
            block_on(preview(&objects, &directory, &contacts, &drop, object, given, rows))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(shown?)
}

/// The document where the file could not even be looked at.
fn unread(failure: &Failure) -> String {
    answer::pretty(&serde_json::json!({
        "verdict": { "accepted": false, "errors": [], "warnings": [] },
        "encoding": null, "delimiter": null, "columns": [], "rows": [],
        "error": failure.to_string(),
    }))
}

fn refusal(asked: &Asked, errors: &[FindingJson]) -> String {
    let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
    let first = errors.first().map(|first| first.message.as_str()).unwrap_or_default();
    format!("{} would be refused: {first}{more}", asked.source.display())
}

fn text(asked: &Asked, shown: &Shown) -> String {
    let mut out = format!("{}\n", headline(asked, shown));
    for error in &shown.verdict.errors {
        out.push_str(&format!("  {}: {}\n", error.code, error.message));
    }
    out.push_str(&answer::mapping(&shown.columns));
    if !shown.rows.is_empty() {
        out.push_str(&rows(shown));
    }
    out
}

fn headline(asked: &Asked, shown: &Shown) -> String {
    let verdict = if shown.verdict.accepted { "would be taken" } else { "would be refused" };
    let detected: Vec<String> = [
        shown.encoding.clone(),
        shown.delimiter.as_ref().map(|delimiter| format!("delimiter {delimiter:?}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!("{} {verdict} ({})", asked.source.display(), detected.join(", "))
}

fn rows(shown: &Shown) -> String {
    let accepted = shown.verdict.accepted;
    let mapped: Vec<_> = shown.columns.iter().filter(|column| column.field.is_some() || !accepted).collect();
    let mut titles = vec![("row".to_owned(), console::Alignment::Right)];
    titles.push(("status".to_owned(), console::Alignment::Left));
    titles.extend(mapped.iter().map(|column| {
        (column.field.clone().unwrap_or_else(|| column.header.clone()), console::Alignment::Left)
    }));
    titles.push(("findings".to_owned(), console::Alignment::Left));
    let mut table = Table::titled(titles);
    for row in &shown.rows {
        let cell = |position: u32| row.cells.get(position as usize - 1).cloned().unwrap_or_default();
        let mut cells = vec![(row.row.to_string(), Style::new()), status(row, accepted)];
        cells.extend(mapped.iter().map(|column| (cell(column.position), Style::new())));
        cells.push((findings(row), Style::new()));
        table.add_styled(cells);
    }
    format!("\n{}", table.render(2))
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

fn findings(row: &PreviewRow) -> String {
    let words = |finding: &FindingJson| match &finding.column {
        Some(column) => format!("{}: {}", column.name, finding.message),
        None => finding.message.clone(),
    };
    row.findings.iter().map(words).collect::<Vec<_>>().join("; ")
}
