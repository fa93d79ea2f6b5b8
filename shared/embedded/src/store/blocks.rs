//! Contacts in blocks: one row of SQLite holds several contacts, so that each costs a part of an insert.
//!
//! A block is lines of JSON in the order of arrival, and fills half a page. Its last line has the sequence number `seq`, the line
//! before it `seq - 1`, and so on. So a look-up by any of them reads one page: a B-tree leads to the next key, not to the one before.
//!
//! ```text
//! ["<contact id>",<row>,<import, or 0 for the block's>,<groups or null>,<record or null>]
//! ```
//!
//! A contact that is deleted leaves the line `null`. JSON escapes line ends, so a line ends where the text says so; and the
//! lines between brackets are a JSON array, which the view `contacts_now` takes apart.

use std::collections::BTreeMap;
use std::ops::Range;

use rollcall_domain::types::id::ContactId;
use rusqlite::{CachedStatement, Connection, Row, params};

use super::hash::unreadable;

/// Bytes of a block with several contacts: a page holds two.
const FULL: usize = 4_000;

/// What stands between two lines.
const BETWEEN: &str = ",\n";

/// The line of a contact that was deleted.
const GONE: &str = "null";

/// A line that is not of this form.
#[derive(Debug, thiserror::Error)]
#[error("line {0} of the contacts is damaged")]
struct Damaged(i64);

/// A contact as a line holds it, not yet parsed further.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) seq: i64,
    pub(super) pool: i64,
    pub(super) contact_id: ContactId,
    /// The import that wrote it last.
    pub(super) import: i64,
    /// The row of that import.
    pub(super) row: u64,
    pub(super) record: Option<&'a str>,
    groups: Option<&'a str>,
}

impl Line<'_> {
    /// Groups by key, each with the import that added it.
    pub(super) fn groups(&self) -> rusqlite::Result<BTreeMap<String, i64>> {
        self.groups.map_or(Ok(BTreeMap::new()), |groups| serde_json::from_str(groups).map_err(unreadable))
    }

    pub(super) fn to_contact(self) -> rusqlite::Result<StoredContact> {
        let Line { seq, pool, contact_id, import, row, record, .. } = self;
        let record = record.map(str::to_owned);
        Ok(StoredContact { seq, pool, contact_id, import, row, record, groups: self.groups()? })
    }
}

/// A contact as it is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredContact {
    pub(super) seq: i64,
    pub(super) pool: i64,
    pub(super) contact_id: ContactId,
    /// The import that wrote it last.
    pub(super) import: i64,
    /// The row of that import.
    pub(super) row: u64,
    pub(super) record: Option<String>,
    /// Groups by key, each with the import that added it.
    pub(super) groups: BTreeMap<String, i64>,
}

impl StoredContact {
    /// Appends the line.
    fn write(&self, out: &mut String, block_import: i64) -> rusqlite::Result<()> {
        let import = if self.import == block_import { 0 } else { self.import };
        write_head(out, &self.contact_id, self.row, import);
        match self.groups.is_empty() {
            true => out.push_str("null"),
            false => out.push_str(&serde_json::to_string(&self.groups).map_err(unreadable)?),
        }
        write_record(out, self.record.as_deref());
        Ok(())
    }
}

fn write_head(out: &mut String, contact_id: &ContactId, row: u64, import: i64) {
    out.push_str("[\"");
    contact_id.write(out);
    out.push_str("\",");
    out.push_str(itoa::Buffer::new().format(row));
    out.push(',');
    out.push_str(itoa::Buffer::new().format(import));
    out.push(',');
}

fn write_record(out: &mut String, record: Option<&str>) {
    out.push(',');
    out.push_str(record.unwrap_or("null"));
    out.push(']');
}

/// A block in memory.
#[derive(Debug, Default)]
struct Block {
    first: i64,
    pool: i64,
    import: i64,
    lines: String,
    /// The end of each line.
    ends: Vec<usize>,
}

const READ: &str = "SELECT seq, pool, import, lines FROM contact_blocks";
const READ_ONE: &str =
    "SELECT seq, pool, import, lines FROM contact_blocks WHERE seq >= ?1 ORDER BY seq LIMIT 1";

impl Block {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut block = Self::default();
        block.fill(row)?;
        Ok(block)
    }

    /// Takes a row, into the memory of the block before.
    fn fill(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        self.lines.clear();
        self.lines.push_str(row.get_ref(3)?.as_str()?);
        self.ends.clear();
        self.ends.extend(memchr::memchr_iter(b'\n', self.lines.as_bytes()).map(|end| end - 1));
        self.ends.push(self.lines.len());
        (self.pool, self.import) = (row.get(1)?, row.get(2)?);
        self.first = row.get::<_, i64>(0)? + 1 - self.len();
        Ok(())
    }

    fn len(&self) -> i64 {
        self.ends.len() as i64
    }

    fn last(&self) -> i64 {
        self.first + self.len() - 1
    }

    fn place(&self, seq: i64) -> Option<usize> {
        (self.first..=self.last()).contains(&seq).then(|| (seq - self.first) as usize)
    }

    fn range(&self, place: usize) -> Range<usize> {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] + BETWEEN.len());
        start..self.ends[place]
    }

    /// A contact; `None` if it was deleted.
    fn line(&self, place: usize) -> rusqlite::Result<Option<Line<'_>>> {
        let text = &self.lines[self.range(place)];
        let seq = self.first + place as i64;
        if text == GONE {
            return Ok(None);
        }
        self.parse(text, seq).map(Some).ok_or_else(|| unreadable(Damaged(seq)))
    }

    fn parse<'a>(&self, text: &'a str, seq: i64) -> Option<Line<'a>> {
        let (contact_id, rest) = text.strip_prefix("[\"")?.split_once("\",")?;
        let (row, rest) = rest.split_once(',')?;
        let (import, rest) = rest.split_once(',')?;
        let rest = rest.strip_suffix(']')?;
        let (groups, record) = match rest.strip_prefix("null,") {
            Some(record) => (None, record),
            None => {
                let mut parts = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
                parts.next()?.ok()?;
                let (groups, rest) = rest.split_at(parts.byte_offset());
                (Some(groups), rest.strip_prefix(',')?)
            }
        };
        Some(Line {
            seq,
            pool: self.pool,
            contact_id: ContactId::parse(contact_id)?,
            import: import.parse().ok().map(|import| if import == 0 { self.import } else { import })?,
            row: row.parse().ok()?,
            record: Some(record).filter(|record| *record != "null"),
            groups,
        })
    }

    /// Appends what `write` writes as the next line.
    fn push(&mut self, write: impl FnOnce(&mut String)) {
        if !self.ends.is_empty() {
            self.lines.push_str(BETWEEN);
        }
        write(&mut self.lines);
        self.ends.push(self.lines.len());
    }

    fn replace(&mut self, place: usize, text: &str) {
        let range = self.range(place);
        let (before, after) = (range.len(), text.len());
        self.lines.replace_range(range, text);
        self.ends[place..].iter_mut().for_each(|end| *end = *end - before + after);
    }

    fn is_empty(&self) -> bool {
        (0..self.ends.len()).all(|place| &self.lines[self.range(place)] == GONE)
    }

    fn insert(&self, insert: &mut CachedStatement<'_>) -> rusqlite::Result<()> {
        insert.execute(params![self.last(), self.pool, self.import, self.lines]).map(drop)
    }

    /// Divides a block that became too large for its page: an overflow page would keep what is deleted.
    fn divided(self) -> Vec<Self> {
        if self.lines.len() <= FULL || self.ends.len() < 2 {
            return vec![self];
        }
        let half = self.ends.partition_point(|end| *end < self.lines.len() / 2).clamp(1, self.ends.len() - 1);
        let start = self.range(half).start;
        let (lines, rest) = (self.lines[..self.ends[half - 1]].to_owned(), self.lines[start..].to_owned());
        let ends = self.ends[..half].to_vec();
        let rest_ends = self.ends[half..].iter().map(|end| end - start).collect();
        let (pool, import, second) = (self.pool, self.import, self.first + half as i64);
        let mut parts = Self { first: self.first, pool, import, lines, ends }.divided();
        parts.extend(Self { first: second, pool, import, lines: rest, ends: rest_ends }.divided());
        parts
    }
}

/// Reads and changes contacts in their blocks; neighbours cost one read and one write of their block.
#[derive(Debug)]
pub(super) struct Blocks<'c> {
    connection: &'c Connection,
    open: Option<Block>,
    is_changed: bool,
}

impl<'c> Blocks<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, open: None, is_changed: false }
    }

    /// The contact with a sequence number.
    pub(super) fn line(&mut self, seq: i64) -> rusqlite::Result<Option<Line<'_>>> {
        self.open(seq)?;
        let Some(block) = &self.open else { return Ok(None) };
        match block.place(seq) {
            Some(place) => block.line(place),
            None => Ok(None),
        }
    }

    /// Replaces a contact that is there.
    pub(super) fn put(&mut self, contact: &StoredContact) -> rusqlite::Result<()> {
        self.open(contact.seq)?;
        let Some(block) = &mut self.open else { return Ok(()) };
        let Some(place) = block.place(contact.seq) else { return Ok(()) };
        let mut line = String::new();
        contact.write(&mut line, block.import)?;
        block.replace(place, &line);
        self.is_changed = true;
        Ok(())
    }

    /// Deletes a contact.
    pub(super) fn remove(&mut self, seq: i64) -> rusqlite::Result<()> {
        self.open(seq)?;
        let Some(block) = &mut self.open else { return Ok(()) };
        let Some(place) = block.place(seq) else { return Ok(()) };
        block.replace(place, GONE);
        self.is_changed = true;
        Ok(())
    }

    /// Writes what was changed.
    pub(super) fn finish(mut self) -> rusqlite::Result<()> {
        self.close().map(drop)
    }

    fn open(&mut self, seq: i64) -> rusqlite::Result<()> {
        if self.open.as_ref().is_some_and(|block| block.place(seq).is_some()) {
            return Ok(());
        }
        let mut block = self.close()?.unwrap_or_default();
        let mut read = self.connection.prepare_cached(READ_ONE)?;
        let mut rows = read.query([seq])?;
        if let Some(row) = rows.next()? {
            block.fill(row)?;
            self.open = Some(block);
        }
        Ok(())
    }

    /// Writes what was changed; gives the memory of the block, if it is free.
    fn close(&mut self) -> rusqlite::Result<Option<Block>> {
        let Some(block) = self.open.take() else { return Ok(None) };
        if !std::mem::take(&mut self.is_changed) {
            return Ok(Some(block));
        }
        write(self.connection, block).map(|()| None)
    }
}

/// Writes a block that was changed.
fn write(connection: &Connection, block: Block) -> rusqlite::Result<()> {
    if block.is_empty() {
        let delete = "DELETE FROM contact_blocks WHERE seq = ?1";
        return connection.prepare_cached(delete)?.execute([block.last()]).map(drop);
    }
    let mut parts = block.divided();
    let Some(last) = parts.pop() else { return Ok(()) };
    for part in parts {
        part.insert(&mut connection.prepare_cached(INSERT)?)?;
    }
    let update = "UPDATE contact_blocks SET lines = ?2 WHERE seq = ?1";
    connection.prepare_cached(update)?.execute(params![last.last(), last.lines]).map(drop)
}

const INSERT: &str = "INSERT INTO contact_blocks (seq, pool, import, lines) VALUES (?1, ?2, ?3, ?4)";

/// Appends contacts of one pool, in the order of their sequence numbers.
#[derive(Debug)]
pub(super) struct Appender<'c> {
    connection: &'c Connection,
    block: Block,
}

impl<'c> Appender<'c> {
    pub(super) fn new(connection: &'c Connection, pool: i64, import: i64) -> Self {
        let lines = String::with_capacity(FULL);
        Self { connection, block: Block { pool, import, lines, ..Block::default() } }
    }

    /// Appends a contact that the import writes, with its groups as JSON.
    pub(super) fn push(
        &mut self,
        seq: i64,
        (contact_id, row): (&ContactId, u64),
        groups: Option<&str>,
        record: Option<&str>,
    ) -> rusqlite::Result<()> {
        let bytes = record.map_or(0, str::len) + groups.map_or(0, str::len);
        self.make_room(seq, bytes + 64)?;
        self.block.push(|out| {
            write_head(out, contact_id, row, 0);
            out.push_str(groups.unwrap_or("null"));
            write_record(out, record);
        });
        Ok(())
    }

    /// Appends a contact of any import.
    pub(super) fn push_contact(&mut self, contact: &StoredContact) -> rusqlite::Result<()> {
        let mut line = String::new();
        contact.write(&mut line, self.block.import)?;
        self.make_room(contact.seq, line.len())?;
        self.block.push(|out| out.push_str(&line));
        Ok(())
    }

    /// Writes the last block.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        if !self.block.ends.is_empty() {
            self.block.insert(&mut self.connection.prepare_cached(INSERT)?)?;
            self.block.ends.clear();
            self.block.lines.clear();
        }
        Ok(())
    }

    fn make_room(&mut self, seq: i64, bytes: usize) -> rusqlite::Result<()> {
        let follows = seq == self.block.first + self.block.len();
        if !follows || self.block.lines.len() + bytes > FULL {
            self.flush()?;
        }
        if self.block.ends.is_empty() {
            self.block.first = seq;
        }
        Ok(())
    }
}

/// Calls a function for every contact with a higher sequence number, in their order, until it answers `false`.
pub(super) fn each_after(
    connection: &Connection,
    after: i64,
    mut each: impl FnMut(Line<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let mut read = connection.prepare_cached(&format!("{READ} WHERE seq > ?1 ORDER BY seq"))?;
    let mut rows = read.query([after])?;
    let mut block = Block::default();
    while let Some(row) = rows.next()? {
        block.fill(row)?;
        for place in 0..block.ends.len() {
            let line = block.line(place)?.filter(|line| line.seq > after);
            if let Some(line) = line
                && !each(line)?
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Deletes the contacts of a pool that a condition names, among the blocks that end in a range; returns their number.
pub(super) fn remove_where(
    connection: &Connection,
    pool: i64,
    range: Range<i64>,
    is_gone: impl Fn(&Line<'_>) -> bool,
) -> rusqlite::Result<u64> {
    let read = format!("{READ} WHERE seq BETWEEN ?1 AND ?2 AND pool = ?3");
    let blocks: Vec<Block> = connection
        .prepare_cached(&read)?
        .query_map([range.start, range.end - 1, pool], Block::of)?
        .collect::<rusqlite::Result<_>>()?;
    let mut removed = 0;
    for mut block in blocks {
        let mut gone = Vec::new();
        for place in 0..block.ends.len() {
            if block.line(place)?.is_some_and(|line| is_gone(&line)) {
                gone.push(place);
            }
        }
        gone.iter().for_each(|place| block.replace(*place, GONE));
        removed += gone.len() as u64;
        if !gone.is_empty() {
            write(connection, block)?;
        }
    }
    Ok(removed)
}

/// The highest sequence number of a contact, or 0.
pub(super) fn last_seq(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(seq), 0) FROM contact_blocks", [], |row| row.get(0))
}

/// Moves the contacts of a home of version 2, which had a row for each, into blocks.
pub(super) fn take_over_rows(connection: &Connection) -> rusqlite::Result<()> {
    let mut read = connection
        .prepare("SELECT seq, pool, contact_id, import, row, record, groups FROM contacts ORDER BY seq")?;
    let mut rows = read.query([])?;
    let mut append = Appender::new(connection, 0, 0);
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let contact_id = super::hash::parse_id(row.get_ref(2)?).ok_or_else(|| unreadable(Damaged(seq)))?;
        let groups: Option<String> = row.get(6)?;
        let contact = StoredContact {
            seq,
            pool: row.get(1)?,
            contact_id,
            import: row.get(3)?,
            row: row.get::<_, i64>(4)?.cast_unsigned(),
            record: row.get(5)?,
            groups: groups
                .map_or(Ok(BTreeMap::new()), |groups| serde_json::from_str(&groups).map_err(unreadable))?,
        };
        if append.block.pool != contact.pool || append.block.ends.is_empty() {
            append.flush()?;
            (append.block.pool, append.block.import) = (contact.pool, contact.import);
        }
        append.push_contact(&contact)?;
    }
    append.flush()
}

#[cfg(test)]
mod tests;
