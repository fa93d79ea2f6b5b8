//! The progress of an import: a bar on standard error with rate and remaining time.

use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pollster::block_on;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::home::Home;
use rollcall_pipeline::ports::{Imports, Objects};

/// Work that ends sooner shows no bar.
const SHORT: Duration = Duration::from_millis(700);
const TICK: Duration = Duration::from_millis(50);
/// How often the open chunks are counted, in ticks.
const LOOK: u32 = 5;

/// Shows a bar until the import is over.
pub fn show(home: &Home, artifacts: &Artifacts, import: &ImportId, is_over: impl Fn() -> bool) {
    let began = Instant::now();
    while began.elapsed() < SHORT {
        if is_over() {
            return;
        }
        thread::sleep(TICK);
    }
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} reading the file {elapsed}"));
    let mut plan = None;
    for tick in 0_u32.. {
        if is_over() {
            break;
        }
        if tick % LOOK == 0 {
            look(home, artifacts, import, &mut plan, &bar);
        }
        bar.tick();
        thread::sleep(TICK);
    }
    bar.finish_and_clear();
}

/// Reports how many rows are in closed chunks.
fn look(home: &Home, artifacts: &Artifacts, import: &ImportId, plan: &mut Option<Plan>, bar: &ProgressBar) {
    if plan.is_none() {
        let json = block_on(home.bucket().get(&artifacts.plan())).ok().flatten();
        *plan = json.and_then(|json| Plan::from_json(&json).ok());
        if let Some(plan) = plan {
            bar.set_length(plan.rows);
            bar.set_style(style("{bar:32} {human_pos} of {human_len} rows, {per_sec}, {eta} to go"));
            bar.reset_eta();
        }
    }
    let sealed =
        block_on(home.imports().get(import)).ok().flatten().is_some_and(|item| item.chunks.is_some());
    let Some(plan) = plan.as_ref().filter(|_| sealed) else { return };
    let Ok(open) = block_on(home.imports().open_chunks(import)) else { return };
    let rows = |chunk: &u32| plan.chunks.get(*chunk as usize).map_or(0, |chunk| u64::from(chunk.rows));
    bar.set_position(plan.rows.saturating_sub(open.iter().map(rows).sum()));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
