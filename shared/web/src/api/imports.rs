//! Imports: start one, follow it, approve a dry run, undo, cancel.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rollcall_domain::plan::object_keys::{Cancel, Drop, DropTarget, request_claim};
use rollcall_domain::types::id::{base32, sha256};
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::approve;
use rollcall_pipeline::cancel::{Cancelled, cancel as note_cancel};
use rollcall_pipeline::phase::Phase;
use rollcall_pipeline::ports::{ImportItem, Imports};
use rollcall_pipeline::undo::{self, undone_by};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::openapi::Refusals;
use crate::api::progress::ImportState;
use crate::api::uploads::{OptionsBody, Upload, pairs};
use crate::app::App;
use crate::extract::{Body, BodyIfAny, Scope};
use crate::host::{Claim, Host, Start};
use crate::problem::{Kind, Problem};

/// An import that is to start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportBody {
    /// The file.
    pub upload_id: String,
    /// Its options.
    #[serde(default)]
    pub options: OptionsBody,
    /// Whether nothing is to be written.
    #[serde(default)]
    pub dry_run: bool,
}

/// The import that a request started, or had started before.
#[derive(Debug, Serialize, ToSchema)]
pub struct Started {
    /// Its id.
    pub import_id: String,
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where the part before ended: its `next`.
    pub cursor: Option<String>,
    /// How many at most: 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// Imports of a program.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportList {
    /// The newest first.
    pub imports: Vec<ImportState>,
    /// The cursor of the next part; null at the end.
    pub next: Option<String>,
}

/// Imports on one page, where it is not said.
pub(crate) const PAGE: usize = 25;
/// How often a page is told of progress.
const TOLD: Duration = Duration::from_millis(400);
/// The longest key of a request.
const KEY: usize = 255;

/// Imports of a program, the newest first.
#[utoipa::path(get, path = "/api/programs/{program}/imports", tag = "imports",
    params(("program" = String, Path, description = "The program."), PageQuery),
    responses((status = 200, description = "Imports.", body = ImportList), Refusals))]
pub async fn list<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ImportList>, Problem> {
    let invalid = |what: String| scope.problem(Kind::RequestInvalid).detail(what);
    let Query(query) = query.map_err(|error| invalid(error.body_text()))?;
    let before = query.cursor.as_deref().map(ImportId::parse).transpose();
    let before = before.map_err(|_| invalid("cursor: takes what `next` gave".to_owned()))?;
    let limit = query.limit.map_or(PAGE, |limit| limit as usize);
    if !(1..=100).contains(&limit) {
        return Err(invalid("limit: takes 1 to 100".to_owned()));
    }
    page(&app, &scope, before.as_ref(), limit).await.map(Json)
}

/// The same for a page.
pub(crate) async fn page<H: Host>(
    app: &App<H>,
    scope: &Scope,
    before: Option<&ImportId>,
    limit: usize,
) -> Result<ImportList, Problem> {
    let mut items = app.host.imports_of(&scope.program, before, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|item| item.import_id.to_string());
    let mut imports = Vec::with_capacity(items.len());
    for item in &items {
        imports.push(app.state(item).await?);
    }
    Ok(ImportList { imports, next })
}

/// Starts an import of a file that was uploaded.
#[utoipa::path(post, path = "/api/programs/{program}/imports", tag = "imports",
    params(
        ("program" = String, Path, description = "The program."),
        ("Idempotency-Key" = Option<String>, Header, description = "Tells a repeated request: the same key is the same import."),
    ),
    request_body = ImportBody,
    responses((status = 202, description = "It is started.", body = Started), Refusals))]
pub async fn start<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    headers: HeaderMap,
    Body(body): Body<ImportBody>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let key = headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default());
    if key.is_some_and(|key| key.is_empty() || key.len() > KEY) {
        let what = format!("Idempotency-Key: takes 1 to {KEY} visible ASCII characters");
        return Err(scope.problem(Kind::RequestInvalid).detail(what));
    }
    let given = pairs(&body.options).map_err(|what| scope.problem(Kind::OptionsInvalid).detail(what))?;
    let import_id = begin(&app, &scope, &body.upload_id, given, body.dry_run, key).await?;
    Ok((StatusCode::ACCEPTED, Json(Started { import_id: import_id.to_string() })))
}

/// The same for a page.
pub(crate) async fn begin<H: Host>(
    app: &App<H>,
    scope: &Scope,
    upload: &str,
    given: Vec<(String, String)>,
    dry_run: bool,
    key: Option<&str>,
) -> Result<ImportId, Problem> {
    let upload = Upload::find(&app.host, scope, upload).await?;
    let options = upload.options(&app.host, scope, given.clone()).await?;
    let drop = upload.drop(&scope.program, dry_run);
    let claim = key.map(|key| request_claim(&scope.program, &digest(&[key])));
    let said = serde_json::to_string(&given).unwrap_or_default();
    let request = digest(&[&upload.held.id, &dry_run.to_string(), &said]);
    let claim = claim.as_deref().map(|key| Claim { key, request: &request });
    let start = Start { drop: &drop, source: &upload.object, options: &options, claim };
    app.host.start(start).await?.ok_or_else(|| scope.problem(Kind::KeyReused))
}

fn digest(parts: &[&str]) -> String {
    let mut digest = String::new();
    base32(&sha256(parts), &mut digest);
    digest.truncate(32);
    digest
}

/// The state of an import.
#[utoipa::path(get, path = "/api/programs/{program}/imports/{import}", tag = "imports",
    params(
        ("program" = String, Path, description = "The program."),
        ("import" = String, Path, description = "The import."),
    ),
    responses((status = 200, description = "Its state.", body = ImportState), Refusals))]
pub async fn show<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Json<ImportState>, Problem> {
    let item = scope.import(&app.host).await?;
    Ok(Json(app.state(&item).await?))
}

/// The state of an import, told anew until it is over (server-sent events).
#[utoipa::path(get, path = "/api/programs/{program}/imports/{import}/events", tag = "imports",
    params(
        ("program" = String, Path, description = "The program."),
        ("import" = String, Path, description = "The import."),
    ),
    responses(
        (status = 200, description = "Events, each the JSON of a state.", content_type = "text/event-stream", body = String),
        Refusals,
    ))]
pub async fn events<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let item = scope.import(&app.host).await?;
    if !H::STREAMS {
        return Err(scope.problem(Kind::NotFound));
    }
    let told = stream::unfold(Some((app, item, false)), |told| async move {
        let (app, item, waits) = told?;
        if waits {
            tokio::time::sleep(TOLD).await;
        }
        let (item, state) = follow(&app, item).await?;
        let over = state.phase == Phase::Over;
        let event = Event::default().json_data(&state).ok()?;
        Some((Ok::<_, Infallible>(event), (!over).then_some((app, item, true))))
    });
    Ok(Sse::new(told).into_response())
}

async fn follow<H: Host>(app: &App<H>, item: ImportItem) -> Option<(ImportItem, ImportState)> {
    let item = app.host.imports().get(&item.import_id).await.ok()??;
    let state = app.state(&item).await.ok()?;
    Some((item, state))
}

/// Imports exactly what a dry run showed.
#[utoipa::path(post, path = "/api/programs/{program}/imports/{import}/approve", tag = "imports",
    params(
        ("program" = String, Path, description = "The program."),
        ("import" = String, Path, description = "The dry run."),
    ),
    responses((status = 202, description = "It is started.", body = Started), Refusals))]
pub async fn approve<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let import_id = approve_dry_run(&app, &scope).await?.to_string();
    Ok((StatusCode::ACCEPTED, Json(Started { import_id })))
}

/// The same for a page.
pub(crate) async fn approve_dry_run<H: Host>(app: &App<H>, scope: &Scope) -> Result<ImportId, Problem> {
    let dry_run = scope.import(&app.host).await?;
    let host = &app.host;
    if let Some(import) = approve::approved_by(host.objects(), &dry_run).await? {
        return Ok(import);
    }
    let found = approve::find(host.objects(), host.imports(), &dry_run, &dry_run.import_id).await?;
    found.ok_or_else(|| scope.problem(Kind::ApprovalUnknown))?;
    let (what, file) = (DropTarget::Approve(dry_run.import_id.clone()), dry_run.import_id.to_string());
    Ok(host.request(&Drop { program: scope.program.clone(), what, file, dry_run: false }).await?)
}

/// How an import is to be undone.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UndoBody {
    /// Whether nothing is to be changed: the answer says what an undo would do.
    pub dry_run: bool,
}

/// Takes back what an import wrote, or as a dry run says what would become of each contact. What somebody else changed
/// since stays.
#[utoipa::path(post, path = "/api/programs/{program}/imports/{import}/undo", tag = "imports",
    params(
        ("program" = String, Path, description = "The program."),
        ("import" = String, Path, description = "The import that is to be undone."),
    ),
    request_body = Option<UndoBody>,
    responses((status = 202, description = "It is started, or was before.", body = Started), Refusals))]
pub async fn undo<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    BodyIfAny(body): BodyIfAny<Option<UndoBody>>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let dry_run = body.unwrap_or_default().dry_run;
    let import_id = undo_import(&app, &scope, dry_run).await?.to_string();
    Ok((StatusCode::ACCEPTED, Json(Started { import_id })))
}

/// The same for a page.
pub(crate) async fn undo_import<H: Host>(
    app: &App<H>,
    scope: &Scope,
    dry_run: bool,
) -> Result<ImportId, Problem> {
    let item = scope.import(&app.host).await?;
    let (objects, imports) = (app.host.objects(), app.host.imports());
    if !dry_run && let Some(undo) = undone_by(objects, imports, &item).await? {
        return Ok(undo);
    }
    if let Err(reason) = undo::find(objects, imports, &item, &item.import_id).await? {
        return Err(scope.problem(Kind::UndoImpossible).detail(undo::impossible(reason, scope.locale)));
    }
    let (what, file) = (DropTarget::Undo(item.import_id.clone()), item.import_id.to_string());
    Ok(app.host.request(&Drop { program: scope.program.clone(), what, file, dry_run }).await?)
}

/// Cancels an import: rows that are not decided yet are not written.
#[utoipa::path(post, path = "/api/programs/{program}/imports/{import}/cancel", tag = "imports",
    params(
        ("program" = String, Path, description = "The program."),
        ("import" = String, Path, description = "The import."),
    ),
    responses((status = 202, description = "It ends soon.", body = Started), Refusals))]
pub async fn cancel<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let import_id = cancel_import(&app, &scope).await?.to_string();
    Ok((StatusCode::ACCEPTED, Json(Started { import_id })))
}

/// The same for a page.
pub(crate) async fn cancel_import<H: Host>(app: &App<H>, scope: &Scope) -> Result<ImportId, Problem> {
    let item = scope.import(&app.host).await?;
    let request = Cancel { program: item.program.clone(), import_id: item.import_id.clone() };
    match note_cancel(app.host.objects(), app.host.imports(), &request).await? {
        Cancelled::Noted => Ok(item.import_id),
        Cancelled::Over(_) => Err(scope.problem(Kind::ImportOver)),
        Cancelled::Unknown => Err(scope.problem(Kind::ImportUnknown)),
    }
}
