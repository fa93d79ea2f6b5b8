//! Erases a contact: the store forgets it, its address and phones become suppressions, and its rows are found in the
//! files of earlier imports.
//!
//! Every step may be repeated, and a run that was interrupted is finished by another. Suppressions come first, so that no
//! import brings the contact back meanwhile; the mark that an undo respects comes before the contact goes.

mod csv;
mod files;
mod identity;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use rollcall_domain::contacts::contact::Record;
use rollcall_domain::contacts::directory::DirectoryItem;
use rollcall_domain::contacts::suppression::{email_key, phone_key, sealed};
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::{self, Artifacts};
use rollcall_domain::profile::built_in::BUILT_IN;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::result::traces::Traces;
use rollcall_domain::types::field_kind::FieldKind;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProgramName};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::migrate::Sources;
use crate::ports::{
    Answer, ContactReader, Contacts, Directory, Host, ImportItem, Imports, Objects, Pool, Ports,
};
use crate::request::{APPROVE, UNDO};
use crate::suppressions;
use crate::undo;
use files::Files;

/// What is to be erased, and how.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// The program of the contact.
    pub program: ProgramName,
    /// The contact.
    pub contact_id: ContactId,
    /// Its rows are emptied in result files and working files too.
    pub everywhere: bool,
    /// An import may bring the contact back: nothing is suppressed.
    pub allow_again: bool,
}

/// What became of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The contact.
    pub contact_id: ContactId,
    /// The contact was there and is gone.
    pub erased: bool,
    /// How many addresses and phones are suppressed for it.
    pub suppressed: usize,
    /// Files in which its rows were emptied.
    pub emptied: Vec<String>,
    /// Files that still have its rows, and why.
    pub holding: Vec<Holding>,
}

/// A file that still has rows of the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// The key of the object.
    pub key: String,
    /// The import that it belongs to; `None` for a file that was uploaded and is no import yet.
    pub import_id: Option<ImportId>,
    /// Why it has them.
    pub reason: Reason,
}

/// Why a file still has rows of an erased contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nobody asked to empty it.
    NotAsked,
    /// It is the file that was sent: a dry run or an approval reads exactly this version.
    AsSent,
    /// Its import is not over.
    NotOver,
    /// Without the working files of its import it cannot be written again.
    NoPlan,
    /// It is an e-mail with failed rows, which may have been sent.
    Mail,
}

/// The mark that a contact was erased: no undo of an earlier import brings it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    erased_at: Timestamp,
}

/// Which of these contacts were erased after an import: an undo of it leaves them alone.
pub(crate) async fn erased_since(
    objects: &impl Objects,
    program: &ProgramName,
    import: &ImportId,
    contacts: &[ContactId],
) -> Answer<HashSet<ContactId>> {
    let mut erased = HashSet::new();
    let last = read_mark(objects, &object_keys::last_erasure(program)).await?;
    if last.is_none_or(|last| !import.is_before(last)) {
        return Ok(erased);
    }
    for contact in contacts {
        let at = read_mark(objects, &object_keys::erased(program, contact)).await?;
        if at.is_some_and(|at| import.is_before(at)) {
            erased.insert(*contact);
        }
    }
    Ok(erased)
}

async fn read_mark(objects: &impl Objects, key: &str) -> Answer<Option<Timestamp>> {
    let Some(json) = objects.get(key).await? else { return Ok(None) };
    let mark: Mark = serde_json::from_slice(&json)
        .map_err(|error| Fault::damaged("reading the mark of an erased contact", error))?;
    Ok(Some(mark.erased_at))
}

/// Erases a contact; `None` if there is none, none was erased, and no file has rows of it.
///
/// # Errors
/// Where a port fails. What is erased already stays erased; the same call finishes the rest.
pub async fn erase<H: Host>(host: &H, erasure: &Erasure, now: Timestamp) -> Answer<Option<Erased>>
where
    H::Objects: Sources,
    H::Contacts: ContactReader,
{
    let Ports { objects, directory, contacts, imports, .. } = host.ports();
    let Erasure { program, contact_id, everywhere, allow_again } = erasure;
    let listed = contacts.find(program, contact_id).await?;
    let json = match listed {
        Some(listed) => Some(listed.record),
        None => removed_record(objects, contacts, program, contact_id).await?,
    };
    let record: Option<Record> = json.and_then(|json| serde_json::from_str(&json).ok());
    let profile = match &record {
        Some(record) => identity::profile_named(objects, &record.profile).await?,
        None => None,
    };
    let mut suppressed = 0;
    if let Some(record) = record.as_ref().filter(|_| !allow_again) {
        suppressed = suppress(directory, program, record, profile.as_deref()).await?;
    }
    if record.is_some() {
        let mark = serde_json::to_vec(&Mark { erased_at: now }).expect("plain data serialises");
        objects.put(&object_keys::erased(program, contact_id), mark.clone()).await?;
        objects.put(&object_keys::last_erasure(program), mark).await?;
    }
    let files = files_of_imports(objects, program).await?;
    // The files are emptied while the contact still says how its rows are known; a run that is cut short here is
    // repeated with the same knowledge. Of a contact that is gone, what is left of its rows says it.
    let traces = match record {
        Some(record) => Traces::of(*contact_id, Some(&record), profile.as_deref()),
        None => {
            let found = identity::of_rows(objects, program, contact_id, &files).await?;
            let (record, profile) = found.unzip();
            Traces::of(*contact_id, record.as_ref(), profile.as_deref())
        }
    };
    let (emptied, holding) = through_files(objects, imports, (program, files), &traces, *everywhere).await?;
    let erased = contacts.erase(program, contact_id).await?;
    let is_trace = erased || !emptied.is_empty() || !holding.is_empty();
    if !is_trace && read_mark(objects, &object_keys::erased(program, contact_id)).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(Erased { contact_id: *contact_id, erased, suppressed, emptied, holding }))
}

/// The record of a contact that a replace removed: it is in the store until the papers of that import go.
async fn removed_record<O: Objects + Sources>(
    objects: &O,
    contacts: &impl Contacts,
    program: &ProgramName,
    contact: &ContactId,
) -> Answer<Option<String>> {
    let mut pools: BTreeSet<String> = BUILT_IN
        .iter()
        .filter_map(|(name, _)| Profile::built_in(name))
        .map(|profile| profile.pool.clone())
        .collect();
    for key in objects.list(object_keys::PROFILES).await? {
        let text = objects.get(&key).await?.and_then(|bytes| String::from_utf8(bytes).ok());
        pools.extend(text.and_then(|text| Profile::parse(&text).ok()).map(|profile| profile.pool.clone()));
    }
    for pool in pools {
        let pool = Pool { program: program.clone(), pool };
        let state = contacts.now(&pool, std::slice::from_ref(contact)).await?.pop().flatten();
        if let Some(record) = state.and_then(|state| state.record) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Suppresses every address and phone of a contact; answers how many there are.
async fn suppress(
    directory: &impl Directory,
    program: &ProgramName,
    record: &Record,
    profile: Option<&Profile>,
) -> Answer<usize> {
    let fields = profile.iter().flat_map(|profile| &profile.fields);
    let of_fields = fields.filter_map(|field| {
        let value = record.fields.get(&*field.name)?;
        match field.kind {
            FieldKind::Email => email_key(value),
            FieldKind::Phone => phone_key(value),
            _ => None,
        }
    });
    let phones = record.phones.iter().filter_map(|phone| phone_key(phone));
    let mut keys: Vec<String> = of_fields.chain(email_key(&record.email)).chain(phones).collect();
    keys.sort_unstable();
    keys.dedup();
    let secret = directory.secret()?;
    let items: Vec<DirectoryItem> = keys
        .iter()
        .map(|key| DirectoryItem {
            id: secret.seal(key.split_once(':').map_or("", |(_, value)| value)),
            keys: vec![sealed(secret, key)],
            json: "{\"reason\":\"erased\"}".to_owned(),
        })
        .collect();
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let known = directory.read(program, Kind::Suppressions, &ids).await?;
    // What is suppressed already keeps its reason.
    let fresh: Vec<DirectoryItem> =
        items.into_iter().zip(known).filter(|(_, known)| known.is_none()).map(|(item, _)| item).collect();
    if !fresh.is_empty() {
        suppressions::keep(directory, program, &fresh).await?;
    }
    Ok(keys.len())
}

/// The keys of the files of every import of a program.
async fn files_of_imports(
    objects: &impl Sources,
    program: &ProgramName,
) -> Answer<BTreeMap<ImportId, Vec<String>>> {
    let prefix = object_keys::imports(program);
    let mut of_import: BTreeMap<ImportId, Vec<String>> = BTreeMap::new();
    for key in objects.list(&prefix).await? {
        let import = key[prefix.len()..].split('/').next().and_then(|id| ImportId::parse(id).ok());
        if let Some(import) = import {
            of_import.entry(import).or_default().push(key);
        }
    }
    Ok(of_import)
}

/// Takes the cells that were typed over out of the options that the drop gave, but for those that the plan still has.
async fn forget_typed(imports: &impl Imports, item: Option<ImportItem>, plan: Option<&Plan>) -> Answer<()> {
    let Some((item, plan)) = item.zip(plan) else { return Ok(()) };
    let typed: Vec<String> =
        plan.options.cells.iter().map(|cell| format!("cell.{}.{}", cell.row, cell.field)).collect();
    let stays = |(name, _): &&(String, String)| !name.starts_with("cell.") || typed.contains(name);
    let options: Vec<_> = item.options.iter().filter(stays).cloned().collect();
    if options.len() < item.options.len() {
        imports.replace_options(&item, options).await?;
    }
    Ok(())
}

/// Goes through the files of every import of a program.
async fn through_files<O: Objects + Sources>(
    objects: &O,
    imports: &impl Imports,
    (program, of_import): (&ProgramName, BTreeMap<ImportId, Vec<String>>),
    traces: &Traces,
    everywhere: bool,
) -> Answer<(Vec<String>, Vec<Holding>)> {
    let (mut emptied, mut holding) = (Vec::new(), Vec::new());
    for (import_id, keys) in of_import {
        let artifacts = Artifacts::of(program, &import_id);
        let mut files = Files::open(objects, artifacts, keys, traces).await?;
        let found = files.find().await?;
        if found.is_empty() {
            // A run that died may have emptied the files, and nothing else.
            if everywhere && files.is_over() {
                forget_typed(imports, imports.get(&import_id).await?, files.plan()).await?;
            }
            continue;
        }
        let hold = |key, reason| Holding { key, import_id: Some(import_id.clone()), reason };
        let item = imports.get(&import_id).await?;
        let mut is_undone_now = false;
        if let Some(item) = &item {
            is_undone_now = undo::is_running(objects, imports, item).await?;
            let sent = item.object.key.clone();
            let sidecar = object_keys::sidecar(&sent);
            if files::shows(objects, &sidecar, traces).await? {
                holding.push(hold(sidecar, Reason::AsSent));
            }
            // The object that asks for an approval or an undo is no file of rows.
            let is_request = item.profile.starts_with(APPROVE) || item.profile.starts_with(UNDO);
            if !is_request && objects.describe(&sent).await?.is_some() {
                holding.push(hold(sent, Reason::AsSent));
            }
        }
        let reason = match () {
            () if !everywhere => Some(Reason::NotAsked),
            // An undo reads the working files where its plan says that they are.
            () if !files.is_over() || is_undone_now => Some(Reason::NotOver),
            () if !files.has_plan() => Some(Reason::NoPlan),
            () => None,
        };
        match reason {
            Some(reason) => holding.extend(found.into_iter().map(|key| hold(key, reason))),
            None => {
                emptied.extend(files.empty(found).await?);
                forget_typed(imports, item, files.plan()).await?;
            }
        }
    }
    for key in objects.list(&object_keys::uploads(program)).await? {
        if files::shows(objects, &key, traces).await? {
            holding.push(Holding { key, import_id: None, reason: Reason::AsSent });
        }
    }
    Ok((emptied, holding))
}
