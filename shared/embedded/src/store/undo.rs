//! Undoes writes of an import, in one transaction a chunk.

use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, Pool, UndoChange, UndoWrite};
use rusqlite::{Transaction, params};

use super::contacts::{ContactStore, Standing, View, import_number};
use super::hash::{hash, unreadable};

impl ContactStore {
    pub(super) fn undo_writes(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        let hashes: Vec<u64> = writes.iter().map(|write| hash(&write.contact_id)).collect();
        let found = self.0.find(&self.0.contacts, "finding contacts", &hashes)?;
        self.0.write("undoing writes", |transaction| {
            let Some(view) = View::of_pool(transaction, pool)? else { return Ok(()) };
            let undone = import_number(transaction, undone)?;
            for found in found {
                let write = &writes[found.position];
                let row = view.standing(transaction, found.seq)?;
                if let Some(row) = row.filter(|row| row.contact_id == write.contact_id) {
                    undo(transaction, row, undone, write)?;
                }
            }
            Ok(())
        })
    }
}

fn undo(
    transaction: &Transaction<'_>,
    row: Standing,
    undone: i64,
    write: &UndoWrite,
) -> rusqlite::Result<()> {
    if row.import == import_number(transaction, &write.expected)? {
        match &write.change {
            UndoChange::None => {}
            UndoChange::Remove => {
                let delete = "DELETE FROM contacts WHERE seq = ?1";
                return transaction.prepare_cached(delete)?.execute([row.seq]).map(drop);
            }
            UndoChange::Restore { record, import_id } => {
                let import = match import_id {
                    Some(import) => import_number(transaction, import)?,
                    None => row.import,
                };
                let update = "UPDATE contacts SET record = ?2, import = ?3 WHERE seq = ?1";
                transaction.prepare_cached(update)?.execute(params![row.seq, record, import])?;
            }
        }
    }
    let mut groups = row.groups;
    let before = groups.len();
    groups.retain(|group, by| *by != undone || !write.leaves.contains(group));
    if groups.len() == before {
        return Ok(());
    }
    let json = match groups.is_empty() {
        true => None,
        false => Some(serde_json::to_string(&groups).map_err(unreadable)?),
    };
    let update = "UPDATE contacts SET groups = ?2 WHERE seq = ?1";
    transaction.prepare_cached(update)?.execute(params![row.seq, json]).map(drop)
}
