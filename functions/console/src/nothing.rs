//! A queue that takes nothing: the console starts imports by objects in the bucket, as everybody else does.

use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, Queue};

/// No queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoQueue;

fn refused() -> Fault {
    Fault::permanent("sending a message", "the console has no queue")
}

impl Queue for NoQueue {
    async fn send_chunk(&self, _: ChunkMessage) -> Answer<()> {
        Err(refused())
    }

    async fn send_finalize(&self, _: &ProgramName, _: &ImportId) -> Answer<()> {
        Err(refused())
    }

    async fn send_turn(&self, _: &ImportId) -> Answer<()> {
        Err(refused())
    }
}
