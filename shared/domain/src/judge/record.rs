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
        let record = self.record(profile, values, cells, linked);
        serde_json::to_string(&record).expect("plain data serialises")
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
        let parts: Vec<&str> = profile
            .contact_name
            .iter()
            .map(|field| values.get(*field))
            .filter(|part| !part.is_empty())
            .collect();
        let mut phones: Vec<String> = Vec::new();
        for phone in self.phones.iter().map(|field| values.get(*field)).filter(|phone| !phone.is_empty()) {
            if !phones.iter().any(|known| known == phone) {
                phones.push(phone.to_owned());
            }
        }
        let field =
            |field: &FieldIndex| (profile.fields[*field].name.to_string(), values.get(*field).to_owned());
        let link = |(field, id): &(FieldIndex, String)| (profile.fields[*field].name.to_string(), id.clone());
        let extra = |(header, at): &(String, usize)| (header.clone(), trim(cells.get(*at)).to_owned());
        Record {
            profile: profile.name.to_string(),
            name: parts.join(" "),
            email: profile.contact_email.map_or_else(String::new, |field| values.get(field).to_owned()),
            phones,
            account_id: linked.account_id.map(str::to_owned),
            tags: linked.tags.clone(),
            links: linked.ids.iter().map(link).collect(),
            fields: self.fields.iter().map(field).collect(),
            additional: self.additional.iter().map(extra).filter(|(_, value)| !value.is_empty()).collect(),
        }
    }
}
