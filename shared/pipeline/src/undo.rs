//! Undo: an import that takes back what another one wrote.
//!
//! It goes through the chunk results of the undone import, which hold what was there before. Each chunk is judged once
//! from the contacts as they are now; its result is durable before anything changes, and every write is conditional. So
//! a crash at any point, and any number of deliveries, lead to the same end. What a replace removed comes back at once:
//! the cutoff of its pool goes back.

mod judge;

use std::collections::HashSet;

use rollcall_domain::judge::undo::{UndoJudge, UndoResult};
use rollcall_domain::messages::catalogue::Messages;
use rollcall_domain::messages::labels::Labels;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::{ChunkPlan, EarlierCutoff, Plan, RepeatMark, UndoPlan};
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::upload::{Upload, Verdict};
use rollcall_domain::result::tally::UndoCounts;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;

use crate::artifacts::{Loaded, is_cancelled, missing, read_answer, read_plan};
use crate::fault::Fault;
use crate::gate;
use crate::head::{empty_upload, head, plan_of_none};
use crate::ports::{Answer, Contacts, Host, ImportItem, Imports, ObjectWriter, Objects, Pool};
use crate::removal;
use crate::removal::Removal;
use crate::request::UNDO;

/// An import that can be undone.
#[derive(Debug)]
pub struct Found {
    plan: Plan,
    /// What it removed, where it replaced and is complete.
    removal: Option<Removal>,
    /// It was refused or cancelled before anything was written.
    wrote_nothing: bool,
}

/// Whether an import undoes another one.
pub fn is_undo(item: &ImportItem) -> bool {
    item.profile.starts_with(UNDO)
}

/// Says why an import cannot be undone.
pub fn impossible(reason: &str, locale: Locale) -> String {
    let finding = Finding::new(Code::UndoImpossible).arg("reason", reason);
    Messages::of(locale).text(&finding, Labels::NONE)
}

/// An import that can be undone, or the id of the reason why it cannot.
///
/// # Errors
/// Where a port fails.
pub async fn find(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
    undone: &ImportId,
) -> Answer<Result<Found, &'static str>> {
    let Some(import) = imports.get(undone).await?.filter(|import| import.program == item.program) else {
        return Ok(Err("import_unknown"));
    };
    if import.profile.starts_with("directory/") {
        return Ok(Err("directory_load"));
    }
    if is_undo(&import) {
        return Ok(Err("is_undo"));
    }
    let Some(status) = import.status else { return Ok(Err("import_running")) };
    let artifacts = Artifacts::of(&import.program, undone);
    let Some(plan) = read_plan(objects, &artifacts).await? else { return Ok(Err("artifacts_gone")) };
    if plan.dry_run {
        return Ok(Err("is_dry_run"));
    }
    let decision = gate::read(objects, &artifacts).await?;
    let wrote_nothing = match &decision {
        Some(decision) => !decision.passed,
        None => plan.is_gated(),
    };
    if !wrote_nothing && !has_artifacts(objects, &artifacts, &plan, status).await? {
        return Ok(Err("artifacts_gone"));
    }
    let is_complete = matches!(status, Status::Completed | Status::CompletedWithErrors);
    let removal = decision.and_then(|decision| decision.removal).filter(|_| is_complete && !wrote_nothing);
    if removal.as_ref().is_some_and(|removal| removal.removed > 0)
        && objects.describe(&artifacts.removed()).await?.is_none()
    {
        return Ok(Err("artifacts_gone"));
    }
    Ok(Ok(Found { plan, removal, wrote_nothing }))
}

/// Whether the chunk results are there; an import that failed may have some that were never written.
async fn has_artifacts(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    status: Status,
) -> Answer<bool> {
    if status == Status::Failed {
        return Ok(true);
    }
    for chunk in 0..plan.chunks.len() as u32 {
        if objects.describe(&artifacts.chunk_result(chunk)).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Claims an import for the one that undoes it; answers the import that has it, this one or an earlier one. An undo that
/// could not be completed gives way.
///
/// # Errors
/// Where a port fails.
pub async fn claim(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
    undone: &ImportId,
) -> Answer<ImportId> {
    let key = Artifacts::of(&item.program, undone).undone_by();
    let own = item.import_id.as_str().as_bytes();
    if objects.put_if_absent(&key, &[own]).await? {
        return Ok(item.import_id.clone());
    }
    let earlier = read_claim(objects, &key).await?.ok_or_else(|| missing("the claim of an undo"))?;
    if earlier == item.import_id || is_in_force(imports, &earlier).await? {
        return Ok(earlier);
    }
    objects.put(&key, own.to_vec()).await?;
    Ok(item.import_id.clone())
}

/// The import that undoes another one already, where there is one that was, or can still be, completed.
///
/// # Errors
/// Where a port fails.
pub async fn undone_by(
    objects: &impl Objects,
    imports: &impl Imports,
    undone: &ImportItem,
) -> Answer<Option<ImportId>> {
    let key = Artifacts::of(&undone.program, &undone.import_id).undone_by();
    let Some(claimed) = read_claim(objects, &key).await? else { return Ok(None) };
    Ok(is_in_force(imports, &claimed).await?.then_some(claimed))
}

/// Whether an undo of an import has begun and is not over.
///
/// # Errors
/// Where a port fails.
pub(crate) async fn is_running(
    objects: &impl Objects,
    imports: &impl Imports,
    undone: &ImportItem,
) -> Answer<bool> {
    let key = Artifacts::of(&undone.program, &undone.import_id).undone_by();
    let Some(undo) = read_claim(objects, &key).await? else { return Ok(false) };
    Ok(imports.get(&undo).await?.is_some_and(|undo| undo.status.is_none()))
}

async fn read_claim(objects: &impl Objects, key: &str) -> Answer<Option<ImportId>> {
    let Some(claimed) = objects.get(key).await? else { return Ok(None) };
    let claimed = ImportId::parse(&String::from_utf8_lossy(&claimed));
    claimed.map(Some).map_err(|error| Fault::damaged("reading the claim of an undo", error))
}

async fn is_in_force(imports: &impl Imports, undo: &ImportId) -> Answer<bool> {
    let status = imports.get(undo).await?.and_then(|undo| undo.status);
    Ok(!matches!(status, Some(Status::Failed | Status::Incomplete | Status::Cancelled | Status::Refused)))
}

/// The plan of an undo and its upload summary; a refused one where the import cannot be undone.
pub(crate) async fn plan(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
    undone: &ImportId,
) -> Answer<(Plan, Upload)> {
    let none = plan_of_none(objects, item).await?;
    let undoes = UndoPlan { import_id: undone.clone(), chunks: 0, cutoff: None };
    let found = match find(objects, imports, item, undone).await? {
        Ok(found) => found,
        Err(reason) => {
            let plan = Plan { undoes: Some(undoes), ..none };
            let finding = Finding::new(Code::UndoImpossible).value(undone.as_str()).arg("reason", reason);
            let errors = vec![FindingJson::new(&finding, Labels::NONE, plan.settings.locale)];
            let upload = Upload { verdict: Verdict::of(errors), ..empty_upload(&plan, item) };
            return Ok((plan, upload));
        }
    };
    let artifacts = Artifacts::of(&item.program, undone);
    let mut chunks = match found.wrote_nothing {
        true => Vec::new(),
        false => chunks_of(objects, &artifacts, &found.plan).await?,
    };
    let of_rows = chunks.len() as u32;
    let removal = found.removal.unwrap_or_default();
    let parts = match removal.removed {
        0 => Vec::new(),
        _ => removal::parts(objects, &artifacts.removed(), found.plan.delimiter()).await?,
    };
    chunks.extend(parts.iter().map(|part| ChunkPlan {
        start: part.start,
        end: part.end,
        rows: part.lines,
        first_row: 0,
        first_line: 0,
        irregular: false,
        repeats: Vec::new(),
    }));
    let replaced = found.plan.options.replace && !found.wrote_nothing;
    let cutoff = replaced.then_some(EarlierCutoff { import_id: removal.cutoff });
    let plan = Plan {
        undoes: Some(UndoPlan { chunks: of_rows, cutoff, ..undoes }),
        file: found.plan.file.clone(),
        profile: found.plan.profile.clone(),
        delimiter: found.plan.delimiter,
        chunks,
        ..none
    };
    let upload = Upload { verdict: Verdict::of(Vec::new()), ..empty_upload(&plan, item) };
    let upload = Upload { head: head(&plan, item), ..upload };
    Ok((plan, upload))
}

/// The chunks of the undone import, each with the rows that joined the contact of an earlier row.
async fn chunks_of(objects: &impl Objects, artifacts: &Artifacts, plan: &Plan) -> Answer<Vec<ChunkPlan>> {
    let mut seen = HashSet::new();
    let mut chunks = plan.chunks.clone();
    for (number, chunk) in (0..).zip(&mut chunks) {
        let has_repeats = plan.marks_apart || chunk.repeats.iter().any(|mark| mark.first > 0);
        chunk.repeats.clear();
        if !has_repeats {
            continue;
        }
        let Some(answer) = read_answer(objects, artifacts, number).await? else { continue };
        let joined = answer.open.iter().filter(|open| !seen.insert(open.first));
        chunk.repeats.extend(joined.map(|open| RepeatMark {
            row: u32::try_from(open.row).unwrap_or(u32::MAX),
            first: 0,
            repeats: 0,
            ordinal: 0,
        }));
    }
    Ok(chunks)
}

/// The pool of the undone import.
pub(crate) fn pool(plan: &Plan) -> Answer<Pool> {
    let profile = plan.profile().map_err(|error| Fault::damaged("reading the plan", error))?;
    Ok(Pool { program: plan.program.clone(), pool: profile.pool.clone() })
}

/// Judges a chunk of an undo, and does what was decided.
pub(crate) async fn work(host: &impl Host, loaded: &Loaded, message: &ChunkMessage) -> Answer<()> {
    let objects = &host.ports().objects;
    let artifacts = Artifacts::of(&message.program, &message.import_id);
    let result = match read_result(objects, &artifacts, message.chunk).await? {
        Some(result) => result,
        None if is_cancelled(objects, &artifacts).await? => {
            put_result(objects, &artifacts, message.chunk, UndoResult::unprocessed()).await?
        }
        None => {
            let result = judge::judge(host, loaded, message.chunk).await?;
            put_result(objects, &artifacts, message.chunk, result).await?
        }
    };
    apply(host, loaded, &result).await
}

/// Makes sure that a chunk has a result, and that it is done or marked as not done.
pub(crate) async fn abandon(
    host: &impl Host,
    loaded: &Loaded,
    message: &ChunkMessage,
    last: bool,
) -> Answer<()> {
    let objects = &host.ports().objects;
    let artifacts = Artifacts::of(&message.program, &message.import_id);
    let result = match read_result(objects, &artifacts, message.chunk).await? {
        Some(result) => result,
        None => put_result(objects, &artifacts, message.chunk, UndoResult::unprocessed()).await?,
    };
    match apply(host, loaded, &result).await {
        Err(fault) if last || !fault.is_transient() => {
            objects.put_if_absent(&artifacts.abandoned(message.chunk), &[b"abandoned\n"]).await.map(drop)
        }
        applied => applied,
    }
}

/// Undoes the writes of a chunk. The cutoff goes back before the first one, so that no contact is out of sight.
async fn apply(host: &impl Host, loaded: &Loaded, result: &UndoResult) -> Answer<()> {
    let (plan, contacts) = (&loaded.plan, &host.ports().contacts);
    let Some(undo) = plan.undoes.as_ref().filter(|_| !plan.dry_run && !result.unprocessed) else {
        return Ok(());
    };
    let pool = loaded.pool();
    if let Some(cutoff) = &undo.cutoff {
        contacts.lower_cutoff(&pool, &undo.import_id, cutoff.import_id.as_ref()).await?;
    }
    contacts.undo(&pool, &undo.import_id, &result.writes).await
}

async fn read_result(
    objects: &impl Objects,
    artifacts: &Artifacts,
    chunk: u32,
) -> Answer<Option<UndoResult>> {
    let Some(json) = objects.get(&artifacts.chunk_result(chunk)).await? else { return Ok(None) };
    UndoResult::from_json(&json).map(Some).map_err(|error| Fault::damaged("reading a chunk result", error))
}

/// Writes a result where there is none yet; answers the one that is there.
async fn put_result(
    objects: &impl Objects,
    artifacts: &Artifacts,
    chunk: u32,
    result: UndoResult,
) -> Answer<UndoResult> {
    if objects.put_if_absent(&artifacts.chunk_result(chunk), &[&result.to_json()]).await? {
        return Ok(result);
    }
    read_result(objects, artifacts, chunk).await?.ok_or_else(|| missing("a chunk result"))
}

/// What an undo came to.
#[derive(Debug, Default)]
pub(crate) struct Undone {
    pub(crate) counts: UndoCounts,
    /// Chunks that were not decided, or not done.
    pub(crate) unprocessed: u64,
}

/// Writes `undone.csv` from the results of all chunks.
pub(crate) async fn assemble(objects: &impl Objects, artifacts: &Artifacts, plan: &Plan) -> Answer<Undone> {
    let mut undone = Undone::default();
    if plan.profile.is_empty() {
        return Ok(undone);
    }
    let mut file = objects.create(&artifacts.undone()).await?;
    file.write(&UndoJudge::header(plan.delimiter())).await?;
    for chunk in 0..plan.chunks.len() as u32 {
        let is_abandoned = objects.describe(&artifacts.abandoned(chunk)).await?.is_some();
        let result = read_result(objects, artifacts, chunk).await?;
        match result.filter(|result| !is_abandoned && !result.unprocessed) {
            Some(result) => {
                undone.counts.merge(&result.counts);
                file.write(result.lines.as_bytes()).await?;
            }
            None => undone.unprocessed += 1,
        }
    }
    file.finish().await?;
    Ok(undone)
}
