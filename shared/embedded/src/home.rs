//! A home: everything that the embedded host stores, in one folder.
//!
//! | file or folder | content |
//! | --- | --- |
//! | `bucket/` | the bucket, laid out as on AWS |
//! | `rollcall.sqlite` | the tables, readable by any SQLite tool |
//! | `outbox/` | the notification e-mails, one `.eml` per import; in `webhooks/` what servers are told |
//! | `smtp_url` | the address of the mail server that sends them, if there is one |
//! | `secret` | the key of invitation tokens and suppressions |
//! | `lock` | held by the command that works on the home |
//! | `watching` | also held by a watch, so that other commands pass their imports to it |
//! | `handed/` | imports that other commands pass to the watch |

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rollcall_domain::types::secret::Secret;

use crate::bucket::Bucket;
use crate::disk::{Draft, words};
use crate::outbox::Outbox;
use crate::store::{ContactStore, Database, DirectoryStore, ImportStore, Listing, OpenError};

/// The reason why a home could not be opened, in one line, with the fix if there is one.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is no home, and the command needs an existing one.
    #[error("no home at {0}; an import or a directory load creates one; --home names another")]
    Missing(PathBuf),
    /// The path of the home is a file.
    #[error("the home is not a folder: {0}; choose another with --home")]
    NotAFolder(PathBuf),
    /// The parent folder of the home does not exist.
    #[error("the folder of the home does not exist: {0}; create it first")]
    NoParent(PathBuf),
    /// Another command holds the lock.
    #[error("the home is in use by another command: {0}; wait for it to end, or choose another with --home")]
    InUse(PathBuf),
    /// The file `secret` does not contain a secret.
    #[error(
        "the secret of the home is damaged: {0}; restore it from a backup, because invitations depend on it"
    )]
    Secret(PathBuf),
    /// The tables cannot be opened.
    #[error(transparent)]
    Tables(#[from] OpenError),
    /// The address of the mail server is invalid.
    #[error("{0}")]
    Smtp(&'static str),
    /// The system refused an operation.
    #[error("cannot use the home at {home}: {cause}")]
    System {
        /// The home.
        home: PathBuf,
        /// The system's error text.
        cause: String,
    },
}

/// An opened home.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    bucket: Bucket,
    outbox: Outbox,
    database: Arc<Database>,
    secret: [u8; 32],
    /// Held until the home is dropped; `None` for a reader while another command holds it.
    _lock: Option<File>,
}

const LOCK: &str = "lock";
const WATCHING: &str = "watching";

/// The environment variable with the address of a mail server; a file of the home is the alternative.
pub const SMTP_VARIABLE: &str = "ROLLCALL_SMTP_URL";
const SMTP_FILE: &str = "smtp_url";

/// Adds the mail server, if one is set. Its address is not a setting, because plans contain the settings and it may
/// contain a password.
fn with_smtp(outbox: Outbox, home: &Path) -> Result<Outbox, HomeError> {
    let of_home = || fs::read_to_string(home.join(SMTP_FILE)).ok();
    let url = std::env::var(SMTP_VARIABLE).ok().or_else(of_home).unwrap_or_default();
    match url.trim() {
        "" => Ok(outbox),
        url => outbox.with_smtp(url).map_err(HomeError::Smtp),
    }
}

impl Home {
    /// Opens a home for one command that works on it; creates it if needed.
    ///
    /// # Errors
    /// If another command works on it, or it cannot be used.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        let system = |error: io::Error| system(path, &error);
        make_folder(path)?;
        let lock = lock(path, LOCK)?;
        let bucket = Bucket::open(&path.join("bucket")).map_err(system)?;
        let outbox = with_smtp(Outbox::open(&path.join("outbox")).map_err(system)?, path)?;
        let secret = secret(path)?;
        let database = Arc::new(Database::open(&path.join("rollcall.sqlite"))?);
        let path = path.canonicalize().map_err(system)?;
        Ok(Self { path, bucket, outbox, database, secret, _lock: Some(lock) })
    }

    /// Opens a home for a command that only shows it; another command may work on it at the same time. Writes to its
    /// tables fail.
    ///
    /// # Errors
    /// If there is none, or it cannot be used.
    pub fn open_shared(path: &Path) -> Result<Self, HomeError> {
        let tables = path.join("rollcall.sqlite");
        if path.is_file() {
            return Err(HomeError::NotAFolder(path.to_owned()));
        }
        if !tables.is_file() {
            return Err(HomeError::Missing(path.to_owned()));
        }
        let system = |error: io::Error| system(path, &error);
        let bucket = Bucket::open_shared(&path.join("bucket")).map_err(system)?;
        let outbox = Outbox::open_shared(&path.join("outbox"));
        let secret = secret(path)?;
        let database = Arc::new(snapshot(path, &tables)?);
        let path = path.canonicalize().map_err(system)?;
        Ok(Self { path, bucket, outbox, database, secret, _lock: None })
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bucket.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The notification e-mails.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The directory.
    pub fn directory(&self) -> DirectoryStore {
        DirectoryStore::new(Arc::clone(&self.database), Secret::new(&self.secret))
    }

    /// The contacts.
    pub fn contacts(&self) -> ContactStore {
        ContactStore::new(Arc::clone(&self.database))
    }

    /// The state of imports.
    pub fn imports(&self) -> ImportStore {
        ImportStore::new(Arc::clone(&self.database))
    }

    /// Prepares for a large import, while other commands may use the home.
    pub fn expect_many(&self) {
        self.database.expect_many();
    }

    /// Does the work of closing now, while other commands may use the home.
    pub fn come_to_rest(&self) {
        self.database.come_to_rest();
    }

    /// Registers that this command watches the home, as long as the file is held.
    ///
    /// # Errors
    /// If the file cannot be created or locked.
    pub fn begin_watch(&self) -> Result<File, HomeError> {
        lock(&self.path, WATCHING)
    }

    /// Whether a command watches the home at this path.
    pub fn is_watched(path: &Path) -> bool {
        let file = File::options().write(true).open(path.join(WATCHING));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The folder of imports that other commands pass to the watch.
    pub fn handed(&self) -> PathBuf {
        self.path.join("handed")
    }

    /// The listings.
    pub fn listing(&self) -> Listing {
        Listing::new(Arc::clone(&self.database))
    }

    /// The key of invitation tokens.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

fn system(home: &Path, error: &io::Error) -> HomeError {
    HomeError::System { home: home.to_owned(), cause: words(error) }
}

/// Creates the home's folder, for its owner only, if there is none.
fn make_folder(path: &Path) -> Result<(), HomeError> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => Ok(()),
        Err(_) if path.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(HomeError::NotAFolder(path.to_owned())),
        Err(error) => match path.parent() {
            Some(parent) if error.kind() == ErrorKind::NotFound && !parent.exists() => {
                Err(HomeError::NoParent(parent.to_owned()))
            }
            _ => Err(system(path, &error)),
        },
    }
}

/// Opens a snapshot of the tables; those of an older version are changed first, unless a command uses them.
fn snapshot(home: &Path, tables: &Path) -> Result<Database, HomeError> {
    let opened = Database::open_snapshot(tables);
    if matches!(opened, Err(OpenError::Older(_)))
        && let Ok(_lock) = lock(home, LOCK)
    {
        drop(Database::open(tables)?);
        return Ok(Database::open_snapshot(tables)?);
    }
    Ok(opened?)
}

fn lock(home: &Path, name: &str) -> Result<File, HomeError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(home.join(name))
        .map_err(|error| system(home, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HomeError::InUse(home.to_owned())),
        Err(TryLockError::Error(error)) => Err(system(home, &error)),
    }
}

/// Reads the secret; creates it at the first use.
fn secret(home: &Path) -> Result<[u8; 32], HomeError> {
    let path = home.join("secret");
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_secret(home, &path).and_then(|()| fs::read(&path)).map_err(|error| system(home, &error))?
        }
        read => read.map_err(|error| system(home, &error))?,
    };
    bytes.try_into().map_err(|_| HomeError::Secret(path))
}

fn make_secret(home: &Path, path: &Path) -> io::Result<()> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let mut draft = Draft::begin(home)?;
    #[cfg(unix)]
    draft.file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    draft.file.write_all(&secret)?;
    // Another process was first and has created it.
    draft.place(path).map(drop)
}
