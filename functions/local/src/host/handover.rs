//! Passes an import to the `rollcall watch` that works on a home, and waits for its result.
//!
//! A request is a folder in `handed/` of the home. The command writes `file` and `request.json` into it and holds a
//! lock on `asking` as long as it waits. The watch ignores a request for which no command waits. It writes the import
//! id to `import` before the import begins, and `answer.json` when the import has ended: one that waits for its turn has no
//! answer yet. If the watch ends first, the command does the work itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

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
    /// The folder of the request.
    pub folder: PathBuf,
    /// The requested import.
    pub drop: Drop,
    /// When the command asked.
    pub asked_at: SystemTime,
    /// The import that a watch began, or was about to begin.
    pub import: Option<ImportId>,
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
    let begun = import_of(folder).map(|import| block_on(host.home().imports().get(&import)));
    let Some(begun) = begun.transpose()?.flatten() else {
        return host.import(&folder.join(FILE), drop, request.given.clone());
    };
    if begun.status.is_none() {
        host.refuse_paused(&drop.program)?;
    }
    done_of(host.home(), drop, Answered { import: Some(begun.import_id), error: None })
}

/// The import that a watch began for a request, or was about to begin.
fn import_of(folder: &Path) -> Option<ImportId> {
    fs::read_to_string(folder.join(IMPORT)).ok()?.parse().ok()
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
    let asked_at = asked_at(&folder)?;
    let import = import_of(&folder);
    Some(Handed { drop: Drop::parse(&request.key)?, given: request.given, asked_at, import, folder })
}

/// The time in the name of a request's folder.
fn asked_at(folder: &Path) -> Option<SystemTime> {
    let (nanoseconds, _) = folder.file_name()?.to_str()?.split_once('-')?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds.parse().ok()?))
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
    /// Begins the import that another command requests; it runs when its turn comes.
    ///
    /// # Errors
    /// If it cannot begin; the other command reports that too.
    pub(super) fn begin_handed(&self, handed: &Handed) -> Result<(), Failure> {
        let begun = self.begin_for_another(handed);
        if let Err(failure) = &begun {
            answer_failure(handed, failure)?;
        }
        begun
    }

    fn begin_for_another(&self, handed: &Handed) -> Result<(), Failure> {
        self.refuse_paused(&handed.drop.program)?;
        let _alone = self.begins_alone();
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        let (bucket, key) = (self.home.bucket(), handed.drop.key());
        let prepared = bucket.prepare_drop(&handed.folder.join(FILE), &key, at)?;
        let object = prepared.object();
        let bucket_name = rollcall_pipeline::ports::Objects::bucket(bucket);
        let import = ImportId::derive(bucket_name, &object.key, &object.version, object.modified);
        write_whole(&handed.folder, IMPORT, import.as_str().as_bytes())?;
        self.begin(prepared, &handed.drop, handed.given.clone())?;
        Ok(())
    }
}

/// Tells another command that its import is over.
///
/// # Errors
/// If the answer cannot be written.
pub fn answer_import(handed: &Handed, import: &ImportId) -> Result<(), Failure> {
    answer(handed, &Answered { import: Some(import.clone()), error: None })
}

/// Tells another command what answers its request: its own import, or an earlier one that did the same.
///
/// # Errors
/// If the answer cannot be written.
pub fn answer_done(handed: &Handed, done: &Done) -> Result<(), Failure> {
    answer(handed, &Answered { import: done.summary.head.import_id.parse().ok(), error: None })
}

/// Tells another command why its import is not over.
///
/// # Errors
/// If the answer cannot be written.
pub fn answer_failure(handed: &Handed, failure: &Failure) -> Result<(), Failure> {
    answer(handed, &Answered { import: None, error: Some(failure.to_string()) })
}

fn answer(handed: &Handed, answered: &Answered) -> Result<(), Failure> {
    let json = serde_json::to_vec(answered).map_err(io::Error::from);
    match json.and_then(|json| write_whole(&handed.folder, ANSWER, &json)) {
        Err(error) if handed.folder.exists() => Err(error.into()),
        // If the folder does not exist any more, no command waits for the answer.
        _ => Ok(()),
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
