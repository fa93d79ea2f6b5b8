//! Contacts as a file: all that a filter lets through, as a list that can be imported again.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use rollcall_domain::file::workbook_stream::SheetFull;
use rollcall_domain::plan::object_keys;
use rollcall_domain::types::limits::SHEET_ROWS;
use rollcall_domain::types::names::{ProfileName, ProgramName};
use rollcall_pipeline::contacts::{ContactFilter, Resolver, page};
use rollcall_pipeline::export::{ColumnScan, Columns, Export};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ContactReader, ObjectWriter, Objects};
use serde::Deserialize;
use tokio::runtime::Handle;
use utoipa::IntoParams;

use crate::access::random;
use crate::api::contacts::{ContactQuery, filter_of};
use crate::api::openapi::Refusals;
use crate::api::profiles::{Format, find};
use crate::api::results::{CSV, XLSX};
use crate::app::App;
use crate::extract::Scope;
use crate::host::Host;
use crate::problem::{Kind, Problem};

/// Which contacts a file is to have, and what kind of file it is.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// The format; `csv` where it is not given.
    #[param(inline)]
    pub format: Option<Format>,
    /// Words that the contacts have.
    pub search: Option<String>,
    /// The name of a group that they are in.
    pub group: Option<String>,
    /// The profile that wrote them last; needed where there are contacts of several.
    pub profile: Option<String>,
    /// The import that wrote them last.
    pub import: Option<String>,
}

/// Contacts that are looked through at once.
const AT_ONCE: usize = 500;

/// The contacts of a program as a file that can be imported again.
#[utoipa::path(get, path = "/api/programs/{program}/contacts/export", tag = "contacts",
    params(("program" = String, Path, description = "The program."), ExportQuery),
    responses(
        (status = 200, description = "The file.", content(
            (Vec<u8> = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 303, description = "Where the file is."),
        Refusals,
    ))]
pub async fn contacts<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<ExportQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) =
        query.map_err(|error| scope.problem(Kind::RequestInvalid).detail(error.body_text()))?;
    give(app, &scope, query).await
}

/// The same for a page.
pub(crate) async fn give<H: Host>(
    app: App<H>,
    scope: &Scope,
    query: ExportQuery,
) -> Result<Response, Problem> {
    let format = query.format.unwrap_or_default();
    let (search, group, profile, import) = (query.search, query.group, query.profile, query.import);
    let filter =
        filter_of(scope, &ContactQuery { search, group, profile, import, ..ContactQuery::default() })?;
    let columns = columns(&app, scope, &filter, format).await?;
    let full =
        |full: SheetFull| scope.problem(Kind::RequestInvalid).detail(format!("{full}; choose format=csv"));
    let (export, media, ending) = match format {
        Format::Csv => (Export::csv(columns), CSV, "csv"),
        Format::Xlsx => (Export::workbook(columns).map_err(full)?, XLSX, "xlsx"),
    };
    let program = scope.program.clone();
    let name = format!("attachment; filename=\"contacts-{program}.{ending}\"");
    let pieces = pieces(app.clone(), program.clone(), filter, export);
    if !H::STREAMS {
        let key = object_keys::export(&program, &random(), ending);
        let link = keep(&app, &key, pieces).await?;
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, link)]).into_response());
    }
    let body = Body::from_stream(pieces);
    Ok(([(CONTENT_TYPE, media.to_owned()), (CONTENT_DISPOSITION, name)], body).into_response())
}

/// The columns that the contacts need. All of them are looked at first: the header comes before the lines.
async fn columns<H: Host>(
    app: &App<H>,
    scope: &Scope,
    filter: &ContactFilter,
    format: Format,
) -> Result<Columns, Problem> {
    let (mut scan, mut cursor) = (ColumnScan::default(), None::<String>);
    loop {
        let page = app.host.contacts().page(&scope.program, cursor.as_deref(), AT_ONCE).await?;
        for listed in &page.contacts {
            scan.look(filter, listed)?;
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let invalid = |what: String| scope.problem(Kind::RequestInvalid).detail(what);
    if format == Format::Xlsx && scan.lines() >= u64::from(SHEET_ROWS) {
        return Err(invalid(format!("{SheetFull}; choose format=csv")));
    }
    let profile = match scan.profiles(filter).as_slice() {
        [] => None,
        [one] => match ProfileName::parse(one) {
            Ok(name) => find(&app.host, &name).await?,
            Err(_) => None,
        },
        several => return Err(invalid(format!("profile: {}", several.join(", ")))),
    };
    Ok(scan.columns(profile.as_deref(), scope.settings.locale))
}

/// The pieces of the file. Each is made on a thread of its own, because stores may block.
fn pieces<H: Host>(
    app: App<H>,
    program: ProgramName,
    filter: ContactFilter,
    export: Export,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let begun = Some((export, None::<String>));
    stream::unfold(begun, move |state| {
        let (app, program, filter) = (app.clone(), program.clone(), filter.clone());
        async move {
            let (export, cursor) = state?;
            let handle = Handle::current();
            let made = tokio::task::spawn_blocking(move || {
                handle.block_on(piece(&app, &program, &filter, export, cursor))
            });
            // The response is cut, which its end shows.
            let cut = |_| io::Error::other("the contacts cannot be read");
            match made.await.map_err(io::Error::other).and_then(|made| made.map_err(cut)) {
                Ok((bytes, rest)) => Some((Ok(Bytes::from(bytes)), rest)),
                Err(error) => Some((Err(error), None)),
            }
        }
    })
}

/// An export, and where it goes on.
type Begun = Option<(Export, Option<String>)>;

async fn piece<H: Host>(
    app: &App<H>,
    program: &ProgramName,
    filter: &ContactFilter,
    mut export: Export,
    cursor: Option<String>,
) -> Answer<(Vec<u8>, Begun)> {
    let host = &app.host;
    let mut resolver = Resolver::new(host.objects(), host.directory(), program.clone());
    let shown = page(host.contacts(), &mut resolver, filter, cursor.as_deref(), AT_ONCE).await?;
    for contact in &shown.contacts {
        let added = export.add(contact, resolver.profile(&contact.profile));
        added.map_err(|full| Fault::permanent("writing a list of contacts", full))?;
    }
    if shown.next.is_none() {
        return Ok((export.finish(), None));
    }
    Ok((export.take(), Some((export, shown.next))))
}

/// Writes the file into the bucket, where a response cannot be as long as the file; the link that gives it.
async fn keep<H: Host>(
    app: &App<H>,
    key: &str,
    pieces: impl Stream<Item = io::Result<Bytes>>,
) -> Result<String, Problem> {
    let mut writer = app.host.objects().create(key).await?;
    let mut pieces = Box::pin(pieces);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Fault::permanent("writing a list of contacts", error))?;
        writer.write(&piece).await?;
    }
    writer.finish().await?;
    app.host.link(key).await?.ok_or(Problem::new(Kind::Unavailable))
}
