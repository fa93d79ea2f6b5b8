//! The address of a program's server, which is told when an import is over.

use std::net::IpAddr;

use url::{Host, Url};

use crate::types::public_address::is_public;

/// An address that a request may be sent to: https, and a host that may be public. What its name resolves to is checked
/// when it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// Characters of an address.
const LONGEST: usize = 2_048;

impl WebhookUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// One line with the reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = |why: &str| {
            Err(format!("webhook_url: takes an https address of a public server, not {text:?}: {why}"))
        };
        if text.len() > LONGEST {
            return Err(format!("webhook_url: takes at most {LONGEST} characters"));
        }
        // The parser would remove them.
        if text.chars().any(|sign| sign.is_whitespace() || sign.is_control()) {
            return invalid("it has blanks");
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return invalid(&error.to_string()),
        };
        if url.scheme() != "https" {
            return invalid("it does not begin with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("it has a user name or a password");
        }
        if url.fragment().is_some() {
            return invalid("it has a fragment (#)");
        }
        let is_public = match url.host() {
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            Some(Host::Domain(name)) => is_public_name(name),
            None => false,
        };
        if !is_public { invalid("its host is private") } else { Ok(Self(url)) }
    }

    /// The address as it is requested.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Whether a name may belong to a public server: names of this machine and of its network do not.
fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && !["localhost", "local", "internal", "home", "lan"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_to_a_public_host_is_taken() {
        for url in [
            "https://hooks.acme.example/rollcall",
            "https://hooks.acme.example:8443/a?b=c",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]/",
            "https://bücher.example/",
        ] {
            WebhookUrl::parse(url).unwrap_or_else(|error| panic!("{error}"));
        }
        for (url, why) in [
            ("http://hooks.acme.example/", "https://"),
            ("ftp://hooks.acme.example/", "https://"),
            ("hooks.acme.example", "relative"),
            ("", "relative"),
            ("https://", "empty host"),
            ("https://user:secret@hooks.acme.example/", "password"),
            ("https://hooks.acme.example/#a", "fragment"),
            ("https://hooks.acme.example/a b", "blanks"),
            ("https://hooks.acme.example/\n", "blanks"),
            ("https://localhost/", "private"),
            ("https://LOCALHOST./", "private"),
            ("https://a.localhost/", "private"),
            ("https://intranet/", "private"),
            ("https://metadata.google.internal/", "private"),
            ("https://printer.local/", "private"),
            ("https://127.0.0.1/", "private"),
            ("https://127.1/", "private"),
            ("https://2130706433/", "private"),
            ("https://0x7f.0.0.1/", "private"),
            ("https://0177.0.0.1/", "private"),
            ("https://169.254.169.254/latest/meta-data", "private"),
            ("https://10.1.2.3/", "private"),
            ("https://[::1]/", "private"),
            ("https://[::ffff:127.0.0.1]/", "private"),
            ("https://[fd00:ec2::254]/", "private"),
            ("https://１２７.0.0.1/", "private"),
        ] {
            let error = WebhookUrl::parse(url).expect_err(url);
            assert!(error.starts_with("webhook_url: ") && error.contains(why), "{url}: {error}");
        }
        assert!(WebhookUrl::parse(&format!("https://a.example/{}", "a".repeat(3_000))).is_err());
    }
}
