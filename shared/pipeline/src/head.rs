//! The common members of an import's documents, even if nothing else is known about it.

use std::collections::BTreeMap;

use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::report::summary::{Head, SCHEMA};
use rollcall_domain::report::upload::{Detection, Upload, Verdict};
use rollcall_domain::types::names::ImportId;

use crate::ports::{Answer, ImportItem, Objects};
use crate::request::{ImportRequest, drop_of};

/// The members with which every document of the import begins.
pub(crate) fn head(plan: &Plan, item: &ImportItem) -> Head {
    Head {
        import_id: plan.import_id.to_string(),
        program: plan.program.to_string(),
        profile: profile_name(plan, item),
        file: plan.file.clone(),
        dry_run: plan.dry_run,
        approves: plan.approves.as_ref().map(ImportId::to_string),
    }
}

/// The name of the import's profile; that of an approval is the dry run's.
fn profile_name(plan: &Plan, item: &ImportItem) -> String {
    match plan.profile() {
        Ok(profile) if plan.approves.is_some() => profile.name.to_string(),
        _ => item.profile.clone(),
    }
}

/// The upload summary of a file about which nothing is known.
pub(crate) fn empty_upload(plan: &Plan, item: &ImportItem) -> Upload {
    Upload {
        schema: SCHEMA,
        head: head(plan, item),
        verdict: Verdict { accepted: false, errors: Vec::new(), warnings: Vec::new() },
        encoding: None,
        delimiter: None,
        sheet: None,
        first_line: None,
        rows: None,
        columns: Vec::new(),
        mapping: None,
        detection: Detection::default(),
        options: BTreeMap::new(),
    }
}

/// The plan of an import that failed before it had one. Recipients come from the current settings.
pub(crate) async fn plan_of_none(objects: &impl Objects, item: &ImportItem) -> Answer<Plan> {
    let file = item.object.key.rsplit('/').next().unwrap_or_default();
    let none =
        Plan::of_nothing(item.import_id.clone(), item.program.clone(), file, item.dry_run, item.started_at);
    match ImportRequest::peek(objects, item, &drop_of(item)?).await {
        Ok(asked) => Ok(Plan { settings: asked.settings, options: asked.options, ..none }),
        Err(fault) if fault.is_transient() => Err(fault),
        // The fault that broke the import may affect its settings too. The import ends nevertheless.
        Err(_) => Ok(none),
    }
}
