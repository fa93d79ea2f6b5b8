//! A program's settings: `settings/<program>.toml`.

use crate::clean::email::is_address;
use crate::profile::toml_table::toml_error;
use crate::profile::webhook_url::WebhookUrl;
use serde::{Deserialize, Serialize};

use crate::clean::DayOrder;
use crate::clean::phone::Region;
use crate::types::limits;
use crate::types::locale::Locale;

/// A program: the tenant of its imports, with its language, region and recipients.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The program's name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Country of phones without a country code, ISO 3166.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Language of reports, notifications and messages.
    pub locale: Locale,
    /// Time zone of times shown to people, an IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The sender of notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The recipients of notifications.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
    /// Domains whose addresses the option `notify` of a drop may name, besides the addresses in `notify`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify_domains: Vec<String>,
    /// Whether a small file of failed rows is attached to notification e-mails.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub attach_failed: bool,
    /// The program's console, which notification e-mails link to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_url: Option<String>,
    /// The server that is told when an import is over: an https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// Options for every drop; the options of the drop itself take precedence.
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::profile::options_table::OptionsTable"))]
    pub options: toml::Table,
}

impl Settings {
    /// Parses and checks settings.
    ///
    /// # Errors
    /// One line with the place, the problem and its fix.
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks each value.
    ///
    /// # Errors
    /// One line with the setting and its allowed values.
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
        if let Some(domain) = self.notify_domains.iter().find(|domain| !is_address(&format!("a@{domain}"))) {
            return Err(format!("notify_domains: takes domains, such as acme.example, not {domain:?}"));
        }
        if let Some(url) = &self.console_url
            && !is_web_address(url)
        {
            return Err(format!(
                "console_url: takes an address that begins with https:// or http://, not {url:?}"
            ));
        }
        self.webhook_url.as_deref().map(WebhookUrl::parse).transpose()?;
        crate::profile::toml_table::pairs(&self.options)?;
        Ok(())
    }

    /// Checks the addresses of the option `notify`: a person who may drop files must not be able to write to
    /// strangers.
    ///
    /// # Errors
    /// The address that is not allowed, or their number.
    pub fn check_notify(&self, addresses: &[String]) -> Result<(), String> {
        if addresses.len() > limits::NOTIFIED {
            return Err(format!("takes at most {} addresses, not {}", limits::NOTIFIED, addresses.len()));
        }
        match addresses.iter().find(|address| !self.may_notify(address)) {
            Some(address) => {
                Err(format!("{address:?} is neither in the program's notify list nor in its notify_domains"))
            }
            None => Ok(()),
        }
    }

    fn may_notify(&self, address: &str) -> bool {
        let is = |known: &String| known.eq_ignore_ascii_case(address);
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let in_domain = |known: &String| known.eq_ignore_ascii_case(domain);
        self.notify.iter().any(is) || self.notify_domains.iter().any(in_domain)
    }

    /// The settings as a file for [`Settings::parse`].
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are tables of plain values")
    }

    /// The region for phones.
    pub fn phone_region(&self) -> Option<Region> {
        self.region.as_deref().and_then(Region::parse)
    }

    /// The default order of a date such as 01/02/2026.
    pub fn day_order(&self) -> DayOrder {
        let region = self.region.as_deref().unwrap_or_default();
        if self.locale == Locale::En && region.eq_ignore_ascii_case("US") {
            DayOrder::MonthFirst
        } else {
            DayOrder::DayFirst
        }
    }

    /// The time zone of times shown to people; UTC if none is set.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        let zone = self.time_zone.as_deref().and_then(|zone| jiff::tz::TimeZone::get(zone).ok());
        zone.unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// The options of every drop, as names and values.
    pub fn default_options(&self) -> Vec<(String, String)> {
        crate::profile::toml_table::pairs(&self.options).unwrap_or_default()
    }
}

/// Whether a link may lead there: the text is a web address on one line.
fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.contains(|sign: char| sign.is_whitespace() || sign.is_control())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_and_written_back() {
        let text = "title = 'Acme'\nregion = 'BR'\nlocale = 'pt'\ntime_zone = 'America/Sao_Paulo'\nnotify = ['a@b.example']\nattach_failed = true\nconsole_url = 'https://console.example'\nwebhook_url = 'https://hooks.acme.example/a'\n";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(Settings::parse(&settings.to_toml()).unwrap(), settings);
        for (text, word) in [
            ("region = 'Brazil'", "two letters"),
            ("time_zone = 'Mars/Base'", "IANA"),
            ("notify = ['nobody']", "e-mail"),
            ("notify_domains = ['@acme.example']", "notify_domains"),
            ("notify_domains = ['acme']", "such as acme.example"),
            ("notify_domains = ['acme.example', 'a b.example']", "notify_domains"),
            ("notify_domains = ['https://acme.example']", "notify_domains"),
            ("console_url = 'javascript:alert(1)'", "https://"),
            ("console_url = 'https://a b'", "https://"),
            ("webhook_url = 'http://hooks.acme.example/'", "https"),
            ("webhook_url = 'https://192.168.0.1/'", "private"),
            ("titel = 'x'", "line 1"),
            ("title = 'a'\nlocale = 'klingon'", "line 2"),
        ] {
            let error = Settings::parse(text).expect_err(text);
            assert!(error.contains(word), "{error}");
        }
    }
}
