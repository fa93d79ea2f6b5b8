//! Maps columns to fields by their headers.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::plan::columns::{FAILED, OPTIONS, SUCCEEDED, SURPLUS};
use crate::plan::mapped_column::{Alternative, MappedColumn, Role, own};
use crate::profile::aliases::{Aliases, unqualified};
use crate::profile::compiled::{FieldIndex, Profile};
use crate::profile::header::{fold, header_key};
use crate::profile::kinds::{FieldGroup, Slot};
use crate::profile::options::Options;
use crate::profile::source::{KindIndex, Source};

/// The meaning of a header.
#[derive(Debug, Clone, PartialEq)]
enum Reading<'a> {
    /// An earlier import wrote the column.
    Ours(Role),
    /// The options name its field; an empty text means no field.
    Chosen(&'a str),
    /// The profile knows its kind.
    Known(Slot),
    /// Unknown.
    Unknown,
}

/// A field and the alternatives to fill it.
type Filled = (FieldIndex, Vec<Alternative>);

/// Maps columns by their headers: returns the role of each, and the fields that several columns fill.
pub(super) fn map_columns(
    header: &[&str],
    is_result_file: bool,
    profile: &Profile,
    options: &Options,
) -> (Vec<MappedColumn>, BTreeMap<String, Vec<Alternative>>) {
    let headers: Vec<&str> = header.iter().map(|cell| own(cell, is_result_file)).collect();
    let readings = read_headers(header, &headers, is_result_file, profile, options);
    let filled: Vec<Filled> =
        profile.columns.groups.iter().flat_map(|group| fill_group(group, &readings, profile)).collect();
    let first = first_fields(&filled);
    let roles = readings.iter().enumerate().map(|(at, reading)| match reading {
        Reading::Ours(role) => role.clone(),
        _ => first
            .get(&at)
            .map_or(Role::Unmapped, |field| Role::Field(profile.fields[*field].name.to_string())),
    });
    let columns = headers
        .iter()
        .zip(roles)
        .map(|(cell, role)| MappedColumn { header: (*cell).to_owned(), role })
        .collect();
    let is_simple = |(field, alternatives): &Filled| match alternatives.as_slice() {
        [Alternative { columns, part, .. }] if columns.len() == 1 && part.is_whole() => {
            first.get(&columns[0]) == Some(field)
        }
        _ => false,
    };
    let sources = filled.iter().filter(|filled| !is_simple(filled));
    let sources =
        sources.map(|(field, all)| (profile.fields[*field].name.to_string(), all.clone())).collect();
    (columns, sources)
}

/// The first field that each column contributes to.
fn first_fields(filled: &[Filled]) -> HashMap<usize, FieldIndex> {
    let mut first = HashMap::new();
    // A column belongs to the field for which it is the best source, whatever else it contributes to.
    let best = filled.iter().map(|(field, alternatives)| (field, &alternatives[..1]));
    let all = filled.iter().map(|(field, alternatives)| (field, &alternatives[..]));
    for (field, alternatives) in best.chain(all) {
        for column in alternatives.iter().flat_map(|alternative| &alternative.columns) {
            first.entry(*column).or_insert(*field);
        }
    }
    first
}

fn read_headers<'a>(
    header: &[&str],
    headers: &[&str],
    is_result_file: bool,
    profile: &Profile,
    options: &'a Options,
) -> Vec<Reading<'a>> {
    let chosen = Chosen::of(headers, options);
    let last = last_places(header, is_result_file);
    let mut readings: Vec<Reading<'a>> = Vec::with_capacity(header.len());
    for (at, cell) in headers.iter().enumerate() {
        let ours = last.get(header[at].trim()) == Some(&at);
        readings.push(if ours && header[at].trim() == SURPLUS {
            Reading::Ours(Role::Surplus)
        } else if ours {
            Reading::Ours(Role::Result)
        } else if let Some(field) = chosen.field_of(cell) {
            Reading::Chosen(field)
        } else {
            profile.columns.slot_of(cell).map_or(Reading::Unknown, Reading::Known)
        });
    }
    read_names(headers, &mut readings, profile);
    readings
}

/// The places of result columns: they follow the sender's, so the last of several columns with one name is
/// Rollcall's.
fn last_places<'h>(header: &[&'h str], is_result_file: bool) -> HashMap<&'h str, usize> {
    if !is_result_file {
        return HashMap::new();
    }
    let names = header.iter().map(|cell| cell.trim()).enumerate();
    let ours = |name: &str| {
        name == SURPLUS || name.starts_with(OPTIONS) || SUCCEEDED.contains(&name) || FAILED.contains(&name)
    };
    names.filter(|(_, name)| ours(name)).map(|(at, name)| (name, at)).collect()
}

/// Resolves a header such as `Name`: the part of the name that no other column has, or the whole name.
fn read_names(headers: &[&str], readings: &mut [Reading<'_>], profile: &Profile) {
    let columns = &profile.columns;
    let is_open = |at: usize| Aliases::shared().is_name_or_part(&fold(headers[at]));
    let has = |kind: &str| {
        let kind = columns.named(kind);
        readings.iter().enumerate().any(|(at, reading)| match reading {
            Reading::Known(slot) => Some(slot.kind) == kind && !is_open(at),
            _ => false,
        })
    };
    let kind = match (has("first_name"), has("last_name")) {
        (true, false) => "last_name",
        (false, true) => "first_name",
        _ => "name",
    };
    let Some(kind) = columns.named(kind) else { return };
    for (at, reading) in readings.iter_mut().enumerate() {
        if let Reading::Known(slot) = reading
            && is_open(at)
        {
            slot.kind = kind;
        }
    }
}

/// Columns that the options map to no field.
pub(super) fn left_out(columns: &[MappedColumn], options: &Options) -> Vec<usize> {
    let headers: Vec<&str> = columns.iter().map(|column| column.header.as_str()).collect();
    let chosen = Chosen::of(&headers, options);
    (0..columns.len()).filter(|at| chosen.field_of(headers[*at]) == Some("")).collect()
}

/// The fields that the options map headers to.
struct Chosen<'a> {
    exactly: HashMap<String, &'a str>,
    folded: HashMap<String, &'a str>,
}

impl<'a> Chosen<'a> {
    fn of(headers: &[&str], options: &'a Options) -> Self {
        let written: HashSet<&str> = headers.iter().map(|cell| cell.trim()).collect();
        let (mut exactly, mut folded) = (HashMap::new(), HashMap::new());
        for (header, field) in &options.map {
            // A header that matches exactly takes precedence over similar ones.
            if written.contains(header.trim()) {
                exactly.insert(header.trim().to_owned(), field.as_str());
            } else {
                folded.insert(header_key(header), field.as_str());
            }
        }
        Self { exactly, folded }
    }

    fn field_of(&self, header: &str) -> Option<&'a str> {
        if self.exactly.is_empty() && self.folded.is_empty() {
            return None;
        }
        let exact = self.exactly.get(header.trim());
        let folded = || self.folded.get(&header_key(header));
        let bare = || self.folded.get(&unqualified(header)?);
        exact.or_else(folded).or_else(bare).copied()
    }
}

/// The fields of a group that some column fills.
fn fill_group(group: &FieldGroup, readings: &[Reading<'_>], profile: &Profile) -> Vec<Filled> {
    let chosen = group.fields.clone().map(|field| (field, chosen_columns(field, readings, profile)));
    let chosen: Vec<Filled> = chosen.filter(|(_, alternatives)| !alternatives.is_empty()).collect();
    if group.fields.len() > 1 {
        return fill_several(group, readings, chosen);
    }
    if !chosen.is_empty() {
        return chosen;
    }
    let alternatives: Vec<Alternative> =
        group.sources.iter().flat_map(|source| fill_source(source, readings)).collect();
    if alternatives.is_empty() { Vec::new() } else { vec![(group.fields.start, alternatives)] }
}

fn chosen_columns(field: FieldIndex, readings: &[Reading<'_>], profile: &Profile) -> Vec<Alternative> {
    let name = &*profile.fields[field].name;
    let columns = readings.iter().enumerate().filter(|(_, reading)| **reading == Reading::Chosen(name));
    further_columns(columns.map(|(at, _)| at))
}

/// Columns of one kind: the first, and those that repeat it.
fn further_columns(columns: impl Iterator<Item = usize>) -> Vec<Alternative> {
    let alternative = |(number, column)| Alternative { repeats: number > 0, ..Alternative::whole(column) };
    columns.enumerate().map(alternative).collect()
}

fn fill_source(source: &Source, readings: &[Reading<'_>]) -> Vec<Alternative> {
    if let [kind] = source.kinds.as_slice() {
        let columns = columns_of(*kind, readings).into_iter().map(|(_, at)| at);
        return further_columns(columns)
            .into_iter()
            .map(|one| Alternative { part: source.part, ..one })
            .collect();
    }
    let parts = source.kinds.iter().filter_map(|kind| columns_of(*kind, readings).first().map(|(_, at)| *at));
    let columns: Vec<usize> = parts.collect();
    if columns.is_empty() { Vec::new() } else { vec![Alternative { columns, ..Alternative::whole(0) }] }
}

/// Columns of a kind, the most certain first: by qualifiers, by number, by position.
fn columns_of(kind: KindIndex, readings: &[Reading<'_>]) -> Vec<(Slot, usize)> {
    let of_kind = |(at, reading): (usize, &Reading<'_>)| match reading {
        Reading::Known(slot) if slot.kind == kind => Some((*slot, at)),
        _ => None,
    };
    let mut columns: Vec<(Slot, usize)> = readings.iter().enumerate().filter_map(of_kind).collect();
    columns.sort_unstable();
    columns
}

/// In a group of repeated fields, a numbered column fills the field of its number, any other column the next free
/// field.
///
/// Columns without numbers also fill the first field if its column is empty: in a row with only a mobile number, that
/// is the first number.
fn fill_several(group: &FieldGroup, readings: &[Reading<'_>], chosen: Vec<Filled>) -> Vec<Filled> {
    let mut filled: BTreeMap<FieldIndex, Vec<Alternative>> = chosen.into_iter().collect();
    let mut rest = Vec::new();
    for (number, source) in group.sources.iter().enumerate() {
        for (slot, column) in source.kinds.iter().flat_map(|kind| columns_of(*kind, readings)) {
            let field = group.fields.start + usize::from(slot.number.max(1)) - 1;
            let is_its_own = number == 0 && slot.number > 0 && group.fields.contains(&field);
            if is_its_own && !filled.contains_key(&field) {
                filled.insert(field, vec![Alternative::whole(column)]);
            } else {
                rest.push(column);
            }
        }
    }
    let mut free =
        group.fields.clone().filter(|field| !filled.contains_key(field)).collect::<Vec<_>>().into_iter();
    let placed: Vec<(FieldIndex, usize)> = free.by_ref().zip(rest).collect();
    for (field, column) in &placed {
        filled.insert(*field, vec![Alternative::whole(*column)]);
    }
    let [(first, _), others @ ..] = placed.as_slice() else { return filled.into_iter().collect() };
    if *first == group.fields.start
        && let Some(ways) = filled.get_mut(first)
    {
        ways.extend(others.iter().map(|(_, column)| Alternative::whole(*column)));
    }
    filled.into_iter().collect()
}
