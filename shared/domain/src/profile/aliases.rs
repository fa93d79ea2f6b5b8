//! The headers of all profiles: `profiles/aliases.toml`, and words that do not count in a header.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use crate::profile::header::{fold, header_key};
use crate::types::locale::Locale;

/// Headers by language.
type Headers = BTreeMap<Locale, Vec<String>>;

/// The kind of headers that are a full name or a part of one, depending on other columns.
const NAME_OR_PART: &str = "name_or_part";

/// The numbers that `{n}` stands for.
pub(crate) const NUMBERS: std::ops::RangeInclusive<u8> = 1..=10;

/// The shared list of headers.
pub(crate) struct Aliases {
    /// Folded header to its kind and its number; 0 if it has none.
    kinds: HashMap<String, (&'static str, u8)>,
    /// Every kind.
    names: HashSet<&'static str>,
}

static ALIASES: LazyLock<Aliases> =
    LazyLock::new(|| Aliases::read(include_str!("../../profiles/aliases.toml")));

static QUALIFIERS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let words: Headers = toml::from_str(include_str!("../../profiles/qualifiers.toml"))
        .expect("a test reads the list of qualifiers");
    words.values().flatten().map(|word| fold(word)).collect()
});

impl Aliases {
    /// The list that is part of the program.
    pub(crate) fn shared() -> &'static Self {
        &ALIASES
    }

    fn read(text: &str) -> Self {
        let table: BTreeMap<String, Headers> =
            toml::from_str(text).expect("a test reads the list of headers");
        let (mut kinds, mut names) = (HashMap::new(), HashSet::new());
        for (kind, headers) in table {
            // The list is read once and kept for the lifetime of the program.
            let kind: &'static str = kind.leak();
            names.insert(kind);
            for header in headers.values().flatten() {
                for (folded, number) in numbered(header) {
                    let other = kinds.insert(folded, (kind, number));
                    debug_assert!(other.is_none_or(|other| other.0 == kind), "{header} is {other:?} too");
                }
            }
        }
        Self { kinds, names }
    }

    /// Whether there is such a kind of column.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.names.contains(kind) && kind != NAME_OR_PART
    }

    /// The kind of a folded header, and its number.
    pub(crate) fn kind_of(&self, folded: &str) -> Option<(&'static str, u8)> {
        self.kinds.get(folded).copied()
    }

    /// Whether a folded header is a full name, or a part of one if another column is the other part.
    pub(crate) fn is_name_or_part(&self, folded: &str) -> bool {
        self.kinds.get(folded).is_some_and(|(kind, _)| *kind == NAME_OR_PART)
    }

    /// All headers, folded, with their kinds.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.kinds.iter().map(|(folded, (kind, _))| (folded.as_str(), *kind))
    }
}

/// Expands `{n}` in a header, folded, each with its number; 0 if there is no `{n}`.
pub(crate) fn numbered(header: &str) -> Vec<(String, u8)> {
    if !header.contains("{n}") {
        return vec![(fold(header), 0)];
    }
    NUMBERS.map(|number| (fold(&header.replace("{n}", &number.to_string())), number)).collect()
}

/// Whether an option that names `header` means a column: qualifiers of the column's header do not count.
pub(crate) fn is_named(column: &str, header: &str) -> bool {
    let key = header_key(header);
    header_key(column) == key || unqualified(column) == Some(key)
}

/// A header without its qualifiers (`required`, `incl. country code`), folded; `None` if it has none.
pub(crate) fn unqualified(header: &str) -> Option<String> {
    let (mut kept, mut dropped) = (String::new(), false);
    for segment in segments(header) {
        // The first segment is the header itself, whatever it is.
        if !kept.is_empty() && is_qualifier(segment) {
            dropped |= segment.chars().any(char::is_alphanumeric);
        } else {
            kept.push_str(segment);
        }
    }
    let folded = fold(&kept);
    (dropped && !folded.is_empty()).then_some(folded)
}

/// The segments of a header between brackets, line breaks and punctuation.
fn segments(header: &str) -> impl Iterator<Item = &str> {
    let between = |sign: char| "()[]{}<>,;:|\r\n–—-".contains(sign);
    header.split(between).filter(|segment| !segment.trim().is_empty())
}

fn is_qualifier(segment: &str) -> bool {
    let words = segment.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(fold).all(|word| word.bytes().all(|byte| byte.is_ascii_digit()) || QUALIFIERS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_stands_in_the_list_for_one_kind() {
        let text = include_str!("../../profiles/aliases.toml");
        let table: BTreeMap<String, Headers> = toml::from_str(text).unwrap();
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (kind, headers) in &table {
            for header in headers.values().flatten() {
                for (folded, _) in numbered(header) {
                    let other = seen.insert(folded, kind).filter(|other| *other != kind);
                    assert!(other.is_none(), "{header}: {kind} and {other:?}");
                }
            }
        }
        assert!(seen.len() > 1_000);
    }

    #[test]
    fn qualifiers_do_not_count() {
        for (header, bare) in [
            ("Phone (incl. country code)", Some("phone")),
            ("Telefone (com DDD)", Some("telefone")),
            ("E-mail [required]", Some("email")),
            ("E-Mail (Pflichtfeld)", Some("email")),
            ("Téléphone\n(avec indicatif pays)", Some("telephone")),
            ("Correo electrónico, obligatorio", Some("correoelectronico")),
            ("Date of birth (YYYY-MM-DD)", Some("dateofbirth")),
            ("Name - required", Some("name")),
            ("Name (max. 50 characters)", Some("name")),
            ("Name\n(full)", Some("name")),
            ("Nome (completo)", Some("nome")),
            ("E-mail *", None),
            ("Phone (emergency contact)", None),
            ("Name (spouse)", None),
            ("Telefone(s)", None),
            ("(required)", None),
        ] {
            assert_eq!(unqualified(header).as_deref(), bare, "{header:?}");
        }
    }
}
