//! Checks a profile and compiles it; reports each error with its line.

use crate::profile::error::ProfileError;
use std::collections::{BTreeMap, HashMap};

use crate::profile::compiled::{Field, FieldIndex, Profile, Repeat};
use crate::profile::header::fold;
use crate::profile::kinds::ColumnKinds;
use crate::profile::raw::{At, RawField, RawProfile};
use crate::types::field_kind::FieldKind;
use crate::types::kind::Kind;
use crate::types::names::ProfileName;

impl ProfileError {
    pub(super) fn at(at: &At, what: impl Into<String>) -> Self {
        Self { line: at.line, what: what.into() }
    }

    pub(super) fn of_file(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }
}

/// Checks a profile and resolves its names.
pub(super) fn compile(raw: RawProfile) -> Result<Profile, ProfileError> {
    let named = raw.name.as_ref().ok_or_else(|| ProfileError::of_file("no name: say `name = \"…\"`"))?;
    let name =
        ProfileName::parse(named.value()).map_err(|error| ProfileError::at(named, error.to_string()))?;
    let fields = write_out_fields(&raw.fields)?;
    let columns = ColumnKinds::of(&raw.fields)?;
    let resolve = |at: &At| resolve(&fields, at);
    let lists = |lists: &Option<Vec<Vec<At>>>| -> Result<Vec<Vec<FieldIndex>>, ProfileError> {
        lists.iter().flatten().map(|list| list.iter().map(resolve).collect()).collect()
    };
    let identity = lists(&raw.identity)?;
    if identity.is_empty() || identity.iter().any(Vec::is_empty) {
        return Err(ProfileError::of_file(
            "no identity: say which fields stand for a row, `identity = [[\"email\"]]`",
        ));
    }
    let one_of = lists(&raw.one_of)?;
    let raw_repeat = raw.repeat.clone().unwrap_or_default();
    let repeat = Repeat {
        keys: raw_repeat.keys.iter().map(resolve).collect::<Result<_, _>>()?,
        adds: raw_repeat.adds.as_ref().map(resolve).transpose()?,
        allowable: raw_repeat.allowable,
    };
    let rules = raw.matching.iter().flat_map(|matching| &matching.rules);
    let matching =
        rules.map(|rule| Ok((resolve(&rule.field)?, rule.key))).collect::<Result<_, ProfileError>>()?;
    let rules = raw.cadences.iter().flatten();
    let cadences =
        rules.map(|rule| Ok((resolve(&rule.field)?, rule.key))).collect::<Result<_, ProfileError>>()?;
    check_told_apart(&raw, &fields)?;
    let contact = raw.contact.clone().unwrap_or_default();
    let contact_name = contact.name.iter().map(resolve).collect::<Result<_, _>>()?;
    let contact_email = contact.email.as_ref().map(resolve).transpose()?;
    let region_field = raw.region_field.as_ref().map(resolve).transpose()?;
    check_delimiters(&raw)?;
    let pool = raw.pool.clone().unwrap_or_else(|| name.to_string());
    let directory = raw.directory;
    let references = references(&fields);
    let repeated = repeated(&raw.fields);
    Ok(Profile {
        raw,
        name,
        pool,
        fields,
        identity,
        repeat,
        one_of,
        matching,
        cadences,
        references,
        repeated,
        contact_name,
        contact_email,
        region_field,
        directory,
        columns,
    })
}

fn references(fields: &[Field]) -> Vec<(FieldIndex, Kind)> {
    let kinds = fields.iter().map(|field| field.kind.refers_to());
    kinds.enumerate().filter_map(|(field, kind)| Some((field, kind?))).collect()
}

fn repeated(raw: &[RawField]) -> Vec<Vec<FieldIndex>> {
    let (mut at, mut repeated) = (0, Vec::new());
    for field in raw {
        let count = usize::from(field.count.unwrap_or(1));
        if count > 1 {
            repeated.push((at..at + count).collect());
        }
        at += count;
    }
    repeated
}

/// Fields of the identity cannot be dates: the order of day and month is known only after the whole file has been
/// read.
fn check_told_apart(raw: &RawProfile, fields: &[Field]) -> Result<(), ProfileError> {
    let repeat = raw.repeat.iter().flat_map(|repeat| repeat.keys.iter().chain(&repeat.adds));
    for at in raw.identity.iter().flatten().flatten().chain(repeat) {
        if matches!(fields[resolve(fields, at)?].kind, FieldKind::Date | FieldKind::Timestamp) {
            let what = format!("rows are not told apart by a date: {:?}; make the field a text", at.value());
            return Err(ProfileError::at(at, what));
        }
    }
    Ok(())
}

fn resolve(fields: &[Field], at: &At) -> Result<FieldIndex, ProfileError> {
    fields.iter().position(|field| *field.name == *at.value()).ok_or_else(|| {
        let known: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
        ProfileError::at(at, format!("no such field: {:?}; one of {}", at.value(), known.join(", ")))
    })
}

/// Expands repeated fields: `phone` with a count of ten becomes `phone_1` to `phone_10`.
fn write_out_fields(raw: &[RawField]) -> Result<Vec<Field>, ProfileError> {
    let mut fields: Vec<Field> = Vec::new();
    let mut repeated = 0;
    for field in raw {
        let kind = field.kind.unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let name = field.name.value();
        if name.is_empty()
            || name.len() > 64
            || !name.bytes().all(plain)
            || name.starts_with("rollcall_")
            || name == "row"
        {
            return Err(ProfileError::at(
                &field.name,
                format!(
                    "a field is named by a-z, 0-9 and underscore, and neither `row` nor `rollcall_…`: {name:?}"
                ),
            ));
        }
        if field.kind == Some(FieldKind::Choice) && field.values.is_empty() {
            return Err(ProfileError::at(&field.name, "a choice needs its `values`"));
        }
        check_words(field)?;
        for number in 1..=field.count.unwrap_or(1) {
            let name = if field.count.is_some() { format!("{name}_{number}") } else { name.to_owned() };
            if fields.iter().any(|known| *known.name == *name) {
                return Err(ProfileError::at(&field.name, format!("the field stands twice: {name:?}")));
            }
            let numbered = |label: &String| label.replace("{n}", &number.to_string());
            fields.push(Field {
                name: name.into(),
                kind,
                required: field.required.unwrap_or(false) && number == 1,
                lenient: field.lenient.unwrap_or(false),
                empty_words: field.empty_words.unwrap_or(!matches!(kind, FieldKind::Text | FieldKind::Name)),
                decodes_entities: kind.takes_words() && !field.markup.unwrap_or(false),
                ignores_punctuation: field.ignores_punctuation.unwrap_or(kind == FieldKind::Document),
                repeats: (field.count.unwrap_or(1) > 1).then_some(repeated),
                labels: field
                    .labels
                    .iter()
                    .map(|(locale, label)| (*locale, numbered(label)))
                    .collect::<BTreeMap<_, _>>(),
                values: field.values.clone(),
                words: words(field),
                must_exist: field.must_exist.unwrap_or(field.kind != Some(FieldKind::Company)),
                example: field.example.clone().filter(|_| number == 1),
            });
        }
        repeated += usize::from(field.count.unwrap_or(1) > 1);
    }
    if fields.is_empty() {
        return Err(ProfileError::of_file("no fields: say what the columns are, `[[fields]]`"));
    }
    Ok(fields)
}

fn check_words(field: &RawField) -> Result<(), ProfileError> {
    match field.words.keys().find(|value| !field.values.contains(value)) {
        None => Ok(()),
        Some(value) => {
            let what = format!("`words` for a value that is not in `values`: {value:?}");
            Err(ProfileError::at(&field.name, what))
        }
    }
}

/// Every word for a value, including the value itself.
fn words(field: &RawField) -> HashMap<String, String> {
    let own = field.values.iter().map(|value| (fold(value), value.clone()));
    let other =
        field.words.iter().flat_map(|(value, words)| words.iter().map(|word| (fold(word), value.clone())));
    other.chain(own).collect()
}

fn check_delimiters(raw: &RawProfile) -> Result<(), ProfileError> {
    for delimiter in raw.delimiters.iter().flatten() {
        if crate::file::write::parse_delimiter(delimiter).is_none() {
            return Err(ProfileError::of_file(format!("not a delimiter: {delimiter:?}; one of , ; | ^ tab")));
        }
    }
    Ok(())
}
