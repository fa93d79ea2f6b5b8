//! The profile of the file, and whether another one knows more of its columns.

use std::sync::Arc;

use rollcall_domain::plan::mapping::{Mapping, Role};
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;

use super::View;

/// A profile that the file may be for.
pub(super) struct ProfileChoice {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) chosen: bool,
}

/// Columns more that another profile must know before it is suggested.
const CLEARLY: usize = 2;
/// Headers that are compared.
const HEADERS: usize = 200;

impl View<'_> {
    pub(super) fn profile_choices(&self) -> Vec<ProfileChoice> {
        let choice = |profile: &Arc<Profile>| ProfileChoice {
            name: profile.name.to_string(),
            title: profile.title(self.f.locale).to_owned(),
            chosen: profile.name == self.profile.name,
        };
        self.profiles.iter().map(choice).collect()
    }

    /// Says which profile knows clearly more of the columns, before the reader has chosen any.
    pub(super) fn fits_better(&self) -> Option<String> {
        let is_chosen = self.chosen.kept.iter().any(|(name, _)| name.starts_with("map."));
        if is_chosen || self.preview().mapping.is_none() {
            return None;
        }
        let headers: Vec<&str> =
            self.preview().columns.iter().take(HEADERS).map(|column| column.header.as_str()).collect();
        let options = Options::default();
        let known = |profile: &Profile| {
            let mapping = Mapping::with_header(&headers, profile, &options);
            mapping.columns.iter().filter(|column| matches!(column.role, Role::Field(_))).count()
        };
        let current = known(self.profile);
        let others = self.profiles.iter().filter(|profile| profile.name != self.profile.name);
        // Of equal ones the first.
        let best = others.map(|profile| (known(profile), profile)).rev().max_by_key(|(count, _)| *count);
        let (count, best) = best.filter(|(count, _)| *count >= current + CLEARLY)?;
        let number = |count: usize| self.f.number(count as u64);
        let (count, current) = (number(count), number(current));
        let slots = [("profile", best.title(self.f.locale)), ("count", &count), ("current", &current)];
        Some(self.f.fill(&self.f.w.fits_better, &slots))
    }
}
