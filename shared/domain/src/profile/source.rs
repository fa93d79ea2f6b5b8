//! The columns that fill a field: a list of sources, best first.

use serde::{Deserialize, Serialize};

/// The part of a cell to take: names are split at their last blank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// The text before the last blank; empty if there is no blank.
    FirstWords,
    /// The text after the last blank; the whole text if there is no blank.
    LastWord,
}

impl Part {
    /// Returns the part of a trimmed cell.
    pub fn of(self, cell: &str) -> &str {
        let split = || cell.rsplit_once(char::is_whitespace);
        match self {
            Part::Whole => cell,
            Part::FirstWords => split().map_or("", |(before, _)| before.trim_end()),
            Part::LastWord => split().map_or(cell, |(_, after)| after),
        }
    }

    /// Whether the part is the whole cell.
    pub fn is_whole(&self) -> bool {
        *self == Part::Whole
    }
}

/// Index of a field in its profile.
pub type FieldIndex = usize;

/// A kind of column, by its number in the profile.
pub type KindIndex = usize;

/// One way to fill a field: a column of a kind, several joined by a blank, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The kinds of the columns, in order.
    pub kinds: Vec<KindIndex>,
    /// The part of the cell to take.
    pub part: Part,
}

/// Parses a source as in a profile: the names of its kinds, and the part.
pub(super) fn parse(text: &str) -> Result<(Vec<&str>, Part), String> {
    let (kinds, part) = match text.split_once(':') {
        None => (text, Part::Whole),
        Some((kinds, "first words" | " first words")) => (kinds, Part::FirstWords),
        Some((kinds, "last word" | " last word")) => (kinds, Part::LastWord),
        Some((_, part)) => {
            return Err(format!(
                "takes `: first words` or `: last word` after a kind, not {:?}",
                part.trim()
            ));
        }
    };
    let kinds: Vec<&str> = kinds.split('+').map(str::trim).collect();
    if kinds.iter().any(|kind| kind.is_empty()) {
        return Err(format!("names no kind of column: {text:?}"));
    }
    if kinds.len() > 1 && part != Part::Whole {
        return Err(format!("a part is of one column: {text:?}"));
    }
    Ok((kinds, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_the_last_blank() {
        for (cell, first, last) in [
            ("Ana Lima", "Ana", "Lima"),
            ("Ana  Maria  Lima", "Ana  Maria", "Lima"),
            ("Ana\u{a0}Lima", "Ana", "Lima"),
            ("Ana", "", "Ana"),
            ("", "", ""),
        ] {
            assert_eq!((Part::FirstWords.of(cell), Part::LastWord.of(cell)), (first, last), "{cell:?}");
        }
    }

    #[test]
    fn a_source_says_kinds_and_part() {
        assert_eq!(parse("name"), Ok((vec!["name"], Part::Whole)));
        assert_eq!(parse("first_name + last_name"), Ok((vec!["first_name", "last_name"], Part::Whole)));
        assert_eq!(parse("name: last word"), Ok((vec!["name"], Part::LastWord)));
        for wrong in ["", "name +", "name: middle", "first_name + last_name: last word"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
