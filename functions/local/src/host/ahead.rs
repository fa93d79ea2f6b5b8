//! Assembles the result files while other chunks are still in progress. The worker that closes a chunk appends its
//! result rows, and those of later chunks that wait. At the end little is left to do, and few chunk results are read
//! again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pollster::block_on;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::result::chunk_result::ChunkAnswer;
use rollcall_pipeline::assemble::Assembly;
use rollcall_pipeline::ports::{ObjectWriter, Objects};

/// The most results that wait in memory for an earlier chunk, a megabyte or two each; others are read again from the
/// bucket.
const MOST_WAITING: usize = 8;

/// The part that is assembled, and the results that wait for an earlier chunk.
#[derive(Debug)]
pub struct Ahead<W> {
    /// By chunk; `None` if the result is to be read.
    waiting: Mutex<BTreeMap<u32, Option<ChunkAnswer>>>,
    files: Mutex<Files<W>>,
}

#[derive(Debug)]
enum Files<W> {
    NotBegun,
    Begun(Box<Assembly<W>>),
    /// Taken by the finalizer, or failed. The finalizer then begins the files again and reports any failure.
    Gone,
}

impl<W> Default for Ahead<W> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), files: Mutex::new(Files::NotBegun) }
    }
}

impl<W: ObjectWriter> Ahead<W> {
    /// Adds a closed chunk.
    pub fn add(
        &self,
        objects: &impl Objects<Writer = W>,
        plan: &Plan,
        chunk: u32,
        answer: Option<ChunkAnswer>,
    ) {
        // The rows to write are known only once every chunk is judged.
        if plan.options.max_rejected.is_some() {
            return;
        }
        let mut waiting = lock(&self.waiting);
        let has_room = waiting.values().flatten().count() < MOST_WAITING;
        waiting.insert(chunk, answer.filter(|_| has_room));
        drop(waiting);
        // The thread that is assembling adds this chunk too, or the next one does.
        let Ok(mut files) = self.files.try_lock() else { return };
        if matches!(*files, Files::NotBegun) {
            *files = block_on(Assembly::begin(objects, plan))
                .map_or(Files::Gone, |begun| Files::Begun(Box::new(begun)));
        }
        while let Files::Begun(assembly) = &mut *files {
            let Some(answer) = lock(&self.waiting).remove(&assembly.next()) else { return };
            if block_on(assembly.add_closed(objects, plan, answer)).is_err() {
                *files = Files::Gone;
            }
        }
    }

    /// Takes the assembled part; no more chunks are added.
    pub fn take(&self) -> Option<Assembly<W>> {
        // After a panic it is unknown which part of a chunk was written.
        let mut files = self.files.lock().ok()?;
        match std::mem::replace(&mut *files, Files::Gone) {
            Files::Begun(assembly) => Some(*assembly),
            Files::NotBegun | Files::Gone => None,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rollcall_domain::contacts::writes::WriteBatch;
    use rollcall_domain::plan::object_keys::Artifacts;
    use rollcall_domain::result::chunk_result::{ChunkResult, Writes};
    use rollcall_domain::types::names::{ImportId, ProgramName};
    use rollcall_embedded::memory::MemoryObjects;

    use super::*;

    #[test]
    fn chunks_are_added_in_their_order_whatever_order_they_close_in() {
        let program = ProgramName::parse("acme").unwrap();
        let import = ImportId::derive("b", "k", "v", Timestamp::UNIX_EPOCH);
        let plan = Plan::of_nothing(import.clone(), program.clone(), "f.csv", false, Timestamp::UNIX_EPOCH);
        let artifacts = Artifacts::of(&program, &import);
        let answer_of = |chunk: u32| ChunkAnswer {
            succeeded: format!("{chunk}\r\n").into_bytes(),
            failed: format!("failed {chunk}\r\n").into_bytes(),
            ..ChunkAnswer::default()
        };
        // The first chunk closes last: more results wait than memory holds, so some are read again.
        for order in [(0..40).collect::<Vec<u32>>(), (0..40).rev().collect(), vec![2, 0, 1, 5, 4, 3]] {
            let (objects, ahead) = (MemoryObjects::default(), Ahead::default());
            for &chunk in &order {
                let writes = Writes::Contacts(WriteBatch::default());
                let chunk_result = ChunkResult { answer: answer_of(chunk), writes };
                let parts = chunk_result.to_parts(&import, chunk);
                let parts = parts.each_ref().map(AsRef::as_ref);
                assert!(block_on(objects.put_if_absent(&artifacts.chunk_result(chunk), &parts)).unwrap());
                ahead.add(&objects, &plan, chunk, Some(chunk_result.answer));
            }
            let files = ahead.take().unwrap();
            assert_eq!(files.next() as usize, order.len());
            assert!(ahead.take().is_none(), "taken once");
            block_on(files.finish()).unwrap();
            let written =
                |key: String| String::from_utf8(block_on(objects.get(&key)).unwrap().unwrap()).unwrap();
            let wanted = |beginning: &str| -> String {
                (0..order.len()).map(|chunk| format!("{beginning}{chunk}\r\n")).collect()
            };
            let of_lines = |text: String| text.split_once("\r\n").map(|(_, rows)| rows.to_owned()).unwrap();
            assert_eq!(of_lines(written(artifacts.succeeded())), wanted(""));
            assert_eq!(of_lines(written(artifacts.failed())), wanted("failed "));
        }
    }
}
