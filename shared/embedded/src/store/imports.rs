//! The state of imports: closed chunks, the claim to send the notification, the status.

use std::sync::Arc;

use jiff::Timestamp;
use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;
use rollcall_pipeline::ports::{Answer, ImportItem, Imports, NotificationClaim, Take, Turn};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::database::Database;
use super::hash::unreadable;

/// The imports of a home.
#[derive(Debug, Clone)]
pub struct ImportStore(Arc<Database>);

impl ImportStore {
    /// The imports in these tables.
    pub fn new(database: Arc<Database>) -> Self {
        Self(database)
    }

    /// A time for the next drop: now, or a millisecond after the last drop, so that the ids of one home strictly
    /// increase.
    ///
    /// # Errors
    /// If the tables cannot be written.
    pub fn next_drop_time(&self, now: Timestamp) -> Answer<Timestamp> {
        let at: i64 = self.0.write("storing a drop", |transaction| {
            let note = "INSERT INTO last_drop (one, at) VALUES (1, ?1)
                ON CONFLICT (one) DO UPDATE SET at = max(excluded.at, last_drop.at + 1) RETURNING at";
            transaction.query_row(note, [now.as_millisecond()], |row| row.get(0))
        })?;
        Timestamp::from_millisecond(at)
            .map_err(|error| rollcall_pipeline::fault::Fault::permanent("storing a drop", error))
    }

    /// Forgets an import that has not ended: another import answers its request. Repeating it is safe.
    ///
    /// # Errors
    /// If the tables cannot be written.
    pub fn forget(&self, import: &ImportId) -> Answer<()> {
        self.0.write("forgetting an import", |transaction| {
            let forget = "DELETE FROM imports WHERE import_id = ?1 AND status IS NULL";
            if transaction.execute(forget, [import.as_str()])? == 1 {
                transaction.execute("DELETE FROM lanes WHERE import_id = ?1", [import.as_str()])?;
            }
            Ok(())
        })
    }
}

impl Imports for ImportStore {
    async fn begin(&self, item: ImportItem) -> Answer<ImportItem> {
        self.0.write("storing an import", |transaction| {
            insert(transaction, &item)?;
            Ok(read(transaction, &item.import_id)?.unwrap_or(item))
        })
    }

    async fn get(&self, import: &ImportId) -> Answer<Option<ImportItem>> {
        self.0.read("reading an import", |connection| read(connection, import))
    }

    async fn seal(&self, import: &ImportId, chunks: u32) -> Answer<()> {
        self.0.write("storing the number of chunks", |transaction| {
            let seal = "UPDATE imports SET chunks = ?2 WHERE import_id = ?1";
            transaction.execute(seal, params![import.as_str(), chunks]).map(drop)
        })
    }

    async fn open_chunks(&self, import: &ImportId) -> Answer<Vec<u32>> {
        self.0.read("reading the open chunks", |connection| open_chunks(connection, import))
    }

    async fn take(&self, import: &ImportId, chunk: u32, now: Timestamp, lease: Timestamp) -> Answer<Take> {
        self.0.write("taking a chunk", |transaction| take(transaction, import, chunk, now, lease))
    }

    async fn close(&self, import: &ImportId, chunk: u32, _now: Timestamp) -> Answer<u32> {
        self.0.write("closing a chunk", |transaction| {
            let close = "INSERT INTO chunks (import_id, chunk, closed) VALUES (?1, ?2, 1)
                ON CONFLICT (import_id, chunk) DO UPDATE SET closed = 1";
            transaction.prepare_cached(close)?.execute(params![import.as_str(), chunk])?;
            remaining(transaction, import)
        })
    }

    async fn give_back(&self, import: &ImportId, chunk: u32, kept: u32) -> Answer<()> {
        self.0.write("giving a chunk back", |transaction| {
            let note = "INSERT INTO given_back (import_id, chunk, kept) VALUES (?1, ?2, ?3)
                ON CONFLICT (import_id, chunk) DO UPDATE SET kept = max(kept, excluded.kept)";
            transaction.execute(note, params![import.as_str(), chunk, kept])?;
            let free = "UPDATE chunks SET leased_until = 0 WHERE import_id = ?1 AND chunk = ?2";
            transaction.execute(free, params![import.as_str(), chunk]).map(drop)
        })
    }

    async fn kept(&self, import: &ImportId, chunk: u32) -> Answer<u32> {
        self.0.read("reading a chunk's state", |connection| {
            let kept = "SELECT kept FROM given_back WHERE import_id = ?1 AND chunk = ?2";
            let kept = connection.query_row(kept, params![import.as_str(), chunk], |row| row.get(0));
            Ok(kept.optional()?.unwrap_or(0))
        })
    }

    async fn join_lane(&self, import: &ImportId, lane: &str) -> Answer<()> {
        self.0.write("joining a lane", |transaction| {
            let join = "INSERT OR IGNORE INTO lanes (import_id, lane) VALUES (?1, ?2)";
            transaction.execute(join, [import.as_str(), lane]).map(drop)
        })
    }

    async fn take_turn(&self, import: &ImportId, lane: &str, _now: Timestamp) -> Answer<Turn> {
        self.0.write("taking a turn", |transaction| {
            let take = "UPDATE lanes SET has_turn = 1 WHERE import_id = ?1 AND lane = ?2 AND NOT EXISTS
                (SELECT 1 FROM lanes AS others WHERE others.lane = ?2 AND others.import_id <> ?1
                    AND (others.has_turn = 1 OR others.import_id < ?1 AND lanes.has_turn = 0))";
            let taken = transaction.execute(take, [import.as_str(), lane])? == 1;
            Ok(if taken { Turn::Taken } else { Turn::Waiting })
        })
    }

    async fn leave_lane(&self, import: &ImportId, lane: &str) -> Answer<Option<ImportId>> {
        self.0.write("leaving a lane", |transaction| {
            let leave = "DELETE FROM lanes WHERE import_id = ?1 AND lane = ?2";
            transaction.execute(leave, [import.as_str(), lane])?;
            let next = "SELECT min(import_id), max(has_turn) FROM lanes WHERE lane = ?1";
            let (next, held): (Option<String>, Option<bool>) =
                transaction.query_row(next, [lane], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let next = next.filter(|_| held == Some(false));
            next.map(|next| next.parse().map_err(unreadable)).transpose()
        })
    }

    async fn turn_of(&self, lane: &str) -> Answer<Option<ImportId>> {
        self.0.read("reading a lane", |connection| {
            let holder = "SELECT import_id FROM lanes WHERE lane = ?1 AND has_turn = 1";
            let holder: Option<String> = connection.query_row(holder, [lane], |row| row.get(0)).optional()?;
            holder.map(|holder| holder.parse().map_err(unreadable)).transpose()
        })
    }

    async fn claim_notification(
        &self,
        import: &ImportId,
        now: Timestamp,
        lease: Timestamp,
    ) -> Answer<NotificationClaim> {
        self.0.write("claiming a notification", |transaction| {
            claim_notification(transaction, import, now, lease)
        })
    }

    async fn release_notification(&self, import: &ImportId) -> Answer<()> {
        self.0.write("giving a notification back", |transaction| {
            let release = "UPDATE letters SET leased_until = 0 WHERE import_id = ?1 AND sent = 0";
            transaction.execute(release, [import.as_str()]).map(drop)
        })
    }

    async fn notification_sent(&self, import: &ImportId) -> Answer<()> {
        self.0.write("marking a notification as sent", |transaction| {
            let note = "INSERT INTO letters (import_id, sent, leased_until) VALUES (?1, 1, 0)
                ON CONFLICT (import_id) DO UPDATE SET sent = 1";
            transaction.execute(note, [import.as_str()]).map(drop)
        })
    }

    async fn finish(&self, import: &ImportId, status: Status) -> Answer<()> {
        self.0.write("ending an import", |transaction| {
            let end = "UPDATE imports SET status = ?2 WHERE import_id = ?1";
            transaction.execute(end, [import.as_str(), status.as_str()]).map(drop)
        })
    }

    async fn replace_options(&self, item: &ImportItem, options: Vec<(String, String)>) -> Answer<()> {
        self.0.write("replacing the options of an import", |transaction| {
            let options = serde_json::to_string(&options).map_err(unreadable)?;
            let replace = "UPDATE imports SET options = ?2 WHERE import_id = ?1";
            transaction.execute(replace, [item.import_id.as_str(), &options]).map(drop)
        })
    }
}

fn insert(transaction: &Transaction<'_>, item: &ImportItem) -> rusqlite::Result<()> {
    let insert = "INSERT OR IGNORE INTO imports
        (import_id, program, profile, object, dry_run, options, started_at, chunks, status)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        item.import_id.as_str(),
        item.program.as_str(),
        item.profile,
        serde_json::to_string(&item.object).map_err(unreadable)?,
        item.dry_run,
        serde_json::to_string(&item.options).map_err(unreadable)?,
        item.started_at.to_string(),
        item.chunks,
        item.status.map(Status::as_str),
    ];
    transaction.execute(insert, values).map(drop)
}

fn read(connection: &Connection, import: &ImportId) -> rusqlite::Result<Option<ImportItem>> {
    let item = connection
        .prepare_cached(&format!("{SELECT} WHERE import_id = ?1"))?
        .query_row([import.as_str()], item_of)
        .optional()?;
    let Some(item) = item else { return Ok(None) };
    // A home that an earlier build left has no lanes until a command works on it.
    let lane = connection
        .prepare_cached("SELECT lane FROM lanes WHERE import_id = ?1")
        .and_then(|mut lane| lane.query_row([import.as_str()], |row| row.get(0)).optional());
    Ok(Some(ImportItem { lane: lane.ok().flatten(), ..item }))
}

/// The columns that [`item_of`] reads.
pub(super) const SELECT: &str = "SELECT import_id, program, profile, object, dry_run, options, started_at, \
    chunks, status FROM imports";

/// An import from its row.
pub(super) fn item_of(row: &Row<'_>) -> rusqlite::Result<ImportItem> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    let status: Option<String> = row.get(8)?;
    Ok(ImportItem {
        import_id: text(0)?.parse().map_err(unreadable)?,
        program: text(1)?.parse().map_err(unreadable)?,
        profile: row.get(2)?,
        object: serde_json::from_str(text(3)?).map_err(unreadable)?,
        dry_run: row.get(4)?,
        options: serde_json::from_str(text(5)?).map_err(unreadable)?,
        started_at: text(6)?.parse().map_err(unreadable)?,
        lane: None,
        chunks: row.get(7)?,
        status: status.and_then(|word| Status::ALL.into_iter().find(|status| status.as_str() == word)),
    })
}

fn open_chunks(connection: &Connection, import: &ImportId) -> rusqlite::Result<Vec<u32>> {
    let sealed: Option<Option<u32>> = connection
        .query_row("SELECT chunks FROM imports WHERE import_id = ?1", [import.as_str()], |row| row.get(0))
        .optional()?;
    let mut closed = connection
        .prepare_cached("SELECT chunk FROM chunks WHERE import_id = ?1 AND closed = 1 ORDER BY chunk")?;
    let closed = closed.query_map([import.as_str()], |row| row.get(0))?;
    let closed: Vec<u32> = closed.collect::<rusqlite::Result<_>>()?;
    let all = 0..sealed.flatten().unwrap_or(0);
    Ok(all.filter(|chunk| closed.binary_search(chunk).is_err()).collect())
}

fn remaining(connection: &Connection, import: &ImportId) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "SELECT coalesce(chunks, 0) - (SELECT count(*) FROM chunks
                WHERE import_id = ?1 AND closed = 1 AND chunk < imports.chunks)
            FROM imports WHERE import_id = ?1",
        )?
        .query_row([import.as_str()], |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
}

fn take(
    transaction: &Transaction<'_>,
    import: &ImportId,
    chunk: u32,
    now: Timestamp,
    lease: Timestamp,
) -> rusqlite::Result<Take> {
    let (import, now, lease) = (import.as_str(), nanoseconds(now), nanoseconds(lease));
    let take = "INSERT INTO chunks (import_id, chunk, leased_until) VALUES (?1, ?2, ?4)
        ON CONFLICT (import_id, chunk) DO UPDATE SET leased_until = ?4 WHERE closed = 0 AND leased_until <= ?3";
    if transaction.prepare_cached(take)?.execute(params![import, chunk, now, lease])? == 1 {
        return Ok(Take::Taken);
    }
    let closed = "SELECT closed FROM chunks WHERE import_id = ?1 AND chunk = ?2";
    let closed: bool = transaction.query_row(closed, params![import, chunk], |row| row.get(0))?;
    Ok(if closed { Take::Closed } else { Take::Leased })
}

fn claim_notification(
    transaction: &Transaction<'_>,
    import: &ImportId,
    now: Timestamp,
    lease: Timestamp,
) -> rusqlite::Result<NotificationClaim> {
    let (import, now, lease) = (import.as_str(), nanoseconds(now), nanoseconds(lease));
    let claim = "INSERT INTO letters (import_id, leased_until) VALUES (?1, ?3)
        ON CONFLICT (import_id) DO UPDATE SET leased_until = ?3 WHERE sent = 0 AND leased_until <= ?2";
    if transaction.execute(claim, params![import, now, lease])? == 1 {
        return Ok(NotificationClaim::Claimed);
    }
    let sent = "SELECT sent FROM letters WHERE import_id = ?1";
    let sent: bool = transaction.query_row(sent, [import], |row| row.get(0))?;
    Ok(if sent { NotificationClaim::Sent } else { NotificationClaim::Held })
}

/// A time in a column, to the nanosecond; beyond the year 2262 the last time that fits.
fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}
