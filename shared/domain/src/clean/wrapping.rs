//! Removes wrapping around a value: a name and brackets, `mailto:`, quotes, a spreadsheet formula for a text, HTML
//! entities from an export.

use std::borrow::Cow;

/// The text in Excel's formula for a text: `="0212"` is `0212`.
pub fn formula_text(cell: &str) -> Option<Cow<'_, str>> {
    let text = cell.strip_prefix('=')?.trim_start().strip_prefix('"')?.strip_suffix('"')?;
    let quotes_doubled = !text.replace("\"\"", "").contains('"');
    quotes_doubled.then(|| match text.contains('"') {
        true => Cow::Owned(text.replace("\"\"", "\"")),
        false => Cow::Borrowed(text),
    })
}

/// Decodes HTML entities in a text; twice if an export encoded them twice. `None` if there are none.
pub fn decode_entities(cell: &str) -> Option<String> {
    memchr::memchr(b'&', cell.as_bytes())?;
    let once = decoded(cell)?;
    Some(decoded(&once).unwrap_or(once))
}

fn decoded(cell: &str) -> Option<String> {
    match html_escape::decode_html_entities(cell) {
        Cow::Owned(text) if text != cell && !text.contains(char::is_control) => Some(text),
        _ => None,
    }
}

/// Labels that may precede an address, in lower case.
const LABELS: [&str; 6] = ["mailto:", "e-mail:", "email:", "mail:", "smtp:", "correo:"];

/// The address without its wrapping; `None` if there is no wrapping.
pub fn unwrap_address(cell: &str) -> Option<&str> {
    let mut inner = cell;
    while let Some(less) = unwrap_once(inner) {
        inner = less;
    }
    (inner.len() < cell.len() && !inner.is_empty()).then_some(inner)
}

fn unwrap_once(cell: &str) -> Option<&str> {
    let less = within_brackets(cell)
        .or_else(|| without_label(cell))
        .or_else(|| within_quotes(cell))
        .unwrap_or_else(|| cell.trim_end_matches(['.', ',', ';']))
        .trim();
    (less.len() < cell.len()).then_some(less)
}

/// `Ann <a@b.example>`, `Ann (a@b.example)`, `a@b.example (Ann)`: the part with the address, if only one part has
/// one.
fn within_brackets(cell: &str) -> Option<&str> {
    for (open, close) in [('<', '>'), ('(', ')'), ('[', ']')] {
        let Some((before, rest)) = cell.split_once(open) else { continue };
        let (within, after) = rest.split_once(close)?;
        let parts = [before, within, after];
        let mut addressed = parts.into_iter().filter(|part| part.contains('@'));
        let first = addressed.next()?;
        let whole = addressed.next().is_none() && !after.contains([open, close]);
        // The name is before or after the address, and brackets contain nothing else.
        let apart = first.len() == within.len() || (after.trim().is_empty() && before.ends_with(' '));
        return (whole && apart).then_some(first);
    }
    None
}

fn without_label(cell: &str) -> Option<&str> {
    let label = LABELS.iter().find(|label| {
        cell.split_at_checked(label.len()).is_some_and(|(head, _)| head.eq_ignore_ascii_case(label))
    })?;
    let rest = &cell[label.len()..];
    Some(rest.split_once('?').map_or(rest, |(address, _)| address))
}

fn within_quotes(cell: &str) -> Option<&str> {
    ['"', '\'', '`'].iter().find_map(|quote| cell.strip_prefix(*quote)?.strip_suffix(*quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_its_wrapping() {
        for cell in [
            "Ann Bee <a@b.example>",
            "<a@b.example>",
            "\"Bee, Ann\" <a@b.example>",
            "mailto:a@b.example",
            "MAILTO:a@b.example?subject=x",
            "<mailto:a@b.example>",
            "a@b.example.",
            "a@b.example;",
            "a@b.example,",
            "'a@b.example'",
            "\"a@b.example\"",
            "\"'a@b.example'\"",
            "a@b.example (Ann)",
            "Ann (a@b.example)",
            "Ann [a@b.example]",
            "SMTP:a@b.example",
            "E-mail: a@b.example",
            "`a@b.example`,",
            "Ann <a@b.example>;",
            "( a@b.example )",
            "[a@b.example](mailto:a@b.example)",
        ] {
            let found = unwrap_address(cell);
            if cell.starts_with("[a@") {
                assert_eq!(found, None, "two addresses: {cell}");
            } else {
                assert_eq!(found, Some("a@b.example"), "{cell}");
            }
        }
    }

    #[test]
    fn where_two_addresses_stand_none_is_taken_for_the_other() {
        for cell in [
            "a@b.example <c@d.example>",
            "Ann <a@b.example>, Bob <c@d.example>",
            "a@b.example",
            "ann(lee)@b.example",
        ] {
            assert_eq!(unwrap_address(cell), None, "{cell}");
        }
    }

    #[test]
    fn a_formula_for_a_text_is_the_text() {
        for (cell, text) in [
            ("=\"02125550123\"", Some("02125550123")),
            ("=\"Ann\"", Some("Ann")),
            ("= \"a \"\"b\"\"\"", Some("a \"b\"")),
            ("=\"\"", Some("")),
            ("=A1&\"x\"", None),
            ("=\"a\"&\"b\"", None),
            ("=\"", None),
            ("=SUM(A1)", None),
        ] {
            assert_eq!(formula_text(cell).as_deref(), text, "{cell}");
        }
    }

    #[test]
    fn entities_are_decoded_and_nothing_else() {
        for (cell, text) in [
            ("O&#39;Brien &amp; Sons", Some("O'Brien & Sons")),
            ("Jos&eacute;", Some("José")),
            ("M&#xFC;ller", Some("Müller")),
            ("Tom &amp;amp; Co", Some("Tom & Co")),
            ("&quot;Orion&quot;", Some("\"Orion\"")),
            ("A & B", None),
            ("A&B; C", None),
            ("R&D", None),
            ("x&#0;", None),
            ("&copy", None),
        ] {
            assert_eq!(decode_entities(cell).as_deref(), text, "{cell}");
        }
    }
}
