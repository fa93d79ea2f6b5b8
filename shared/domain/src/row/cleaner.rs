//! Turns a record into a row: cleans every mapped cell, finds every fault, looks nothing up yet.

use crate::clean::repair::trim;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::clean;
use crate::clean::{DayOrder, Region};
use crate::file::cells::Cells;
use crate::file::decode::Encoding;
use crate::file::record_text::BadBytes;
use crate::plan::chunk::Mark;
use crate::plan::mapping::{Alternative, Mapping};
use crate::profile::compiled::{Field, FieldIndex, Profile};
use crate::profile::options::ValueOption;
use crate::profile::source::Part;
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::{Column, Finding};
use crate::types::id::UNIT;
use crate::types::limits;

use crate::row::again::{Kept, Spilled, look_again};
use crate::row::cell::{clean_cell, holds};
use crate::row::fold::{fold_name, identity_part};
use crate::row::kinds::Told;

/// The cleaned values of rows, one after the other; a field without a value has an empty one.
#[derive(Debug, Clone, Default)]
pub struct Values {
    text: String,
    spans: Vec<(u32, u32)>,
}

impl Values {
    /// No values yet, with room for rows of so many fields and so many bytes in all.
    pub fn with_room(rows: usize, fields: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), spans: Vec::with_capacity(rows * fields) }
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
    }

    /// The values of one row, by its number among the rows cleaned.
    pub fn row(&self, number: usize, fields: usize) -> RowValues<'_> {
        RowValues { text: &self.text, spans: &self.spans[number * fields..(number + 1) * fields] }
    }

    fn last(&self, fields: usize) -> RowValues<'_> {
        RowValues { text: &self.text, spans: &self.spans[self.spans.len() - fields..] }
    }
}

/// The cleaned values of one row, by field.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowValues<'a> {
    text: &'a str,
    spans: &'a [(u32, u32)],
}

/// The place of a value that the sender clears by a word: no text is there.
const CLEARED: (u32, u32) = (u32::MAX, u32::MAX);

impl<'a> RowValues<'a> {
    /// A field's cleaned value, empty where it has none.
    pub fn get(&self, field: FieldIndex) -> &'a str {
        let (start, end) = self.spans[field];
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Whether the sender's word for clearing is in the cell; the value is empty then.
    pub fn is_cleared(&self, field: FieldIndex) -> bool {
        self.spans[field] == CLEARED
    }
}

/// Where a field's cell is in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellOf {
    Nothing,
    /// At this place.
    At(usize),
    /// Each row decides: the number of the list of ways.
    Several(usize),
}

/// The cell that a row fills a field from.
struct Taken<'a> {
    sent: Cow<'a, str>,
    /// The place among the ways to fill the field.
    way: usize,
}

/// What a row is cleaned by: the profile, laid over the columns of one file.
#[derive(Debug, Clone)]
pub struct Cleaner<'p> {
    /// The profile.
    pub profile: &'p Profile,
    /// Where each field's cell is.
    pub(super) cell_of: Vec<CellOf>,
    /// Of fields that several columns may fill: the ways to fill them, with the column of each.
    pub(super) several: Vec<Vec<(Alternative, Column)>>,
    /// The cells of a template's example row, the most telling one first; empty where the file is none of a template.
    example: Vec<(usize, String)>,
    /// What the sender's values mean, by field.
    meant: HashMap<FieldIndex, HashMap<String, String>>,
    /// The field of each cell.
    field_of: Vec<Option<FieldIndex>>,
    /// Whether each cell is always cleaned: it alone fills a field.
    always_cleaned: Vec<bool>,
    /// For findings, by field.
    columns: Vec<Column>,
    /// What each column is called where it is no field's.
    headers: Vec<String>,
    width: usize,
    /// Cells that a row has at least: columns at the end without a header do not count.
    least: usize,
    /// Rows may be shorter than that.
    open_ended: bool,
    /// Of dates, by field.
    pub(super) orders: Vec<DayOrder>,
    region: Option<Region>,
    allow_duplicates: bool,
    /// Optional fields whose value is wrong are left out.
    drop_invalid: bool,
    /// Values of the row that its fields had no place for.
    spilled: Vec<Spilled>,
    /// Of the file, for findings about its bytes.
    encoding: Encoding,
    /// A cell that is this word clears its field.
    clear_word: Option<&'p str>,
    scratch: String,
}

impl<'p> Cleaner<'p> {
    /// Lays a profile over a file's columns; `mapping` is the sender's ([`Mapping::sender`]).
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

    /// Reads what the sender writes for what we know; case and blanks do not count.
    #[must_use]
    pub fn with_values(mut self, values: &[ValueOption]) -> Self {
        for one in values {
            let Some(index) = self.profile.field(&one.field) else { continue };
            self.meant.entry(index).or_default().insert(value_key(&one.from), one.to.clone());
            // A field with such values goes the longer way, so that no other has to ask.
            if let CellOf::At(place) = self.cell_of[index] {
                let way = Alternative { columns: vec![place], part: Part::Whole, repeats: false };
                self.several.push(vec![(way, self.columns[index].clone())]);
                self.cell_of[index] = CellOf::Several(self.several.len() - 1);
                self.always_cleaned[place] = false;
            }
        }
        self
    }

    /// What the sender means by a cell.
    fn meant<'c>(&self, index: FieldIndex, sent: Cow<'c, str>) -> Cow<'c, str> {
        let Some(meant) = self.meant.get(&index) else { return sent };
        if let Some(to) = meant.get(&value_key(&sent)) {
            return Cow::Owned(to.clone());
        }
        if self.profile.fields[index].kind != FieldKind::Tags {
            return sent;
        }
        let tag = |tag: &str| meant.get(&value_key(tag)).cloned().unwrap_or_else(|| trim(tag).to_owned());
        Cow::Owned(sent.split(',').map(tag).collect::<Vec<_>>().join(", "))
    }

    /// Sets the word that clears a field.
    #[must_use]
    pub fn with_clear_word(mut self, word: Option<&'p str>) -> Self {
        self.clear_word = word;
        self
    }

    /// Names the file's encoding in findings about its bytes.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Leaves out optional fields whose value is wrong, instead of refusing the row.
    #[must_use]
    pub fn with_drop_invalid(mut self, drop_invalid: bool) -> Self {
        self.drop_invalid = drop_invalid;
        self
    }

    /// Reads dates in the orders that the survey decided, by field name.
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

    /// How many cells a record has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether a row is the example of the profile's template, unchanged.
    pub fn is_example(&self, cells: &Cells) -> bool {
        let is_as_it_was = |(place, cell): &(usize, String)| cells.get(*place) == cell;
        // Nearly every row is seen to be another by its first cell.
        self.example.first().is_some_and(is_as_it_was) && self.example.iter().all(is_as_it_was)
    }

    /// Cleans a row: appends its values and tells all that is wrong or was mended.
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

    /// Cleans only what a row is told apart by; gives no findings.
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

    /// What the row is told apart by, in `out`; `false` where it has no valid identity.
    pub fn identity(&self, values: RowValues<'_>, ordinal: Option<u64>, out: &mut String) -> bool {
        out.clear();
        let whole = |parts: &&Vec<FieldIndex>| parts.iter().all(|field| !values.get(*field).is_empty());
        let Some(parts) = self.profile.identity.iter().find(whole) else { return false };
        for (number, field) in parts.iter().enumerate() {
            if number > 0 {
                out.push(UNIT);
            }
            identity_part(&self.profile.fields[*field], values.get(*field), out);
        }
        if let Some(ordinal) = ordinal.filter(|_| self.allow_duplicates) {
            out.push(UNIT);
            out.push_str(&ordinal.to_string());
        }
        true
    }

    /// What is wrong with a row that nothing stands for, where its findings do not say so yet: a profile need not
    /// require what it tells rows apart by.
    pub fn identity_missing(&self, values: RowValues<'_>, findings: &[Finding]) -> Option<Finding> {
        let parts = || self.profile.identity.iter().flatten();
        let names = |name: &str| parts().any(|field| &*self.profile.fields[*field].name == name);
        let said = findings.iter().filter(|finding| finding.is_error()).any(|finding| {
            matches!(finding.code, Code::RowTooLarge | Code::OneOfMissing)
                || finding.field().is_some_and(|field| names(field))
        });
        if said {
            return None;
        }
        if let [parts] = self.profile.identity.as_slice() {
            let missing = parts.iter().find(|field| values.get(**field).is_empty())?;
            return Some(Finding::on(Code::RequiredMissing, self.column(*missing)));
        }
        let names: Vec<&str> = parts().map(|field| &*self.profile.fields[*field].name).collect();
        Some(Finding::new(Code::OneOfMissing).arg("fields", names.join(", ")))
    }

    /// The values of the row cleaned last.
    pub fn last<'a>(&self, values: &'a Values) -> RowValues<'a> {
        values.last(self.profile.fields.len())
    }

    /// A phone's region: the row's own where the profile has a field for it, else the program's.
    pub(super) fn region_of(&self, cells: &Cells) -> Option<Region> {
        let cell = self.profile.region_field.map(|field| self.cell(field, cells));
        cell.and_then(|cell| Region::parse(&cell.trim().to_ascii_uppercase())).or(self.region)
    }

    /// Cleans one field and notes where its value stands.
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

    /// Cleans the first filled of several cells; another value in a column that repeats it is told.
    #[cold]
    fn clean_one_of(
        &mut self,
        index: FieldIndex,
        number: usize,
        cells: &Cells,
        region: Option<Region>,
        out: &mut String,
        findings: &mut Vec<Finding>,
    ) {
        let Some(taken) = self.take(index, number, cells) else {
            return self.clean_cell(index, None, "", region, out, findings);
        };
        let taken = Taken { sent: self.meant(index, taken.sent), way: taken.way };
        let column = self.several[number][taken.way].1.clone();
        // The row is checked for such cells by their place.
        if too_long(&taken.sent, || column.clone()).is_some() {
            return;
        }
        let start = out.len();
        self.clean_cell(index, Some(&column), &taken.sent, region, out, findings);
        let others = self.other_values(index, number, taken.way, cells, region, &out[start..], &taken.sent);
        if !others.is_empty() {
            let chosen = trim(&taken.sent).to_owned();
            let finding = Finding::on(Code::ValueSeveral, &column).arg("chosen", chosen);
            findings.push(finding.arg("others", others.join(", ")));
        }
    }

    /// The first filled way to fill a field; one with a word such as `N/A` only where no other is filled.
    fn take<'c>(&self, index: FieldIndex, number: usize, cells: &'c Cells) -> Option<Taken<'c>> {
        let field = &self.profile.fields[index];
        let takes_words = field.empty_words || !field.kind.takes_any_text();
        let mut word = None;
        for (way, (alternative, _)) in self.several[number].iter().enumerate() {
            let taken = Taken { sent: joined(alternative, cells), way };
            let cell = clean::repair(trim(&taken.sent), holds(field.kind));
            if cell.is_empty() {
                continue;
            }
            if !takes_words || !clean::is_empty_word(&cell) {
                drop(cell);
                return Some(taken);
            }
            drop(cell);
            word = word.or(Some(taken));
        }
        word
    }

    /// Values that stand in columns of the same kind as the one taken, and are other values.
    #[expect(clippy::too_many_arguments, reason = "a cold path, and all of it is the row's")]
    fn other_values(
        &mut self,
        index: FieldIndex,
        number: usize,
        way: usize,
        cells: &Cells,
        region: Option<Region>,
        taken: &str,
        sent: &str,
    ) -> Vec<String> {
        let further = self.several[number][way + 1..].iter().take_while(|(further, _)| further.repeats);
        let places: Vec<usize> = further.map(|(further, _)| further.columns[0]).collect();
        let mut others: Vec<String> = Vec::new();
        for cell in places.into_iter().map(|place| trim(cells.get(place))) {
            let known = cell == trim(sent) || others.iter().any(|other| other == cell);
            if cell.is_empty() || known || cell.len() > limits::CELL_CHARACTERS {
                continue;
            }
            let (mut cleaned, spilled) = (String::new(), self.spilled.len());
            self.clean_cell(index, None, cell, region, &mut cleaned, &mut Vec::new());
            // What such a cell has besides is told with it.
            self.spilled.truncate(spilled);
            if cleaned.is_empty() || cleaned != taken {
                others.push(cell.to_owned());
            }
        }
        others
    }

    /// Where a field's cell stands in a row.
    fn place(&self, index: FieldIndex, cells: &Cells) -> Option<usize> {
        match self.cell_of[index] {
            CellOf::Nothing => None,
            CellOf::At(place) => Some(place),
            CellOf::Several(number) => {
                let taken = self.take(index, number, cells)?;
                Some(self.several[number][taken.way].0.columns[0])
            }
        }
    }

    /// A field's cell as it was sent, empty where there is none.
    fn cell<'c>(&self, index: FieldIndex, cells: &'c Cells) -> Cow<'c, str> {
        match self.cell_of[index] {
            CellOf::Nothing => Cow::Borrowed(""),
            CellOf::At(place) => Cow::Borrowed(cells.get(place)),
            CellOf::Several(number) => {
                self.take(index, number, cells).map_or(Cow::Borrowed(""), |taken| taken.sent)
            }
        }
    }

    /// Cleans one cell; `column` is the one that it stands in, where several may fill the field.
    fn clean_cell(
        &mut self,
        index: FieldIndex,
        column: Option<&Column>,
        sent: &str,
        region: Option<Region>,
        out: &mut String,
        findings: &mut Vec<Finding>,
    ) {
        let field = &self.profile.fields[index];
        let column = column.unwrap_or(&self.columns[index]);
        let trimmed = trim(sent);
        let written = written(field, trimmed);
        let cell = &*written;
        if let Some(finding) = too_long(sent, || column.clone()) {
            findings.push(finding);
            return;
        }
        let is_word = field.empty_words && field.kind.takes_any_text() && clean::is_empty_word(cell);
        if cell.is_empty() || is_word {
            self.tell_empty(index, is_word.then_some(cell), findings);
            return;
        }
        let before = findings.len();
        let start = out.len();
        let told = Told { field, region, order: self.orders[index], column };
        let mut kept = clean_cell(told, cell, &mut self.scratch, findings).map(|()| Kept::Value);
        if let Err(fault) = kept {
            let spilled = &mut self.spilled;
            kept = look_again(told, cell, fault, &mut self.scratch, findings, spilled);
        }
        match kept {
            Ok(Kept::Value) => out.push_str(&self.scratch),
            Ok(Kept::Nothing) => self.tell_empty(index, Some(cell), findings),
            Err(finding) if field.lenient || (self.drop_invalid && !field.required) => {
                let reason = finding.code.as_str();
                findings.push(Finding::on(Code::ValueDropped, column).value(cell).arg("reason", reason));
            }
            Err(finding) => findings.push(finding),
        }
        let as_sent = std::ptr::eq(cell, sent);
        if as_sent || out.len() == start || findings[before..].iter().any(Finding::is_error) {
            return;
        }
        if trimmed.len() < sent.len() {
            findings.push(Finding::on(Code::ValueTrimmed, column).value(sent));
        }
        let repaired = findings[before..].iter().any(|finding| finding.code == Code::ValueRepaired);
        if cell != trimmed && !repaired {
            findings.push(Finding::on(Code::ValueRepaired, column).value(sent).arg("result", cell));
        }
    }

    /// Says that a cell counts as empty, where that is worth saying: a word stands there, or the field is mandatory.
    fn tell_empty(&self, field: FieldIndex, word: Option<&str>, findings: &mut Vec<Finding>) {
        let column = &self.columns[field];
        findings.extend(word.map(|word| Finding::on(Code::ValueEmptyWord, column).value(word)));
        if self.profile.fields[field].required {
            findings.push(Finding::on(Code::RequiredMissing, column));
        }
    }

    /// Of fields of which there are several, a value that stands in the row already is left out.
    fn drop_repeated(&self, cells: &Cells, values: &mut Values, findings: &mut Vec<Finding>) {
        let start = values.spans.len() - self.profile.fields.len();
        for fields in &self.profile.repeated {
            for (place_in_group, field) in fields.iter().enumerate().skip(1) {
                let row = values.last(self.profile.fields.len());
                let value = row.get(*field);
                if value.is_empty()
                    || !fields[..place_in_group].iter().any(|earlier| row.get(*earlier) == value)
                {
                    continue;
                }
                let place = self.place(*field, cells);
                // The one cell stands for both fields: nothing is lost.
                if !fields[..place_in_group].iter().any(|earlier| self.place(*earlier, cells) == place) {
                    let cell = self.cell(*field, cells);
                    let finding = Finding::on(Code::ValueDropped, &self.columns[*field]);
                    findings.push(finding.value(trim(&cell)).arg("reason", "repeated"));
                }
                values.spans[start + *field].1 = values.spans[start + *field].0;
            }
        }
    }

    /// Gives values that a cell had too many of to fields of the same kind that are empty.
    fn place_spilled(&mut self, values: &mut Values, findings: &mut [Finding]) {
        let first = values.spans.len() - self.profile.fields.len();
        for spilled in std::mem::take(&mut self.spilled) {
            let row = values.last(self.profile.fields.len());
            // A field that the sender clears is not empty by chance.
            let group = self.profile.repeated[spilled.group].iter().filter(|field| !row.is_cleared(**field));
            let group: Vec<FieldIndex> = group.copied().collect();
            let finding = &mut findings[spilled.finding];
            for (field, value) in spilled.place(&group, |field| row.get(field).to_owned(), finding) {
                let start = values.text.len();
                values.text.push_str(&value);
                values.spans[first + field] = (start as u32, values.text.len() as u32);
            }
        }
    }

    /// What can be said of the row as a whole, and of cells that no field has.
    fn check_row(&self, cells: &Cells, row: RowValues<'_>, mark: Option<&Mark>, findings: &mut Vec<Finding>) {
        for group in &self.profile.one_of {
            // A value that is wrong is there all the same, and said already; one that was left out is not.
            let filled = |field: &FieldIndex| {
                let name = &self.profile.fields[*field].name;
                !row.get(*field).is_empty()
                    || findings.iter().any(|found| found.is_error() && found.field() == Some(name))
            };
            if !group.iter().any(filled) {
                let names: Vec<&str> = group.iter().map(|field| &*self.profile.fields[*field].name).collect();
                findings.push(Finding::new(Code::OneOfMissing).arg("fields", names.join(", ")));
            }
        }
        let is_longer = cells.len() > self.width && !cells.iter().skip(self.width).all(str::is_empty);
        if is_longer || (cells.len() < self.least && !self.open_ended) {
            findings
                .push(Finding::new(Code::RowRagged).arg("expected", self.width).arg("found", cells.len()));
        }
        for (position, cell) in cells.iter().enumerate() {
            let mapped = self.always_cleaned.get(position).copied().unwrap_or(false);
            if !mapped && let Some(finding) = too_long(cell, || self.column_at(position)) {
                findings.push(finding);
            }
        }
        for bad in mark.iter().flat_map(|mark| &mark.bytes) {
            // Such bytes are shown as something, which nobody sent and nobody mended.
            let here = Some(bad.cell + 1);
            let place = |finding: &Finding| finding.column.as_ref().and_then(|column| column.position);
            findings.retain(|finding| finding.code != Code::ValueRepaired || place(finding) != here);
            findings.push(self.bad_bytes(bad, cells));
        }
    }

    /// The column of findings about a cell: of its field, of its header, or of its place alone.
    pub(super) fn column_at(&self, position: usize) -> Column {
        if let Some(field) = self.field_of.get(position).copied().flatten() {
            return self.columns[field].clone();
        }
        let place = position as u32 + 1;
        let header = self.headers.get(position);
        Column::unmapped(header.cloned().unwrap_or_else(|| format!("column_{place}")), place)
    }

    fn bad_bytes(&self, bad: &BadBytes, cells: &Cells) -> Finding {
        let position = bad.cell as usize;
        Finding::on(Code::BytesInvalid, &self.column_at(position))
            .value(cells.get(position))
            .arg("encoding", self.encoding.as_str())
            .arg("position", bad.at + 1)
            .arg("byte", format!("{:02X}", bad.byte))
    }
}

/// Where the cells of a template's example row stand; nothing where a column of the template is missing.
fn example_row(profile: &Profile, mapping: &Mapping) -> Vec<(usize, String)> {
    let mut row = Vec::new();
    for field in &profile.fields {
        let ways = mapping.alternatives(&field.name);
        match (ways.first().map(|way| way.columns[0]), &field.example) {
            (Some(place), example) => row.push((place, example.clone().unwrap_or_default())),
            (None, Some(_)) => return Vec::new(),
            (None, None) => {}
        }
    }
    row.sort_by_key(|(place, cell)| (std::cmp::Reverse(cell.len()), *place));
    if row.first().is_some_and(|(_, cell)| !cell.is_empty()) { row } else { Vec::new() }
}

/// How the values of options are told apart: case and blanks do not count.
fn value_key(value: &str) -> String {
    let mut folded = String::new();
    fold_name(value, &mut folded);
    folded.retain(|sign| !sign.is_whitespace());
    folded
}

/// The cell that a way to fill a field gives: of one column, part of it, or several joined by a blank.
fn joined<'c>(way: &Alternative, cells: &'c Cells) -> Cow<'c, str> {
    if let [place] = way.columns.as_slice() {
        let cell = cells.get(*place);
        return Cow::Borrowed(if way.part.is_whole() { cell } else { way.part.of(trim(cell)) });
    }
    let parts = way.columns.iter().map(|place| trim(cells.get(*place))).filter(|part| !part.is_empty());
    Cow::Owned(parts.collect::<Vec<_>>().join(" "))
}

/// What columns are called by their headers; of a file with more than the limit no row is cleaned.
fn own_names(mapping: &Mapping) -> Vec<String> {
    let columns = mapping.columns.iter().take(limits::COLUMNS).enumerate();
    columns.map(|(at, column)| column.name(at)).collect()
}

fn too_long(cell: &str, column: impl FnOnce() -> Column) -> Option<Finding> {
    let characters = if cell.len() > limits::CELL_CHARACTERS { cell.chars().count() } else { 0 };
    (characters > limits::CELL_CHARACTERS).then(|| {
        Finding::on(Code::ValueTooLong, &column())
            .arg("limit", limits::CELL_CHARACTERS)
            .arg("found", characters)
    })
}

/// What a sender wrote into a cell: without what cannot be seen, a spreadsheet's formula for a text, entities of HTML.
fn written<'c>(field: &Field, trimmed: &'c str) -> Cow<'c, str> {
    let cell = clean::repair(trimmed, holds(field.kind));
    let text = match cell.as_bytes().first() {
        Some(b'=') => clean::formula_text(&cell).map(|text| trim(&text).to_owned()),
        _ => None,
    };
    let cell = text.map_or(cell, Cow::Owned);
    let decoded = if field.decodes_entities { clean::decode_entities(&cell) } else { None };
    decoded.map_or(cell, |text| Cow::Owned(trim(&text).to_owned()))
}
