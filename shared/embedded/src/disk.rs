//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rollcall_pipeline::fault::Fault;

static NEXT: AtomicU64 = AtomicU64::new(0);
static LINKING: Mutex<()> = Mutex::new(());

/// A file under a temporary name. If it is dropped before it is finished, it is removed.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    /// The target path.
    pub(crate) file: File,
}

impl Draft {
    /// Begins a file in the drafts folder of the same file system.
    pub(crate) fn begin(folder: &Path) -> io::Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".draft-{}-{number}", std::process::id()));
        let file = File::options().write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// Makes the file appear, replaces an existing one, and makes it durable.
    pub(crate) fn replace(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        self.show(target)?;
        sync_folder_of(target)
    }

    /// Makes the file appear and replaces an existing one.
    pub(crate) fn show(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)
    }

    /// Gives the draft a name that the next opening does not remove. If it is dropped before it is finished, it is
    /// still removed.
    pub(crate) fn keep_as(&mut self, path: PathBuf) -> io::Result<()> {
        fs::rename(&self.path, &path)?;
        self.path = path;
        Ok(())
    }

    /// Makes the file appear if there is none, and makes it durable; returns `false` if one exists.
    pub(crate) fn place(self, target: &Path) -> io::Result<bool> {
        self.file.sync_all()?;
        let placed = match fs::hard_link(&self.path, target) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(_) => self.place_without_links(target)?,
        };
        // A caller that finds a file there continues as if the file were durable.
        sync_folder_of(target)?;
        Ok(placed)
    }

    /// For file systems without hard links. One process works on a home, so a lock in this process is enough.
    fn place_without_links(&self, target: &Path) -> io::Result<bool> {
        let _alone = LINKING.lock().unwrap_or_else(PoisonError::into_inner);
        if fs::symlink_metadata(target).is_ok() {
            return Ok(false);
        }
        fs::rename(&self.path, target).map(|()| true)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // The file has appeared already; the next opening removes the draft.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes the drafts of an interrupted command.
pub(crate) fn remove_drafts(folder: &Path) -> io::Result<()> {
    remove_named(folder, ".draft-")
}

/// Removes the files of a folder whose names have this prefix.
pub(crate) fn remove_named(folder: &Path, beginning: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(beginning) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Tells the system that the durable part of a large file will not be read soon, so that its memory is free for new
/// writes.
pub(crate) fn forget_pages(file: &File) {
    // This is a hint. If the system ignores it, only memory is lost.
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

#[cfg(unix)]
fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Turns an I/O error into a fault: only an interruption may be retried.
pub(crate) fn fault(doing: &'static str, error: &io::Error) -> Fault {
    match error.kind() {
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Fault::transient(doing, error)
        }
        _ => Fault::permanent(doing, words(error)),
    }
}

/// Describes an I/O error, with the fix if there is one.
pub(crate) fn words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull => "no space left on the disk of the home".to_owned(),
        ErrorKind::QuotaExceeded => "the disk quota of the home is used up".to_owned(),
        ErrorKind::PermissionDenied => "permission denied; is the home yours and writable?".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the disk of the home is read-only".to_owned(),
        _ => error.to_string(),
    }
}
