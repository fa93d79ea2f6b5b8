//! Reads profiles, and contains the built-in ones.

use std::sync::{Arc, Mutex, PoisonError};

use crate::profile::compiled::Profile;
use crate::profile::error::ProfileError;
use crate::profile::lint;
use crate::profile::raw::{At, RawProfile};
use crate::types::kind::Kind;

/// The built-in profiles, by name.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("prospects", include_str!("../../profiles/prospects.toml")),
    ("partners", include_str!("../../profiles/partners.toml")),
    ("mailing", include_str!("../../profiles/mailing.toml")),
    ("leads", include_str!("../../profiles/leads.toml")),
    ("accounts", include_str!("../../profiles/accounts.toml")),
];

const DIRECTORY: &[(Kind, &str)] = &[
    (Kind::Accounts, include_str!("../../profiles/directory/accounts.toml")),
    (Kind::Groups, include_str!("../../profiles/directory/groups.toml")),
    (Kind::Tags, include_str!("../../profiles/directory/tags.toml")),
    (Kind::Agents, include_str!("../../profiles/directory/agents.toml")),
    (Kind::Owners, include_str!("../../profiles/directory/owners.toml")),
    (Kind::Companies, include_str!("../../profiles/directory/companies.toml")),
    (Kind::Cadences, include_str!("../../profiles/directory/cadences.toml")),
    (Kind::SignUps, include_str!("../../profiles/directory/sign-ups.toml")),
    (Kind::Suppressions, include_str!("../../profiles/directory/suppressions.toml")),
];

/// The profiles that were parsed last, with their texts, newest first. Each stage of an import reads its profile, and
/// to parse one takes as long as to judge hundreds of rows.
static PARSED: Mutex<Vec<(String, Arc<Profile>)>> = Mutex::new(Vec::new());

/// How many profiles are kept: those of the kinds of import that a process handles at the same time.
const KEPT: usize = 16;

impl Profile {
    /// Parses and checks a profile; it may extend a built-in one. A text that was parsed before is not parsed again.
    ///
    /// # Errors
    /// The line and the fix, if the file is not a valid profile.
    pub fn parse(toml: &str) -> Result<Arc<Self>, ProfileError> {
        let kept = || PARSED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, profile)) = kept().iter().find(|(text, _)| text == toml) {
            return Ok(profile.clone());
        }
        let profile = Arc::new(Self::parse_anew(toml)?);
        let mut kept = kept();
        kept.truncate(KEPT - 1);
        kept.insert(0, (toml.to_owned(), profile.clone()));
        Ok(profile)
    }

    fn parse_anew(toml: &str) -> Result<Self, ProfileError> {
        let own = RawProfile::parse(toml)?;
        let raw = match &own.extends {
            None => own,
            Some(base) => {
                let text = built_in_text(base.value()).ok_or_else(|| unknown_base(base))?;
                own.over(RawProfile::parse(text)?)
            }
        };
        Self::from_raw(raw)
    }

    /// Checks a parsed profile.
    ///
    /// # Errors
    /// If it is not a valid profile.
    pub fn from_raw(raw: RawProfile) -> Result<Self, ProfileError> {
        lint::compile(raw)
    }

    /// A built-in profile.
    pub fn built_in(name: &str) -> Option<Arc<Self>> {
        built_in_text(name).map(|text| Self::parse(text).expect("a test reads every built-in profile"))
    }

    /// The profile of a directory file.
    pub fn of_directory(kind: Kind) -> Arc<Self> {
        let (_, text) =
            DIRECTORY.iter().find(|(known, _)| *known == kind).expect("every kind has a profile, by test");
        Self::parse(text).expect("a test reads every built-in profile")
    }
}

/// The text of a built-in profile.
pub fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn unknown_base(base: &At) -> ProfileError {
    let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    ProfileError::at(
        base,
        format!("no built-in profile to extend: {:?}; one of {}", base.value(), known.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_valid() {
        for (name, _) in BUILT_IN {
            assert_eq!(Profile::built_in(name).unwrap().name.as_str(), *name);
        }
        for kind in Kind::ALL {
            assert_eq!(Profile::of_directory(kind).directory, Some(kind));
        }
    }

    #[test]
    fn a_profile_of_ones_own_extends_a_built_in() {
        let own = Profile::parse(
            "extends = 'prospects'\nname = 'resellers'\n[[fields]]\nname = 'note'\nrequired = true\n",
        )
        .unwrap();
        assert_eq!((own.name.as_str(), own.pool.as_str()), ("resellers", "partners"));
        assert!(own.fields[own.field("note").unwrap()].required);
        assert_eq!(own.field_of_header("E-Mail"), own.field("email"));
        let again = Profile::from_raw(own.raw().clone()).unwrap();
        assert_eq!(again.fields.len(), own.fields.len());
    }

    #[test]
    fn an_invalid_profile_says_line_and_mend() {
        let cases = [
            (
                "name = 'x'\npool = 'x'\nidentity = [['mail']]\n[[fields]]\nname = 'email'\nkind = 'email'\n",
                Some(3),
                "email",
            ),
            ("name = 'x'\nnmae = 'y'\n", Some(2), "nmae"),
            ("name = 'X y'\n", Some(1), "a-z"),
            ("extends = 'nothing'\nname = 'x'\n", Some(1), "prospects"),
            ("name = 'x'\nidentity = [['a']]\n[[fields]]\nname = 'a'\nkind = 'colour'\n", Some(5), "colour"),
            (
                "name = 'x'\nidentity = [['a']]\n[[fields]]\nname = 'a'\n[[fields]]\nname = 'a'\n",
                Some(6),
                "twice",
            ),
            (
                "name = 'x'\nidentity = [['a']]\n[[fields]]\nname = 'a'\n[[fields]]\nname = 'b'\naliases = { en = ['A'] }\n",
                Some(6),
                "a",
            ),
            ("name = 'x'\n[[fields]]\nname = 'a'\n", None, "identity"),
        ];
        for (text, line, word) in cases {
            let error = Profile::parse(text).expect_err(text);
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.to_string().contains(word), "{error} lacks {word:?}");
        }
    }
}
