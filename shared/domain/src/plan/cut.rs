//! The cut: extracts the runs of rows in the plan from the decoded text. It makes no decisions.

use crate::file::record_text;
use crate::file::split::records;
use crate::plan::chunk::{ChunkMessage, Mark, VERSION};
use crate::plan::import_plan::{ChunkPlan, Plan};
use crate::types::limits;

/// Creates the message of one chunk from its part of the decoded text.
pub fn message(plan: &Plan, number: u32, bytes: Vec<u8>) -> ChunkMessage {
    let chunk = &plan.chunks[number as usize];
    let mut marks = repeat_marks(chunk);
    let text = match (chunk.irregular, String::from_utf8(bytes)) {
        (false, Ok(text)) => text,
        (true, Ok(text)) => rewrite(chunk, text.as_bytes(), plan.delimiter(), &mut marks),
        (_, Err(error)) => rewrite(chunk, error.as_bytes(), plan.delimiter(), &mut marks),
    };
    ChunkMessage {
        v: VERSION,
        program: plan.program.clone(),
        import_id: plan.import_id.clone(),
        chunk: number,
        first_row: chunk.first_row,
        first_line: chunk.first_line,
        text,
        marks,
    }
}

impl ChunkMessage {
    /// Creates a message for the second step of a gated import: it contains no rows, as its chunk has been judged.
    pub fn to_write(plan: &Plan, step: u32) -> Self {
        let chunk = &plan.chunks[plan.chunk_of(step) as usize];
        Self {
            v: VERSION,
            program: plan.program.clone(),
            import_id: plan.import_id.clone(),
            chunk: step,
            first_row: chunk.first_row,
            first_line: chunk.first_line,
            text: String::new(),
            marks: Vec::new(),
        }
    }
}

fn repeat_marks(chunk: &ChunkPlan) -> Vec<Mark> {
    let told = |number: u32| (number > 0).then_some(u64::from(number));
    let mark = |repeat: &crate::plan::import_plan::RepeatMark| Mark {
        row: u64::from(repeat.row),
        first: told(repeat.first),
        repeats: told(repeat.repeats),
        ordinal: told(repeat.ordinal),
        ..Mark::default()
    };
    chunk.repeats.iter().map(mark).collect()
}

/// Rewrites a run with records that are too large for a message, or with bytes that are not text.
fn rewrite(chunk: &ChunkPlan, bytes: &[u8], delimiter: u8, marks: &mut Vec<Mark>) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (row, record) in (chunk.first_row..).zip(records(bytes, delimiter)) {
        let whole = &bytes[record.body];
        if whole.len() > limits::ROW_BYTES {
            text.push_str(&record_text::cut(whole, delimiter));
            let mark = mark_of(marks, row);
            mark.cut_from = Some(whole.len() as u64);
            mark.lines = Some(u64::from(record.lines));
        } else {
            let (shown, bad) = record_text::text(whole, delimiter);
            text.push_str(&shown);
            if !bad.is_empty() {
                mark_of(marks, row).bytes = bad;
            }
        }
        text.push('\n');
    }
    text
}

fn mark_of(marks: &mut Vec<Mark>, row: u64) -> &mut Mark {
    let at = marks.partition_point(|mark| mark.row < row);
    if marks.get(at).is_none_or(|mark| mark.row != row) {
        marks.insert(at, Mark { row, ..Mark::default() });
    }
    &mut marks[at]
}
