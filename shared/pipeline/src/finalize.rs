//! The third stage: all chunks are closed, or the import cannot go on.
//!
//! Assembly reads the chunk results in file order, may be repeated, and writes `summary.json` last. Then the
//! notification e-mail is sent once.

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
use rollcall_domain::result::abandoned::refuse_all;
use rollcall_domain::result::tally::Tally;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;

use crate::artifacts::{Loaded, is_cancelled, missing, read_plan, read_upload};
use crate::assemble::{Assembled, Assembly, read_chunk};
use crate::fault::Fault;
use crate::gate;
use crate::gate::{Decision, Gate};
use crate::head::{empty_upload, head, plan_of_none};
use crate::lane::hand_on;
use crate::ports::{
    Answer, Clock, Contacts, Host, ImportItem, Imports, Mail, NotificationClaim, Objects, Ports, Take,
};
use crate::removal;
use crate::removal::Removal;
use crate::undo;
use crate::undo::Undone;
use crate::webhook::announcement;
use crate::work::pool;

/// The outcome of a finalize message.
#[derive(Debug, Clone, PartialEq)]
pub enum Finalized {
    /// The import is over, and its notification was sent.
    Over(Box<Summary>),
    /// Some chunks are still open: the message was early.
    NotYet,
    /// Another worker is sending the notification: retry the message later.
    Busy,
}

/// Assembles the results of an import and sends its notification; `failed` is the cause if it cannot go on.
///
/// # Errors
/// If a port fails. The message is delivered again and the stage continues where it was.
pub async fn finalize(
    host: &impl Host,
    mail: &impl Mail,
    lease: SignedDuration,
    import: &ImportId,
    failed: Option<&str>,
) -> Answer<Finalized> {
    finalize_begun(host, mail, lease, import, failed, &mut None).await
}

/// Like [`finalize`], for result files that may have been begun. It takes them when it needs them.
///
/// # Errors
/// As [`finalize`].
pub async fn finalize_begun<H: Host>(
    host: &H,
    mail: &impl Mail,
    lease: SignedDuration,
    import: &ImportId,
    failed: Option<&str>,
    begun: &mut Option<Assembly<<H::Objects as Objects>::Writer>>,
) -> Answer<Finalized> {
    let Ports { objects, imports, queue, clock, .. } = host.ports();
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
            let judged = item.chunks.is_some() && is_ready(host, &artifacts, &plan).await?;
            if !judged && failed.is_none() {
                return Ok(Finalized::NotYet);
            }
            if !judged && !close_rest(imports, clock, lease, import).await? {
                return Ok(Finalized::Busy);
            }
            match plan.undoes {
                Some(_) => conclude_undo(host, &artifacts, &item, &plan, failed).await?,
                None => conclude(host, &artifacts, &item, &plan, failed, begun.take()).await?,
            }
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
                let sent = mail.send(import, &notification).await;
                if let Err(Fault::Throttled { .. }) = sent {
                    // The service took nothing: the next delivery need not wait for the lease.
                    imports.release_notification(import).await?;
                }
                sent?;
                imports.notification_sent(import).await?;
            }
        }
    }
    if let Some(announcement) = announcement(&plan.settings, &summary)? {
        mail.announce(&announcement).await?;
    }
    hand_on(imports, queue, &item).await?;
    imports.finish(import, summary.status).await?;
    Ok(Finalized::Over(Box::new(summary)))
}

/// Chunks that are closed at the same time.
const CLOSED_AT_ONCE: usize = 16;

/// Closes the chunks of an import that cannot go on, so that a message that comes late writes nothing; `false` where a
/// worker holds one of them now.
async fn close_rest(
    imports: &impl Imports,
    clock: &impl Clock,
    lease: SignedDuration,
    import: &ImportId,
) -> Answer<bool> {
    let closing = imports.open_chunks(import).await?.into_iter().map(async |chunk| {
        let now = clock.now();
        match imports.take(import, chunk, now, now + lease).await? {
            Take::Leased => Ok(false),
            Take::Closed => Ok(true),
            Take::Taken => imports.close(import, chunk, now).await.map(|_| true),
        }
    });
    let mut closed = stream::iter(closing).buffer_unordered(CLOSED_AT_ONCE);
    let mut all = true;
    while let Some(is_closed) = closed.next().await {
        all &= is_closed?;
    }
    Ok(all)
}

/// Whether nothing is left to judge or to write.
async fn is_ready(host: &impl Host, artifacts: &Artifacts, plan: &Plan) -> Answer<bool> {
    let Ports { imports, .. } = host.ports();
    if !plan.is_gated() {
        return Ok(imports.open_chunks(&plan.import_id).await?.is_empty());
    }
    let gate = gate::advance(host, artifacts, plan).await?;
    Ok(matches!(gate, Gate::Done))
}

/// Writes every document of the import; `summary.json` last.
async fn conclude<H: Host>(
    host: &H,
    artifacts: &Artifacts,
    item: &ImportItem,
    plan: &Plan,
    failed: Option<&str>,
    begun: Option<Assembly<<H::Objects as Objects>::Writer>>,
) -> Answer<Summary> {
    let Ports { objects, contacts, clock, .. } = host.ports();
    let upload = match read_upload(objects, artifacts).await? {
        Some(upload) => upload,
        None => write_upload(objects, artifacts, item, plan).await?,
    };
    let decision = decision(objects, contacts, artifacts, plan, failed.is_some()).await?;
    let refused = decision.as_ref().and_then(|decision| Refusal::of(plan, decision));
    let mut assembled = Assembled::default();
    if !plan.chunks.is_empty() {
        assembled = assemble(objects, artifacts, plan, begun, refused.as_ref()).await?;
    }
    let Assembled { mut tally, workbooks } = assembled;
    // The survey counted the rows. If a chunk result lacks a row, the counts must not add up.
    tally.rows.read = plan.rows;
    add_verdict(&mut tally, &upload.verdict);
    refused.iter().flat_map(|refused| &refused.exceeded).for_each(|finding| tally.add_file(finding));
    let removed = removed(plan, &tally, decision.as_ref().filter(|_| failed.is_none()));
    removed.and_then(Removal::warning).iter().for_each(|finding| tally.add_file(finding));
    let head = head(plan, item);
    let mut summary = Summary::from_tally(head, tally, plan.started_at, clock.now());
    if !plan.tiles() {
        summary = summary.failed("the chunks of the plan do not cover the file exactly");
    }
    if let Some(reason) = failed {
        summary = summary.failed(reason);
    }
    if is_cancelled(objects, artifacts).await? {
        summary = summary.cancelled();
    }
    summary.removed = removed.map(|removal| removal.removed);
    end_import(objects, contacts, plan, &summary).await?;
    let zone = plan.settings.zone();
    let labels = labels(plan);
    let page = report(&ReportInput { workbooks, ..input(plan, &summary, &upload, &zone, &labels) });
    objects.put(&artifacts.report(), page.into_bytes()).await?;
    objects.put(&artifacts.summary(), summary.to_json().into_bytes()).await?;
    Ok(summary)
}

/// Writes every document of an undo; `summary.json` last.
async fn conclude_undo(
    host: &impl Host,
    artifacts: &Artifacts,
    item: &ImportItem,
    plan: &Plan,
    failed: Option<&str>,
) -> Answer<Summary> {
    let Ports { objects, contacts, clock, .. } = host.ports();
    let upload = match read_upload(objects, artifacts).await? {
        Some(upload) => upload,
        None => write_upload(objects, artifacts, item, plan).await?,
    };
    let Undone { counts, unprocessed } = undo::assemble(objects, artifacts, plan).await?;
    let (head, now) = (head(plan, item), clock.now());
    let mut summary = Summary::of_undo(head, counts, unprocessed, plan.started_at, now);
    let mut tally = Tally::default();
    add_verdict(&mut tally, &upload.verdict);
    if !tally.errors.is_empty() {
        summary.status = Status::Refused;
    }
    summary.errors = tally.errors;
    if let Some(reason) = failed {
        summary = summary.failed(reason);
    }
    if is_cancelled(objects, artifacts).await? {
        summary = summary.cancelled();
    }
    if !plan.dry_run && !plan.chunks.is_empty() {
        contacts.end_import(&undo::pool(plan)?, &plan.import_id).await?;
    }
    let (zone, labels) = (plan.settings.zone(), labels(plan));
    let page = report(&input(plan, &summary, &upload, &zone, &labels));
    objects.put(&artifacts.report(), page.into_bytes()).await?;
    objects.put(&artifacts.summary(), summary.to_json().into_bytes()).await?;
    Ok(summary)
}

/// Why nothing of the import is written although its rows were judged.
struct Refusal {
    /// The limits that were exceeded; none where the import was cancelled.
    exceeded: Vec<Finding>,
}

impl Refusal {
    fn of(plan: &Plan, decision: &Decision) -> Option<Self> {
        let exceeded = if decision.cancelled { Vec::new() } else { decision.exceeded(plan) };
        (!decision.passed).then_some(Self { exceeded })
    }

    fn reason(&self) -> Option<Code> {
        self.exceeded.first().map(|finding| finding.code)
    }
}

/// The decision on the import as a whole, where an option asks for one.
async fn decision(
    objects: &impl Objects,
    contacts: &impl Contacts,
    artifacts: &Artifacts,
    plan: &Plan,
    failed: bool,
) -> Answer<Option<Decision>> {
    if !plan.has_limits() || plan.chunks.is_empty() {
        return Ok(None);
    }
    if failed {
        return gate::close_for_good(objects, artifacts, plan).await.map(Some);
    }
    gate::decide(objects, contacts, artifacts, plan).await.map(Some)
}

/// The contacts that the import removes; nothing where it does not replace, or was refused.
///
/// The old contacts go when the new ones are stored. Where no row was accepted, no contact goes (DIG-5).
fn removed<'d>(plan: &Plan, tally: &Tally, decision: Option<&'d Decision>) -> Option<&'d Removal> {
    if !plan.options.replace || plan.chunks.is_empty() {
        return None;
    }
    let complete = tally.rows.unprocessed == 0 && tally.sum_holds();
    decision.filter(|decision| decision.passed && complete)?.removal.as_ref()
}

/// Writes the report of an import that is over again, from its other documents.
pub(crate) async fn write_report(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    summary: &Summary,
) -> Answer<()> {
    let upload = read_upload(objects, artifacts).await?.ok_or_else(|| missing("upload.json"))?;
    let (zone, labels) = (plan.settings.zone(), labels(plan));
    let workbooks = Workbooks {
        wanted: plan.sheet.is_some(),
        succeeded: objects.describe(&artifacts.succeeded_workbook()).await?.is_some(),
        failed: objects.describe(&artifacts.failed_workbook()).await?.is_some(),
    };
    let page = report(&ReportInput { workbooks, ..input(plan, summary, &upload, &zone, &labels) });
    objects.put(&artifacts.report(), page.into_bytes()).await
}

/// Adds the findings about the file as a whole.
fn add_verdict(tally: &mut Tally, verdict: &Verdict) {
    for finding in verdict.errors.iter().chain(&verdict.warnings) {
        tally.add_file(&Finding { column: finding.column.clone(), ..Finding::new(finding.code) });
    }
}

/// Assembles both result files from the chunk results, in file order, starting with those that have been begun.
async fn assemble<O: Objects>(
    objects: &O,
    artifacts: &Artifacts,
    plan: &Plan,
    begun: Option<Assembly<O::Writer>>,
    refused: Option<&Refusal>,
) -> Answer<Assembled> {
    let mut assembly = match begun {
        Some(begun) => begun,
        None => Assembly::begin(objects, plan).await?,
    };
    let missing = (0..).take(plan.chunks.len()).skip(assembly.next() as usize);
    let reads = missing.map(|number| read_chunk(objects, artifacts, plan, number));
    let mut answers = stream::iter(reads).buffered(O::AT_ONCE);
    while let Some(answer) = answers.next().await {
        let answer = answer?;
        let answer = match refused {
            Some(refused) => answer.map(|answer| refuse_all(plan, answer, refused.reason())),
            None => answer,
        };
        assembly.add(plan, answer).await?;
    }
    assembly.finish().await
}

/// The work left in the contacts: a replacing import raises the cutoff; every import tidies up.
async fn end_import(
    objects: &impl Objects,
    contacts: &impl Contacts,
    plan: &Plan,
    summary: &Summary,
) -> Answer<()> {
    if plan.chunks.is_empty() {
        return Ok(());
    }
    let profile = plan.profile().map_err(|error| Fault::damaged("reading the plan", error))?;
    // Of a refused import the file says what would have been removed.
    if plan.options.replace && summary.removed.is_none() && summary.status != Status::Refused {
        let artifacts = Artifacts::of(&plan.program, &plan.import_id);
        removal::write_none(objects, &artifacts, plan, &profile).await?;
    }
    if plan.dry_run || profile.directory.is_some() {
        return Ok(());
    }
    let loaded = Loaded { plan: plan.clone(), profile };
    if summary.removed.is_some() && summary.rows.accepted() > 0 {
        contacts.raise_cutoff(&pool(&loaded), &plan.import_id).await?;
    }
    contacts.end_import(&pool(&loaded), &plan.import_id).await
}

/// Directory loads send an e-mail only if there is something to fix; all other imports always do. A refused file or a
/// failed import gets a notification even if it has no recipient.
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

/// The labels of the plan's profile; none if the profile cannot be read.
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

/// The file of failed rows, if the settings request it and it is small: the workbook, if there is one.
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

pub(crate) async fn read_summary(objects: &impl Objects, artifacts: &Artifacts) -> Answer<Option<Summary>> {
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
