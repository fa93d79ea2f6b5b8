//! Contacts as they are now: search, one of them with its history, erase.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Query, State};
use rollcall_domain::contacts::search::Search;
use rollcall_domain::contacts::view::Contact;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::contacts::{ContactFilter, Resolver, ShownPage, find, page};
use rollcall_pipeline::erase::{Erasure, erase};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::history::{HistoryEntry, history};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::openapi::Refusals;
use crate::app::App;
use crate::extract::Scope;
use crate::host::Host;
use crate::problem::{Kind, Problem};

/// Which contacts are wanted.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ContactQuery {
    /// Words that the contact has.
    pub search: Option<String>,
    /// The name of a group that it is in.
    pub group: Option<String>,
    /// The profile that wrote it last.
    pub profile: Option<String>,
    /// The import that wrote it last.
    pub import: Option<String>,
    /// Where the part before ended: its `next`.
    pub cursor: Option<String>,
    /// How many at most: 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// Contacts of a program.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactList {
    /// The contacts, as `rollcall contacts list --json` has them.
    #[schema(value_type = Vec<Object>)]
    pub contacts: Vec<Contact>,
    /// The cursor of the next part; null at the end. A part may be empty and still have a next one.
    pub next: Option<String>,
}

/// How a contact is to be erased.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// Its rows are emptied in result files and working files too.
    pub everywhere: bool,
    /// An import may bring it back: nothing is suppressed.
    pub allow_again: bool,
}

/// Contacts on one page, where it is not said.
const PAGE: usize = 50;

/// Contacts of a program, page by page.
#[utoipa::path(get, path = "/api/programs/{program}/contacts", tag = "contacts",
    params(("program" = String, Path, description = "The program."), ContactQuery),
    responses((status = 200, description = "Contacts.", body = ContactList), Refusals))]
pub async fn list<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<ContactQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ContactList>, Problem> {
    let Query(query) =
        query.map_err(|error| scope.problem(Kind::RequestInvalid).detail(error.body_text()))?;
    let shown = look(&app, &scope, &query).await?;
    Ok(Json(ContactList { contacts: shown.contacts, next: shown.next }))
}

/// The same for a page.
pub(crate) async fn look<H: Host>(
    app: &App<H>,
    scope: &Scope,
    query: &ContactQuery,
) -> Result<ShownPage, Problem> {
    let invalid = |what: &str| scope.problem(Kind::RequestInvalid).detail(what);
    let filter = filter_of(scope, query)?;
    let limit = query.limit.map_or(PAGE, |limit| limit as usize);
    if !(1..=100).contains(&limit) {
        return Err(invalid("limit: takes 1 to 100"));
    }
    let host = &app.host;
    let mut resolver = Resolver::new(host.objects(), host.directory(), scope.program.clone());
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    match page(host.contacts(), &mut resolver, &filter, cursor, limit).await {
        Err(Fault::Damaged { .. }) if cursor.is_some() => Err(invalid("cursor: takes what `next` gave")),
        shown => Ok(shown?),
    }
}

/// The filter of a request; what is empty filters nothing.
pub(crate) fn filter_of(scope: &Scope, query: &ContactQuery) -> Result<ContactFilter, Problem> {
    let filled = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let import = filled(&query.import).map(|id| ImportId::parse(&id)).transpose();
    let invalid = |_| scope.problem(Kind::RequestInvalid).detail("import: takes the id of an import");
    Ok(ContactFilter {
        profile: filled(&query.profile),
        group: filled(&query.group),
        import: import.map_err(invalid)?,
        search: filled(&query.search).and_then(|text| Search::new(&text)),
    })
}

/// A contact, and what imports did to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactShown {
    /// The contact, as `rollcall contacts list --json` has it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub contact: Contact,
    /// Which import wrote which field, as `rollcall contacts show --json` has it: the latest imports, in their order.
    #[schema(value_type = Vec<Object>)]
    pub history: Vec<HistoryEntry>,
    /// Goes on with the imports before, as `before`; null where there are none.
    pub history_next: Option<String>,
}

/// Which part of a history is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Where the part before ended: its `history_next`.
    pub before: Option<String>,
}

/// Imports whose results are looked through for one answer, and for how long.
const LOOKED_THROUGH: usize = 200;
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// What the latest imports did to a contact, in their order; and the import before which to go on.
pub(crate) async fn past<H: Host>(
    app: &App<H>,
    scope: &Scope,
    contact: &ContactId,
    before: Option<&str>,
) -> Result<(Vec<HistoryEntry>, Option<String>), Problem> {
    let before = before.filter(|before| !before.is_empty()).map(ImportId::parse).transpose();
    let invalid = |_| scope.problem(Kind::RequestInvalid).detail("before: takes what `history_next` gave");
    let before = before.map_err(invalid)?;
    let mut items = app.host.imports_of(&scope.program, before.as_ref(), LOOKED_THROUGH + 1).await?;
    let mut more = items.len() > LOOKED_THROUGH;
    items.truncate(LOOKED_THROUGH);
    let (began, mut entries, mut last) = (Instant::now(), Vec::new(), None);
    for item in &items {
        if began.elapsed() > LONGEST_LOOK {
            more = true;
            break;
        }
        entries.extend(history(app.host.objects(), std::slice::from_ref(item), contact).await?);
        last = Some(item.import_id.to_string());
    }
    entries.reverse();
    Ok((entries, last.filter(|_| more)))
}

/// One contact, with its history.
#[utoipa::path(get, path = "/api/programs/{program}/contacts/{contact}", tag = "contacts",
    params(
        ("program" = String, Path, description = "The program."),
        ("contact" = String, Path, description = "The contact."),
        HistoryQuery,
    ),
    responses((status = 200, description = "The contact, and which import wrote which field.", body = ContactShown), Refusals))]
pub async fn show<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<HistoryQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ContactShown>, Problem> {
    let Query(query) =
        query.map_err(|error| scope.problem(Kind::RequestInvalid).detail(error.body_text()))?;
    let contact = one(&app, &scope).await?;
    let (history, history_next) = past(&app, &scope, &contact.contact_id, query.before.as_deref()).await?;
    Ok(Json(ContactShown { contact, history, history_next }))
}

/// The same for a page.
pub(crate) async fn one<H: Host>(app: &App<H>, scope: &Scope) -> Result<Contact, Problem> {
    let unknown = || scope.problem(Kind::ContactUnknown);
    let contact = ContactId::parse(scope.param("contact")).ok_or_else(unknown)?;
    let host = &app.host;
    let mut resolver = Resolver::new(host.objects(), host.directory(), scope.program.clone());
    find(host.contacts(), &mut resolver, &contact).await?.ok_or_else(unknown)
}

/// Erases a contact for good. The answer names the files that still have its rows.
#[utoipa::path(delete, path = "/api/programs/{program}/contacts/{contact}", tag = "contacts",
    params(
        ("program" = String, Path, description = "The program."),
        ("contact" = String, Path, description = "The contact."),
        EraseQuery,
    ),
    responses((status = 200, description = "It is erased.", body = Object), Refusals))]
pub async fn remove<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<EraseQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<rollcall_pipeline::erase::Erased>, Problem> {
    let Query(query) =
        query.map_err(|error| scope.problem(Kind::RequestInvalid).detail(error.body_text()))?;
    forget(&app, &scope, &query).await.map(Json)
}

/// The same for a page.
pub(crate) async fn forget<H: Host>(
    app: &App<H>,
    scope: &Scope,
    query: &EraseQuery,
) -> Result<rollcall_pipeline::erase::Erased, Problem> {
    let unknown = || scope.problem(Kind::ContactUnknown);
    let contact_id = ContactId::parse(scope.param("contact")).ok_or_else(unknown)?;
    let (everywhere, allow_again) = (query.everywhere, query.allow_again);
    let erasure = Erasure { program: scope.program.clone(), contact_id, everywhere, allow_again };
    erase(&app.host, &erasure, app.host.now()).await?.ok_or_else(unknown)
}
