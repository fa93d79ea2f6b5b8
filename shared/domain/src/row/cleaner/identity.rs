//! The identity of a row.

use super::Cleaner;
use crate::profile::compiled::FieldIndex;
use crate::row::fold::identity_part;
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::id::UNIT;

impl Cleaner<'_> {
    /// Writes the row's identity to `out`; returns `false` if it has no valid identity.
    pub fn identity(&self, values: RowValues<'_>, ordinal: Option<u64>, out: &mut String) -> bool {
        out.clear();
        let whole = |parts: &&Vec<FieldIndex>| parts.iter().all(|field| !values.get(*field).is_empty());
        let Some(parts) = self.profile.identity.iter().find(whole) else { return false };
        for (number, field) in parts.iter().enumerate() {
            if number > 0 {
                out.push(UNIT);
            }
            identity_part(&self.profile.fields[*field], values.get(*field), out);
        }
        if let Some(ordinal) = ordinal.filter(|_| self.allow_duplicates) {
            out.push(UNIT);
            out.push_str(&ordinal.to_string());
        }
        true
    }

    /// The finding for a row without an identity, unless it already has a finding for that: a profile need not
    /// require the fields of its identity.
    pub fn identity_missing(&self, values: RowValues<'_>, findings: &[Finding]) -> Option<Finding> {
        let parts = || self.profile.identity.iter().flatten();
        let names = |name: &str| parts().any(|field| &*self.profile.fields[*field].name == name);
        let said = findings.iter().filter(|finding| finding.is_error()).any(|finding| {
            matches!(finding.code, Code::RowTooLarge | Code::OneOfMissing)
                || finding.field().is_some_and(|field| names(field))
        });
        if said {
            return None;
        }
        if let [parts] = self.profile.identity.as_slice() {
            let missing = parts.iter().find(|field| values.get(**field).is_empty())?;
            return Some(Finding::on(Code::RequiredMissing, self.column(*missing)));
        }
        let names: Vec<&str> = parts().map(|field| &*self.profile.fields[*field].name).collect();
        Some(Finding::new(Code::OneOfMissing).arg("fields", names.join(", ")))
    }
}
