//! `rollcall program`: the settings of programs, to which imports belong.

use std::path::Path;
use std::str::FromStr;

use pollster::block_on;
use rollcall_domain::plan::object_keys::{self, PauseRequest};
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::types::locale::Locale;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::{Home, HomeError};
use rollcall_pipeline::migrate::Sources;
use rollcall_pipeline::pause::follow_requests;
use rollcall_pipeline::ports::Objects;
use serde::Serialize;

use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use crate::host::open_for_settings;
use crate::programs::{program_of, settings_of};

/// Create, update, list and show programs
#[derive(Debug, clap::Subcommand)]
pub enum Program {
    /// Create a program, or update the settings that are given
    Set(Set),
    /// List every program
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show the settings of a program
    Show {
        /// The program
        program: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
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
    /// Server that is told when an import is over: a public https address; empty removes it
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
}

impl Program {
    /// Writes or shows settings.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        match self {
            Program::Set(set) => set.run(home),
            Program::Pause(named) => named.pause(home, true),
            Program::Resume(named) => named.pause(home, false),
            Program::List { json } => list(home, json),
            Program::Show { program, json } => show(home, &program, json),
        }
    }
}

impl Set {
    fn run(self, home: &Path) -> Result<Exit, Failure> {
        let set = self;
        let program = ProgramName::parse(&set.program).map_err(|error| Failure::said(error.to_string()))?;
        if program.is_marketplace() {
            return Err(Failure::said("the marketplace belongs to no program and has no settings"));
        }
        // Check first, so that an invalid name does not create a home.
        set.over(Settings::default()).check().map_err(Failure::said)?;
        let home = open_for_settings(home)?;
        let key = object_keys::settings(&program);
        let before = settings_of(&home, &program)?;
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
        if settings_of(&home, &program)?.is_none() {
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
            webhook_url: match self.webhook_url.as_deref() {
                Some("") => None,
                Some(url) => Some(url.to_owned()),
                None => before.webhook_url,
            },
            options: before.options,
        }
    }
}

/// A program with its settings.
#[derive(Debug, Serialize)]
struct Shown {
    program: String,
    #[serde(flatten)]
    settings: Settings,
}

/// The programs of a home with their settings, by name. Settings that are not valid end the list: they say what to fix.
fn programs(home: &Home) -> Result<Vec<Shown>, Failure> {
    let keys = block_on(home.bucket().list("settings/"))?;
    let name = |key: &String| {
        let name = key.strip_prefix("settings/")?.strip_suffix(".toml")?;
        ProgramName::parse(name).ok()
    };
    let mut shown = Vec::new();
    for program in keys.iter().filter_map(name) {
        if let Some(settings) = settings_of(home, &program)? {
            shown.push(Shown { program: program.to_string(), settings });
        }
    }
    Ok(shown)
}

fn list(home: &Path, json: bool) -> Result<Exit, Failure> {
    let shown = match Home::open_shared(home) {
        Ok(home) => programs(&home)?,
        Err(HomeError::Missing(_)) if json => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if json {
        answer::print(&answer::pretty(&shown))?;
        return Ok(Exit::Well);
    }
    let titles = ["title", "region", "locale", "time zone", "notify"];
    let name = Column::words("program").whole();
    let mut table = Table::new(std::iter::once(name).chain(titles.map(Column::words)));
    for Shown { program, settings } in shown {
        table.add([
            program,
            settings.title,
            settings.region.unwrap_or_default(),
            settings.locale.as_str().to_owned(),
            settings.time_zone.unwrap_or_default(),
            settings.notify.join(", "),
        ]);
    }
    answer::print(&table.render(0))?;
    Ok(Exit::Well)
}

fn show(home: &Path, name: &str, json: bool) -> Result<Exit, Failure> {
    let home = Home::open_shared(home)?;
    let program = program_of(&home, name)?;
    let settings = settings_of(&home, &program)?.unwrap_or_default();
    if json {
        answer::print(&answer::pretty(&Shown { program: program.to_string(), settings }))?;
        return Ok(Exit::Well);
    }
    let file = home.bucket().root().join(object_keys::settings(&program));
    answer::print(&format!("# {}\n{}", file.display(), settings.to_toml()))?;
    Ok(Exit::Well)
}
