//! The contacts that a chunk writes: one line per row, in the form of the chunk result.
//!
//! A line is contact id, row, flags, groups (a JSON array, or nothing) and the record, separated by tabs; of a contact that
//! existed, the import that wrote it and its record before follow, so that the write can be undone. JSON escapes tabs and
//! line ends, so the line holds the record as it is stored; it is copied only when it is stored.

use crate::types::id::ContactId;

/// The write of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactWrite<'a> {
    /// The contact.
    pub contact_id: ContactId,
    /// Its row: among rows of one identity, the lowest provides the contact's fields (I3).
    pub row: u64,
    /// Whether the identity occurs several times in the file: then the write is conditional, and the previous state
    /// is stored too.
    pub repeated: bool,
    /// Whether the contact existed before the import, as judged.
    pub known: bool,
    /// The whole record to store, JSON; `None` if nothing changed. Then a repeated row keeps higher rows of its import
    /// from changing the contact, and does not touch the contact itself.
    pub record: Option<&'a str>,
    /// What the record replaces, also where that read as absent.
    pub before: Option<Before<'a>>,
    /// Keys of its new groups.
    pub groups: &'a [String],
}

/// A contact before the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before<'a> {
    /// The import that wrote it.
    pub import_id: &'a str,
    /// Its record, JSON.
    pub record: &'a str,
}

/// The writes of a chunk, in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteBatch {
    lines: String,
    heads: Vec<Head>,
}

/// Where the import and the record stand that are before a write. A record that stays is not written twice.
#[derive(Debug, Clone, PartialEq, Eq)]
struct BeforeRange {
    import: (usize, usize),
    record: (usize, usize),
}

/// A line's head, and the place of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    contact_id: ContactId,
    row: u64,
    repeated: bool,
    known: bool,
    record: Option<(usize, usize)>,
    before: Option<BeforeRange>,
    groups: Vec<String>,
}

impl WriteBatch {
    /// An empty batch with room for this many rows and bytes.
    pub fn with_room(rows: usize, bytes: usize) -> Self {
        Self { lines: String::with_capacity(bytes), heads: Vec::with_capacity(rows) }
    }

    /// Adds a row.
    pub fn add(&mut self, keep: &ContactWrite<'_>) {
        let ContactWrite { contact_id, row, repeated, known, .. } = *keep;
        contact_id.write(&mut self.lines);
        self.lines.push('\t');
        self.lines.push_str(itoa::Buffer::new().format(row));
        self.lines.push_str(match (repeated, known) {
            (false, false) => "\t\t",
            (true, false) => "\tr\t",
            (false, true) => "\tk\t",
            (true, true) => "\trk\t",
        });
        if !keep.groups.is_empty() {
            self.lines.push_str(&serde_json::to_string(keep.groups).expect("texts serialise"));
        }
        let record = keep.record.map(|record| {
            self.lines.push('\t');
            let start = self.lines.len();
            self.lines.push_str(record);
            (start, self.lines.len())
        });
        let before = record.zip(keep.before).map(|(record, before)| self.add_before(record, before));
        self.lines.push('\n');
        let groups = keep.groups.to_vec();
        self.heads.push(Head { contact_id, row, repeated, known, record, before, groups });
    }

    fn add_before(&mut self, record: (usize, usize), before: Before<'_>) -> BeforeRange {
        self.lines.push('\t');
        let import = self.lines.len();
        self.lines.push_str(before.import_id);
        let import = (import, self.lines.len());
        self.lines.push('\t');
        if self.lines[record.0..record.1] == *before.record {
            return BeforeRange { import, record };
        }
        let start = self.lines.len();
        self.lines.push_str(before.record);
        BeforeRange { import, record: (start, self.lines.len()) }
    }

    /// The rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ContactWrite<'_>> {
        self.heads.iter().map(|head| ContactWrite {
            contact_id: head.contact_id,
            row: head.row,
            repeated: head.repeated,
            known: head.known,
            record: head.record.map(|(start, end)| &self.lines[start..end]),
            before: head.before.as_ref().map(|before| Before {
                import_id: &self.lines[before.import.0..before.import.1],
                record: &self.lines[before.record.0..before.record.1],
            }),
            groups: &head.groups,
        })
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// All lines.
    pub fn lines(&self) -> &str {
        &self.lines
    }

    /// Parses the lines.
    ///
    /// # Errors
    /// If a line is invalid.
    pub fn from_lines(lines: String) -> Result<Self, String> {
        let mut heads = Vec::new();
        let mut start = 0;
        while start < lines.len() {
            let end =
                memchr::memchr(b'\n', &lines.as_bytes()[start..]).map_or(lines.len(), |end| start + end);
            heads.push(Head::read(&lines, start, end).ok_or("fragment: not a line of what is kept")?);
            start = end + 1;
        }
        Ok(Self { lines, heads })
    }
}

impl Head {
    fn read(lines: &str, start: usize, end: usize) -> Option<Self> {
        let mut parts = lines[start..end].splitn(7, '\t');
        let contact_id = ContactId::parse(parts.next()?)?;
        let row = parts.next()?.parse().ok()?;
        let flags = parts.next()?;
        let groups = match parts.next()? {
            "" => Vec::new(),
            groups => serde_json::from_str(groups).ok()?,
        };
        let range = |part: &str| {
            let start = part.as_ptr().addr() - lines.as_ptr().addr();
            (start, start + part.len())
        };
        let record = parts.next().map(range);
        let import = parts.next().map(range);
        let before = record.zip(import).map(|(record, import)| {
            let own = parts.next().filter(|own| !own.is_empty());
            BeforeRange { import, record: own.map_or(record, range) }
        });
        let (repeated, known) = (flags.contains('r'), flags.contains('k'));
        Some(Self { contact_id, row, repeated, known, record, before, groups })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_read_as_they_were_written() {
        let mut list = WriteBatch::default();
        let groups = ["vip".to_owned(), "tab\t\"in\" it".to_owned()];
        let before = |record| Some(Before { import_id: "20260101T000000000Z-abcdefghij", record });
        for (row, repeated, known, record, before, groups) in [
            (1, false, false, Some("{\"fields\":{}}"), None, &groups[..0]),
            (2, true, false, None, None, &groups[..]),
            (7, false, true, Some("{\"name\":\"a\\tb\"}"), before("{\"name\":\"c\"}"), &groups[..1]),
            (8, false, true, Some("{\"name\":\"same\"}"), before("{\"name\":\"same\"}"), &groups[..0]),
            (u64::MAX, true, true, None, None, &groups[..0]),
        ] {
            let contact_id = ContactId::derive("acme", "partners", &row.to_string());
            list.add(&ContactWrite { contact_id, row, repeated, known, record, before, groups });
        }
        let read = WriteBatch::from_lines(list.lines().to_owned()).unwrap();
        assert_eq!(read, list);
        assert_eq!(read.iter().map(|keep| keep.row).collect::<Vec<_>>(), [1, 2, 7, 8, u64::MAX]);
        assert!(WriteBatch::from_lines(list.lines()[3..].to_owned()).is_err());
    }
}
