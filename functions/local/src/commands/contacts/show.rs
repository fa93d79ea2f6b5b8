//! `rollcall contacts show`: one contact, and which import wrote which field.

use std::path::Path;

use pollster::block_on;
use rollcall_domain::contacts::view::Contact;
use rollcall_domain::types::id::ContactId;
use rollcall_embedded::home::Home;
use rollcall_pipeline::contacts::{Resolver, find};
use rollcall_pipeline::history::{HistoryEntry, history};
use serde::Serialize;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::programs::program_of;

/// Show one contact and its history: which import wrote which field, and when
///
/// The history is read from the results of the imports, so it goes back as far as they are kept.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Id of the contact, as `rollcall contacts list` shows it
    #[arg(value_name = "CONTACT-ID")]
    contact: String,
    /// Program of the contact
    #[arg(long, value_name = "PROGRAM")]
    program: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A contact with its history.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    contact: &'a Contact,
    history: &'a [HistoryEntry],
}

impl Show {
    /// Shows the contact.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let home = Home::open_shared(home)?;
        let program = program_of(&home, &self.program)?;
        let list = format!("`rollcall contacts list --program {program}`");
        let unknown =
            || Failure::said(format!("no such contact: {}; {list} shows those there are", self.contact));
        let id = ContactId::parse(&self.contact).ok_or_else(unknown)?;
        let directory = home.directory();
        let mut resolver = Resolver::new(home.bucket(), &directory, program.clone());
        let contact = block_on(find(&home.contacts(), &mut resolver, &id))?.ok_or_else(unknown)?;
        let mut imports = home.listing().imports()?;
        imports.retain(|item| item.program == program);
        imports.sort_by(|one, other| one.import_id.cmp(&other.import_id));
        let history = block_on(history(home.bucket(), &imports, &id))?;
        if self.json {
            answer::print(&answer::pretty(&Shown { contact: &contact, history: &history }))?;
        } else {
            answer::print(&text(&contact, &history))?;
        }
        Ok(Exit::Well)
    }
}

fn text(contact: &Contact, history: &[HistoryEntry]) -> String {
    let mut fields = Table::new([Column::words("").whole(), Column::words("").wrapped()]);
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            fields.add([name.to_owned(), value]);
        }
    };
    add("contact", contact.contact_id.to_string());
    add("name", contact.name.clone());
    add("e-mail", contact.email.clone());
    add("phones", contact.phones.join(" "));
    add("account", contact.account_id.clone().unwrap_or_default());
    add("groups", contact.groups.join(", "));
    add("invite to", contact.invite_to.clone());
    let mut out = fields.render(0);
    if history.is_empty() {
        out.push_str("\nNo import whose results are kept wrote this contact.\n");
        return out;
    }
    for entry in history {
        out.push_str(&format!("\n{:.0}  {} by {} ({})\n", entry.at, entry.did, entry.import_id, entry.file));
        let titles = [
            Column::words("field").whole(),
            Column::words("before").wrapped(),
            Column::words("after").wrapped(),
        ];
        let mut table = Table::new(titles);
        entry
            .fields
            .iter()
            .for_each(|field| table.add([&field.field, &field.before, &field.after].map(Clone::clone)));
        if !entry.fields.is_empty() {
            out.push_str(&table.render(2));
        }
    }
    out
}
