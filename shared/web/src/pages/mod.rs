//! The pages of the console: each file has a handler, then what its template shows.
//!
//! Every step is a form that works without scripts; the scripts in `assets` send it in the background and keep the
//! reader's place. Only the upload itself needs one.

mod assets;
mod contacts;
mod form;
mod frame;
mod home;
mod import;
mod new;
mod review;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rollcall_domain::types::locale::Locale;
use serde::Deserialize;

use crate::app::{App, is_for_programs};
use crate::extract::{LANGUAGE, language};
use crate::host::Host;
use crate::problem::{Kind, Problem, ProblemDetails};
use frame::Frame;

/// The routes of the pages.
pub(crate) fn routes<H: Host>() -> Router<App<H>> {
    Router::new()
        .route("/", get(home::show::<H>))
        .route("/p/{program}", get(home::program::<H>))
        .route("/p/{program}/new", get(new::show::<H>))
        .route("/p/{program}/new/{upload}", get(review::show::<H>).post(review::act::<H>))
        .route("/p/{program}/imports/{import}", get(import::show::<H>))
        .route("/p/{program}/imports/{import}/approve", post(import::approve::<H>))
        .route("/p/{program}/imports/{import}/undo", post(import::undo::<H>))
        .route("/p/{program}/imports/{import}/cancel", post(import::cancel::<H>))
        .route("/p/{program}/contacts", get(contacts::list::<H>))
        .route("/p/{program}/contacts/export", get(contacts::export::<H>))
        .route("/p/{program}/contacts/{contact}", get(contacts::show::<H>))
        .route("/p/{program}/contacts/{contact}/erase", post(contacts::erase::<H>))
        .route("/language/{language}", get(choose_language))
        .route("/assets/{file}", get(assets::get))
}

/// A page, or the problem of one that cannot be rendered.
fn render(page: &impl Template) -> Result<Response, Problem> {
    render_as(StatusCode::OK, page)
}

fn render_as(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(|_| Problem::new(Kind::Unavailable))?;
    Ok((status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// Leads to another page: one that is got, so that going back repeats nothing.
fn see_other(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, path.to_owned())]).into_response()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    f: Frame,
    problem: ProblemDetails,
}

/// Answers a reader of pages with a page where a program gets a problem.
pub(crate) async fn errors_as_pages<H: Host>(
    State(_): State<App<H>>,
    request: Request,
    next: Next,
) -> Response {
    let (for_programs, path) = (is_for_programs(&request), request.uri().path().to_owned());
    let reader = language(request.headers());
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>().filter(|_| !for_programs) else {
        return response;
    };
    let locale = if problem.locale == Locale::En { reader } else { problem.locale };
    let details = problem.clone().in_language(locale).details();
    let page = ProblemPage { f: Frame::plain(locale, &path), problem: details };
    let allow = response.headers().get(axum::http::header::ALLOW).cloned();
    let Ok(mut page) = render_as(response.status(), &page) else { return response };
    if let Some(allow) = allow {
        page.headers_mut().insert(axum::http::header::ALLOW, allow);
    }
    page
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut {
    locale: Locale,
    problem: ProblemDetails,
}

/// The page for somebody without a session.
pub(crate) fn signed_out(headers: &HeaderMap) -> Response {
    let locale = language(headers);
    let problem = Problem::new(Kind::SessionMissing).in_language(locale);
    let page = SignedOut { locale, problem: problem.details() };
    render_as(StatusCode::UNAUTHORIZED, &page).unwrap_or_else(IntoResponse::into_response)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Back {
    back: String,
}

/// Keeps the language that a reader chose, and leads back.
async fn choose_language(
    Path(language): Path<String>,
    back: Result<Query<Back>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let locale = Locale::parse(&language).ok_or(Problem::new(Kind::NotFound))?;
    let back = back.map(|Query(query)| query.back).unwrap_or_default();
    let is_here = back.starts_with('/')
        && !back.starts_with("//")
        && back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let back = if is_here { back } else { "/".to_owned() };
    let cookie = format!("{LANGUAGE}={locale}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly");
    Ok((StatusCode::SEE_OTHER, [(LOCATION, back), (SET_COOKIE, cookie)]).into_response())
}
