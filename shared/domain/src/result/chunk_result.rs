//! A chunk result: the single point where a chunk is decided, and the redo record of its writes.
//!
//! It has the rows of `succeeded.csv`, the rows of `failed.csv`, one line for each contact to write, and a last line of
//! JSON with the length of each part. A worker that finds one applies it and judges nothing.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::contacts::directory::DirectoryItem;
use crate::contacts::writes::WriteBatch;
use crate::result::changes;
use crate::result::tally::Tally;
use crate::types::names::ImportId;
use crate::types::outcome::Outcome;

/// The version of the chunk result that this code writes.
const VERSION: u32 = 1;

/// The result of a chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct ChunkResult {
    /// Its rows and counts.
    pub answer: ChunkAnswer,
    /// Its writes.
    pub writes: Writes,
}

/// The rows and counts of a chunk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChunkAnswer {
    /// The counts; rows of identities that occur several times count as if each were the first.
    pub tally: Tally,
    /// Rows of identities that occur several times: the end of the import decides which of them are `merged`.
    pub open: Vec<OpenRow>,
    /// Rows of `succeeded.csv`.
    pub succeeded: Vec<u8>,
    /// Rows of `failed.csv`.
    pub failed: Vec<u8>,
    /// Lines of `changes.csv`.
    pub changes: Vec<u8>,
}

/// An accepted row whose identity occurs several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRow {
    /// The row.
    #[serde(default)]
    pub row: u64,
    /// The first row of the identity, which identifies it.
    pub first: u64,
    /// The position of the outcome in the rows of `succeeded.csv`.
    pub at: usize,
    /// The outcome of the row if it is the first accepted one.
    pub outcome: Outcome,
}

/// The writes of a chunk's rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Writes {
    /// Contacts and memberships.
    Contacts(WriteBatch),
    /// Entries of the directory.
    Directory(Vec<DirectoryItem>),
}

#[derive(Serialize, Deserialize)]
struct Foot {
    v: u32,
    import_id: ImportId,
    chunk: u32,
    tally: Tally,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    open: Vec<OpenRow>,
    succeeded: usize,
    failed: usize,
    #[serde(default)]
    changes: usize,
    directory: bool,
}

impl Foot {
    /// The number of bytes in the result rows.
    fn answered(&self) -> usize {
        self.succeeded + self.failed + self.changes
    }
}

impl ChunkResult {
    /// Serializes the chunk result in parts to be concatenated, so that large parts are not copied.
    pub fn to_parts(&self, import_id: &ImportId, chunk: u32) -> [Cow<'_, [u8]>; 5] {
        let answer = &self.answer;
        let foot = Foot {
            v: VERSION,
            import_id: import_id.clone(),
            chunk,
            tally: answer.tally.clone(),
            open: answer.open.clone(),
            succeeded: answer.succeeded.len(),
            failed: answer.failed.len(),
            changes: answer.changes.len(),
            directory: matches!(self.writes, Writes::Directory(_)),
        };
        let mut last = Vec::new();
        let kept = match &self.writes {
            Writes::Contacts(writes) => writes.lines(),
            Writes::Directory(items) => {
                items.iter().for_each(|item| write_json_line(&mut last, item));
                ""
            }
        };
        write_json_line(&mut last, &foot);
        [
            (&*answer.succeeded).into(),
            (&*answer.failed).into(),
            (&*answer.changes).into(),
            kept.as_bytes().into(),
            last.into(),
        ]
    }

    /// Reads the file.
    ///
    /// # Errors
    /// If it is invalid, or has an unknown version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (foot, rest) = read_foot(bytes)?;
        let (rows, lines) = rest.split_at(foot.answered());
        let writes = if foot.directory { read_items(lines)? } else { read_keeps(lines)? };
        Ok(Self { answer: ChunkAnswer::of(foot, rows.to_vec()), writes })
    }
}

impl ChunkAnswer {
    /// Parses only rows and counts from the file.
    ///
    /// # Errors
    /// If it is invalid, or has an unknown version.
    pub fn from_chunk_result(mut bytes: Vec<u8>) -> Result<Self, String> {
        let (foot, _) = read_foot(&bytes)?;
        bytes.truncate(foot.answered());
        Ok(Self::of(foot, bytes))
    }

    /// Splits the rows of all files, which follow one another.
    fn of(foot: Foot, mut rows: Vec<u8>) -> Self {
        let changes = rows.split_off(foot.succeeded + foot.failed);
        let failed = rows.split_off(foot.succeeded);
        Self { tally: foot.tally, open: foot.open, succeeded: rows, failed, changes }
    }

    /// Turns all but the lowest accepted row of each identity into `merged`; chunk results must come in file order.
    pub fn merge_repeats(&mut self, seen: &mut HashSet<u64>, delimiter: u8) {
        let later: Vec<&OpenRow> = self.open.iter().filter(|open| !seen.insert(open.first)).collect();
        if later.is_empty() {
            return;
        }
        let merged: HashSet<u64> = later.iter().map(|open| open.row).collect();
        let changes = changes::without(&self.changes, delimiter, &mut self.tally, |row, field| {
            merged.contains(&row) && field != "groups"
        });
        let mut rows = Vec::with_capacity(self.succeeded.len());
        let mut done = 0;
        for open in later {
            rows.extend_from_slice(&self.succeeded[done..open.at]);
            rows.extend_from_slice(Outcome::Merged.as_str().as_bytes());
            done = open.at + open.outcome.as_str().len();
            self.tally.reclassify(open.outcome, Outcome::Merged);
        }
        rows.extend_from_slice(&self.succeeded[done..]);
        self.succeeded = rows;
        self.changes = changes;
    }

    /// Removes the changes of rows that are not written.
    pub fn drop_changes_of(&mut self, rows: &BTreeSet<u64>, delimiter: u8) {
        self.changes =
            changes::without(&self.changes, delimiter, &mut self.tally, |row, _| rows.contains(&row));
    }
}

fn write_json_line(bytes: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(&mut *bytes, value).expect("plain data serialises into memory");
    bytes.push(b'\n');
}

fn read_keeps(lines: &[u8]) -> Result<Writes, String> {
    let lines = String::from_utf8(lines.to_vec()).map_err(|error| format!("fragment: {error}"))?;
    WriteBatch::from_lines(lines).map(Writes::Contacts)
}

fn read_items(lines: &[u8]) -> Result<Writes, String> {
    let items: Result<Vec<_>, _> = each_line(lines).map(serde_json::from_slice).collect();
    items.map(Writes::Directory).map_err(|error| format!("fragment: {error}"))
}

fn each_line(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// The last line, and the bytes before it.
fn read_foot(bytes: &[u8]) -> Result<(Foot, &[u8]), String> {
    let whole = bytes.strip_suffix(b"\n").ok_or("fragment: its last line is cut")?;
    let start = memchr::memrchr(b'\n', whole).map_or(0, |end| end + 1);
    let foot: Foot = serde_json::from_slice(&whole[start..]).map_err(|error| format!("fragment: {error}"))?;
    if foot.v != VERSION {
        return Err(format!("fragment: version {} is not {VERSION}", foot.v));
    }
    let rows = foot.succeeded.checked_add(foot.failed).and_then(|rows| rows.checked_add(foot.changes));
    if rows.is_none_or(|rows| rows > start) {
        return Err("fragment: shorter than it says".to_owned());
    }
    Ok((foot, &bytes[..start]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::writes::ContactWrite;
    use crate::result::tally::RowPlace;
    use crate::types::id::ContactId;

    fn chunk_result() -> ChunkResult {
        let mut tally = Tally::default();
        tally.add_row(RowPlace { row: 1, line: 2 }, Outcome::Created, false, &[]);
        tally.add_row(RowPlace { row: 2, line: 3 }, Outcome::Updated, false, &[]);
        let contact_id = ContactId::derive("acme", "partners", "a@b.example");
        let keep = ContactWrite {
            contact_id,
            row: 1,
            repeated: true,
            known: false,
            record: Some("{}"),
            groups: &[],
        };
        let mut writes = WriteBatch::default();
        writes.add(&keep);
        let answer = ChunkAnswer {
            tally,
            open: vec![
                OpenRow { row: 1, first: 1, at: 4, outcome: Outcome::Created },
                OpenRow { row: 2, first: 1, at: 18, outcome: Outcome::Updated },
            ],
            succeeded: b"a,1,created\r\nb,2,xupdated,\r\n".to_vec(),
            failed: b"c\n".to_vec(),
            changes: b"2,x,name,a,b\r\n".to_vec(),
        };
        ChunkResult { answer, writes: Writes::Contacts(writes) }
    }

    #[test]
    fn it_reads_what_it_writes() {
        let import_id = ImportId::derive("b", "k", "v", "2026-01-01T00:00:00Z".parse().unwrap());
        let bytes = chunk_result().to_parts(&import_id, 3).concat();
        assert_eq!(ChunkResult::from_bytes(&bytes).unwrap(), chunk_result());
        assert_eq!(ChunkAnswer::from_chunk_result(bytes.clone()).unwrap(), chunk_result().answer);
        assert!(ChunkResult::from_bytes(&bytes[..40]).is_err());
    }

    #[test]
    fn the_lowest_accepted_row_stays_what_it_is() {
        let mut seen = HashSet::new();
        let mut first = chunk_result().answer;
        first.merge_repeats(&mut seen, b',');
        assert_eq!(first.succeeded, b"a,1,created\r\nb,2,xmerged,\r\n");
        assert_eq!((first.tally.rows.created, first.tally.rows.merged), (1, 1));
        let mut second = chunk_result().answer;
        second.merge_repeats(&mut seen, b',');
        assert_eq!(second.tally.rows.merged, 2);
        assert!(second.tally.sum_holds());
    }
}
