//! Chunks and imports that go no further: every import ends, and says of each row what is known of it.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::collections::VecDeque;

use jiff::SignedDuration;
use pollster::block_on;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::memory::MemoryContacts;
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_pipeline::abandon::abandon_chunk;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, Clock, ContactWrite, Contacts, Imports, Pool, Ports, Queue, Wanted};
use rollcall_pipeline::sweep::{SweepConfig, Swept, sweep_import};
use rollcall_pipeline::work::{Plans, Worked, work_chunk};
use rollcall_tests::faults::{Machine, Side};
use rollcall_tests::world::{Event, Handled, World};

const LEASE: SignedDuration = SignedDuration::from_secs(60);
const WAIT: SignedDuration = SignedDuration::from_secs(600);
const FILE: &str = "Name;E-mail;Note;Group\nAnn;ann@one.example;\"a;b\";\nBad;nobody;;\n;;;\nBob;bob@two.example;=run;\n\
    Cy;cy@three.example;x;\nAnn;ann@one.example;again;VIP\nDi;di@four.example;y;\n";

fn world() -> World {
    let world = World { size: ChunkSize { rows: 4, ..ChunkSize::default() }, ..World::with_acme() };
    world.directory("groups", "name\nVIP\n");
    world
}

/// Drops the file; the import and its chunks.
fn split(world: &World, file: &str) -> (ImportId, Vec<ChunkMessage>) {
    let profile = DropTarget::Profile("prospects".parse().unwrap());
    let dropped = world.drop_file("acme", profile, file.as_bytes(), &[]);
    let (_, caused) = world.handle(&Machine::sound(), dropped);
    let chunk = |event| match event {
        Event::Chunk(chunk) => Some(chunk),
        _ => None,
    };
    (world.imports.items().last().unwrap().import_id.clone(), caused.into_iter().filter_map(chunk).collect())
}

fn abandon(world: &World, machine: &Machine, chunk: &ChunkMessage, last: bool) -> (Handled, Vec<Event>) {
    let queue = LocalQueue::with_room(usize::MAX);
    let ports = machine.ports(world.ports(&queue));
    let abandoned = block_on(abandon_chunk(&ports, &Plans::default(), LEASE, chunk, last));
    let handled = if matches!(abandoned, Ok(Worked::Closed(_))) { Handled::Done } else { Handled::Again };
    (handled, std::iter::from_fn(|| queue.try_receive()).map(event).collect())
}

fn event(message: Message) -> Event {
    match message {
        Message::Chunk(chunk) => Event::Chunk(chunk),
        Message::Finalize(_, import) => Event::Finalize(import),
        Message::Turn(import) => Event::Turn(import),
    }
}

fn drive(world: &World, events: Vec<Event>) {
    world.drive(VecDeque::from(events), Machine::sound);
}

fn numbers(world: &World, import: &ImportId, file: &str) -> Vec<(String, String)> {
    let row = |row: &rollcall_tests::test_host::ResultRow| {
        (row["rollcall_row"].clone(), row["rollcall_outcome"].clone())
    };
    world.rows(import, file).iter().map(row).collect()
}

fn pairs(of: &[(u64, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(row, outcome)| (row.to_string(), (*outcome).to_owned())).collect()
}

#[test]
fn a_chunk_that_was_never_judged_is_unprocessed() {
    let world = world();
    let (import, chunks) = split(&world, FILE);
    drive(&world, vec![Event::Chunk(chunks[1].clone())]);
    let (handled, caused) = abandon(&world, &Machine::sound(), &chunks[0], false);
    assert_eq!(handled, Handled::Done);
    drive(&world, caused);
    let summary = world.summary(&import);
    assert_eq!(summary.status.as_str(), "incomplete");
    assert!(summary.rows.sum_holds());
    assert_eq!((summary.rows.unprocessed, summary.rows.skipped, summary.rows.created), (3, 1, 3));
    let failed = pairs(&[(1, "unprocessed"), (2, "unprocessed"), (4, "unprocessed")]);
    assert_eq!(numbers(&world, &import, "failed.csv"), failed);
    assert_eq!(world.letters(&import), 1);

    // As it is, it gives the rest: the sender's cells came through.
    let failed = world.paper(&import, "failed.csv").unwrap();
    assert!(failed.contains("\"a;b\"") && failed.contains("'=run"), "{failed}");
    let (again, chunks) = split(&world, &failed);
    drive(&world, chunks.into_iter().map(Event::Chunk).collect());
    let rows = world.summary(&again).rows;
    assert_eq!((rows.created, rows.updated, rows.rejected), (1, 1, 1));
}

#[test]
fn a_message_of_another_version_is_answered_for_and_never_judged() {
    let world = world();
    let (import, chunks) = split(&world, FILE);
    let older = ChunkMessage { v: chunks[0].v - 1, ..chunks[0].clone() };
    let (handled, _) = world.handle(&Machine::sound(), Event::Chunk(older.clone()));
    assert_eq!(handled, Handled::Again);
    assert!(world.paper(&import, "chunks/0").is_none());
    let (handled, mut caused) = abandon(&world, &Machine::sound(), &older, false);
    assert_eq!(handled, Handled::Done);
    caused.push(Event::Chunk(chunks[1].clone()));
    drive(&world, caused);
    let summary = world.summary(&import);
    assert_eq!(
        (summary.status.as_str(), summary.rows.unprocessed, summary.rows.created),
        ("incomplete", 3, 3)
    );
}

#[test]
fn a_chunk_that_was_judged_is_kept_and_not_given_up() {
    let calm = world();
    let (import, chunks) = split(&calm, FILE);
    drive(&calm, chunks.into_iter().map(Event::Chunk).collect());
    let expected = calm.came(&import);
    // The worker dies at every call in turn; the dead-letter handler ends what it began.
    for call in 1.. {
        let world = world();
        let (import, chunks) = split(&world, FILE);
        let dying = Machine::dying_at(call, Side::After);
        let (handled, mut caused) = world.handle(&dying, Event::Chunk(chunks[0].clone()));
        let judged = world.paper(&import, "chunks/0").is_some();
        world.clock.advance(61_000);
        caused.extend(abandon(&world, &Machine::sound(), &chunks[0], true).1);
        caused.push(Event::Chunk(chunks[1].clone()));
        drive(&world, caused);
        if judged {
            assert_eq!(world.came(&import), expected, "call {call}");
        } else {
            assert_eq!(world.summary(&import).rows.unprocessed, 3, "call {call}");
        }
        if handled == Handled::Done {
            break;
        }
    }
}

/// Contacts that can be read and never written.
struct ReadOnly(MemoryContacts);

impl Contacts for ReadOnly {
    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<String>>> {
        self.0.read(pool, import, wanted).await
    }
    async fn keep(&self, _: &Pool, _: &ImportId, _: u32, _: &[ContactWrite<'_>]) -> Answer<()> {
        Err(Fault::transient("keeping contacts", "throttled"))
    }
    async fn raise_cutoff(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        self.0.raise_cutoff(pool, import).await
    }
    async fn end_import(&self, pool: &Pool, import: &ImportId) -> Answer<()> {
        self.0.end_import(pool, import).await
    }
}

#[test]
fn what_cannot_be_kept_is_told_row_by_row() {
    let world = world();
    let (import, chunks) = split(&world, FILE);
    let Ports { objects, directory, contacts, imports, queue, clock } =
        world.ports(&LocalQueue::with_room(usize::MAX));
    let ports = Ports { objects, directory, contacts: ReadOnly(contacts), imports, queue, clock };
    let (plans, chunk) = (Plans::default(), &chunks[0]);
    assert!(block_on(work_chunk(&ports, &plans, LEASE, chunk)).is_err());
    // The dead-letter handler finds the fragment and cannot keep it either: it tries until the last time.
    for last in [false, true] {
        world.clock.advance(61_000);
        assert_eq!(block_on(abandon_chunk(&ports, &plans, LEASE, chunk, last)).is_ok(), last);
    }
    drive(&world, vec![Event::Chunk(chunks[1].clone())]);
    let summary = world.summary(&import);
    assert_eq!(summary.status.as_str(), "incomplete");
    assert!(summary.rows.sum_holds());
    let failed = pairs(&[(1, "unprocessed"), (2, "rejected"), (4, "unprocessed")]);
    assert_eq!(numbers(&world, &import, "failed.csv"), failed);
    // Ann's first row is not known to be kept, so her later row is the one that counts.
    let rows = numbers(&world, &import, "succeeded.csv");
    assert_eq!(rows.iter().map(|(row, _)| row.as_str()).collect::<Vec<_>>(), ["5", "6", "7"]);
    assert!(rows.iter().all(|(_, outcome)| outcome == "created"), "{rows:?}");
}

fn sweep(world: &World, import: &ImportId) -> (Swept, Vec<Event>) {
    sweep_beside(world, import, 0)
}

/// Sweeps an import while so many chunks of others wait in the queue.
fn sweep_beside(world: &World, import: &ImportId, waiting: usize) -> (Swept, Vec<Event>) {
    let queue = LocalQueue::with_room(usize::MAX);
    let other = rollcall_tests::contracts::queue::chunk(0, "x\n");
    (0..waiting).for_each(|_| block_on(queue.send_chunk(other.clone())).unwrap());
    let (ports, plans) = (world.ports(&queue), Plans::default());
    let sweep_config = SweepConfig { wait: WAIT, lease: LEASE, size: world.size };
    let swept = block_on(sweep_import(&ports, &world.mail, &plans, sweep_config, import));
    (swept.unwrap(), std::iter::from_fn(|| queue.try_receive()).skip(waiting).map(event).collect())
}

/// A worker takes a chunk and dies.
fn receive(world: &World, chunk: &ChunkMessage) {
    let now = world.clock.now();
    block_on(world.imports.take(&chunk.import_id, chunk.chunk, now, now + LEASE)).unwrap();
}

#[test]
fn messages_that_got_lost_are_sent_again_and_abandoned_once_a_worker_had_them() {
    let world = world();
    let (import, chunks) = split(&world, FILE);
    drive(&world, vec![Event::Chunk(chunks[1].clone())]);
    assert_eq!(sweep(&world, &import).0, Swept::Young);
    world.clock.advance(601_000);
    let (swept, sent) = sweep(&world, &import);
    assert_eq!(swept, Swept::SentAgain);
    assert!(matches!(sent.as_slice(), [Event::Chunk(chunk)] if *chunk == chunks[0]));
    assert_eq!(sweep(&world, &import).0, Swept::Young);
    // Nobody received it: it is sent again, however long that takes.
    for _ in 0..20 {
        world.clock.advance(601_000);
        let (swept, sent) = sweep(&world, &import);
        assert_eq!((swept, sent.len()), (Swept::SentAgain, 1));
    }
    receive(&world, &chunks[0]);
    world.clock.advance(601_000);
    let (swept, caused) = sweep(&world, &import);
    assert_eq!(swept, Swept::Abandoned);
    drive(&world, caused);
    assert_eq!(world.summary(&import).status.as_str(), "incomplete");
    assert_eq!(sweep(&world, &import).0, Swept::Over);
    assert_eq!(world.letters(&import), 1);
}

#[test]
fn an_import_whose_messages_wait_in_the_queue_is_left_alone() {
    let world = world();
    let (import, chunks) = split(&world, FILE);
    world.clock.advance(601_000);
    assert_eq!(sweep_beside(&world, &import, 9), (Swept::Queued, Vec::new()));
    world.clock.advance(601_000);
    assert_eq!(sweep_beside(&world, &import, 9), (Swept::Queued, Vec::new()));
    // A queue that is never empty does not hide a lost message for ever.
    world.clock.advance(1_300_000);
    let (swept, sent) = sweep_beside(&world, &import, 9);
    assert_eq!((swept, sent.len()), (Swept::SentAgain, chunks.len()));
    drive(&world, chunks.into_iter().map(Event::Chunk).collect());
    assert_eq!(world.summary(&import).status.as_str(), "completed_with_errors");
}

#[test]
fn an_import_that_moves_is_never_abandoned() {
    let world = World { size: ChunkSize { rows: 1, ..ChunkSize::default() }, ..world() };
    let (import, chunks) = split(&world, FILE);
    // One chunk every nine minutes: an hour and more for the file, while each sweep looks at it.
    for chunk in chunks {
        for _ in 0..9 {
            world.clock.advance(60_000);
            let swept = sweep(&world, &import).0;
            assert_eq!(swept, Swept::Young);
        }
        let (_, caused) = world.handle(&Machine::sound(), Event::Chunk(chunk));
        drive(&world, caused);
    }
    assert_eq!(world.summary(&import).rows.unprocessed, 0);
    assert_eq!(sweep(&world, &import).0, Swept::Over);
}

#[test]
fn an_import_that_waits_for_its_turn_is_left_alone() {
    let world = world();
    let (first, chunks) = split(&world, FILE);
    let profile = DropTarget::Profile("prospects".parse().unwrap());
    let later = world.drop_file("acme", profile, FILE.replace("Ann", "Eve").as_bytes(), &[]);
    assert_eq!(world.handle(&Machine::sound(), later), (Handled::Done, Vec::new()));
    let second = world.imports.items().last().unwrap().import_id.clone();
    for _ in 0..20 {
        world.clock.advance(601_000);
        assert_eq!(sweep(&world, &second), (Swept::Waiting, Vec::new()));
    }
    // The turn was handed on and its message got lost: the sweep finds it.
    for chunk in chunks {
        let (_, caused) = world.handle(&Machine::sound(), Event::Chunk(chunk));
        for event in caused {
            world.handle(&Machine::sound(), event);
        }
    }
    assert_eq!(world.letters(&first), 1);
    let (swept, caused) = sweep(&world, &second);
    assert_eq!(swept, Swept::SentAgain);
    drive(&world, caused);
    assert_eq!(world.letters(&second), 1);
}

#[test]
fn a_sweep_that_dies_is_repeated() {
    for (call, side) in (0..40).flat_map(|call| [(call, Side::Before), (call, Side::After)]) {
        let world = world();
        let (import, chunks) = split(&world, FILE);
        drive(&world, vec![Event::Chunk(chunks[1].clone())]);
        world.clock.advance(601_000);
        sweep(&world, &import);
        receive(&world, &chunks[0]);
        world.clock.advance(601_000);
        let queue = LocalQueue::with_room(usize::MAX);
        let (machine, plans) = (Machine::dying_at(call, side), Plans::default());
        let ports = machine.ports(world.ports(&queue));
        let sweep_config = SweepConfig { wait: WAIT, lease: LEASE, size: world.size };
        let mail = machine.port(world.mail.clone());
        drop(block_on(sweep_import(&ports, &mail, &plans, sweep_config, &import)));
        world.clock.advance(601_000);
        for _ in 0..2 {
            let (_, caused) = sweep(&world, &import);
            drive(&world, caused);
            world.clock.advance(601_000);
        }
        let summary = world.summary(&import);
        assert!(matches!(summary.status.as_str(), "incomplete" | "failed"), "{side:?} call {call}");
        assert!(summary.rows.sum_holds());
        assert!(matches!(world.letters(&import), 1 | 2), "{side:?} call {call}");
    }
}

#[test]
fn a_lost_last_message_is_told_again() {
    let world = world();
    let (import, chunks) = split(&world, FILE);
    for chunk in chunks {
        world.handle(&Machine::sound(), Event::Chunk(chunk));
    }
    world.clock.advance(601_000);
    let (swept, caused) = sweep(&world, &import);
    assert_eq!(swept, Swept::ToldAgain);
    drive(&world, caused);
    assert_eq!(world.summary(&import).rows.created, 4, "{:?}", world.summary(&import));
}

#[test]
fn an_import_whose_object_is_gone_ends_as_failed() {
    let world = world();
    let (import, _) = split(&world, FILE);
    world.put("inbox/acme/prospects/list.csv", "overwritten");
    world.clock.advance(601_000);
    assert_eq!(sweep(&world, &import).0, Swept::Failed);
    let summary = world.summary(&import);
    assert_eq!((summary.status.as_str(), summary.rows.unprocessed), ("failed", 7));
    assert_eq!(world.letters(&import), 1);
    assert_eq!(sweep(&world, &import).0, Swept::Over);
}
