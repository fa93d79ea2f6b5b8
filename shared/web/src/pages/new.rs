//! `/p/{program}/new`: choose a profile and a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use rollcall_domain::profile::compiled::{FieldIndex, Profile};

use super::frame::Frame;
use super::render;
use crate::api::profiles::all;
use crate::app::App;
use crate::extract::Scope;
use crate::host::Host;
use crate::problem::Problem;
use crate::words::Words;

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
    note: Option<&'static String>,
    needs: Option<String>,
    csv: String,
    xlsx: String,
}

/// The page on which an import begins.
pub(super) async fn show<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let f = Frame::of(&scope, "new", &format!("/p/{}/new", scope.program));
    let choice = |profile: &Arc<Profile>| {
        let title = profile.title(scope.locale).to_owned();
        Choice {
            name: profile.name.to_string(),
            csv: f.fill(&f.w.template_csv, &[("profile", &title)]),
            xlsx: f.fill(&f.w.template_xlsx, &[("profile", &title)]),
            note: Words::of(f.locale).profile_note.get(profile.name.as_str()),
            needs: needs(&f, profile),
            title,
        }
    };
    let profiles = all(&app.host).await?.iter().map(choice).collect();
    render(&New { name: scope.program.to_string(), profiles, f })
}

/// The fields that a file must have.
fn needs(f: &Frame, profile: &Profile) -> Option<String> {
    let label = |field: &FieldIndex| profile.fields[*field].label(f.locale);
    let required = profile.fields.iter().filter(|field| field.required);
    let mut fields: Vec<String> = required.map(|field| field.label(f.locale).to_owned()).collect();
    for set in &profile.one_of {
        let labels: Vec<&str> = set.iter().map(label).collect();
        fields.push(f.fill(&f.w.one_of, &[("fields", &labels.join(" / "))]));
    }
    (!fields.is_empty()).then(|| f.fill(&f.w.needs, &[("fields", &fields.join(", "))]))
}
