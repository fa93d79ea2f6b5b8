//! A contact as the store has it: with the import that wrote it last, and those that added its groups.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::id::ContactId;
use crate::types::names::ImportId;

/// A stored value as it was before an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The record, JSON; of a membership any text.
    pub record: String,
    /// The import that wrote it.
    pub import_id: String,
    /// It is not below the cutoff of its pool; below it, it reads as absent, and only an undo brings it back.
    pub stands: bool,
}

/// A contact as it is stored now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactState {
    /// The record, JSON; `None` where only memberships were stored.
    pub record: Option<String>,
    /// The import that wrote it last.
    pub import_id: ImportId,
    /// The keys of its groups that stand, each with the import that added it.
    pub groups: BTreeMap<String, ImportId>,
    /// It is not below the cutoff of its pool.
    pub stands: bool,
}

/// What an undo does to a contact. It is done only where the contact's last import is still the expected one, so doing
/// it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoWrite {
    /// The contact.
    pub contact_id: ContactId,
    /// The import that wrote the contact last, as the undo found it.
    pub expected: ImportId,
    /// What is done to the record.
    pub change: UndoChange,
    /// Keys of groups that it leaves, each where the undone import added it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<String>,
}

/// What an undo does to the record of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoChange {
    /// Nothing.
    None,
    /// The contact goes.
    Remove,
    /// It gets this record.
    Restore {
        /// The record, JSON.
        record: String,
        /// The import that it is stamped with from then on, where that changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        import_id: Option<ImportId>,
    },
}
