//! Domains as people read them: `xn--mller-kva.example` is `müller.example`.

use std::borrow::Cow;

const ACE: &str = "xn--";

/// A text whose internationalised domains are written in their own letters; for people only, never for a match.
pub fn readable_domain(text: &str) -> Cow<'_, str> {
    if !text.contains(ACE) {
        return Cow::Borrowed(text);
    }
    let is_of_domain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|sign| !is_of_domain(sign)).unwrap_or(rest.len());
        out.push_str(&domain(&rest[..end]));
        let between = rest[end..].find(is_of_domain).map_or(rest.len(), |length| end + length);
        out.push_str(&rest[end..between]);
        rest = &rest[between..];
    }
    Cow::Owned(out)
}

/// A domain in its own letters, if it is one that leads back to the same.
fn domain(word: &str) -> Cow<'_, str> {
    if !word.contains(ACE) {
        return Cow::Borrowed(word);
    }
    let (shown, valid) = idna::domain_to_unicode(word);
    let leads_back = idna::domain_to_ascii(&shown).is_ok_and(|ascii| ascii.eq_ignore_ascii_case(word));
    if valid.is_ok() && leads_back { Cow::Owned(shown) } else { Cow::Borrowed(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_shown_in_their_own_letters() {
        for (text, shown) in [
            ("ann@xn--mller-kva.example", "ann@müller.example"),
            ("https://xn--bcher-kva.example/xn", "https://bücher.example/xn"),
            ("a@xn--mller-kva.example, b@xn--e1afmkfd.example", "a@müller.example, b@пример.example"),
            ("plain@acme.example", "plain@acme.example"),
            ("xn--", "xn--"),
            ("ann@xn--a.example", "ann@xn--a.example"),
            ("ü xn--mller-kva.example ü", "ü müller.example ü"),
        ] {
            assert_eq!(readable_domain(text), shown, "{text}");
        }
    }
}
