//! The kinds of columns that a profile knows: their headers, and the fields that they fill.

use std::collections::HashMap;

use crate::profile::aliases::{Aliases, numbered, unqualified};
use crate::profile::error::ProfileError;
use crate::profile::header::fold;
use crate::profile::raw::{At, RawField};
use crate::profile::source::{self, FieldIndex, KindIndex, Source};

/// A column as its header describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// Its kind.
    pub(crate) kind: KindIndex,
    /// Whether the header is known only without its qualifiers.
    pub(crate) qualified: bool,
    /// Its number among columns of its kind; 0 if the header has none.
    pub(crate) number: u8,
}

/// Fields that are filled alike: one field, or the repeated fields of a `count`.
#[derive(Debug, Clone)]
pub(crate) struct FieldGroup {
    /// The field's name; for repeated fields their stem.
    name: String,
    /// The fields.
    pub(crate) fields: std::ops::Range<FieldIndex>,
    /// The sources of the fields, best first.
    pub(crate) sources: Vec<Source>,
}

/// The kinds of columns that a profile knows.
#[derive(Debug, Clone)]
pub(crate) struct ColumnKinds {
    names: HashMap<String, KindIndex>,
    /// Headers in the profile itself, folded, with kind and number; they take precedence over the shared list.
    own: HashMap<String, (KindIndex, u8)>,
    /// Headers that fill a field if its sources are all missing, folded.
    fallbacks: HashMap<String, KindIndex>,
    /// The fields, in the profile's order.
    pub(crate) groups: Vec<FieldGroup>,
    /// The group that a kind fills: the one with this kind as its first source, otherwise the first one.
    filled: Vec<Option<usize>>,
}

impl ColumnKinds {
    pub(super) fn of(raw: &[RawField]) -> Result<Self, ProfileError> {
        let mut kinds = Self {
            names: HashMap::new(),
            own: HashMap::new(),
            fallbacks: HashMap::new(),
            groups: Vec::new(),
            filled: Vec::new(),
        };
        let mut own_kinds: Vec<KindIndex> = Vec::new();
        for field in raw {
            let sources = kinds.sources_of(field)?;
            let own = own_kind(field, &sources)?;
            if own_kinds.contains(&own) {
                let what = "two fields have the same first source; each has one of its own";
                return Err(ProfileError::at(&field.name, what));
            }
            own_kinds.push(own);
            let start = kinds.groups.last().map_or(0, |group| group.fields.end);
            let count = usize::from(field.count.unwrap_or(1));
            let name = field.name.value().to_owned();
            kinds.groups.push(FieldGroup { name, fields: start..start + count, sources });
            kinds.index_headers(field, own, kinds.groups.len() - 1)?;
        }
        kinds.check_names(raw, &own_kinds)?;
        kinds.own.remove("");
        kinds.index_filled();
        Ok(kinds)
    }

    fn kind(&mut self, name: &str) -> KindIndex {
        let next = self.names.len();
        *self.names.entry(name.to_owned()).or_insert(next)
    }

    fn sources_of(&mut self, field: &RawField) -> Result<Vec<Source>, ProfileError> {
        let own = [field.name.value().to_owned()];
        let said = if field.sources.is_empty() { &own[..] } else { &field.sources };
        let mut sources = Vec::new();
        for text in said {
            let (kinds, part) = source::parse(text)
                .map_err(|what| ProfileError::at(&field.name, format!("a source {what}")))?;
            let kinds = kinds.into_iter().map(|kind| self.kind(kind)).collect();
            sources.push(Source { kinds, part });
        }
        for header in &field.fallbacks {
            let folded = fold(header);
            let kind = self.kind(&format!("fallback {folded}"));
            self.fallbacks.insert(folded, kind);
            sources.push(Source { kinds: vec![kind], part: source::Part::Whole });
        }
        Ok(sources)
    }

    /// Registers the headers of a field itself; two fields may not share a header.
    fn index_headers(&mut self, field: &RawField, kind: KindIndex, group: usize) -> Result<(), ProfileError> {
        let stem = field.name.value();
        let named = (1..=field.count.unwrap_or(1)).map(|number| match field.count {
            Some(_) => (format!("{stem}_{number}"), fold(&format!("{stem}_{number}")), number),
            None => (stem.to_owned(), fold(stem), 0),
        });
        let said = field.labels.values().chain(field.aliases.values().flatten());
        let said = said.flat_map(|header| {
            numbered(header).into_iter().map(|(folded, number)| (header.clone(), folded, number))
        });
        for (header, folded, number) in named.chain(said) {
            // With fewer fields than numbers, the surplus numbers mean nothing.
            if usize::from(number) > self.groups[group].fields.len() && field.count.is_some() {
                continue;
            }
            let other = self.own.insert(folded, (kind, number)).filter(|(other, _)| *other != kind);
            if let Some((other, _)) = other {
                let other = self.groups.iter().find(|group| group.sources[0].kinds == [other]);
                let other = other.map_or("", |group| &group.name);
                let what = format!("two fields answer to {header:?}: {other} and {stem}");
                return Err(ProfileError::at(&field.name, what));
            }
        }
        Ok(())
    }

    /// Checks that every kind is in the shared list or is the first kind of some field.
    fn check_names(&self, raw: &[RawField], own: &[KindIndex]) -> Result<(), ProfileError> {
        for field in raw {
            for text in &field.sources {
                let (kinds, _) = source::parse(text).unwrap_or_default();
                let unknown = kinds
                    .iter()
                    .find(|kind| !Aliases::shared().has(kind) && !own.contains(&self.names[**kind]));
                if let Some(kind) = unknown {
                    let what = format!(
                        "a source is no kind of column: {kind:?}; `profiles/aliases.toml` lists them"
                    );
                    return Err(ProfileError::at(&field.name, what));
                }
            }
        }
        Ok(())
    }

    fn index_filled(&mut self) {
        let mut filled = vec![None; self.names.len()];
        for (at, group) in self.groups.iter().enumerate().rev() {
            let kinds = group.sources.iter().flat_map(|source| &source.kinds);
            kinds.for_each(|kind| filled[*kind] = Some(at));
        }
        for (at, group) in self.groups.iter().enumerate() {
            filled[group.sources[0].kinds[0]] = Some(at);
        }
        self.filled = filled;
    }

    /// The meaning of a header; `None` if the profile does not use it.
    pub(crate) fn slot_of(&self, header: &str) -> Option<Slot> {
        let folded = fold(header);
        let slot = |(kind, number), qualified| Slot { kind, qualified, number };
        if let Some(found) = self.find(&folded) {
            return Some(slot(found, false));
        }
        unqualified(header).and_then(|bare| self.find(&bare)).map(|found| slot(found, true))
    }

    fn find(&self, folded: &str) -> Option<(KindIndex, u8)> {
        if folded.is_empty() {
            return None;
        }
        let shared = || {
            let shared = Aliases::shared();
            let (kind, number) =
                if shared.is_name_or_part(folded) { ("name", 0) } else { shared.kind_of(folded)? };
            Some((self.named(kind)?, number))
        };
        let fallback = || Some((*self.fallbacks.get(folded)?, 0));
        self.own.get(folded).copied().or_else(shared).or_else(fallback)
    }

    /// The kind with a name, if the profile uses it.
    pub(crate) fn named(&self, kind: &str) -> Option<KindIndex> {
        self.names.get(kind).copied()
    }

    /// The field that a column fills first.
    pub(crate) fn field_of(&self, slot: Slot) -> Option<FieldIndex> {
        let group = &self.groups[self.filled[slot.kind]?];
        let own = group.sources[0].kinds == [slot.kind];
        let place = if own { usize::from(slot.number.max(1)) - 1 } else { 0 };
        Some(group.fields.clone().nth(place).unwrap_or(group.fields.start))
    }

    /// Every known header, folded, with its field.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, FieldIndex)> {
        let own = self.own.iter().map(|(folded, (kind, number))| (folded.as_str(), *kind, *number));
        let shared =
            Aliases::shared().iter().filter_map(|(folded, kind)| Some((folded, self.named(kind)?, 0)));
        own.chain(shared).filter_map(|(folded, kind, number)| {
            Some((folded, self.field_of(Slot { kind, qualified: false, number })?))
        })
    }
}

/// The kind of a field's own headers.
fn own_kind(field: &RawField, sources: &[Source]) -> Result<KindIndex, ProfileError> {
    match sources.first() {
        Some(Source { kinds, part }) if kinds.len() == 1 && part.is_whole() => Ok(kinds[0]),
        _ => Err(ProfileError::at(
            &field.name as &At,
            "the first source is one whole column: the field's own headers are of its kind",
        )),
    }
}
