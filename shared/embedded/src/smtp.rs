//! Notification e-mails by SMTP, if the home names a server.

use std::fmt;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::{Address, SmtpTransport, Transport};
use serde::{Deserialize, Serialize};

/// The most time that a command waits for a server.
const PATIENCE: Duration = Duration::from_secs(15);
/// The reply to a password that is wrong.
const NOT_SIGNED_IN: u16 = 535;
/// The reply of a server that takes nothing now.
const CLOSING: u16 = 421;

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

/// What a server answers to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It took the message for all its recipients.
    Taken,
    /// It refused the message, or one of its recipients, for good.
    Refused,
    /// The same, but it may take it later.
    Later,
    /// It refused whoever the recipients are: the sender, or the password.
    RefusedAll,
    /// It did not answer, or takes nothing now.
    Away,
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

    /// Sends a message unchanged, in one conversation: a server that refuses one recipient gets it for none of them.
    pub(crate) fn send(&self, from: &str, to: &[String], message: &[u8]) -> Reply {
        let Ok(from) = from.parse::<Address>() else { return Reply::RefusedAll };
        let to = to.iter().map(|address| address.parse::<Address>()).collect::<Result<Vec<_>, _>>();
        let envelope = to.ok().and_then(|to| Envelope::new(Some(from), to).ok());
        let Some(envelope) = envelope else { return Reply::Refused };
        // Replies of servers contain addresses, so they are not reported.
        match self.0.send_raw(&envelope, message) {
            Ok(_) => Reply::Taken,
            Err(error) => match error.status().map(u16::from) {
                Some(NOT_SIGNED_IN) => Reply::RefusedAll,
                Some(CLOSING) | None => Reply::Away,
                Some(_) if error.is_permanent() => Reply::Refused,
                Some(_) => Reply::Later,
            },
        }
    }
}
