//! `rollcall imports`: the imports of a home and their results.

use std::path::Path;

use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;
use rollcall_embedded::home::{Home, HomeError};
use rollcall_pipeline::ports::ImportItem;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::drop::ImportArguments;
use crate::host::{Done, read};

/// List imports and show their results
#[derive(Debug, clap::Subcommand)]
pub enum Imports {
    /// List all imports, the newest last
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show one import
    Show {
        /// The import's id
        id: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

impl Imports {
    /// Shows imports.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Imports::List { json } => list(home, json),
            Imports::Show { id, json } => show(home, &id, json),
        }
    }
}

/// One import in a list.
#[derive(Debug, serde::Serialize)]
struct Listed {
    import_id: ImportId,
    program: String,
    profile: String,
    file: String,
    dry_run: bool,
    status: Option<Status>,
    started_at: String,
    rows: Option<rollcall_domain::result::tally::Counts>,
    /// The import that it undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<String>,
}

impl Listed {
    /// What it is, where it is no plain import.
    fn mark(&self) -> Option<&'static str> {
        match (self.undoes.is_some(), self.dry_run) {
            (false, false) => None,
            (false, true) => Some("dry run"),
            (true, false) => Some("undo"),
            (true, true) => Some("undo, dry run"),
        }
    }
}

fn list(path: &Path, json: bool) -> Result<Exit, Failure> {
    let listed = match Home::open_shared(path) {
        Ok(home) => {
            home.listing().imports()?.iter().map(|item| listed(&home, item)).collect::<Result<_, _>>()?
        }
        Err(HomeError::Missing(_)) if json => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    answer::print(&if json { answer::pretty(&listed) } else { table(&listed) })?;
    Ok(Exit::Well)
}

fn listed(home: &Home, item: &ImportItem) -> Result<Listed, Failure> {
    let summary: Option<Summary> = read(home, &Artifacts::of(&item.program, &item.import_id).summary())?;
    let head = summary.as_ref().map(|summary| &summary.head);
    Ok(Listed {
        import_id: item.import_id.clone(),
        program: item.program.to_string(),
        // The import of a request is named after what it imports or undoes.
        profile: head.map_or(&item.profile, |head| &head.profile).clone(),
        file: head.map_or(file_of(item), |head| &head.file).to_owned(),
        dry_run: head.map_or(item.dry_run, |head| head.dry_run),
        status: item.status,
        started_at: format!("{:.3}", item.started_at),
        undoes: match item.profile.strip_prefix("undo/") {
            Some(undone) => Some(undone.to_owned()),
            None => head.and_then(|head| head.undoes.clone()),
        },
        rows: summary.map(|summary| summary.rows),
    })
}

fn file_of(item: &ImportItem) -> &str {
    item.object.key.rsplit('/').next().unwrap_or_default()
}

/// One line per import. In a narrow terminal a second line has the program, the file and the mark of a dry run, so
/// that nothing is shortened.
fn table(listed: &[Listed]) -> String {
    let wide = filled(listed, false);
    if wide.fits(answer::width()) { wide.render(0) } else { filled(listed, true).render(0) }
}

fn filled(listed: &[Listed], is_narrow: bool) -> Table {
    let mut columns = vec![Column::words("import").whole(), Column::words("status").whole()];
    columns.extend(["rows", "taken", "rejected"].map(|title| Column::numbers(title).whole()));
    if !is_narrow {
        columns.extend(["program", "profile", "file"].map(Column::words));
    }
    let mut table = Table::new(columns);
    for one in listed {
        let count = |count: fn(&rollcall_domain::result::tally::Counts) -> u64| {
            one.rows.as_ref().map(|rows| count(rows).to_string()).unwrap_or_default()
        };
        let status = one.status.map_or("unfinished", Status::as_str);
        let mut cells = vec![
            one.import_id.to_string(),
            match one.mark().filter(|_| !is_narrow) {
                Some(mark) => format!("{status} ({mark})"),
                None => status.to_owned(),
            },
            count(|rows| rows.read),
            count(|rows| rows.accepted()),
            count(|rows| rows.rejected),
        ];
        if !is_narrow {
            cells.extend([&one.program, &one.profile, &one.file].map(Clone::clone));
        }
        table.add(cells);
        if is_narrow {
            let mark = one.mark().map(|mark| format!("{mark}: ")).unwrap_or_default();
            table.note(&format!("{mark}{}, {}, {}", one.program, one.profile, one.file));
        }
    }
    table
}

fn show(path: &Path, id: &str, json: bool) -> Result<Exit, Failure> {
    let unknown =
        || Failure::said(format!("no such import: {id}; `rollcall imports list` shows those there are"));
    let import = ImportId::parse(id).map_err(|_| unknown())?;
    let home = Home::open_shared(path)?;
    let items = home.listing().imports()?;
    let item = items.into_iter().find(|item| item.import_id == import).ok_or_else(unknown)?;
    match Done::read(&home, &item.program, &item.import_id)? {
        Some(done) if json => {
            answer::print(&answer::pretty(&answer::document(&done.summary, &done.results)))?
        }
        Some(done) => answer::print(&story(path, &item, &done))?,
        None if json => answer::print(&answer::pretty(&listed(&home, &item)?))?,
        None => answer::print(&unfinished(&item))?,
    }
    Ok(Exit::Well)
}

fn story(home: &Path, item: &ImportItem, done: &Done) -> String {
    let upload = &done.upload;
    let mut out = format!("Import {}, begun {:.0}\n", item.import_id, item.started_at);
    out.push_str(&verdict(upload));
    out.push_str(&answer::mapping(&upload.columns));
    let asked = ImportArguments {
        source: done.results.join("failed.csv"),
        program: item.program.to_string(),
        profile: item.profile.clone(),
        dry_run: done.summary.head.dry_run,
        given: item.options.clone(),
        name: None,
    };
    out.push('\n');
    out.push_str(&answer::import_text(&asked, home, done));
    out
}

/// Whether the file was accepted (IMP-2), and its detected properties.
fn verdict(upload: &Upload) -> String {
    let mut out =
        String::from(if upload.verdict.accepted { "The file was taken" } else { "The file was refused" });
    let encoding = upload.encoding.as_ref().map(|name| answer::encoding(name, &upload.detection));
    let delimiter = upload.delimiter.as_ref().map(|delimiter| format!("delimiter {delimiter:?}"));
    let rows = upload.rows.map(|rows| format!("{rows} rows"));
    let known: Vec<String> =
        [encoding, delimiter, upload.sheet.clone(), rows].into_iter().flatten().collect();
    if !known.is_empty() {
        out.push_str(&format!(" ({})", known.join(", ")));
    }
    out.push('\n');
    let line = |finding: &FindingJson| format!("  {}: {}\n", finding.code, finding.message);
    out.extend(upload.verdict.errors.iter().map(line));
    out
}

fn unfinished(item: &ImportItem) -> String {
    format!(
        "Import {} of {} ({}, {}) is not finished: it is under way, or the next command that imports finishes it\n",
        item.import_id,
        file_of(item),
        item.program,
        item.profile,
    )
}
