//! What identifies a contact that is gone: neither the store nor the mark of its erasure says it, its rows do.

use std::collections::BTreeMap;
use std::sync::Arc;

use rollcall_domain::contacts::contact::Record;
use rollcall_domain::plan::columns::RESULT_ROW;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::{self, Artifacts};
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::report::upload::Upload;
use rollcall_domain::result::identity_finder::IdentityFinder;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::{ImportId, ProgramName};

use crate::artifacts::{missing, read_answer, read_plan, read_upload};
use crate::erase::csv::Csv;
use crate::fault::Fault;
use crate::ports::{Answer, Objects};

/// The identity of a contact as one of its rows has it, and the profile of that row; `None` where no file has a row of it.
///
/// Rows that were rejected count: a contact that no import ever wrote may have some.
pub(super) async fn of_rows(
    objects: &impl Objects,
    program: &ProgramName,
    contact: &ContactId,
    imports: &BTreeMap<ImportId, Vec<String>>,
) -> Answer<Option<(Record, Arc<Profile>)>> {
    for (import_id, keys) in imports {
        let artifacts = Artifacts::of(program, import_id);
        let (record, profile) = match plan_of(objects, &artifacts).await? {
            Some((plan, profile)) if plan.undoes.is_none() && profile.directory.is_none() => {
                let finder = IdentityFinder::of_plan(&plan, &profile);
                let delimiter = plan.delimiter();
                (in_files(objects, contact, (&artifacts, keys, delimiter), finder).await?, profile)
            }
            Some(_) => continue,
            None => {
                let Some(upload) = read_upload(objects, &artifacts).await? else { continue };
                let Some(profile) = profile_named(objects, &upload.head.profile).await? else { continue };
                let region = settings(objects, program).await?.phone_region();
                let columns = columns_of(&upload);
                let finder = IdentityFinder::of_columns(program, &profile, &columns, region);
                (in_files(objects, contact, (&artifacts, keys, b','), finder).await?, profile)
            }
        };
        if let Some(record) = record {
            return Ok(Some((record, profile)));
        }
    }
    Ok(None)
}

/// The plan with the marks of repeated rows where rows are told apart by them; `None` where there is none, or none that
/// was followed.
async fn plan_of(objects: &impl Objects, artifacts: &Artifacts) -> Answer<Option<(Plan, Arc<Profile>)>> {
    let Some(mut plan) = read_plan(objects, artifacts).await? else { return Ok(None) };
    let Ok(profile) = plan.profile() else { return Ok(None) };
    if plan.marks_apart && plan.options.allow_duplicates {
        let marks = objects.get(&Artifacts::of(&plan.program, &plan.marks_of()).marks()).await?;
        let marks = marks.ok_or_else(|| missing("the marks of repeated rows"))?;
        plan = plan.with_marks(&marks).map_err(|error| Fault::damaged("reading the plan", error))?;
    }
    Ok(Some((plan, profile)))
}

async fn settings(objects: &impl Objects, program: &ProgramName) -> Answer<Settings> {
    let text = objects.get(&object_keys::settings(program)).await?;
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.and_then(|text| Settings::parse(&text).ok()).unwrap_or_default())
}

/// The profile of this name, as it is now.
pub(super) async fn profile_named(objects: &impl Objects, name: &str) -> Answer<Option<Arc<Profile>>> {
    let custom = match name.parse() {
        Ok(name) => objects.get(&object_keys::profile(&name)).await?,
        Err(_) => None,
    };
    let custom = custom.and_then(|bytes| String::from_utf8(bytes).ok());
    let custom = custom.and_then(|text| Profile::parse(&text).ok());
    Ok(custom.or_else(|| Profile::built_in(name)))
}

/// The fields of the sender's columns; the columns of an earlier import are not among them.
fn columns_of(upload: &Upload) -> Vec<Vec<String>> {
    let is_result_file = upload.columns.iter().any(|column| column.header.trim() == RESULT_ROW);
    let own = upload.columns.iter().filter(|column| {
        !is_result_file || !column.header.starts_with("rollcall_") || column.field.is_some()
    });
    own.map(|column| match column.fields.is_empty() {
        true => column.field.iter().cloned().collect(),
        false => column.fields.clone(),
    })
    .collect()
}

async fn in_files(
    objects: &impl Objects,
    contact: &ContactId,
    (artifacts, keys, delimiter): (&Artifacts, &[String], u8),
    mut finder: IdentityFinder<'_>,
) -> Answer<Option<Record>> {
    for key in [artifacts.failed(), artifacts.succeeded()] {
        let Some(object) = objects.describe(&key).await? else { continue };
        let mut csv = Csv::open(objects, &object).await?;
        while let Some(lines) = csv.next().await? {
            if let Some(record) = finder.find(contact, &lines, csv.delimiter) {
                return Ok(Some(record));
            }
        }
    }
    let chunks = format!("{}/chunks/", artifacts.folder());
    for chunk in keys.iter().filter_map(|key| key.strip_prefix(&chunks)?.parse().ok()) {
        let Some(answer) = read_answer(objects, artifacts, chunk).await? else { continue };
        for lines in [&answer.failed, &answer.succeeded] {
            if let Some(record) = finder.find(contact, lines, delimiter) {
                return Ok(Some(record));
            }
        }
    }
    Ok(None)
}
