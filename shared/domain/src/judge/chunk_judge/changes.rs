//! Changes of existing contacts: merges a row into the stored record, and finds the fields that differ.

use std::collections::BTreeMap;

use crate::contacts::contact::Record;
use crate::file::cells::Cells;
use crate::judge::chunk_judge::{ChunkJudge, Linked, Row};
use crate::profile::change_rules::{Blank, ChangeRules};
use crate::profile::compiled::{FieldIndex, Profile};
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;

/// A field of a contact that an accepted row changes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The field's name, or the sender's header of a column that is stored as additional data.
    pub field: String,
    /// The value before.
    pub before: String,
    /// The value after. For `groups` it is the added group.
    pub after: String,
}

impl Change {
    pub(super) fn new(field: &str, before: &str, after: &str) -> Self {
        Self { field: field.to_owned(), before: before.to_owned(), after: after.to_owned() }
    }
}

impl ChunkJudge<'_> {
    /// Merges a row into the stored record; `None` if nothing changes.
    ///
    /// # Errors
    /// If the stored record cannot be parsed.
    pub(super) fn lay_over_record(
        &self,
        row: &Row,
        values: RowValues<'_>,
        cells: &Cells,
        linked: &Linked<'_>,
        before: &str,
    ) -> Result<Option<(String, Vec<Change>)>, String> {
        let before: Record = serde_json::from_str(before).map_err(|error| format!("contact: {error}"))?;
        let rules = &self.plan.options.changes;
        let mut own = self.shape.record(self.profile, values, cells, linked);
        keep_fields(self.profile, rules, &before, &mut own);
        let mut merged = own.over(before.clone());
        let cleared = self.cleared(row, values, rules);
        cleared.iter().for_each(|field| clear(self.profile, *field, &mut merged));
        self.shape.say_again(self.profile, &mut merged, !cleared.is_empty());
        if merged == before {
            return Ok(None);
        }
        let changes = differences(self.profile, &before, &merged);
        Ok(Some((serde_json::to_string(&merged).expect("plain data serialises"), changes)))
    }

    /// The fields that the row clears: by an empty cell, or by the sender's word.
    fn cleared(&self, row: &Row, values: RowValues<'_>, rules: &ChangeRules) -> Vec<FieldIndex> {
        if rules.blank == Blank::Keep && rules.clear_word.is_none() {
            return Vec::new();
        }
        let blank = |field: FieldIndex| {
            rules.blank == Blank::Clear
                && values.get(field).is_empty()
                && !was_dropped(row, self.column_name(field))
        };
        let clears = |field: &FieldIndex| {
            !self.profile.fields[*field].required
                && !rules.keeps(&self.profile.fields[*field].name)
                && (values.is_cleared(*field) || blank(*field))
        };
        self.shape.mapped().filter(clears).collect()
    }

    fn column_name(&self, field: FieldIndex) -> &str {
        &self.profile.fields[field].name
    }
}

/// Whether a value of the field was dropped as invalid: that is not a request to clear the field.
fn was_dropped(row: &Row, field: &str) -> bool {
    let dropped = |code: Code| matches!(code, Code::ValueDropped);
    row.findings
        .iter()
        .any(|finding| dropped(finding.code) && finding.field().is_some_and(|name| **name == *field))
}

/// Removes from a row's record the fields that keep a filled value of the contact.
fn keep_fields(profile: &Profile, rules: &ChangeRules, before: &Record, own: &mut Record) {
    for name in &rules.keep_fields {
        let kind = profile.field(name).map(|field| profile.fields[field].kind);
        if kind == Some(FieldKind::Tags) && !before.tags.is_empty() {
            own.tags.clear();
        }
        if kind == Some(FieldKind::AccountId) && before.account_id.is_some() {
            own.account_id = None;
        }
        if before.fields.get(name).is_some_and(|value| !value.is_empty()) {
            own.fields.remove(name);
            own.links.remove(name);
            if profile.contact_email.is_some_and(|field| *profile.fields[field].name == **name) {
                own.email.clear();
            }
        }
    }
}

/// Clears a field of a record, and everything derived from it.
fn clear(profile: &Profile, field: FieldIndex, record: &mut Record) {
    let name = &*profile.fields[field].name;
    if let Some(value) = record.fields.get_mut(name) {
        value.clear();
    }
    record.links.remove(name);
    if profile.fields[field].kind == FieldKind::Tags {
        record.tags.clear();
    }
    if profile.contact_email == Some(field) {
        record.email.clear();
    }
}

/// The fields in which two records of a contact differ: the profile's fields by name, then tags, account and columns
/// without a field.
fn differences(profile: &Profile, before: &Record, after: &Record) -> Vec<Change> {
    let mut changes = Vec::new();
    let is_tags =
        |name: &str| profile.field(name).is_some_and(|field| profile.fields[field].kind == FieldKind::Tags);
    let fields = differing(&before.fields, &after.fields);
    changes.extend(fields.filter(|change| !is_tags(&change.field)));
    let known: Vec<String> = changes.iter().map(|change| change.field.clone()).collect();
    let links = differing(&before.links, &after.links);
    changes.extend(links.filter(|change| !known.contains(&change.field)));
    if before.tags != after.tags {
        changes.push(Change::new("tags", &before.tags.join(", "), &after.tags.join(", ")));
    }
    // Who was found by a website alone may be hidden from the program.
    let account =
        |record: &Record| record.account_id.clone().filter(|_| !record.by_website).unwrap_or_default();
    if account(before) != account(after) && !known.iter().any(|field| field == "account_id") {
        changes.push(Change::new("account_id", &account(before), &account(after)));
    }
    if before.profile != after.profile {
        changes.push(Change::new("profile", &before.profile, &after.profile));
    }
    changes.extend(differing(&before.additional, &after.additional));
    changes
}

/// Entries of two maps that differ, by name; a missing one counts as empty.
fn differing<'a>(
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = Change> + 'a {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let mut names: Vec<&String> = after.keys().chain(gone).collect();
    names.sort_unstable();
    let value = |map: &'a BTreeMap<String, String>, name: &str| map.get(name).map_or("", String::as_str);
    let change = move |name: &'a String| Change::new(name, value(before, name), value(after, name));
    names.into_iter().map(change).filter(|change| change.before != change.after)
}
