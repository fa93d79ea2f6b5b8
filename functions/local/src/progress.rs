//! The progress of an import: a bar on standard error with rate and remaining time.

use std::thread;
use std::time::{Duration, Instant};

use indicatif::{FormattedDuration, HumanCount, ProgressBar, ProgressStyle};
use pollster::block_on;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::home::Home;
use rollcall_pipeline::ports::{Imports, Objects};

/// An import that ends sooner shows no bar.
const SHORT: Duration = Duration::from_millis(700);
const TICK: Duration = Duration::from_millis(50);
/// How often the open chunks are counted, in ticks.
const LOOK: u32 = 5;

/// Shows a bar until the import has ended.
pub fn show(home: &Home, artifacts: &Artifacts, import: &ImportId, is_over: impl Fn() -> bool) {
    let began = Instant::now();
    while began.elapsed() < SHORT {
        if is_over() {
            return;
        }
        thread::sleep(TICK);
    }
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} reading the file {elapsed}"));
    let mut seen = Seen::default();
    for tick in 0_u32.. {
        if is_over() {
            break;
        }
        if tick % LOOK == 0 {
            look(home, artifacts, import, &mut seen, &bar);
        }
        bar.tick();
        thread::sleep(TICK);
    }
    bar.finish_and_clear();
}

/// The state of the import so far.
#[derive(Default)]
struct Seen {
    plan: Option<Plan>,
    /// The time when the first chunk was sent.
    working: Option<Instant>,
}

/// Reports the number of rows in closed chunks.
fn look(home: &Home, artifacts: &Artifacts, import: &ImportId, seen: &mut Seen, bar: &ProgressBar) {
    let Seen { plan, working } = seen;
    if plan.is_none() {
        let json = block_on(home.bucket().get(&artifacts.plan())).ok().flatten();
        *plan = json.and_then(|json| Plan::from_json(&json).ok());
        if let Some(plan) = plan {
            bar.set_length(plan.rows);
            bar.set_style(style("{wide_bar} {msg}"));
        }
    }
    let sealed =
        block_on(home.imports().get(import)).ok().flatten().is_some_and(|item| item.chunks.is_some());
    let Some(plan) = plan.as_ref().filter(|_| sealed) else { return };
    let Ok(open) = block_on(home.imports().open_chunks(import)) else { return };
    let rows = |chunk: &u32| plan.chunks.get(*chunk as usize).map_or(0, |chunk| u64::from(chunk.rows));
    let done = plan.rows.saturating_sub(open.iter().map(rows).sum());
    bar.set_position(done);
    bar.set_message(words(done, plan.rows, working.get_or_insert_with(Instant::now).elapsed()));
}

/// The text after the bar: at most 60 characters, so that there is room for a bar in 80 columns.
fn words(done: u64, all: u64, working: Duration) -> String {
    let rows = format!("{} of {} rows", HumanCount(done), HumanCount(all));
    let seconds = working.as_secs_f64();
    // A rate over a very short time is not useful.
    if done == 0 || seconds < 0.5 {
        return rows;
    }
    let rate = done as f64 / seconds;
    let left = Duration::from_secs_f64((all - done.min(all)) as f64 / rate);
    format!("{rows}, {}/s, {} to go", HumanCount(rate as u64), FormattedDuration(left))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_leave_room_for_a_bar_and_name_a_plain_rate() {
        let text = words(250_000, 1_000_000, Duration::from_secs(2));
        assert_eq!(text, "250,000 of 1,000,000 rows, 125,000/s, 00:00:06 to go");
        assert_eq!(words(500, 1_000_000, Duration::from_micros(1)), "500 of 1,000,000 rows");
        assert_eq!(words(0, 9, Duration::from_secs(9)), "0 of 9 rows");
        assert!(words(99_999_999, 100_000_000, Duration::from_secs(80)).chars().count() <= 66);
    }
}
