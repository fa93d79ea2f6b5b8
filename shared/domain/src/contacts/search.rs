//! Finds contacts by what people type: case and accents do not count, nor how a phone is written.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::contacts::view::Contact;
use crate::profile::compiled::Profile;
use crate::types::field_kind::FieldKind;

/// Digits of a phone that are worth a search; fewer are in nearly every one.
const FEWEST_DIGITS: usize = 3;

/// A text to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Each word must be in one of the values.
    words: Vec<String>,
    /// The digits, where the text may be a phone.
    digits: Option<String>,
}

impl Search {
    /// Reads what somebody typed; `None` where it is blank, which finds everything.
    pub fn new(text: &str) -> Option<Self> {
        let words: Vec<String> = text.split_whitespace().map(fold).filter(|word| !word.is_empty()).collect();
        let digits = Some(text).filter(|text| text.chars().all(is_of_phone)).map(digits_of);
        // A national number has a zero in front that the international one has not.
        let digits = digits.map(|digits| digits.trim_start_matches('0').to_owned());
        let digits = digits.filter(|digits| digits.len() >= FEWEST_DIGITS);
        (!words.is_empty()).then_some(Self { words, digits })
    }

    /// Whether a contact has the text: in its name, its address, a phone or a company, as they are shown to the program.
    /// `profile` is the contact's, where it is known.
    pub fn finds(&self, contact: &Contact, profile: Option<&Profile>) -> bool {
        let by_phone = |digits: &String| contact.phones.iter().any(|phone| digits_of(phone).contains(digits));
        if self.digits.as_ref().is_some_and(by_phone) {
            return true;
        }
        let mut values: Vec<String> =
            [&contact.name, &contact.email, &contact.custom_contact].map(|value| fold(value)).into();
        for field in profile.iter().flat_map(|profile| &profile.fields) {
            if is_searched(field.kind) {
                values.extend(contact.fields.get(&*field.name).map(|value| fold(value)));
            }
        }
        let phones: Vec<String> = contact.phones.iter().map(|phone| digits_of(phone)).collect();
        let in_phone = |word: &String| {
            let digits = digits_of(word);
            digits.len() >= FEWEST_DIGITS
                && word.chars().all(is_of_phone)
                && phones.iter().any(|phone| phone.contains(&digits))
        };
        self.words.iter().all(|word| values.iter().any(|value| value.contains(word)) || in_phone(word))
    }
}

fn is_searched(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Name | FieldKind::Company | FieldKind::Email)
}

fn is_of_phone(sign: char) -> bool {
    sign.is_ascii_digit() || sign.is_whitespace() || "+-().".contains(sign)
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A text without case and accents.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for sign in text.nfkd().filter(|sign| !is_combining_mark(*sign)).flat_map(char::to_lowercase) {
        match sign {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            // What a capital with a dot leaves.
            sign if is_combining_mark(sign) => {}
            sign => folded.push(sign),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::contact::Record;
    use crate::contacts::view::StoredContact;
    use crate::types::id::ContactId;
    use crate::types::names::ProgramName;

    #[test]
    fn contacts_are_found_as_people_type() {
        let fields = [("company", "Müller & Söhne GmbH"), ("note", "Wiedervorlage")];
        let record = Record {
            profile: "leads".into(),
            name: "José Łukasz Strauß".into(),
            email: "jose@correio.example".into(),
            phones: vec!["+5511961234567".into()],
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Record::default()
        };
        let contact = StoredContact {
            program: &ProgramName::parse("acme").unwrap(),
            contact_id: ContactId::derive("acme", "leads", "jose@correio.example"),
            import_id: "i",
            invitation: String::new(),
            record,
            account: None,
            groups: Vec::new(),
            sign_ups: Vec::new(),
            in_cadence: false,
        }
        .resolve();
        let leads = Profile::built_in("leads").unwrap();
        for (text, found) in [
            ("jose", true),
            ("JOSÉ", true),
            ("lukasz jos", true),
            ("strauss", true),
            ("STRAUß", true),
            ("jose@correio", true),
            ("(11) 96123-4567", true),
            ("011 96123", true),
            ("+55 11", true),
            ("jose 96123", true),
            ("muller sohne", true),
            ("müller", true),
            ("mueller", false),
            ("wiedervorlage", false),
            ("12", false),
            ("999", false),
            ("jose maria", false),
        ] {
            let search = Search::new(text).unwrap();
            assert_eq!(search.finds(&contact, Some(&leads)), found, "{text}");
        }
        assert_eq!(Search::new("  "), None);
        assert!(!Search::new("muller").unwrap().finds(&contact, None));
    }
}
