//! The rows of the preview: counts, filters, one screen of them, cells to type over.

use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::report::upload::UploadColumn;
use rollcall_domain::types::code::Severity;
use rollcall_pipeline::preview::{PreviewRow, RowStatus};

use super::{View, cell, shortened};
use crate::pages::form::Act;

/// Rows on one screen of the table, and its columns.
const SHOWN: usize = 50;
const COLUMNS: usize = 12;

/// The rows of the preview.
pub(super) struct TableView {
    pub(super) counts: String,
    pub(super) partial_rows: Option<String>,
    pub(super) filters: Vec<Filter>,
    pub(super) page: usize,
    pub(super) rows: Vec<RowLine>,
    pub(super) shown: Vec<String>,
    pub(super) width: usize,
    pub(super) from_to: String,
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
}

pub(super) struct Filter {
    pub(super) value: &'static str,
    pub(super) label: String,
    pub(super) count: String,
    pub(super) chosen: bool,
}

pub(super) struct RowLine {
    pub(super) row: u64,
    /// The line of the file, by which people know it: results and messages name it too.
    pub(super) line: u64,
    pub(super) tone: &'static str,
    pub(super) status: String,
    pub(super) aria: String,
    pub(super) chosen: bool,
    pub(super) cells: Vec<CellView>,
    pub(super) notes: Vec<Note>,
}

/// What a row's finding says.
pub(super) struct Note {
    pub(super) text: String,
    pub(super) tone: &'static str,
}

pub(super) struct CellView {
    pub(super) text: String,
    pub(super) edit: Option<Edit>,
}

pub(super) struct Edit {
    pub(super) name: String,
    pub(super) aria: String,
}

impl View<'_> {
    pub(super) fn table(&self) -> TableView {
        let (f, preview) = (&self.f, self.preview());
        let chosen: Vec<&PreviewRow> = preview.rows.iter().filter(|row| self.is_shown(row)).collect();
        let pages = chosen.len().div_ceil(SHOWN);
        let page = match self.chosen.act {
            Act::Next => self.chosen.page + 1,
            Act::Previous => self.chosen.page.saturating_sub(1),
            _ => self.chosen.page,
        };
        let page = page.min(pages.saturating_sub(1));
        let columns = self.columns_shown();
        let part: Vec<&PreviewRow> = chosen.iter().copied().skip(page * SHOWN).take(SHOWN).collect();
        let number = |number: usize| f.number(number as u64);
        let (from, to) = (page * SHOWN + usize::from(!part.is_empty()), page * SHOWN + part.len());
        let slots = [("from", &*number(from)), ("to", &*number(to)), ("all", &*number(chosen.len()))];
        let shown = number(preview.rows.len());
        let partial = || f.fill(&f.w.partial_rows, &[("rows", &shown)]);
        TableView {
            counts: self.counts(),
            partial_rows: (preview.statuses.looked_at > preview.rows.len() as u64).then(partial),
            filters: self.filters(),
            page,
            width: columns.len() + 1,
            shown: columns.iter().map(|column| self.column_title(column)).collect(),
            rows: part.iter().map(|row| self.row(row, &columns)).collect(),
            from_to: f.fill(&f.w.rows_from_to, &slots),
            has_previous: page > 0,
            has_next: page + 1 < pages,
        }
    }

    fn column_title(&self, column: &UploadColumn) -> String {
        let Some(field) = column.field.as_deref() else { return column.header.clone() };
        let columns = self.preview().columns.iter();
        let is_one_of_several = columns.filter(|other| other.field.as_deref() == Some(field)).count() > 1;
        let label = self.label(field);
        if is_one_of_several { format!("{label} ({})", shortened(&column.header)) } else { label }
    }

    fn count(&self, status: RowStatus) -> usize {
        self.preview().rows.iter().filter(|row| row.status == status).count()
    }

    fn counts(&self) -> String {
        let statuses = &self.preview().statuses;
        let slots = [
            ("rows", statuses.looked_at),
            ("new", statuses.absent),
            ("exists", statuses.exists),
            ("active", statuses.active),
            ("error", statuses.error),
        ];
        let slots = slots.map(|(name, count)| (name, self.f.number(count)));
        let said = slots.iter().filter(|(name, _)| *name != "active" || statuses.active > 0);
        let slots: Vec<(&str, &str)> = said.map(|(name, value)| (*name, value.as_str())).collect();
        self.f.fill(&self.f.w.counts, &slots)
    }

    fn filters(&self) -> Vec<Filter> {
        let w = self.f.w;
        let filter = |value: &'static str, label: &String, count: usize| Filter {
            value,
            label: label.clone(),
            count: self.f.number(count as u64),
            chosen: self.filter() == value,
        };
        [
            filter("all", &w.all, self.preview().rows.len()),
            filter("new", &w.new, self.count(RowStatus::Absent)),
            filter("exists", &w.exists, self.count(RowStatus::Exists)),
            filter("active", &w.active, self.count(RowStatus::Active)),
            filter("error", &w.error, self.count(RowStatus::Error)),
        ]
        .into_iter()
        // Most profiles know no active contacts.
        .filter(|filter| filter.value != "active" || filter.chosen || self.count(RowStatus::Active) > 0)
        .collect()
    }

    fn filter(&self) -> &str {
        match self.chosen.filter.as_str() {
            known @ ("new" | "exists" | "active" | "error") => known,
            _ => "all",
        }
    }

    fn is_shown(&self, row: &PreviewRow) -> bool {
        matches!(self.filter(), "all") || word(row.status) == self.filter()
    }

    /// The columns of the table: those that fill fields first, of a file without any the first ones.
    fn columns_shown(&self) -> Vec<&UploadColumn> {
        let columns = &self.preview().columns;
        let mapped: Vec<&UploadColumn> =
            columns.iter().filter(|column| column.field.is_some()).take(COLUMNS).collect();
        if mapped.is_empty() { columns.iter().take(COLUMNS).collect() } else { mapped }
    }

    fn row(&self, row: &PreviewRow, columns: &[&UploadColumn]) -> RowLine {
        let w = self.f.w;
        let accepted = self.preview().verdict.accepted;
        let status = match row.status {
            RowStatus::Absent => &w.new,
            RowStatus::Exists => &w.exists,
            RowStatus::Active => &w.active,
            RowStatus::Error => &w.error,
        };
        let view = |column: &&UploadColumn| {
            let edit = column.field.as_ref().filter(|_| accepted && is_wrong(row, column)).map(|field| {
                let (label, number) = (self.column_title(column), row.line.to_string());
                let aria = self.f.fill(&w.type_over, &[("field", &label), ("row", &number)]);
                Edit { name: format!("{}.{field}", row.row), aria }
            });
            let text = cell(row, column);
            CellView { text: if edit.is_some() { text.to_owned() } else { shortened(text) }, edit }
        };
        let note = |finding: &FindingJson| Note {
            text: self.line(finding),
            tone: if finding.severity == Severity::Error { "bad" } else { "mixed" },
        };
        RowLine {
            row: row.row,
            line: row.line,
            tone: match row.status {
                RowStatus::Absent => "good",
                RowStatus::Exists => "plain",
                RowStatus::Active => "mixed",
                RowStatus::Error => "bad",
            },
            status: status.clone(),
            aria: self.f.fill(&w.take_row, &[("row", &row.line.to_string())]),
            chosen: !self.chosen.left_out.contains(&row.row),
            cells: columns.iter().map(view).collect(),
            notes: row.findings.iter().map(note).collect(),
        }
    }
}

fn word(status: RowStatus) -> &'static str {
    match status {
        RowStatus::Absent => "new",
        other => other.as_str(),
    }
}

/// Whether an error of a row is about a column, or about the row as a whole: then its cell can be typed over.
fn is_wrong(row: &PreviewRow, column: &UploadColumn) -> bool {
    row.status == RowStatus::Error
        && row.findings.iter().any(|finding| {
            let about = finding.column.as_ref().is_none_or(|at| {
                at.position == Some(column.position) || column.field.as_deref() == Some(&*at.name)
            });
            about && finding.severity == Severity::Error
        })
}
