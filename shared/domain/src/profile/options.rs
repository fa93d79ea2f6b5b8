//! Options of one drop, from object metadata, a sidecar, or `--set` on the command line; the meaning is the same.

use std::fmt;

use crate::file::write::parse_delimiter;
use serde::{Deserialize, Serialize};

use crate::profile::change_rules::ChangeRules;
use crate::profile::compiled::Profile;
use crate::profile::share::Share;

/// The role of the first record of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FirstLine {
    /// It names the columns, unless it holds an address or a phone and no known header.
    #[default]
    Auto,
    /// It names the columns.
    Header,
    /// It is ignored (DIG-4).
    Ignore,
    /// It is a row.
    Data,
}

impl FirstLine {
    /// Whether the first record may be a header.
    pub fn may_be_header(self) -> bool {
        matches!(self, Self::Auto | Self::Header)
    }

    /// The word used in options and in `upload.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            FirstLine::Auto => "auto",
            FirstLine::Header => "header",
            FirstLine::Ignore => "ignore",
            FirstLine::Data => "data",
        }
    }
}

/// The options of one drop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Whether to check and match without writing contacts.
    pub dry_run: bool,
    /// The delimiter, if it is not to be detected.
    pub delimiter: Option<u8>,
    /// The encoding, if it is not to be detected.
    pub encoding: Option<String>,
    /// The sheet of a workbook, by name.
    pub sheet: Option<String>,
    /// The role of the first record.
    pub first_line: FirstLine,
    /// Field names in record order; an empty name leaves that column out.
    pub columns: Option<Vec<String>>,
    /// Headers and the fields that they are mapped to.
    pub map: Vec<(String, String)>,
    /// Headers that the program maps in every file: a file need not have them. Used before a plan is made, and not
    /// stored.
    #[serde(skip)]
    pub usual_map: Vec<String>,
    /// The sender's words for known values: by field, each word and its value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub value: Vec<ValueOption>,
    /// Cells that were typed over after the file was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<CellOption>,
    /// Whether contacts of the pool that this file does not contain are removed after the import.
    pub replace: bool,
    /// Whether repeats are accepted.
    pub allow_duplicates: bool,
    /// Whether logins of agents are checked.
    pub validate_agent: bool,
    /// Whether the first of several entries with one name is taken.
    pub ambiguous_first: bool,
    /// The rows to import; all if not set.
    pub rows: Option<Rows>,
    /// Whether an invalid value of an optional field is dropped, so that its row is imported (`value_dropped`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drop_invalid: bool,
    /// Recipients in addition to the program's list.
    pub notify: Vec<String>,
    /// With more rejected rows than this, nothing is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rejected: Option<Share>,
    /// The rules for changes of existing contacts.
    #[serde(default, flatten)]
    pub changes: ChangeRules,
}

/// A word of the sender for a value of a field: `value.<field>.<from> = <to>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueOption {
    /// The field.
    pub field: String,
    /// The sender's word; case and blanks do not count.
    pub from: String,
    /// The value that it means.
    pub to: String,
}

/// One cell that is typed over: `cell.<row>.<field> = <value>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellOption {
    /// The row.
    pub row: u64,
    /// The field, or the number of the column.
    pub field: String,
    /// The new value.
    pub value: String,
}

/// Selected rows: ascending ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows(Vec<(u64, u64)>);

impl Rows {
    /// Whether a row is selected.
    pub fn contains(&self, row: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= row);
        after > 0 && row <= self.0[after - 1].1
    }

    /// The first selected row.
    pub fn first(&self) -> u64 {
        self.0.first().map_or(0, |(first, _)| *first)
    }

    fn parse(value: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
            if first == 0 || last < first {
                return None;
            }
            ranges.push((first, last));
        }
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match joined.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        (!joined.is_empty()).then_some(Self(joined))
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (first, last)) in self.0.iter().enumerate() {
            f.write_str(if number > 0 { "," } else { "" })?;
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}

/// An invalid option: its name, and the allowed values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("option {name}: {what}")]
pub struct OptionError {
    /// The option's name in the input.
    pub name: String,
    /// The allowed values.
    pub what: String,
}

/// Options for every kind of drop, besides `map.<header>` and `value.<field>.<from>`.
const NAMES: &str = "dry_run, delimiter, encoding, sheet, first_line, columns, map.<header>, \
                     value.<field>.<from>, cell.<row>.<field>, replace, allow_duplicates, validate_agent, ambiguous, rows, \
                     invalid_optional, notify, mode, blank, clear_word, keep_fields, max_rejected";

impl Options {
    /// Parses options from names and values; later ones take precedence over earlier ones.
    ///
    /// # Errors
    /// At the first one that is unknown or has an invalid value.
    pub fn read(given: &[(String, String)]) -> Result<Self, OptionError> {
        let mut options = Self::default();
        for (name, value) in given {
            options.set(name, value)?;
        }
        Ok(options)
    }

    /// Parses the options of a drop; they take precedence over the program's options for every drop.
    ///
    /// # Errors
    /// At the first one that is unknown or has an invalid value.
    pub fn read_over(usual: &[(String, String)], given: &[(String, String)]) -> Result<Self, OptionError> {
        let mut options = Self::read(usual)?;
        options.usual_map = options.map.iter().map(|(header, _)| header.clone()).collect();
        for (name, value) in given {
            options.set(name, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        let wrong = |what: &str| OptionError { name: name.to_owned(), what: what.to_owned() };
        let flag = || match value.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(wrong(&format!("takes true or false, not {value:?}"))),
        };
        if let Some(header) = name.strip_prefix("map.") {
            self.map.retain(|(known, _)| known != header);
            self.usual_map.retain(|known| known != header);
            self.map.push((header.to_owned(), value.trim().to_owned()));
            return Ok(());
        }
        if let Some(rest) = name.strip_prefix("value.") {
            let (field, from) =
                rest.split_once('.').ok_or_else(|| wrong("takes the form value.<field>.<from>=<to>"))?;
            self.value.retain(|known| (known.field.as_str(), known.from.as_str()) != (field, from));
            let (field, from, to) = (field.to_owned(), from.to_owned(), value.trim().to_owned());
            self.value.push(ValueOption { field, from, to });
            return Ok(());
        }
        if let Some(rest) = name.strip_prefix("cell.") {
            let cell = rest.split_once('.').and_then(|(row, field)| Some((row.parse().ok()?, field)));
            let (row, field) = cell
                .filter(|(row, _)| *row > 0)
                .ok_or_else(|| wrong("takes the form cell.<row>.<field>=<value>"))?;
            if value.chars().any(char::is_control) {
                return Err(wrong("takes a value on one line"));
            }
            self.cells.retain(|known| (known.row, known.field.as_str()) != (row, field));
            self.cells.push(CellOption { row, field: field.to_owned(), value: value.to_owned() });
            return Ok(());
        }
        let name_in_full = name.replace('-', "_");
        if self.changes.set(&name_in_full, value).map_err(|what| wrong(&what))? {
            return Ok(());
        }
        match name_in_full.as_str() {
            "dry_run" => self.dry_run = flag()?,
            "replace" => self.replace = flag()?,
            "allow_duplicates" => self.allow_duplicates = flag()?,
            "validate_agent" => self.validate_agent = flag()?,
            "delimiter" => {
                let delimiter = parse_delimiter(value)
                    .ok_or_else(|| wrong(&format!("takes one of , ; | ^ tab, not {value:?}")))?;
                self.delimiter = Some(delimiter);
            }
            "max_rejected" => self.max_rejected = Some(Share::parse(value).map_err(|what| wrong(&what))?),
            "encoding" => self.encoding = Some(value.trim().to_owned()),
            "sheet" => self.sheet = Some(value.to_owned()),
            "first_line" => {
                self.first_line = match value.trim() {
                    "auto" => FirstLine::Auto,
                    "header" => FirstLine::Header,
                    "ignore" => FirstLine::Ignore,
                    "data" => FirstLine::Data,
                    _ => return Err(wrong(&format!("takes auto, header, ignore or data, not {value:?}"))),
                }
            }
            "columns" => self.columns = Some(value.split(',').map(|name| name.trim().to_owned()).collect()),
            "ambiguous" => {
                self.ambiguous_first = match value.trim() {
                    "first" => true,
                    "error" => false,
                    _ => return Err(wrong(&format!("takes error or first, not {value:?}"))),
                }
            }
            "invalid_optional" => {
                self.drop_invalid = match value.trim() {
                    "drop" => true,
                    "reject" => false,
                    _ => return Err(wrong(&format!("takes reject or drop, not {value:?}"))),
                }
            }
            "rows" => {
                let rows = Rows::parse(value).ok_or_else(|| {
                    wrong(&format!("takes row numbers and ranges such as 1,3,5-9, not {value:?}"))
                })?;
                self.rows = Some(rows);
            }
            "notify" => {
                self.notify =
                    value.split(',').map(|to| to.trim().to_owned()).filter(|to| !to.is_empty()).collect();
                if let Some(to) = self.notify.iter().find(|to| !crate::clean::email::is_address(to)) {
                    return Err(wrong(&format!("takes e-mail addresses separated by commas, not {to:?}")));
                }
            }
            _ => return Err(wrong(&format!("is not known; one of {NAMES}"))),
        }
        Ok(())
    }

    /// Checks what depends on the profile: names of fields, and the features that it allows.
    ///
    /// # Errors
    /// At the first option that the profile does not allow.
    pub fn check(&self, profile: &Profile) -> Result<(), OptionError> {
        let wrong = |name: &str, what: String| Err(OptionError { name: name.to_owned(), what });
        let known = || profile.fields.iter().map(|field| &*field.name).collect::<Vec<_>>().join(", ");
        for (header, field) in &self.map {
            if !field.is_empty() && profile.field(field).is_none() {
                return wrong(
                    &format!("map.{header}"),
                    format!("no such field: {field:?}; one of {}", known()),
                );
            }
        }
        for one in &self.value {
            if profile.field(&one.field).is_none() {
                return wrong(
                    &format!("value.{}.{}", one.field, one.from),
                    format!("no such field: {:?}; one of {}", one.field, known()),
                );
            }
        }
        let unknown = |cell: &&CellOption| {
            profile.field(&cell.field).is_none() && !cell.field.bytes().all(|byte| byte.is_ascii_digit())
        };
        if let Some(CellOption { row, field, .. }) = self.cells.iter().find(unknown) {
            return wrong(&format!("cell.{row}.{field}"), format!("no such field; one of {}", known()));
        }
        let mut seen: Vec<&str> = Vec::new();
        for field in self.columns.iter().flatten().filter(|field| !field.is_empty()) {
            if profile.field(field).is_none() {
                return wrong("columns", format!("no such field: {field:?}; one of {}", known()));
            }
            if seen.contains(&field.as_str()) {
                return wrong("columns", format!("the field stands twice: {field:?}"));
            }
            seen.push(field);
        }
        if let Some(field) = self.changes.unknown_field(profile) {
            return wrong("keep_fields", format!("no such field: {field:?}; one of {}", known()));
        }
        if self.replace && !profile.offers_replace() {
            return wrong("replace", format!("the profile {} does not offer it", profile.name));
        }
        if self.allow_duplicates && !profile.repeat.allowable {
            return wrong("allow_duplicates", format!("the profile {} does not offer it", profile.name));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Options, OptionError> {
        Options::read(&pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn each_option_takes_what_the_contract_says() {
        let options = read(&[
            ("dry_run", "true"),
            ("delimiter", ";"),
            ("first_line", "ignore"),
            ("columns", "name,,phone_1"),
            ("map.E-Mail Adresse", "email"),
            ("ambiguous", "first"),
            ("rows", "5-9,1,3,8-12"),
            ("notify", "a@b.example, c@d.example"),
        ])
        .unwrap();
        assert!(options.dry_run && options.ambiguous_first);
        assert_eq!(options.delimiter, Some(b';'));
        assert_eq!(options.columns.unwrap(), ["name", "", "phone_1"]);
        assert_eq!(options.rows, Some(Rows(vec![(1, 1), (3, 3), (5, 12)])));
        assert_eq!(options.notify.len(), 2);
    }

    #[test]
    fn a_wrong_option_names_itself_and_what_it_takes() {
        for (name, value, word) in [
            ("delimiter", "x", "tab"),
            ("dry_run", "maybe", "true or false"),
            ("first_line", "second", "header"),
            ("rows", "9-5", "5-9"),
            ("rows", "0", "1,3"),
            ("rows", "", "1,3"),
            ("colour", "red", "not known"),
            ("ambiguous", "last", "error or first"),
            ("value.group", "Gold", "value.<field>"),
            ("cell.0.email", "a@b.c", "cell.<row>"),
            ("cell.email", "a@b.c", "cell.<row>"),
            ("invalid_optional", "ignore", "reject or drop"),
            ("notify", "a@b.example, nobody", "\"nobody\""),
        ] {
            let error = read(&[(name, value)]).expect_err(name).to_string();
            assert!(error.contains(name) && error.contains(word), "{error}");
        }
    }

    #[test]
    fn chosen_rows_are_found_by_range() {
        let rows = Rows::parse("2-4,7").unwrap();
        let chosen: Vec<u64> = (1..10).filter(|row| rows.contains(*row)).collect();
        assert_eq!(chosen, [2, 3, 4, 7]);
    }
}
