//! Chooses the sheet of a workbook, and counts the columns of its table.

use crate::file::workbook::{Rows, Sheet, SheetNotes, Table, Workbook};
use crate::profile::compiled::Profile;
use crate::profile::options::{FirstLine, Options};
use crate::survey::opening::is_row;
use crate::survey::preamble::{self, Headers};
use crate::types::code::Code;
use crate::types::finding::Finding;

/// Chooses the sheet: the one that the option names, otherwise the first visible one.
///
/// # Errors
/// If there is no such sheet, or it cannot be read.
pub fn choose(
    workbook: &mut Workbook,
    profile: Option<&Profile>,
    options: &Options,
) -> Result<Sheet, Finding> {
    let asked = options.sheet.as_deref().map(str::trim);
    let tables = workbook.tables();
    let wanted = |table: &&Table| asked.map_or(table.visible, |name| same(&table.name, name));
    let Some(table) = tables.iter().find(wanted) else {
        let names: Vec<&str> = tables.iter().map(|table| &*table.name).collect();
        let finding = Finding::new(Code::SheetMissing).arg("sheets", names.join(", "));
        return Err(asked.into_iter().fold(finding, Finding::value));
    };
    let hidden = tables.iter().filter(|table| !table.visible);
    let hidden_sheets = hidden.map(|table| table.name.clone()).collect();
    let (hidden_rows, merged_cells) = workbook.hidden_and_merged(table);
    let notes = SheetNotes { hidden_sheets, hidden_rows, merged_cells };
    let headers = profile.and_then(|profile| Headers::of(profile, options));
    let width = width(workbook.rows(&table.name)?, profile, headers, options)?;
    Ok(Sheet { name: table.name.clone(), width, notes })
}

/// Compares names of sheets as spreadsheets do: without case.
fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.to_lowercase()
}

/// The least number of cells of each row: the width of the header or, without one, of the widest row and the option.
fn width(
    mut rows: Rows<'_>,
    profile: Option<&Profile>,
    headers: Option<Headers<'_>>,
    options: &Options,
) -> Result<u32, Finding> {
    let (mut first, mut widest, mut seen, mut is_data) = (0, 0, 0, false);
    while let Some(number) = rows.advance()? {
        let width = rows.filled().len() as u32;
        if seen == 0 && widest == 0 && options.first_line == FirstLine::Auto {
            let first: Vec<&str> = rows.filled().iter().map(String::as_str).collect();
            is_data = profile.is_some_and(|profile| is_row(&first, profile, options));
        }
        if is_data || !options.first_line.may_be_header() {
            let passed = options.first_line == FirstLine::Ignore && number == 0;
            widest = if passed { widest } else { widest.max(width) };
            continue;
        }
        let names: Vec<&str> = rows.filled().iter().map(String::as_str).collect();
        match headers {
            Some(headers) if seen == 0 && headers.leaves_open(&names) => first = width,
            Some(headers) if seen > 0 && headers.names_all(&names) => return Ok(width),
            Some(_) if seen > 0 && seen < preamble::MOST => {}
            _ if seen > 0 => return Ok(first),
            _ => return Ok(width),
        }
        // A row of blanks only does not count.
        seen += usize::from(names.iter().any(|name| !name.trim().is_empty()));
    }
    let named = options.columns.as_ref().map_or(0, Vec::len) as u32;
    Ok(widest.max(named).max(first))
}
