//! The contacts as people read them: every one on exactly one page, found by its id, erased for good.

use std::collections::BTreeSet;

use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::ports::{ContactReader, ContactWrite, Contacts, Pool, Wanted};

use super::contacts::{contact, fresh};
use super::{import, program};

/// Runs the suite, on contacts that nobody has written to.
pub async fn reader_contract<C: Contacts + ContactReader>(contacts: C) {
    nothing_is_there_at_first(&contacts).await;
    every_contact_is_on_one_page(&contacts).await;
    programs_are_apart(&contacts).await;
    below_the_cutoff_nothing_is_shown(&contacts).await;
    what_is_erased_is_gone(&contacts).await;
    an_import_may_bring_back_what_was_erased(&contacts).await;
}

fn pool(name: &str, pool: &str) -> Pool {
    Pool { program: program(name), pool: pool.to_owned() }
}

async fn keep<C: Contacts>(contacts: &C, pool: &Pool, number: i64, records: &[ContactWrite<'_>]) {
    contacts.keep(pool, &import(number), 0, records).await.expect("kept");
    contacts.end_import(pool, &import(number)).await.expect("ended");
}

async fn all<C: ContactReader>(contacts: &C, program: &ProgramName, limit: usize) -> Vec<ContactId> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = contacts.page(program, cursor.as_deref(), limit).await.expect("a page");
        found.extend(page.contacts.iter().map(|contact| contact.contact_id));
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

async fn nothing_is_there_at_first<C: ContactReader>(contacts: &C) {
    let acme = program("acme");
    assert!(all(contacts, &acme, 10).await.is_empty());
    let nobody = ContactId::derive("acme", "leads", "nobody");
    assert_eq!(contacts.find(&acme, &nobody).await.expect("found"), None);
    assert!(!contacts.erase(&acme, &nobody).await.expect("erased"));
    assert!(contacts.page(&acme, Some("no such page"), 10).await.is_err());
}

async fn every_contact_is_on_one_page<C: Contacts + ContactReader>(contacts: &C) {
    let (acme, gold) = (program("acme"), ["gold".to_owned()]);
    let mut ids = BTreeSet::new();
    for (number, name) in [(1, "leads"), (2, "partners")] {
        let pool = pool("acme", name);
        let identities: Vec<String> = (0..300).map(|number| format!("{name}-{number}")).collect();
        let mut records: Vec<ContactWrite<'_>> = identities
            .iter()
            .enumerate()
            .map(|(row, identity)| fresh(&pool, identity, row as u64 + 1, "{\"n\":1}"))
            .collect();
        records[7].groups = &gold;
        ids.extend(records.iter().map(|record| record.contact_id));
        keep(contacts, &pool, number, &records).await;
    }
    for limit in [1_000, 97, 1] {
        let found = all(contacts, &acme, limit).await;
        assert_eq!(found.len(), ids.len(), "each once, by {limit}");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), ids, "by {limit}");
    }
    let member = contact(&pool("acme", "partners"), "partners-7");
    let listed = contacts.find(&acme, &member).await.expect("found").expect("it is there");
    assert_eq!((listed.pool.as_str(), listed.record.as_str()), ("partners", "{\"n\":1}"));
    assert_eq!((listed.import_id, listed.groups), (import(2).to_string(), gold.to_vec()));
}

async fn programs_are_apart<C: Contacts + ContactReader>(contacts: &C) {
    let other = program("acme-2");
    assert!(all(contacts, &other, 10).await.is_empty());
    let of_acme = contact(&pool("acme", "leads"), "leads-1");
    assert_eq!(contacts.find(&other, &of_acme).await.expect("found"), None);
    assert!(!contacts.erase(&other, &of_acme).await.expect("erased"), "another's contact");
    assert!(contacts.find(&program("acme"), &of_acme).await.expect("found").is_some());
}

async fn below_the_cutoff_nothing_is_shown<C: Contacts + ContactReader>(contacts: &C) {
    let (acme, leads) = (program("acme"), pool("acme", "leads"));
    keep(contacts, &leads, 3, &[fresh(&leads, "newer", 1, "{\"n\":2}")]).await;
    contacts.raise_cutoff(&leads, &import(3)).await.expect("raised");
    let found = all(contacts, &acme, 50).await;
    assert_eq!(found.len(), 301);
    let older = contact(&leads, "leads-1");
    assert_eq!(contacts.find(&acme, &older).await.expect("found"), None);
    assert!(contacts.erase(&acme, &older).await.expect("erased"), "what nobody sees can be erased");
}

async fn what_is_erased_is_gone<C: Contacts + ContactReader>(contacts: &C) {
    let (acme, partners) = (program("acme"), pool("acme", "partners"));
    let member = contact(&partners, "partners-7");
    assert!(contacts.erase(&acme, &member).await.expect("erased"));
    assert!(!contacts.erase(&acme, &member).await.expect("erased"), "a second time there is nothing");
    assert_eq!(contacts.find(&acme, &member).await.expect("found"), None);
    assert!(!all(contacts, &acme, 100).await.contains(&member));
    let wanted = [Wanted::Contact(member), Wanted::Membership(member, "gold".to_owned())];
    assert_eq!(contacts.read(&partners, &import(4), &wanted).await.expect("read"), [None, None]);
    let other = contact(&partners, "partners-8");
    assert!(contacts.find(&acme, &other).await.expect("found").is_some());
}

async fn an_import_may_bring_back_what_was_erased<C: Contacts + ContactReader>(contacts: &C) {
    let (acme, partners) = (program("acme"), pool("acme", "partners"));
    keep(contacts, &partners, 5, &[fresh(&partners, "partners-7", 1, "{\"n\":3}")]).await;
    let member = contact(&partners, "partners-7");
    let listed = contacts.find(&acme, &member).await.expect("found").expect("it is back");
    assert_eq!((listed.record.as_str(), listed.groups.len()), ("{\"n\":3}", 0));
}
