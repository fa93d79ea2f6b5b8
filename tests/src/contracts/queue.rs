//! The queues: what is sent arrives, once or more, in any order.

use rollcall_domain::plan::chunk::{ChunkMessage, VERSION};
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::ports::Queue;

use super::{import, program};

/// What came out of the queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A chunk.
    Chunk(ChunkMessage),
    /// All chunks of an import are closed.
    Finalize(ProgramName, ImportId),
    /// It is the turn of an import.
    Turn(ImportId),
}

/// Runs the suite; `receive` takes all that waits in the queues.
pub async fn queue_contract<Q: Queue>(queue: Q, receive: impl AsyncFn() -> Vec<Received>) {
    let odd = "Anna;\"a\n\";\u{1f680}\u{1}\r\n";
    let chunks = [chunk(0, "a;b\n"), chunk(1, odd), chunk(1, odd)];
    for chunk in &chunks {
        queue.send_chunk(chunk.clone()).await.expect("sent");
    }
    queue.send_finalize(&program("acme"), &import(1)).await.expect("sent");
    queue.send_finalize(&program("acme"), &import(1)).await.expect("sent again");
    queue.send_turn(&import(2)).await.expect("sent");
    let received = receive().await;
    for chunk in chunks {
        assert!(received.contains(&Received::Chunk(chunk)));
    }
    assert!(received.contains(&Received::Finalize(program("acme"), import(1))));
    assert!(received.contains(&Received::Turn(import(2))));
    assert!(receive().await.is_empty());
}

/// A chunk of one record.
pub fn chunk(number: u32, text: &str) -> ChunkMessage {
    ChunkMessage {
        v: VERSION,
        program: program("acme"),
        import_id: import(1),
        chunk: number,
        first_row: u64::from(number) + 1,
        first_line: u64::from(number) + 2,
        text: text.to_owned(),
        marks: Vec::new(),
    }
}
