//! What a replacing import removes: contacts of its pool that no accepted row of the file stands for.
//!
//! It is known once all chunks are judged, before anything is written. `removed.csv` is written then; the contacts
//! themselves read as absent from the moment in which the cutoff rises, at the end of the import.

use std::collections::HashSet;

use rollcall_domain::file::split::records;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;
use rollcall_domain::result::removed::{header, write_contact};
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::ports::{Answer, ContactListing, Contacts, ObjectWriter, Objects, Pool};

/// Lines of `removed.csv` that one step of an undo covers.
const LINES_OF_A_PART: u32 = 4_000;

/// The contacts that an import removes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Removal {
    /// How many.
    pub(crate) removed: u64,
    /// How many contacts the pool has before the import.
    pub(crate) pool: u64,
    /// The cutoff of the pool before the import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cutoff: Option<ImportId>,
}

/// A run of lines of `removed.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemovedPart {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) lines: u32,
}

/// Counts what an import would remove whose accepted rows stand for these contacts.
pub(crate) async fn count(
    contacts: &impl Contacts,
    plan: &Plan,
    profile: &Profile,
    accepted: &[ContactId],
) -> Answer<Removal> {
    let pool = Pool { program: plan.program.clone(), pool: profile.pool.clone() };
    let accepted: HashSet<&ContactId> = accepted.iter().collect();
    let mut removal = Removal::default();
    let mut listing = contacts.list(&pool, &plan.import_id).await?;
    loop {
        let page = listing.next().await?;
        if page.is_empty() {
            return Ok(removal);
        }
        removal.pool += page.len() as u64;
        let goes = |(id, _): &&(ContactId, String)| !accepted.is_empty() && !accepted.contains(id);
        removal.removed += page.iter().filter(goes).count() as u64;
    }
}

/// Counts what the import removes, and writes `removed.csv`. A list without an accepted row removes nobody (DIG-5).
pub(crate) async fn find(
    objects: &impl Objects,
    contacts: &impl Contacts,
    artifacts: &Artifacts,
    plan: &Plan,
    mut accepted: Vec<ContactId>,
) -> Answer<Removal> {
    let profile = plan.profile().map_err(|error| Fault::damaged("reading the plan", error))?;
    let pool = Pool { program: plan.program.clone(), pool: profile.pool.clone() };
    accepted.sort_unstable();
    accepted.dedup();
    let mut removal = Removal { cutoff: contacts.cutoff(&pool).await?, ..Removal::default() };
    let mut file = objects.create(&artifacts.removed()).await?;
    let mut bytes = header(&profile, plan.delimiter());
    let mut listing = contacts.list(&pool, &plan.import_id).await?;
    loop {
        let page = listing.next().await?;
        if page.is_empty() {
            break;
        }
        removal.pool += page.len() as u64;
        for (contact_id, record) in page {
            if accepted.is_empty() || accepted.binary_search(&contact_id).is_ok() {
                continue;
            }
            write_contact(&mut bytes, &profile, plan.delimiter(), contact_id, &record)
                .map_err(|error| Fault::damaged("listing a pool", error))?;
            removal.removed += 1;
        }
        file.write(&bytes).await?;
        bytes.clear();
    }
    file.write(&bytes).await?;
    // A finalizer that comes late must not write what it found after the contacts were written.
    if objects.describe(&artifacts.gate()).await?.is_none() {
        file.finish().await?;
    }
    Ok(removal)
}

/// Writes `removed.csv` of an import that removes nobody.
pub(crate) async fn write_none(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    profile: &Profile,
) -> Answer<()> {
    objects.put(&artifacts.removed(), header(profile, plan.delimiter())).await
}

/// Where the lines of a `removed.csv` are now, part by part: lines of contacts that were erased have become shorter.
pub(crate) async fn parts(objects: &impl Objects, key: &str, delimiter: u8) -> Answer<Vec<RemovedPart>> {
    let Some(object) = objects.describe(key).await? else { return Ok(Vec::new()) };
    let (mut parts, mut rest): (Vec<RemovedPart>, Vec<u8>) = (Vec::new(), Vec::new());
    let (mut read, mut start, mut is_header) = (0, 0, true);
    while read < object.len {
        let piece = objects.read(&object, read..object.len.min(read + PIECE)).await?;
        read += piece.len().max(1) as u64;
        rest.extend_from_slice(&piece);
        let whole = records(&rest, delimiter);
        let whole = if read < object.len { whole.without_last() } else { whole };
        let mut done = 0;
        for record in whole {
            let end = start + (record.end - done) as u64;
            if !is_header {
                add_line(&mut parts, start, end);
            }
            (start, done, is_header) = (end, record.end, false);
        }
        rest.drain(..done);
    }
    Ok(parts)
}

fn add_line(parts: &mut Vec<RemovedPart>, start: u64, end: u64) {
    match parts.last_mut().filter(|part| part.lines < LINES_OF_A_PART) {
        Some(part) => (part.end, part.lines) = (end, part.lines + 1),
        None => parts.push(RemovedPart { start, end, lines: 1 }),
    }
}

/// Bytes of a file that are read at once.
const PIECE: u64 = 1024 * 1024;

/// Whether two lists of removed contacts are the same: an approved import removes what its dry run showed, or nothing.
pub(crate) async fn is_same(objects: &impl Objects, one: &str, other: &str) -> Answer<bool> {
    let (one, other) = (objects.describe(one).await?, objects.describe(other).await?);
    let Some((one, other)) = one.zip(other).filter(|(one, other)| one.len == other.len) else {
        return Ok(false);
    };
    let mut at = 0;
    while at < one.len {
        let range = at..one.len.min(at + PIECE);
        if objects.read(&one, range.clone()).await? != objects.read(&other, range.clone()).await? {
            return Ok(false);
        }
        at = range.end;
    }
    Ok(true)
}

impl Removal {
    /// The finding where more is removed than the options allow.
    pub(crate) fn exceeds(&self, options: &Options) -> Option<Finding> {
        let limit = options.removal_limit(self.pool);
        let finding = Finding::new(Code::TooManyRemoved).arg("found", self.removed.to_string());
        (!limit.allows(self.removed, self.pool)).then(|| finding.arg("limit", limit.to_string()))
    }

    /// The warning with the number of contacts that are removed; none where it is 0.
    pub(crate) fn warning(&self) -> Option<Finding> {
        let finding = Finding::new(Code::RowsRemoved).arg("found", self.removed.to_string());
        (self.removed > 0).then_some(finding)
    }
}
