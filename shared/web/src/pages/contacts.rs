//! `/p/{program}/contacts`: search, export, one contact with its history, erase.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use rollcall_domain::contacts::view::Contact;
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::names::ProfileName;
use rollcall_pipeline::history::{HistoryEntry, HistoryField};

use super::frame::Frame;
use super::home::time;
use super::{render, see_other};
use crate::api::contacts::{ContactQuery, EraseQuery, HistoryQuery, forget, look, one, past};
use crate::api::export::{ExportQuery, give};
use crate::api::profiles::{all, find};
use crate::app::App;
use crate::extract::{Form, Scope};
use crate::host::Host;
use crate::problem::{Kind, Problem};

#[derive(Template)]
#[template(path = "contacts.html")]
struct Contacts {
    f: Frame,
    program: String,
    search: String,
    group: String,
    profiles: Vec<Choice>,
    is_search: bool,
    erased: bool,
    contacts: Vec<Line>,
    next: Option<String>,
}

/// A profile in the list of those to filter by.
struct Choice {
    name: String,
    title: String,
    chosen: bool,
}

struct Line {
    id: String,
    name: String,
    email: String,
    phones: String,
    groups: String,
    status: String,
}

/// What a page of contacts is asked for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    search: String,
    group: String,
    profile: String,
    cursor: String,
    erased: String,
}

/// The contacts of a program.
pub(super) async fn list<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| scope.problem(Kind::RequestInvalid))?;
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let wanted = ContactQuery {
        search: given(&query.search),
        group: given(&query.group),
        profile: given(&query.profile),
        cursor: given(&query.cursor),
        ..ContactQuery::default()
    };
    let shown = look(&app, &scope, &wanted).await?;
    let f = Frame::of(&scope, "contacts", &format!("/p/{}/contacts", scope.program));
    let line = |contact: Contact| Line {
        status: status(&f, &contact),
        id: contact.contact_id.to_string(),
        name: contact.name,
        email: contact.email,
        phones: contact.phones.join(" "),
        groups: contact.groups.join(", "),
    };
    let contacts = shown.contacts.into_iter().map(line).collect();
    let next = shown.next.map(|cursor| {
        let pairs = [
            ("search", &query.search),
            ("group", &query.group),
            ("profile", &query.profile),
            ("cursor", &cursor),
        ];
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    });
    let choice = |profile: Arc<Profile>| Choice {
        chosen: profile.name.as_str() == query.profile,
        title: profile.title(f.locale).to_owned(),
        name: profile.name.to_string(),
    };
    let profiles = all(&app.host).await?.into_iter().map(choice).collect();
    render(&Contacts {
        program: scope.program.to_string(),
        profiles,
        is_search: wanted.search.is_some() || wanted.group.is_some() || wanted.profile.is_some(),
        search: query.search,
        group: query.group,
        erased: !query.erased.is_empty(),
        contacts,
        next,
        f,
    })
}

/// The contacts that the search finds, as a file.
pub(super) async fn export<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<ExportQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| scope.problem(Kind::RequestInvalid))?;
    give(app, &scope, query).await
}

fn status(f: &Frame, contact: &Contact) -> String {
    let status = serde_json::to_value(contact.status).unwrap_or_default();
    match status.as_str().unwrap_or_default() {
        "partner" => f.w.contact_partner.clone(),
        "active" => f.w.active.clone(),
        _ => f.w.contact_prospect.clone(),
    }
}

#[derive(Template)]
#[template(path = "contact.html")]
struct OnePage {
    f: Frame,
    program: String,
    id: String,
    title: String,
    facts: Vec<Fact>,
    import: String,
    history: Vec<Past>,
    /// Goes on with the imports before.
    older: Option<String>,
}

/// What an import did to the contact.
struct Past {
    at: String,
    time: String,
    import: String,
    file: String,
    did: String,
    fields: Vec<PastField>,
}

struct PastField {
    label: String,
    before: String,
    after: String,
}

#[derive(PartialEq, Eq)]
struct Fact {
    label: String,
    value: String,
}

/// One contact: what a reader may see of it, whatever the file said.
pub(super) async fn show<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    query: Result<Query<HistoryQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| scope.problem(Kind::RequestInvalid))?;
    let contact = one(&app, &scope).await?;
    let id = contact.contact_id.to_string();
    let f = Frame::of(&scope, "contacts", &format!("/p/{}/contacts/{id}", scope.program));
    let profile = match ProfileName::parse(&contact.profile) {
        Ok(name) => find(&app.host, &name).await?,
        Err(_) => None,
    };
    let labels = profile.map(|profile| profile.labels()).unwrap_or_default();
    let (entries, older) = past(&app, &scope, &contact.contact_id, query.before.as_deref()).await?;
    // The latest comes first: that is what a reader looks for.
    let history = entries.into_iter().rev().map(|entry| past_of(&f, &scope, &labels, entry)).collect();
    render(&OnePage {
        history,
        older,
        program: scope.program.to_string(),
        title: if contact.name.is_empty() { id.clone() } else { contact.name.clone() },
        facts: facts(&f, &labels, &contact),
        import: contact.import_id.clone(),
        id,
        f,
    })
}

fn past_of(f: &Frame, scope: &Scope, labels: &Labels, entry: HistoryEntry) -> Past {
    let did = match entry.did {
        "created" => &f.w.did_created,
        "removed" => &f.w.did_removed,
        "restored" => &f.w.did_restored,
        _ => &f.w.did_updated,
    };
    let field = |field: HistoryField| PastField {
        label: labels.of(&field.field, f.locale).to_owned(),
        before: field.before,
        after: field.after,
    };
    Past {
        at: format!("{:.0}", entry.at),
        time: time(entry.at, &scope.settings),
        import: entry.import_id.to_string(),
        file: entry.file,
        did: did.clone(),
        fields: entry.fields.into_iter().map(field).collect(),
    }
}

fn facts(f: &Frame, labels: &Labels, contact: &Contact) -> Vec<Fact> {
    let fact = |label: &str, value: String| Fact { label: label.to_owned(), value };
    let mut facts = vec![
        fact(&f.w.status, status(f, contact)),
        fact(labels.of("email", f.locale), contact.email.clone()),
        fact(labels.of("phone", f.locale), contact.phones.join(" ")),
        fact(&f.w.contact_groups, contact.groups.join(", ")),
        fact(&f.w.contact_tags, contact.tags.join(", ")),
        fact(&f.w.contact_account, contact.account_id.clone().unwrap_or_default()),
        fact(&f.w.contact_invite, contact.invite_to.clone()),
    ];
    let said = contact.fields.iter().map(|(name, value)| fact(labels.of(name, f.locale), value.clone()));
    // An address and a phone that the file gave are said already, unless the account has others.
    let said: Vec<Fact> = said.filter(|one| !facts.contains(one)).collect();
    facts.extend(said);
    facts.extend(contact.additional.iter().map(|(header, value)| fact(header, value.clone())));
    facts.retain(|fact| !fact.value.is_empty());
    facts
}

/// Erases a contact, and leads to the others.
pub(super) async fn erase<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Form(pairs): Form,
) -> Result<Response, Problem> {
    let is_set = |name: &str| pairs.iter().any(|(known, value)| known == name && value == "true");
    if !is_set("sure") {
        return Ok(see_other(&format!("/p/{}/contacts/{}", scope.program, scope.param("contact"))));
    }
    let query = EraseQuery { everywhere: is_set("everywhere"), allow_again: is_set("allow_again") };
    forget(&app, &scope, &query).await?;
    Ok(see_other(&format!("/p/{}/contacts?erased=1", scope.program)))
}
