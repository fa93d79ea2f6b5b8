//! `rollcall watch`: imports files that are dropped into the home's bucket, until it is stopped.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rollcall_domain::plan::object_keys::Drop;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Tuning;
use crate::answer;
use crate::answer::{Exit, Failure};
use crate::host::{Done, Host, MAIL_AGAIN, Watch, WatchEvent, webhook_text};

/// Import the files that are dropped into the home's bucket, until stopped
#[derive(Debug, clap::Args)]
pub struct Watching {
    /// Seconds between attempts to send notification e-mails that are waiting
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..),
        default_value_t = MAIL_AGAIN.as_secs())]
    mail_interval: u64,
    #[command(flatten)]
    tuning: Tuning,
}

impl Watching {
    /// Watches until the first signal; a second one stops the program at once, which loses nothing either.
    pub fn run(&self, home: &Path) -> Result<Exit, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, Exit::Refused as i32, Arc::clone(&stop))?;
            flag::register(signal, Arc::clone(&stop))?;
        }
        let host = Host::open_when_free(home, self.tuning.tune(true), self.tuning.wait())?;
        let _watching = host.home().begin_watch()?;
        let inbox = host.home().bucket().root().join("inbox");
        std::fs::create_dir_all(&inbox)?;
        answer::print(&format!(
            "watching {}\ndrop files into <program>/<profile>/ in it; stop with Ctrl-C\n",
            inbox.display()
        ))?;
        Watch::new(&host, Duration::from_secs(self.mail_interval), tell).run(&stop);
        answer::print("stopped\n")?;
        Ok(Exit::Well)
    }
}

/// Says what the watch did.
pub(super) fn tell(news: WatchEvent<'_>) {
    match news {
        // If nobody reads the output, the watch goes on: its results are in the bucket.
        WatchEvent::Imported(drop, done) => _ = answer::print(&imported(drop, done)),
        WatchEvent::Failed(drop, fault) => {
            answer::say(format_args!("{}: {fault}; tried again later", drop.key()))
        }
        WatchEvent::NotImported(drop, failure) => {
            answer::say(format_args!("{}: not imported: {failure}", drop.key()))
        }
        WatchEvent::Told(announced) if announced.taken => {
            _ = answer::print(&format!("{}\n", webhook_text(announced)))
        }
        WatchEvent::Told(announced) => answer::say(webhook_text(announced)),
        WatchEvent::PassedOver(key, why) => answer::say(format_args!("{key}: not taken: {why}")),
    }
}

fn imported(drop: &Drop, done: &Done) -> String {
    let (summary, rows) = (&done.summary, &done.summary.rows);
    let taken = rows.accepted();
    format!(
        "{} {}: {} rows, {taken} taken, {} rejected, {} unprocessed; {}\n",
        drop.key(),
        summary.status,
        rows.read,
        rows.rejected,
        rows.unprocessed,
        done.results.display()
    )
}
