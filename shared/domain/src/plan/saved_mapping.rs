//! Saved mappings: for all files with the same header, and in the header of a result file.
//!
//! `failed.csv` carries the options that its rows were read and judged with in the names of columns after the result
//! columns: `rollcall_options?map.Cargo=job_title`. So it needs no other state, works in every folder, and shows these options
//! to people too.

use sha2::{Digest, Sha256};

use crate::plan::columns::OPTIONS;
use crate::plan::mapping::{Mapping, Role};
use crate::profile::aliases::is_named;
use crate::profile::header::fold;
use crate::profile::options::{OptionError, Options};
use crate::types::id::UNIT;

/// The most characters of a header that carries options; a single option may be longer.
const LONGEST: usize = 900;

/// The fingerprint of a header: 16 hexadecimal digits, from the sender's columns.
pub fn fingerprint(mapping: &Mapping) -> String {
    let folded: Vec<String> = mapping.echoed().map(|at| fold(&mapping.columns[at].header)).collect();
    let digest = Sha256::digest(folded.join(&UNIT.to_string()).as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The options that the cells of the file were read with: the field of each header, and the sender's words for
/// values.
pub fn reading_options(mapping: &Mapping, options: &Options) -> Vec<(String, String)> {
    let by_position = options.columns.is_some() && !mapping.is_result_file;
    let mut pairs: Vec<(String, String)> = Vec::new();
    if by_position && !mapping.has_header {
        // A result file uses the field names as headers.
    } else if by_position {
        for at in mapping.echoed() {
            let column = &mapping.columns[at];
            let name = format!("map.{}", column.header);
            let field = match &column.role {
                Role::Field(field) => field.clone(),
                _ => String::new(),
            };
            // If several columns have one header, the first counts.
            if !column.header.trim().is_empty() && pairs.iter().all(|(known, _)| *known != name) {
                pairs.push((name, field));
            }
        }
    } else {
        let is_there = |header: &str| mapping.columns.iter().any(|column| is_named(&column.header, header));
        let here = options.map.iter().filter(|(header, _)| is_there(header));
        pairs.extend(here.map(|(header, field)| (format!("map.{header}"), field.clone())));
    }
    let value = |one: &crate::profile::options::ValueOption| {
        (format!("value.{}.{}", one.field, one.from), one.to.clone())
    };
    pairs.extend(options.value.iter().map(value));
    pairs
}

/// The options that decide whether a row is accepted and what it does to a contact, where they are not the usual ones:
/// without them a mended row would do something else.
pub fn judging_options(options: &Options) -> Vec<(String, String)> {
    let mut pairs = options.changes.told();
    let said = [
        ("invalid_optional", "drop", options.drop_invalid),
        ("allow_duplicates", "true", options.allow_duplicates),
        ("validate_agent", "true", options.validate_agent),
        ("ambiguous", "first", options.ambiguous_first),
    ];
    let set = said.into_iter().filter(|(.., set)| *set);
    pairs.extend(set.map(|(name, value, _)| (name.to_owned(), value.to_owned())));
    pairs
}

/// The names of the options that a result file carries, besides those of columns and values.
const CARRIED: [&str; 8] = [
    "mode",
    "blank",
    "clear_word",
    "keep_fields",
    "invalid_optional",
    "allow_duplicates",
    "validate_agent",
    "ambiguous",
];

/// The options of one drop, and those that are needed before its header is known.
const OF_ONE_DROP: [&str; 6] = ["dry_run", "rows", "replace", "delimiter", "encoding", "sheet"];

fn is_of_columns(name: &str) -> bool {
    name.starts_with("map.") || name.starts_with("value.")
}

/// Checks options from a header: only those that a result file carries. A file must not choose what else an import does.
///
/// # Errors
/// At the first other one.
pub fn check_carried(pairs: &[(String, String)]) -> Result<(), OptionError> {
    let other = pairs.iter().find(|(name, _)| !is_of_columns(name) && !CARRIED.contains(&name.as_str()));
    refuse(other, "is no option that a result file carries: give it with the drop")
}

/// Checks options that are to be saved for a header: those of one drop are not.
///
/// # Errors
/// At the first that is of one drop.
pub fn check_saved(pairs: &[(String, String)]) -> Result<(), OptionError> {
    let is_of_a_drop = |name: &str| {
        let in_full = name.replace('-', "_");
        !is_of_columns(name) && (name.starts_with("cell.") || OF_ONE_DROP.contains(&in_full.as_str()))
    };
    refuse(
        pairs.iter().find(|(name, _)| is_of_a_drop(name)),
        "is for one drop, and is not saved for a header",
    )
}

fn refuse(wrong: Option<&(String, String)>, what: &str) -> Result<(), OptionError> {
    let error = |(name, _): &(String, String)| OptionError { name: name.clone(), what: what.to_owned() };
    wrong.map_or(Ok(()), |wrong| Err(error(wrong)))
}

/// The headers by which a result file carries options; empty if there are no options.
pub fn carrying_headers(mapping: &Mapping, options: &Options) -> Vec<String> {
    let mut headers: Vec<String> = Vec::new();
    for (name, value) in reading_options(mapping, options).into_iter().chain(judging_options(options)) {
        let pair = format!("{}={}", escape(&name), escape(&value));
        match headers.last_mut() {
            Some(header) if header.len() + pair.len() < LONGEST => {
                header.push('&');
                header.push_str(&pair);
            }
            _ => headers.push(format!("{OPTIONS}{pair}")),
        }
    }
    headers
}

/// The options that a result file carries.
pub fn carried_options(mapping: &Mapping) -> Vec<(String, String)> {
    let ours = mapping.columns.iter().filter(|column| column.role == Role::Result);
    let texts = ours.filter_map(|column| column.header.trim().strip_prefix(OPTIONS));
    let pairs = texts.flat_map(|text| text.split('&')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (unescape(name), unescape(value))).collect()
}

/// Formats options as the file that stores them.
pub fn to_toml(pairs: &[(String, String)]) -> String {
    let mut table = toml::Table::new();
    for (name, value) in pairs {
        let value = toml::Value::String(value.clone());
        let within = |table: &mut toml::Table, name: &str| -> Option<toml::Table> {
            table.remove(name).and_then(|inner| inner.try_into().ok())
        };
        if let Some(header) = name.strip_prefix("map.") {
            let mut map = within(&mut table, "map").unwrap_or_default();
            map.insert(header.to_owned(), value);
            table.insert("map".to_owned(), map.into());
        } else if let Some((field, from)) = name.strip_prefix("value.").and_then(|rest| rest.split_once('.'))
        {
            let mut fields = within(&mut table, "value").unwrap_or_default();
            let mut values = within(&mut fields, field).unwrap_or_default();
            values.insert(from.to_owned(), value);
            fields.insert(field.to_owned(), values.into());
            table.insert("value".to_owned(), fields.into());
        } else {
            table.insert(name.clone(), value);
        }
    }
    toml::to_string(&table).expect("tables of texts serialise")
}

/// Escapes characters that would end a pair, a header or a line as `%` and two hexadecimal digits; also blanks, which
/// programs may trim.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for sign in text.chars() {
        if "%&= ".contains(sign) || sign.is_control() {
            let mut bytes = [0; 4];
            sign.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        } else {
            out.push(sign);
        }
    }
    out
}

fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte =
            digits.filter(|_| bytes[at] == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::columns::RESULT_ROW;
    use crate::profile::compiled::Profile;
    use crate::profile::toml_table;

    fn read(pairs: &[(&str, &str)]) -> Options {
        Options::read(&pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>())
            .unwrap()
    }

    #[test]
    fn what_a_result_file_carries_is_read_back() {
        let profile = Profile::built_in("prospects").unwrap();
        let header = ["A & B = 100 %", "E-mail", "Tier\nname", "Note"];
        for options in [
            read(&[]),
            read(&[("map.A & B = 100 %", "name"), ("map.Note", ""), ("map.Not there", "website")]),
            read(&[("columns", "name,email,group,")]),
            read(&[("value.group.gold & co", "Gold = 1"), ("value.group.Ürün", "É")]),
            read(&[
                ("mode", "update"),
                ("blank", "clear"),
                ("clear_word", "- x &"),
                ("keep_fields", "note, phone"),
            ]),
            read(&[("map.Note", ""), ("invalid_optional", "drop"), ("mode", "create")]),
            read(&[("allow_duplicates", "true"), ("validate_agent", "true"), ("ambiguous", "first")]),
        ] {
            let mapping = Mapping::with_header(&header, &profile, &options);
            let carrying = carrying_headers(&mapping, &options);
            let mut names: Vec<&str> = header.to_vec();
            names.push(RESULT_ROW);
            names.extend(carrying.iter().map(String::as_str));
            let again = Mapping::with_header(&names, &profile, &Options::default());
            let mut wanted = reading_options(&mapping, &options);
            wanted.extend(judging_options(&options));
            assert_eq!(carried_options(&again), wanted);
            assert_eq!(check_carried(&wanted).and(check_saved(&wanted)), Ok(()));
            assert_eq!(fingerprint(&again), fingerprint(&mapping));
            let given = Options::read(&carried_options(&again)).unwrap();
            assert_eq!((&given.changes, given.drop_invalid), (&options.changes, options.drop_invalid));
            let roles = |mapping: &Mapping| {
                mapping.sender().columns.iter().map(|c| c.role.clone()).collect::<Vec<_>>()
            };
            assert_eq!(roles(&Mapping::with_header(&names, &profile, &given)), roles(&mapping));
        }
    }

    #[test]
    fn a_long_mapping_is_carried_in_several_columns() {
        let pairs: Vec<(String, String)> =
            (0..50).map(|n| (format!("value.group.{n}{}", "x".repeat(60)), "Gold".to_owned())).collect();
        let options = Options::read(&pairs).unwrap();
        let headers = carrying_headers(&Mapping::default(), &options);
        assert!(headers.len() > 3 && headers.iter().all(|header| header.len() <= LONGEST + 20));
    }

    #[test]
    fn kept_options_are_a_file_of_options() {
        let pairs = [("map.E Mail", "email"), ("value.group.gold tier", "Gold"), ("ambiguous", "first")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut read = toml_table::read_table(&to_toml(&pairs)).unwrap();
        let mut pairs = pairs.to_vec();
        read.sort();
        pairs.sort();
        assert_eq!(read, pairs);
    }
}
