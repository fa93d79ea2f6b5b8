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
        None => lane_of(objects, imports, &item).await?,
    };
    if let Some(lane) = &lane {
        imports.join_lane(&item.import_id, lane).await?;
    }
    Ok(ImportItem { lane, ..item })
}

/// The lane of an import: its program and the pool of its profile. `None` where nothing can be imported.
async fn lane_of(
    objects: &impl Objects,
    imports: &impl Imports,
    item: &ImportItem,
) -> Answer<Option<String>> {
    let drop = drop_of(item)?;
    let pool = match &drop.what {
        DropTarget::Directory(kind) => Some(format!("directory/{kind}")),
        DropTarget::Approve(dry_run) => {
            let dry_run = imports.get(dry_run).await?.filter(|dry_run| dry_run.program == item.program);
            let Some(dry_run) = dry_run else { return Ok(None) };
            let plan = read_plan(objects, &Artifacts::of(&dry_run.program, &dry_run.import_id)).await?;
            plan.and_then(|plan| plan.profile().ok()).map(|profile| profile.pool.clone())
        }
        DropTarget::Undo(undone) => {
            let plan = read_plan(objects, &Artifacts::of(&item.program, undone)).await?;
            plan.and_then(|plan| plan.profile().ok()).map(|profile| profile.pool.clone())
        }
        DropTarget::Profile(_) => {
            read_profile(objects, &drop.what).await?.ok().map(|profile| profile.pool.clone())
        }
    };
    Ok(pool.map(|pool| format!("{}#{pool}", item.program)))
}

/// The lane in which two drops must not run at the same time; `None` where a drop waits for nobody.
///
/// # Errors
/// Where a port fails.
pub async fn lane_of_drop(objects: &impl Objects, drop: &Drop) -> Answer<Option<String>> {
    if drop.dry_run {
        return Ok(None);
    }
    let pool = match &drop.what {
        DropTarget::Profile(_) => {
            read_profile(objects, &drop.what).await?.map(|profile| profile.pool.clone())
        }
        DropTarget::Directory(kind) => Ok(format!("directory/{kind}")),
        DropTarget::Approve(_) => Ok("approve".to_owned()),
        DropTarget::Undo(_) => Ok("undo".to_owned()),
    };
    Ok(pool.ok().map(|pool| format!("{}#{pool}", drop.program)))
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
