//! The rows of one contact in result files and working files, and how they are emptied.
//!
//! An emptied row stays as a line with its number, outcome and codes, so that the totals of its import still add up;
//! every cell that says something of the contact is empty.

use std::ops::Range;

use crate::clean::{Holds, clean_email, unwrap_address, values};
use crate::contacts::contact::Record;
use crate::contacts::writes::WriteBatch;
use crate::file::cells::Cells;
use crate::file::split::records;
use crate::file::write::{unguard, write_cell};
use crate::profile::compiled::Profile;
use crate::result::chunk_result::{ChunkResult, OpenRow, Writes};
use crate::row::fold::identity_part;
use crate::types::field_kind::FieldKind;
use crate::types::id::ContactId;

/// Columns of result files that say nothing of a contact.
const HARMLESS: [&str; 5] =
    ["rollcall_row", "rollcall_line", "rollcall_outcome", "rollcall_errors", "rollcall_warnings"];
/// The same in files that have no column of the sender's.
const HARMLESS_OF_OURS: [&str; 2] = ["field", "reason"];

/// What the rows of a contact are known by.
#[derive(Debug, Clone)]
pub struct Traces {
    contact_id: ContactId,
    id: String,
    /// The parts of its identity; a row is the contact's where it has all of them.
    identity: Vec<Part>,
    /// Texts, in lower case, that show the contact.
    words: Vec<Vec<u8>>,
}

/// One part of an identity, in the form that rows are told apart by.
#[derive(Debug, Clone)]
struct Part {
    kind: FieldKind,
    value: String,
    /// Only letters and digits count.
    bare: bool,
}

/// Some lines after they were emptied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Emptied {
    /// All lines.
    pub bytes: Vec<u8>,
    /// The numbers of the rows that were emptied; 0 where a line has none.
    pub rows: Vec<u64>,
}

impl Traces {
    /// The traces of a contact; without a record only its id is known.
    pub fn of(contact_id: ContactId, record: Option<&Record>, profile: Option<&Profile>) -> Self {
        let id = contact_id.to_string();
        let mut words = vec![id.clone().into_bytes()];
        let mut identity = Vec::new();
        if let Some(record) = record {
            let values = std::iter::once(&record.email).chain(&record.phones);
            words.extend(
                values.filter(|value| !value.is_empty()).map(|value| value.to_lowercase().into_bytes()),
            );
            identity.extend(profile.map(|profile| identity_of(profile, record)).unwrap_or_default());
        }
        Self { contact_id, id, identity, words }
    }

    /// Whether bytes show the contact: its id, its address or one of its phones.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        let lower = bytes.to_ascii_lowercase();
        self.words.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
    }

    /// The bytes of a document without what shows the contact: none of its words has a quotation mark, so the document
    /// stays readable.
    pub fn taken_out(&self, bytes: &[u8]) -> Vec<u8> {
        let mut rest = bytes.to_vec();
        for word in &self.words {
            let lower = rest.to_ascii_lowercase();
            let (mut out, mut from) = (Vec::with_capacity(rest.len()), 0);
            for at in memchr::memmem::find_iter(&lower, word) {
                out.extend_from_slice(&rest[from..at]);
                from = at + word.len();
            }
            out.extend_from_slice(&rest[from..]);
            rest = out;
        }
        rest
    }

    /// Whether this is the contact.
    pub fn is_of(&self, contact: &ContactId) -> bool {
        self.contact_id == *contact
    }

    /// The longest text that [`Traces::are_in`] looks for.
    pub fn longest(&self) -> usize {
        self.words.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Whether a row is the contact's: it has its id, or all that identifies it.
    fn is_in(&self, cells: &Cells) -> bool {
        if cells.iter().any(|cell| cell == self.id) {
            return true;
        }
        let has = |part: &Part| cells.iter().any(|cell| part.is(unguard(cell.trim()).trim()));
        !self.identity.is_empty() && self.identity.iter().all(has)
    }

    /// Empties the contact's lines of a file whose header is known; whole records only.
    pub fn empty(&self, bytes: &[u8], delimiter: u8, columns: &HarmlessColumns) -> Emptied {
        let text = String::from_utf8_lossy(bytes);
        let mut emptied = Emptied { bytes: Vec::with_capacity(bytes.len()), rows: Vec::new() };
        let (mut cells, mut start) = (Cells::default(), 0);
        for record in records(text.as_bytes(), delimiter) {
            cells.parse(&text[record.body], delimiter);
            if self.is_in(&cells) {
                columns.write_emptied(&mut emptied.bytes, &cells, delimiter);
                emptied.rows.push(columns.row(&cells));
            } else {
                emptied.bytes.extend_from_slice(&text.as_bytes()[start..record.end]);
            }
            start = record.end;
        }
        emptied
    }

    /// Empties the contact's rows in a chunk result, and takes out what it writes; `width` is the number of the sender's
    /// columns. `None` where the contact is not in it.
    pub fn empty_chunk(&self, chunk: &ChunkResult, delimiter: u8, width: usize) -> Option<ChunkResult> {
        let answer = &chunk.answer;
        let succeeded = self.empty(&answer.succeeded, delimiter, &HarmlessColumns::of_succeeded(width));
        let failed = self.empty(&answer.failed, delimiter, &HarmlessColumns::of_failed(width));
        let changes = self.empty(&answer.changes, delimiter, &HarmlessColumns::of_changes());
        let writes = self.without(&chunk.writes);
        let nothing = [&succeeded, &failed, &changes].iter().all(|emptied| emptied.rows.is_empty());
        if nothing && writes.is_none() {
            return None;
        }
        let mut emptied = chunk.clone();
        emptied.answer.open =
            moved(&answer.open, &succeeded.rows, &answer.succeeded, &succeeded.bytes, delimiter);
        let rows: Vec<u64> = succeeded.rows.iter().chain(&failed.rows).copied().collect();
        emptied.answer.tally.forget_values(&rows);
        emptied.answer.succeeded = succeeded.bytes;
        emptied.answer.failed = failed.bytes;
        emptied.answer.changes = changes.bytes;
        if let Some(writes) = writes {
            emptied.writes = writes;
        }
        Some(emptied)
    }

    /// The writes without those of the contact; `None` where it has none.
    fn without(&self, writes: &Writes) -> Option<Writes> {
        let Writes::Contacts(batch) = writes else { return None };
        if !batch.iter().any(|write| write.contact_id == self.contact_id) {
            return None;
        }
        let mut rest = WriteBatch::default();
        batch.iter().filter(|write| write.contact_id != self.contact_id).for_each(|write| rest.add(&write));
        Some(Writes::Contacts(rest))
    }
}

/// The identity of a record: the first alternative whose fields are all filled, as for a row.
fn identity_of(profile: &Profile, record: &Record) -> Vec<Part> {
    let part = |field: &usize| {
        let field = &profile.fields[*field];
        let value = record.fields.get(&*field.name).filter(|value| !value.is_empty())?;
        let mut form = String::new();
        identity_part(field, value, &mut form);
        Some(Part { kind: field.kind, value: form, bare: field.ignores_punctuation })
    };
    profile.identity.iter().find_map(|fields| fields.iter().map(part).collect()).unwrap_or_default()
}

impl Part {
    /// Whether a cell says the same.
    fn is(&self, cell: &str) -> bool {
        match self.kind {
            FieldKind::Email => {
                let mut email = String::new();
                let mut same = |text: &str| clean_email(text, &mut email).is_ok() && email == self.value;
                // An import takes an address from its wrapping, and from several.
                cell.contains('@')
                    && (same(cell)
                        || unwrap_address(cell).is_some_and(&mut same)
                        || values(cell, Holds::Address).is_some_and(|all| {
                            all.iter().any(|one| same(one) || unwrap_address(one).is_some_and(&mut same))
                        }))
            }
            // A national number is the end of the international one.
            FieldKind::Phone => {
                let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
                let digits = digits.trim_start_matches('0');
                digits.len() >= FEWEST_DIGITS && self.value.ends_with(digits)
            }
            _ => {
                let is_kept = |sign: &char| !self.bare || sign.is_alphanumeric();
                let same = |text: &str| text.to_lowercase().chars().filter(is_kept).collect::<String>();
                same(cell) == same(&self.value)
            }
        }
    }
}

/// Digits of a national phone; fewer are in many numbers.
const FEWEST_DIGITS: usize = 8;

/// The columns of a file that stay when a row is emptied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HarmlessColumns {
    harmless: Vec<usize>,
    row: Option<usize>,
}

impl HarmlessColumns {
    /// Reads the header of a result file.
    pub fn of_header(header: &Cells) -> Self {
        let ours_alone = header.get(0).starts_with("rollcall_");
        let place = |name: &&str| header.iter().collect::<Vec<_>>().iter().rposition(|cell| cell == name);
        let mut harmless: Vec<usize> = HARMLESS.iter().filter_map(place).collect();
        if ours_alone {
            harmless.extend(HARMLESS_OF_OURS.iter().filter_map(place));
        }
        Self { row: place(&"rollcall_row"), harmless }
    }

    fn of_succeeded(width: usize) -> Self {
        Self { harmless: vec![width, width + 1, width + 2, width + 9], row: Some(width) }
    }

    fn of_failed(width: usize) -> Self {
        Self { harmless: vec![width, width + 1, width + 2, width + 3, width + 5], row: Some(width) }
    }

    /// The columns of `undone.csv`.
    pub fn of_undone() -> Self {
        Self { harmless: vec![1, 2, 5], row: None }
    }

    fn of_changes() -> Self {
        Self { harmless: vec![0, 2], row: Some(0) }
    }

    fn row(&self, cells: &Cells) -> u64 {
        self.row.and_then(|row| cells.get(row).parse().ok()).unwrap_or(0)
    }

    fn write_emptied(&self, out: &mut Vec<u8>, cells: &Cells, delimiter: u8) {
        for place in 0..cells.len() {
            if place > 0 {
                out.push(delimiter);
            }
            if self.harmless.contains(&place) {
                write_cell(out, cells.get(place), delimiter);
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// The places of outcomes after other lines became shorter. Emptied rows are no longer open: their import is over.
fn moved(open: &[OpenRow], emptied: &[u64], before: &[u8], after: &[u8], delimiter: u8) -> Vec<OpenRow> {
    let (before, after) = (line_ranges(before, delimiter), line_ranges(after, delimiter));
    let place = |row: &OpenRow| {
        let line = before.partition_point(|range| range.start <= row.at).checked_sub(1)?;
        let at = after.get(line)?.start + (row.at - before[line].start);
        Some(OpenRow { at, ..row.clone() })
    };
    open.iter().filter(|row| !emptied.contains(&row.row)).filter_map(place).collect()
}

fn line_ranges(lines: &[u8], delimiter: u8) -> Vec<Range<usize>> {
    records(lines, delimiter).map(|record| record.body.start..record.end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::writes::ContactWrite;
    use crate::result::chunk_result::ChunkAnswer;
    use crate::result::tally::{RowPlace, Tally};
    use crate::types::code::Code;
    use crate::types::finding::{Column, Finding};
    use crate::types::outcome::Outcome;

    fn traces(profile: &str, fields: &[(&str, &str)]) -> Traces {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let record = Record { email: "ann@x.example".into(), fields: fields.collect(), ..Record::default() };
        let profile = Profile::built_in(profile).unwrap();
        Traces::of(ContactId::derive("acme", "partners", "ann"), Some(&record), Some(&profile))
    }

    fn header(text: &str) -> HarmlessColumns {
        let mut cells = Cells::default();
        cells.parse(text, b',');
        HarmlessColumns::of_header(&cells)
    }

    #[test]
    fn the_rows_of_a_contact_are_known_by_what_identifies_it() {
        for (profile, fields, row, is_its) in [
            ("prospects", &[("email", "ann@x.example")][..], "Ann,Ann@X.example", true),
            ("prospects", &[("email", "ann@x.example")], "Ann,\"'ann@x.example\"", false),
            ("prospects", &[("email", "ann@x.example")], "Ann,Ann Roe <Ann@x.example>", true),
            ("prospects", &[("email", "ann@x.example")], "Ann,bob@x.example; ann@x.example", true),
            ("prospects", &[("email", "ann@x.example")], "Ann,bob@x.example", false),
            (
                "leads",
                &[("email", "ann@x.example"), ("phone", "+5511961234567")],
                "Bob,+55 11 96123 4567",
                false,
            ),
            ("mailing", &[("phone_1", "+5511961234567")], "Ann,(11) 96123-4567", true),
            ("mailing", &[("phone_1", "+5511961234567")], "Ann,1234567", false),
            ("leads", &[("email", ""), ("phone", "+5511961234567")], "Ann,+55 11 96123 4567", true),
            ("accounts", &[("document_type", "CC"), ("document_number", "52.345.678")], "cc,52345678", true),
            (
                "accounts",
                &[("document_type", "CC"), ("document_number", "52.345.678")],
                "NIT,52345678",
                false,
            ),
        ] {
            let emptied = traces(profile, fields).empty(
                format!("{row}\r\n").as_bytes(),
                b',',
                &HarmlessColumns::default(),
            );
            assert_eq!(emptied.rows.len(), usize::from(is_its), "{profile} {row}");
        }
    }

    #[test]
    fn an_emptied_row_keeps_its_number_and_its_codes() {
        let traces = traces("prospects", &[("email", "ann@x.example")]);
        let columns = header(
            "name,email,rollcall_row,rollcall_line,rollcall_outcome,rollcall_errors,rollcall_messages",
        );
        let rows = "Ann,ann@x.example,7,8,rejected,name:value_too_long,\"Ann; long\"\r\nBob,b@x.example,9,10,rejected,x,y\r\n";
        let emptied = traces.empty(rows.as_bytes(), b',', &columns);
        let text = String::from_utf8(emptied.bytes).unwrap();
        assert_eq!(text, ",,7,8,rejected,name:value_too_long,\r\nBob,b@x.example,9,10,rejected,x,y\r\n");
        assert_eq!(emptied.rows, [7]);
        let id = traces.id.clone();
        let changes = header("rollcall_row,rollcall_contact_id,field,before,after");
        let emptied = traces.empty(format!("7,{id},name,Ann,Anna\r\n").as_bytes(), b',', &changes);
        assert_eq!(String::from_utf8(emptied.bytes).unwrap(), "7,,name,,\r\n");
    }

    #[test]
    fn a_chunk_result_forgets_the_contact_and_still_adds_up() {
        let traces = traces("prospects", &[("email", "ann@x.example")]);
        let id = traces.id.clone();
        let mut tally = Tally::default();
        let finding = Finding::on(Code::ValueTrimmed, &Column::new("name", Some(1))).value("Ann ");
        tally.add_row(RowPlace { row: 1, line: 2 }, Outcome::Created, false, &[finding]);
        tally.add_row(RowPlace { row: 2, line: 3 }, Outcome::Created, false, &[]);
        let mut writes = WriteBatch::default();
        for (contact_id, row) in [(traces.contact_id, 1), (ContactId::derive("acme", "partners", "bob"), 2)] {
            let groups = &[][..];
            writes.add(&ContactWrite {
                contact_id,
                row,
                repeated: false,
                known: false,
                before: None,
                record: Some("{}"),
                groups,
            });
        }
        let line =
            |name: &str, row: u64, id: &str| format!("{name},{row},{},created,{id},,,,,,\r\n", row + 1);
        let succeeded = line("Ann", 1, &id) + &line("Bob", 2, "other");
        let at = succeeded.rfind("created").unwrap();
        let open = vec![
            OpenRow { row: 1, first: 1, at: succeeded.find("created").unwrap(), outcome: Outcome::Created },
            OpenRow { row: 2, first: 2, at, outcome: Outcome::Created },
        ];
        let answer = ChunkAnswer { tally, open, succeeded: succeeded.into_bytes(), ..ChunkAnswer::default() };
        let chunk = ChunkResult { answer, writes: Writes::Contacts(writes) };
        let emptied = traces.empty_chunk(&chunk, b',', 1).unwrap();
        let text = String::from_utf8(emptied.answer.succeeded.clone()).unwrap();
        assert!(text.starts_with(",1,2,created,,,,,,,\r\n") && !text.contains(&id), "{text}");
        assert_eq!(emptied.answer.open.len(), 1);
        assert!(text[emptied.answer.open[0].at..].starts_with("created,other"));
        assert_eq!(emptied.answer.tally.rows, chunk.answer.tally.rows);
        assert!(!format!("{emptied:?}").contains("Ann"));
        let Writes::Contacts(rest) = &emptied.writes else { unreachable!() };
        assert_eq!(rest.iter().map(|write| write.row).collect::<Vec<_>>(), [2]);
        assert_eq!(traces.empty_chunk(&emptied, b',', 1), None, "a second time there is nothing");
    }

    #[test]
    fn a_document_without_the_contact_stays_a_document() {
        let traces = traces("prospects", &[("email", "ann@x.example")]);
        let json = format!("{{\"a\":\"Ann@X.example, {}\",\"b\":[\"ann@x.example\",1]}}", traces.id);
        let text = String::from_utf8(traces.taken_out(json.as_bytes())).unwrap();
        assert_eq!(text, "{\"a\":\", \",\"b\":[\"\",1]}");
        assert_eq!(traces.taken_out(b"bob@x.example"), b"bob@x.example");
    }

    #[test]
    fn bytes_that_show_the_contact_are_seen() {
        let traces = traces("prospects", &[("email", "ann@x.example")]);
        for (text, shown) in [
            ("<b>ANN@x.example</b>", true),
            (&*traces.id.clone(), true),
            ("bob@x.example", false),
            ("", false),
        ] {
            assert_eq!(traces.are_in(text.as_bytes()), shown, "{text}");
        }
    }
}
