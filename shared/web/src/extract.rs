//! What handlers take out of a request. Each refusal is a problem.

use axum::body::HttpBody;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use axum::http::request::Parts;
use http_body_util::{BodyExt, Limited};
use rollcall_domain::plan::object_keys;
use rollcall_domain::plan::object_keys::Held;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::ports::{ImportItem, Imports, Objects};
use serde::de::DeserializeOwned;

use crate::access::{Caller, cookie};
use crate::app::App;
use crate::host::Host;
use crate::problem::{Kind, Problem};

/// The largest body of a request, files apart.
const BODY_BYTES: usize = 4 * 1024 * 1024;
/// The cookie of the language that a reader chose.
pub(crate) const LANGUAGE: &str = "rollcall_language";

/// The language that the reader chose, if one was chosen.
pub(crate) fn chosen_language(headers: &HeaderMap) -> Option<Locale> {
    cookie(headers, LANGUAGE).and_then(Locale::parse)
}

/// The reader's language where no program has one.
pub(crate) fn language(headers: &HeaderMap) -> Locale {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accepted.split(',').find_map(|tag| Locale::parse(tag.split(';').next().unwrap_or_default()));
    chosen_language(headers).or(first).unwrap_or_default()
}

/// The program of a path, for a caller who may see it. Another's program and none at all are the same answer.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) program: ProgramName,
    pub(crate) settings: Settings,
    /// The language of pages and problems.
    pub(crate) locale: Locale,
    params: Vec<(String, String)>,
}

impl Scope {
    /// A parameter of the path; empty where the route has none of that name.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A problem in the reader's language.
    pub(crate) fn problem(&self, kind: Kind) -> Problem {
        Problem::new(kind).in_language(self.locale)
    }

    /// The import that the path names.
    pub(crate) async fn import<H: Host>(&self, host: &H) -> Result<ImportItem, Problem> {
        let unknown = || self.problem(Kind::ImportUnknown);
        let import = ImportId::parse(self.param("import")).map_err(|_| unknown())?;
        let item = host.imports().get(&import).await?;
        item.filter(|item| item.program == self.program).ok_or_else(unknown)
    }

    /// The keys of the upload that the path names; whether there is one is not looked up.
    pub(crate) fn held(&self, id: &str) -> Result<Held, Problem> {
        Held::parse(&self.program, id).ok_or_else(|| self.problem(Kind::UploadUnknown))
    }
}

impl<H: Host> FromRequestParts<App<H>> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App<H>) -> Result<Self, Problem> {
        let reader = language(&parts.headers);
        let unknown = || Problem::new(Kind::ProgramUnknown).in_language(reader);
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| unknown())?;
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let name = params.iter().find(|(name, _)| name == "program").map_or("", |(_, value)| value);
        let program = ProgramName::parse(name).map_err(|_| unknown())?;
        let caller = parts.extensions.get::<Caller>().ok_or(Problem::new(Kind::SessionMissing))?;
        if program.is_marketplace() || !caller.may(&program) {
            return Err(unknown());
        }
        let text = app.host.objects().get(&object_keys::settings(&program)).await?.ok_or_else(unknown)?;
        // Settings that cannot be read refuse an import, and say why; the desk works without them.
        let settings = Settings::parse(&String::from_utf8_lossy(&text)).unwrap_or_default();
        let locale = chosen_language(&parts.headers).unwrap_or(settings.locale);
        Ok(Self { program, settings, locale, params })
    }
}

/// The JSON body of a request.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + 'static> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let reader = language(request.headers());
        let wrong = |kind: Kind| Problem::new(kind).in_language(reader);
        let given =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = given.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(wrong(Kind::MediaTypeUnsupported).detail("send application/json"));
        }
        let bytes = bytes(request).await.map_err(|problem| problem.in_language(reader))?;
        // A list would be read as the members in their order.
        if bytes.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
            return Err(wrong(Kind::RequestInvalid).detail("the body: takes a JSON object"));
        }
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|error| wrong(Kind::RequestInvalid).detail(error))
    }
}

/// The JSON body of a request that may have none.
#[derive(Debug)]
pub(crate) struct BodyIfAny<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default + 'static> FromRequest<S> for BodyIfAny<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, state).await.map(|Body(body)| Self(body))
    }
}

/// The fields of a form, in their order: a name may occur several times.
#[derive(Debug)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = bytes(request).await?;
        let read = serde_urlencoded::from_bytes(&bytes);
        read.map(Self).map_err(|error| Problem::new(Kind::RequestInvalid).detail(error))
    }
}

async fn bytes(request: Request) -> Result<Vec<u8>, Problem> {
    let body = Limited::new(request.into_body(), BODY_BYTES);
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) if error.downcast_ref::<http_body_util::LengthLimitError>().is_some() => {
            Err(Problem::new(Kind::BodyTooLarge).detail("4 MiB"))
        }
        Err(_) => Err(Problem::new(Kind::RequestInvalid).detail("the connection was lost")),
    }
}
