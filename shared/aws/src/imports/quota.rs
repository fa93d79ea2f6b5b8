//! Dry runs of a program and day, counted: a dry run says who is known, so a program has a number of them.
//!
//! Under `dry-runs#<program>` there is the counter of each day, and beside it an item for each dry run that was
//! counted: the same import is counted once, however often it is split. All of them expire.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ImportItem};

use super::{CONDITION, EXPIRES, ImportsTable, canceled, key};
use crate::fault::{fault, unbuilt};
use crate::table::{PK, SK, number, pause, text};

const DOING: &str = "counting a dry run";
const RUNS: &str = "runs";
/// Longer than an event of the day can be delivered again.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 16);
/// Several dry runs of a program may be counted at the same time.
const TRIES: u32 = 8;

impl ImportsTable {
    /// The table with a number of dry runs that each program may make on a day.
    #[must_use]
    pub fn with_dry_runs_per_day(mut self, limit: u32) -> Self {
        self.1.dry_runs_per_day = Some(limit);
        self
    }

    /// Counts a dry run; the limit where it is used up.
    pub(super) async fn count_dry_run(&self, item: &ImportItem) -> Answer<Option<u32>> {
        let Some(limit) = self.1.dry_runs_per_day else { return Ok(None) };
        let runs = Runs::of(item);
        for attempt in 0..TRIES {
            let write = self.0.client.transact_write_items();
            let write = write.transact_items(self.claiming(&runs)?);
            match write.transact_items(self.counting(&runs, limit)?).send().await {
                Ok(_) => return Ok(None),
                Err(error) => match canceled(error.as_service_error()).as_deref() {
                    // Counted before.
                    Some([claimed, _]) if *claimed == CONDITION => return Ok(None),
                    Some([_, counted]) if *counted == CONDITION => {
                        // The alarm's metric filter matches this text.
                        tracing::warn!(import.id = %item.import_id, program.name = %item.program, "dry runs used up");
                        return Ok(Some(limit));
                    }
                    Some(_) => pause(attempt).await,
                    None => return Err(fault(DOING, error)),
                },
            }
        }
        Err(Fault::transient(DOING, "other dry runs keep being counted"))
    }

    fn claiming(&self, runs: &Runs) -> Answer<TransactWriteItem> {
        let mut claim = key(&runs.program, &format!("{}#{}", runs.day, runs.import));
        claim.insert(EXPIRES.to_owned(), number(runs.expires));
        let put = Put::builder().table_name(&self.0.name).set_item(Some(claim));
        let put = put.condition_expression("attribute_not_exists(pk)").build();
        Ok(TransactWriteItem::builder().put(put.map_err(|error| unbuilt(DOING, error))?).build())
    }

    fn counting(&self, runs: &Runs, limit: u32) -> Answer<TransactWriteItem> {
        let update = Update::builder().table_name(&self.0.name);
        let update = update.key(PK, text(&*runs.program)).key(SK, text(&*runs.day));
        let update = update.update_expression("SET #expires = :expires ADD #runs :one");
        // A limit of nought admits none, not even the first.
        let first = if limit == 0 { "" } else { "attribute_not_exists(#runs) OR " };
        let update = update.condition_expression(format!("{first}#runs < :limit"));
        let update = update.expression_attribute_names("#runs", RUNS);
        let update = update.expression_attribute_names("#expires", EXPIRES);
        let update = update.expression_attribute_values(":expires", number(runs.expires));
        let update = update.expression_attribute_values(":one", number(1));
        let update = update.expression_attribute_values(":limit", number(limit)).build();
        Ok(TransactWriteItem::builder().update(update.map_err(|error| unbuilt(DOING, error))?).build())
    }
}

/// The keys of a dry run.
struct Runs {
    program: String,
    day: String,
    import: String,
    expires: i64,
}

impl Runs {
    fn of(item: &ImportItem) -> Self {
        let began: Timestamp = item.started_at;
        Self {
            program: format!("dry-runs#{}", item.program),
            day: began.to_zoned(TimeZone::UTC).date().to_string(),
            import: item.import_id.to_string(),
            expires: (began + KEPT).as_second(),
        }
    }
}
