//! The third plot: all chunks are closed, or the import can go no further.
//!
//! Assembly reads the fragments in file order, may be repeated, and writes `summary.json` last. Then the letter goes
//! out, once.

use futures_util::StreamExt;
use futures_util::stream;
use jiff::SignedDuration;
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::html::{ReportInput, Workbooks, report};
use rollcall_domain::report::notification::{Attachment, MAX_ATTACHMENT, Notification, notification};
use rollcall_domain::report::summary::Summary;
use rollcall_domain::report::upload::{Upload, Verdict};
use rollcall_domain::result::tally::Tally;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;

use crate::artifacts::{Loaded, is_cancelled, missing, read_plan, read_upload};
use crate::assemble::{Assembled, Assembly, read_chunk};
use crate::fault::Fault;
use crate::head::{empty_upload, head, plan_of_none};
use crate::ports::{Answer, Clock, Contacts, ImportItem, Imports, Mail, NotificationClaim, Objects, Ports};
use crate::work::pool;

/// What came of a finalize message.
#[derive(Debug, Clone, PartialEq)]
pub enum Finalized {
    /// The import is over, and its letter is out.
    Over(Box<Summary>),
    /// Chunks are open still: the message came early.
    NotYet,
    /// Somebody else is at the letter: the message is to be handed back.
    Busy,
}

/// Assembles an import's answer and sends its letter; `failed` says why it can go no further.
///
/// # Errors
/// Where a port fails; the message comes again and the plot goes on where it was.
pub async fn finalize(
    ports: &Ports<impl Objects, impl Sized, impl Contacts, impl Imports, impl Sized, impl Clock>,
    mail: &impl Mail,
    lease: SignedDuration,
    import: &ImportId,
    failed: Option<&str>,
) -> Answer<Finalized> {
    finalize_begun(ports, mail, lease, import, failed, &mut None).await
}

/// As [`finalize`], where the result files may be begun already; they are taken when they are needed.
///
/// # Errors
/// As [`finalize`].
pub async fn finalize_begun<O: Objects>(
    ports: &Ports<O, impl Sized, impl Contacts, impl Imports, impl Sized, impl Clock>,
    mail: &impl Mail,
    lease: SignedDuration,
    import: &ImportId,
    failed: Option<&str>,
    begun: &mut Option<Assembly<O::Writer>>,
) -> Answer<Finalized> {
    let Ports { objects, imports, clock, .. } = ports;
    let item = imports.get(import).await?.ok_or_else(|| missing("the import's item"))?;
    let artifacts = Artifacts::of(&item.program, import);
    let plan = match read_plan(objects, &artifacts).await? {
        Some(plan) => plan,
        None if failed.is_some() => plan_of_none(objects, &item).await?,
        None => return Ok(Finalized::NotYet),
    };
    let summary = match read_summary(objects, &artifacts).await? {
        Some(summary) => summary,
        None => {
            let sealed = item.chunks.is_some() && imports.open_chunks(import).await?.is_empty();
            if !sealed && failed.is_none() {
                return Ok(Finalized::NotYet);
            }
            conclude(ports, &artifacts, &item, &plan, failed, begun.take()).await?
        }
    };
    let upload = read_upload(objects, &artifacts).await?.ok_or_else(|| missing("upload.json"))?;
    if sends_notification(&item, &plan, &summary) {
        let now = clock.now();
        match imports.claim_notification(import, now, now + lease).await? {
            NotificationClaim::Held => return Ok(Finalized::Busy),
            NotificationClaim::Sent => {}
            NotificationClaim::Claimed => {
                let notification = compose(objects, &artifacts, &plan, &summary, &upload).await?;
                mail.send(import, &notification).await?;
                imports.notification_sent(import).await?;
            }
        }
    }
    imports.finish(import, summary.status).await?;
    Ok(Finalized::Over(Box::new(summary)))
}

/// Writes everything that the import answers with; `summary.json` last.
async fn conclude<O: Objects>(
    ports: &Ports<O, impl Sized, impl Contacts, impl Sized, impl Sized, impl Clock>,
    artifacts: &Artifacts,
    item: &ImportItem,
    plan: &Plan,
    failed: Option<&str>,
    begun: Option<Assembly<O::Writer>>,
) -> Answer<Summary> {
    let Ports { objects, contacts, clock, .. } = ports;
    let upload = match read_upload(objects, artifacts).await? {
        Some(upload) => upload,
        None => write_upload(objects, artifacts, item, plan).await?,
    };
    let mut assembled = Assembled::default();
    if !plan.chunks.is_empty() {
        assembled = assemble(objects, artifacts, plan, begun).await?;
    }
    let Assembled { mut tally, workbooks } = assembled;
    // What was read is what the survey counted: a fragment that lost a row must not add up.
    tally.rows.read = plan.rows;
    add_verdict(&mut tally, &upload.verdict);
    let head = head(plan, item);
    let mut summary = Summary::from_tally(head, tally, plan.started_at, clock.now());
    if !plan.tiles() {
        summary = summary.failed("the chunks of the plan do not tile the file");
    }
    if let Some(reason) = failed {
        summary = summary.failed(reason);
    }
    if is_cancelled(objects, artifacts).await? {
        summary = summary.cancelled();
    }
    end_import(contacts, plan, &summary).await?;
    let zone = plan.settings.zone();
    let labels = labels(plan);
    let page = report(&ReportInput { workbooks, ..input(plan, &summary, &upload, &zone, &labels) });
    objects.put(&artifacts.report(), page.into_bytes()).await?;
    objects.put(&artifacts.summary(), summary.to_json().into_bytes()).await?;
    Ok(summary)
}

/// Adds what was found about the file as a whole.
fn add_verdict(tally: &mut Tally, verdict: &Verdict) {
    for told in verdict.errors.iter().chain(&verdict.warnings) {
        tally.add_file(&Finding { column: told.column.clone(), ..Finding::new(told.code) });
    }
}

/// Writes both result files from the fragments, in file order, from where they were begun.
async fn assemble<O: Objects>(
    objects: &O,
    artifacts: &Artifacts,
    plan: &Plan,
    begun: Option<Assembly<O::Writer>>,
) -> Answer<Assembled> {
    let mut assembly = match begun {
        Some(begun) => begun,
        None => Assembly::begin(objects, plan).await?,
    };
    let missing = (0..).take(plan.chunks.len()).skip(assembly.next() as usize);
    let reads = missing.map(|number| read_chunk(objects, artifacts, plan, number));
    let mut answers = stream::iter(reads).buffered(O::AT_ONCE);
    while let Some(answer) = answers.next().await {
        assembly.add(plan, answer?).await?;
    }
    assembly.finish().await
}

/// What is left to do among the contacts: the switch of a replacing import, and tidying.
async fn end_import(contacts: &impl Contacts, plan: &Plan, summary: &Summary) -> Answer<()> {
    if plan.dry_run || plan.chunks.is_empty() {
        return Ok(());
    }
    let profile = plan.profile().map_err(|error| Fault::damaged("reading the plan", error))?;
    if profile.directory.is_some() {
        return Ok(());
    }
    let loaded = Loaded { plan: plan.clone(), profile };
    let complete = matches!(summary.status, Status::Completed | Status::CompletedWithErrors);
    // What was there before goes when the new ones are in: where none is, nothing goes (DIG-5).
    let rows = &summary.rows;
    let any_in = rows.created + rows.updated + rows.unchanged + rows.merged > 0;
    if plan.options.replace && complete && any_in {
        contacts.raise_cutoff(&pool(&loaded), &plan.import_id).await?;
    }
    contacts.end_import(&pool(&loaded), &plan.import_id).await
}

/// Directory loads write only where something is to be mended; everything else always. Where a file was refused or its
/// import failed there is a letter even if it goes to nobody.
fn sends_notification(item: &ImportItem, plan: &Plan, summary: &Summary) -> bool {
    match summary.status {
        _ if !item.profile.starts_with("directory/") => true,
        Status::Completed => false,
        Status::Refused | Status::Failed => true,
        Status::CompletedWithErrors | Status::Incomplete | Status::Cancelled => !recipients(plan).is_empty(),
    }
}

fn recipients(plan: &Plan) -> Vec<String> {
    let mut to = plan.settings.notify.clone();
    for address in &plan.options.notify {
        if !to.contains(address) {
            to.push(address.clone());
        }
    }
    to
}

/// What the plan's profile calls its fields; nothing where there is none to read.
fn labels(plan: &Plan) -> Labels {
    plan.profile().map(|profile| profile.labels()).unwrap_or_default()
}

/// Writes the notification e-mail.
async fn compose(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    summary: &Summary,
    upload: &Upload,
) -> Answer<Notification> {
    let (zone, labels) = (plan.settings.zone(), labels(plan));
    let input = input(plan, summary, upload, &zone, &labels);
    let attachment = failed_file(objects, artifacts, plan, summary).await?;
    Ok(notification(&input, plan.settings.sender.as_deref(), &recipients(plan), attachment))
}

/// The file of failed rows, where the program wants it along and it is small: the workbook where there is one.
async fn failed_file(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    summary: &Summary,
) -> Answer<Option<Attachment>> {
    let failed = summary.rows.rejected + summary.rows.unprocessed;
    if !plan.settings.attach_failed || failed == 0 {
        return Ok(None);
    }
    let files = [
        (artifacts.failed_workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (artifacts.failed(), "text/csv"),
    ];
    for (key, media_type) in files {
        let small = objects.describe(&key).await?.filter(|object| object.len <= MAX_ATTACHMENT);
        if small.is_some()
            && let Some(bytes) = objects.get(&key).await?
        {
            let name = key.rsplit('/').next().unwrap_or_default().to_owned();
            return Ok(Some(Attachment { name, media_type, bytes }));
        }
    }
    Ok(None)
}

fn input<'a>(
    plan: &'a Plan,
    summary: &'a Summary,
    upload: &'a Upload,
    zone: &'a jiff::tz::TimeZone,
    labels: &'a Labels,
) -> ReportInput<'a> {
    let (title, locale) = (plan.settings.title.as_str(), plan.settings.locale);
    let console_url = plan.settings.console_url.as_deref();
    let workbooks = Workbooks::default();
    ReportInput { summary, upload, title, locale, time_zone: zone, labels, console_url, workbooks }
}

async fn read_summary(objects: &impl Objects, artifacts: &Artifacts) -> Answer<Option<Summary>> {
    let Some(json) = objects.get(&artifacts.summary()).await? else { return Ok(None) };
    serde_json::from_slice(&json).map(Some).map_err(|error| Fault::damaged("reading summary.json", error))
}

async fn write_upload(
    objects: &impl Objects,
    artifacts: &Artifacts,
    item: &ImportItem,
    plan: &Plan,
) -> Answer<Upload> {
    let upload = empty_upload(plan, item);
    objects.put(&artifacts.upload(), upload.to_json().into_bytes()).await?;
    Ok(upload)
}
