//! `/p/{program}/new`: choose a profile and a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::Frame;
use super::render;
use crate::api::profiles::all;
use crate::app::App;
use crate::extract::Scope;
use crate::host::Host;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "new.html")]
struct New {
    f: Frame,
    name: String,
    profiles: Vec<Choice>,
}

struct Choice {
    name: String,
    title: String,
    csv: String,
    xlsx: String,
}

/// The page on which an import begins.
pub(super) async fn show<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let f = Frame::of(&scope, "new", &format!("/p/{}/new", scope.program));
    let choice = |profile: &Arc<rollcall_domain::profile::compiled::Profile>| {
        let title = profile.title(scope.locale).to_owned();
        Choice {
            name: profile.name.to_string(),
            csv: f.fill(&f.w.template_csv, &[("profile", &title)]),
            xlsx: f.fill(&f.w.template_xlsx, &[("profile", &title)]),
            title,
        }
    };
    let profiles = all(&app.host).await?.iter().map(choice).collect();
    render(&New { name: scope.program.to_string(), profiles, f })
}
