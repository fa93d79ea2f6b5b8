//! What a replacing import removes: contacts of its pool that no accepted row of the file stands for.
//!
//! It is known once all chunks are judged, before anything is written. `removed.csv` is written then; the contacts
//! themselves read as absent from the moment in which the cutoff rises, at the end of the import.

use std::collections::HashSet;

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
    /// Where the lines of `removed.csv` stand, so that they can be read again part by part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<RemovedPart>,
}

/// A run of lines of `removed.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    let mut at = bytes.len() as u64;
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
            let start = bytes.len();
            write_contact(&mut bytes, &profile, plan.delimiter(), contact_id, &record)
                .map_err(|error| Fault::damaged("listing a pool", error))?;
            removal.add((bytes.len() - start) as u64, &mut at);
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

    /// Counts a line of so many bytes that begins at `at`.
    fn add(&mut self, bytes: u64, at: &mut u64) {
        let (start, end) = (*at, *at + bytes);
        *at = end;
        self.removed += 1;
        match self.parts.last_mut().filter(|part| part.lines < LINES_OF_A_PART) {
            Some(part) => (part.end, part.lines) = (end, part.lines + 1),
            None => self.parts.push(RemovedPart { start, end, lines: 1 }),
        }
    }
}
