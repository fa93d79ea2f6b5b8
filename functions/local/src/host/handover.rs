//! Passes an import to the `rollcall watch` that works on a home, and waits for its result.
//!
//! A request is a folder in `handed/` of the home. The command writes `file` and `request.json` into it and holds a
//! lock on `asking` as long as it waits. The watch ignores a request for which no command waits. It writes the import
//! id to `import` before the import begins, and `answer.json` when the import has ended. If the watch ends first, the
//! command does the work itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::home::{Home, HomeError};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Imports;
use serde::{Deserialize, Serialize};

use super::{Done, Host, Tune, WaitFor};
use crate::answer::Failure;

/// How often a command checks for its result.
const LOOK: Duration = Duration::from_millis(100);

const REQUEST: &str = "request.json";
const ANSWER: &str = "answer.json";
const IMPORT: &str = "import";
const FILE: &str = "file";
const ASKING: &str = "asking";

/// The content of `request.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Request {
    /// The key of the drop.
    key: String,
    /// The options of the command.
    given: Vec<(String, String)>,
}

/// The result from the watch: an ended import, or the reason why there is none.
#[derive(Debug, Serialize, Deserialize)]
struct Answered {
    import: Option<ImportId>,
    error: Option<String>,
}

/// A waiting request, as the watch sees it.
#[derive(Debug, Clone)]
pub struct Handed {
    folder: PathBuf,
    /// The requested import.
    pub drop: Drop,
    given: Vec<(String, String)>,
}

/// Passes a file to the watch and waits until the import has ended.
///
/// # Errors
/// If the home cannot be used, or the watch reports why there is no import.
pub fn hand_over(
    home: &Path,
    tune: Tune,
    source: &Path,
    drop: &Drop,
    given: Vec<(String, String)>,
) -> Result<Done, Failure> {
    let shared = Home::open_shared(home)?;
    let request = Request { key: drop.key(), given };
    let (folder, _asking) = write_request(&shared, source, &request)?;
    let done = wait_for(home, tune, &folder, drop, &request);
    // If the folder stays, the next watch removes it: no command waits for it.
    let _ = fs::remove_dir_all(&folder);
    done
}

/// Writes a request; it appears whole. The command holds the lock as long as it waits.
fn write_request(home: &Home, source: &Path, request: &Request) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = Timestamp::now().as_nanosecond();
    let name = format!("{now:020}-{}-{number}", std::process::id());
    let handed = home.handed();
    let draft = handed.join(format!(".{name}"));
    fs::create_dir_all(&draft)?;
    let asking = File::create(draft.join(ASKING))?;
    asking.lock()?;
    fs::copy(source, draft.join(FILE))?;
    fs::write(draft.join(REQUEST), serde_json::to_vec(request).map_err(io::Error::from)?)?;
    let folder = handed.join(name);
    fs::rename(draft, &folder)?;
    Ok((folder, asking))
}

fn wait_for(home: &Path, tune: Tune, folder: &Path, drop: &Drop, request: &Request) -> Result<Done, Failure> {
    loop {
        if let Some(answered) = read_answer(folder) {
            return done_of(&Home::open_shared(home)?, drop, answered);
        }
        if !Home::is_watched(home) {
            match Host::open(home, tune) {
                Err(Failure::Home(HomeError::InUse(_))) => {}
                Err(failure) => return Err(failure),
                Ok(host) => return take_back(&host, folder, drop, request),
            }
        }
        thread::sleep(LOOK);
    }
}

/// Continues after the watch has ended. Opening the home has finished an import that the watch began; otherwise this
/// command begins it.
fn take_back(host: &Host, folder: &Path, drop: &Drop, request: &Request) -> Result<Done, Failure> {
    if let Some(answered) = read_answer(folder) {
        return done_of(host.home(), drop, answered);
    }
    if let Some(import) = begun(host.home(), folder)? {
        return done_of(host.home(), drop, Answered { import: Some(import), error: None });
    }
    host.import(&folder.join(FILE), drop, request.given.clone())
}

/// The import that the watch began for a request.
fn begun(home: &Home, folder: &Path) -> Result<Option<ImportId>, Failure> {
    let id = fs::read_to_string(folder.join(IMPORT)).ok().and_then(|id| id.parse::<ImportId>().ok());
    let Some(import) = id else { return Ok(None) };
    Ok(block_on(home.imports().get(&import))?.map(|item| item.import_id))
}

fn read_answer(folder: &Path) -> Option<Answered> {
    serde_json::from_slice(&fs::read(folder.join(ANSWER)).ok()?).ok()
}

fn done_of(home: &Home, drop: &Drop, answered: Answered) -> Result<Done, Failure> {
    let Some(import) = answered.import else {
        return Err(Failure::said(answered.error.unwrap_or_default()));
    };
    let done = Done::read(home, &drop.program, &import)?;
    done.ok_or_else(|| Fault::damaged("reading an import's artifacts", "an answer is missing").into())
}

/// The waiting requests, the oldest first. Removes requests for which no command waits.
pub fn requests(home: &Home) -> Vec<Handed> {
    let Ok(entries) = fs::read_dir(home.handed()) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders.into_iter().filter_map(handed).collect()
}

fn handed(folder: PathBuf) -> Option<Handed> {
    let is_draft = folder.file_name()?.to_str()?.starts_with('.');
    if !is_asked_for(&folder) && (!is_draft || is_old(&folder)) {
        // A folder that cannot be removed now is removed at the next check.
        let _ = fs::remove_dir_all(&folder);
        return None;
    }
    if is_draft || folder.join(ANSWER).exists() {
        return None;
    }
    let request: Request = serde_json::from_slice(&fs::read(folder.join(REQUEST)).ok()?).ok()?;
    Some(Handed { drop: Drop::parse(&request.key)?, given: request.given, folder })
}

/// Whether a command waits: then it holds the lock.
fn is_asked_for(folder: &Path) -> bool {
    File::options().write(true).open(folder.join(ASKING)).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// Whether a folder is old enough: a younger one may be locked at any moment.
fn is_old(folder: &Path) -> bool {
    let modified = folder.metadata().and_then(|folder| folder.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|elapsed| elapsed > Duration::from_secs(60)))
}

impl Host {
    /// Imports the file of another command, and writes the result for it.
    ///
    /// # Errors
    /// If there is no import; the other command reports that too.
    pub(super) fn take_handed(&self, handed: &Handed) -> Result<Done, Failure> {
        let done = self.import_handed(handed);
        let answered = match &done {
            Ok(done) => Answered { import: done.summary.head.import_id.parse().ok(), error: None },
            Err(failure) => Answered { import: None, error: Some(failure.to_string()) },
        };
        // If the folder does not exist any more, no command waits for the result.
        let written = serde_json::to_vec(&answered).map_err(io::Error::from);
        match written.and_then(|json| write_whole(&handed.folder, ANSWER, &json)) {
            Err(error) if handed.folder.exists() => Err(error.into()),
            _ => done,
        }
    }

    fn import_handed(&self, handed: &Handed) -> Result<Done, Failure> {
        // An earlier watch began it, and opening the home finished it.
        if let Some(import) = begun(&self.home, &handed.folder)? {
            return done_of(&self.home, &handed.drop, Answered { import: Some(import), error: None });
        }
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        let (bucket, key) = (self.home.bucket(), handed.drop.key());
        let prepared = bucket.prepare_drop(&handed.folder.join(FILE), &key, at)?;
        let object = prepared.object();
        let bucket_name = rollcall_pipeline::ports::Objects::bucket(bucket);
        let import = ImportId::derive(bucket_name, &object.key, &object.version, object.modified);
        write_whole(&handed.folder, IMPORT, import.as_str().as_bytes())?;
        self.import_prepared(prepared, &handed.drop, handed.given.clone())
    }
}

/// Writes a file that appears whole.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!(".{name}"));
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(draft, folder.join(name))
}

/// The host for a command: its own, or the watch on the home.
#[derive(Debug)]
pub enum Workplace {
    /// This command works on the home.
    Here(Host),
    /// A watch works on the home and accepts requests.
    Watched(PathBuf, Tune),
}

impl Workplace {
    /// Opens a home, waits for another command that works on it, or finds a watch there.
    ///
    /// # Errors
    /// If the home cannot be used, or is still in use after the waiting time.
    pub fn open(path: &Path, tune: Tune, wait: WaitFor) -> Result<Self, Failure> {
        let opened = wait.until_free(path, || match Host::open(path, tune) {
            Err(Failure::Home(HomeError::InUse(_))) if Home::is_watched(path) => Ok(None),
            other => other.map(Some),
        })?;
        Ok(opened.map_or_else(|| Workplace::Watched(path.to_owned(), tune), Workplace::Here))
    }

    /// Imports a file.
    ///
    /// # Errors
    /// As [`Host::import`] and [`hand_over`].
    pub fn import(&self, source: &Path, drop: &Drop, given: Vec<(String, String)>) -> Result<Done, Failure> {
        match self {
            Workplace::Here(host) => host.import(source, drop, given).inspect(|_| host.tell_and_say()),
            Workplace::Watched(home, tune) => {
                crate::answer::say("handed to the `rollcall watch` that works on this home");
                hand_over(home, *tune, source, drop, given)
            }
        }
    }
}
