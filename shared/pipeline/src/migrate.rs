//! Scheduled migrations: files of a partner's platform arrive under a prefix, and a schedule starts a search for new
//! ones.
//!
//! Each file is imported once, whatever happens in between. The import id is derived from the object, as for a drop;
//! a known import is left to its stage, or to the sweep. A search stores no state, so no state can be lost: it also
//! finds objects that appear late or out of order.

use std::future::Future;
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use rollcall_domain::plan::object_keys::{Drop, DropTarget, starts_an_import};
use rollcall_domain::types::names::{ProfileName, ProgramName};
use serde::Deserialize;

use crate::ports::{Answer, Clock, Dropped, ImportItem, Imports, ObjectVersion, Objects};
use crate::request::new_item;

/// The prefix for files of migrations; functions may read there.
pub const SOURCES: &str = "sources/";

/// A migration as its schedule describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Migration {
    /// The program.
    pub program: ProgramName,
    /// The profile.
    pub profile: ProfileName,
    /// The prefix of the files, under [`SOURCES`].
    pub source: String,
    /// Whether the imports are dry runs.
    #[serde(default)]
    pub dry_run: bool,
    /// The deadline of a file, if the schedule requires one.
    #[serde(default)]
    pub expected: Option<Expected>,
}

/// A file that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Expected {
    /// The deadline.
    pub by: Timestamp,
    /// The number of hours before the deadline that count.
    pub within_hours: u32,
}

/// The objects under a prefix.
pub trait Sources: Send + Sync {
    /// All keys under a prefix, ascending.
    fn list(&self, prefix: &str) -> impl Future<Output = Answer<Vec<String>>> + Send;
    /// The keys under a prefix whose current object was written in a span of time, ascending.
    fn written(
        &self,
        prefix: &str,
        span: Range<Timestamp>,
    ) -> impl Future<Output = Answer<Vec<String>>> + Send {
        async move {
            let mut written = Vec::new();
            for key in self.list(prefix).await? {
                let found = self.found(&key).await?;
                written.extend(found.filter(|found| span.contains(&found.object.modified)).map(|_| key));
            }
            Ok(written)
        }
    }
    /// The current object under a key; `None` if there is none.
    fn found(&self, key: &str) -> impl Future<Output = Answer<Option<Dropped>>> + Send;
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Looked {
    /// Objects without an import, to be split.
    pub new: Vec<ImportItem>,
    /// If an expected file is missing: the import that ends as failed, and the cause. A second search for the same
    /// deadline returns the same import, so there is one notification.
    pub missing: Option<(ImportItem, String)>,
}

/// Searches for files of a migration.
///
/// # Errors
/// If a port fails. The search may be repeated.
pub async fn look(
    objects: &(impl Objects + Sources),
    imports: &impl Imports,
    clock: &impl Clock,
    migration: &Migration,
) -> Answer<Looked> {
    let mut looked = Looked::default();
    let mut newest = None;
    for key in objects.list(&migration.source).await? {
        let file = file_of(&key);
        if !starts_an_import(file) {
            continue;
        }
        // Removed since it was listed.
        let Some(Dropped { object, options }) = objects.found(&key).await? else { continue };
        newest = newest.max(Some(object.modified));
        let item = new_item(objects.bucket(), &migration.drop(file), object, options, clock.now());
        if imports.get(&item.import_id).await?.is_none() {
            looked.new.push(item);
        }
    }
    if let Some(expected) = migration.expected
        && newest.is_none_or(|newest| newest < expected.since())
    {
        looked.missing = Some(missing(objects.bucket(), migration, expected, clock.now()));
    }
    Ok(looked)
}

/// The import that represents the missing file.
fn missing(bucket: &str, migration: &Migration, expected: Expected, now: Timestamp) -> (ImportItem, String) {
    let file = format!("expected by {}", expected.by);
    let drop = migration.drop(&file);
    let object = ObjectVersion {
        key: format!("{}/{file}", migration.source.trim_end_matches('/')),
        version: "none".to_owned(),
        len: 0,
        modified: expected.by,
    };
    let why = format!("no file came under {} within {} hours", migration.source, expected.within_hours);
    (new_item(bucket, &drop, object, Vec::new(), now), why)
}

impl Migration {
    /// Whether the source is under the allowed prefix.
    ///
    /// # Errors
    /// One line with the fix.
    pub fn check(&self) -> Result<(), String> {
        if self.source.len() > SOURCES.len() && self.source.starts_with(SOURCES) {
            return Ok(());
        }
        Err(format!("source: takes a prefix under {SOURCES}, such as {SOURCES}{}/", self.program))
    }

    fn drop(&self, file: &str) -> Drop {
        let what = DropTarget::Profile(self.profile.clone());
        Drop { program: self.program.clone(), what, file: file.to_owned(), dry_run: self.dry_run }
    }
}

impl Expected {
    fn since(&self) -> Timestamp {
        self.by - SignedDuration::from_hours(i64::from(self.within_hours))
    }
}

fn file_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}
