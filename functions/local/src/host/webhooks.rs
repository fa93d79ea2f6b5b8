//! Tells the servers of programs that imports are over.

use std::collections::BTreeSet;
use std::sync::{OnceLock, PoisonError};

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::types::names::ProgramName;
use rollcall_domain::types::secret::Secret;
use rollcall_embedded::webhook_client::HttpsClient;
use rollcall_embedded::webhooks::Announced;
use rollcall_pipeline::webhook::{Delivery, deliver};

use super::Host;
use crate::answer::{Failure, say};

/// In debug builds, requests go to this server of the machine instead of to their host: for tests. Releases do not read it.
#[cfg(debug_assertions)]
const TEST_VARIABLE: &str = "ROLLCALL_TEST_WEBHOOK_TO";

/// The client, made at the first use: most homes have no webhook.
fn client() -> &'static HttpsClient {
    static CLIENT: OnceLock<HttpsClient> = OnceLock::new();
    CLIENT.get_or_init(|| {
        #[cfg(debug_assertions)]
        if let Some(address) = std::env::var(TEST_VARIABLE).ok().and_then(|address| address.parse().ok()) {
            return HttpsClient::to_a_test(address);
        }
        HttpsClient::new()
    })
}

impl Host {
    /// Tells servers what is due, and what came of it. A server that does not take one is told nothing more this time, so
    /// that it does not hold up those of other programs.
    pub(super) fn tell_webhooks(&self, told: impl FnMut(&Announced)) {
        self.tell_or_say(&mut BTreeSet::new(), told);
    }

    /// The same for a command that ends soon: what is not taken waits for the next one.
    pub(super) fn tell_and_say(&self) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        self.tell_or_say(&mut silent, |announced| {
            if !announced.taken {
                say(webhook_text(announced));
            }
        });
    }

    fn tell_or_say(&self, silent: &mut BTreeSet<ProgramName>, told: impl FnMut(&Announced)) {
        if let Err(failure) = self.tell_due(silent, told) {
            say(format_args!("webhooks: {failure}"));
        }
    }

    fn tell_due(
        &self,
        silent: &mut BTreeSet<ProgramName>,
        mut told: impl FnMut(&Announced),
    ) -> Result<(), Failure> {
        let webhooks = self.home.outbox().webhooks();
        let secret = Secret::new(self.home.secret());
        for announced in webhooks.waiting()?.iter().filter(|announced| is_due(announced)) {
            let program = &announced.announcement.program;
            if silent.contains(program) {
                continue;
            }
            let (bucket, message) = (self.home.bucket(), &announced.announcement);
            let answer = block_on(deliver(bucket, client(), &secret, message, Timestamp::now()))?;
            let noted = webhooks.note(announced, &answer, Timestamp::now())?;
            if matches!(answer, Delivery::Failed(_)) {
                silent.insert(program.clone());
            }
            told(&noted);
        }
        Ok(())
    }

    /// Whether a server is to be told something now.
    pub(super) fn has_due_webhooks(&self) -> bool {
        self.home.outbox().webhooks().waiting().is_ok_and(|waiting| waiting.iter().any(is_due))
    }
}

fn is_due(announced: &Announced) -> bool {
    announced.next_at.is_none_or(|at| at <= Timestamp::now())
}

/// What came of an attempt, for the terminal: ids and the reason, no address.
pub fn webhook_text(announced: &Announced) -> String {
    let import = &announced.announcement.import_id;
    let reason = announced.reason.as_deref().unwrap_or_default();
    match announced.next_at {
        _ if announced.taken => format!("webhook of {import}: taken"),
        Some(next) => format!("webhook of {import}: {reason}; tried again at {next:.0}"),
        None => format!("webhook of {import}: given up: {reason}"),
    }
}
