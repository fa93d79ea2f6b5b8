//! Remarks that are made in English where they arise, in the language of the reader.
//!
//! The English file has each remark with numbered slots for what varies; the same name in another language has its
//! translation. A remark that no phrase matches stays as it is: a library's own words, for example.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Locale, Messages};

/// Translates a remark by the phrases of a language.
pub(super) fn translated<'r>(remark: &'r str, phrases: &BTreeMap<String, String>) -> Cow<'r, str> {
    let english = &Messages::of(Locale::En).book.phrase;
    if std::ptr::eq(english, phrases) {
        return Cow::Borrowed(remark);
    }
    // Of several that match, the one with most fixed text says most.
    let matches = english.iter().filter_map(|(name, pattern)| {
        let parts = parts_of(remark, pattern)?;
        let fixed = remark.len() - parts.iter().map(|part| part.len()).sum::<usize>();
        Some((fixed, phrases.get(name)?, parts))
    });
    let Some((_, phrase, parts)) = matches.max_by_key(|(fixed, ..)| *fixed) else {
        return Cow::Borrowed(remark);
    };
    let mut out = phrase.clone();
    for (number, part) in parts.iter().enumerate() {
        out = out.replace(&slot(number), &translated(part, phrases));
    }
    Cow::Owned(out)
}

fn slot(number: usize) -> String {
    format!("<{number}>")
}

/// What stands in the slots of a pattern, if a text is made by it.
fn parts_of<'t>(text: &'t str, pattern: &str) -> Option<Vec<&'t str>> {
    let (first, mut pattern) = split(pattern, 0);
    let mut rest = text.strip_prefix(first)?;
    let mut parts = Vec::new();
    while let Some(behind) = pattern {
        let (fixed, more) = split(behind, parts.len() + 1);
        let at = match (fixed, more) {
            (fixed, None) => rest.len().checked_sub(fixed.len()).filter(|_| rest.ends_with(fixed))?,
            (fixed, Some(_)) => rest.find(fixed)?,
        };
        parts.push(&rest[..at]);
        rest = &rest[at + fixed.len()..];
        pattern = more;
    }
    rest.is_empty().then_some(parts)
}

/// A pattern before and behind a slot.
fn split(pattern: &str, number: usize) -> (&str, Option<&str>) {
    pattern.split_once(&slot(number)).map_or((pattern, None), |(before, behind)| (before, Some(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_translated_with_what_varies() {
        let german = &Messages::of(Locale::De).book.phrase;
        for (remark, text) in [
            ("binary data", "Binärdaten"),
            ("takes true or false, not \"perhaps\"", "nimmt true oder false, nicht \"perhaps\""),
            ("no such field: \"x\"; one of name, email", "kein solches Feld: \"x\"; eines von name, email"),
            (
                "settings/acme.toml: region: takes a country code of two letters, such as BR, not \"Brazil\"",
                "settings/acme.toml: region: nimmt einen Ländercode aus zwei Buchstaben wie BR, nicht \"Brazil\"",
            ),
            ("a damaged gzip archive (unexpected end of file)", "ein beschädigtes gzip-Archiv"),
            ("invalid local file header", "invalid local file header"),
        ] {
            assert_eq!(translated(remark, german), text);
            assert_eq!(translated(remark, &Messages::of(Locale::En).book.phrase), remark);
        }
    }

    #[test]
    fn every_language_has_every_phrase_with_its_slots() {
        let english = &Messages::of(Locale::En).book.phrase;
        for locale in Locale::ALL {
            let phrases = &Messages::of(locale).book.phrase;
            assert!(english.keys().eq(phrases.keys()), "{locale}");
            for (name, phrase) in phrases {
                // A remark may say more than a reader needs; never less.
                let extra = (0..4).filter(|number| {
                    phrase.contains(&slot(*number)) && !english[name].contains(&slot(*number))
                });
                assert_eq!(extra.count(), 0, "{locale} {name}");
            }
        }
    }
}
