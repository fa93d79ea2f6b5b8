//! Values that are not known, with a choice of known ones.

use std::collections::BTreeMap;

use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::ports::Answer;
use rollcall_pipeline::preview::{Preview, UnknownValue, known_values};

use super::{LISTED, View};
use crate::host::Host;

pub(super) struct UnknownLine {
    pub(super) field: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) count: String,
    pub(super) nearest: Option<String>,
    pub(super) aria: String,
}

pub(super) struct KnownList {
    pub(super) field: String,
    pub(super) values: Vec<String>,
    /// Where there is no choice, why.
    pub(super) note: Option<String>,
}

/// The values that can be chosen for a field; `None` where there are too many to list.
pub(super) type KnownValues = BTreeMap<String, Option<Vec<String>>>;

/// Values of a field that are offered at most.
const CHOICES: usize = 2_000;

/// Reads the values that can be chosen for each field with unknown ones.
pub(super) async fn known_of<H: Host>(
    host: &H,
    program: &ProgramName,
    profile: &Profile,
    preview: &Preview,
) -> Answer<KnownValues> {
    let mut known = KnownValues::new();
    for name in preview.unknown_values.keys() {
        let Some(at) = profile.field(name) else { continue };
        let field = &profile.fields[at];
        known.insert(name.clone(), known_values(host.directory(), program, field, CHOICES).await?);
    }
    Ok(known)
}

impl View<'_> {
    pub(super) fn unknown(&self) -> (Vec<UnknownLine>, Option<String>) {
        let of_field = |(field, values): (&String, &Vec<UnknownValue>)| {
            values.iter().map(|value| (field.clone(), value.clone())).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.preview().unknown_values.iter().flat_map(of_field).collect();
        all.sort_by_key(|(_, value)| std::cmp::Reverse(value.count));
        let more = (all.len() > LISTED).then(|| self.more(all.len() - LISTED));
        let line = |(field, value): (String, UnknownValue)| {
            let label = self.label(&field);
            let aria = self.f.fill(&self.f.w.meaning_of, &[("value", &value.value), ("field", &label)]);
            UnknownLine {
                field,
                label,
                count: self.f.number(value.count),
                value: value.value,
                nearest: value.nearest,
                aria,
            }
        };
        (all.into_iter().take(LISTED).map(line).collect(), more)
    }

    /// The values that can be chosen for each field with unknown ones, the nearest first.
    pub(super) fn known(&self, unknown: &[UnknownLine]) -> Vec<KnownList> {
        let mut lists: BTreeMap<&str, KnownList> = BTreeMap::new();
        for line in unknown {
            let list = lists.entry(&line.field).or_insert_with(|| self.known_list(line));
            list.values.extend(line.nearest.clone().filter(|nearest| !list.values.contains(nearest)));
        }
        lists.into_values().collect()
    }

    fn known_list(&self, line: &UnknownLine) -> KnownList {
        let known = self.known.get(&line.field).cloned().flatten();
        let slots = [("field", line.label.as_str()), ("count", &self.f.number(CHOICES as u64))];
        let note = match &known {
            None => Some(self.f.fill(&self.f.w.known_many, &slots)),
            Some(values) if values.is_empty() => {
                let none = [slots[0], ("none", self.f.w.not_mapped.as_str())];
                Some(self.f.fill(&self.f.w.known_none, &none))
            }
            Some(_) => None,
        };
        KnownList { field: line.field.clone(), values: known.unwrap_or_default(), note }
    }
}
