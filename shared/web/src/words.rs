//! The words of the pages and of problems, in five languages: one file for each, every text a field of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rollcall_domain::messages::catalogue::Messages;
use rollcall_domain::types::locale::Locale;
use serde::Deserialize;

/// A language file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The pages.
    pub page: PageWords,
    /// What a file of a built-in profile holds, by profile.
    pub profile_note: BTreeMap<String, String>,
    /// What is wrong with a request, by code.
    pub problem: BTreeMap<String, String>,
    /// How to fix it, by code.
    pub problem_fix: BTreeMap<String, String>,
}

impl Words {
    /// The words of a language.
    pub fn of(locale: Locale) -> &'static Self {
        static BOOKS: [OnceLock<Words>; 5] = [const { OnceLock::new() }; 5];
        BOOKS[locale as usize].get_or_init(|| {
            let source = match locale {
                Locale::En => include_str!("../locales/en.toml"),
                Locale::Pt => include_str!("../locales/pt.toml"),
                Locale::De => include_str!("../locales/de.toml"),
                Locale::Fr => include_str!("../locales/fr.toml"),
                Locale::Es => include_str!("../locales/es.toml"),
            };
            // The files are part of the program, and a test reads each of them.
            toml::from_str(source).expect("a language file is complete")
        })
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($field:ident)*) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(#[doc = concat!("The text `", stringify!($field), "`.")] pub $field: String,)*
        }
    };
}

words! {
    /// The words of the pages.
    PageWords:
    skip programs language menu no_programs no_programs_fix imports latest_imports all_imports older no_imports
    contacts new_import file profile state started rows row taken rejected dry_run running choose_profile
    template_csv template_xlsx choose_file file_note upload uploading looking upload_lost needs_script check_file
    refused columns columns_note field column samples not_mapped column_of suggested left_over kept_columns all_profiles and_more
    unknown_values unknown_note value count stands_for meaning_of settings delimiter encoding sheet detected tab
    mode mode_upsert mode_create mode_update drop_invalid allow_duplicates replace remember remembered look_again
    preview show status all new exists active error counts partial_rows partial_bytes take take_row type_over notes
    no_rows_shown previous_rows next_rows rows_from_to start_dry_run dry_run_note import_of dry_run_of
    phase_splitting phase_waiting phase_working phase_rate phase_finalizing phase_over phase_paused progress cancel cancelling approve
    approve_note approved_as approves outcome errors warnings what fix affected lines changes changed downloads
    file_report file_succeeded file_failed file_changes file_removed file_undone file_summary file_upload undo
    notify_me over_news problem_title home yes close search search_on nobody_found no_contacts more_contacts
    contact_name contact_email contact_phones contact_group contact_groups contact_tags contact_account
    contact_invite contact_partner contact_prospect contact_import contact_erased erase erase_note erase_everywhere
    erase_again erase_sure undo_note undone_as undoes undo_of undo_try_of undo_try undo_confirm undo_confirm_note undo_leave known_many known_none history history_none
    did_created did_updated did_removed did_restored value_before value_after export_note export_csv export_xlsx
    needs one_of template file_holds fits_better also_from together choose_columns as_read approve_counts back_to_file
}

/// A text with its slots filled.
pub fn filled(locale: Locale, text: &str, slots: &[(&str, &str)]) -> String {
    Messages::of(locale).filled(text, slots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;

    fn slots(text: &str) -> Vec<&str> {
        let mut slots: Vec<&str> =
            text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        slots.sort_unstable();
        slots
    }

    fn table(locale: Locale) -> toml::Table {
        let source = match locale {
            Locale::En => include_str!("../locales/en.toml"),
            Locale::Pt => include_str!("../locales/pt.toml"),
            Locale::De => include_str!("../locales/de.toml"),
            Locale::Fr => include_str!("../locales/fr.toml"),
            Locale::Es => include_str!("../locales/es.toml"),
        };
        source.parse().unwrap()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_slots() {
        let english = table(Locale::En);
        for locale in Locale::ALL {
            let words = Words::of(locale);
            for kind in Kind::ALL {
                assert!(words.problem.contains_key(kind.code()), "{locale}: {}", kind.code());
                assert!(words.problem_fix.contains_key(kind.code()), "{locale}: {}", kind.code());
            }
            for (section, texts) in &english {
                for (name, text) in texts.as_table().unwrap() {
                    let other = table(locale)[section][name].as_str().unwrap().to_owned();
                    assert!(!other.is_empty(), "{locale}: {name}");
                    assert_eq!(slots(&other), slots(text.as_str().unwrap()), "{locale}: {name}");
                }
            }
        }
    }
}
