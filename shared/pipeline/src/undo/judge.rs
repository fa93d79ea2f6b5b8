//! Judges a chunk of an undo: reads what the import wrote and what is there now.

use std::collections::{BTreeSet, HashMap, HashSet};

use rollcall_domain::contacts::contact::Record;
use rollcall_domain::contacts::directory::{Group, MatchKey};
use rollcall_domain::contacts::suppression::{Suppressed, email_key, phone_key};
use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::split::records;
use rollcall_domain::judge::undo::{UndoFacts, UndoJudge, UndoResult};
use rollcall_domain::plan::import_plan::{Plan, UndoPlan};
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::result::chunk_result::Writes;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;

use crate::artifacts::{Loaded, missing, read_abandoned, read_chunk_result};
use crate::erase::erased_since;
use crate::fault::Fault;
use crate::ports::{Answer, ContactState, ContactWrite, Contacts, Directory, Host, Objects, Ports};
use crate::suppressions::suppressed;

/// The result of a chunk: of the contacts that the import wrote, or of those that it removed.
pub(super) async fn judge(host: &impl Host, loaded: &Loaded, chunk: u32) -> Answer<UndoResult> {
    let plan = &loaded.plan;
    let undo = plan.undoes.as_ref().ok_or_else(|| missing("the undone import"))?;
    match plan.is_removed_part(chunk) {
        true => judge_removed(host, loaded, undo, chunk).await,
        false => judge_written(host, loaded, undo, chunk).await,
    }
}

async fn judge_written(host: &impl Host, loaded: &Loaded, undo: &UndoPlan, chunk: u32) -> Answer<UndoResult> {
    let Ports { objects, contacts, .. } = host.ports();
    let Loaded { plan, profile } = loaded;
    let artifacts = Artifacts::of(&plan.program, &undo.import_id);
    let written = read_chunk_result(objects, &artifacts, chunk).await?.map(|result| result.writes);
    // A failed import may have chunks that were never judged.
    let Some(Writes::Contacts(writes)) = written else {
        return Ok(UndoJudge::new(&undo.import_id, profile, plan.delimiter(), UndoFacts::default())
            .finish(plan.dry_run));
    };
    let joined: HashSet<u64> =
        plan.chunks[chunk as usize].repeats.iter().map(|mark| u64::from(mark.row)).collect();
    let lines: Vec<ContactWrite<'_>> = writes.iter().filter(|line| !joined.contains(&line.row)).collect();
    let ids: Vec<ContactId> = lines.iter().map(|line| line.contact_id).collect();
    let states = contacts.now(&loaded.pool(), &ids).await?;
    let abandoned = read_abandoned(objects, &artifacts, chunk).await?;
    let facts = UndoFacts {
        group_names: group_names(&host.ports().directory, plan, undo, &states).await?,
        signed_up: signed_up(&host.ports().directory, plan, &ids).await?,
        erased: erased_since(objects, &plan.program, &undo.import_id, &there(&ids, &states)).await?,
        abandoned: abandoned.map(|abandoned| abandoned.rows.into_iter().collect()).unwrap_or_default(),
    };
    let earlier = lines.iter().filter_map(|line| line.before).map(|before| before.record);
    let suppressed = suppressed_in(&host.ports().directory, plan, earlier).await?;
    let mut judge = UndoJudge::new(&undo.import_id, profile, plan.delimiter(), facts);
    for (line, now) in lines.iter().zip(&states) {
        judge
            .written(line, now.as_ref(), &suppressed)
            .map_err(|error| Fault::damaged("judging an undo", error))?;
    }
    Ok(judge.finish(plan.dry_run))
}

/// The contacts that are in the store.
fn there(ids: &[ContactId], states: &[Option<ContactState>]) -> Vec<ContactId> {
    ids.iter().zip(states).filter(|(_, state)| state.is_some()).map(|(id, _)| *id).collect()
}

async fn judge_removed(host: &impl Host, loaded: &Loaded, undo: &UndoPlan, chunk: u32) -> Answer<UndoResult> {
    let Ports { objects, contacts, .. } = host.ports();
    let Loaded { plan, profile } = loaded;
    let part = &plan.chunks[chunk as usize];
    let key = Artifacts::of(&plan.program, &undo.import_id).removed();
    let object = objects.describe(&key).await?.ok_or_else(|| missing("removed.csv"))?;
    let bytes = objects.read(&object, part.start..part.end).await?;
    let ids = ids_of(&bytes, plan.delimiter());
    let pool = loaded.pool();
    let cutoff = contacts.cutoff(&pool).await?;
    let earlier = undo.cutoff.as_ref().and_then(|cutoff| cutoff.import_id.as_ref());
    // Another chunk of this undo may have set the cutoff back already.
    let returns = cutoff.as_ref() == Some(&undo.import_id) || cutoff.as_ref() == earlier;
    let states = contacts.now(&pool, &ids).await?;
    let records = states.iter().flatten().filter_map(|state| state.record.as_deref());
    let suppressed = suppressed_in(&host.ports().directory, plan, records).await?;
    let mut judge = UndoJudge::new(&undo.import_id, profile, plan.delimiter(), UndoFacts::default());
    for (id, now) in ids.iter().zip(&states) {
        judge
            .removed(*id, now.as_ref(), returns, |record| !suppressed.has_of(record))
            .map_err(|error| Fault::damaged("judging an undo", error))?;
    }
    Ok(judge.finish(plan.dry_run))
}

/// The contacts in lines of `removed.csv`.
fn ids_of(bytes: &[u8], delimiter: u8) -> Vec<ContactId> {
    let text = String::from_utf8_lossy(bytes);
    let (mut cells, mut ids) = (Cells::default(), Vec::new());
    for record in records(text.as_bytes(), delimiter) {
        cells.parse(&text[record.body], delimiter);
        ids.extend(ContactId::parse(cells.get(0)));
    }
    ids
}

/// The names of the groups that the import added, as far as they are there still.
async fn group_names(
    directory: &impl Directory,
    plan: &Plan,
    undo: &UndoPlan,
    states: &[Option<ContactState>],
) -> Answer<HashMap<String, String>> {
    let added = states.iter().flatten().flat_map(|state| &state.groups);
    let keys: BTreeSet<&String> =
        added.filter(|(_, by)| **by == undo.import_id).map(|(group, _)| group).collect();
    let wanted: Vec<(Kind, String)> = keys.into_iter().map(|key| (Kind::Groups, key.clone())).collect();
    let found = directory.find(&plan.program, &wanted).await?;
    let named = wanted.into_iter().zip(found).filter_map(|((_, key), entries)| {
        let group: Group = serde_json::from_str(entries.first()?).ok()?;
        Some((key, group.name))
    });
    Ok(named.collect())
}

/// The contacts whose invitation a sign-up bears.
async fn signed_up(directory: &impl Directory, plan: &Plan, ids: &[ContactId]) -> Answer<HashSet<ContactId>> {
    let secret = directory.secret()?;
    let wanted: Vec<(Kind, String)> = ids.iter().map(|id| (Kind::SignUps, secret.invitation(id))).collect();
    let found = directory.find(&plan.program, &wanted).await?;
    let signed_up = ids.iter().zip(found).filter(|(_, entries)| !entries.is_empty());
    Ok(signed_up.map(|(id, _)| *id).collect())
}

/// Which addresses and phones of these records must not be contacted.
async fn suppressed_in(
    directory: &impl Directory,
    plan: &Plan,
    records: impl Iterator<Item = &str>,
) -> Answer<Suppressed> {
    let records: Vec<Record> = records.filter_map(|record| serde_json::from_str(record).ok()).collect();
    suppressed(directory, &plan.program, || {
        let keys = records.iter().flat_map(|record| {
            let phones = record.phones.iter().filter_map(|phone| phone_key(phone));
            email_key(&record.email).into_iter().chain(phones)
        });
        let keys: BTreeSet<MatchKey> = keys.collect();
        keys.into_iter().collect()
    })
    .await
}
