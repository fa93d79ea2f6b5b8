//! A finding: something noticed about a file, a row or a cell, before it becomes a text.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::types::code::{Code, CodeUnknown, Scope, Severity};

/// The column that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Column {
    /// The field's name; the sender's header if the column fills no field.
    pub name: Arc<str>,
    /// The column's position in the record, from 1; absent if the field has no column.
    pub position: Option<u32>,
    /// Whether the column fills no field: then people see its name, but programs never get it as a field's name.
    #[serde(skip)]
    unmapped: bool,
}

impl Column {
    /// A field and the position of its column, from 1.
    pub fn new(name: impl Into<Arc<str>>, position: impl Into<Option<u32>>) -> Self {
        Self { name: name.into(), position: position.into(), unmapped: false }
    }

    /// A column without a field, and its position, from 1.
    pub fn unmapped(name: impl Into<Arc<str>>, position: u32) -> Self {
        Self { name: name.into(), position: Some(position), unmapped: true }
    }
}

/// One finding. It has no message: [`crate::messages::catalogue::Messages`] has the messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Its code.
    pub code: Code,
    /// The column it is about; absent for findings about the row or the file.
    pub column: Option<Column>,
    /// The value in the file, masked where IMP-18 requires it.
    pub value: Option<String>,
    /// The values of the message's placeholders, such as `limit`, `reason`, `row`.
    pub args: Vec<(&'static str, String)>,
    /// The likely intended value, if known.
    pub hint: Option<String>,
}

impl Finding {
    /// Creates a finding about the row or the file as a whole.
    pub const fn new(code: Code) -> Self {
        Self { code, column: None, value: None, args: Vec::new(), hint: None }
    }

    /// Creates a finding about a column; cloning the column costs no allocation.
    pub fn on(code: Code, column: &Column) -> Self {
        Self { column: Some(column.clone()), ..Self::new(code) }
    }

    /// Adds the value in the file. The caller has masked it.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Fills a placeholder of the message.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// Adds the likely intended value.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the finding rejects its row or file.
    pub const fn is_error(&self) -> bool {
        matches!(self.code.severity(), Severity::Error)
    }

    /// Returns the column's name for people, if there is one: its field, or its header.
    pub fn column_name(&self) -> Option<&str> {
        self.column.as_ref().map(|column| &*column.name)
    }

    /// Returns the field that the finding is about, if there is one.
    pub fn field(&self) -> Option<&Arc<str>> {
        self.column.as_ref().filter(|column| !column.unmapped).map(|column| &column.name)
    }

    fn key_of_place(&self) -> &str {
        self.field().map_or("row", |field| field)
    }

    /// Whether it has the same code for the same field.
    pub fn is_like(&self, other: &Self) -> bool {
        self.code == other.code && self.field() == other.field()
    }

    /// Writes `<field>:<code>`, or `row:<code>` if there is no field, as in result files.
    pub fn write_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.key_of_place().as_bytes());
        out.push(b':');
        out.extend_from_slice(self.code.as_str().as_bytes());
    }

    /// Returns `<field>:<code>`, or `row:<code>` if there is no field.
    pub fn key(&self) -> String {
        format!("{}:{}", self.key_of_place(), self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_names_the_field_or_the_row() {
        let email =
            Finding::on(Code::EmailInvalid, &Column::new("email", 2)).value("x").arg("reason", "no_at");
        let ragged = Finding::new(Code::RowRagged).arg("limit", 3);
        for (finding, key) in [(email, "email:email_invalid"), (ragged, "row:row_ragged")] {
            assert_eq!(finding.key(), key);
            let mut bytes = Vec::new();
            finding.write_key(&mut bytes);
            assert_eq!(bytes, key.as_bytes());
        }
    }
}
