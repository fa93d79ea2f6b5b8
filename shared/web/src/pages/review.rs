//! `/p/{program}/new/{upload}`: columns, unknown values, preview, dry run.
//!
//! A file for each part of the page: [`profiles`], [`columns`], [`values`], [`file`], [`table`].

mod columns;
mod file;
mod profiles;
mod table;
mod values;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::object_keys::saved_mapping;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::report::upload::UploadColumn;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::id::{base32, sha256};
use rollcall_pipeline::ports::Objects;
use rollcall_pipeline::preview::{Preview, PreviewRow};

use columns::{ColumnChoice, FieldLine, choice};
use file::FileView;
use profiles::ProfileChoice;
use table::TableView;
use values::{KnownList, KnownValues, UnknownLine, known_of};

use super::form::{Act, Chosen};
use super::frame::Frame;
use super::{render, see_other};
use crate::access::random;
use crate::api::imports::begin;
use crate::api::mappings;
use crate::api::profiles::{all, find};
use crate::api::uploads::{CellBody, OptionsBody, PreviewAnswer, Upload};
use crate::app::App;
use crate::extract::{Form, Scope};
use crate::host::Host;
use crate::problem::{Kind, Problem, ProblemDetails};

/// Rows that the table has.
const MOST_ROWS: usize = 1_000;
/// Unknown values, and columns that are left over, that a page lists.
const LISTED: usize = 50;

#[derive(Template)]
#[template(path = "review.html")]
struct Review {
    f: Frame,
    title: String,
    action: String,
    key: String,
    left_out: String,
    kept: Vec<String>,
    problem: Option<ProblemDetails>,
    accepted: bool,
    refusals: Vec<String>,
    profiles: Vec<ProfileChoice>,
    fits_better: Option<String>,
    warnings: Vec<String>,
    partial: Option<String>,
    remembered: bool,
    remember: bool,
    has_header: bool,
    fields: Vec<FieldLine>,
    columns: Vec<ColumnChoice>,
    left_over: Option<String>,
    unknown: Vec<UnknownLine>,
    known: Vec<KnownList>,
    unknown_more: Option<String>,
    file: FileView,
    table: TableView,
}

/// The page as it is first seen.
pub(super) async fn show<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let upload = Upload::find(&app.host, &scope, scope.param("upload")).await?;
    let kept = app.host.objects().get(&upload.held.chosen()).await?;
    let chosen = kept.map(|json| Chosen::from_json(&json)).unwrap_or_default();
    look(&app, &scope, &upload, chosen, None).await
}

/// Does what a form asks for.
pub(super) async fn act<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Form(pairs): Form,
) -> Result<Response, Problem> {
    let upload = Upload::find(&app.host, &scope, scope.param("upload")).await?;
    let mut chosen = Chosen::read(&pairs);
    match apply(&app, &scope, &upload, &mut chosen).await {
        Ok(Some(started)) => Ok(started),
        Ok(None) => look(&app, &scope, &upload, chosen, None).await,
        Err(problem) => look(&app, &scope, &upload, chosen, Some(problem)).await,
    }
}

/// Applies what was chosen; a dry run leads to its page.
async fn apply<H: Host>(
    app: &App<H>,
    scope: &Scope,
    upload: &Upload,
    chosen: &mut Chosen,
) -> Result<Option<Response>, Problem> {
    let current = upload.about.profile.as_str();
    let before = chosen.profile_before.take().unwrap_or_else(|| current.to_owned());
    let other = chosen.profile.take().filter(|name| *name != before);
    if let Some(other) = other.as_ref().filter(|name| *name != current) {
        upload.become_profile(&app.host, scope, other).await?;
    }
    // The form is about the fields of a profile that the file is no longer for: here, or on somebody else's page.
    if other.is_some() || before != current {
        return Ok(Some(see_other(&path_of(scope, upload))));
    }
    if !chosen.moved.is_empty() {
        let shown = upload.preview(&app.host, scope, chosen.options(), 0).await?.preview;
        chosen.map(&shown.columns, shown.mapping.is_some());
    }
    for (row, field, value) in std::mem::take(&mut chosen.typed) {
        let cell = CellBody { row, field, value, options: OptionsBody::default() };
        upload.type_over(&app.host, scope, cell, chosen.options()).await?;
    }
    if chosen.act != Act::DryRun {
        return Ok(None);
    }
    let mut options = chosen.options();
    if chosen.remember {
        remember(app, scope, upload, chosen).await?;
    }
    options.extend(chosen.rows());
    // The same form twice is the same import; another choice on the same page is another one.
    let said = options.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect::<String>();
    let mut key = String::new();
    base32(&sha256(&[&chosen.key, &upload.held.id, &said]), &mut key);
    let import = begin(app, scope, &upload.held.id, options, true, Some(&key)).await?;
    app.host.objects().put(&upload.held.chosen(), chosen.to_json()).await?;
    Ok(Some(see_other(&format!("/p/{}/imports/{import}?file={}", scope.program, upload.held.id))))
}

fn path_of(scope: &Scope, upload: &Upload) -> String {
    format!("/p/{}/new/{}", scope.program, upload.held.id)
}

async fn remember<H: Host>(
    app: &App<H>,
    scope: &Scope,
    upload: &Upload,
    chosen: &Chosen,
) -> Result<(), Problem> {
    let options = chosen.remembered();
    let shown = upload.preview(&app.host, scope, chosen.options(), 0).await?.preview;
    let Some(mapping) = shown.mapping.filter(|_| !options.is_empty()) else { return Ok(()) };
    let profile = &upload.about.profile;
    let key = saved_mapping(&scope.program, profile.as_str(), &mapping.fingerprint);
    mappings::keep(&app.host, scope, profile, &key, &options).await
}

/// Renders the page. Options that cannot be followed are told, and the file is shown without them.
async fn look<H: Host>(
    app: &App<H>,
    scope: &Scope,
    upload: &Upload,
    mut chosen: Chosen,
    mut problem: Option<Problem>,
) -> Result<Response, Problem> {
    let profile = find(&app.host, &upload.about.profile).await?;
    let profile = profile.ok_or_else(|| scope.problem(Kind::ProfileUnknown))?;
    let shown = match upload.preview(&app.host, scope, chosen.options(), MOST_ROWS).await {
        Ok(shown) => shown,
        Err(failed) if failed.kind == Kind::OptionsInvalid => {
            chosen = Chosen { left_out: chosen.left_out, filter: chosen.filter, ..Chosen::default() };
            problem = problem.or(Some(failed));
            upload.preview(&app.host, scope, Vec::new(), MOST_ROWS).await?
        }
        Err(failed) => return Err(failed),
    };
    let back = path_of(scope, upload);
    let profiles = all(&app.host).await?;
    let known = known_of(&app.host, &scope.program, &profile, &shown.preview).await?;
    let f = Frame::of(scope, "new", &back);
    let view = View { f, profile: &profile, profiles, shown: &shown, chosen: &chosen, known };
    render(&view.page(&upload.about.file, back, problem))
}

/// What a page is made of.
struct View<'a> {
    f: Frame,
    profile: &'a Profile,
    profiles: Vec<Arc<Profile>>,
    shown: &'a PreviewAnswer,
    chosen: &'a Chosen,
    known: KnownValues,
}

impl View<'_> {
    fn page(self, file: &str, action: String, problem: Option<Problem>) -> Review {
        let (f, preview) = (&self.f, &self.shown.preview);
        let (unknown, unknown_more) = self.unknown();
        Review {
            title: f.fill(&f.w.check_file, &[("file", file)]),
            action,
            key: random(),
            left_out: self.chosen.left_out_text(),
            kept: self.chosen.kept.iter().filter_map(|pair| serde_json::to_string(pair).ok()).collect(),
            problem: problem.map(|problem| problem.in_language(f.locale).details()),
            accepted: preview.verdict.accepted,
            refusals: self.refusals(),
            profiles: self.profile_choices(),
            fits_better: self.fits_better(),
            warnings: self.warnings(),
            partial: self.partial(),
            remembered: preview.mapping.as_ref().is_some_and(|mapping| mapping.saved),
            remember: self.chosen.remember,
            has_header: preview.mapping.is_some(),
            fields: self.profile.fields.iter().map(|field| self.field(field)).collect(),
            columns: preview.columns.iter().map(choice).collect(),
            left_over: self.left_over(),
            known: self.known(&unknown),
            unknown,
            unknown_more,
            file: self.file(),
            table: self.table(),
            f: self.f,
        }
    }

    /// Why the file would be refused. Fields without a column are named together: the reader chooses them on this page.
    fn refusals(&self) -> Vec<String> {
        let errors = self.preview().verdict.errors.iter();
        let others = errors.filter(|one| one.code != Code::ColumnMissing).map(|one| self.line(one));
        self.missing().into_iter().chain(others).collect()
    }

    /// Warnings about the file; columns that are left over are told where columns are chosen.
    fn warnings(&self) -> Vec<String> {
        let warnings = self.preview().verdict.warnings.iter();
        warnings.filter(|one| one.code != Code::ColumnsUnmapped).map(|one| self.line(one)).collect()
    }

    fn preview(&self) -> &Preview {
        &self.shown.preview
    }

    /// A finding as a line in the reader's language.
    fn line(&self, finding: &FindingJson) -> String {
        let message = finding.messages.get(self.f.locale);
        let label = finding.column.as_ref().map(|column| self.label(&column.name));
        let text = label.map_or_else(|| message.to_owned(), |label| format!("{label}: {message}"));
        match &finding.suggestion {
            Some(suggestion) if !text.contains(suggestion.as_str()) => format!("{text} ({suggestion})"),
            _ => text,
        }
    }

    fn label(&self, field: &str) -> String {
        let known =
            self.profile.field(field).map(|at| self.profile.fields[at].label(self.f.locale).to_owned());
        known.unwrap_or_else(|| field.to_owned())
    }

    fn partial(&self) -> Option<String> {
        let partial = self.shown.partial?;
        let size = |bytes: u64| format!("{} MB", self.f.number(bytes.div_ceil(1_000_000)));
        let (read, all) = (size(partial.bytes_read), size(partial.bytes));
        Some(self.f.fill(&self.f.w.partial_bytes, &[("read", &read), ("all", &all)]))
    }

    fn more(&self, count: usize) -> String {
        self.f.fill(&self.f.w.and_more, &[("count", &self.f.number(count as u64))])
    }
}

fn cell<'a>(row: &'a PreviewRow, column: &UploadColumn) -> &'a str {
    row.cells.get(column.position as usize - 1).map_or("", String::as_str)
}

/// A text that fits into a table.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
