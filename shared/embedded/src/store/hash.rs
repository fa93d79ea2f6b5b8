//! The hashes in the packed indexes, and the ids that they come from.

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;
use rusqlite::types::ValueRef;
use xxhash_rust::xxh3::xxh3_64;

/// A contact's hash in the packed index: an id is a digest, so its first half serves as a hash.
pub(super) fn hash(id: &ContactId) -> u64 {
    let mut half = [0; 8];
    half.copy_from_slice(&id.as_bytes()[..8]);
    u64::from_be_bytes(half)
}

/// A contact id in a column: the text form that people see.
pub(super) fn parse_id(value: ValueRef<'_>) -> Option<ContactId> {
    ContactId::from_letters(value.as_str().ok()?.as_bytes())
}

/// Hashes of one owner's entries of one kind. They are stored, so the function never changes.
pub(super) struct Hasher {
    text: String,
    prefix: usize,
}

impl Hasher {
    pub(super) fn new(owner: &str, kind: Kind) -> Self {
        Self::of(owner, kind.as_str())
    }

    pub(super) fn of(owner: &str, kind: &str) -> Self {
        let text = format!("{owner}\u{1f}{kind}\u{1f}");
        Self { prefix: text.len(), text }
    }

    pub(super) fn id(&mut self, id: &str) -> u64 {
        self.hash("id", id)
    }

    pub(super) fn key(&mut self, key: &str) -> u64 {
        self.hash("key", key)
    }

    pub(super) fn hash(&mut self, what: &str, value: &str) -> u64 {
        self.text.truncate(self.prefix);
        self.text.push_str(what);
        self.text.push('\u{1f}');
        self.text.push_str(value);
        xxh3_64(self.text.as_bytes())
    }
}

/// The hashes under which a row (owner, kind, id, keys) is found.
pub(super) fn hashes_of_row(row: [ValueRef<'_>; 4]) -> rusqlite::Result<Vec<u64>> {
    let [owner, kind, id, keys] = row;
    let keys: Vec<String> = serde_json::from_str(keys.as_str()?).map_err(unreadable)?;
    let mut hasher = Hasher::of(owner.as_str()?, kind.as_str()?);
    let mut hashes = vec![hasher.id(id.as_str()?)];
    hashes.extend(keys.iter().map(|key| hasher.key(key)));
    Ok(hashes)
}

/// Wraps another error as SQLite's, to leave a transaction with it.
pub(super) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
