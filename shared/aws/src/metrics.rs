//! Metrics: one line of CloudWatch's embedded metric format for each chunk and each import. Counts, times and names; no
//! cell and no address.

use std::io::Write as _;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use rollcall_domain::report::summary::Summary;
use rollcall_domain::types::names::ProgramName;
use rollcall_domain::types::outcome::Status;
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Rollcall";
/// Their one dimension: the stack.
pub const DIMENSION: &str = "Stack";

/// List prices of on-demand tables, US dollars for a unit: a write, and an eventually consistent read.
const WRITE_PRICE: f64 = 0.625e-6;
const READ_PRICE: f64 = 0.0625e-6;

/// What is told of a chunk that was worked on.
#[derive(Debug, Clone, Copy)]
pub struct ChunkFigures {
    /// Its rows.
    pub rows: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// How long it took.
    pub took: SignedDuration,
    /// Deliveries before this one.
    pub retries: u64,
}

/// A chunk was closed.
pub fn chunk(program: &ProgramName, figures: &ChunkFigures) {
    let metrics = [
        ("ChunkRows", "Count", json!(figures.rows)),
        ("ChunkRejected", "Count", json!(figures.rejected)),
        ("ChunkMilliseconds", "Milliseconds", json!(milliseconds(figures.took))),
        ("ChunkRetries", "Count", json!(figures.retries)),
    ];
    emit(&metrics, &[("program", json!(program.as_str()))]);
}

/// What is told of an import that is over.
#[derive(Debug, Clone, Copy)]
pub struct ImportTimes {
    /// When the file was dropped.
    pub dropped_at: Timestamp,
    /// When its turn came, where it takes turns.
    pub turn_at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// An import is over.
pub fn import(summary: &Summary, times: &ImportTimes) {
    let rows = &summary.rows;
    let took = times.now.duration_since(times.dropped_at).as_secs_f64().max(0.001);
    let waited = times.turn_at.map_or(0.0, |turn| turn.duration_since(times.dropped_at).as_secs_f64());
    let writes = if summary.head.dry_run { 0 } else { rows.created + rows.updated + rows.merged };
    // A match key and a contact for each row; further keys and memberships are not known here.
    let reads = 2 * (rows.read - rows.skipped.min(rows.read));
    let cost = writes as f64 * WRITE_PRICE + reads as f64 * READ_PRICE;
    let metrics = [
        ("ImportRowsPerSecond", "Count/Second", json!(rows.read as f64 / (took - waited).max(0.001))),
        ("ImportSeconds", "Seconds", json!(took)),
        ("ImportWaitSeconds", "Seconds", json!(waited)),
        ("ImportFailed", "Count", json!(u8::from(summary.status == Status::Failed))),
        ("ImportIncomplete", "Count", json!(u8::from(summary.status == Status::Incomplete))),
        ("ImportUnits", "Count", json!(writes)),
        ("ImportCost", "None", json!(cost)),
    ];
    let properties = [
        ("program", json!(summary.head.program)),
        ("profile", json!(summary.head.profile)),
        ("import_id", json!(summary.head.import_id)),
        ("status", json!(summary.status.as_str())),
        ("rows", json!(rows.read)),
    ];
    emit(&metrics, &properties);
}

/// The sweep ran: so many imports have not ended, the oldest for so long.
pub fn heartbeat(unfinished: usize, oldest: SignedDuration) {
    let metrics = [
        ("SweepHeartbeat", "Count", json!(1)),
        ("OldestUnfinishedSeconds", "Seconds", json!(oldest.as_secs())),
        ("UnfinishedImports", "Count", json!(unfinished)),
    ];
    emit(&metrics, &[]);
}

fn milliseconds(time: SignedDuration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(0)
}

/// Lambda hands a line of standard output to CloudWatch.
fn emit(metrics: &[(&str, &str, Value)], properties: &[(&str, Value)]) {
    static STACK: OnceLock<String> = OnceLock::new();
    let stack = STACK.get_or_init(|| std::env::var("ROLLCALL_STACK").unwrap_or_default());
    // A metric that cannot be written stops nothing.
    let _ = writeln!(std::io::stdout().lock(), "{}", line(stack, Timestamp::now(), metrics, properties));
}

fn line(stack: &str, at: Timestamp, metrics: &[(&str, &str, Value)], properties: &[(&str, Value)]) -> Value {
    let named: Vec<Value> =
        metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let mut line = Map::new();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": named});
    line.insert(
        "_aws".to_owned(),
        json!({"Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive]}),
    );
    line.insert(DIMENSION.to_owned(), json!(stack));
    let values = metrics.iter().map(|(name, _, value)| (name, value));
    let properties = properties.iter().map(|(name, value)| (name, value));
    line.extend(values.chain(properties).map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_in_the_embedded_metric_format() {
        let metrics = [("ChunkRows", "Count", json!(7))];
        let line = line("s", Timestamp::UNIX_EPOCH, &metrics, &[("program", json!("acme"))]);
        let expected = json!({
            "_aws": {"Timestamp": 0, "CloudWatchMetrics": [{
                "Namespace": "Rollcall", "Dimensions": [["Stack"]],
                "Metrics": [{"Name": "ChunkRows", "Unit": "Count"}]}]},
            "Stack": "s", "ChunkRows": 7, "program": "acme"});
        assert_eq!(line, expected);
    }
}
