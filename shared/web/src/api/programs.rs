//! The programs that a caller may see.

use axum::extract::State;
use axum::{Extension, Json};
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::ports::{Answer, Objects};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Caller;
use crate::api::openapi::Refusals;
use crate::app::App;
use crate::host::Host;
use crate::problem::Problem;

/// A program.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProgramEntry {
    /// Its name.
    pub program: String,
    /// Its title for people; its name where it has none.
    pub title: String,
    /// The language of its messages.
    pub locale: String,
}

/// Programs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramList {
    /// By name.
    pub programs: Vec<ProgramEntry>,
}

/// The programs that the caller may see.
#[utoipa::path(get, path = "/api/programs", tag = "programs",
    responses((status = 200, description = "The programs, by name.", body = ProgramList), Refusals))]
pub async fn list<H: Host>(
    State(app): State<App<H>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<ProgramList>, Problem> {
    Ok(Json(ProgramList { programs: entries(&app.host, &caller).await? }))
}

/// The same for a page.
pub(crate) async fn entries<H: Host>(host: &H, caller: &Caller) -> Answer<Vec<ProgramEntry>> {
    let mut entries = Vec::new();
    for program in host.programs().await?.into_iter().filter(|program| caller.may(program)) {
        entries.push(entry(host, &program).await?);
    }
    Ok(entries)
}

async fn entry<H: Host>(host: &H, program: &ProgramName) -> Answer<ProgramEntry> {
    let text = host.objects().get(&object_keys::settings(program)).await?.unwrap_or_default();
    let settings = Settings::parse(&String::from_utf8_lossy(&text)).unwrap_or_default();
    let title = if settings.title.is_empty() { program.to_string() } else { settings.title };
    Ok(ProgramEntry { program: program.to_string(), title, locale: settings.locale.to_string() })
}
