//! Finds what identifies a contact that is gone: its id is derived from the cells of its rows, so a row with that id
//! tells it.

use std::collections::HashMap;

use crate::clean::Region;
use crate::contacts::contact::Record;
use crate::file::cells::Cells;
use crate::file::split::records;
use crate::file::write::{unguard, write_record};
use crate::plan::import_plan::Plan;
use crate::plan::mapping::Mapping;
use crate::profile::compiled::{FieldIndex, Profile};
use crate::row::cleaner::Cleaner;
use crate::row::values::{RowValues, Values};
use crate::types::field_kind::FieldKind;
use crate::types::id::ContactId;
use crate::types::names::ProgramName;

/// Derives the contact ids of the rows in result files of one import.
#[derive(Debug)]
pub struct IdentityFinder<'p> {
    program: &'p ProgramName,
    profile: &'p Profile,
    cleaner: Cleaner<'p>,
    /// The fields of all identities.
    fields: Vec<FieldIndex>,
    /// The place of rows among those of their identity, where repeats are allowed.
    ordinals: HashMap<u64, u64>,
    values: Values,
}

impl<'p> IdentityFinder<'p> {
    /// Reads rows as the import judged them.
    pub fn of_plan(plan: &'p Plan, profile: &'p Profile) -> Self {
        let (options, region) = (&plan.options, plan.settings.phone_region());
        let cleaner = Cleaner::new(profile, &plan.mapping.sender(), region, options.allow_duplicates)
            .with_values(&options.value)
            .with_day_orders(&plan.day_orders)
            .with_drop_invalid(options.drop_invalid)
            .with_encoding(plan.encoding)
            .with_clear_word(options.changes.clear_word.as_deref());
        let marks = plan.chunks.iter().flat_map(|chunk| &chunk.repeats).filter(|mark| mark.ordinal > 0);
        let ordinals = marks.map(|mark| (mark.row.into(), mark.ordinal.into())).collect();
        Self { ordinals, ..Self::with(&plan.program, profile, cleaner) }
    }

    /// Reads rows of an import whose plan is gone: `columns` are the fields of each of the sender's columns.
    pub fn of_columns(
        program: &'p ProgramName,
        profile: &'p Profile,
        columns: &[Vec<String>],
        region: Option<Region>,
    ) -> Self {
        let cleaner = Cleaner::new(profile, &Mapping::of_fields(columns), region, false);
        Self::with(program, profile, cleaner)
    }

    fn with(program: &'p ProgramName, profile: &'p Profile, cleaner: Cleaner<'p>) -> Self {
        let mut fields: Vec<FieldIndex> = profile.identity.iter().flatten().copied().collect();
        fields.sort_unstable();
        fields.dedup();
        let (ordinals, values) = (HashMap::new(), Values::default());
        Self { program, profile, cleaner, fields, ordinals, values }
    }

    /// What identifies a contact, from the first of these lines that is a row of it: a record with nothing else.
    pub fn find(&mut self, contact: &ContactId, lines: &[u8], delimiter: u8) -> Option<Record> {
        let text = String::from_utf8_lossy(lines);
        let (mut cells, mut identity) = (Cells::default(), String::new());
        for record in records(text.as_bytes(), delimiter) {
            cells.parse(&text[record.body], delimiter);
            let width = self.cleaner.width();
            let ordinal = cells.get(width).parse().ok().and_then(|row: u64| self.ordinals.get(&row).copied());
            if cells.iter().take(width).any(|cell| unguard(cell) != cell) {
                let mut sent = Vec::new();
                write_record(&mut sent, cells.iter().take(width).map(unguard), delimiter);
                cells.parse(&String::from_utf8_lossy(&sent), delimiter);
            }
            self.values.clear();
            self.cleaner.clean_some(&cells, &self.fields, &mut self.values);
            let values = self.cleaner.last(&self.values);
            if self.cleaner.identity(values, ordinal, &mut identity)
                && ContactId::derive(self.program.as_str(), &self.profile.pool, &identity) == *contact
            {
                return Some(self.record(values));
            }
        }
        None
    }

    fn record(&self, values: RowValues<'_>) -> Record {
        let mut record = Record { profile: self.profile.name.to_string(), ..Record::default() };
        let is_whole = |parts: &&Vec<FieldIndex>| parts.iter().all(|field| !values.get(*field).is_empty());
        for index in self.profile.identity.iter().find(is_whole).into_iter().flatten() {
            let (field, value) = (&self.profile.fields[*index], values.get(*index).to_owned());
            match field.kind {
                FieldKind::Email => record.email.clone_from(&value),
                FieldKind::Phone => record.phones.push(value.clone()),
                _ => {}
            }
            record.fields.insert(field.name.to_string(), value);
        }
        record
    }
}
