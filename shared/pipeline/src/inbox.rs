//! Comparing the inbox with the imports: a dropped file whose event was lost is found and imported.
//!
//! An event is delivered at least once, but not always: a rule may be off, a queue full, a permission missing for an
//! hour. Nothing else knows the file then, so a schedule looks for files that are there and have no import.

use jiff::SignedDuration;
use rollcall_domain::plan::object_keys::Drop;

use crate::migrate::Sources;
use crate::ports::{Answer, Clock, Imports, ObjectVersion, Objects};
use crate::request::new_item;
use crate::split::claimed_by_another;

/// Where files are dropped.
const INBOX: &str = "inbox/";
/// How far back the inbox is compared: longer than an event is retried.
const COMPARED: SignedDuration = SignedDuration::from_hours(48);

/// Finds dropped objects without an import, ascending by key. `settled`: the age from which on an event should have
/// been handled.
///
/// # Errors
/// Where a port fails. The comparison may be repeated.
pub async fn without_import(
    objects: &(impl Objects + Sources),
    imports: &impl Imports,
    clock: &impl Clock,
    settled: SignedDuration,
) -> Answer<Vec<ObjectVersion>> {
    let now = clock.now();
    let mut lost = Vec::new();
    for key in objects.written(INBOX, now - COMPARED..now - settled).await? {
        let Some(drop) = Drop::parse(&key) else { continue };
        // Removed since it was listed.
        let Some(dropped) = objects.found(&key).await? else { continue };
        let item = new_item(objects.bucket(), &drop, dropped.object, dropped.options, now);
        let is_known = imports.get(&item.import_id).await?.is_some()
            || claimed_by_another(objects, imports, &item).await?.is_some();
        if !is_known {
            lost.push(item.object);
        }
    }
    Ok(lost)
}
