//! Rows of a directory file: each becomes an entry, which is compared with the existing one.

use serde_json::{Map, Value};

use crate::contacts::directory::DirectoryItem;
use crate::contacts::matching::match_key;
use crate::judge::chunk_judge::{ChunkJudge, ChunkOutput, Known, Row};
use crate::profile::raw::KeyKind;
use crate::result::chunk_result::Writes;
use crate::result::rows::Answer;
use crate::row::fold::fold_name;
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Finding;
use crate::types::id::UNIT;
use crate::types::kind::Kind;
use crate::types::limits;
use crate::types::outcome::Outcome;

impl ChunkJudge<'_> {
    /// The ids of the rows' entries, if the file is a directory load.
    pub(super) fn wanted_ids(&self) -> Vec<String> {
        if self.profile.directory.is_none() {
            return Vec::new();
        }
        let fields = self.profile.fields.len();
        let rows = self.rows.iter().enumerate().filter(|(_, row)| !row.refused);
        rows.filter_map(|(index, _)| self.entry_id(self.values.row(index, fields))).collect()
    }

    fn entry_id(&self, values: RowValues<'_>) -> Option<String> {
        let mut id = String::new();
        let has_identity = self.cleaner.identity(values, None, &mut id);
        let is_sealed = self.profile.directory == Some(Kind::Suppressions);
        has_identity.then(|| if is_sealed { self.suppression_id(&id) } else { id })
    }

    pub(super) fn judge_entry(
        &self,
        output: &mut ChunkOutput,
        mut row: Row,
        (index, values): (usize, RowValues<'_>),
        known: &Known<'_>,
    ) -> Result<(), String> {
        let kind = self.profile.directory.expect("only rows of directory profiles come here");
        let Some(id) = self.entry_id(values).filter(|_| !row.refused) else {
            return self.refuse(output, &mut row);
        };
        let before = known.items.get(id.as_str()).copied().flatten();
        let item = match kind {
            Kind::Suppressions => self.suppression((&row, index), values, id, before),
            _ => self.entry(kind, id, before, values)?,
        };
        if bytes_of(&item) > limits::ENTRY_BYTES {
            row.findings.push(Finding::new(Code::NotStored).arg("limit", limits::ENTRY));
            return self.refuse(output, &mut row);
        }
        let outcome = match before {
            None => Outcome::Created,
            Some(before) if *before == item => Outcome::Unchanged,
            Some(_) => Outcome::Updated,
        };
        self.write_succeeded(output, &row, outcome, &Answer::default());
        output.count(&row, outcome, false);
        if let Writes::Directory(items) = &mut output.chunk_result.writes
            && outcome != Outcome::Unchanged
            && !self.plan.dry_run
        {
            items.push(item);
        }
        Ok(())
    }

    fn entry(
        &self,
        kind: Kind,
        id: String,
        before: Option<&DirectoryItem>,
        values: RowValues<'_>,
    ) -> Result<DirectoryItem, String> {
        let mut entry = match before {
            Some(item) => serde_json::from_str(&item.json).map_err(|error| format!("directory: {error}"))?,
            None => Map::new(),
        };
        self.lay_over(&mut entry, values);
        let json = serde_json::to_string(&entry).expect("plain data serialises");
        Ok(DirectoryItem { keys: keys(kind, &id, &entry), id, json })
    }

    /// A column of the file replaces the value, even with an empty cell; a missing column changes nothing.
    pub(super) fn lay_over(&self, entry: &mut Map<String, Value>, values: RowValues<'_>) {
        for (index, field) in self.profile.fields.iter().enumerate() {
            if self.cleaner.column(index).position.is_none() {
                continue;
            }
            let value = values.get(index);
            let json = match field.kind {
                FieldKind::Number => value.parse::<f64>().map_or(Value::Null, Value::from),
                FieldKind::Programs => value.split('|').filter(|name| !name.is_empty()).collect(),
                _ => Value::from(value),
            };
            if value.is_empty() {
                entry.remove(&*field.name);
            } else {
                entry.insert(field.name.to_string(), json);
            }
        }
    }
}

/// The key that finds an owner whatever its case: for a hint only. No name begins so.
pub(super) fn folded_owner(name: &str) -> String {
    let mut key = String::new();
    fold_name(name, &mut key);
    if !key.is_empty() {
        key.insert(0, UNIT);
    }
    key
}

/// The size of an entry's item in a store: during a load it contains the keys twice.
fn bytes_of(item: &DirectoryItem) -> usize {
    item.json.len() + item.id.len() + 2 * item.keys.iter().map(String::len).sum::<usize>()
}

/// The keys of an entry.
fn keys(kind: Kind, id: &str, entry: &Map<String, Value>) -> Vec<String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let person = || {
        let email = match_key(KeyKind::Email, text("email"));
        email.into_iter().chain(match_key(KeyKind::Phone, text("phone")))
    };
    let folded = |name: &str| {
        let mut key = String::new();
        fold_name(name, &mut key);
        key
    };
    let mut keys: Vec<String> = match kind {
        Kind::Accounts => match_key(KeyKind::Id, id)
            .into_iter()
            .chain(match_key(KeyKind::Website, text("website")))
            .chain(person())
            .collect(),
        Kind::Groups | Kind::Tags | Kind::Agents => vec![id.to_owned()],
        // Case distinguishes two owners with the same name (contract.md, "Identity").
        Kind::Owners => vec![text("name").to_owned(), folded_owner(text("name"))],
        Kind::Companies => vec![folded(text("name"))],
        Kind::Cadences => person().collect(),
        Kind::SignUps => vec![text("invitation").to_owned()],
        // Sealed before they come here.
        Kind::Suppressions => Vec::new(),
    };
    keys.retain(|key| !key.is_empty());
    keys.sort();
    keys.dedup();
    keys
}
