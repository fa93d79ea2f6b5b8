//! The tables, in SQL.

/// Identifies the file as Rollcall's: "RoCa".
pub(super) const APPLICATION: i32 = 0x526f_4361;

/// The version of the tables that this code reads and writes.
pub(super) const VERSION: i32 = 3;

/// The version from which on contacts are in blocks.
pub(super) const BLOCKS: i32 = 3;

/// What each version of the tables changed in those of the version before it; the first ones are [`TABLES`]'.
pub(super) const CHANGES: [&str; 2] = [
    "
    ALTER TABLE contacts_before ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE pools ADD COLUMN tidied TEXT NOT NULL DEFAULT '';
",
    "
    DROP VIEW memberships_now;
    DROP VIEW contacts_now;
    CREATE TABLE contact_blocks (
        seq INTEGER PRIMARY KEY,
        pool INTEGER NOT NULL,
        import INTEGER NOT NULL,
        lines TEXT NOT NULL
    );
",
];

/// Makes the tables that a home of an earlier build may lack.
pub(super) const LATER_TABLES: &str = "
-- Imports into one pool take turns: those that did not leave their lane yet, and the one that has its turn.
CREATE TABLE IF NOT EXISTS lanes (
    import_id TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    has_turn INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
-- Contacts that a row of the import that runs leaves as they are, where their identity stands several times in the file:
-- higher rows do not change them.
CREATE TABLE IF NOT EXISTS claims (
    import INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY (import, seq)
) WITHOUT ROWID;
-- Chunks that were given back, and how many of their writes are done.
CREATE TABLE IF NOT EXISTS given_back (
    import_id TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    PRIMARY KEY (import_id, chunk)
) WITHOUT ROWID;
-- The watch asks for unfinished imports several times a second.
CREATE INDEX IF NOT EXISTS imports_unfinished ON imports (import_id) WHERE status IS NULL;
";

/// Makes the tables of a new home.
pub(super) const TABLES: &str = "
-- Imports by number: what a contact's row is stamped with.
CREATE TABLE stamps (
    number INTEGER PRIMARY KEY,
    import_id TEXT NOT NULL UNIQUE
);
-- Whose contacts; a contact stamped with an older import than the floor is no more. tidied: the floor below which
-- contacts were deleted.
CREATE TABLE pools (
    number INTEGER PRIMARY KEY,
    program TEXT NOT NULL,
    pool TEXT NOT NULL,
    floor TEXT NOT NULL DEFAULT '',
    tidied TEXT NOT NULL DEFAULT '',
    UNIQUE (program, pool)
);
-- Contacts in the order they came, as many in a row as half a page holds. lines: JSON arrays of contact id, row, import (0: the
-- block's), groups and record, divided by a comma and a line end; the last line has the number seq, the one before it seq - 1. groups: each group's key
-- with the number of the import that added it. A contact that was deleted leaves null.
CREATE TABLE contact_blocks (
    seq INTEGER PRIMARY KEY,
    pool INTEGER NOT NULL,
    import INTEGER NOT NULL,
    lines TEXT NOT NULL
);
-- What a contact was before the import that runs, where its identity stands several times in the file; stamp: the
-- import that had written it.
CREATE TABLE contacts_before (
    seq INTEGER PRIMARY KEY,
    import INTEGER NOT NULL,
    record TEXT,
    stamp INTEGER NOT NULL DEFAULT 0
);
-- Chunks whose records are kept: a second delivery keeps nothing.
CREATE TABLE kept_chunks (
    import INTEGER NOT NULL,
    pool INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    PRIMARY KEY (import, pool, chunk)
) WITHOUT ROWID;
-- The directory. keys: JSON array of what the entry is found by.
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    keys TEXT NOT NULL,
    json TEXT NOT NULL
);
-- Packed indexes over contacts and entries: 16 bytes an entry, hash and seq, sorted.
CREATE TABLE contact_index (bucket INTEGER PRIMARY KEY, hints BLOB NOT NULL);
CREATE TABLE entry_index (bucket INTEGER PRIMARY KEY, hints BLOB NOT NULL);
CREATE TABLE index_states (
    name TEXT PRIMARY KEY,
    bits INTEGER NOT NULL,
    hints INTEGER NOT NULL,
    watermark INTEGER NOT NULL
) WITHOUT ROWID;
-- Keys that rows below the watermark were given and the packed index does not hold yet.
CREATE TABLE late_keys (hash INTEGER NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE imports (
    import_id TEXT PRIMARY KEY,
    program TEXT NOT NULL,
    profile TEXT NOT NULL,
    object TEXT NOT NULL,
    dry_run INTEGER NOT NULL,
    options TEXT NOT NULL,
    started_at TEXT NOT NULL,
    chunks INTEGER,
    status TEXT
) WITHOUT ROWID;
-- Chunks that were taken or closed; the others are open. leased_until: nanoseconds since 1970.
CREATE TABLE chunks (
    import_id TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (import_id, chunk)
) WITHOUT ROWID;
CREATE TABLE letters (
    import_id TEXT PRIMARY KEY,
    sent INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER NOT NULL
) WITHOUT ROWID;
-- The time of the last drop, milliseconds since 1970: the next one is later.
CREATE TABLE last_drop (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL);
";

/// Makes the views.
pub(super) const VIEWS: &str = "
-- For a person with an SQLite tool: contacts and memberships as they stand.
CREATE VIEW contacts_now AS
    SELECT program, pools.pool, contact_id, import_id, row, record, groups
    FROM (
        SELECT contact_blocks.pool, json_extract(value, '$[0]') AS contact_id,
            coalesce(nullif(json_extract(value, '$[2]'), 0), contact_blocks.import) AS import,
            json_extract(value, '$[1]') AS row, json_extract(value, '$[4]') AS record,
            json_extract(value, '$[3]') AS groups
        FROM contact_blocks, json_each('[' || lines || ']') WHERE type = 'array'
    ) AS contacts JOIN pools ON pools.number = contacts.pool JOIN stamps ON stamps.number = contacts.import
    WHERE import_id >= floor AND record IS NOT NULL;
CREATE VIEW memberships_now AS
    SELECT program, contacts_now.pool, contact_id, key AS group_key, stamps.import_id
    FROM contacts_now, json_each(groups) JOIN stamps ON stamps.number = value
    JOIN pools USING (program, pool) WHERE stamps.import_id >= floor;
";
