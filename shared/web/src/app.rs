//! The application: routes, and what every request passes before it reaches one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::access::{Access, COOKIE_NAME, Caller, Sessions};
use crate::api;
use crate::api::progress::Plans;
use crate::host::Host;
use crate::pages;
use crate::problem::{Kind, Problem};

/// The state of the application.
pub struct App<H>(Arc<Desk<H>>);

/// What [`App`] shares between requests.
pub struct Desk<H> {
    /// The host.
    pub host: H,
    pub(crate) access: Access,
    pub(crate) plans: Plans,
    at_once: Semaphore,
    rate: Mutex<Rate>,
}

impl<H> Clone for App<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> std::ops::Deref for App<H> {
    type Target = Desk<H>;

    fn deref(&self) -> &Desk<H> {
        &self.0
    }
}

impl<H> App<H> {
    /// The application on a host.
    pub fn new(host: H, access: Access) -> Self {
        Self(Arc::new(Desk {
            host,
            access,
            plans: Plans::default(),
            at_once: Semaphore::new(MOST_AT_ONCE),
            rate: Mutex::new(Rate { left: BURST, at: Instant::now() }),
        }))
    }
}

/// Requests that are answered at the same time.
const MOST_AT_ONCE: usize = 48;
/// Requests a second, and how many may come at once.
const RATE: f64 = 200.0;
const BURST: f64 = 400.0;
/// How long a request may take that neither sends nor receives a file.
const LONGEST: Duration = Duration::from_secs(120);

#[derive(Debug)]
struct Rate {
    left: f64,
    at: Instant,
}

impl Rate {
    /// Takes one of the requests that are allowed now.
    fn take(&mut self) -> bool {
        let now = Instant::now();
        self.left = (self.left + now.duration_since(self.at).as_secs_f64() * RATE).min(BURST);
        self.at = now;
        let allowed = self.left >= 1.0;
        self.left -= if allowed { 1.0 } else { 0.0 };
        allowed
    }
}

/// The routes over a host.
pub fn router<H: Host>(app: App<H>) -> Router {
    Router::new()
        .merge(api::routes())
        .merge(pages::routes())
        .fallback(async || Problem::new(Kind::NotFound))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed))
        .layer(from_fn_with_state(app.clone(), pages::errors_as_pages::<H>))
        .layer(from_fn_with_state(app.clone(), admit::<H>))
        .with_state(app)
}

/// Lets a request in: within the limits, meant for this server, of somebody who is known. Then every response gets the
/// headers that keep pages to themselves.
async fn admit<H: Host>(State(app): State<App<H>>, mut request: Request, next: Next) -> Response {
    let entry = entry(&app, &mut request);
    let asked = Asked::of(&request);
    let mut response = match entry {
        Entry::Refused(response) => *response,
        Entry::Known => bounded(&app, request, next).await,
    };
    asked.note(&app.host, response.status());
    protect(&mut response, app.host.upload_origin());
    response
}

enum Entry {
    Known,
    Refused(Box<Response>),
}

impl Entry {
    fn refused(kind: Kind) -> Self {
        Self::Refused(Box::new(Problem::new(kind).into_response()))
    }
}

fn entry<H: Host>(app: &App<H>, request: &mut Request) -> Entry {
    if !app.rate.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Entry::refused(Kind::TooManyRequests);
    }
    let sessions = match &app.access {
        Access::Link(sessions) => sessions,
        Access::Asserted => return asserted(request),
    };
    request.extensions_mut().remove::<Caller>();
    if !sessions.is_own(request.method(), request.uri(), request.headers()) {
        return Entry::refused(Kind::ForeignRequest);
    }
    if let Some(token) = token(request) {
        return Entry::Refused(Box::new(sign_in(sessions, &token)));
    }
    match sessions.caller(request.headers()) {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            Entry::Known
        }
        None if is_for_programs(request) => Entry::refused(Kind::SessionMissing),
        None => Entry::Refused(Box::new(pages::signed_out(request.headers()))),
    }
}

/// Somebody else has found out who asks. What a browser sends for another site changes nothing, however it got there.
fn asserted(request: &Request) -> Entry {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let site = request.headers().get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default());
    if !reads && site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Entry::refused(Kind::ForeignRequest);
    }
    match request.extensions().get::<Caller>() {
        Some(_) => Entry::Known,
        None => Entry::refused(Kind::SessionMissing),
    }
}

/// Whether a request wants data and not a page.
pub(crate) fn is_for_programs(request: &Request) -> bool {
    request.uri().path().starts_with("/api/") || request.uri().path().starts_with("/assets/")
}

/// The token of the link, on the one path that it opens.
fn token(request: &Request) -> Option<String> {
    let query =
        request.uri().query().filter(|_| request.uri().path() == "/" && request.method() == Method::GET)?;
    query.split('&').find_map(|pair| pair.strip_prefix("token=")).map(str::to_owned)
}

fn sign_in(sessions: &Sessions, token: &str) -> Response {
    let Some(cookie) = sessions.open(token) else { return pages::signed_out(&axum::http::HeaderMap::new()) };
    let cookie = format!("{COOKIE_NAME}={cookie}; Path=/; HttpOnly; SameSite=Strict");
    let headers = [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Answers within the limits of number and time.
async fn bounded<H: Host>(app: &App<H>, request: Request, next: Next) -> Response {
    let Ok(_turn) = app.at_once.try_acquire() else {
        return Problem::new(Kind::TooManyRequests).into_response();
    };
    let receives_file = request.method() == Method::PUT && request.uri().path().ends_with("/file");
    if receives_file {
        return next.run(request).await;
    }
    let answer = tokio::time::timeout(LONGEST, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::new(Kind::Unavailable).into_response())
}

/// A request in the audit log: by its path, which holds names and ids. What a path without a route says is not noted.
struct Asked {
    caller: String,
    method: Method,
    path: String,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let caller = request.extensions().get::<Caller>();
        Self {
            caller: caller.map(|caller| caller.name.clone()).unwrap_or_default(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        }
    }

    fn note<H: Host>(&self, host: &H, status: StatusCode) {
        let reads = matches!(self.method, Method::GET | Method::HEAD);
        let is_told = !reads || self.path.contains("/results/") || self.path.contains("/contacts");
        if !is_told && status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN {
            return;
        }
        let plain = |sign: char| sign.is_ascii_alphanumeric() || "/-_.".contains(sign);
        let known = status != StatusCode::NOT_FOUND && self.path.len() < 300 && self.path.chars().all(plain);
        let path = if known { self.path.as_str() } else { "-" };
        host.audit(&format!(
            "{} {} {path} {}",
            self.method,
            if self.caller.is_empty() { "-" } else { &self.caller },
            status.as_u16()
        ));
    }
}

/// The policy of pages: nothing from elsewhere, no script or style within a page, in no frame.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'";

/// The policy, with the one origin elsewhere that pages send files to.
fn policy(upload_origin: Option<&str>) -> HeaderValue {
    let wider = upload_origin.and_then(|origin| HeaderValue::from_str(&format!("{POLICY} {origin}")).ok());
    wider.unwrap_or(HeaderValue::from_static(POLICY))
}

fn protect(response: &mut Response, upload_origin: Option<&str>) {
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert_with(|| policy(upload_origin));
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    // With `no-referrer` a browser would call the origin of a form `null`.
    set(REFERRER_POLICY, "same-origin");
    set(CACHE_CONTROL, "no-store");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("x-frame-options"), "DENY");
    set(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()");
}
