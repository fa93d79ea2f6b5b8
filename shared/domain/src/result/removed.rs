//! Lines of `removed.csv`: the contacts that a replacing import removes.

use crate::contacts::contact::Record;
use crate::file::cells::Cells;
use crate::file::split::records;
use crate::file::write::write_guarded_cell;
use crate::plan::columns::{CONTACT_ID, SUCCEEDED};
use crate::plan::import_plan::Plan;
use crate::profile::compiled::Profile;
use crate::result::chunk_result::ChunkAnswer;
use crate::result::rows::BOM;
use crate::types::id::ContactId;

/// The contacts of the accepted rows of a chunk, in file order; these stay.
pub fn accepted_contacts(plan: &Plan, answer: &ChunkAnswer) -> Vec<ContactId> {
    let delimiter = plan.delimiter();
    let id_column = SUCCEEDED.iter().position(|column| *column == CONTACT_ID).unwrap_or_default();
    let at = plan.mapping.sender().columns.len() + id_column;
    let text = String::from_utf8_lossy(&answer.succeeded);
    let (mut cells, mut contacts) = (Cells::default(), Vec::new());
    for record in records(text.as_bytes(), delimiter) {
        cells.parse(&text[record.body], delimiter);
        contacts.extend(ContactId::parse(cells.get(at)));
    }
    contacts
}

/// The header of the file.
pub fn header(profile: &Profile, delimiter: u8) -> Vec<u8> {
    let mut out = BOM.to_vec();
    let names = identity_fields(profile);
    write_line(&mut out, std::iter::once(CONTACT_ID).chain(names), delimiter);
    out
}

/// Appends the line of a contact: its id, and the fields of the profile's identity.
///
/// # Errors
/// Where the stored record cannot be read.
pub fn write_contact(
    out: &mut Vec<u8>,
    profile: &Profile,
    delimiter: u8,
    contact_id: ContactId,
    record: &str,
) -> Result<(), String> {
    let record: Record = serde_json::from_str(record).map_err(|error| format!("contact: {error}"))?;
    let id = contact_id.to_string();
    let values = identity_fields(profile).map(|name| record.fields.get(name).map_or("", String::as_str));
    write_line(out, std::iter::once(id.as_str()).chain(values), delimiter);
    Ok(())
}

/// The fields of all alternatives of the identity, each once.
fn identity_fields(profile: &Profile) -> impl Iterator<Item = &str> {
    let mut fields: Vec<&str> = Vec::new();
    for field in profile.identity.iter().flatten() {
        let name = &*profile.fields[*field].name;
        if !fields.contains(&name) {
            fields.push(name);
        }
    }
    fields.into_iter()
}

fn write_line<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>, delimiter: u8) {
    for (number, cell) in cells.enumerate() {
        if number > 0 {
            out.push(delimiter);
        }
        write_guarded_cell(out, cell, delimiter);
    }
    out.extend_from_slice(b"\r\n");
}
