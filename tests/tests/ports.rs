//! The contracts of the ports, on the adapters of a home and in memory.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use pollster::block_on;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::home::Home;
use rollcall_embedded::memory::{MemoryContacts, MemoryDirectory, MemoryImports, MemoryMail, MemoryObjects};
use rollcall_embedded::queue::{LocalQueue, Message};
use rollcall_tests::contracts::contacts::contacts_contract;
use rollcall_tests::contracts::directory::directory_contract;
use rollcall_tests::contracts::imports::imports_contract;
use rollcall_tests::contracts::mail::mail_contract;
use rollcall_tests::contracts::objects::objects_contract;
use rollcall_tests::contracts::queue::{Received, queue_contract};
use tempfile::TempDir;

fn home() -> (TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(&folder.path().join("home")).unwrap();
    (folder, home)
}

#[test]
fn objects() {
    let (_folder, home) = home();
    block_on(objects_contract(home.bucket().clone()));
    block_on(objects_contract(MemoryObjects::default()));
}

#[test]
fn queue() {
    let queue = LocalQueue::with_room(8);
    let receive = async || {
        std::iter::from_fn(|| queue.try_receive())
            .map(|message| match message {
                Message::Chunk(chunk) => Received::Chunk(chunk),
                Message::Finalize(program, import) => Received::Finalize(program, import),
                Message::Turn(import) => Received::Turn(import),
            })
            .collect()
    };
    block_on(queue_contract(queue.clone(), receive));
}

#[test]
fn directory() {
    let (_folder, home) = home();
    block_on(directory_contract(home.directory()));
    block_on(directory_contract(MemoryDirectory::default()));
}

#[test]
fn contacts() {
    let (_folder, home) = home();
    block_on(contacts_contract(home.contacts()));
    block_on(contacts_contract(MemoryContacts::default()));
}

#[test]
fn imports() {
    let (_folder, home) = home();
    block_on(imports_contract(home.imports()));
    block_on(imports_contract(MemoryImports::default()));
}

#[test]
fn mail() {
    let (_folder, home) = home();
    let outbox = home.outbox().clone();
    let read = async |import: &ImportId| vec![std::fs::read_to_string(outbox.notification(import)).unwrap()];
    block_on(mail_contract(outbox.clone(), read));
    let memory = MemoryMail::default();
    let sent = async |import: &ImportId| {
        let letters = memory.sent().into_iter().filter(|(of, _)| of == import);
        letters.map(|(_, notification)| notification.to.join(", ")).collect()
    };
    block_on(mail_contract(memory.clone(), sent));
}
