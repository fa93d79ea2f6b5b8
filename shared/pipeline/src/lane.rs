//! Lanes: imports into one pool of a program take turns, in the order of their ids.
//!
//! An import joins its lane when it begins, and takes its turn after its plan is written, so that files are surveyed side
//! by side. The import that ends hands the turn on. A dry run and a refused file leave the lane as soon as they are known
//! to write nothing. Each step may be repeated; a lost message is repeated by the sweep.

use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::{Artifacts, Drop, DropTarget};

use crate::artifacts::read_plan;
use crate::ports::{Answer, Clock, ImportItem, Imports, Objects, Queue, Turn};
use crate::request::{drop_of, read_profile};

/// Stores an import and lets it join its lane, before the file is read. A known import stays as it is.
///
/// # Errors
/// Where a port fails. The step may be repeated.
pub async fn announce(
    objects: &impl Objects,
    imports: &impl Imports,
    item: ImportItem,
) -> Answer<ImportItem> {
    let mut item = imports.begin(item).await?;
    // A planned import has joined, and may have left already.
    if item.chunks.is_some() || item.dry_run || item.status.is_some() {
        return Ok(item);
    }
    let lane = match item.lane.take() {
        Some(lane) => Some(lane),
        None => lane_of_drop(objects, imports, &drop_of(&item)?).await?,
    };
    if let Some(lane) = &lane {
        imports.join_lane(&item.import_id, lane).await?;
    }
    Ok(ImportItem { lane, ..item })
}

/// The lane of a drop: its program and the pool that it writes into. `None` where it waits for nobody: it is a dry run, or
/// nothing can be imported.
///
/// # Errors
/// Where a port fails.
pub async fn lane_of_drop(
    objects: &impl Objects,
    imports: &impl Imports,
    drop: &Drop,
) -> Answer<Option<String>> {
    if drop.dry_run {
        return Ok(None);
    }
    let pool = pool_of(objects, imports, drop).await?;
    Ok(pool.map(|pool| format!("{}#{pool}", drop.program)))
}

async fn pool_of(objects: &impl Objects, imports: &impl Imports, drop: &Drop) -> Answer<Option<String>> {
    let mut what = drop.what.clone();
    loop {
        let earlier = match &what {
            DropTarget::Directory(kind) => return Ok(Some(format!("directory/{kind}"))),
            DropTarget::Profile(_) => {
                let profile = read_profile(objects, &what).await?;
                return Ok(profile.ok().map(|profile| profile.pool.clone()));
            }
            DropTarget::Approve(earlier) | DropTarget::Undo(earlier) => earlier.clone(),
        };
        if let Some(plan) = read_plan(objects, &Artifacts::of(&drop.program, &earlier)).await? {
            return Ok(plan.profile().ok().map(|profile| profile.pool.clone()));
        }
        // The earlier import is not surveyed yet: its own drop tells the pool.
        let item = imports.get(&earlier).await?.filter(|item| item.program == drop.program);
        let Some(item) = item else { return Ok(None) };
        what = drop_of(&item)?.what;
    }
}

/// Asks for the turn of a planned import. An import that writes nothing needs none, and lets the others pass.
pub(crate) async fn take_turn(
    imports: &impl Imports,
    queue: &impl Queue,
    clock: &impl Clock,
    item: &ImportItem,
    plan: &Plan,
) -> Answer<Turn> {
    let Some(lane) = &item.lane else { return Ok(Turn::Taken) };
    if plan.dry_run || plan.chunks.is_empty() {
        hand_on(imports, queue, item).await?;
        return Ok(Turn::Taken);
    }
    imports.take_turn(&item.import_id, lane, clock.now()).await
}

/// Gives the turn to the next import of the lane: nothing of this one is written any more.
pub(crate) async fn hand_on(imports: &impl Imports, queue: &impl Queue, item: &ImportItem) -> Answer<()> {
    let Some(lane) = &item.lane else { return Ok(()) };
    if let Some(next) = imports.leave_lane(&item.import_id, lane).await? {
        queue.send_turn(&next).await?;
    }
    Ok(())
}
