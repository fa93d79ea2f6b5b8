//! Every field with its column, samples, and the columns that are left over.

use rollcall_domain::profile::compiled::Field;
use rollcall_domain::profile::raw::UnknownColumns;
use rollcall_domain::report::upload::UploadColumn;

use super::{LISTED, View, cell, shortened};

pub(super) struct FieldLine {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) required: bool,
    pub(super) position: u32,
    pub(super) aria: String,
    pub(super) hint: Option<String>,
    /// The other columns that fill it.
    pub(super) others: Vec<String>,
    pub(super) samples: Vec<String>,
}

pub(super) struct ColumnChoice {
    pub(super) position: u32,
    pub(super) header: String,
}

impl View<'_> {
    pub(super) fn missing(&self) -> Option<String> {
        let missing = &self.preview().missing;
        let labels: Vec<String> = missing
            .iter()
            .map(|names| names.split(", ").map(|name| self.label(name)).collect::<Vec<_>>().join(" / "))
            .collect();
        (!missing.is_empty())
            .then(|| self.f.fill(&self.f.w.choose_columns, &[("fields", &labels.join(", "))]))
    }

    pub(super) fn field(&self, field: &Field) -> FieldLine {
        let columns = &self.preview().columns;
        let fills = |column: &&UploadColumn| {
            column.field.as_deref() == Some(&*field.name)
                || column.fields.iter().any(|filled| **filled == *field.name)
        };
        let from = self.preview().filled_by.get(&*field.name).map(Vec::as_slice).unwrap_or_default();
        let first = from.first().and_then(|together| together.first());
        let column = match first {
            Some(position) => columns.iter().find(|column| column.position == *position),
            None => columns.iter().find(fills),
        };
        let near = columns
            .iter()
            .find(|column| column.hint.as_deref() == Some(&*field.name) && column.field.is_none());
        let near = near.filter(|near| column.is_none() && !self.chosen.is_left_out(&near.header));
        let label = field.label(self.f.locale).to_owned();
        FieldLine {
            name: field.name.to_string(),
            required: field.required,
            position: column.map_or(0, |column| column.position),
            aria: self.f.fill(&self.f.w.column_of, &[("field", &label)]),
            hint: near.map(|column| self.f.fill(&self.f.w.suggested, &[("column", &column.header)])),
            others: self.others(from),
            samples: column.map(|column| self.samples(column)).unwrap_or_default(),
            label,
        }
    }

    /// Says which columns fill a field together with the first one, and which do where that one is empty.
    fn others(&self, from: &[Vec<u32>]) -> Vec<String> {
        let [first, rest @ ..] = from else { return Vec::new() };
        let header = |position: &u32| {
            let column = self.preview().columns.get(*position as usize - 1);
            column.map(|column| choice(column).header).unwrap_or_default()
        };
        let joined = |positions: &[u32]| positions.iter().map(header).collect::<Vec<_>>().join(" + ");
        let rest: Vec<String> = rest.iter().take(LISTED).map(|positions| joined(positions)).collect();
        let mut said = Vec::new();
        if first.len() > 1 {
            said.push(self.f.fill(&self.f.w.together, &[("columns", &joined(&first[1..]))]));
        }
        if !rest.is_empty() {
            said.push(self.f.fill(&self.f.w.also_from, &[("columns", &rest.join(", "))]));
        }
        said
    }

    /// The first three values of a column that are filled and different.
    fn samples(&self, column: &UploadColumn) -> Vec<String> {
        let mut samples: Vec<String> = Vec::new();
        for row in &self.preview().rows {
            let cell = cell(row, column).trim();
            if !cell.is_empty() && samples.iter().all(|known| known != cell) {
                samples.push(shortened(cell));
            }
            if samples.len() == 3 {
                break;
            }
        }
        samples
    }

    pub(super) fn left_over(&self) -> Option<String> {
        let left =
            self.preview().columns.iter().filter(|column| column.field.is_none() && column.fields.is_empty());
        let left: Vec<&str> =
            left.map(|column| column.header.as_str()).filter(|header| !header.trim().is_empty()).collect();
        let mut listed: Vec<String> = left.iter().take(LISTED).map(|header| shortened(header)).collect();
        if left.len() > LISTED {
            listed.push(self.more(left.len() - LISTED));
        }
        let text = match self.profile.unknown_columns() {
            UnknownColumns::Keep => &self.f.w.kept_columns,
            _ => &self.f.w.left_over,
        };
        (!left.is_empty()).then(|| self.f.fill(text, &[("columns", &listed.join(", "))]))
    }
}

pub(super) fn choice(column: &UploadColumn) -> ColumnChoice {
    let header = if column.header.trim().is_empty() {
        format!("({})", column.position)
    } else {
        shortened(&column.header)
    };
    ColumnChoice { position: column.position, header }
}
