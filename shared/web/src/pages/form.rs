//! The form of a review: what the reader chose, as options of an import.
//!
//! The page carries all of its state, so it can be sent again, from any tab, after a restart too.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_domain::report::upload::UploadColumn;
use rollcall_domain::types::limits;
use serde::{Deserialize, Serialize};

/// What a reader chose.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// What is to be done: look again, other rows, a dry run.
    pub(super) act: Act,
    /// Tells a repeated request from a new one.
    pub(super) key: String,
    /// Options of earlier looks: mapping and values.
    pub(super) kept: Vec<(String, String)>,
    /// Settings of the file, as they are now.
    pub(super) set: BTreeMap<String, String>,
    /// Fields whose column was changed: the field, its column before, and now; 0 is none.
    pub(super) moved: Vec<(String, u32, u32)>,
    /// Cells that were typed over: row, field, value.
    pub(super) typed: Vec<(u64, String, String)>,
    /// Rows that are not to be imported.
    pub(super) left_out: BTreeSet<u64>,
    pub(super) filter: String,
    pub(super) page: usize,
    pub(super) remember: bool,
    /// The profile that the file is for, and the one that the page was made for; none where the form does not say.
    pub(super) profile: Option<String>,
    pub(super) profile_before: Option<String>,
}

/// What is kept of a choice, so that a reader who comes back from a dry run finds it again.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct KeptChoice {
    options: Vec<(String, String)>,
    set: BTreeMap<String, String>,
    left_out: BTreeSet<u64>,
    remember: bool,
}

/// What is to be done with a form.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    #[default]
    Look,
    Previous,
    Next,
    DryRun,
}

/// Rows that may be left out one by one.
const MOST_LEFT_OUT: usize = 100_000;

impl Chosen {
    /// Reads the fields of a form.
    pub(super) fn read(pairs: &[(String, String)]) -> Self {
        let mut chosen = Self::default();
        let (mut shown, mut taken, mut was, mut now) =
            (BTreeSet::new(), BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        let (mut before, mut cells, mut from) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (name, value) in pairs {
            let number = || value.trim().parse::<u64>().ok();
            match name.as_str() {
                "do" => chosen.act = act(value),
                "key" => chosen.key.clone_from(value),
                "option" => chosen.kept.extend(serde_json::from_str::<(String, String)>(value).ok()),
                "left_out" => chosen.left_out = left_out(value),
                "filter" => chosen.filter.clone_from(value),
                "page" => chosen.page = number().unwrap_or(0) as usize,
                "remember" => chosen.remember = true,
                "profile_before" => chosen.profile_before = Some(value.clone()),
                "profile" => chosen.profile = Some(value.clone()),
                "shown" => shown.extend(number()),
                "take" => taken.extend(number()),
                "from" => from.push(value.clone()),
                "to" => {
                    let meant = from
                        .last()
                        .and_then(|from| from.split_once('='))
                        .filter(|_| !value.trim().is_empty());
                    let option =
                        meant.map(|(field, from)| (format!("value.{field}.{from}"), value.trim().to_owned()));
                    chosen.kept.extend(option);
                }
                _ => {
                    if let Some(field) = name.strip_prefix("was.") {
                        was.extend(number().map(|at| (field.to_owned(), at as u32)));
                    } else if let Some(field) = name.strip_prefix("field.") {
                        now.extend(number().map(|at| (field.to_owned(), at as u32)));
                    } else if let Some(cell) = name.strip_prefix("before.") {
                        before.insert(cell.to_owned(), value.clone());
                    } else if let Some(cell) = name.strip_prefix("cell.") {
                        cells.push((cell.to_owned(), value.clone()));
                    } else if let Some(option) = name.strip_prefix("set.") {
                        chosen.set.insert(option.to_owned(), value.clone());
                    }
                }
            }
        }
        chosen.left_out.retain(|row| !taken.contains(row));
        chosen.left_out.extend(shown.difference(&taken));
        let moved = |(field, now): (String, u32)| {
            let was = was.get(&field).copied().unwrap_or(0);
            (was != now).then_some((field, was, now))
        };
        chosen.moved = now.into_iter().filter_map(moved).collect();
        let typed = |(cell, value): (String, String)| {
            let (row, field) = cell.split_once('.')?;
            let is_new = before.get(&cell).is_none_or(|before| *before != value);
            is_new.then(|| Some((row.parse().ok()?, field.to_owned(), value)))?
        };
        chosen.typed = cells.into_iter().filter_map(typed).collect();
        chosen
    }

    /// The choice as it is kept.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let (options, set) = (self.kept.clone(), self.set.clone());
        let kept = KeptChoice { options, set, left_out: self.left_out.clone(), remember: self.remember };
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// A choice that was kept; nothing is chosen where it cannot be read.
    pub(super) fn from_json(json: &[u8]) -> Self {
        let KeptChoice { options, set, left_out, remember } =
            serde_json::from_slice(json).unwrap_or_default();
        Self { kept: options, set, left_out, remember, ..Self::default() }
    }

    /// Whether the reader said that a field is not in the file.
    pub(super) fn is_left_out(&self, header: &str) -> bool {
        let option = format!("map.{header}");
        self.kept.iter().any(|(name, value)| *name == option && value.is_empty())
    }

    /// Turns changed columns into options, over the columns as they were shown.
    pub(super) fn map(&mut self, columns: &[UploadColumn], has_header: bool) {
        if self.moved.is_empty() {
            return;
        }
        let mut fields: Vec<Option<String>> = columns.iter().map(|column| column.field.clone()).collect();
        for (field, was, now) in &self.moved {
            let at = |position: u32| (position as usize).checked_sub(1);
            if let Some(old) =
                at(*was).and_then(|at| fields.get_mut(at)).filter(|old| old.as_ref() == Some(field))
            {
                *old = None;
            }
            if let Some(new) = at(*now).and_then(|at| fields.get_mut(at)) {
                *new = Some(field.clone());
            }
        }
        if !has_header {
            let names: Vec<String> = fields.into_iter().map(Option::unwrap_or_default).collect();
            self.keep("columns", &names.join(","));
            return;
        }
        for (column, field) in columns.iter().zip(fields) {
            if column.field != field {
                self.keep(&format!("map.{}", column.header), field.as_deref().unwrap_or_default());
            }
        }
        self.moved.clear();
    }

    fn keep(&mut self, name: &str, value: &str) {
        self.kept.retain(|(known, _)| known != name);
        self.kept.push((name.to_owned(), value.to_owned()));
    }

    /// The options of a preview: everything but the choice of rows, for a row that is left out can be taken again.
    pub(super) fn options(&self) -> Vec<(String, String)> {
        let said = self.set.iter().filter(|(_, value)| !value.is_empty());
        let set = said.map(|(name, value)| (name.clone(), value.clone()));
        self.kept.iter().cloned().chain(set).collect()
    }

    /// The option `rows`; `None` where every row is taken.
    pub(super) fn rows(&self) -> Option<(String, String)> {
        let mut ranges = Vec::new();
        let mut first = 1;
        for row in &self.left_out {
            if *row > first {
                ranges.push(if *row - 1 == first {
                    first.to_string()
                } else {
                    format!("{first}-{}", row - 1)
                });
            }
            first = row + 1;
        }
        ranges.push(format!("{first}-{}", limits::ROWS));
        (!self.left_out.is_empty()).then(|| ("rows".to_owned(), ranges.join(",")))
    }

    /// The options that belong to the header, for files like this one.
    pub(super) fn remembered(&self) -> Vec<(String, String)> {
        let belongs = |name: &str| {
            name.starts_with("map.")
                || name.starts_with("value.")
                || matches!(name, "invalid_optional" | "allow_duplicates")
        };
        self.options().into_iter().filter(|(name, _)| belongs(name)).collect()
    }

    /// The rows that are left out, as the page carries them.
    pub(super) fn left_out_text(&self) -> String {
        self.left_out.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
    }
}

fn act(value: &str) -> Act {
    match value {
        "previous" => Act::Previous,
        "next" => Act::Next,
        "dry-run" => Act::DryRun,
        _ => Act::Look,
    }
}

fn left_out(value: &str) -> BTreeSet<u64> {
    value.split(',').filter_map(|row| row.parse().ok()).filter(|row| *row > 0).take(MOST_LEFT_OUT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Chosen {
        Chosen::read(&pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn rows_that_are_not_ticked_are_left_out() {
        let chosen = read(&[
            ("left_out", "2,9"),
            ("shown", "1"),
            ("shown", "2"),
            ("shown", "3"),
            ("take", "2"),
            ("take", "3"),
        ]);
        assert_eq!(chosen.left_out_text(), "1,9");
        assert_eq!(chosen.rows().unwrap().1, "2-8,10-100000000");
        assert_eq!(read(&[("shown", "1"), ("take", "1")]).rows(), None);
    }

    #[test]
    fn only_what_changed_becomes_an_option() {
        let column = |position, header: &str, field: Option<&str>| UploadColumn {
            position,
            header: header.to_owned(),
            field: field.map(str::to_owned),
            fields: Vec::new(),
            hint: None,
        };
        let columns =
            [column(1, "A=B", Some("name")), column(2, "Mail", None), column(3, "E-mail", Some("email"))];
        let form = [("was.name", "1"), ("field.name", "1"), ("was.email", "3"), ("field.email", "2")];
        let mut chosen = read(&form);
        chosen.map(&columns, true);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(chosen.options(), [pair("map.Mail", "email"), pair("map.E-mail", "")]);
        let mut chosen = read(&form);
        chosen.map(&columns, false);
        assert_eq!(chosen.options(), [pair("columns", "name,email,")]);
        assert_eq!(read(&[("option", r#"["map.A=B","name"]"#)]).options(), [pair("map.A=B", "name")]);
        let values = read(&[("from", "group=G=1"), ("to", " Gold "), ("from", "group=x"), ("to", "")]);
        assert_eq!(values.options(), [pair("value.group.G=1", "Gold")]);
        let typed = read(&[
            ("before.3.email", "a"),
            ("cell.3.email", "b"),
            ("before.4.email", "c"),
            ("cell.4.email", "c"),
        ]);
        assert_eq!(typed.typed, [(3, "email".to_owned(), "b".to_owned())]);
    }
}
