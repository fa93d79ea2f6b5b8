//! Judges the undo of an import: what becomes of each contact that it wrote.
//!
//! A contact that the import created is removed if nobody touched it since. Of one that it changed, each field gets its
//! earlier value back if the value is still the one that the import wrote. Everything else stays, with a reason.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::contacts::contact::Record;
use crate::contacts::state::{ContactState, UndoChange, UndoWrite};
use crate::contacts::suppression::Suppressed;
use crate::contacts::writes::{Before, ContactWrite};
use crate::file::write::write_guarded_cell;
use crate::judge::chunk_judge::{Change, RecordShape, differences};
use crate::plan::columns::UNDONE;
use crate::plan::mapping::Mapping;
use crate::profile::compiled::Profile;
use crate::result::rows::ResultWriter;
use crate::result::tally::UndoCounts;
use crate::result::traces::{HarmlessColumns, Traces};
use crate::types::field_kind::FieldKind;
use crate::types::id::ContactId;
use crate::types::names::ImportId;

/// The version of the result that this code writes.
const VERSION: u32 = 1;

/// Why a contact or a field of it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptReason {
    /// A later import changed it.
    ChangedSince,
    /// The contact is not there any more.
    Gone,
    /// It was erased after the import.
    Erased,
    /// A sign-up bears its invitation.
    SignedUp,
    /// The earlier address or phone must not be contacted.
    Suppressed,
    /// A later replace removed others since: this import's removed contacts do not come back.
    ReplacedSince,
    /// The import did not record what was there before.
    NotRecorded,
}

impl KeptReason {
    /// The word in `undone.csv`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChangedSince => "changed_since",
            Self::Gone => "gone",
            Self::Erased => "erased",
            Self::SignedUp => "signed_up",
            Self::Suppressed => "suppressed",
            Self::ReplacedSince => "replaced_since",
            Self::NotRecorded => "not_recorded",
        }
    }
}

/// The result of a chunk of an undo: what became of its contacts, and the redo record of its writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoResult {
    v: u32,
    /// Its contacts.
    pub counts: UndoCounts,
    /// Lines of `undone.csv`.
    pub lines: String,
    /// What is done to the contacts; nothing in a dry run.
    pub writes: Vec<UndoWrite>,
    /// It was not decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unprocessed: bool,
}

impl UndoResult {
    /// The result of a chunk that was not decided.
    pub fn unprocessed() -> Self {
        Self { v: VERSION, unprocessed: true, ..Self::default() }
    }

    /// The result without a contact; `None` where it has none of it.
    pub fn without(&self, traces: &Traces, delimiter: u8) -> Option<Self> {
        let emptied = traces.empty(self.lines.as_bytes(), delimiter, &HarmlessColumns::of_undone());
        let writes = self.writes.iter().filter(|write| !traces.is_of(&write.contact_id));
        let writes: Vec<UndoWrite> = writes.cloned().collect();
        let has_it = !emptied.rows.is_empty() || writes.len() < self.writes.len();
        let lines = String::from_utf8_lossy(&emptied.bytes).into_owned();
        has_it.then(|| Self { lines, writes, ..self.clone() })
    }

    /// The result as it is stored.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data serialises into memory")
    }

    /// Reads it.
    ///
    /// # Errors
    /// Where it is invalid, or of an unknown version.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let result: Self = serde_json::from_slice(json).map_err(|error| format!("undo: {error}"))?;
        if result.v != VERSION {
            return Err(format!("undo: version {} is not {VERSION}", result.v));
        }
        Ok(result)
    }
}

/// What is known besides the contacts themselves.
#[derive(Debug, Default)]
pub struct UndoFacts {
    /// Names of groups, by key.
    pub group_names: HashMap<String, String>,
    /// Contacts that a sign-up touched.
    pub signed_up: HashSet<ContactId>,
    /// Contacts that were erased after the import: what it recorded of them does not come back.
    pub erased: HashSet<ContactId>,
    /// Rows of the import that may not be stored.
    pub abandoned: HashSet<u64>,
}

/// The undo of one chunk while it is judged.
#[derive(Debug)]
pub struct UndoJudge<'p> {
    undone: &'p ImportId,
    profile: &'p Profile,
    delimiter: u8,
    shape: RecordShape,
    facts: UndoFacts,
    result: UndoResult,
}

/// What becomes of one contact.
#[derive(Default)]
struct Outcome {
    /// What is given back.
    restored: Vec<Change>,
    /// What stays, and why.
    kept: Vec<(Change, KeptReason)>,
    write: Option<UndoWrite>,
}

impl Outcome {
    fn kept(reason: KeptReason) -> Self {
        Self { kept: vec![(Change::new("", "", ""), reason)], ..Self::default() }
    }
}

impl<'p> UndoJudge<'p> {
    /// A judge of contacts that an import wrote under this profile.
    pub fn new(undone: &'p ImportId, profile: &'p Profile, delimiter: u8, facts: UndoFacts) -> Self {
        let shape = RecordShape::of(profile, &Mapping::default());
        let result = UndoResult { v: VERSION, ..UndoResult::default() };
        Self { undone, profile, delimiter, shape, facts, result }
    }

    /// The header of `undone.csv`.
    pub fn header(delimiter: u8) -> Vec<u8> {
        ResultWriter::header(&Mapping::default(), &UNDONE, delimiter, false, &[])
    }

    /// Judges a contact that the import wrote, by the line of its first accepted row. Addresses and phones that are
    /// suppressed do not come back.
    ///
    /// # Errors
    /// Where a record cannot be read.
    pub fn written(
        &mut self,
        line: &ContactWrite<'_>,
        now: Option<&ContactState>,
        suppressed: &Suppressed,
    ) -> Result<(), String> {
        if let Some(outcome) = self.judge_written(line, now, suppressed)? {
            self.tell(line.contact_id, line.known, now, outcome)?;
        }
        Ok(())
    }

    fn judge_written(
        &self,
        line: &ContactWrite<'_>,
        now: Option<&ContactState>,
        suppressed: &Suppressed,
    ) -> Result<Option<Outcome>, String> {
        // An older import wrote the contact last: this one's record was never stored, or is undone.
        if line.record.is_some()
            && let Some(now) = now
            && now.import_id < *self.undone
            && !now.groups.values().any(|by| by == self.undone)
        {
            return Ok(None);
        }
        let standing = now.filter(|now| now.stands && now.record.is_some());
        let Some((now, record)) = standing.and_then(|now| Some((now, now.record.as_deref()?))) else {
            let wrote = line.record.is_some() || !line.groups.is_empty();
            let stored = wrote && !self.facts.abandoned.contains(&line.row);
            return Ok(stored.then(|| Outcome::kept(KeptReason::Gone)));
        };
        let leaves: Vec<String> =
            now.groups.iter().filter(|(_, by)| *by == self.undone).map(|(key, _)| key.clone()).collect();
        let has_record = line.record.is_some() && now.import_id >= *self.undone;
        if !has_record && leaves.is_empty() {
            return Ok(None);
        }
        if self.facts.erased.contains(&line.contact_id) {
            return Ok(Some(Outcome::kept(KeptReason::Erased)));
        }
        if self.facts.signed_up.contains(&line.contact_id) {
            return Ok(Some(Outcome::kept(KeptReason::SignedUp)));
        }
        if !line.known {
            return Ok(Some(self.created(line, now, record, leaves)?));
        }
        let mut outcome = Outcome::default();
        let mut change = UndoChange::None;
        if has_record {
            let Some(before) = line.before else {
                return Ok(Some(Outcome::kept(KeptReason::NotRecorded)));
            };
            let written = line.record.unwrap_or_default();
            change = self.restore((written, before), (now, record), suppressed, &mut outcome)?;
        }
        outcome.restored.extend(leaves.iter().map(|key| {
            let name = self.facts.group_names.get(key).unwrap_or(key);
            Change::new("groups", name, "")
        }));
        if change != UndoChange::None || !leaves.is_empty() {
            let (contact_id, expected) = (line.contact_id, now.import_id.clone());
            outcome.write = Some(UndoWrite { contact_id, expected, change, leaves });
        }
        Ok(Some(outcome))
    }

    /// A contact that the import created goes, unless somebody touched it.
    fn created(
        &self,
        line: &ContactWrite<'_>,
        now: &ContactState,
        record: &str,
        leaves: Vec<String>,
    ) -> Result<Outcome, String> {
        let touched = now.import_id != *self.undone || now.groups.len() > leaves.len();
        if touched {
            return Ok(Outcome::kept(KeptReason::ChangedSince));
        }
        let (field, value) = self.identity(&read(record)?);
        let expected = now.import_id.clone();
        // A contact that an earlier replace removed is below the cutoff again, where an undo of that replace finds it.
        let change = match line.before {
            Some(before) => UndoChange::Restore {
                record: before.record.to_owned(),
                import_id: Some(before.import_id.parse().map_err(|error| format!("contact: {error}"))?),
            },
            None => UndoChange::Remove,
        };
        let write = UndoWrite { contact_id: line.contact_id, expected, change, leaves };
        Ok(Outcome {
            restored: vec![Change::new(&field, &value, "")],
            write: Some(write),
            ..Outcome::default()
        })
    }

    /// The last field of the identity, and its value: it tells a person which contact it was.
    fn identity(&self, record: &Record) -> (String, String) {
        let value =
            |field: usize| record.fields.get(&*self.profile.fields[field].name).map_or("", String::as_str);
        let whole = |parts: &&Vec<usize>| parts.iter().all(|field| !value(*field).is_empty());
        let last = self.profile.identity.iter().find(whole).and_then(|parts| parts.last());
        last.map(|field| (self.profile.fields[*field].name.to_string(), value(*field).to_owned()))
            .unwrap_or_default()
    }

    /// Gives each field its earlier value back whose value is still the import's. An address or phone that must not be
    /// contacted stays away. It is never the one that identifies the contact: that was the same before the import.
    fn restore(
        &self,
        (written, before): (&str, Before<'_>),
        (now, record): (&ContactState, &str),
        suppressed: &Suppressed,
        outcome: &mut Outcome,
    ) -> Result<UndoChange, String> {
        let (earlier, after, current) = (read(before.record)?, read(written)?, read(record)?);
        let mut restored = current.clone();
        let stays_away = |field: &str, value: &str| {
            let kind = self.profile.field(field).map(|field| self.profile.fields[field].kind);
            match kind {
                Some(FieldKind::Email) => suppressed.has_email(value),
                Some(FieldKind::Phone) => suppressed.has_phone(value),
                _ => false,
            }
        };
        let kept = give_back(&earlier, &after, &current, &mut restored, stays_away);
        let is_own = now.import_id == *self.undone;
        if kept.is_empty() && current == after {
            restored.clone_from(&earlier);
        } else if restored != current {
            self.shape.say_again(self.profile, &mut restored, true);
            let email = self.profile.contact_email.map(|field| &*self.profile.fields[field].name);
            if let Some(email) = email.and_then(|field| restored.fields.get(field)) {
                restored.email.clone_from(email);
            }
        }
        outcome.restored = differences(self.profile, &current, &restored);
        for (field, reason) in &kept {
            let value = value_of(&current, field);
            outcome.kept.push((Change::new(field, &value, &value), *reason));
        }
        if earlier == after && !is_own {
            // The import only stamped the contact, and a later one did too.
            outcome.kept.push((Change::new("", "", ""), KeptReason::ChangedSince));
        }
        let import_id = (is_own && outcome.kept.is_empty()).then(|| before.import_id.parse()).transpose();
        let import_id = import_id.map_err(|error| format!("contact: {error}"))?;
        if restored == current && import_id.is_none() {
            return Ok(UndoChange::None);
        }
        let record = if restored == earlier {
            before.record.to_owned()
        } else {
            serde_json::to_string(&restored).expect("plain data serialises")
        };
        Ok(UndoChange::Restore { record, import_id })
    }

    /// Judges a contact that the import, a replace, removed. `returns` says that the cutoff goes back; `allowed` that
    /// nothing of the contact is suppressed.
    ///
    /// # Errors
    /// Where a record cannot be read.
    pub fn removed(
        &mut self,
        contact_id: ContactId,
        now: Option<&ContactState>,
        returns: bool,
        allowed: impl FnOnce(&Record) -> bool,
    ) -> Result<(), String> {
        let there = now.and_then(|now| Some((now, now.record.as_deref()?)));
        let outcome = match there {
            None => Outcome::kept(KeptReason::Gone),
            Some((now, _)) if now.import_id >= *self.undone => Outcome::kept(KeptReason::ChangedSince),
            Some(_) if !returns => Outcome::kept(KeptReason::ReplacedSince),
            // It stays away: it would come back with the others.
            Some((now, record)) if !allowed(&read(record)?) => {
                let (expected, change) = (now.import_id.clone(), UndoChange::Remove);
                let write = UndoWrite { contact_id, expected, change, leaves: Vec::new() };
                Outcome { write: Some(write), ..Outcome::kept(KeptReason::Suppressed) }
            }
            Some((_, record)) => {
                let (field, value) = self.identity(&read(record)?);
                Outcome { restored: vec![Change::new(&field, "", &value)], ..Outcome::default() }
            }
        };
        self.tell(contact_id, true, now, outcome)
    }

    /// Counts a contact, writes its lines, and notes what is done to it.
    fn tell(
        &mut self,
        contact_id: ContactId,
        known: bool,
        now: Option<&ContactState>,
        outcome: Outcome,
    ) -> Result<(), String> {
        let counts = &mut self.result.counts;
        counts.read += 1;
        let goes = !known && outcome.kept.is_empty() && now.is_some();
        let word = match (goes, outcome.kept.is_empty()) {
            (true, _) => "removed",
            (false, true) => "restored",
            (false, false) => "kept",
        };
        *match word {
            "removed" => &mut counts.removed,
            "restored" => &mut counts.restored,
            _ => &mut counts.kept,
        } += 1;
        let mut restored = outcome.restored;
        if restored.is_empty() && outcome.kept.is_empty() {
            restored.push(Change::new("", "", ""));
        }
        let given = if goes { "removed" } else { "restored" };
        for change in &restored {
            self.write_line(contact_id, given, change, "");
        }
        for (change, reason) in &outcome.kept {
            self.write_line(contact_id, "kept", change, reason.as_str());
        }
        self.result.writes.extend(outcome.write);
        Ok(())
    }

    fn write_line(&mut self, contact_id: ContactId, outcome: &str, change: &Change, reason: &str) {
        let mut line = Vec::new();
        let id = contact_id.to_string();
        let cells = [&*id, outcome, &*change.field, &*change.before, &*change.after, reason];
        for (number, cell) in cells.into_iter().enumerate() {
            if number > 0 {
                line.push(self.delimiter);
            }
            write_guarded_cell(&mut line, cell, self.delimiter);
        }
        self.result.lines.push_str(&String::from_utf8_lossy(&line));
        self.result.lines.push_str("\r\n");
    }

    /// The result of the chunk.
    pub fn finish(self, dry_run: bool) -> UndoResult {
        let mut result = self.result;
        if dry_run {
            result.writes.clear();
        }
        result
    }
}

fn read(record: &str) -> Result<Record, String> {
    serde_json::from_str(record).map_err(|error| format!("contact: {error}"))
}

/// The name of a part of a record that stays, and why.
type Kept = (String, KeptReason);

/// Sets every part of a record back that the import changed and nobody since; answers the parts that stay.
fn give_back(
    earlier: &Record,
    after: &Record,
    now: &Record,
    restored: &mut Record,
    stays_away: impl Fn(&str, &str) -> bool,
) -> Vec<Kept> {
    let mut kept = Vec::new();
    let fields = names(&[&earlier.fields, &after.fields, &earlier.links, &after.links]);
    for name in fields {
        let pair = |record: &Record| (record.fields.get(&name).cloned(), record.links.get(&name).cloned());
        if let Some((field, link)) = decide(&name, pair(earlier), pair(after), pair(now), &mut kept) {
            if field.as_deref().is_some_and(|value| stays_away(&name, value)) {
                kept.push((name, KeptReason::Suppressed));
                continue;
            }
            put(&mut restored.fields, &name, field);
            put(&mut restored.links, &name, link);
        }
    }
    for name in names(&[&earlier.additional, &after.additional]) {
        let cell = |record: &Record| record.additional.get(&name).cloned();
        if let Some(value) = decide(&name, cell(earlier), cell(after), cell(now), &mut kept) {
            put(&mut restored.additional, &name, value);
        }
    }
    let part = |record: &Record| record.tags.clone();
    if let Some(tags) = decide("tags", part(earlier), part(after), part(now), &mut kept) {
        restored.tags = tags;
    }
    let part = |record: &Record| record.account_id.clone();
    if let Some(account_id) = decide("account_id", part(earlier), part(after), part(now), &mut kept) {
        restored.account_id = account_id;
    }
    let part = |record: &Record| record.profile.clone();
    if let Some(profile) = decide("profile", part(earlier), part(after), part(now), &mut kept) {
        restored.profile = profile;
    }
    kept
}

/// The value that a part of a record gets back; `None` where it stays.
fn decide<T: PartialEq>(name: &str, earlier: T, after: T, now: T, kept: &mut Vec<Kept>) -> Option<T> {
    if earlier == after || now == earlier {
        return None;
    }
    if now == after {
        return Some(earlier);
    }
    if !kept.iter().any(|(known, _)| known == name) {
        kept.push((name.to_owned(), KeptReason::ChangedSince));
    }
    None
}

fn names(maps: &[&BTreeMap<String, String>]) -> Vec<String> {
    let mut names: Vec<String> = maps.iter().flat_map(|map| map.keys().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn put(map: &mut BTreeMap<String, String>, name: &str, value: Option<String>) {
    match value {
        Some(value) => _ = map.insert(name.to_owned(), value),
        None => _ = map.remove(name),
    }
}

/// The value of a part of a record, as lines of changes show it.
fn value_of(record: &Record, name: &str) -> String {
    let field = record.fields.get(name).or_else(|| record.additional.get(name)).cloned();
    match name {
        "tags" => record.tags.join(", "),
        "account_id" => field.or_else(|| record.account_id.clone()).unwrap_or_default(),
        "profile" => field.unwrap_or_else(|| record.profile.clone()),
        _ => field.unwrap_or_default(),
    }
}
