//! The contacts that a chunk writes: one line per row, in the form of the chunk result.
//!
//! A line consists of contact id, row, flags, groups (a JSON array, or empty) and the record, separated by tabs. JSON
//! escapes tabs and line ends, so the line contains the record exactly as it is stored, and the record is copied only
//! when it is stored.

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
    /// The whole record to store, JSON; `None` if nothing changed.
    pub record: Option<&'a str>,
    /// Keys of its new groups.
    pub groups: &'a [String],
}

/// The writes of a chunk, in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteBatch {
    lines: String,
    heads: Vec<Head>,
}

/// A line's head, and the place of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    contact_id: ContactId,
    row: u64,
    repeated: bool,
    known: bool,
    record: Option<(usize, usize)>,
    groups: Vec<String>,
}

impl WriteBatch {
    /// An empty batch with room for this many rows and bytes.
    pub fn with_room(rows: usize, bytes: usize) -> Self {
        Self { lines: String::with_capacity(bytes), heads: Vec::with_capacity(rows) }
    }

    /// Adds a row.
    pub fn add(&mut self, keep: &ContactWrite<'_>) {
        use std::fmt::Write as _;
        let ContactWrite { contact_id, row, repeated, known, .. } = *keep;
        contact_id.write(&mut self.lines);
        write!(self.lines, "\t{row}\t").expect("a String takes all");
        self.lines.push_str(match (repeated, known) {
            (false, false) => "\t",
            (true, false) => "r\t",
            (false, true) => "k\t",
            (true, true) => "rk\t",
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
        self.lines.push('\n');
        self.heads.push(Head { contact_id, row, repeated, known, record, groups: keep.groups.to_vec() });
    }

    /// The rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ContactWrite<'_>> {
        self.heads.iter().map(|head| ContactWrite {
            contact_id: head.contact_id,
            row: head.row,
            repeated: head.repeated,
            known: head.known,
            record: head.record.map(|(start, end)| &self.lines[start..end]),
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
        let mut parts = lines[start..end].splitn(5, '\t');
        let contact_id = ContactId::parse(parts.next()?)?;
        let row = parts.next()?.parse().ok()?;
        let flags = parts.next()?;
        let groups = match parts.next()? {
            "" => Vec::new(),
            groups => serde_json::from_str(groups).ok()?,
        };
        let record = parts.next().map(|record| (end - record.len(), end));
        let (repeated, known) = (flags.contains('r'), flags.contains('k'));
        Some(Self { contact_id, row, repeated, known, record, groups })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_read_as_they_were_written() {
        let mut list = WriteBatch::default();
        let groups = ["vip".to_owned(), "tab\t\"in\" it".to_owned()];
        for (row, repeated, known, record, groups) in [
            (1, false, false, Some("{\"fields\":{}}"), &groups[..0]),
            (2, true, false, None, &groups[..]),
            (7, false, true, Some("{\"name\":\"a\\tb\"}"), &groups[..1]),
            (u64::MAX, true, true, None, &groups[..0]),
        ] {
            let contact_id = ContactId::derive("acme", "partners", &row.to_string());
            list.add(&ContactWrite { contact_id, row, repeated, known, record, groups });
        }
        let read = WriteBatch::from_lines(list.lines().to_owned()).unwrap();
        assert_eq!(read, list);
        assert_eq!(read.iter().map(|keep| keep.row).collect::<Vec<_>>(), [1, 2, 7, u64::MAX]);
        assert!(WriteBatch::from_lines(list.lines()[3..].to_owned()).is_err());
    }
}
