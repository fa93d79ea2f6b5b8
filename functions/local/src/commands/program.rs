//! `rollcall program`: the settings of programs, to which imports belong.

use std::path::Path;
use std::str::FromStr;

use pollster::block_on;
use rollcall_domain::plan::object_keys::{self, PauseRequest};
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::Home;
use rollcall_pipeline::pause::follow_requests;
use rollcall_pipeline::ports::Objects;

use crate::answer;
use crate::answer::{Exit, Failure};
use crate::host::open_for_settings;

/// Create, update, list and show programs
#[derive(Debug, clap::Subcommand)]
pub enum Program {
    /// Create a program, or update the settings that are given
    Set(Set),
    /// Let a program's imports wait: no chunk is begun, nothing is lost
    Pause(Named),
    /// Let a program's imports go on; the next command that imports, or the watch, finishes them
    Resume(Named),
}

#[derive(Debug, clap::Args)]
pub struct Named {
    /// The program
    program: String,
}

#[derive(Debug, clap::Args)]
pub struct Set {
    /// Name of the program: 1 to 64 of a-z, 0-9 and hyphen
    program: String,
    /// Title for people, in reports and e-mails
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// Default region of phones without a country code, such as BR
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Language of reports and notification e-mails: en, pt, de, fr or es
    #[arg(long, value_name = "LOCALE", value_parser = Locale::from_str)]
    locale: Option<Locale>,
    /// Time zone of times in reports and e-mails, such as America/Sao_Paulo
    #[arg(long, value_name = "TIME-ZONE")]
    time_zone: Option<String>,
    /// Recipient of notification e-mails; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    notify: Vec<String>,
    /// Domain whose addresses the option `notify` may name; may be repeated
    #[arg(long = "notify-domain", value_name = "DOMAIN")]
    notify_domains: Vec<String>,
    /// Sender of notification e-mails
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    /// Attach the file of failed rows to notification e-mails, up to 1 MiB
    #[arg(long, value_name = "true|false")]
    attach_failed: Option<bool>,
    /// Address of the console, for links in notification e-mails
    #[arg(long, value_name = "URL")]
    console_url: Option<String>,
}

impl Program {
    /// Writes the program's settings.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let set = match self {
            Program::Set(set) => set,
            Program::Pause(named) => return named.pause(home, true),
            Program::Resume(named) => return named.pause(home, false),
        };
        let program = ProgramName::parse(&set.program).map_err(|error| Failure::said(error.to_string()))?;
        if program.is_marketplace() {
            return Err(Failure::said("the marketplace belongs to no program and has no settings"));
        }
        // Check first, so that an invalid name does not create a home.
        set.over(Settings::default()).check().map_err(Failure::said)?;
        let home = open_for_settings(home)?;
        let key = object_keys::settings(&program);
        let before = read(&home, &key)?;
        let settings = set.over(before.clone().unwrap_or_default());
        settings.check().map_err(Failure::said)?;
        block_on(home.bucket().put(&key, settings.to_toml().into_bytes()))?;
        let done = if before.is_some() { "changed" } else { "set up" };
        let file = home.bucket().root().join(&key);
        answer::print(&format!("{program} is {done}: {}\n", file.display()))?;
        Ok(Exit::Well)
    }
}

impl Named {
    /// Drops the request into the bucket, as one may by hand, and follows it.
    fn pause(&self, home: &Path, pause: bool) -> Result<Exit, Failure> {
        let program = ProgramName::parse(&self.program).map_err(|error| Failure::said(error.to_string()))?;
        // A command that imports may be at work: it sees the request.
        let home = Home::open_shared(home)?;
        if read(&home, &object_keys::settings(&program))?.is_none() {
            return Err(Failure::said(format!(
                "no such program: {program}; `rollcall program set {program}` makes it"
            )));
        }
        let request = PauseRequest { program: program.clone(), pause };
        let word = if pause { "pause\n" } else { "resume\n" };
        block_on(home.bucket().put(&request.key(), word.as_bytes().to_vec()))?;
        let paused = block_on(follow_requests(home.bucket(), &program))?;
        answer::print(&format!("{program} {}\n", if paused { "is paused" } else { "goes on" }))?;
        Ok(Exit::Well)
    }
}

impl Set {
    /// Replaces existing settings by those in the arguments.
    fn over(&self, before: Settings) -> Settings {
        Settings {
            title: self.title.clone().unwrap_or(before.title),
            region: self.region.as_deref().map(str::to_ascii_uppercase).or(before.region),
            locale: self.locale.unwrap_or(before.locale),
            time_zone: self.time_zone.clone().or(before.time_zone),
            sender: self.sender.clone().or(before.sender),
            notify: if self.notify.is_empty() { before.notify } else { self.notify.clone() },
            notify_domains: if self.notify_domains.is_empty() {
                before.notify_domains
            } else {
                self.notify_domains.clone()
            },
            attach_failed: self.attach_failed.unwrap_or(before.attach_failed),
            console_url: self.console_url.clone().or(before.console_url),
            options: before.options,
        }
    }
}

fn read(home: &Home, key: &str) -> Result<Option<Settings>, Failure> {
    let Some(bytes) = block_on(home.bucket().get(key))? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned());
    let settings = text.and_then(|text| Settings::parse(&text)).map_err(|what| {
        let file = home.bucket().root().join(key);
        Failure::said(format!("{}: {what}; mend the file, or remove it to begin anew", file.display()))
    })?;
    Ok(Some(settings))
}
