//! The entries of a kind, for hints: which known name does an unknown one resemble?
//!
//! The table is partitioned by entry, so it cannot be listed. An entry of a kind that rows name is therefore kept a
//! second time in one of so many items as one batch reads, by the hash of its id.

use rollcall_domain::types::id::sha256;
use rollcall_domain::types::kind::Kind;

use crate::table::Key;

/// Items of a kind: the most keys of one batch.
const ITEMS: u16 = 100;
/// Entries in an item; more are not listed, and then the kind is not.
pub(super) const ROOM: usize = 250;
/// Maximal bytes of an entry: with [`ROOM`] the item stays below 400 KB.
pub(super) const ENTRY: usize = 1_000;

/// Whether rows name entries of this kind.
pub(super) fn is_listed(kind: Kind) -> bool {
    matches!(kind, Kind::Groups | Kind::Tags | Kind::Agents | Kind::Owners | Kind::Companies)
}

/// The items with the entries of a kind.
pub(super) fn keys(owner: &str, kind: Kind) -> Vec<Key> {
    (0..ITEMS).map(|item| key(owner, kind, item)).collect()
}

/// The item with an entry.
pub(super) fn key_of(owner: &str, kind: Kind, id: &str) -> Key {
    let [first, second, ..] = sha256(&[id]);
    key(owner, kind, u16::from_be_bytes([first, second]) % ITEMS)
}

fn key(owner: &str, kind: Kind, item: u16) -> Key {
    (format!("{owner}#{kind}#names#{item}"), String::new())
}
