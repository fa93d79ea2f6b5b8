//! `/p/{program}/imports/{import}`: progress while it runs, then the answer.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use rollcall_domain::messages::catalogue::Messages;
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::problem::{Problem as ProblemText, ProblemWriter};
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::Upload as UploadReport;
use rollcall_domain::result::tally::UndoCounts;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::{Outcome, Status};
use rollcall_pipeline::approve::{approved_by, find};
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, Objects};
use rollcall_pipeline::undo::{find as find_undoable, is_undo, undone_by};
use serde::Deserialize;

use super::frame::Frame;
use super::home::tone;
use super::{render, see_other};
use crate::api::imports::{approve_dry_run, cancel_import, undo_import};
use crate::api::results::FILES;
use crate::api::uploads::Upload;
use crate::app::App;
use crate::extract::{Form, Scope};
use crate::host::Host;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    f: Frame,
    program: String,
    id: String,
    file: String,
    title: String,
    over: bool,
    streams: bool,
    phase: String,
    cancelled: bool,
    tone: &'static str,
    headline: String,
    explanation: String,
    error: Option<String>,
    can_approve: bool,
    /// What an approval would import, and what not.
    approve_counts: String,
    /// The upload that it came from, where it is still there.
    upload: Option<String>,
    approved_as: Option<String>,
    approves: Option<String>,
    undo: Undo,
    outcomes: Vec<Figure>,
    problems: Vec<Group>,
    changes: Vec<Figure>,
    files: Vec<FileLink>,
}

/// What an import's page says of its undo.
#[derive(Default)]
struct Undo {
    /// It can be undone: the button shows first what that would do.
    can_try: bool,
    /// This is a dry run of an undo, and the undone import can be undone: its id.
    confirms: Option<String>,
    /// The undo of it.
    undone_as: Option<String>,
    /// The import that it undoes.
    undoes: Option<String>,
}

struct Figure {
    label: String,
    count: String,
}

struct Group {
    id: &'static str,
    title: String,
    list: Vec<ProblemText>,
}

struct FileLink {
    name: &'static str,
    label: String,
}

/// Where a reader comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FromQuery {
    /// The upload whose page started the import.
    file: Option<String>,
}

/// The page of an import.
pub(super) async fn show<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<FromQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let item = scope.import(&app.host).await?;
    let state = app.state(&item).await?;
    let id = item.import_id.to_string();
    let f = Frame::of(&scope, "imports", &format!("/p/{}/imports/{id}", scope.program));
    let title = match (is_undo(&item), state.dry_run) {
        (true, true) => &f.w.undo_try_of,
        (true, false) => &f.w.undo_of,
        (false, true) => &f.w.dry_run_of,
        (false, false) => &f.w.import_of,
    };
    let artifacts = Artifacts::of(&item.program, &item.import_id);
    let summary = app.summary(&item).await?;
    let mut page = ImportPage {
        title: f.fill(title, &[("file", &state.file)]),
        program: scope.program.to_string(),
        id,
        file: state.file,
        over: item.status.is_some(),
        streams: H::STREAMS,
        phase: f.w.phase_splitting.clone(),
        cancelled: app.host.objects().get(&artifacts.cancelled()).await?.is_some(),
        tone: tone(summary.as_ref().map(|summary| summary.status).or(item.status)),
        headline: f.w.phase_over.clone(),
        explanation: String::new(),
        error: None,
        can_approve: false,
        approve_counts: String::new(),
        upload: None,
        approved_as: None,
        approves: None,
        undo: Undo::default(),
        outcomes: Vec::new(),
        problems: Vec::new(),
        changes: Vec::new(),
        files: Vec::new(),
        f,
    };
    if let Some(file) = query.ok().and_then(|Query(query)| query.file) {
        page.upload = Upload::find(&app.host, &scope, &file).await.ok().map(|upload| upload.held.id);
    }
    if let Some(summary) = summary {
        tell(&app, &item, &summary, &mut page).await?;
    }
    render(&page)
}

/// Fills in the answer of an import that is over.
async fn tell<H: Host>(
    app: &App<H>,
    item: &ImportItem,
    summary: &Summary,
    page: &mut ImportPage,
) -> Result<(), Problem> {
    let host = &app.host;
    let artifacts = Artifacts::of(&item.program, &item.import_id);
    let words = Messages::of(page.f.locale);
    let ending = summary.ending();
    page.headline = words.headline(ending).to_owned();
    page.explanation = if is_tried(summary) { String::new() } else { words.explanation(ending).to_owned() };
    page.error = summary.error.clone();
    let f = &page.f;
    let figure = |outcome: Outcome| Figure {
        label: words.outcome(outcome, summary.head.dry_run).to_owned(),
        count: f.number(summary.rows.of(outcome)),
    };
    page.outcomes = match &summary.rows.undo {
        Some(counts) => undo_figures(f, words, counts, summary.head.dry_run),
        None => {
            let counted = Outcome::ALL.into_iter().filter(|outcome| summary.rows.of(*outcome) > 0);
            let read = Figure { label: f.w.rows.clone(), count: f.number(summary.rows.read) };
            [read].into_iter().chain(counted.map(figure)).collect()
        }
    };
    let labels = labels(host, &artifacts).await?;
    if let Some(upload) = upload(host, &artifacts).await? {
        let writer = ProblemWriter { words, labels: &labels, upload: &upload };
        let groups = [
            Group { id: "errors", title: f.w.errors.clone(), list: writer.errors(&summary.errors) },
            Group { id: "warnings", title: f.w.warnings.clone(), list: writer.warnings(&summary.warnings) },
        ];
        page.problems = groups.into_iter().filter(|group| !group.list.is_empty()).collect();
    }
    let changed = |field: &rollcall_domain::result::tally::FieldCount| Figure {
        label: labels.of(&field.field, f.locale).to_owned(),
        count: f.number(field.rows),
    };
    page.changes = summary.changes.iter().map(changed).collect();
    page.files = files(host, f, &artifacts).await?;
    page.approves.clone_from(&summary.head.approves);
    if summary.head.dry_run {
        page.approved_as = approved_by(host.objects(), item).await?.map(|import| import.to_string());
        let found = find(host.objects(), host.imports(), item, &item.import_id).await?;
        let is_open = page.approved_as.is_none() && found.is_some();
        // Where every row was rejected there is nothing to import.
        page.can_approve = is_open && summary.rows.accepted() > 0;
        page.approve_counts = if is_open { approve_counts(&page.f, summary) } else { String::new() };
    }
    page.undo = undo_state(host, item, summary).await?;
    Ok(())
}

/// How many rows an approval would import; how many it would not, where there are any.
fn approve_counts(f: &Frame, summary: &Summary) -> String {
    let (taken, rejected) = (f.number(summary.rows.accepted()), f.number(summary.rows.rejected));
    let mut slots = vec![("taken", taken.as_str())];
    if summary.rows.rejected > 0 {
        slots.push(("rejected", &rejected));
    }
    f.fill(&f.w.approve_counts, &slots)
}

/// What can be undone, and what was.
async fn undo_state<H: Host>(host: &H, item: &ImportItem, summary: &Summary) -> Answer<Undo> {
    let mut state = Undo { undoes: summary.head.undoes.clone(), ..Undo::default() };
    let undone = match &state.undoes {
        Some(_) if !summary.head.dry_run => return Ok(state),
        Some(undone) => match ImportId::parse(undone) {
            Ok(undone) => host.imports().get(&undone).await?.filter(|undone| undone.program == item.program),
            Err(_) => None,
        },
        None => Some(item.clone()),
    };
    let Some(undone) = undone else { return Ok(state) };
    state.undone_as = undone_by(host.objects(), host.imports(), &undone).await?.map(|undo| undo.to_string());
    if state.undone_as.is_some() || summary.status == Status::Refused {
        return Ok(state);
    }
    let can = find_undoable(host.objects(), host.imports(), &undone, &undone.import_id).await?.is_ok();
    state.can_try = can && state.undoes.is_none();
    // Where no contact would change there is nothing to confirm.
    let changes = summary.rows.undo.is_some_and(|counts| counts.removed + counts.restored > 0);
    state.confirms = state.undoes.clone().filter(|_| can && changes && summary.status == Status::Completed);
    Ok(state)
}

/// What became of the contacts of an import, or would become.
fn undo_figures(f: &Frame, words: &Messages, counts: &UndoCounts, dry_run: bool) -> Vec<Figure> {
    let w = words.undo();
    let removed = if dry_run { &w.removed_dry } else { &w.removed };
    let restored = if dry_run { &w.restored_dry } else { &w.restored };
    let all = [
        (&w.read, counts.read),
        (removed, counts.removed),
        (restored, counts.restored),
        (&w.kept, counts.kept),
    ];
    all.map(|(label, count)| Figure { label: label.clone(), count: f.number(count) }).into()
}

/// Whether it is a dry run whose next step is the button on the page, and not what the report says.
fn is_tried(summary: &Summary) -> bool {
    let is_import = summary.head.undoes.is_none();
    is_import
        && summary.head.dry_run
        && matches!(summary.status, Status::Completed | Status::CompletedWithErrors)
}

async fn labels<H: Host>(host: &H, artifacts: &Artifacts) -> Answer<Labels> {
    let json = host.objects().get(&artifacts.plan()).await?;
    let plan = json.and_then(|json| Plan::from_json(&json).ok());
    Ok(plan.and_then(|plan| plan.profile().ok()).map(|profile| profile.labels()).unwrap_or_default())
}

async fn upload<H: Host>(host: &H, artifacts: &Artifacts) -> Answer<Option<UploadReport>> {
    let json = host.objects().get(&artifacts.upload()).await?;
    Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
}

/// The files that the import has.
async fn files<H: Host>(host: &H, f: &Frame, artifacts: &Artifacts) -> Answer<Vec<FileLink>> {
    let mut files = Vec::new();
    for (name, _) in FILES {
        if host.objects().describe(&format!("{}/{name}", artifacts.folder())).await?.is_some() {
            let label = match *name {
                "report.html" => &f.w.file_report,
                "succeeded.csv" | "succeeded.xlsx" => &f.w.file_succeeded,
                "failed.csv" | "failed.xlsx" => &f.w.file_failed,
                "changes.csv" => &f.w.file_changes,
                "removed.csv" => &f.w.file_removed,
                "undone.csv" => &f.w.file_undone,
                "summary.json" => &f.w.file_summary,
                _ => &f.w.file_upload,
            };
            files.push(FileLink { name, label: label.clone() });
        }
    }
    Ok(files)
}

/// Imports what a dry run showed.
pub(super) async fn approve<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let import = approve_dry_run(&app, &scope).await?;
    Ok(see_other(&format!("/p/{}/imports/{import}", scope.program)))
}

/// Shows what an undo would do; where that was seen and confirmed, undoes.
pub(super) async fn undo<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Form(fields): Form,
) -> Result<Response, Problem> {
    let confirmed = fields.iter().any(|(name, value)| name == "confirmed" && value == "true");
    let undo = undo_import(&app, &scope, !confirmed).await?;
    Ok(see_other(&format!("/p/{}/imports/{undo}", scope.program)))
}

/// Cancels an import; of one that is over already, shows the answer.
pub(super) async fn cancel<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let item = scope.import(&app.host).await?;
    match cancel_import(&app, &scope).await {
        Ok(_) => {}
        Err(problem) if problem.kind == crate::problem::Kind::ImportOver => {}
        Err(problem) => return Err(problem),
    }
    Ok(see_other(&format!("/p/{}/imports/{}", scope.program, item.import_id)))
}
