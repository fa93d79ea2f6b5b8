//! The bucket as a folder.
//!
//! A version is the file's modification time in nanoseconds and its length. Files are written under a temporary name
//! in `.drafts` and renamed, so a key never shows half an object. Opening the bucket removes leftovers. Symbolic
//! links are followed as long as they stay in the bucket.

use std::fs::{self, File, FileTimes, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use jiff::Timestamp;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::migrate::Sources;
use rollcall_pipeline::ports::{Answer, Dropped, ObjectVersion, ObjectWriter, Objects};

use crate::disk::{Draft, fault, forget_pages, remove_drafts, remove_named};
use crate::past_cache::{BLOCK, Block};
use crate::store::lock;

/// The folder for files that are being written.
const DRAFTS: &str = ".drafts";

/// Prefix of files that are about to be dropped; their version follows.
const PREPARED: &str = "drop-";

/// The most empty blocks to keep for reuse.
const BLOCKS_HELD: usize = 4;

/// Bytes of a large object that are made durable while more bytes are written, so that little remains at the end.
const SYNCED_AT_ONCE: usize = 32 << 20;

/// The bucket of a home.
#[derive(Debug, Clone)]
pub struct Bucket(Arc<Folder>);

#[derive(Debug)]
struct Folder {
    /// The path with all links resolved.
    root: PathBuf,
    drafts: PathBuf,
    name: String,
    /// Empty blocks for reuse.
    blocks: Mutex<Vec<Block>>,
}

impl Folder {
    fn take_block(&self) -> Block {
        lock(&self.blocks).pop().unwrap_or_else(Block::new)
    }

    fn give_back(&self, block: Block) {
        let mut blocks = lock(&self.blocks);
        if blocks.len() < BLOCKS_HELD {
            blocks.push(block);
        }
    }
}

const DROPPING: &str = "dropping a file into the bucket";

impl Bucket {
    /// Opens a folder as a bucket, creates it if needed, and removes the drafts of an interrupted command. No other
    /// process may write to it.
    ///
    /// # Errors
    /// If the folder cannot be created or written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join(DRAFTS))?;
        let bucket = Self::open_shared(folder)?;
        remove_drafts(&bucket.0.drafts)?;
        Ok(bucket)
    }

    /// Opens a bucket for reading while another process writes to it.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn open_shared(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self(Arc::new(Folder { drafts: root.join(DRAFTS), root, name, blocks: Mutex::default() })))
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// Drops a file into the bucket at once ([`Bucket::prepare_drop`]).
    ///
    /// # Errors
    /// If the file cannot be read or the bucket cannot be written.
    pub fn drop_file(&self, source: &Path, key: &str, at: Timestamp) -> Answer<()> {
        self.prepare_drop(source, key, at)?.show()
    }

    /// Copies a file into the bucket as a drop that is not visible yet. It appears whole, with the modification time
    /// `at` in whole milliseconds. Times strictly increase, so no two drops are the same import.
    ///
    /// # Errors
    /// If the file cannot be read or the bucket cannot be written.
    pub fn prepare_drop(&self, source: &Path, key: &str, at: Timestamp) -> Answer<PreparedDrop> {
        let mut from = File::open(source).map_err(|error| {
            Fault::permanent(DROPPING, format!("cannot read {}: {error}", source.display()))
        })?;
        self.prepare(&mut from, key, at)
    }

    /// Like [`Bucket::prepare_drop`], for an object that is not a file.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub fn prepare_bytes(&self, bytes: &[u8], key: &str, at: Timestamp) -> Answer<PreparedDrop> {
        self.prepare(&mut &*bytes, key, at)
    }

    fn prepare(&self, from: &mut impl io::Read, key: &str, at: Timestamp) -> Answer<PreparedDrop> {
        let doing = DROPPING;
        let failed = |error| fault(doing, &error);
        let target = self.place_for(doing, key)?;
        let mut draft = Draft::begin(&self.0.drafts).map_err(failed)?;
        io::copy(from, &mut draft.file).map_err(failed)?;
        let at = Timestamp::from_millisecond(at.as_millisecond())
            .map_err(|error| Fault::permanent(doing, error))?;
        draft.file.set_times(FileTimes::new().set_modified(SystemTime::from(at))).map_err(failed)?;
        let object = draft.file.metadata().and_then(|metadata| version_of(key, &metadata)).map_err(failed)?;
        draft.keep_as(self.prepared(&object)).map_err(failed)?;
        Ok(PreparedDrop { draft, target, object })
    }

    /// Makes a prepared drop appear, if a killed command did not do so. A drop that has appeared already, or was
    /// never prepared, stays as it is.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub fn show_prepared(&self, object: &ObjectVersion) -> Answer<()> {
        let doing = "dropping a file into the bucket";
        let prepared = self.prepared(object);
        if !prepared.is_file() {
            return Ok(());
        }
        fs::rename(prepared, self.place_for(doing, &object.key)?).map_err(|error| fault(doing, &error))
    }

    /// Removes prepared drops that belong to no import.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub fn forget_prepared(&self) -> Answer<()> {
        remove_named(&self.0.drafts, PREPARED)
            .map_err(|error| fault("removing a drop that never appeared", &error))
    }

    fn prepared(&self, object: &ObjectVersion) -> PathBuf {
        self.0.drafts.join(format!("{PREPARED}{}", object.version))
    }

    /// Whether an object came into the bucket after another one: by the times at which the file system changed their
    /// entries, for copies keep the modification times of their originals.
    ///
    /// # Errors
    /// If the bucket cannot be read.
    pub fn came_after(&self, key: &str, other: &str) -> Answer<bool> {
        let doing = "reading the time of a dropped file";
        let changed = |key: &str| {
            let Some(path) = self.existing(doing, key)? else { return Ok(None) };
            let metadata = fs::metadata(path).map_err(|error| fault(doing, &error))?;
            Ok(Some((metadata.ctime(), metadata.ctime_nsec())))
        };
        Ok(changed(key)?.zip(changed(other)?).is_some_and(|(one, other)| one > other))
    }

    /// The version that an object is once it has another modification time ([`Bucket::restamp`]).
    ///
    /// # Errors
    /// If there is no such time.
    pub fn restamped(&self, object: &ObjectVersion, at: Timestamp) -> Answer<ObjectVersion> {
        let modified = Timestamp::from_millisecond(at.as_millisecond());
        let modified =
            modified.map_err(|error| Fault::permanent("setting the time of a dropped file", error))?;
        Ok(ObjectVersion { version: version_at(modified, object.len), modified, ..object.clone() })
    }

    /// Sets a unique modification time of a dropped version, in whole milliseconds; the version that it is now.
    ///
    /// # Errors
    /// [`Fault::Gone`] if that version no longer exists.
    pub fn restamp(&self, object: &ObjectVersion, at: Timestamp) -> Answer<ObjectVersion> {
        let doing = "setting the time of a dropped file";
        let failed = |error| fault(doing, &error);
        let path = self.existing(doing, &object.key)?.ok_or_else(|| Fault::Gone(object.key.clone()))?;
        let file = File::options().append(true).open(path).map_err(failed)?;
        let now = version_of(&object.key, &file.metadata().map_err(failed)?).map_err(failed)?;
        if now.version != object.version {
            return Err(Fault::Gone(object.key.clone()));
        }
        let at = self.restamped(object, at)?.modified;
        file.set_times(FileTimes::new().set_modified(SystemTime::from(at))).map_err(failed)?;
        version_of(&object.key, &file.metadata().map_err(failed)?).map_err(failed)
    }

    /// Removes the object under a key, if there is one.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub fn remove(&self, key: &str) -> Answer<()> {
        let doing = "removing an object";
        match fs::remove_file(self.path(doing, key)?) {
            Err(error) if !is_nothing(&error) => Err(fault(doing, &error)),
            _ => Ok(()),
        }
    }

    /// Removes uploads, and claims of requests, to which nothing was written since a time. An import has a copy of its own,
    /// so it needs none of them.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn forget_uploads(&self, since: Timestamp) -> Answer<()> {
        let doing = "removing old uploads";
        for program in folders_in(&self.0.root.join("uploads")).map_err(|error| fault(doing, &error))? {
            for folder in folders_in(&program).map_err(|error| fault(doing, &error))? {
                let is_upload = folder.file_name().is_some_and(|name| name != "requests");
                forget_old(&folder, since, is_upload).map_err(|error| fault(doing, &error))?;
            }
        }
        Ok(())
    }

    /// The path of a key, if the key stays in the bucket.
    fn path(&self, doing: &'static str, key: &str) -> Answer<PathBuf> {
        let path = Path::new(key);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let said_once = !key.is_empty() && !key.contains(['\\', '\0']) && !key.split('/').any(str::is_empty);
        if plain && said_once && !key.split('/').any(|part| part == ".") && !path.starts_with(DRAFTS) {
            Ok(self.0.root.join(path))
        } else {
            Err(Fault::permanent(doing, format!("not a key of the bucket: {key:?}")))
        }
    }

    /// The path of a key, if no link leads out of the bucket; `None` if there is no object.
    fn existing(&self, doing: &'static str, key: &str) -> Answer<Option<PathBuf>> {
        match self.path(doing, key)?.canonicalize() {
            Ok(path) if path.starts_with(&self.0.root) => Ok(Some(path)),
            Ok(_) => Err(leads_out(doing, key)),
            Err(error) if is_nothing(&error) => Ok(None),
            Err(error) => Err(fault(doing, &error)),
        }
    }

    /// The path of a key; creates its folder.
    fn place_for(&self, doing: &'static str, key: &str) -> Answer<PathBuf> {
        let path = self.path(doing, key)?;
        let failed = |error| fault(doing, &error);
        let folder = path.parent().unwrap_or(&self.0.root);
        let made = folder.ancestors().find(|folder| folder.exists()).unwrap_or(&self.0.root);
        if !made.canonicalize().map_err(failed)?.starts_with(&self.0.root) {
            return Err(leads_out(doing, key));
        }
        fs::create_dir_all(folder).map_err(failed)?;
        Ok(path)
    }

    fn draft(&self, doing: &'static str, parts: &[&[u8]]) -> Answer<Draft> {
        let failed = |error| fault(doing, &error);
        let mut draft = Draft::begin(&self.0.drafts).map_err(failed)?;
        if parts.iter().map(|part| part.len()).sum::<usize>() < BLOCK {
            for part in parts {
                draft.file.write_all(part).map_err(failed)?;
            }
            return Ok(draft);
        }
        let mut block = self.0.take_block();
        for part in parts {
            let mut rest = block.fill(part);
            while block.is_full() {
                block.write_to(&draft.file).map_err(failed)?;
                rest = block.fill(rest);
            }
        }
        block.write_to(&draft.file).map_err(failed)?;
        self.0.give_back(block);
        Ok(draft)
    }

    fn describe_now(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        let doing = "describing an object";
        let Some(path) = self.existing(doing, key)? else { return Ok(None) };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                version_of(key, &metadata).map(Some).map_err(|error| fault(doing, &error))
            }
            Ok(_) => Ok(None),
            Err(error) if is_nothing(&error) => Ok(None),
            Err(error) => Err(fault(doing, &error)),
        }
    }

    fn read_now(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        let doing = "reading an object";
        let failed = |error| fault(doing, &error);
        let gone = || Fault::Gone(object.key.clone());
        let path = self.existing(doing, &object.key)?.ok_or_else(gone)?;
        let mut file = match File::open(path) {
            Err(error) if is_nothing(&error) => return Err(gone()),
            opened => opened.map_err(failed)?,
        };
        let is_still = |file: &File| -> io::Result<bool> {
            Ok(version_of(&object.key, &file.metadata()?)?.version == object.version)
        };
        if !is_still(&file).map_err(failed)? {
            return Err(gone());
        }
        let bytes = read_range(&mut file, range).map_err(failed)?;
        if is_still(&file).map_err(failed)? { Ok(bytes) } else { Err(gone()) }
    }

    fn get_now(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        let doing = "reading an object";
        let Some(path) = self.existing(doing, key)? else { return Ok(None) };
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_nothing(&error) || error.kind() == ErrorKind::IsADirectory => Ok(None),
            Err(error) => Err(fault(doing, &error)),
        }
    }
}

impl Objects for Bucket {
    type Writer = BucketWriter;

    fn bucket(&self) -> &str {
        &self.0.name
    }

    async fn describe(&self, key: &str) -> Answer<Option<ObjectVersion>> {
        self.describe_now(key)
    }

    /// Copies keep the times of their originals, so times tell nothing here: a watch compares by
    /// [`Bucket::came_after`] when it takes a file.
    fn is_after(&self, _: &ObjectVersion, _: &ObjectVersion) -> bool {
        false
    }

    async fn read(&self, object: &ObjectVersion, range: Range<u64>) -> Answer<Vec<u8>> {
        self.read_now(object, range)
    }

    async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        self.get_now(key)
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Answer<()> {
        let doing = "writing an object";
        let target = self.place_for(doing, key)?;
        self.draft(doing, &[&bytes])?.replace(&target).map_err(|error| fault(doing, &error))
    }

    async fn put_if_absent(&self, key: &str, parts: &[&[u8]]) -> Answer<bool> {
        let doing = "writing an object";
        let target = self.place_for(doing, key)?;
        self.draft(doing, parts)?.place(&target).map_err(|error| fault(doing, &error))
    }

    async fn create(&self, key: &str) -> Answer<BucketWriter> {
        let doing = "writing an object";
        let target = self.place_for(doing, key)?;
        let draft = Draft::begin(&self.0.drafts).map_err(|error| fault(doing, &error))?;
        Ok(BucketWriter::begin(self.0.clone(), draft, target))
    }
}

/// A file that is about to appear in the bucket. If it is dropped before that, nothing appears.
#[derive(Debug)]
pub struct PreparedDrop {
    draft: Draft,
    target: PathBuf,
    object: ObjectVersion,
}

impl PreparedDrop {
    /// The future object.
    pub fn object(&self) -> &ObjectVersion {
        &self.object
    }

    /// Makes it appear and replaces an existing object.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub fn show(self) -> Answer<()> {
        self.draft.show(&self.target).map_err(|error| fault("dropping a file into the bucket", &error))
    }
}

/// A large object that a separate thread writes into the bucket.
#[derive(Debug)]
pub struct BucketWriter {
    folder: Arc<Folder>,
    block: Block,
    target: PathBuf,
    /// `None` once everything is written.
    to_write: Option<SyncSender<Block>>,
    writing: Option<JoinHandle<io::Result<Draft>>>,
}

impl BucketWriter {
    fn begin(folder: Arc<Folder>, draft: Draft, target: PathBuf) -> Self {
        let (to_write, written) = sync_channel::<Block>(2);
        let blocks = folder.clone();
        let writing = thread::spawn(move || {
            let mut unsynced = 0;
            for mut block in written {
                block.write_to(&draft.file)?;
                blocks.give_back(block);
                unsynced += BLOCK;
                if unsynced >= SYNCED_AT_ONCE {
                    draft.file.sync_data()?;
                    forget_pages(&draft.file);
                    unsynced = 0;
                }
            }
            Ok(draft)
        });
        let block = folder.take_block();
        Self { folder, block, target, to_write: Some(to_write), writing: Some(writing) }
    }

    fn flush(&mut self) {
        let block = std::mem::replace(&mut self.block, self.folder.take_block());
        // If the receiver no longer exists, writing has failed, and `finish` reports the cause.
        let _ = self.to_write.as_ref().map(|to_write| to_write.send(block));
    }

    fn written(&mut self) -> io::Result<Draft> {
        self.flush();
        self.to_write = None;
        let stopped = || io::Error::other("the writing thread stopped");
        let writing = self.writing.take().ok_or_else(stopped)?;
        writing.join().map_err(|_| stopped())?
    }
}

impl ObjectWriter for BucketWriter {
    async fn write(&mut self, bytes: &[u8]) -> Answer<()> {
        let mut rest = self.block.fill(bytes);
        while self.block.is_full() {
            self.flush();
            rest = self.block.fill(rest);
        }
        Ok(())
    }

    async fn finish(mut self) -> Answer<()> {
        let shown = self.written().and_then(|draft| draft.replace(&self.target));
        shown.map_err(|error| fault("writing an object", &error))
    }
}

impl Sources for Bucket {
    async fn list(&self, prefix: &str) -> Answer<Vec<String>> {
        let doing = "listing objects";
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = if folder.is_empty() { self.0.root.clone() } else { self.path(doing, folder)? };
        let mut keys = Vec::new();
        let mut folders = vec![(root, folder.to_owned())];
        while let Some((path, key)) = folders.pop() {
            let entries = match fs::read_dir(&path) {
                Err(error) if is_nothing(&error) => continue,
                entries => entries.map_err(|error| fault(doing, &error))?,
            };
            for entry in entries {
                let entry = entry.map_err(|error| fault(doing, &error))?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let key = if key.is_empty() { name } else { format!("{key}/{name}") };
                let kind = entry.file_type().map_err(|error| fault(doing, &error))?;
                // A link may lead out of the bucket.
                if kind.is_dir() && key != DRAFTS {
                    folders.push((entry.path(), key));
                } else if kind.is_file() && key.starts_with(prefix) {
                    keys.push(key);
                }
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }

    async fn found(&self, key: &str) -> Answer<Option<Dropped>> {
        Ok(self.describe_now(key)?.map(|object| Dropped { object, options: Vec::new() }))
    }
}

/// The folders in a folder, links apart; none where it is not there.
fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_nothing(&error) => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// Removes the files of a folder that are older than a time: all of them together, or each by itself.
fn forget_old(folder: &Path, since: Timestamp, together: bool) -> io::Result<()> {
    let (mut old, mut young) = (Vec::new(), false);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let modified = Timestamp::try_from(entry.metadata()?.modified()?).unwrap_or(Timestamp::MAX);
        if modified < since { old.push(entry.path()) } else { young = true }
    }
    if together && !young && (!old.is_empty() || is_old(folder, since)?) {
        return fs::remove_dir_all(folder);
    }
    if !together {
        for file in old {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// A folder without files may be an upload that is being made.
fn is_old(folder: &Path, since: Timestamp) -> io::Result<bool> {
    let modified = fs::metadata(folder)?.modified()?;
    Ok(Timestamp::try_from(modified).is_ok_and(|modified| modified < since))
}

fn leads_out(doing: &'static str, key: &str) -> Fault {
    Fault::permanent(doing, format!("a link leads the key out of the bucket: {key:?}"))
}

/// Whether an error means that there is no such file: a file in place of a folder, or a name that no file can have,
/// such as that of the sidecar of a file whose name has the maximal length.
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename)
}

fn version_at(modified: Timestamp, len: u64) -> String {
    format!("{}-{len}", modified.as_nanosecond())
}

fn version_of(key: &str, metadata: &Metadata) -> io::Result<ObjectVersion> {
    let modified = Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)?;
    let len = metadata.len();
    Ok(ObjectVersion { key: key.to_owned(), version: version_at(modified, len), len, modified })
}

fn read_range(file: &mut File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let wanted = range.end.saturating_sub(range.start);
    let rest = file.metadata()?.len().saturating_sub(range.start);
    let mut bytes = Vec::with_capacity(usize::try_from(wanted.min(rest)).map_err(io::Error::other)?);
    file.seek(SeekFrom::Start(range.start))?;
    file.take(wanted).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn old_uploads_go_as_a_whole_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        let now = SystemTime::now();
        let write = |key: &str, days: u64| {
            let path = folder.path().join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = File::create(path).unwrap();
            file.set_modified(now - Duration::from_secs(days * 86_400)).unwrap();
        };
        write("uploads/acme/old/about.json", 9);
        write("uploads/acme/old/file", 8);
        write("uploads/acme/touched/file", 9);
        write("uploads/acme/touched/cells.json", 1);
        write("uploads/acme/begun/about.json", 0);
        write("uploads/acme/requests/aaaa", 9);
        write("uploads/acme/requests/bbbb", 2);
        write("inbox/acme/prospects/list.csv", 99);
        fs::create_dir_all(folder.path().join("uploads/acme/empty")).unwrap();
        let since = Timestamp::try_from(now - Duration::from_secs(7 * 86_400)).unwrap();
        bucket.forget_uploads(since).unwrap();
        let is_there = |key: &str| folder.path().join(key).exists();
        for gone in ["uploads/acme/old", "uploads/acme/requests/aaaa"] {
            assert!(!is_there(gone), "{gone}");
        }
        for stays in [
            "uploads/acme/touched/file",
            "uploads/acme/begun/about.json",
            "uploads/acme/requests/bbbb",
            "uploads/acme/empty",
            "inbox/acme/prospects/list.csv",
        ] {
            assert!(is_there(stays), "{stays}");
        }
        let other = tempfile::tempdir().unwrap();
        Bucket::open(other.path()).unwrap().forget_uploads(since).unwrap();
    }
}
