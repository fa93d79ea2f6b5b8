//! The cleaned values of rows: one text for all, and the position of each value in it.

use crate::profile::compiled::FieldIndex;

/// The cleaned values of rows, one after the other; a field without a value has an empty one.
#[derive(Debug, Clone, Default)]
pub struct Values {
    pub(super) text: String,
    pub(super) spans: Vec<(u32, u32)>,
}

impl Values {
    /// Creates an empty list with room for rows of `fields` fields and `bytes` bytes in all.
    pub fn with_room(rows: usize, fields: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), spans: Vec::with_capacity(rows * fields) }
    }

    /// Removes all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
    }

    /// The values of one row, by its number among the rows cleaned.
    #[inline]
    pub fn row(&self, number: usize, fields: usize) -> RowValues<'_> {
        RowValues { text: &self.text, spans: &self.spans[number * fields..(number + 1) * fields] }
    }

    #[inline]
    pub(super) fn last(&self, fields: usize) -> RowValues<'_> {
        RowValues { text: &self.text, spans: &self.spans[self.spans.len() - fields..] }
    }
}

/// The cleaned values of one row, by field.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowValues<'a> {
    text: &'a str,
    spans: &'a [(u32, u32)],
}

/// The position of a value that the sender clears with a word: it has no text.
pub(super) const CLEARED: (u32, u32) = (u32::MAX, u32::MAX);

impl<'a> RowValues<'a> {
    /// A field's cleaned value; empty if it has none.
    #[inline]
    pub fn get(&self, field: FieldIndex) -> &'a str {
        let (start, end) = self.spans[field];
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Whether the cell contains the word that clears a field; the value is then empty.
    pub fn is_cleared(&self, field: FieldIndex) -> bool {
        self.spans[field] == CLEARED
    }
}
