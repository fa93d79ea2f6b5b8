//! Assembles the result files from the chunk results, in file order.
//!
//! On AWS the finalizer begins when all chunks are closed. A host that works and finalizes in one process begins with
//! the first chunk and passes the open files to [`crate::finalize::finalize_begun`]: the bytes are the same, but
//! ready sooner.

pub(crate) mod workbook;

use std::collections::HashSet;

use futures_util::future::try_join3;
use rollcall_domain::plan::columns::{CHANGES, FAILED, SUCCEEDED};
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::mapping::Mapping;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::html::Workbooks;
use rollcall_domain::result::chunk_result::ChunkAnswer;
use rollcall_domain::result::rows::ResultWriter;
use rollcall_domain::result::tally::Tally;
use rollcall_domain::types::outcome::Outcome;

use crate::artifacts::{read_abandoned, read_answer};
use crate::assemble::workbook::ResultWorkbook;
use crate::ports::{Answer, ObjectWriter, Objects};

/// Result files that are being written: they contain the chunks before [`Assembly::next`].
#[derive(Debug)]
pub struct Assembly<W> {
    succeeded: W,
    failed: W,
    changes: W,
    /// The workbooks of the accepted and of the other rows.
    workbooks: Option<[Option<ResultWorkbook<W>>; 2]>,
    tally: Tally,
    /// First rows of the identities whose lowest accepted row has been read.
    seen: HashSet<u64>,
    next: u32,
}

impl<W: ObjectWriter> Assembly<W> {
    /// Begins the files with their headers.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub async fn begin(objects: &impl Objects<Writer = W>, plan: &Plan) -> Answer<Self> {
        let artifacts = Artifacts::of(&plan.program, &plan.import_id);
        let mut succeeded = objects.create(&artifacts.succeeded()).await?;
        let mut failed = objects.create(&artifacts.failed()).await?;
        let mut changes = objects.create(&artifacts.changes()).await?;
        let delimiter = plan.delimiter();
        let of_succeeded = ResultWriter::header(&plan.mapping, &SUCCEEDED, delimiter, false, &[]);
        let carrying = plan.carrying_headers();
        let of_failed = ResultWriter::header(&plan.mapping, &FAILED, delimiter, plan.surplus, &carrying);
        succeeded.write(&of_succeeded).await?;
        failed.write(&of_failed).await?;
        let workbooks = match plan.sheet {
            Some(_) => Some([
                ResultWorkbook::begin(objects, &artifacts.succeeded_workbook(), &of_succeeded, delimiter)
                    .await?,
                ResultWorkbook::begin(objects, &artifacts.failed_workbook(), &of_failed, delimiter).await?,
            ]),
            None => None,
        };
        changes.write(&ResultWriter::header(&Mapping::default(), &CHANGES, delimiter, false, &[])).await?;
        let (tally, seen) = (Tally::default(), HashSet::new());
        Ok(Self { succeeded, failed, changes, workbooks, tally, seen, next: 0 })
    }

    /// The number of the chunk to add next.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Adds the next chunk, which is closed. Its result is in memory, or is read again.
    ///
    /// # Errors
    /// If the bucket cannot be read or written. Then the caller begins both files again.
    pub async fn add_closed(
        &mut self,
        objects: &impl Objects<Writer = W>,
        plan: &Plan,
        answer: Option<ChunkAnswer>,
    ) -> Answer<()> {
        let artifacts = Artifacts::of(&plan.program, &plan.import_id);
        let answer = match answer {
            Some(answer) => Some(without_abandoned(objects, &artifacts, plan, self.next, answer).await?),
            None => read_chunk(objects, &artifacts, plan, self.next).await?,
        };
        self.add(plan, answer).await
    }

    /// Adds the next chunk. `None`: the chunk was never sent, because the object no longer existed.
    pub(crate) async fn add(&mut self, plan: &Plan, answer: Option<ChunkAnswer>) -> Answer<()> {
        match answer {
            Some(mut answer) => {
                answer.merge_repeats(&mut self.seen, plan.delimiter());
                self.tally.merge(&answer.tally);
                append(&mut self.succeeded, &answer.succeeded).await?;
                append(&mut self.failed, &answer.failed).await?;
                append(&mut self.changes, &answer.changes).await?;
                self.add_to_workbooks(&answer).await?;
            }
            None => {
                let rows = plan.chunks.get(self.next as usize).map_or(0, |chunk| chunk.rows);
                self.tally.add_plain(Outcome::Unprocessed, u64::from(rows));
            }
        }
        self.next += 1;
        Ok(())
    }

    /// Makes the files appear; returns the counts.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub async fn finish(self) -> Answer<Assembled> {
        try_join3(self.succeeded.finish(), self.failed.finish(), self.changes.finish()).await?;
        let Some(workbooks) = self.workbooks else {
            return Ok(Assembled { tally: self.tally, workbooks: Workbooks::default() });
        };
        let written =
            Workbooks { wanted: true, succeeded: workbooks[0].is_some(), failed: workbooks[1].is_some() };
        for workbook in workbooks.into_iter().flatten() {
            workbook.finish().await?;
        }
        Ok(Assembled { tally: self.tally, workbooks: written })
    }

    async fn add_to_workbooks(&mut self, answer: &ChunkAnswer) -> Answer<()> {
        let Some(workbooks) = &mut self.workbooks else { return Ok(()) };
        for (workbook, rows) in workbooks.iter_mut().zip([&answer.succeeded, &answer.failed]) {
            if let Some(begun) = workbook.take() {
                *workbook = begun.add(rows).await?;
            }
        }
        Ok(())
    }
}

/// The result of the assembled chunks.
#[derive(Debug, Default)]
pub struct Assembled {
    /// The counts.
    pub tally: Tally,
    /// The result files that also exist as workbooks.
    pub workbooks: Workbooks,
}

async fn append(file: &mut impl ObjectWriter, rows: &[u8]) -> Answer<()> {
    if rows.is_empty() { Ok(()) } else { file.write(rows).await }
}

/// The result of a chunk; `None` if it was never sent.
pub(crate) async fn read_chunk(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    number: u32,
) -> Answer<Option<ChunkAnswer>> {
    let Some(answer) = read_answer(objects, artifacts, number).await? else { return Ok(None) };
    without_abandoned(objects, artifacts, plan, number, answer).await.map(Some)
}

/// Rows that were abandoned after they were judged are unprocessed.
async fn without_abandoned(
    objects: &impl Objects,
    artifacts: &Artifacts,
    plan: &Plan,
    number: u32,
    answer: ChunkAnswer,
) -> Answer<ChunkAnswer> {
    Ok(match read_abandoned(objects, artifacts, number).await? {
        Some(abandoned) => abandoned.apply(plan, answer),
        None => answer,
    })
}
