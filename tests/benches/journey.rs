//! A row's journey, part by part, in nanoseconds of processor time a row on one thread; nothing is read or written.
#![allow(clippy::print_stdout, reason = "a bench prints what it measures")]

use std::collections::HashSet;
use std::time::Duration;

use rollcall_domain::contacts::directory::Candidates;
use rollcall_domain::judge::chunk_judge::{ChunkJudge, LookupAnswers};
use rollcall_domain::plan::cut;
use rollcall_domain::plan::import_plan::{ChunkSize, Plan};
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::survey::opening::Opening;
use rollcall_domain::survey::whole_file::Survey;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_tests::list;

const ROWS: u64 = 200_000;
const PIECE: usize = 4 * 1024 * 1024;

fn main() {
    let mut file = Vec::new();
    list::contacts(&mut file, ROWS).expect("memory takes all");
    let profile = Profile::built_in("prospects").expect("it is built in");
    let settings = Settings { region: Some("BR".into()), ..Settings::default() };
    for round in 0..3 {
        println!("round {round}");
        journey(&file, &profile, &settings);
    }
}

fn journey(file: &[u8], profile: &Profile, settings: &Settings) {
    let options = Options::default();
    let start = processor();
    let opening = Opening::of(&file[..PIECE], false, profile, &options);
    let mut survey = Survey::new(opening, profile, &options, settings, ChunkSize::default());
    file.chunks(PIECE).for_each(|piece| survey.feed(piece));
    let surveyed = survey.finish();
    tell("survey", processor() - start);
    assert!(surveyed.errors.is_empty(), "{:?}", surveyed.errors);
    let now = "2026-11-21T08:00:00Z".parse().expect("a time");
    let acme = ProgramName::parse("acme").expect("a name");
    let plan = Plan {
        profile: profile.to_toml(),
        settings: settings.clone(),
        mapping: surveyed.mapping,
        rows: surveyed.rows,
        chunks: surveyed.chunks,
        ..Plan::of_nothing(ImportId::derive("b", "k", "v", now), acme, "list.csv", false, now)
    };
    let mut parts = [Duration::ZERO; 6];
    let mut seen = HashSet::new();
    for (number, chunk) in (0..).zip(&plan.chunks) {
        let mut at = processor();
        let mut lap = |part: usize| {
            let now = processor();
            parts[part] += now - at;
            at = now;
        };
        let message = cut::message(&plan, number, file[chunk.start as usize..chunk.end as usize].to_vec());
        lap(0);
        let mut bench = ChunkJudge::open(&plan, profile, &message);
        lap(1);
        let wanted = bench.wanted();
        lap(2);
        let found = LookupAnswers {
            accounts: vec![Candidates::default(); wanted.accounts.len()],
            entries: vec![Vec::new(); wanted.entries.len()],
            contacts: vec![None; wanted.contacts.len()],
            items: Vec::new(),
            ..LookupAnswers::default()
        };
        let mut chunk_result = bench.judge(&wanted, &found).expect("the bench's rows are sound");
        lap(3);
        let bytes = chunk_result.to_parts(&plan.import_id, number).concat();
        lap(4);
        chunk_result.answer.merge_repeats(&mut seen, b',');
        std::hint::black_box(bytes);
        lap(5);
    }
    for (name, part) in ["cut", "clean", "what to look up", "judge", "fragment", "merge"].iter().zip(parts) {
        tell(name, part);
    }
}

/// Processor time of this thread: what else the machine does is no part of it.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the bench runs on Linux");
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("schedstat begins with nanoseconds"))
}

fn tell(part: &str, took: Duration) {
    println!("{part:>16}: {:.0} ns a row", took.as_secs_f64() * 1e9 / ROWS as f64);
}
