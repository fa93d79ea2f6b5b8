//! Chunks and imports that go no further: every import ends, and says of each row what is known of it.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::collections::VecDeque;

use jiff::SignedDuration;
use pollster::block_on;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::memory::{MemoryContacts, MemoryListing};
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_pipeline::abandon::abandon_chunk;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{
    Answer, ContactState, ContactWrite, Contacts, Earlier, Pool, Ports, UndoWrite, Wanted,
};
use rollcall_pipeline::sweep::{SweepConfig, Swept, Unfinished, sweep_import};
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
    type Listing = MemoryListing;

    async fn list(&self, pool: &Pool, import: &ImportId) -> Answer<MemoryListing> {
        self.0.list(pool, import).await
    }
    async fn cutoff(&self, pool: &Pool) -> Answer<Option<ImportId>> {
        self.0.cutoff(pool).await
    }
    async fn now(&self, pool: &Pool, ids: &[ContactId]) -> Answer<Vec<Option<ContactState>>> {
        self.0.now(pool, ids).await
    }
    async fn lower_cutoff(&self, pool: &Pool, from: &ImportId, to: Option<&ImportId>) -> Answer<()> {
        self.0.lower_cutoff(pool, from, to).await
    }
    async fn undo(&self, pool: &Pool, undone: &ImportId, writes: &[UndoWrite]) -> Answer<()> {
        self.0.undo(pool, undone, writes).await
    }
    async fn read(&self, pool: &Pool, import: &ImportId, wanted: &[Wanted]) -> Answer<Vec<Option<Earlier>>> {
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
    let queue = LocalQueue::with_room(usize::MAX);
    let swept_at = block_on(world.imports.unfinished()).unwrap();
    let swept_at = swept_at.into_iter().find(|(listed, _)| listed == import).and_then(|(_, at)| at);
    let (ports, plans) = (world.ports(&queue), Plans::default());
    let sweep_config = SweepConfig { wait: WAIT, lease: LEASE, size: world.size };
    let swept = block_on(sweep_import(&ports, &world.mail, &plans, sweep_config, import, swept_at));
    (swept.unwrap(), std::iter::from_fn(|| queue.try_receive()).map(event).collect())
}

#[test]
fn messages_that_got_lost_are_sent_again_once_and_then_given_up() {
    let world = world();
    let (import, chunks) = split(&world, FILE);
    drive(&world, vec![Event::Chunk(chunks[1].clone())]);
    assert_eq!(sweep(&world, &import).0, Swept::Young);
    world.clock.advance(601_000);
    let (swept, sent) = sweep(&world, &import);
    assert_eq!(swept, Swept::SentAgain);
    assert!(matches!(sent.as_slice(), [Event::Chunk(chunk)] if *chunk == chunks[0]));
    assert_eq!(sweep(&world, &import).0, Swept::Young);
    world.clock.advance(601_000);
    let (swept, caused) = sweep(&world, &import);
    assert_eq!(swept, Swept::Abandoned);
    drive(&world, caused);
    assert_eq!(world.summary(&import).status.as_str(), "incomplete");
    assert_eq!(sweep(&world, &import).0, Swept::Over);
    assert_eq!(world.letters(&import), 1);
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
