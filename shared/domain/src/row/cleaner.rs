//! Converts a record to a row: cleans every mapped cell and finds every fault, without any look-up.
//!
//! - [`several`]: fields that several columns may fill. [`meant`]: custom words for values.
//! - [`one_cell`]: one cell. [`repeated`]: fields of which there are several. [`whole_row`]: the row as a whole.
//! - [`identity`]: the identity of a row. [`example`]: the template's example row.

mod example;
mod identity;
mod meant;
mod one_cell;
mod repeated;
mod several;
mod whole_row;

use std::collections::{BTreeMap, HashMap};

use crate::clean::repair::trim;
use crate::clean::{DayOrder, Region};
use crate::file::cells::Cells;
use crate::file::decode::Encoding;
use crate::plan::chunk::Mark;
use crate::plan::mapping::{Alternative, Mapping};
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::source::Part;
use crate::row::again::Spilled;
use crate::row::values::{CLEARED, RowValues, Values};
use crate::types::code::Code;
use crate::types::finding::{Column, Finding};
use crate::types::limits;
use example::example_row;

/// The place of a field's cell in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellOf {
    Nothing,
    /// At this index.
    At(usize),
    /// Each row decides: the index in the list of alternatives.
    Several(usize),
}

/// The profile applied to the columns of one file, for cleaning rows.
#[derive(Debug, Clone)]
pub struct Cleaner<'p> {
    /// The profile.
    pub profile: &'p Profile,
    /// The place of each field's cell.
    cell_of: Vec<CellOf>,
    /// For fields that several columns may fill: the alternatives, with the column of each.
    several: Vec<Vec<(Alternative, Column)>>,
    /// The cells of the template's example row, the most distinctive first; empty if the file does not follow a
    /// template.
    example: Vec<(usize, String)>,
    /// The sender's words for values, by field.
    meant: HashMap<FieldIndex, HashMap<String, String>>,
    /// The field of each cell.
    field_of: Vec<Option<FieldIndex>>,
    /// Whether each cell is always cleaned, because it alone fills a field.
    always_cleaned: Vec<bool>,
    /// The columns for findings, by field.
    columns: Vec<Column>,
    /// The name of each column that has no field.
    headers: Vec<String>,
    width: usize,
    /// The least number of cells in a row: columns at the end without a header do not count.
    least: usize,
    /// Whether rows may be shorter than that.
    open_ended: bool,
    /// The order of day and month, by field.
    orders: Vec<DayOrder>,
    region: Option<Region>,
    allow_duplicates: bool,
    /// Whether invalid values of optional fields are dropped.
    drop_invalid: bool,
    /// Values of the row that did not fit their fields.
    spilled: Vec<Spilled>,
    /// The encoding of the file, for findings about its bytes.
    encoding: Encoding,
    /// The word that clears a field.
    clear_word: Option<&'p str>,
    scratch: String,
}

impl<'p> Cleaner<'p> {
    /// Applies a profile to a file's columns; `mapping` is the sender's ([`Mapping::sender`]).
    pub fn new(
        profile: &'p Profile,
        mapping: &Mapping,
        region: Option<Region>,
        allow_duplicates: bool,
    ) -> Self {
        let width = mapping.columns.len();
        let (mut field_of, mut always_cleaned) = (vec![None; width], vec![false; width]);
        let (mut cell_of, mut several, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for (index, field) in profile.fields.iter().enumerate() {
            let ways = mapping.alternatives(&field.name);
            for place in ways.iter().flat_map(|way| &way.columns) {
                field_of[*place].get_or_insert(index);
            }
            columns.push(field.column(ways.first().map(|way| way.columns[0])));
            cell_of.push(match ways.as_slice() {
                [] => CellOf::Nothing,
                [Alternative { columns, part: Part::Whole, .. }] if columns.len() == 1 => {
                    always_cleaned[columns[0]] = true;
                    CellOf::At(columns[0])
                }
                _ => {
                    let column = |way: Alternative| (way.clone(), field.column(Some(way.columns[0])));
                    several.push(ways.into_iter().map(column).collect());
                    CellOf::Several(several.len() - 1)
                }
            });
        }
        Self {
            profile,
            cell_of,
            several,
            example: example_row(profile, mapping),
            meant: HashMap::new(),
            field_of,
            always_cleaned,
            columns,
            headers: own_names(mapping),
            width: mapping.columns.len(),
            least: mapping.least_width(),
            open_ended: mapping.open_ended,
            orders: vec![DayOrder::DayFirst; profile.fields.len()],
            region,
            allow_duplicates,
            drop_invalid: false,
            spilled: Vec::new(),
            encoding: Encoding::Utf8,
            clear_word: None,
            scratch: String::new(),
        }
    }

    /// Sets the word that clears a field.
    #[must_use]
    pub fn with_clear_word(mut self, word: Option<&'p str>) -> Self {
        self.clear_word = word;
        self
    }

    /// Sets the file's encoding for findings about its bytes.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Drops invalid values of optional fields instead of rejecting the row.
    #[must_use]
    pub fn with_drop_invalid(mut self, drop_invalid: bool) -> Self {
        self.drop_invalid = drop_invalid;
        self
    }

    /// Sets the orders of day and month that the survey determined, by field name.
    #[must_use]
    pub fn with_day_orders(mut self, orders: &BTreeMap<String, DayOrder>) -> Self {
        for (field, order) in self.profile.fields.iter().zip(&mut self.orders) {
            *order = orders.get(&*field.name).copied().unwrap_or(*order);
        }
        self
    }

    /// The column of findings about a field.
    pub fn column(&self, field: FieldIndex) -> &Column {
        &self.columns[field]
    }

    /// The number of cells in a record.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Cleans a row: appends its values, and findings for all faults and repairs.
    pub fn clean(
        &mut self,
        cells: &Cells,
        mark: Option<&Mark>,
        values: &mut Values,
        findings: &mut Vec<Finding>,
    ) {
        let too_large = mark.and_then(|mark| mark.cut_from);
        let region = self.region_of(cells);
        for field in 0..self.profile.fields.len() {
            if too_large.is_none() {
                self.push_value(field, cells, region, values, findings);
            } else {
                values.spans.push((0, 0));
            }
        }
        match too_large {
            Some(bytes) => {
                findings.push(Finding::new(Code::RowTooLarge).arg("limit", limits::ROW).arg("found", bytes));
            }
            None => {
                self.drop_repeated(cells, values, findings);
                self.place_spilled(values, findings);
                self.check_row(cells, self.last(values), mark, findings);
            }
        }
    }

    /// Cleans only the values that identify a row; adds no findings.
    pub fn clean_some(&mut self, cells: &Cells, fields: &[FieldIndex], values: &mut Values) {
        let region = self.region_of(cells);
        let mut unheard = Vec::new();
        for field in 0..self.profile.fields.len() {
            if fields.contains(&field) {
                self.push_value(field, cells, region, values, &mut unheard);
            } else {
                values.spans.push((0, 0));
            }
        }
        self.place_spilled(values, &mut unheard);
    }

    /// The values of the row cleaned last.
    pub fn last<'a>(&self, values: &'a Values) -> RowValues<'a> {
        values.last(self.profile.fields.len())
    }

    /// The region for phones: from the row if the profile has a field for it, otherwise the program's.
    fn region_of(&self, cells: &Cells) -> Option<Region> {
        let cell = self.profile.region_field.map(|field| self.cell(field, cells));
        cell.and_then(|cell| Region::parse(&cell.trim().to_ascii_uppercase())).or(self.region)
    }

    /// Cleans one field and stores the position of its value.
    fn push_value(
        &mut self,
        field: FieldIndex,
        cells: &Cells,
        region: Option<Region>,
        values: &mut Values,
        findings: &mut Vec<Finding>,
    ) {
        if self.is_cleared(field, cells) {
            if self.profile.fields[field].required {
                findings.push(Finding::on(Code::RequiredMissing, &self.columns[field]));
            }
            values.spans.push(CLEARED);
            return;
        }
        let start = values.text.len() as u32;
        self.clean_field(field, cells, region, &mut values.text, findings);
        values.spans.push((start, values.text.len() as u32));
    }

    fn is_cleared(&self, field: FieldIndex, cells: &Cells) -> bool {
        let Some(word) = self.clear_word else { return false };
        trim(&self.cell(field, cells)) == word
    }

    fn clean_field(
        &mut self,
        index: FieldIndex,
        cells: &Cells,
        region: Option<Region>,
        out: &mut String,
        findings: &mut Vec<Finding>,
    ) {
        match self.cell_of[index] {
            CellOf::Nothing => {}
            CellOf::At(position) => self.clean_cell(index, None, cells.get(position), region, out, findings),
            CellOf::Several(number) => self.clean_one_of(index, number, cells, region, out, findings),
        }
    }
}

/// The names of columns from their headers; empty for a file with too many columns, whose rows are not cleaned.
fn own_names(mapping: &Mapping) -> Vec<String> {
    let columns = mapping.columns.iter().take(limits::COLUMNS).enumerate();
    columns.map(|(at, column)| column.name(at)).collect()
}
