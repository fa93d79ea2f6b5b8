//! A row's values to the record that a contact's store keeps.

use super::Linked;
use crate::cells::Cells;
use crate::contact::Record;
use crate::mapping::{Mapping, Role};
use crate::profile::{FieldIndex, FieldKind, Profile, UnknownColumns};
use crate::row::{RowValues, trim};

/// Which fields and columns make a record, in the order in which JSON has them.
#[derive(Debug, Clone)]
pub struct RecordShape {
    /// Mapped fields, by name.
    fields: Vec<FieldIndex>,
    phones: Vec<FieldIndex>,
    /// Unmapped columns that are kept: header and position, by header.
    additional: Vec<(String, usize)>,
}

impl RecordShape {
    /// The shape of a profile's records in one file.
    pub fn of(profile: &Profile, sender: &Mapping) -> Self {
        let cells = sender.cells_of_fields(profile);
        let mut fields: Vec<FieldIndex> =
            (0..profile.fields.len()).filter(|field| cells[*field].is_some()).collect();
        fields.sort_by_key(|field| &profile.fields[*field].name);
        let keep = profile.unknown_columns() == UnknownColumns::Keep;
        let unmapped =
            sender.columns.iter().enumerate().filter(|(_, column)| keep && column.role == Role::Unmapped);
        let mut additional: Vec<(String, usize)> = unmapped
            .map(|(at, column)| (trim(&column.header).to_owned(), at))
            .filter(|(header, _)| !header.is_empty())
            .collect();
        additional.sort();
        additional.dedup_by(|later, first| later.0 == first.0);
        Self { fields, phones: profile.fields_of(FieldKind::Phone).collect(), additional }
    }

    /// The record of a row whose contact is new, as JSON.
    pub fn json(
        &self,
        profile: &Profile,
        values: RowValues<'_>,
        cells: &Cells,
        linked: &Linked<'_>,
    ) -> String {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(b"{\"profile\":");
        push_text(&mut out, profile.name.as_str());
        push_filled(&mut out, b",\"name\":", &self.name(profile, values));
        push_filled(&mut out, b",\"email\":", email(profile, values));
        self.push_phones(&mut out, values);
        push_filled(&mut out, b",\"account_id\":", linked.account_id.unwrap_or_default());
        if !linked.tags.is_empty() {
            out.extend_from_slice(b",\"tags\":");
            serde_json::to_writer(&mut out, &linked.tags).expect("texts serialise into memory");
        }
        if !linked.ids.is_empty() {
            out.extend_from_slice(b",\"links\":");
            let mut links: Vec<(&str, &str)> =
                linked.ids.iter().map(|(field, id)| (&*profile.fields[*field].name, id.as_str())).collect();
            links.sort_unstable();
            push_object(&mut out, links.into_iter());
        }
        out.extend_from_slice(b",\"fields\":");
        push_object(
            &mut out,
            self.fields.iter().map(|field| (&*profile.fields[*field].name, values.get(*field))),
        );
        let mut additional = self.additional(cells).peekable();
        if additional.peek().is_some() {
            out.extend_from_slice(b",\"additional\":");
            push_object(&mut out, additional);
        }
        out.push(b'}');
        String::from_utf8(out).expect("JSON of texts is text")
    }

    /// Whether a record needs more of a row than its values.
    pub fn needs_cells(&self) -> bool {
        !self.additional.is_empty()
    }

    fn name(&self, profile: &Profile, values: RowValues<'_>) -> String {
        let mut name = String::new();
        for part in
            profile.contact_name.iter().map(|field| values.get(*field)).filter(|part| !part.is_empty())
        {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(part);
        }
        name
    }

    /// Phones in the profile's order, each once.
    fn phones<'a>(&self, values: RowValues<'a>) -> impl Iterator<Item = &'a str> {
        let phone = move |at: usize| values.get(self.phones[at]);
        let first =
            move |at: &usize| !phone(*at).is_empty() && !(0..*at).any(|before| phone(before) == phone(*at));
        (0..self.phones.len()).filter(first).map(phone).collect::<Vec<_>>().into_iter()
    }

    fn push_phones(&self, out: &mut Vec<u8>, values: RowValues<'_>) {
        let mut before: &[u8] = b",\"phones\":[";
        for phone in self.phones(values) {
            out.extend_from_slice(before);
            push_text(out, phone);
            before = b",";
        }
        if before == b"," {
            out.push(b']');
        }
    }

    fn additional<'a>(&'a self, cells: &'a Cells) -> impl Iterator<Item = (&'a str, &'a str)> {
        let cell = |(header, at): &'a (String, usize)| (header.as_str(), trim(cells.get(*at)));
        self.additional.iter().map(cell).filter(|(_, value)| !value.is_empty())
    }

    /// The record laid over the one that is there; `None` where nothing of it changed.
    ///
    /// # Errors
    /// Where the record that is there cannot be read.
    pub fn over(
        &self,
        profile: &Profile,
        values: RowValues<'_>,
        cells: &Cells,
        linked: &Linked<'_>,
        before: &str,
    ) -> Result<Option<String>, String> {
        let before: Record = serde_json::from_str(before).map_err(|error| format!("contact: {error}"))?;
        let merged = self.record(profile, values, cells, linked).over(before.clone());
        let changed = merged != before;
        Ok(changed.then(|| serde_json::to_string(&merged).expect("plain data serialises")))
    }

    fn record(&self, profile: &Profile, values: RowValues<'_>, cells: &Cells, linked: &Linked<'_>) -> Record {
        let field =
            |field: &FieldIndex| (profile.fields[*field].name.to_string(), values.get(*field).to_owned());
        let link = |(field, id): &(FieldIndex, String)| (profile.fields[*field].name.to_string(), id.clone());
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Record {
            profile: profile.name.to_string(),
            name: self.name(profile, values),
            email: email(profile, values).to_owned(),
            phones: self.phones(values).map(str::to_owned).collect(),
            account_id: linked.account_id.map(str::to_owned),
            tags: linked.tags.clone(),
            links: linked.ids.iter().map(link).collect(),
            fields: self.fields.iter().map(field).collect(),
            additional: self.additional(cells).map(owned).collect(),
        }
    }
}

fn email<'a>(profile: &Profile, values: RowValues<'a>) -> &'a str {
    profile.contact_email.map_or("", |field| values.get(field))
}

fn push_filled(out: &mut Vec<u8>, name: &[u8], value: &str) {
    if !value.is_empty() {
        out.extend_from_slice(name);
        push_text(out, value);
    }
}

fn push_object<'a>(out: &mut Vec<u8>, members: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut before = b'{';
    for (name, value) in members {
        out.push(before);
        push_text(out, name);
        out.push(b':');
        push_text(out, value);
        before = b',';
    }
    if before == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// A text as serde_json writes it; most have nothing to escape.
fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        serde_json::to_writer(out, text).expect("a text serialises into memory");
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::row::{Cleaner, Values};

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
                let mapping = Mapping::by_header(&header, profile, &Options::default());
                let mut cells = Cells::default();
                cells.parse(record, b',');
                let (mut values, mut findings) = (Values::default(), Vec::new());
                Cleaner::new(profile, &mapping, None, false).clean(&cells, None, &mut values, &mut findings);
                let shape = RecordShape::of(profile, &mapping);
                let values = values.row(0, profile.fields.len());
                let full = Linked {
                    account_id: Some("a1"),
                    tags: vec!["t \"1\"".into(), "t2".into()],
                    ids: vec![(2, "o1".into()), (0, "c1".into())],
                };
                for linked in [Linked::default(), full] {
                    let json = shape.json(profile, values, &cells, &linked);
                    let serde =
                        serde_json::to_string(&shape.record(profile, values, &cells, &linked)).unwrap();
                    assert_eq!(json, serde);
                }
            }
        }
    }
}
