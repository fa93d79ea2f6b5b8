//! A program's settings: `settings/<program>.toml`.

use crate::clean::email::is_address;
use crate::profile::toml_table::toml_error;
use serde::{Deserialize, Serialize};

use crate::clean::DayOrder;
use crate::clean::phone::Region;
use crate::types::locale::Locale;

/// A program: whom its imports belong to, and how it is spoken to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The program's name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Country that phones without a country code are taken to be of, ISO 3166.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Language of reports, letters and messages.
    pub locale: Locale,
    /// Time zone of times shown to people, an IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whom letters come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Whom to notify.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
    /// Options of every drop, under those of the drop itself.
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::profile::options_table::OptionsTable"))]
    pub options: toml::Table,
}

impl Settings {
    /// Reads and checks settings.
    ///
    /// # Errors
    /// One line that says where, what and how to mend it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks what each value may be.
    ///
    /// # Errors
    /// One line that names the setting and what it takes.
    pub fn check(&self) -> Result<(), String> {
        if let Some(region) = &self.region
            && Region::parse(region).is_none()
        {
            return Err(format!("region: takes a country code of two letters, such as BR, not {region:?}"));
        }
        if let Some(zone) = &self.time_zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return Err(format!("time_zone: takes an IANA name, such as America/Sao_Paulo, not {zone:?}"));
        }
        for address in self.notify.iter().chain(&self.sender) {
            if !is_address(address) {
                return Err(format!("notify and sender: not an e-mail address: {address:?}"));
            }
        }
        crate::profile::toml_table::pairs(&self.options)?;
        Ok(())
    }

    /// The settings as the file that [`Settings::parse`] reads.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are tables of plain values")
    }

    /// The region of phones.
    pub fn phone_region(&self) -> Option<Region> {
        self.region.as_deref().and_then(Region::parse)
    }

    /// How a date such as 01/02/2026 is read where nothing else tells.
    pub fn day_order(&self) -> DayOrder {
        let region = self.region.as_deref().unwrap_or_default();
        if self.locale == Locale::En && region.eq_ignore_ascii_case("US") {
            DayOrder::MonthFirst
        } else {
            DayOrder::DayFirst
        }
    }

    /// The time zone of times shown to people; UTC where none is set.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        let zone = self.time_zone.as_deref().and_then(|zone| jiff::tz::TimeZone::get(zone).ok());
        zone.unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// The options of every drop, as names and values.
    pub fn default_options(&self) -> Vec<(String, String)> {
        crate::profile::toml_table::pairs(&self.options).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_and_written_back() {
        let text = "title = 'Acme'\nregion = 'BR'\nlocale = 'pt'\ntime_zone = 'America/Sao_Paulo'\nnotify = ['a@b.example']\n";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(Settings::parse(&settings.to_toml()).unwrap(), settings);
        for (text, word) in [
            ("region = 'Brazil'", "two letters"),
            ("time_zone = 'Mars/Base'", "IANA"),
            ("notify = ['nobody']", "e-mail"),
            ("titel = 'x'", "line 1"),
            ("title = 'a'\nlocale = 'klingon'", "line 2"),
        ] {
            let error = Settings::parse(text).expect_err(text);
            assert!(error.contains(word), "{error}");
        }
    }
}
