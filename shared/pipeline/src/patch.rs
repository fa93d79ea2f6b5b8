//! Cells that were typed over: the decoded text is rewritten on its way, and the object stays as it is.
//!
//! Both passes over a file rewrite it alike, so the borders of chunks that the survey finds are those that the cut
//! finds. A row that is not typed over passes through untouched.

use std::collections::BTreeMap;

use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::split::{RecordEnd, Splitter, Tail};
use rollcall_domain::file::write::write_record;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::mapping::{Mapping, Role};
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::source::Part;
use rollcall_domain::survey::opening::Opening;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::limits;

/// Cells to rewrite in the text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patch {
    /// By row: places in the record, and their new values.
    cells: BTreeMap<u64, Vec<(usize, String)>>,
    delimiter: u8,
    /// Bytes in front of the first record that counts.
    skip: u64,
    /// The first record is no row: a header, which follows blank records, or a record that is passed over.
    first_is_no_row: bool,
    has_header: bool,
}

impl Patch {
    /// The cells that options type over, in a file whose opening is known.
    pub(crate) fn of_opening(options: &Options, opening: &Opening) -> Result<Option<Self>, Finding> {
        let cells = places(options, &opening.mapping)?;
        Ok((!cells.is_empty()).then_some(Self {
            cells,
            delimiter: opening.delimiter,
            skip: opening.skip as u64,
            first_is_no_row: opening.first_is_no_row,
            has_header: opening.mapping.has_header,
        }))
    }

    /// The same in a file that was surveyed: its first row is known.
    pub(crate) fn of_plan(plan: &Plan) -> Option<Self> {
        let first = plan.chunks.first().filter(|_| !plan.options.cells.is_empty())?;
        let cells = places(&plan.options, &plan.mapping).ok()?;
        let (delimiter, skip) = (plan.delimiter(), first.start);
        Some(Self { cells, delimiter, skip, first_is_no_row: false, has_header: false })
    }
}

/// The places of cells: by their column, or by the field that the first of several columns fills.
fn places(options: &Options, mapping: &Mapping) -> Result<BTreeMap<u64, Vec<(usize, String)>>, Finding> {
    let mut places: BTreeMap<u64, Vec<(usize, String)>> = BTreeMap::new();
    for cell in &options.cells {
        let place = place(&cell.field, mapping).map_err(|detail| {
            let option = format!("cell.{}.{}", cell.row, cell.field);
            Finding::new(Code::OptionsInvalid).arg("option", option).arg("detail", detail)
        })?;
        places.entry(cell.row).or_default().push((place, cell.value.clone()));
    }
    Ok(places)
}

/// The place of a cell, or why it has none. Of a field that is made from several columns, or from a column of another field,
/// a value says nothing about one cell.
fn place(field: &str, mapping: &Mapping) -> Result<usize, &'static str> {
    const NONE: &str = "no column fills this field";
    if let Ok(number) = field.parse::<usize>() {
        return number.checked_sub(1).filter(|at| *at < mapping.columns.len()).ok_or(NONE);
    }
    let alternatives = mapping.alternatives(field);
    let first = alternatives.first().ok_or(NONE)?;
    let is_of_another =
        |at: &usize| matches!(&mapping.columns[*at].role, Role::Field(other) if other != field);
    match first.columns.as_slice() {
        [at] if first.part == Part::Whole && !is_of_another(at) => Ok(*at),
        _ => Err("several columns fill this field together: name one by its number"),
    }
}

/// Rewrites a text, piece by piece.
#[derive(Debug)]
pub(crate) struct Patcher {
    patch: Patch,
    splitter: Splitter,
    /// Bytes that are still in front of the first record.
    to_skip: u64,
    /// The number of the record under way; 0 where it is no row.
    row: u64,
    /// The beginning of the record under way, where it is held.
    held: Vec<u8>,
    holds: bool,
    over: bool,
}

impl Patcher {
    pub(crate) fn new(patch: Patch) -> Self {
        let row = u64::from(!patch.first_is_no_row);
        let (splitter, to_skip) = (Splitter::new(patch.delimiter), patch.skip);
        let mut patcher = Self { patch, splitter, to_skip, row, held: Vec::new(), holds: false, over: false };
        patcher.holds = patcher.must_hold();
        patcher
    }

    /// Rewrites a piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() + self.held.len());
        let skipped = usize::try_from(self.to_skip).unwrap_or(usize::MAX).min(piece.len());
        self.to_skip -= skipped as u64;
        out.extend_from_slice(&piece[..skipped]);
        let piece = &piece[skipped..];
        if self.over {
            out.extend_from_slice(piece);
            return out;
        }
        let mut ends = Vec::new();
        self.splitter.feed(piece, &mut ends);
        let mut start = 0;
        for end in ends {
            self.take(&piece[start..end.end], &mut out);
            self.close(end, &mut out);
            start = end.end;
        }
        self.take(&piece[start..], &mut out);
        out
    }

    /// What is left at the end of the text.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Tail::Record { terminator, lines } = self.splitter.finish()
            && !self.over
        {
            self.close(RecordEnd { end: 0, lines, terminator }, &mut out);
        }
        out.append(&mut self.held);
        self.over = true;
        out
    }

    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if !self.holds {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() > limits::ROW_SEEN {
            // Nobody types over a cell of such a record: it is refused as it is.
            out.append(&mut self.held);
            self.holds = false;
        }
    }

    /// A record ends.
    fn close(&mut self, end: RecordEnd, out: &mut Vec<u8>) {
        let record = std::mem::take(&mut self.held);
        let whole = record.len().saturating_sub(usize::from(end.terminator));
        match self.patch.cells.get(&self.row) {
            Some(cells) if self.holds && self.row > 0 => {
                rewrite(&record[..whole], cells, self.patch.delimiter, out);
                out.extend_from_slice(&record[whole..]);
            }
            _ => out.extend_from_slice(&record),
        }
        let is_blank =
            self.row == 0 && self.patch.has_header && is_blank(&record[..whole], self.patch.delimiter);
        self.row += u64::from(!is_blank);
        self.over = self.patch.cells.range(self.row..).next().is_none() && self.row > 0;
        self.holds = self.must_hold();
    }

    fn must_hold(&self) -> bool {
        !self.over && (self.row == 0 || self.patch.cells.contains_key(&self.row))
    }
}

fn is_blank(record: &[u8], delimiter: u8) -> bool {
    let mut cells = Cells::default();
    cells.parse(&String::from_utf8_lossy(record), delimiter);
    cells.iter().all(|cell| cell.trim().is_empty())
}

/// Writes a record with some of its cells replaced. Bytes that are no text stay what they are.
fn rewrite(record: &[u8], changed: &[(usize, String)], delimiter: u8, out: &mut Vec<u8>) {
    let is_text = std::str::from_utf8(record).is_ok();
    // Each byte as a character of its own, and back again.
    let wide = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let text = if is_text { String::from_utf8_lossy(record).into_owned() } else { wide(record) };
    let mut parsed = Cells::default();
    parsed.parse(&text, delimiter);
    let mut cells: Vec<String> = parsed.iter().map(str::to_owned).collect();
    for (place, value) in changed {
        if cells.len() <= *place {
            cells.resize(place + 1, String::new());
        }
        cells[*place] = if is_text { value.clone() } else { wide(value.as_bytes()) };
    }
    let mut written = Vec::with_capacity(record.len());
    write_record(&mut written, cells.iter().map(String::as_str), delimiter);
    if is_text {
        out.append(&mut written);
    } else {
        let narrow =
            String::from_utf8_lossy(&written).chars().map(|sign| sign as u32 as u8).collect::<Vec<_>>();
        out.extend_from_slice(&narrow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(cells: &[(u64, usize, &str)], header: bool) -> Patch {
        let mut by_row: BTreeMap<u64, Vec<(usize, String)>> = BTreeMap::new();
        for (row, place, value) in cells {
            by_row.entry(*row).or_default().push((*place, (*value).to_owned()));
        }
        Patch { cells: by_row, delimiter: b',', skip: 0, first_is_no_row: header, has_header: header }
    }

    fn rewritten(patch: &Patch, text: &[u8], size: usize) -> Vec<u8> {
        let mut patcher = Patcher::new(patch.clone());
        let mut out: Vec<u8> = text.chunks(size).flat_map(|piece| patcher.feed(piece)).collect();
        out.extend(patcher.finish());
        out
    }

    #[test]
    fn only_the_cells_that_were_typed_over_change_however_the_text_is_cut() {
        let text = b"\n,\nname,email\r\nAna,\"a\r\nb\"\r\n\r\nBea,b@\r\nC\xe9u,c";
        let patched = patch(&[(1, 1, "a@b.c"), (3, 0, "Bea, \"B\""), (4, 2, "new"), (9, 0, "nobody")], true);
        let expected = b"\n,\nname,email\r\nAna,a@b.c\r\n\r\n\"Bea, \"\"B\"\"\",b@\r\nC\xe9u,c,new";
        for size in 1..=text.len() {
            let found = rewritten(&patched, text, size);
            assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(expected), "{size}");
            assert_eq!(found, expected);
        }
        assert_eq!(rewritten(&patch(&[(1, 0, "x")], false), b"a,b\nc", 2), b"x,b\nc");
    }
}
