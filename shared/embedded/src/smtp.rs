//! Notification e-mails by SMTP, if the home names a server.

use std::fmt;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::{Address, SmtpTransport, Transport};
use serde::{Deserialize, Serialize};

/// The most time that a command waits for a server.
const PATIENCE: Duration = Duration::from_secs(15);

/// The delivery state of an e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// The server could not accept it yet: the next command tries again.
    Waiting,
    /// The server accepted it.
    Sent,
    /// The server refused it for good.
    Refused,
}

/// A mail server.
pub(crate) struct Smtp(SmtpTransport);

impl fmt::Debug for Smtp {
    /// Hides the address of the server, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp")
    }
}

impl Smtp {
    /// Parses `smtp://user:password@host:port`, or `smtps://…`.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let builder = SmtpTransport::from_url(url.trim())
            .map_err(|_| "smtp_url: takes an address such as smtp://user:password@host:587?tls=required")?;
        Ok(Self(builder.timeout(Some(PATIENCE)).build()))
    }

    /// Sends a message unchanged.
    pub(crate) fn send(&self, from: &str, to: &[String], message: &[u8]) -> Delivery {
        let parse = |address: &str| address.parse::<Address>().ok();
        let Some(from) = parse(from) else { return Delivery::Refused };
        let to: Vec<_> = to.iter().filter_map(|address| parse(address)).collect();
        let Ok(envelope) = Envelope::new(Some(from), to) else { return Delivery::Refused };
        // Replies of servers contain addresses, so they are not reported.
        match self.0.send_raw(&envelope, message) {
            Ok(_) => Delivery::Sent,
            Err(error) if error.is_permanent() => Delivery::Refused,
            Err(_) => Delivery::Waiting,
        }
    }
}
