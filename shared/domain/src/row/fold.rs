//! Keys of names, and values as parts of an identity.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::profile::compiled::Field;
use crate::types::field_kind::FieldKind;

pub(super) fn push_nfc(text: &str, out: &mut String) {
    if text.is_ascii() || is_nfc(text) { out.push_str(text) } else { out.extend(text.nfc()) }
}

pub(super) fn push_single_blanks(text: &str, out: &mut String) {
    for (number, word) in text.split_whitespace().enumerate() {
        if number > 0 {
            out.push(' ');
        }
        push_nfc(word, out);
    }
}

/// Folds names, groups and tags for comparison: NFC, trimmed, inner blanks single, without case.
///
/// For letters without a capital, or with two small forms: `ß` becomes `ss`, and a final sigma becomes a sigma.
pub fn fold_name(name: &str, out: &mut String) {
    let start = out.len();
    push_single_blanks(name, out);
    if out[start..].is_ascii() {
        out[start..].make_ascii_lowercase();
        return;
    }
    let lower = out[start..].to_lowercase();
    out.truncate(start);
    if lower.contains(['ß', 'ς']) {
        push_nfc(&lower.replace('ß', "ss").replace('ς', "σ"), out);
    } else {
        push_nfc(&lower, out);
    }
}

/// Appends a field's part of an identity.
pub fn identity_part(field: &Field, value: &str, out: &mut String) {
    let start = out.len();
    match field.kind {
        FieldKind::Name
        | FieldKind::Group
        | FieldKind::Tags
        | FieldKind::Agent
        | FieldKind::Company
        | FieldKind::Document => fold_name(value, out),
        _ => out.push_str(value),
    }
    if field.ignores_punctuation {
        take_out_punctuation(out, start);
    }
}

/// Keeps letters and digits: `52.345.678` becomes `52345678`. A text without either stays as it is.
fn take_out_punctuation(out: &mut String, start: usize) {
    let part = &out[start..];
    if part.bytes().all(|byte| byte.is_ascii_alphanumeric()) || !part.contains(char::is_alphanumeric) {
        return;
    }
    let kept: String =
        part.chars().filter(|sign| sign.is_alphanumeric() || is_combining_mark(*sign)).collect();
    out.truncate(start);
    out.push_str(&kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(name: &str) -> String {
        let mut out = String::from("before ");
        fold_name(name, &mut out);
        out.strip_prefix("before ").unwrap().to_owned()
    }

    #[test]
    fn names_are_told_apart_whatever_their_case() {
        for (name, others) in [
            ("strasse", &["Straße", "STRASSE", "STRAẞE", " strasse "][..]),
            ("σοφοσ", &["σοφος", "ΣΟΦΟΣ", "σοφοσ", "Σοφος"]),
            ("josé ana", &["JOSÉ  Ana", "Jose\u{301} ANA"]),
            ("gold", &["Gold", "gold", "GOLD"]),
        ] {
            others.iter().for_each(|other| assert_eq!(folded(other), name, "{other}"));
        }
        assert_ne!(folded("jose"), folded("josé"));
    }
}
