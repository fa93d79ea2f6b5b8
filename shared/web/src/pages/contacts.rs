//! `/p/{program}/contacts`: search, one contact, erase.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use rollcall_domain::contacts::view::Contact;
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::types::names::ProfileName;

use super::frame::Frame;
use super::{render, see_other};
use crate::api::contacts::{ContactQuery, EraseQuery, forget, look, one};
use crate::api::profiles::find;
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
    is_search: bool,
    erased: bool,
    contacts: Vec<Line>,
    next: Option<String>,
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
        let pairs = [("search", &query.search), ("group", &query.group), ("cursor", &cursor)];
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    });
    render(&Contacts {
        program: scope.program.to_string(),
        is_search: wanted.search.is_some() || wanted.group.is_some(),
        search: query.search,
        group: query.group,
        erased: !query.erased.is_empty(),
        contacts,
        next,
        f,
    })
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
}

struct Fact {
    label: String,
    value: String,
}

/// One contact: what a reader may see of it, whatever the file said.
pub(super) async fn show<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let contact = one(&app, &scope).await?;
    let id = contact.contact_id.to_string();
    let f = Frame::of(&scope, "contacts", &format!("/p/{}/contacts/{id}", scope.program));
    let profile = match ProfileName::parse(&contact.profile) {
        Ok(name) => find(&app.host, &name).await?,
        Err(_) => None,
    };
    let labels = profile.map(|profile| profile.labels()).unwrap_or_default();
    render(&OnePage {
        program: scope.program.to_string(),
        title: if contact.name.is_empty() { id.clone() } else { contact.name.clone() },
        facts: facts(&f, &labels, &contact),
        import: contact.import_id.clone(),
        id,
        f,
    })
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
