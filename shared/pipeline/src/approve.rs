//! Approval: an import that writes exactly what a dry run showed.
//!
//! It follows the dry run's plan: the same version of the file, profile, settings, options, mapping and chunks. The
//! worker compares each row's result with the dry run's, and rejects a row whose result differs.

use rollcall_domain::messages::labels::Labels;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::upload::{Upload, Verdict};
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;

use crate::artifacts::{read_plan, read_upload};
use crate::fault::Fault;
use crate::head::{empty_upload, head, plan_of_none};
use crate::ports::{Answer, ImportItem, Imports, ObjectVersion, Objects};

/// Claims a dry run for the import that approves it; returns the import that holds the claim, this one or an earlier
/// one.
///
/// # Errors
/// If a port fails.
pub async fn claim(objects: &impl Objects, item: &ImportItem, dry_run: &ImportId) -> Answer<ImportId> {
    let key = Artifacts::of(&item.program, dry_run).approval();
    if objects.put_if_absent(&key, &[item.import_id.as_str().as_bytes()]).await? {
        return Ok(item.import_id.clone());
    }
    let damaged = |error: String| Fault::damaged("reading an approval", error);
    let claimed = objects.get(&key).await?.ok_or_else(|| damaged("it is missing".to_owned()))?;
    let claimed = String::from_utf8(claimed).map_err(|error| damaged(error.to_string()))?;
    ImportId::parse(&claimed).map_err(|error| damaged(error.to_string()))
}

/// The import that already approves a dry run, if there is one.
///
/// # Errors
/// If a port fails.
pub async fn approved_by(objects: &impl Objects, dry_run: &ImportItem) -> Answer<Option<ImportId>> {
    let key = Artifacts::of(&dry_run.program, &dry_run.import_id).approval();
    let claimed = objects.get(&key).await?;
    Ok(claimed.and_then(|claimed| ImportId::parse(&String::from_utf8_lossy(&claimed)).ok()))
}

/// Finds a dry run that can be approved: it has ended, was accepted, and its file and artifacts still exist.
///
/// # Errors
/// If a port fails.
pub async fn find(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
    dry_run: &ImportId,
) -> Answer<Option<(ImportItem, Plan)>> {
    let Some(dry) = imports.get(dry_run).await?.filter(|dry| dry.program == item.program) else {
        return Ok(None);
    };
    let accepted = matches!(dry.status, Some(Status::Completed | Status::CompletedWithErrors));
    let Some(plan) = read_plan(objects, &Artifacts::of(&dry.program, dry_run)).await? else {
        return Ok(None);
    };
    let is_import = plan.dry_run && plan.undoes.is_none();
    if !accepted || !is_import || plan.chunks.is_empty() || !is_there(objects, &dry.object).await? {
        return Ok(None);
    }
    Ok(Some((dry, plan)))
}

async fn is_there(objects: &impl Objects, object: &ObjectVersion) -> Answer<bool> {
    match objects.read(object, 0..1).await {
        Ok(_) => Ok(true),
        Err(Fault::Gone(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// The plan of an approving import and its upload summary; a refused one if there is nothing to approve.
pub(crate) async fn plan(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
    dry_run: &ImportId,
) -> Answer<(Plan, Upload)> {
    let found = find(objects, imports, item, dry_run).await?;
    let upload = match &found {
        Some((dry, _)) => read_upload(objects, &Artifacts::of(&dry.program, &dry.import_id)).await?,
        None => None,
    };
    let Some(((_, plan), upload)) = found.zip(upload) else { return refused(objects, item, dry_run).await };
    let mut plan = Plan {
        import_id: item.import_id.clone(),
        dry_run: false,
        approves: Some(dry_run.clone()),
        started_at: item.started_at,
        ..plan
    };
    plan.options.dry_run = false;
    let mut upload = Upload { head: head(&plan, item), ..upload };
    upload.options.remove("dry_run");
    Ok((plan, upload))
}

async fn refused(objects: &impl Objects, item: &ImportItem, dry_run: &ImportId) -> Answer<(Plan, Upload)> {
    let plan = plan_of_none(objects, item).await?;
    let finding = Finding::new(Code::ApprovalUnknown).value(dry_run.as_str());
    let errors = vec![FindingJson::new(&finding, Labels::NONE, plan.settings.locale)];
    let upload = Upload { verdict: Verdict::of(errors), ..empty_upload(&plan, item) };
    Ok((plan, upload))
}
