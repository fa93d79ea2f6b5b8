//! Options of one drop: object metadata, a sidecar, or `--set` on the command line; one meaning for all three.

use std::fmt;

use crate::file::write::parse_delimiter;
use serde::{Deserialize, Serialize};

use crate::profile::change_rules::ChangeRules;
use crate::profile::compiled::Profile;
use crate::profile::share::Share;

/// What the first record of the file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FirstLine {
    /// It names the columns, unless it holds an address or a phone and no known header.
    #[default]
    Auto,
    /// It names the columns.
    Header,
    /// It is passed over (DIG-4).
    Ignore,
    /// It is a row.
    Data,
}

impl FirstLine {
    /// Tells whether the first record may name the columns.
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

/// What a sender asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Check, match and answer, but write no record.
    pub dry_run: bool,
    /// The delimiter, where it is not to be detected.
    pub delimiter: Option<u8>,
    /// The encoding, where it is not to be detected.
    pub encoding: Option<String>,
    /// The sheet of a workbook, by name.
    pub sheet: Option<String>,
    /// What the first record is.
    pub first_line: FirstLine,
    /// Field names in record order; an empty place leaves that column out.
    pub columns: Option<Vec<String>>,
    /// Headers and the fields that they are mapped to.
    pub map: Vec<(String, String)>,
    /// Headers that the program maps in whatever is dropped: a file need not have them. Asked before a plan is made.
    #[serde(skip)]
    pub usual_map: Vec<String>,
    /// What the sender writes for what we know: by field, each value and what stands for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub value: Vec<ValueOption>,
    /// Cells that were typed over after the file was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<CellOption>,
    /// Contacts of the pool that this file does not hold are gone when it is in.
    pub replace: bool,
    /// Repeats are not looked for.
    pub allow_duplicates: bool,
    /// Agents' logins are checked.
    pub validate_agent: bool,
    /// Of several that share a name the first is taken.
    pub ambiguous_first: bool,
    /// The rows to take; all where it is not said.
    pub rows: Option<Rows>,
    /// An optional field whose value is wrong is left out, and its row is imported (`value_dropped`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drop_invalid: bool,
    /// Whom to write to, besides the program's own list.
    pub notify: Vec<String>,
    /// With more rejected rows than that nothing is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rejected: Option<Share>,
    /// How contacts that exist are changed.
    #[serde(default, flatten)]
    pub changes: ChangeRules,
}

/// One value of a field that stands for another: `value.<field>.<from> = <to>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueOption {
    /// The field.
    pub field: String,
    /// What the sender writes; case and blanks do not count.
    pub from: String,
    /// What is meant.
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

/// Chosen rows: ascending ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows(Vec<(u64, u64)>);

impl Rows {
    /// Whether a row is chosen.
    pub fn contains(&self, row: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= row);
        after > 0 && row <= self.0[after - 1].1
    }

    /// The first row that is chosen.
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

/// An option that cannot be taken: which, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("option {name}: {what}")]
pub struct OptionError {
    /// The option as it was named.
    pub name: String,
    /// What it takes.
    pub what: String,
}

/// Options that every kind of drop knows; the rest of them are `map.<header>`.
const NAMES: &str = "dry_run, delimiter, encoding, sheet, first_line, columns, map.<header>, \
                     value.<field>.<from>, cell.<row>.<field>, replace, allow_duplicates, validate_agent, ambiguous, rows, \
                     invalid_optional, notify, mode, blank, clear_word, keep_fields, max_rejected";

impl Options {
    /// Reads options as they came: name and value, later ones over earlier ones.
    ///
    /// # Errors
    /// At the first one that is unknown or has a value that it does not take.
    pub fn read(given: &[(String, String)]) -> Result<Self, OptionError> {
        let mut options = Self::default();
        for (name, value) in given {
            options.set(name, value)?;
        }
        Ok(options)
    }

    /// Reads the options of a drop over those that its program has for every drop.
    ///
    /// # Errors
    /// At the first one that is unknown or has a value that it does not take.
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

    /// Checks what only the profile can say: names of fields, and what it offers.
    ///
    /// # Errors
    /// At the first option that the profile does not take.
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
