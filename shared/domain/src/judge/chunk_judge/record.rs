//! Turns a row's values into the record of a contact.

use std::borrow::Cow;

use crate::clean::corrupted;
use crate::clean::repair::trim;
use crate::contacts::contact::{Record, SAID_BY_FIELDS};
use crate::file::cells::Cells;
use crate::judge::chunk_judge::Linked;
use crate::plan::mapping::Mapping;
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::raw::UnknownColumns;
use crate::row::values::RowValues;
use crate::types::bytes;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Column;

/// The fields and columns of a record, in the order of its JSON.
#[derive(Debug, Clone)]
pub struct RecordShape {
    /// Mapped fields, by name, and repeated fields with a flag whether they are mapped: a cell with several values
    /// may fill one without a column.
    fields: Vec<(FieldIndex, bool)>,
    /// The mapped fields with the roles of name, e-mail and phone.
    said: [Option<FieldIndex>; 3],
    phones: Vec<FieldIndex>,
    /// Unmapped columns that are stored: name and position, by name.
    additional: Vec<(String, usize)>,
}

impl RecordShape {
    /// The shape of a profile's records in one file.
    pub fn of(profile: &Profile, sender: &Mapping) -> Self {
        let all = (0..profile.fields.len()).map(|field| (field, sender.has(&profile.fields[field].name)));
        let mut fields: Vec<(FieldIndex, bool)> =
            all.filter(|(field, mapped)| *mapped || profile.fields[*field].repeats.is_some()).collect();
        fields.sort_by_key(|(field, _)| &profile.fields[*field].name);
        let keep = profile.unknown_columns() == UnknownColumns::Keep;
        let mut additional = if keep { sender.unmapped() } else { Vec::new() };
        additional.sort();
        let said = SAID_BY_FIELDS
            .map(|name| fields.iter().map(|(field, _)| *field).find(|at| *profile.fields[*at].name == *name));
        Self { fields, said, phones: profile.fields_of(FieldKind::Phone).collect(), additional }
    }

    /// Writes the record of a row whose contact is new, as JSON.
    pub fn write(
        &self,
        out: &mut String,
        profile: &Profile,
        values: RowValues<'_>,
        cells: &Cells,
        linked: &Linked<'_>,
    ) {
        let [said_name, said_email, said_phone] =
            self.said.map(|field| field.map_or("", |field| values.get(field)));
        out.push_str("{\"profile\":");
        push_text(out, profile.name.as_str());
        let name = name(profile, |field| values.get(field));
        if name != said_name {
            push_member(out, ",\"name\":", &name);
        }
        let email = email(profile, values);
        if email != said_email {
            push_member(out, ",\"email\":", email);
        }
        self.push_phones(out, values, said_phone);
        if let Some(account_id) = linked.account_id {
            push_member(out, ",\"account_id\":", account_id);
        }
        if linked.by_website {
            out.push_str(",\"by_website\":true");
        }
        if !linked.tags.is_empty() {
            out.push_str(",\"tags\":");
            out.push_str(&serde_json::to_string(&linked.tags).expect("texts serialise"));
        }
        if !linked.ids.is_empty() {
            out.push_str(",\"links\":");
            let mut links: Vec<(&str, &str)> =
                linked.ids.iter().map(|(field, id)| (&*profile.fields[*field].name, id.as_str())).collect();
            links.sort_unstable();
            push_object(out, links.into_iter());
        }
        out.push_str(",\"fields\":");
        push_object(out, self.fields(values).map(|(field, value)| (&*profile.fields[field].name, value)));
        let mut additional = self.additional(cells).peekable();
        if additional.peek().is_some() {
            out.push_str(",\"additional\":");
            push_object(out, additional);
        }
        out.push('}');
    }

    /// Each field of the record, and its value.
    fn fields<'a>(&'a self, values: RowValues<'a>) -> impl Iterator<Item = (FieldIndex, &'a str)> {
        let valued = self.fields.iter().map(move |(field, mapped)| (*field, *mapped, values.get(*field)));
        valued
            .filter(|(_, mapped, value)| *mapped || !value.is_empty())
            .map(|(field, _, value)| (field, value))
    }

    /// The positions of columns without a field that are stored.
    pub fn kept_columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.additional.iter().map(|(_, position)| *position)
    }

    /// The cells of columns without a field whose values were lost before the file was sent, with the reason.
    pub fn spoiled<'a>(&'a self, cells: &'a Cells) -> impl Iterator<Item = (Column, &'a str, &'static str)> {
        self.additional.iter().filter_map(|(header, at)| {
            let cell = trim(cells.get(*at));
            let reason = corrupted(cell)?;
            Some((Column::unmapped(header.as_str(), *at as u32 + 1), cell, reason))
        })
    }

    /// Whether a record needs the cells of a row in addition to its values.
    pub fn needs_cells(&self) -> bool {
        !self.additional.is_empty()
    }

    /// Phones in the profile's order, without duplicates.
    fn phones<'a>(&'a self, values: RowValues<'a>) -> impl Iterator<Item = &'a str> {
        let phone = move |at: usize| values.get(self.phones[at]);
        let first =
            move |at: &usize| !phone(*at).is_empty() && !(0..*at).any(|before| phone(before) == phone(*at));
        (0..self.phones.len()).filter(first).map(phone)
    }

    /// Writes the phones, unless one field holds the same single phone.
    fn push_phones(&self, out: &mut String, values: RowValues<'_>, said: &str) {
        let said_all = self.phones(values).eq((!said.is_empty()).then_some(said));
        if said_all {
            return;
        }
        out.push_str(",\"phones\":[");
        for (number, phone) in self.phones(values).enumerate() {
            if number > 0 {
                out.push(',');
            }
            push_text(out, phone);
        }
        out.push(']');
    }

    fn additional<'a>(&'a self, cells: &'a Cells) -> impl Iterator<Item = (&'a str, &'a str)> {
        let cell = |(header, at): &'a (String, usize)| (header.as_str(), trim(cells.get(*at)));
        self.additional.iter().map(cell).filter(|(_, value)| !value.is_empty() && corrupted(value).is_none())
    }

    /// The mapped fields.
    pub(super) fn mapped(&self) -> impl Iterator<Item = FieldIndex> {
        self.fields.iter().filter(|(_, mapped)| *mapped).map(|(field, _)| *field)
    }

    /// Name and phones say what the fields say, also where some of these are from the row and some from before;
    /// where a field is cleared, they may become empty.
    pub(crate) fn say_again(&self, profile: &Profile, merged: &mut Record, cleared: bool) {
        let value =
            |field: FieldIndex| merged.fields.get(&*profile.fields[field].name).map_or("", String::as_str);
        let name = name(profile, value).into_owned();
        let mut phones: Vec<String> = Vec::new();
        for phone in self.phones.iter().map(|field| value(*field)).filter(|phone| !phone.is_empty()) {
            if !phones.iter().any(|before| before == phone) {
                phones.push(phone.to_owned());
            }
        }
        if !name.is_empty() || cleared {
            merged.name = name;
        }
        if !phones.is_empty() || cleared {
            merged.phones = phones;
        }
    }

    /// The record of a row on its own.
    pub(super) fn record(
        &self,
        profile: &Profile,
        values: RowValues<'_>,
        cells: &Cells,
        linked: &Linked<'_>,
    ) -> Record {
        let field =
            |(field, value): (FieldIndex, &str)| (profile.fields[field].name.to_string(), value.to_owned());
        let link = |(field, id): &(FieldIndex, String)| (profile.fields[*field].name.to_string(), id.clone());
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Record {
            profile: profile.name.to_string(),
            name: name(profile, |field| values.get(field)).into_owned(),
            email: email(profile, values).to_owned(),
            phones: self.phones(values).map(str::to_owned).collect(),
            account_id: linked.account_id.map(str::to_owned),
            by_website: linked.by_website,
            tags: linked.tags.clone(),
            links: linked.ids.iter().map(link).collect(),
            fields: self.fields(values).map(field).collect(),
            additional: self.additional(cells).map(owned).collect(),
        }
    }
}

/// The name, joined from the fields in the profile's `[contact]`.
fn name<'a>(profile: &Profile, value: impl Fn(FieldIndex) -> &'a str) -> Cow<'a, str> {
    let parts = profile.contact_name.iter().map(|field| value(*field));
    let mut parts = parts.filter(|part| !part.is_empty());
    let mut name = Cow::Borrowed(parts.next().unwrap_or_default());
    for part in parts {
        let name = name.to_mut();
        name.push(' ');
        name.push_str(part);
    }
    name
}

fn email<'a>(profile: &Profile, values: RowValues<'a>) -> &'a str {
    profile.contact_email.map_or("", |field| values.get(field))
}

fn push_member(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    push_text(out, value);
}

fn push_object<'a>(out: &mut String, members: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut before = '{';
    for (name, value) in members {
        out.push(before);
        push_text(out, name);
        out.push(':');
        push_text(out, value);
        before = ',';
    }
    if before == '{' {
        out.push('{');
    }
    out.push('}');
}

/// Writes a text as serde_json does; most texts need no escapes, which is checked many bytes at a time.
fn push_text(out: &mut String, text: &str) {
    if bytes::any(text.as_bytes(), |all| all.is_within(0, 0x1f) | all.is(b'"') | all.is(b'\\')) {
        out.push_str(&serde_json::to_string(text).expect("a text serialises"));
        return;
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::options::Options;
    use crate::row::cleaner::Cleaner;
    use crate::row::values::Values;

    #[test]
    fn a_new_record_is_written_as_serde_would() {
        let profile = Profile::built_in("prospects").unwrap();
        let keeping =
            Profile::parse("name = 'own'\nextends = 'prospects'\nunknown_columns = 'keep'\n").unwrap();
        for record in [
            "Ann,ann@one.example,+55 11 91234-5678,x,vip,extra",
            "\"A \"\"quoted\"\" \\ name\nand more\",a@b.example,,,,",
            ",,,,,",
        ] {
            for profile in [&profile, &keeping] {
                let header = ["name", "email", "phone", "note", "group", "=1+1"];
                let mapping = Mapping::with_header(&header, profile, &Options::default());
                let mut cells = Cells::default();
                cells.parse(record, b',');
                let (mut values, mut findings) = (Values::default(), Vec::new());
                Cleaner::new(profile, &mapping, None, false).clean(&cells, None, &mut values, &mut findings);
                let shape = RecordShape::of(profile, &mapping);
                let values = values.row(0, profile.fields.len());
                let full = Linked {
                    account_id: Some("a1"),
                    by_website: true,
                    tags: vec!["t \"1\"".into(), "t2".into()],
                    ids: vec![(2, "o1".into()), (0, "c1".into())],
                };
                for linked in [Linked::default(), full] {
                    let mut json = String::new();
                    shape.write(&mut json, profile, values, &cells, &linked);
                    let serde =
                        serde_json::to_string(&shape.record(profile, values, &cells, &linked)).unwrap();
                    assert_eq!(json, serde);
                    let read: Record = serde_json::from_str(&json).unwrap();
                    assert_eq!(read, shape.record(profile, values, &cells, &linked));
                }
            }
        }
    }
}
