//! The SQLite file: one connection that writes, several that read.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Answer;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::index::{Index, IndexHit};
use super::{blocks, schema};

/// Bytes of a page. Measured against 4 and 16 KiB: larger pages append faster and update slower.
const PAGE: u32 = 8192;

/// Pages in the write-ahead log before a checkpoint moves them into the file: 32 MiB.
const LOG_PAGES: i32 = 4 * 1024;

thread_local! {
    /// Pages in the log after this thread's last commit.
    static IN_LOG: Cell<i32> = const { Cell::new(0) };
}

/// The reason why the tables could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not a Rollcall database.
    #[error("not a Rollcall database: {0}; move it away, or choose another home")]
    Foreign(PathBuf),
    /// A newer version of the program wrote it.
    #[error("database is of a newer version ({found}, this program reads {known}): {path}; update rollcall")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// The version that this program reads.
        known: i32,
    },
    /// An earlier version of the program wrote it, and may use it.
    #[error("database is of an earlier version: {0}; wait until the command that uses it has ended")]
    Older(PathBuf),
    /// SQLite's error text.
    #[error("cannot open {path}: {cause}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's error text.
        cause: String,
    },
}

/// The tables of a home.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    writer: Option<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// Readers share it, a checkpoint holds it exclusively: the log only restarts when nobody reads it.
    reading: RwLock<()>,
    /// Held during a checkpoint.
    moving: Mutex<()>,
    pub(super) contacts: Index,
    pub(super) entries: Index,
}

impl Database {
    /// Opens the tables for one process that reads and writes; creates them if needed.
    ///
    /// # Errors
    /// If the file cannot be opened or created, is not Rollcall's, or is of a newer version. An older one is changed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |error| open_error(path, error);
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
            .map_err(failed)?;
        check_version(path, &writer)?;
        writer.pragma_update(None, "page_size", PAGE).map_err(failed)?;
        // A chunk's pages stay in memory until its commit. Readers read row by row and need no larger cache.
        writer.pragma_update(None, "cache_size", -8192).map_err(failed)?;
        writer.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
        // What is deleted or replaced is overwritten where that writes no page more: an erased contact leaves no
        // earlier value of its row behind.
        writer.pragma_update(None, "secure_delete", "fast").map_err(failed)?;
        // `write_with` runs the checkpoint while nobody reads; this replaces SQLite's own hook.
        writer.wal_hook(Some(|_, pages| {
            IN_LOG.set(pages);
            Ok(())
        }));
        make_tables(&mut writer).map_err(failed)?;
        let contacts = Index::load_contacts(&writer).map_err(failed)?;
        let entries = Index::load_entries(&writer).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Some(Mutex::new(writer)),
            readers: Mutex::default(),
            reading: RwLock::default(),
            moving: Mutex::default(),
            contacts,
            entries,
        })
    }

    /// Opens a snapshot of the tables, while another process works on them. Later writes are not visible.
    ///
    /// # Errors
    /// Like [`Database::open`], and if there are no tables, or those of an older version.
    pub fn open_snapshot(path: &Path) -> Result<Self, OpenError> {
        let failed = |error| open_error(path, error);
        let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
        if check_version(path, &reader)? != schema::VERSION {
            return Err(OpenError::Older(path.to_owned()));
        }
        reader.execute_batch("PRAGMA query_only = 1; BEGIN").map_err(failed)?;
        let contacts = Index::load_contacts(&reader).map_err(failed)?;
        let entries = Index::load_entries(&reader).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            writer: None,
            readers: Mutex::new(vec![reader]),
            reading: RwLock::default(),
            moving: Mutex::default(),
            contacts,
            entries,
        })
    }

    /// Finds the rows of an index that may have each hash; the transaction that reads them begins afterwards.
    pub(super) fn find(&self, index: &Index, doing: &'static str, hashes: &[u64]) -> Answer<Vec<IndexHit>> {
        match index.find_in_memory(hashes) {
            Some(found) => Ok(found),
            None => self.read(doing, |connection| index.find(connection, hashes)),
        }
    }

    /// Reads in one transaction.
    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Answer<T> {
        let named = |error| fault(doing, &error);
        let Some(_) = &self.writer else {
            let readers = lock(&self.readers);
            let snapshot =
                readers.first().ok_or_else(|| Fault::permanent(doing, "the snapshot is closed"))?;
            return work(snapshot).map_err(named);
        };
        let _reading = self.reading.read().unwrap_or_else(PoisonError::into_inner);
        let taken = lock(&self.readers).pop();
        let mut reader = match taken {
            Some(reader) => reader,
            None => self.connect_reader().map_err(named)?,
        };
        let answer = reader.transaction().and_then(|transaction| work(&transaction)).map_err(named);
        lock(&self.readers).push(reader);
        answer
    }

    /// Writes in one transaction: all of it or nothing.
    pub(super) fn write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Answer<T> {
        self.write_with(doing, |transaction| {
            let answer = work(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })
    }

    /// Writes in one transaction that the closure itself commits.
    pub(super) fn write_with<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Answer<T> {
        let writer =
            self.writer.as_ref().ok_or_else(|| Fault::permanent(doing, "opened for reading only"))?;
        let mut open = lock(writer);
        IN_LOG.set(0);
        let answer = open
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(work)
            .map_err(|error| fault(doing, &error))?;
        drop(open);
        if IN_LOG.get() >= LOG_PAGES {
            self.move_log(writer);
        }
        Ok(answer)
    }

    /// Runs a checkpoint: most of it while others work, the rest while nobody reads or writes, because only then the
    /// log restarts. Pages that cannot be moved now are moved later: they are committed either way.
    fn move_log(&self, writer: &Mutex<Connection>) {
        let Ok(_alone) = self.moving.try_lock() else { return };
        let taken = lock(&self.readers).pop();
        if let Some(reader) = taken {
            let _ = checkpoint(&reader);
            lock(&self.readers).push(reader);
        }
        let writer = lock(writer);
        let _nobody = self.reading.write().unwrap_or_else(PoisonError::into_inner);
        let _ = checkpoint(&writer);
    }

    /// Moves the log into the file and empties it, so that it holds nothing of what was deleted. If somebody reads
    /// meanwhile, the next checkpoint does it.
    pub(super) fn empty_log(&self) {
        let Some(writer) = &self.writer else { return };
        let _moving = lock(&self.moving);
        let writer = lock(writer);
        let _nobody = self.reading.write().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// Reads the packed indexes into memory, because many look-ups follow.
    pub(crate) fn expect_many(&self) {
        for index in [&self.entries, &self.contacts] {
            // If this fails, the first look-ups do it again, and report the cause.
            let _ = self.read("reading an index", |connection| index.read_into_memory(connection));
        }
    }

    /// Does the work of closing now, while others work: packs the indexes and runs a checkpoint.
    pub(crate) fn come_to_rest(&self) {
        let Some(writer) = &self.writer else { return };
        // If this fails, closing the tables does it again, or finds it unnecessary.
        let _ = self.pack();
        self.move_log(writer);
    }

    /// A separate connection, for a long listing.
    pub(super) fn connect_reader(&self) -> rusqlite::Result<Connection> {
        let reader = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(reader)
    }

    /// A separate connection that sorts in temporary tables.
    pub(super) fn connect_sorter(&self) -> rusqlite::Result<Connection> {
        let sorter = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        sorter.execute_batch("PRAGMA temp_store = file")?;
        Ok(sorter)
    }

    /// Packs the tails of the indexes; without it the next opening reads their rows again.
    fn pack(&self) -> Answer<()> {
        for index in [&self.contacts, &self.entries] {
            if index.is_worth_packing() {
                self.write_with("packing an index", |transaction| index.pack(transaction))?;
            }
        }
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.writer.is_some() {
            // Nothing is lost if this fails: the next opening reads the unpacked rows again.
            let _ = self.pack();
        }
    }
}

/// A lock is only poisoned by a panic, and its data is valid after every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA synchronous = normal; PRAGMA cache_size = -2048;")?;
    Ok(connection)
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// The version of the tables; 0 if there are none yet.
fn check_version(path: &Path, connection: &Connection) -> Result<i32, OpenError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let failed = |error| open_error(path, error);
    let (application, version) =
        (pragma("application_id").map_err(failed)?, pragma("user_version").map_err(failed)?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(0),
        (schema::APPLICATION, 1..=schema::VERSION) => Ok(version),
        (schema::APPLICATION, found) => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: schema::VERSION })
        }
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

fn make_tables(writer: &mut Connection) -> rusqlite::Result<()> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(schema::TABLES)?;
        transaction.execute_batch(schema::VIEWS)?;
        transaction.pragma_update(None, "application_id", schema::APPLICATION)?;
    } else {
        let changes = schema::CHANGES.iter().skip(usize::try_from(version).unwrap_or_default() - 1);
        changes.into_iter().try_for_each(|change| transaction.execute_batch(change))?;
        if version < schema::BLOCKS {
            blocks::take_over_rows(&transaction)?;
            // Pages that become free are overwritten: who is erased later shall not stay in them.
            let drop = "PRAGMA secure_delete = ON; DROP TABLE contacts; PRAGMA secure_delete = FAST";
            transaction.execute_batch(drop)?;
            transaction.execute_batch(schema::VIEWS)?;
        }
    }
    transaction.pragma_update(None, "user_version", schema::VERSION)?;
    transaction.execute_batch(schema::LATER_TABLES)?;
    transaction.commit()
}

fn open_error(path: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign(path.to_owned()),
        _ => OpenError::Sqlite { path: path.to_owned(), cause: words(&error) },
    }
}

/// Turns an SQLite error into a fault: a lock may be retried, nothing else.
fn fault(doing: &'static str, error: &rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::transient(doing, words(error)),
        _ => Fault::permanent(doing, words(error)),
    }
}

fn words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "no space left on the disk of the home".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            format!("{error}; is the home writable?")
        }
        _ => error.to_string(),
    }
}
