//! The history of a contact: which import wrote which field, and when.
//!
//! It is read from what every import leaves (`succeeded.csv`, `changes.csv`, `undone.csv`, chunk results), so nothing is
//! written for it. Files are searched piece by piece for the contact's id.

use std::ops::Range;

use jiff::Timestamp;
use rollcall_domain::contacts::contact::Record;
use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::split::records;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::result::chunk_result::Writes;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use serde::Serialize;

use crate::artifacts::{read_chunk_result, read_plan};
use crate::finalize::read_summary;
use crate::ports::{Answer, ImportItem, Objects};
use crate::request::{APPROVE, UNDO};

/// Bytes of a result file that are searched at once.
const PIECE: u64 = 4 * 1024 * 1024;
/// A line of a result file that is longer than this is not found where two pieces meet.
const LONGEST: u64 = 512 * 1024;

/// What one import did to a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// The import.
    pub import_id: ImportId,
    /// When it began.
    pub at: Timestamp,
    /// The file, or the import that it undid.
    pub file: String,
    /// `created`, `updated`, `removed`, `restored`.
    pub did: &'static str,
    /// The fields that it wrote.
    pub fields: Vec<HistoryField>,
}

/// A field that an import wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryField {
    /// Its name.
    pub field: String,
    /// The value before.
    pub before: String,
    /// The value after.
    pub after: String,
}

/// What these imports did to a contact, in their order.
///
/// # Errors
/// Where a port fails.
pub async fn history(
    objects: &impl Objects,
    imports: &[ImportItem],
    contact: &ContactId,
) -> Answer<Vec<HistoryEntry>> {
    let mut entries = Vec::new();
    for item in imports {
        if item.status.is_some() && !item.dry_run && !item.profile.starts_with("directory/") {
            let Some(mut entry) = entry_of(objects, item, contact).await? else { continue };
            if was_dry(objects, item).await? {
                continue;
            }
            if item.profile.starts_with(APPROVE) {
                entry.file = approved_file(objects, item).await?.unwrap_or(entry.file);
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Whether an option made it a dry run, which its drop does not say.
async fn was_dry(objects: &impl Objects, item: &ImportItem) -> Answer<bool> {
    let summary = read_summary(objects, &Artifacts::of(&item.program, &item.import_id)).await?;
    Ok(summary.is_some_and(|summary| summary.head.dry_run))
}

/// The file that an approved import read: the object in the inbox only names the dry run.
async fn approved_file(objects: &impl Objects, item: &ImportItem) -> Answer<Option<String>> {
    let plan = read_plan(objects, &Artifacts::of(&item.program, &item.import_id)).await?;
    Ok(plan.map(|plan| plan.file))
}

async fn entry_of(
    objects: &impl Objects,
    item: &ImportItem,
    contact: &ContactId,
) -> Answer<Option<HistoryEntry>> {
    let artifacts = Artifacts::of(&item.program, &item.import_id);
    let file = item.object.key.rsplit('/').next().unwrap_or_default().to_owned();
    let mut entry = HistoryEntry {
        import_id: item.import_id.clone(),
        at: item.started_at,
        file,
        did: "updated",
        fields: Vec::new(),
    };
    if item.profile.starts_with(UNDO) {
        for cells in lines_of(objects, &artifacts.undone(), contact, 0).await? {
            let did = match cells.get(1).map(String::as_str) {
                Some("removed") => "removed",
                Some("restored") => "restored",
                _ => continue,
            };
            entry.did = did;
            entry.fields.extend(field(&cells, 2));
        }
        return Ok((entry.did != "updated").then_some(entry));
    }
    if !lines_of(objects, &artifacts.removed(), contact, 0).await?.is_empty() {
        entry.did = "removed";
        return Ok(Some(entry));
    }
    for cells in lines_of(objects, &artifacts.changes(), contact, 1).await? {
        entry.fields.extend(field(&cells, 2));
    }
    if !entry.fields.is_empty() {
        return Ok(Some(entry));
    }
    let Some(row) = created_in(objects, &artifacts.succeeded(), contact).await? else { return Ok(None) };
    entry.did = "created";
    entry.fields = created_fields(objects, &artifacts, contact, row).await?;
    Ok(Some(entry))
}

/// The field of a line of `changes.csv` or `undone.csv`, with its values.
fn field(cells: &[String], at: usize) -> Option<HistoryField> {
    let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
    let field = cell(at);
    (!field.is_empty()).then(|| HistoryField { field, before: cell(at + 1), after: cell(at + 2) })
}

/// The values of a contact when it was created, where the chunk result is still there.
async fn created_fields(
    objects: &impl Objects,
    artifacts: &Artifacts,
    contact: &ContactId,
    row: u64,
) -> Answer<Vec<HistoryField>> {
    let Some(plan) = read_plan(objects, artifacts).await? else { return Ok(Vec::new()) };
    let Some(chunk) = chunk_of(&plan, row) else { return Ok(Vec::new()) };
    let result = read_chunk_result(objects, artifacts, chunk).await?;
    let Some(Writes::Contacts(writes)) = result.map(|result| result.writes) else { return Ok(Vec::new()) };
    let line = writes.iter().find(|line| line.contact_id == *contact && line.row == row);
    let record: Option<Record> =
        line.and_then(|line| line.record).and_then(|record| serde_json::from_str(record).ok());
    let fields = record.map(|record| record.fields).unwrap_or_default().into_iter();
    let filled = fields.filter(|(_, value)| !value.is_empty());
    Ok(filled.map(|(field, after)| HistoryField { field, before: String::new(), after }).collect())
}

fn chunk_of(plan: &Plan, row: u64) -> Option<u32> {
    let holds = |chunk: &rollcall_domain::plan::import_plan::ChunkPlan| {
        (chunk.first_row..chunk.first_row + u64::from(chunk.rows)).contains(&row)
    };
    plan.chunks.iter().position(holds).map(|at| at as u32)
}

/// The lines of a result file with the contact's id in this column; the columns before it hold no line ends.
async fn lines_of(
    objects: &impl Objects,
    key: &str,
    contact: &ContactId,
    column: usize,
) -> Answer<Vec<Vec<String>>> {
    let mut found: Vec<(u64, Vec<String>)> = Vec::new();
    search(objects, key, contact, |piece, at, offset| {
        let start = piece[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let text = String::from_utf8_lossy(&piece[start..piece.len().min(start + LONGEST as usize)]);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for delimiter in [b',', b';', b'|', b'\t'] {
            let Some(record) = records(text.as_bytes(), delimiter).next() else { return };
            let mut cells = Cells::default();
            cells.parse(&text[record.body], delimiter);
            let cells: Vec<String> = cells.iter().map(|cell| unguarded(cell).to_owned()).collect();
            if cells.get(column).is_some_and(|cell| ContactId::parse(cell) == Some(*contact)) {
                let place = offset + start as u64;
                if found.last().is_none_or(|(known, _)| *known < place) {
                    found.push((place, cells));
                }
                return;
            }
        }
    })
    .await?;
    Ok(found.into_iter().map(|(_, cells)| cells).collect())
}

/// A cell without the apostrophe that keeps a spreadsheet from running it.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rollcall_domain::file::write::guard(rest) => rest,
        _ => cell,
    }
}

/// The row that created the contact, as `succeeded.csv` says: row, line and outcome stand before the id.
async fn created_in(objects: &impl Objects, key: &str, contact: &ContactId) -> Answer<Option<u64>> {
    let mut row = None;
    search(objects, key, contact, |piece, at, _| {
        let before = String::from_utf8_lossy(&piece[at.saturating_sub(80)..at]).into_owned();
        let mut cells = before.rsplit([',', ';', '|', '\t']).skip(1);
        if cells.next() == Some("created") {
            let number = cells.nth(1).and_then(|cell| cell.rsplit('\n').next()?.parse().ok());
            row = row.or(number);
        }
    })
    .await?;
    Ok(row)
}

/// Calls `each` wherever a file has the contact's id: with a piece of it, the place of the id there, and the offset of
/// the piece. Pieces overlap.
async fn search(
    objects: &impl Objects,
    key: &str,
    contact: &ContactId,
    mut each: impl FnMut(&[u8], usize, u64),
) -> Answer<()> {
    let Some(object) = objects.describe(key).await? else { return Ok(()) };
    let id = contact.letters();
    let finder = memchr::memmem::Finder::new(&id);
    let mut from = 0;
    while from < object.len {
        let range: Range<u64> = from.saturating_sub(LONGEST)..object.len.min(from + PIECE + LONGEST);
        let piece = objects.read(&object, range.clone()).await?;
        // Of what two pieces share, the earlier one answers for the part before its end.
        let own = (from - range.start) as usize..(from + PIECE - range.start) as usize;
        for at in finder.find_iter(&piece).filter(|at| own.contains(at)) {
            each(&piece, at, range.start);
        }
        from += PIECE;
    }
    Ok(())
}
