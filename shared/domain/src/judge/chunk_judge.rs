//! Judges a chunk: cleans its rows, requests look-ups, then judges each row once.
//!
//! [`ChunkJudge::open`] cleans; [`ChunkJudge::wanted`] returns the look-ups; [`ChunkJudge::judge`] turns their answers
//! into the chunk result. There is no I/O, so the same message and answers always give the same result.

mod approval;
mod changes;
mod directory;
mod lookups;
mod output;
mod record;
mod references;
mod suppression;

use std::borrow::Cow;

use crate::contacts::contact::{Record, Wanted};
use crate::contacts::directory::{Account, Group, Invite, MatchKey};
use crate::contacts::mask;
use crate::contacts::matching;
use crate::contacts::matching::Matched;
use crate::contacts::state::Earlier;
use crate::contacts::writes::{Before, ContactWrite};
use crate::file::cells::Cells;
use crate::file::record_text::BadBytes;
use crate::file::split::records;
use crate::plan::chunk::{ChunkMessage, Mark};
use crate::plan::import_plan::Plan;
use crate::plan::mapping::{Mapping, Role};
use crate::profile::change_rules::Mode;
use crate::profile::compiled::{FieldIndex, Profile};
use crate::result::chunk_result::{ChunkResult, Writes};
use crate::result::rows;
use crate::result::rows::Answer;
use crate::result::tally::RowPlace;
use crate::row::cleaner::Cleaner;
use crate::row::fold::fold_name;
use crate::row::values::{RowValues, Values};
use crate::types::code::Code;
use crate::types::field_kind::FieldKind;
use crate::types::finding::Column;
use crate::types::finding::Finding;
use crate::types::id::ContactId;
use crate::types::kind::Kind;
use crate::types::limits;
use crate::types::outcome::Outcome;
use crate::types::secret::Secret;

pub use approval::ApprovedRows;
pub use changes::Change;
pub(crate) use changes::differences;
use lookups::{Known, LookupSet};
pub use lookups::{LookupAnswers, Lookups};
use output::ChunkOutput;
pub use output::JudgedRow;
pub use record::RecordShape;
pub use references::Linked;

/// The rows of one chunk, cleaned and not yet judged.
pub struct ChunkJudge<'p> {
    plan: &'p Plan,
    profile: &'p Profile,
    sender: Mapping,
    cleaner: Cleaner<'p>,
    shape: RecordShape,
    text: Cow<'p, str>,
    values: Values,
    rows: Vec<Row>,
    skipped: u64,
    /// Rows that are the example of a template.
    examples: Vec<RowPlace>,
    group: Option<FieldIndex>,
    /// Whether rows are accepted only with the result of a dry run.
    approved: Option<ApprovedRows>,
    /// Seals the entries of a file of suppressions.
    secret: Secret,
}

/// One row, cleaned.
struct Row {
    number: u64,
    line: u64,
    /// The range of its record in the chunk's text, without terminator.
    record: (usize, usize),
    /// Whether its cells may be copied unchanged.
    plain: bool,
    findings: Vec<Finding>,
    refused: bool,
    /// The first row of its identity, if the identity occurs several times.
    first: Option<u64>,
    contact_id: Option<ContactId>,
    keys: Vec<Option<MatchKey>>,
    /// The key of its group.
    group: Option<String>,
    /// Its addresses and phones, by key, where the program has suppressions; those of its contact have no column.
    reach: Vec<(Option<Column>, MatchKey)>,
    asked: Places,
}

/// The positions of the answers to a row's look-ups.
#[derive(Default)]
struct Places {
    keys: Vec<Option<u32>>,
    contact: Option<u32>,
    membership: Option<u32>,
}

impl<'p> ChunkJudge<'p> {
    /// Cleans a chunk's rows.
    pub fn open(plan: &'p Plan, profile: &'p Profile, message: &'p ChunkMessage) -> Self {
        let sender = plan.mapping.sender();
        let region = plan.settings.phone_region();
        let cleaner = Cleaner::new(profile, &sender, region, plan.options.allow_duplicates)
            .with_values(&plan.options.value)
            .with_day_orders(&plan.day_orders)
            .with_drop_invalid(plan.options.drop_invalid)
            .with_encoding(plan.encoding)
            .with_clear_word(plan.options.changes.clear_word.as_deref());
        let shape = RecordShape::of(profile, &sender);
        let group = profile.fields_of(FieldKind::Group).next();
        let rows = plan.chunks.get(message.chunk as usize).map_or(0, |chunk| chunk.rows as usize);
        let mut bench = Self {
            plan,
            profile,
            sender,
            cleaner,
            shape,
            text: Cow::Borrowed(&message.text),
            values: Values::with_room(rows, profile.fields.len(), message.text.len()),
            rows: Vec::with_capacity(rows),
            skipped: 0,
            examples: Vec::new(),
            group,
            approved: None,
            secret: Secret::default(),
        };
        bench.clean_rows(message);
        bench
    }

    /// Accepts rows only with the result of an approved dry run.
    #[must_use]
    pub fn with_approved(mut self, approved: Option<ApprovedRows>) -> Self {
        self.approved = approved;
        self
    }

    /// Seals suppressions with the installation's secret.
    #[must_use]
    pub fn with_secret(mut self, secret: &Secret) -> Self {
        self.secret = secret.clone();
        self
    }

    fn clean_rows(&mut self, message: &'p ChunkMessage) {
        let delimiter = self.plan.delimiter();
        let mut cells = Cells::default();
        let mut line = message.first_line;
        let mut own = String::new();
        let mut marks = message.marks.as_slice();
        for (number, found) in (message.first_row..).zip(records(message.text.as_bytes(), delimiter)) {
            let mark = marks.split_first().filter(|(mark, _)| mark.row == number);
            if let Some((_, rest)) = mark {
                marks = rest;
            }
            let own_mark =
                mark.filter(|_| self.plan.mapping.is_result_file).map(|(mark, _)| self.own_mark(mark));
            let mark = own_mark.as_ref().or(mark.map(|(mark, _)| mark));
            let mut record = (found.body.start, found.body.end);
            cells.parse(&message.text[record.0..record.1], delimiter);
            if self.plan.mapping.is_result_file {
                let sender = self.plan.mapping.sender_record(&cells, delimiter);
                record = (own.len(), own.len() + sender.len());
                own.push_str(&sender);
                cells.parse(&sender, delimiter);
            }
            let text = if self.plan.mapping.is_result_file { &own } else { &message.text };
            let plain = rows::is_plain(&text[record.0..record.1], &cells, self.cleaner.width());
            let chosen = self.plan.options.rows.as_ref().is_none_or(|rows| rows.contains(number));
            let too_large = mark.is_some_and(|mark| mark.cut_from.is_some());
            let is_row = !cells.is_blank() && !self.sender.is_repeated_by(&cells);
            if !chosen || !(is_row || too_large) {
                self.skipped += 1;
            } else if !too_large && self.cleaner.is_example(&cells) {
                self.examples.push(RowPlace { row: number, line });
            } else {
                self.clean_row((number, line), record, plain, &cells, mark);
            }
            line += match self.plan.sheet {
                Some(_) => 1,
                None => mark.and_then(|mark| mark.lines).unwrap_or(u64::from(found.lines)),
            };
        }
        if self.plan.mapping.is_result_file {
            self.text = Cow::Owned(own);
        }
    }

    /// The note on a row from a result file, with cell positions among the sender's columns.
    fn own_mark(&self, mark: &Mark) -> Mark {
        let (mapping, width) = (&self.plan.mapping, self.sender.columns.len());
        let own = |cell: usize| match mapping.columns.get(cell).map(|column| &column.role) {
            Some(Role::Result) => None,
            Some(Role::Surplus) | None => Some(width),
            Some(_) => mapping.echoed().position(|at| at == cell),
        };
        let bytes = mark.bytes.iter().filter_map(|bad| {
            let cell = own(bad.cell as usize)? as u32;
            Some(BadBytes { cell, ..bad.clone() })
        });
        Mark { bytes: bytes.collect(), ..mark.clone() }
    }

    /// The line of an earlier row. It is known as long as no record before the present one goes over several lines.
    fn line_of(&self, earlier: u64, (number, line): (u64, u64)) -> Option<u64> {
        let first = self.plan.chunks.first()?.first_line;
        let above = first.checked_sub(1)?;
        (line.checked_sub(number) == Some(above)).then_some(earlier + above)
    }

    /// What is wrong with cells that are stored without a field: their values were lost before the file was sent.
    fn spoiled<'a>(&'a self, cells: &'a Cells) -> impl Iterator<Item = Finding> + 'a {
        let drops = self.plan.options.drop_invalid;
        self.shape.spoiled(cells).map(move |(column, cell, reason)| {
            if drops {
                let reason = Code::ValueSpoiled.as_str();
                return Finding::on(Code::ValueDropped, &column).value(cell).arg("reason", reason);
            }
            Finding::on(Code::ValueSpoiled, &column).value(cell).arg("reason", reason)
        })
    }

    fn clean_row(
        &mut self,
        (number, line): (u64, u64),
        record: (usize, usize),
        plain: bool,
        cells: &Cells,
        mark: Option<&Mark>,
    ) {
        let mut findings = Vec::new();
        self.cleaner.clean(cells, mark, &mut self.values, &mut findings);
        findings.extend(self.spoiled(cells));
        if let Some(repeats) = mark.and_then(|mark| mark.repeats) {
            let finding = Finding::new(Code::DuplicateInFile).arg("row", repeats);
            let line = self.line_of(repeats, (number, line));
            let name = if self.plan.sheet.is_some() { "sheet_row" } else { "line" };
            findings.push(line.into_iter().fold(finding, |finding, line| finding.arg(name, line)));
        }
        let values = self.cleaner.last(&self.values);
        let mut identity = String::new();
        let has_identity = self.cleaner.identity(values, mark.and_then(|mark| mark.ordinal), &mut identity);
        if !has_identity {
            findings.extend(self.cleaner.identity_missing(values, &findings));
        }
        let refused = findings.iter().any(Finding::is_error);
        let contact_id = (has_identity && self.profile.directory.is_none())
            .then(|| ContactId::derive(self.plan.program.as_str(), &self.profile.pool, &identity));
        let keys = matching::match_keys(self.profile, values);
        let group = self.group.map(|field| values.get(field)).filter(|name| !name.is_empty()).map(|name| {
            let mut key = String::new();
            fold_name(name, &mut key);
            key
        });
        let first = mark.and_then(|mark| mark.first);
        self.rows.push(Row {
            number,
            line,
            record,
            plain,
            findings,
            refused,
            first,
            contact_id,
            keys,
            group,
            reach: Vec::new(),
            asked: Places::default(),
        });
    }

    /// Returns the look-ups, and notes in each row the positions of its answers.
    pub fn wanted(&mut self) -> Lookups {
        let count = self.rows.len();
        let mut accounts = LookupSet::with_room(count * self.profile.matching.len());
        let (mut entries, mut contacts) = (LookupSet::with_room(0), LookupSet::with_room(count));
        let mut rows = std::mem::take(&mut self.rows);
        let refers = !self.profile.references.is_empty() || !self.profile.cadences.is_empty();
        for (index, row) in rows.iter_mut().enumerate() {
            if refers {
                let values = self.values.row(index, self.profile.fields.len());
                self.wanted_entries(values).for_each(|entry| _ = entries.add(entry));
            }
            if let Some(group) = &row.group {
                entries.add((Kind::Groups, group.clone()));
            }
            // A rejected row is matched too: its result shows all findings.
            let keys = std::mem::take(&mut row.keys);
            row.asked.keys = keys.into_iter().map(|key| key.map(|key| accounts.add(key))).collect();
            if row.refused {
                continue;
            }
            if let Some(contact_id) = row.contact_id {
                row.asked.contact = Some(contacts.add(Wanted::Contact(contact_id)));
                let membership = row.group.clone().map(|group| Wanted::Membership(contact_id, group));
                row.asked.membership = membership.map(|membership| contacts.add(membership));
            }
        }
        self.rows = rows;
        Lookups {
            accounts: accounts.into_list(),
            entries: entries.into_list(),
            contacts: contacts.into_list(),
            ids: self.wanted_ids(),
        }
    }

    /// Judges every row, in file order.
    ///
    /// # Errors
    /// If an answer cannot be parsed.
    pub fn judge(self, wanted: &Lookups, found: &LookupAnswers) -> Result<ChunkResult, String> {
        self.judge_rows(wanted, found, None).map(|output| output.chunk_result)
    }

    /// Judges every row for a preview.
    ///
    /// # Errors
    /// If an answer cannot be parsed.
    pub fn preview(self, wanted: &Lookups, found: &LookupAnswers) -> Result<Vec<JudgedRow>, String> {
        self.judge_rows(wanted, found, Some(Vec::new())).map(|output| output.rows.unwrap_or_default())
    }

    fn judge_rows(
        mut self,
        wanted: &Lookups,
        found: &LookupAnswers,
        told: Option<Vec<JudgedRow>>,
    ) -> Result<ChunkOutput, String> {
        let known = Known::of(wanted, found)?;
        let mut output = self.output(told);
        let rows = std::mem::take(&mut self.rows);
        for (index, mut row) in rows.into_iter().enumerate() {
            if !row.plain || self.shape.needs_cells() {
                output.cells.parse(&self.text[row.record.0..row.record.1], self.plan.delimiter());
            }
            let values = self.values.row(index, self.profile.fields.len());
            let group = self.check_group(&mut row, values, &known);
            let linked = self.check_references(&mut row, values, &known)?;
            Self::check_suppressed(&mut row, &known);
            if self.profile.directory.is_some() {
                self.judge_entry(&mut output, row, (index, values), &known)?;
            } else {
                self.judge_row(&mut output, row, values, group, linked, &known)?;
            }
        }
        Ok(output)
    }

    /// A row names at most one group, and the group must exist (IMP-21, IMP-24).
    fn check_group<'k>(
        &self,
        row: &mut Row,
        values: RowValues<'_>,
        known: &'k Known<'_>,
    ) -> Option<&'k Group> {
        let (field, key) = self.group.zip(row.group.as_ref())?;
        if let Some(group) = known.group(key) {
            return Some(group);
        }
        let name = values.get(field);
        let several = name.split([',', ';', '|']).filter(|part| !part.trim().is_empty()).count() > 1;
        let code = if several { Code::GroupMany } else { Code::GroupUnknown };
        row.findings.push(Finding::on(code, self.cleaner.column(field)).value(name));
        row.refused = true;
        None
    }

    fn judge_row(
        &self,
        output: &mut ChunkOutput,
        mut row: Row,
        values: RowValues<'_>,
        group: Option<&Group>,
        linked: Linked<'_>,
        known: &Known<'_>,
    ) -> Result<(), String> {
        let candidates: Vec<_> =
            row.asked.keys.iter().map(|key| key.and_then(|key| known.candidates(key))).collect();
        let rule_column = |rule: usize| self.cleaner.column(self.profile.matching[rule].0).clone();
        let program = &self.plan.program;
        let matched =
            matching::pick(self.profile, program, &candidates, values, rule_column, &mut row.findings);
        row.refused |= row.findings.iter().any(Finding::is_error);
        let Some(contact_id) = row.contact_id.filter(|_| !row.refused) else {
            return self.refuse(output, &mut row);
        };
        let before = known.before(row.asked.contact).map(|earlier| earlier.record.as_str());
        let Some(may_write) = self.check_mode(&mut row, before.is_some()) else {
            return self.refuse(output, &mut row);
        };
        let joins = row.group.as_ref().filter(|_| may_write && known.before(row.asked.membership).is_none());
        let account_id = matched.map(|matched| matched.account.account_id.as_str());
        let by_website = matched.is_some_and(|matched| !matched.is_named());
        let linked = Linked { account_id, by_website, ..linked };
        let (outcome, record, changes) = if may_write {
            self.outcome(&row, values, &output.cells, &linked, before, joins)?
        } else {
            // Where a replace may come, the contact of every accepted row is stamped.
            let stamped = before.filter(|_| self.profile.offers_replace());
            let record = stamped.map_or(RecordToWrite::Nothing, |before| RecordToWrite::As(before.into()));
            (Outcome::Unchanged, record, Vec::new())
        };
        let mut own = std::mem::take(&mut output.record);
        let record = match &record {
            RecordToWrite::Whole => {
                own.clear();
                self.shape.write(&mut own, self.profile, values, &output.cells, &linked);
                Some(own.as_str())
            }
            RecordToWrite::As(record) => Some(&**record),
            RecordToWrite::Nothing => None,
        };
        if record.is_some_and(|record| record.len() > limits::RECORD_BYTES) {
            row.findings.push(Finding::new(Code::NotStored).arg("limit", limits::RECORD));
            return self.refuse(output, &mut row);
        }
        // An account that must not be contacted is not invited at its own address.
        let uninvited = matched.is_some_and(|matched| known.suppressed().has_email(&matched.account.email));
        let group = group.filter(|_| !uninvited);
        let before_row = output.written();
        let after = record.or(before).filter(|_| before.is_some());
        let custom = self.custom_contact(values, after, may_write)?;
        let at = self.accept(output, &row, outcome, &custom, group, matched, contact_id);
        output.write_changes(&row, contact_id, &changes);
        if !self.is_approved(&row, output.since(&before_row)) {
            output.take_back(before_row);
            row.findings.push(Finding::new(Code::ChangedSinceApproval));
            return self.refuse(output, &mut row);
        }
        output.count(&row, outcome, matched.is_some());
        output.count_changes(changes);
        if let Some(first) = row.first {
            output.open(row.number, first, at, outcome);
        }
        let groups = joins.map_or(&[][..], std::slice::from_ref);
        let (repeated, is_known) = (row.first.is_some(), before.is_some());
        // A repeated row that changes nothing is told too: higher rows leave the contact alone.
        let is_told = record.is_some() || !groups.is_empty() || (repeated && may_write);
        if let Writes::Contacts(writes) = &mut output.chunk_result.writes
            && !self.plan.dry_run
            && is_told
        {
            let stored = known.stored(row.asked.contact);
            let before = stored.map(|Earlier { record, import_id, .. }| Before { import_id, record });
            let row = row.number;
            writes.add(&ContactWrite { contact_id, row, repeated, known: is_known, record, before, groups });
        }
        output.record = own;
        Ok(())
    }

    /// Checks whether the mode lets the row be written: `Some(false)` leaves the contact as it is, `None` rejects. A row
    /// that is rejected for another reason is not checked: when its contact is looked up, this import may have written it.
    fn check_mode(&self, row: &mut Row, exists: bool) -> Option<bool> {
        match (self.plan.options.changes.mode, exists) {
            (Mode::Create, true) => {
                row.findings.push(Finding::new(Code::ContactExists));
                Some(false)
            }
            (Mode::Update, false) => {
                row.findings.push(Finding::new(Code::ContactUnknown));
                None
            }
            _ => Some(true),
        }
    }

    /// The outcome of the row if it is the first of its identity, the record to write, and what changes.
    fn outcome<'b>(
        &self,
        row: &Row,
        values: RowValues<'_>,
        cells: &Cells,
        linked: &Linked<'_>,
        before: Option<&'b str>,
        joins: Option<&String>,
    ) -> Result<(Outcome, RecordToWrite<'b>, Vec<Change>), String> {
        let Some(before) = before else { return Ok((Outcome::Created, RecordToWrite::Whole, Vec::new())) };
        let laid = self.lay_over_record(row, values, cells, linked, before)?;
        let changed = laid.is_some();
        let (record, mut changes) = match laid {
            Some((record, changes)) => (RecordToWrite::As(record.into()), changes),
            None if self.profile.offers_replace() => (RecordToWrite::As(before.into()), Vec::new()),
            None => (RecordToWrite::Nothing, Vec::new()),
        };
        let group = self.group.map_or("", |field| values.get(field));
        changes.extend(joins.map(|_| Change::new("groups", "", group)));
        let outcome = if changed || joins.is_some() { Outcome::Updated } else { Outcome::Unchanged };
        Ok((outcome, record, changes))
    }

    #[allow(clippy::too_many_arguments)]
    fn accept(
        &self,
        output: &mut ChunkOutput,
        row: &Row,
        outcome: Outcome,
        custom: &str,
        group: Option<&Group>,
        matched: Option<Matched<'_>>,
        contact_id: ContactId,
    ) -> usize {
        let invite_to = self.invite_to(group, matched.map(|matched| matched.account), custom);
        let account_name =
            matched.map(|matched| mask::account_name(matched.account, &self.plan.program, false));
        let account_name = account_name.unwrap_or_default();
        let mut answer = Answer { contact_id: Some(contact_id), invite_to: &invite_to, ..Answer::default() };
        if let Some(matched) = &matched {
            if matched.may_be_told(&self.plan.program) {
                answer.account_id = &matched.account.account_id;
                answer.account_name = &account_name;
            }
            answer.matched_by = &self.profile.fields[self.profile.matching[matched.rule].0].name;
            answer.candidates = matched.others(&self.plan.program);
        }
        self.write_succeeded(output, row, outcome, &answer)
    }

    /// The contact's own address after the row (IMP-25): where the row does not decide it, that of the record of a contact
    /// that existed.
    fn custom_contact<'v>(
        &self,
        values: RowValues<'v>,
        after: Option<&str>,
        may_write: bool,
    ) -> Result<Cow<'v, str>, String> {
        let Some(field) = self.profile.contact_email else { return Ok("".into()) };
        let sent = values.get(field);
        let keeps = self.plan.options.changes.keeps(&self.profile.fields[field].name);
        let Some(after) = after.filter(|_| sent.is_empty() || keeps || !may_write) else {
            return Ok(sent.into());
        };
        let record: Record = serde_json::from_str(after).map_err(|error| format!("contact: {error}"))?;
        Ok(record.email.into())
    }

    fn is_approved(&self, row: &Row, (succeeded, changes): (&[u8], &[u8])) -> bool {
        self.approved.as_ref().is_none_or(|approved| approved.allows(row.number, succeeded, changes))
    }

    /// The address for an invitation (IMP-25); never a masked address (IMP-19).
    fn invite_to<'a>(
        &self,
        group: Option<&Group>,
        account: Option<&'a Account>,
        custom: &'a str,
    ) -> Cow<'a, str> {
        let account = account.filter(|_| group.map(Group::invite) == Some(Invite::Marketplace));
        let address = account.and_then(|account| mask::invitable(account, &self.plan.program, false));
        Cow::Borrowed(address.unwrap_or(custom))
    }
}

/// The record to store for a row.
enum RecordToWrite<'b> {
    /// The row's record: the contact is new.
    Whole,
    /// This one: the row merged into the stored record, or the stored record.
    As(Cow<'b, str>),
    /// No record: nothing changed.
    Nothing,
}
