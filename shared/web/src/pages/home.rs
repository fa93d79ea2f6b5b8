//! `/`: programs and their latest imports; `/p/{program}`: all imports of one.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use rollcall_domain::messages::catalogue::{Ending, Messages};
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;
use rollcall_pipeline::ports::{ImportItem, Objects};

use super::frame::{Frame, title};
use super::render;
use crate::access::Caller;
use crate::api::imports::{PAGE, PageQuery};
use crate::api::profiles::all;
use crate::app::App;
use crate::extract::{Scope, chosen_language, language};
use crate::host::Host;
use crate::problem::{Kind, Problem};

/// Imports of each program on the first page.
const LATEST: usize = 5;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    f: Frame,
    programs: Vec<Program>,
}

struct Program {
    name: String,
    title: String,
    imports: Vec<Line>,
}

/// An import in a list.
pub(super) struct Line {
    program: String,
    id: String,
    file: String,
    profile: String,
    phase: &'static str,
    state: String,
    tone: &'static str,
    dry_run: bool,
    started: String,
    started_at: String,
    read: String,
    taken: String,
    rejected: String,
}

/// The first page.
pub(super) async fn show<H: Host>(
    State(app): State<App<H>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut programs = Vec::new();
    let mut only = Vec::new();
    for program in app.host.programs().await?.into_iter().filter(|program| caller.may(program)) {
        let text = app.host.objects().get(&object_keys::settings(&program)).await?.unwrap_or_default();
        let settings = Settings::parse(&String::from_utf8_lossy(&text)).unwrap_or_default();
        only.push(settings.locale);
        programs.push((program, settings));
    }
    // Where all programs speak one language, so does the first page.
    only.dedup();
    let own = if let [locale] = only[..] { locale } else { language(&headers) };
    let f = Frame::plain(chosen_language(&headers).unwrap_or(own), "/");
    let mut shown = Vec::with_capacity(programs.len());
    let profiles = all(&app.host).await?;
    for (program, settings) in programs {
        let items = app.host.imports_of(&program, None, LATEST).await?;
        let imports = lines(&app, &f, &settings, &profiles, &items).await?;
        let title = if settings.title.is_empty() { program.to_string() } else { settings.title };
        shown.push(Program { name: program.to_string(), title, imports });
    }
    render(&Home { f, programs: shown })
}

#[derive(Template)]
#[template(path = "program.html")]
struct ProgramPage {
    f: Frame,
    name: String,
    title: String,
    imports: Vec<Line>,
    next: Option<String>,
}

/// All imports of a program.
pub(super) async fn program<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let cursor = query.ok().and_then(|Query(query)| query.cursor);
    let before = cursor.as_deref().map(ImportId::parse).transpose();
    let before = before.map_err(|_| scope.problem(Kind::RequestInvalid))?;
    let mut items = app.host.imports_of(&scope.program, before.as_ref(), PAGE + 1).await?;
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let next = items.last().filter(|_| more).map(|item| item.import_id.to_string());
    let f = Frame::of(&scope, "imports", &format!("/p/{}", scope.program));
    let profiles = all(&app.host).await?;
    let imports = lines(&app, &f, &scope.settings, &profiles, &items).await?;
    render(&ProgramPage { f, name: scope.program.to_string(), title: title(&scope), imports, next })
}

async fn lines<H: Host>(
    app: &App<H>,
    f: &Frame,
    settings: &Settings,
    profiles: &[Arc<Profile>],
    items: &[ImportItem],
) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        let mut line = line(app, f, settings, item).await?;
        if let Some(profile) = profiles.iter().find(|profile| profile.name.as_str() == line.profile) {
            profile.title(f.locale).clone_into(&mut line.profile);
        }
        lines.push(line);
    }
    Ok(lines)
}

async fn line<H: Host>(
    app: &App<H>,
    f: &Frame,
    settings: &Settings,
    item: &ImportItem,
) -> Result<Line, Problem> {
    let summary = app.summary(item).await?;
    let state = app.state(item).await?;
    let count = |count: Option<u64>| count.map(|count| f.number(count)).unwrap_or_default();
    let ending = summary.as_ref().map(|summary| summary.ending());
    let rows = summary.as_ref().map(|summary| summary.rows);
    let of_rows = rows.filter(|rows| rows.undo.is_none());
    Ok(Line {
        program: item.program.to_string(),
        id: item.import_id.to_string(),
        file: state.file,
        profile: state.profile,
        phase: state.phase.as_str(),
        state: state_of(f.locale, ending, item.status).unwrap_or_else(|| f.w.running.clone()),
        tone: tone(ending.map(|ending| ending.status).or(item.status)),
        dry_run: state.dry_run,
        started: time(item.started_at, settings),
        started_at: format!("{:.0}", item.started_at),
        read: count(rows.map(|rows| rows.read)),
        taken: count(of_rows.map(|rows| rows.accepted())),
        rejected: count(of_rows.map(|rows| rows.rejected)),
    })
}

fn state_of(locale: Locale, ending: Option<Ending>, status: Option<Status>) -> Option<String> {
    let without =
        |status| Ending { status, dry_run: false, undo: false, none_accepted: false, none_chosen: false };
    let ending = ending.or(status.map(without))?;
    Some(Messages::of(locale).status(ending).to_owned())
}

/// How a state looks.
pub(super) fn tone(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Completed) => "good",
        Some(Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled) => "mixed",
        Some(Status::Refused | Status::Failed) => "bad",
        None => "open",
    }
}

/// A time in the zone of a program.
pub(super) fn time(at: Timestamp, settings: &Settings) -> String {
    at.to_zoned(settings.zone()).strftime("%Y-%m-%d %H:%M").to_string()
}
