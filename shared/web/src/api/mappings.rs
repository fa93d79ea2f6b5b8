//! Saved mappings: what is kept for every file with the same header.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rollcall_domain::plan::object_keys::saved_mapping;
use rollcall_domain::plan::saved_mapping::{check_saved, to_toml};
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::toml_table;
use rollcall_domain::types::names::ProfileName;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Objects;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::openapi::Refusals;
use crate::api::profiles::find;
use crate::api::uploads::{OptionsBody, pairs};
use crate::app::App;
use crate::extract::{Body, Scope};
use crate::host::Host;
use crate::problem::{Kind, Problem};

/// A saved mapping.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedMapping {
    /// What tells the header from others: 16 hexadecimal digits.
    pub fingerprint: String,
    /// Its options by name: `map.<header>`, `value.<field>.<from>` and others.
    pub options: BTreeMap<String, String>,
}

/// What is to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingBody {
    /// Options that hold for every file with the header.
    pub options: OptionsBody,
}

fn key(scope: &Scope) -> Result<(ProfileName, String), Problem> {
    let unknown = || scope.problem(Kind::MappingUnknown);
    let fingerprint = scope.param("fingerprint");
    let is_one =
        fingerprint.len() == 16 && fingerprint.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let profile = ProfileName::parse(scope.param("profile")).ok().filter(|_| is_one).ok_or_else(unknown)?;
    let key = saved_mapping(&scope.program, profile.as_str(), fingerprint);
    Ok((profile, key))
}

/// A saved mapping.
#[utoipa::path(get, path = "/api/programs/{program}/mappings/{profile}/{fingerprint}", tag = "mappings",
    params(
        ("program" = String, Path, description = "The program."),
        ("profile" = String, Path, description = "The profile."),
        ("fingerprint" = String, Path, description = "What tells the header: 16 hexadecimal digits."),
    ),
    responses((status = 200, description = "The mapping.", body = SavedMapping), Refusals))]
pub async fn show<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Json<SavedMapping>, Problem> {
    let (_, key) = key(&scope)?;
    let text = app.host.objects().get(&key).await?.ok_or_else(|| scope.problem(Kind::MappingUnknown))?;
    let pairs = toml_table::read_table(&String::from_utf8_lossy(&text))
        .map_err(|error| Fault::permanent("reading a saved mapping", error))?;
    let fingerprint = scope.param("fingerprint").to_owned();
    Ok(Json(SavedMapping { fingerprint, options: pairs.into_iter().collect() }))
}

/// Saves a mapping; one that is there is replaced.
#[utoipa::path(put, path = "/api/programs/{program}/mappings/{profile}/{fingerprint}", tag = "mappings",
    params(
        ("program" = String, Path, description = "The program."),
        ("profile" = String, Path, description = "The profile."),
        ("fingerprint" = String, Path, description = "What tells the header: 16 hexadecimal digits."),
    ),
    request_body = MappingBody,
    responses((status = 204, description = "It is saved."), Refusals))]
pub async fn save<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Body(body): Body<MappingBody>,
) -> Result<StatusCode, Problem> {
    let (profile, key) = key(&scope)?;
    let pairs = pairs(&body.options).map_err(|what| scope.problem(Kind::OptionsInvalid).detail(what))?;
    keep(&app.host, &scope, &profile, &key, &pairs).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Saves options that the profile takes.
pub(crate) async fn keep<H: Host>(
    host: &H,
    scope: &Scope,
    profile: &ProfileName,
    key: &str,
    pairs: &[(String, String)],
) -> Result<(), Problem> {
    let profile = find(host, profile).await?.ok_or_else(|| scope.problem(Kind::ProfileUnknown))?;
    let invalid = |what: String| scope.problem(Kind::OptionsInvalid).detail(what);
    let read = Options::read(pairs).and_then(|options| {
        options.check(&profile)?;
        check_saved(pairs)?;
        Ok(options)
    });
    let options = read.map_err(|error| invalid(error.to_string()))?;
    let notified = scope.settings.check_notify(&options.notify);
    notified.map_err(|what| invalid(format!("option notify: {what}")))?;
    host.objects().put(key, to_toml(pairs).into_bytes()).await?;
    Ok(())
}
