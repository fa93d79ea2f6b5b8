//! Shows the effect of an import on a file, without starting one and without writing anything.
//!
//! The file is surveyed as in an import, so repeats are judged over the whole file. Then its first rows are cleaned,
//! looked up and judged. If an import would refuse the file, its cells are shown as far as they can be decoded.

mod unknown_values;

use std::collections::BTreeMap;
use std::sync::Arc;

use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::record_text;
use rollcall_domain::file::split::records;
use rollcall_domain::judge::chunk_judge::{Change, ChunkJudge, JudgedRow};
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::{ChunkSize, Plan};
use rollcall_domain::plan::mapping::{Alternative, Mapping};
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::report::upload::{Detection, UploadColumn, UploadMapping, Verdict};
use rollcall_domain::survey::opening::Opening;
use rollcall_domain::survey::whole_file::Surveyed;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::limits;
use rollcall_domain::types::outcome::Outcome;
use serde::Serialize;

use crate::artifacts::Loaded;
use crate::fault::Fault;
use crate::ports::{Answer, Contacts, Directory, ImportItem, ObjectVersion, Objects};
use crate::removal;
use crate::request::{ImportRequest, read_profile};
use crate::split::{Cutter, columns_of, mapping_of, plan_of};
use crate::survey::{form, survey};
use crate::text::{Kind, Text};
use crate::work::look_up;
use unknown_values::UnknownValues;
pub use unknown_values::{UnknownValue, known_values};

/// The preview of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preview {
    /// Whether the file would be accepted.
    pub verdict: Verdict,
    /// The encoding's name; null for a workbook, and if the file cannot be decoded.
    pub encoding: Option<String>,
    /// The delimiter; null for a workbook.
    pub delimiter: Option<String>,
    /// The sheet shown; null for text.
    pub sheet: Option<String>,
    /// Other findings.
    #[serde(flatten)]
    pub detection: Detection,
    /// Every column of the file, in its order.
    pub columns: Vec<UploadColumn>,
    /// The columns that fill a field which is not filled by exactly one, by field: first those that go first.
    #[serde(skip)]
    pub filled_by: BTreeMap<String, Vec<Vec<u32>>>,
    /// The key under which a mapping is saved for its header; absent for a file without a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<UploadMapping>,
    /// Mandatory fields, and `one_of` sets, that no column fills.
    pub missing: Vec<String>,
    /// Unknown values, by field: groups, tags, owners, agents, companies and choices in the previewed rows.
    pub unknown_values: BTreeMap<String, Vec<UnknownValue>>,
    /// Data records of the file, blank ones included; null where the file is refused before they are counted.
    pub rows_total: Option<u64>,
    /// The rows that were looked at, of which the first ones are shown: how many have each status.
    pub statuses: Statuses,
    /// The first rows, without those that an import would skip.
    pub rows: Vec<PreviewRow>,
}

/// How many of the rows that were looked at have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Statuses {
    /// Rows that were looked at.
    pub looked_at: u64,
    /// Those are all rows that an import would not skip.
    pub complete: bool,
    /// Absent: they would be new.
    pub absent: u64,
    /// Their contacts exist.
    pub exists: u64,
    /// Their contacts exist and have a running cadence.
    pub active: u64,
    /// They would be rejected.
    pub error: u64,
}

impl Statuses {
    fn add(&mut self, status: RowStatus) {
        self.looked_at += 1;
        *match status {
            RowStatus::Absent => &mut self.absent,
            RowStatus::Exists => &mut self.exists,
            RowStatus::Active => &mut self.active,
            RowStatus::Error => &mut self.error,
        } += 1;
    }
}

/// One row of a preview.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PreviewRow {
    /// Its number, as in an import.
    pub row: u64,
    /// The physical line on which it begins.
    pub line: u64,
    /// Its cells, decoded, in the order of the file's columns.
    pub cells: Vec<String>,
    /// Its state among the stored contacts.
    pub status: RowStatus,
    /// All findings of the row.
    pub findings: Vec<FindingJson>,
    /// The changes that it would make to an existing contact.
    pub changes: Vec<Change>,
}

/// The state of a row among the stored contacts (CAD-12, CAD-15, CAD-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowStatus {
    /// Absent: it would be new. Written as an empty text.
    #[serde(rename = "")]
    Absent,
    /// Its contact exists.
    Exists,
    /// Its contact exists and has a running cadence.
    Active,
    /// It would be rejected.
    Error,
}

impl RowStatus {
    /// The word in a preview; empty if the row would be new.
    pub fn as_str(self) -> &'static str {
        match self {
            RowStatus::Absent => "",
            RowStatus::Exists => "exists",
            RowStatus::Active => "active",
            RowStatus::Error => "error",
        }
    }

    fn of(row: &JudgedRow) -> Self {
        if row.outcome == Outcome::Rejected {
            RowStatus::Error
        } else if row.findings.iter().any(|finding| finding.code == Code::AlreadyActive) {
            RowStatus::Active
        } else if row.outcome == Outcome::Created {
            RowStatus::Absent
        } else {
            RowStatus::Exists
        }
    }
}

/// Returns the verdict on a file, with its first rows: `item` is the import that `drop` would start.
///
/// # Errors
/// If a port fails.
pub async fn preview(
    objects: &impl Objects,
    directory: &impl Directory,
    contacts: &impl Contacts,
    drop: &Drop,
    item: &ImportItem,
    rows: usize,
) -> Answer<Preview> {
    let request = ImportRequest::peek(objects, item, drop).await?;
    let size = ChunkSize { rows: CHUNK_ROWS, ..ChunkSize::default() };
    let surveyed = survey(objects, &item.object, &request, size).await?;
    let plan = Plan { dry_run: true, ..plan_of(item, &drop.file, &request, &surveyed) };
    let locale = plan.settings.locale;
    let labels = request.profile.as_deref().map(Profile::labels).unwrap_or_default();
    let mut verdict = Verdict::of(findings(&surveyed, &labels, locale));
    let Some(profile) = request.profile.clone().filter(|_| verdict.accepted) else {
        let known = match request.profile.clone() {
            Some(profile) => Some(profile),
            None => read_profile(objects, &drop.what).await?.ok(),
        };
        let mut preview = Preview::refused(verdict, &surveyed);
        let Some(form) = form(objects, &item.object, &request, &surveyed).await? else { return Ok(preview) };
        match &form.kind {
            Kind::Delimited(encoding) => preview.encoding = Some(encoding.as_str().to_owned()),
            Kind::Sheet(sheet) => preview.sheet = Some(sheet.name.clone()),
        }
        return as_decoded(preview, Text::new(objects, &item.object, form), &request, known, rows).await;
    };
    let columns = columns_of(&surveyed.mapping, Some(&profile));
    let loaded = Loaded { plan, profile };
    let judged = judged(objects, directory, contacts, &item.object, &loaded, rows).await?;
    if loaded.plan.options.replace && judged.statuses.complete {
        add_removal(&mut verdict, contacts, &loaded, &judged.accepted).await?;
    }
    let unknown_values = judged.unknown.with_nearest(directory, &loaded).await?;
    Ok(Preview {
        encoding: surveyed.encoding.as_ref().map(|found| found.encoding.as_str().to_owned()),
        delimiter: surveyed.sign(),
        sheet: surveyed.sheet.as_ref().map(|sheet| sheet.name.clone()),
        columns,
        filled_by: filled_by(&surveyed.mapping),
        missing: surveyed.mapping.missing(&loaded.profile),
        unknown_values,
        rows_total: Some(loaded.plan.rows),
        statuses: judged.statuses,
        rows: judged.rows,
        ..Preview::refused(verdict, &surveyed)
    })
}

impl Preview {
    /// A preview without columns and rows.
    fn refused(verdict: Verdict, surveyed: &Surveyed) -> Self {
        Self {
            verdict,
            encoding: None,
            delimiter: None,
            sheet: None,
            detection: Detection::of(surveyed),
            columns: Vec::new(),
            filled_by: BTreeMap::new(),
            mapping: mapping_of(surveyed),
            missing: Vec::new(),
            unknown_values: BTreeMap::new(),
            rows_total: None,
            statuses: Statuses::default(),
            rows: Vec::new(),
        }
    }
}

/// The positions of the columns of each alternative, by field.
fn filled_by(mapping: &Mapping) -> BTreeMap<String, Vec<Vec<u32>>> {
    let positions =
        |alternative: &Alternative| alternative.columns.iter().map(|column| *column as u32 + 1).collect();
    let all = mapping.sources.iter();
    all.map(|(field, from)| (field.clone(), from.iter().map(positions).collect())).collect()
}

/// The number of rows to look up in one batch.
const CHUNK_ROWS: u32 = 500;
/// Rows that are looked at though fewer are shown, so that totals and unknown values tell of more than one screen.
const LOOKED_AT: u64 = 5_000;

fn findings(
    surveyed: &Surveyed,
    labels: &Labels,
    locale: rollcall_domain::types::locale::Locale,
) -> Vec<FindingJson> {
    let findings = surveyed.errors.iter().chain(&surveyed.warnings);
    findings.map(|finding| FindingJson::new(finding, labels, locale)).collect()
}

/// Says how many contacts a replacing import would remove, and where that is too many.
async fn add_removal(
    verdict: &mut Verdict,
    contacts: &impl Contacts,
    loaded: &Loaded,
    accepted: &[ContactId],
) -> Answer<()> {
    let Loaded { plan, profile } = loaded;
    let removal = removal::count(contacts, plan, profile, accepted).await?;
    let json = |finding: Finding| FindingJson::new(&finding, &profile.labels(), plan.settings.locale);
    match removal.exceeds(&plan.options) {
        Some(finding) => verdict.errors.push(json(finding)),
        None => verdict.warnings.extend(removal.warning().map(json)),
    }
    verdict.accepted = verdict.errors.is_empty();
    Ok(())
}

/// The rows that were looked at.
#[derive(Default)]
struct Judged {
    /// The first of them.
    rows: Vec<PreviewRow>,
    statuses: Statuses,
    unknown: UnknownValues,
    /// The contacts of accepted rows.
    accepted: Vec<ContactId>,
}

/// The first rows as an import would judge them.
async fn judged(
    objects: &impl Objects,
    directory: &impl Directory,
    contacts: &impl Contacts,
    object: &ObjectVersion,
    loaded: &Loaded,
    limit: usize,
) -> Answer<Judged> {
    let mut cutter = Cutter::new(objects, object, &loaded.plan);
    let mut judged = Judged::default();
    judged.statuses.complete = true;
    for number in 0..loaded.plan.chunks.len() as u32 {
        if judged.statuses.looked_at >= LOOKED_AT.max(limit as u64) {
            judged.statuses.complete = false;
            break;
        }
        let message = cutter.message(number).await?;
        for (contact_id, row) in judge(directory, contacts, loaded, message).await? {
            if loaded.plan.options.replace && row.status != RowStatus::Error {
                judged.accepted.extend(contact_id);
            }
            judged.statuses.add(row.status);
            row.findings.iter().for_each(|finding| judged.unknown.note(finding));
            if judged.rows.len() < limit {
                judged.rows.push(row);
            }
        }
    }
    Ok(judged)
}

async fn judge(
    directory: &impl Directory,
    contacts: &impl Contacts,
    loaded: &Loaded,
    message: ChunkMessage,
) -> Answer<Vec<(Option<ContactId>, PreviewRow)>> {
    let (delimiter, locale) = (loaded.plan.delimiter(), loaded.plan.settings.locale);
    let labels = loaded.profile.labels();
    let judge = ChunkJudge::open(&loaded.plan, &loaded.profile, &message);
    let mut judge = judge.with_secret(directory.secret()?);
    let mut wanted = judge.wanted();
    let found = look_up(directory, contacts, loaded, &mut judge, &mut wanted).await?;
    let judged = judge.preview(&wanted, &found).map_err(|error| Fault::damaged("judging a chunk", error))?;
    let mut judged = judged.into_iter().peekable();
    let mut rows = Vec::new();
    for (number, record) in (message.first_row..).zip(records(message.text.as_bytes(), delimiter)) {
        if let Some(judged) = judged.next_if(|judged| judged.row == number) {
            let findings = judged.findings.iter().map(|one| FindingJson::new(one, &labels, locale));
            let row = PreviewRow {
                row: number,
                line: judged.line,
                cells: cells(&message.text[record.body], delimiter),
                status: RowStatus::of(&judged),
                findings: findings.collect(),
                changes: judged.changes,
            };
            rows.push((judged.contact_id, row));
        }
    }
    Ok(rows)
}

fn cells(record: &str, delimiter: u8) -> Vec<String> {
    let mut cells = Cells::default();
    cells.parse(record, delimiter);
    cells.iter().map(str::to_owned).collect()
}

/// Adds the columns and cells of a file that an import would refuse, as far as they can be decoded.
async fn as_decoded<O: Objects>(
    mut preview: Preview,
    mut text: Text<'_, O>,
    request: &ImportRequest,
    known: Option<Arc<Profile>>,
    limit: usize,
) -> Answer<Preview> {
    let profile = known.clone().unwrap_or_else(stranger);
    let mut sample = Vec::new();
    let mut complete = false;
    while !complete && sample.len() <= MOST_SHOWN && (sample.is_empty() || preview.rows.len() < limit) {
        match text.next().await {
            Ok(Some(piece)) => sample.extend_from_slice(&piece),
            // The workbook is broken from here on: the preview shows the rows before.
            Ok(None) | Err(Fault::Damaged { .. }) => complete = true,
            Err(fault) => return Err(fault),
        }
        if !sample.is_empty() {
            show(&mut preview, &sample, complete, &profile, request, limit);
        }
    }
    if known.is_none() {
        preview.missing.clear();
        preview.columns.iter_mut().for_each(|column| {
            *column = UploadColumn { field: None, fields: Vec::new(), hint: None, ..column.clone() }
        });
    }
    Ok(preview)
}

/// The most bytes that are read of a refused file.
const MOST_SHOWN: usize = 64 * 1024 * 1024;

/// Stands for an unknown profile: it has no headers.
fn stranger() -> Arc<Profile> {
    let nothing = "name = 'none'\nidentity = [['rollcall']]\n[[fields]]\nname = 'rollcall'\n";
    Profile::parse(nothing).expect("a test reads it")
}

/// Shows columns and rows of the text decoded so far.
fn show(
    preview: &mut Preview,
    sample: &[u8],
    complete: bool,
    profile: &Profile,
    request: &ImportRequest,
    limit: usize,
) {
    let opening = match preview.sheet {
        Some(_) => Opening::of_sheet(sample, profile, &request.options),
        None => Opening::of(sample, complete, profile, &request.options),
    };
    let delimiter = opening.delimiter;
    let rewritten = opening.dialect.rewritten(sample, delimiter);
    let sample = &*rewritten;
    preview.delimiter = Some(char::from(delimiter).to_string()).filter(|_| !opening.of_sheet);
    preview.columns = columns_of(&opening.mapping, Some(profile));
    preview.filled_by = filled_by(&opening.mapping);
    preview.missing = opening.mapping.missing(profile);
    preview.rows.clear();
    let mut row = 0;
    let mut line = 1 + opening.lines;
    let mut no_row_yet = opening.first_is_no_row;
    let table = &sample[opening.skip..];
    let all = records(table, delimiter);
    for record in if complete { all } else { all.without_last() } {
        if preview.rows.len() == limit {
            return;
        }
        let cells = cells(&shown(&table[record.body], delimiter), delimiter);
        let blank = cells.iter().all(|cell| cell.trim().is_empty());
        if no_row_yet {
            no_row_yet = blank && opening.mapping.has_header;
        } else {
            row += 1;
            let chosen = request.options.rows.as_ref().is_none_or(|rows| rows.contains(row));
            if chosen && !blank {
                let (status, findings, changes) = (RowStatus::Error, Vec::new(), Vec::new());
                preview.rows.push(PreviewRow { row, line, cells, status, findings, changes });
            }
        }
        line += if opening.of_sheet { 1 } else { u64::from(record.lines) };
    }
}

/// A record's text; one that is too large is shortened as in an import.
fn shown(bytes: &[u8], delimiter: u8) -> String {
    if bytes.len() > limits::ROW_BYTES {
        record_text::cut(bytes, delimiter)
    } else {
        record_text::text(bytes, delimiter).0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_is_not_known_maps_nothing() {
        assert_eq!(stranger().name.as_str(), "none");
        assert!(stranger().field_of_header("E-Mail").is_none());
    }
}
