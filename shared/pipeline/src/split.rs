//! The first stage: an object was dropped.
//!
//! The splitter reads the object twice. First comes the survey, which accepts or refuses the file; then the plan is
//! written; then the cut follows the plan and sends the chunks. An interrupted splitter runs again and follows the
//! plan if there is one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use futures_util::{TryStreamExt, stream};
use rollcall_domain::file::decode::Encoding;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::{ChunkSize, Plan, VERSION};
use rollcall_domain::plan::object_keys::{Artifacts, Drop, DropTarget};
use rollcall_domain::plan::{cut, mapping, saved_mapping};
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;
use rollcall_domain::report::summary::SCHEMA;
use rollcall_domain::report::upload::{Detection, Upload, UploadColumn, UploadMapping, Verdict};
use rollcall_domain::survey::whole_file::Surveyed;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::limits;
use rollcall_domain::types::names::ImportId;

use crate::approve;
use crate::artifacts::read_plan;
use crate::fault::Fault;
use crate::head::head;
use crate::lane::{announce, take_turn};
use crate::pause::is_paused;
use crate::ports::{Answer, Clock, Host, ImportItem, Imports, ObjectVersion, Objects, Ports, Queue, Turn};
use crate::request::{ImportRequest, drop_of, new_item};
use crate::survey::survey;
use crate::text::{Form, Text};
use crate::undo;

/// The outcome of a drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// The object does not start an import.
    NotOurs,
    /// The import has ended already.
    Over(ImportId),
    /// The file was refused; the finalizer writes the results.
    Refused(ImportId),
    /// All open chunks were sent.
    Sent(ImportId),
    /// Another import of the lane has its turn; the one before hands the turn on.
    Waiting(ImportId),
    /// The program is paused; its resumption sends the chunks.
    Paused(ImportId),
}

/// Splits a dropped object into chunks on the queue.
///
/// # Errors
/// [`Fault::Gone`] if the object was removed or overwritten in the meantime: the import fails.
pub async fn split_import(
    host: &impl Host,
    object: ObjectVersion,
    given: Vec<(String, String)>,
    size: ChunkSize,
) -> Answer<Split> {
    let Ports { objects, imports, queue, clock, .. } = host.ports();
    let Some(drop) = Drop::parse(&object.key) else { return Ok(Split::NotOurs) };
    let item = new_item(objects.bucket(), &drop, object, given, clock.now());
    split_again(objects, imports, queue, clock, item, size).await
}

/// The same for a stored import: one from a schedule, or an interrupted one.
///
/// # Errors
/// As [`split_import`].
pub async fn split_again(
    objects: &impl Objects,
    imports: &impl Imports,
    queue: &impl Queue,
    clock: &impl Clock,
    item: ImportItem,
    size: ChunkSize,
) -> Answer<Split> {
    if let Some(claimed_by) = claimed_by_another(objects, imports, &item).await? {
        return Ok(Split::Over(claimed_by));
    }
    let item = announce(objects, imports, item).await?;
    if item.status.is_some() {
        return Ok(Split::Over(item.import_id));
    }
    let plan = plan_import(objects, imports, &item, size).await?;
    send_planned(objects, imports, queue, clock, &item, &plan).await
}

/// The plan of an announced import: the one that stands, or a new one.
///
/// # Errors
/// As [`split_import`].
pub async fn plan_import(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
    size: ChunkSize,
) -> Answer<Plan> {
    let drop = drop_of(item)?;
    let artifacts = Artifacts::of(&item.program, &item.import_id);
    if let Some(plan) = read_plan(objects, &artifacts).await? {
        return Ok(plan);
    }
    let (plan, upload) = match &drop.what {
        DropTarget::Approve(dry_run) => approve::plan(objects, imports, item, dry_run).await?,
        DropTarget::Undo(undone) => undo::plan(objects, imports, item, undone).await?,
        _ => survey_and_plan(objects, imports, item, &drop, size).await?,
    };
    write_plan(objects, &artifacts, plan, &upload).await
}

/// Sends the open chunks of an import with this plan, once it has its turn.
///
/// # Errors
/// As [`split_import`].
pub async fn send_planned(
    objects: &impl Objects,
    imports: &impl Imports,
    queue: &impl Queue,
    clock: &impl Clock,
    item: &ImportItem,
    plan: &Plan,
) -> Answer<Split> {
    let import_id = item.import_id.clone();
    imports.seal(&import_id, plan.steps()).await?;
    if is_judged(imports, plan).await? {
        // Refused, or judged by workers before this run: nobody else may be left to say so.
        queue.send_finalize(&item.program, &import_id).await?;
        return Ok(if plan.chunks.is_empty() { Split::Refused(import_id) } else { Split::Sent(import_id) });
    }
    if take_turn(imports, queue, clock, item, plan).await? == Turn::Waiting {
        return Ok(Split::Waiting(import_id));
    }
    if is_paused(objects, &item.program).await? {
        return Ok(Split::Paused(import_id));
    }
    send_open_chunks(objects, imports, queue, item, plan).await?;
    if is_judged(imports, plan).await? {
        queue.send_finalize(&item.program, &import_id).await?;
    }
    Ok(Split::Sent(import_id))
}

/// The earlier import that approves the same dry run, or undoes the same import. A request that has one starts nothing:
/// a host asks before it announces the import.
///
/// # Errors
/// Where a port fails.
pub async fn claimed_by_another(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
) -> Answer<Option<ImportId>> {
    let drop = drop_of(item)?;
    let claimed_by = match &drop.what {
        DropTarget::Approve(dry_run) if approve::find(objects, imports, item, dry_run).await?.is_some() => {
            approve::claim(objects, item, dry_run).await?
        }
        DropTarget::Undo(undone)
            if !drop.dry_run && undo::find(objects, imports, item, undone).await?.is_ok() =>
        {
            undo::claim(objects, imports, item, undone).await?
        }
        _ => return Ok(None),
    };
    Ok((claimed_by != item.import_id).then_some(claimed_by))
}

/// Whether no chunk is left to judge.
async fn is_judged(imports: &impl Imports, plan: &Plan) -> Answer<bool> {
    Ok(!imports.open_chunks(&plan.import_id).await?.iter().any(|step| plan.is_judging(*step)))
}

/// Surveys the file.
async fn survey_and_plan(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
    drop: &Drop,
    size: ChunkSize,
) -> Answer<(Plan, Upload)> {
    let asked = ImportRequest::read(objects, item, drop).await?;
    let mut surveyed = survey(objects, &item.object, &asked, size).await?;
    // A dry run says who is known, so a program has a number of them.
    let is_dry = surveyed.options.as_ref().unwrap_or(&asked.options).dry_run;
    if is_dry && surveyed.errors.is_empty() {
        let used_up = imports.admit_dry_run(item).await?;
        let refused = used_up.map(|limit| Finding::new(Code::QuotaExceeded).arg("limit", limit));
        surveyed.errors.extend(refused);
    }
    let plan = plan_of(item, &drop.file, &asked, &surveyed);
    let upload = upload_of(&plan, item, &asked, &surveyed);
    Ok((plan, upload))
}

/// Writes the upload summary, then the plan; if a plan exists already, that one counts.
async fn write_plan(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: Plan,
    upload: &Upload,
) -> Answer<Plan> {
    objects.put(&artifacts.upload(), upload.to_json().into_bytes()).await?;
    // Only the cut needs the marks, and every worker reads the plan; that of an undo needs its own.
    let (plan, marks) = match plan.undoes {
        Some(_) => (plan, None),
        None => plan.without_marks(),
    };
    if let Some(marks) = marks {
        objects.put_if_absent(&artifacts.marks(), &[&marks]).await?;
    }
    if objects.put_if_absent(&artifacts.plan(), &[&plan.to_json()]).await? {
        return Ok(plan);
    }
    read_plan(objects, artifacts).await?.ok_or_else(|| crate::artifacts::missing("plan.json"))
}

pub(crate) fn plan_of(item: &ImportItem, file: &str, asked: &ImportRequest, surveyed: &Surveyed) -> Plan {
    let accepted = surveyed.errors.is_empty();
    let profile = asked.profile.as_deref().map(Profile::to_toml).unwrap_or_default();
    Plan {
        v: VERSION,
        import_id: item.import_id.clone(),
        program: item.program.clone(),
        file: file.to_owned(),
        dry_run: asked.options.dry_run,
        approves: None,
        undoes: None,
        started_at: item.started_at,
        profile,
        settings: asked.settings.clone(),
        options: surveyed.options.clone().unwrap_or_else(|| asked.options.clone()),
        encoding: surveyed.encoding.as_ref().map_or(Encoding::Utf8, |found| found.encoding),
        packing: surveyed.packing,
        sheet: surveyed.sheet.clone(),
        delimiter: surveyed.delimiter.map_or(',', char::from),
        dialect: surveyed.dialect,
        mapping: surveyed.mapping.clone(),
        day_orders: surveyed.day_orders.clone(),
        rows: if accepted { surveyed.rows } else { 0 },
        surplus: surveyed.surplus,
        marks_apart: false,
        chunks: if accepted { surveyed.chunks.clone() } else { Vec::new() },
    }
}

fn upload_of(plan: &Plan, item: &ImportItem, asked: &ImportRequest, surveyed: &Surveyed) -> Upload {
    let locale = plan.settings.locale;
    let findings = surveyed.errors.iter().chain(&surveyed.warnings);
    let labels = asked.profile.as_deref().map(Profile::labels).unwrap_or_default();
    let findings = findings.map(|finding| FindingJson::new(finding, &labels, locale)).collect();
    let verdict = Verdict::of(findings);
    let found = surveyed.encoding.as_ref();
    let has_header = surveyed.mapping.has_header;
    let first_line = if has_header { "header" } else { surveyed.first_line.as_str() };
    Upload {
        schema: SCHEMA,
        head: head(plan, item),
        rows: verdict.accepted.then_some(surveyed.rows),
        verdict,
        encoding: found.map(|found| found.encoding.as_str().to_owned()),
        delimiter: surveyed.sign(),
        sheet: surveyed.sheet.as_ref().map(|sheet| sheet.name.clone()),
        first_line: surveyed.delimiter.map(|_| first_line.to_owned()),
        columns: columns_of(&surveyed.mapping, asked.profile.as_deref()),
        mapping: mapping_of(surveyed),
        detection: Detection::of(surveyed),
        options: options_of(&plan.options),
    }
}

/// The key under which a mapping is saved for the file's header; `None` for a file without a header.
pub(crate) fn mapping_of(surveyed: &Surveyed) -> Option<UploadMapping> {
    surveyed.mapping.has_header.then(|| UploadMapping {
        fingerprint: saved_mapping::fingerprint(&surveyed.mapping),
        saved: surveyed.mapping_saved,
    })
}

/// All columns, and for an unknown one the field that its header resembles.
pub(crate) fn columns_of(mapping: &mapping::Mapping, profile: Option<&Profile>) -> Vec<UploadColumn> {
    let unmapped = mapping.columns.iter().filter(|column| column.role == mapping::Role::Unmapped).count();
    let hints = mapping.has_header && unmapped <= limits::HINTED_COLUMNS;
    let column = |(at, column): (usize, &mapping::MappedColumn)| {
        // Hints for very many columns would cost more than they help.
        let unmapped = column.role == mapping::Role::Unmapped && hints;
        let near = profile.filter(|_| unmapped).and_then(|profile| profile.nearest_field(&column.header));
        let near = near.filter(|field| !mapping.has(field));
        UploadColumn {
            position: at as u32 + 1,
            header: column.header.clone(),
            field: match &column.role {
                mapping::Role::Field(field) => Some(field.clone()),
                _ => None,
            },
            fields: profile
                .filter(|_| !mapping.sources.is_empty() && at < limits::COLUMNS)
                .map(|profile| mapping.fields_of(at, profile))
                .filter(|fields| fields.len() > 1)
                .unwrap_or_default(),
            hint: near.map(str::to_owned),
        }
    };
    mapping.columns.iter().enumerate().map(column).collect()
}

/// The options that the import used, without those at their defaults.
fn options_of(options: &Options) -> BTreeMap<String, serde_json::Value> {
    let json = serde_json::to_value(options).unwrap_or_default();
    let said = |value: &serde_json::Value| match value {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let mut all = json.as_object().cloned().unwrap_or_default();
    let delimiter = options.delimiter.map(|delimiter| char::from(delimiter).to_string());
    all.insert("delimiter".to_owned(), delimiter.into());
    all.into_iter().filter(|(name, value)| said(value) && name != "notify").collect()
}

/// The second pass: cuts the text at the plan's borders and sends the open chunks.
async fn send_open_chunks<Q: Queue>(
    objects: &impl Objects,
    imports: &impl Imports,
    queue: &Q,
    item: &ImportItem,
    plan: &Plan,
) -> Answer<()> {
    let open = imports.open_chunks(&item.import_id).await?;
    if plan.undoes.is_some() {
        for number in open {
            queue.send_chunk(ChunkMessage::without_rows(plan, number)).await?;
        }
        return Ok(());
    }
    let source = source_of(imports, item, plan).await?;
    let steps: Vec<u32> = open.into_iter().filter(|step| plan.is_judging(*step)).collect();
    let cutter = Cutter::new(objects, &source, plan).with_marks().await?;
    // The text is cut in order; several messages are on their way at the same time.
    let messages = stream::try_unfold((cutter, steps.into_iter()), async |(mut cutter, mut steps)| {
        let Some(number) = steps.next() else { return Ok(None) };
        Ok::<_, Fault>(Some((cutter.message(number).await?, (cutter, steps))))
    });
    messages.try_for_each_concurrent(Q::AT_ONCE, |message| queue.send_chunk(message)).await
}

/// The object whose rows are imported; that of an approval is the dry run's.
pub(crate) async fn source_of(
    imports: &impl Imports,
    item: &ImportItem,
    plan: &Plan,
) -> Answer<ObjectVersion> {
    let Some(dry_run) = &plan.approves else { return Ok(item.object.clone()) };
    let dry_run = imports.get(dry_run).await?;
    dry_run.map(|item| item.object).ok_or_else(|| Fault::damaged("reading an approval", "no such dry run"))
}

/// Cuts an object's text into the plan's chunks, in one pass.
pub(crate) struct Cutter<'a, O> {
    objects: &'a O,
    plan: Cow<'a, Plan>,
    object: &'a ObjectVersion,
    text: Text<'a, O>,
    piece: Vec<u8>,
    /// The offset of the piece in the decoded text.
    at: u64,
}

impl<'a, O: Objects> Cutter<'a, O> {
    pub(crate) fn new(objects: &'a O, object: &'a ObjectVersion, plan: &'a Plan) -> Self {
        let text = Text::new(objects, object, Form::of(plan));
        Self { objects, plan: Cow::Borrowed(plan), object, text, piece: Vec::new(), at: 0 }
    }

    /// The same with the marks of repeated rows, where they were stored beside the plan.
    pub(crate) async fn with_marks(mut self) -> Answer<Self> {
        if self.plan.marks_apart {
            let artifacts = Artifacts::of(&self.plan.program, &self.plan.marks_of());
            let marks = self.objects.get(&artifacts.marks()).await?;
            let marks = marks.ok_or_else(|| crate::artifacts::missing("the marks of repeated rows"))?;
            let plan = self.plan.into_owned().with_marks(&marks);
            self.plan = Cow::Owned(plan.map_err(|error| Fault::damaged("reading the plan", error))?);
        }
        Ok(self)
    }

    /// The message of a step: of a chunk, or of the writing of one that is judged. Ascending, as chunks are.
    pub(crate) async fn step(&mut self, step: u32) -> Answer<ChunkMessage> {
        if self.plan.is_judging(step) && self.plan.undoes.is_none() {
            self.message(step).await
        } else {
            Ok(ChunkMessage::without_rows(&self.plan, step))
        }
    }

    /// The message of a chunk. The caller asks for chunks in ascending order.
    pub(crate) async fn message(&mut self, number: u32) -> Answer<ChunkMessage> {
        let chunk = self.plan.chunks.get(number as usize);
        let chunk = chunk.ok_or_else(|| crate::artifacts::missing("a chunk of the plan"))?;
        let (start, end) = (chunk.start, chunk.end);
        let mut rows = Vec::with_capacity((end - start) as usize);
        loop {
            let len = self.piece.len() as u64;
            let [from, to] = [start, end].map(|offset| offset.saturating_sub(self.at).min(len) as usize);
            rows.extend_from_slice(&self.piece[from..to]);
            if end <= self.at + len {
                break;
            }
            // The next piece may take the memory of this one.
            self.piece = Vec::new();
            self.at += len;
            self.piece = self.text.next().await?.ok_or_else(|| Fault::Gone(self.object.key.clone()))?;
        }
        Ok(cut::message(&self.plan, number, rows))
    }
}
