//! Recognizes the example row of a profile's template, which is not a row of the sender's data.

use super::Cleaner;
use crate::file::cells::Cells;
use crate::plan::mapping::Mapping;
use crate::profile::compiled::Profile;

impl Cleaner<'_> {
    /// Whether a row is the example of the profile's template, unchanged.
    pub fn is_example(&self, cells: &Cells) -> bool {
        let is_as_it_was = |(place, cell): &(usize, String)| cells.get(*place) == cell;
        // The first cell is enough to recognize nearly every other row.
        self.example.first().is_some_and(is_as_it_was) && self.example.iter().all(is_as_it_was)
    }
}

/// The indexes of the cells of the template's example row; empty if a column of the template is missing.
pub(super) fn example_row(profile: &Profile, mapping: &Mapping) -> Vec<(usize, String)> {
    let mut row = Vec::new();
    for field in &profile.fields {
        let ways = mapping.alternatives(&field.name);
        match (ways.first().map(|way| way.columns[0]), &field.example) {
            (Some(place), example) => row.push((place, example.clone().unwrap_or_default())),
            (None, Some(_)) => return Vec::new(),
            (None, None) => {}
        }
    }
    row.sort_by_key(|(place, cell)| (std::cmp::Reverse(cell.len()), *place));
    if row.first().is_some_and(|(_, cell)| !cell.is_empty()) { row } else { Vec::new() }
}
