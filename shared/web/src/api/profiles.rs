//! Profiles, and the templates that senders fill in.

use std::sync::Arc;

use crate::template::workbook;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::built_in::BUILT_IN;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::template::template as template_of;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ProfileName;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, Objects};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::openapi::Refusals;
use crate::app::App;
use crate::extract::language;
use crate::host::Host;
use crate::problem::{Kind, Problem};

/// A profile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProfileEntry {
    /// Its name.
    pub name: String,
    /// Its title in the reader's language.
    pub title: String,
    /// Whether it comes with the program.
    pub built_in: bool,
    /// Its fields, in its order.
    pub fields: Vec<ProfileField>,
}

/// A field of a profile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProfileField {
    /// Its name, as in options.
    pub name: String,
    /// Its label in the reader's language.
    pub label: String,
    /// Whether it must be mapped, and filled in every row.
    pub required: bool,
}

/// Profiles.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileList {
    /// The built-in ones in their order, then custom ones by name.
    pub profiles: Vec<ProfileEntry>,
}

/// All profiles with their fields.
#[utoipa::path(get, path = "/api/profiles", tag = "profiles",
    responses((status = 200, description = "The profiles.", body = ProfileList), Refusals))]
pub async fn list<H: Host>(
    State(app): State<App<H>>,
    headers: HeaderMap,
) -> Result<Json<ProfileList>, Problem> {
    let locale = language(&headers);
    let profiles = all(&app.host).await?.iter().map(|profile| entry(profile, locale)).collect();
    Ok(Json(ProfileList { profiles }))
}

fn entry(profile: &Profile, locale: Locale) -> ProfileEntry {
    let field = |field: &rollcall_domain::profile::compiled::Field| ProfileField {
        name: field.name.to_string(),
        label: field.label(locale).to_owned(),
        required: field.required,
    };
    ProfileEntry {
        name: profile.name.to_string(),
        title: profile.title(locale).to_owned(),
        built_in: BUILT_IN.iter().any(|(name, _)| *name == profile.name.as_str()),
        fields: profile.fields.iter().map(field).collect(),
    }
}

/// Every valid profile: the built-in ones, then custom ones of other names.
pub(crate) async fn all<H: Host>(host: &H) -> Answer<Vec<Arc<Profile>>> {
    let built_in = BUILT_IN.iter().filter_map(|(name, _)| ProfileName::parse(name).ok());
    let mut names: Vec<ProfileName> = built_in.collect();
    names.extend(
        host.custom_profiles().await?.into_iter().filter(|own| !names.contains(own)).collect::<Vec<_>>(),
    );
    let mut profiles = Vec::new();
    for name in names {
        profiles.extend(find(host, &name).await?);
    }
    Ok(profiles)
}

/// A profile by its name: a custom one goes before a built-in one.
pub(crate) async fn find<H: Host>(host: &H, name: &ProfileName) -> Answer<Option<Arc<Profile>>> {
    let Some(text) = host.objects().get(&object_keys::profile(name)).await? else {
        return Ok(Profile::built_in(name.as_str()));
    };
    let text = String::from_utf8(text).unwrap_or_default();
    Ok(Profile::parse(&text).ok().filter(|profile| profile.name == *name))
}

/// How a template is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text that every spreadsheet opens.
    #[default]
    Csv,
    /// A workbook with notes on its headers.
    Xlsx,
}

/// What a template is to be.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// The format; `csv` where it is not given.
    #[param(inline)]
    format: Option<Format>,
    /// The language of the headers; the reader's where it is not given.
    #[param(value_type = Option<String>, schema_with = crate::api::openapi::language)]
    locale: Option<Locale>,
}

/// The file that a sender fills in.
#[utoipa::path(get, path = "/api/profiles/{profile}/template", tag = "profiles",
    params(("profile" = String, Path, description = "The profile."), TemplateQuery),
    responses(
        (status = 200, description = "The template.", content(
            (Vec<u8> = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Refusals,
    ))]
pub async fn template<H: Host>(
    State(app): State<App<H>>,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
    query: Result<Query<TemplateQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let reader = language(&headers);
    let unknown = || Problem::new(Kind::ProfileUnknown).in_language(reader);
    let Path(name) = path.map_err(|_| unknown())?;
    let Query(query) = query
        .map_err(|error| Problem::new(Kind::RequestInvalid).in_language(reader).detail(error.body_text()))?;
    let name = ProfileName::parse(&name).map_err(|_| unknown())?;
    let profile = find(&app.host, &name).await?.ok_or_else(unknown)?;
    let template = template_of(&profile, query.locale.unwrap_or(reader));
    let (bytes, media, ending) = match query.format.unwrap_or_default() {
        Format::Csv => (template.to_csv(), "text/csv; charset=utf-8", "csv"),
        Format::Xlsx => {
            let bytes = workbook(&template).map_err(|error| Fault::permanent("writing a template", error))?;
            (bytes, crate::api::results::XLSX, "xlsx")
        }
    };
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    Ok(([(CONTENT_TYPE, media.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes).into_response())
}
