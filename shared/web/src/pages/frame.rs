//! What all pages share: language, links, and the program they are about.

use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::number_format::whole;

use crate::extract::Scope;
use crate::words::{PageWords, Words, filled};

/// The frame of a page.
pub(super) struct Frame {
    pub(super) locale: Locale,
    pub(super) w: &'static PageWords,
    pub(super) program: Option<FrameProgram>,
    /// The link of the menu that the page is under.
    pub(super) here: &'static str,
    /// Where a choice of language leads back to.
    pub(super) back: String,
    /// Whether there is a page of contacts.
    pub(super) contacts: bool,
}

/// The program of a page.
pub(super) struct FrameProgram {
    pub(super) name: String,
    pub(super) title: String,
}

/// A language to choose.
pub(super) struct Language {
    pub(super) tag: &'static str,
    pub(super) name: &'static str,
    pub(super) chosen: bool,
}

impl Frame {
    /// A page about no program.
    pub(super) fn plain(locale: Locale, back: &str) -> Self {
        let w = &Words::of(locale).page;
        Self { locale, w, program: None, here: "", back: plain_path(back), contacts: false }
    }

    /// A page about a program.
    pub(super) fn of(scope: &Scope, here: &'static str, back: &str) -> Self {
        let program = FrameProgram { name: scope.program.to_string(), title: title(scope) };
        Self { program: Some(program), here, ..Self::plain(scope.locale, back) }
    }

    pub(super) fn languages(&self) -> Vec<Language> {
        let language = |(locale, name): (Locale, &'static str)| Language {
            tag: locale.as_str(),
            name,
            chosen: locale == self.locale,
        };
        let all = [
            (Locale::En, "English"),
            (Locale::Pt, "Português"),
            (Locale::De, "Deutsch"),
            (Locale::Fr, "Français"),
            (Locale::Es, "Español"),
        ];
        all.map(language).into()
    }

    /// A text with its slots filled.
    pub(super) fn fill(&self, text: &str, slots: &[(&str, &str)]) -> String {
        filled(self.locale, text, slots)
    }

    /// A number as the language writes it.
    pub(super) fn number(&self, number: u64) -> String {
        whole(number, self.locale)
    }
}

/// The title of a program; its name where it has none.
pub(super) fn title(scope: &Scope) -> String {
    if scope.settings.title.is_empty() { scope.program.to_string() } else { scope.settings.title.clone() }
}

/// A path that needs no escaping in a query.
fn plain_path(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    if path.bytes().all(plain) { path.to_owned() } else { "/".to_owned() }
}
