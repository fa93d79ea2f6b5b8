//! The sender's words for known values: the options `value.<field>.<from>`.

use std::borrow::Cow;

use super::{CellOf, Cleaner};
use crate::clean::repair::trim;
use crate::plan::mapping::Alternative;
use crate::profile::compiled::FieldIndex;
use crate::profile::options::ValueOption;
use crate::profile::source::Part;
use crate::row::fold::fold_name;
use crate::types::field_kind::FieldKind;

impl Cleaner<'_> {
    /// Sets the sender's words for known values; case and blanks do not count.
    #[must_use]
    pub fn with_values(mut self, values: &[ValueOption]) -> Self {
        for one in values {
            let Some(index) = self.profile.field(&one.field) else { continue };
            self.meant.entry(index).or_default().insert(value_key(&one.from), one.to.clone());
            // A field with such words takes the slower path, so that no other field needs to check.
            if let CellOf::At(place) = self.cell_of[index] {
                let way = Alternative { columns: vec![place], part: Part::Whole, repeats: false };
                self.several.push(vec![(way, self.columns[index].clone())]);
                self.cell_of[index] = CellOf::Several(self.several.len() - 1);
                self.always_cleaned[place] = false;
            }
        }
        self
    }

    /// The known value for a cell.
    pub(super) fn meant<'c>(&self, index: FieldIndex, sent: Cow<'c, str>) -> Cow<'c, str> {
        let Some(meant) = self.meant.get(&index) else { return sent };
        if let Some(to) = meant.get(&value_key(&sent)) {
            return Cow::Owned(to.clone());
        }
        if self.profile.fields[index].kind != FieldKind::Tags {
            return sent;
        }
        let tag = |tag: &str| meant.get(&value_key(tag)).cloned().unwrap_or_else(|| trim(tag).to_owned());
        Cow::Owned(sent.split(',').map(tag).collect::<Vec<_>>().join(", "))
    }
}

/// Folds values of options for comparison: without case and blanks.
fn value_key(value: &str) -> String {
    let mut folded = String::new();
    fold_name(value, &mut folded);
    folded.retain(|sign| !sign.is_whitespace());
    folded
}
