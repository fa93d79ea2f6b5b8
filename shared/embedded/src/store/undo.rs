//! Undoes writes of an import, in one transaction a chunk.

use rollcall_domain::types::names::ImportId;
use rollcall_pipeline::ports::{Answer, Pool, UndoChange, UndoWrite};
use rusqlite::Transaction;

use super::blocks::{Blocks, StoredContact};
use super::contacts::{ContactStore, import_number};
use super::hash::hash;
use super::view::View;

impl ContactStore {
    pub(super) fn undo_writes(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        let hashes: Vec<u64> = writes.iter().map(|write| hash(&write.contact_id)).collect();
        let found = self.0.find(&self.0.contacts, "finding contacts", &hashes)?;
        self.0.write("undoing writes", |transaction| {
            let Some(view) = View::of_pool(transaction, pool)? else { return Ok(()) };
            let undone = import_number(transaction, undone)?;
            let mut blocks = Blocks::new(transaction);
            for found in found {
                let write = &writes[found.position];
                let contact = view.stored(&mut blocks, found.seq)?;
                if let Some(contact) = contact.filter(|contact| contact.contact_id == write.contact_id) {
                    undo(transaction, &mut blocks, contact, undone, write)?;
                }
            }
            blocks.finish()
        })
    }
}

fn undo(
    transaction: &Transaction<'_>,
    blocks: &mut Blocks<'_>,
    mut contact: StoredContact,
    undone: i64,
    write: &UndoWrite,
) -> rusqlite::Result<()> {
    let mut is_changed = false;
    if contact.import == import_number(transaction, &write.expected)? {
        match &write.change {
            UndoChange::None => {}
            UndoChange::Remove => return blocks.remove(contact.seq),
            UndoChange::Restore { record, import_id } => {
                if let Some(import) = import_id {
                    contact.import = import_number(transaction, import)?;
                }
                contact.record = Some(record.clone());
                is_changed = true;
            }
        }
    }
    let before = contact.groups.len();
    contact.groups.retain(|group, by| *by != undone || !write.leaves.contains(group));
    if is_changed || contact.groups.len() != before { blocks.put(&contact) } else { Ok(()) }
}
